"""Stock is never wrong: the daemon as a separate process, buyers in four shops, and every trouble there is.

What comes out is judged by a checker that does not look inside the daemon.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from syncer.inventory.placing import PieceMode, apply_rules, set_rule
from syncer.store.engine import write
from syncer.store.wakeup import wake_after_commit
from tests.market.checker import check, oversold_orders, tale
from tests.market.market import Market, now

#: The settings of the platforms' own number that are tried also where time is short.
SHORT = {("placed", True), ("never", False)}
STORMS: list[dict[str, Any]] = [
    {"fault": "rate_limited", "probability": 0.6},
    {"fault": "answer_lost", "probability": 0.3},
    {"fault": "error_after", "probability": 0.3},
    {"fault": "token_revoked", "times": 1},
]
STOCK = {f"guci-{n}": 6 for n in range(4)} | {f"topeng-{n}": 1 for n in range(4)}


def open_for_business(market: Market, stock: dict[str, int] = STOCK) -> None:
    market.offer(stock)
    market.start()
    market.wait_until_open()


def during(work: Callable[[], object], *others: Callable[[], object]) -> None:
    threads = [threading.Thread(target=other) for other in others]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()


def judge(market: Market) -> None:
    market.settle()
    history = market.tell()
    breaches = check(history)
    tales = [tale(history, sku) for sku in history.stock if any(sku in breach for breach in breaches)]
    assert not breaches, "\n".join([*breaches, *tales])


def spoil_webhooks(market: Market, probability: float = 0.25) -> None:
    for shop in market.shops[::2]:
        for fault in ("webhook_lost", "webhook_twice", "webhook_late", "out_of_order"):
            shop.control.fault(operation="*", fault=fault, probability=probability, times=10_000, ms=300)


def test_a_sale_anywhere_is_seen_everywhere(market: Market) -> None:
    open_for_business(market)
    market.buyers(4.0, 10.0, seed=1)
    market.change_orders(seed=1)
    judge(market)
    assert len(market.history.orders) > 10


def test_lost_doubled_late_and_disordered_webhooks(market: Market) -> None:
    open_for_business(market)
    spoil_webhooks(market)
    market.buyers(4.0, 10.0, seed=2)
    market.change_orders(seed=2)
    judge(market)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.long] if n > 3 else []) for n in range(3, 9)])
def test_killed_while_buyers_buy(market: Market, seed: int) -> None:
    open_for_business(market)
    chance = random.Random(seed)

    def kills() -> None:
        for _ in range(2 if seed == 3 else 8):
            time.sleep(chance.uniform(0.2, 1.5))
            market.kill()

    during(lambda: market.buyers(6.0 if seed == 3 else 25.0, 8.0, seed=seed), kills)
    market.change_orders(seed=seed)
    judge(market)
    assert market.history.kills


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "answer_lost", "probability": 0.3},
        pytest.param({"fault": "rate_limited", "probability": 0.5}, marks=pytest.mark.long),
        pytest.param({"fault": "error_after", "probability": 0.3}, marks=pytest.mark.long),
        pytest.param({"fault": "late_write", "probability": 0.2, "ms": 400}, marks=pytest.mark.long),
        {"fault": "token_revoked", "times": 1},
    ],
    ids=lambda fault: fault["fault"],
)
def test_shops_that_strike(market: Market, fault: dict[str, object]) -> None:
    open_for_business(market)
    times = {"times": 10_000} | fault
    with market.trouble(market.shops[0], operation="*", **times):
        market.buyers(4.0, 8.0, seed=5)
    judge(market)


SETTINGS = [
    pytest.param(lowers, back, marks=[] if (lowers, back) in SHORT else [pytest.mark.long])
    for lowers in ("placed", "paid", "shipped", "never")
    for back in (True, False)
]


@pytest.mark.parametrize(("lowers", "gives_back"), SETTINGS)
def test_whenever_the_platform_moves_its_own_number(market: Market, lowers: str, gives_back: bool) -> None:
    """What the sheets leave unconfirmed: at which status a shop lowers its number, and whether a cancel gives it back.

    Of TikTok Shop it is known that a paid order has lowered it.
    """
    for shop in market.shops:
        paid = shop.account.connector == "tiktok_shop" and lowers in ("shipped", "never")
        shop.moves_its_number("paid" if paid else lowers, gives_back)
        if lowers != "placed":
            market.history.keeps_number |= {shop.name}
    open_for_business(market)
    market.buyers(4.0, 8.0, seed=6)
    market.change_orders(seed=6, share=0.6)
    judge(market)


@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_everything_at_once(market: Market, seed: int) -> None:
    """Kills, webhooks lost, doubled, late and disordered, tokens lost, and storms of 429 and of lost answers."""
    open_for_business(market)
    spoil_webhooks(market, 0.15)
    seconds = 40.0
    end = time.time() + seconds

    def kills() -> None:
        chance = random.Random(seed)
        while time.time() < end - 5:
            time.sleep(chance.uniform(1.0, 5.0))
            market.kill()

    def storms() -> None:
        chance = random.Random(seed + 100)
        while time.time() < end - 5:
            time.sleep(chance.uniform(0.5, 2.0))
            fault = chance.choice(STORMS)
            with market.trouble(chance.choice(market.shops), operation="*", **fault):
                time.sleep(chance.uniform(0.5, 2.0))

    def changes() -> None:
        for number in range(4):
            time.sleep(seconds / 5)
            market.change_orders(seed=seed + number, share=0.2)

    during(lambda: market.buyers(seconds, 8.0, seed=seed), kills, storms, changes)
    judge(market)
    assert len(market.history.kills) > 3


def test_one_shop_at_a_time_never_sells_a_piece_twice(market: Market) -> None:
    pieces = [sku for sku in STOCK if sku.startswith("topeng")]
    with write(market.engine) as connection:
        set_rule(connection, None, mode=PieceMode.ONE)
    open_for_business(market, dict.fromkeys(pieces, 1))
    market.history.one_at_a_time = frozenset(pieces)

    def rules() -> None:
        from syncer.inventory.placing import candidates, move_piece

        chance = random.Random(7)
        for _ in range(12):
            time.sleep(0.4)
            with write(market.engine) as connection:
                variant_id = chance.randrange(1, len(pieces) + 1)
                target = chance.choice(candidates(connection, variant_id))
                move_piece(connection, variant_id, target, reason="person", now=now())
                apply_rules(connection, now=now())
                wake_after_commit(connection)

    during(lambda: market.buyers(5.0, 10.0, seed=7), rules)
    judge(market)
    assert market.history.orders
    assert oversold_orders(market.history) == []


@pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=pytest.mark.long)])
def test_two_buyers_take_the_last_piece_in_the_same_second(market: Market, rounds: int) -> None:
    """Exactly one order can be fulfilled; the other is on the desk."""
    names = [f"topeng-{n}" for n in range(rounds)]
    open_for_business(market, dict.fromkeys(names, 1))
    for name in names:
        one, two = random.Random(name).sample(market.shops, 2)
        during(partial(one.buy, name), partial(two.buy, name))
    judge(market)
    history = market.history
    taken = {sku: sum(order.held for order in history.orders if order.sku == sku) for sku in names}
    twice = {sku for sku, pieces in taken.items() if pieces == 2}
    assert set(taken.values()) <= {1, 2}
    assert twice
    assert twice == set(history.flagged)
