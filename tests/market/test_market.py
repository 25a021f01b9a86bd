"""Stock is never wrong: the daemon as a separate process, buyers in four shops, and every trouble there is.

What comes out is judged by a checker that does not look inside the daemon.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from syncer.inventory.placing import PieceMode, apply_rules, set_rule
from syncer.store.engine import write
from syncer.store.wakeup import wake_after_commit
from tests.market.checker import check, oversold_orders
from tests.market.market import Market, now

STOCK = {f"guci-{n}": 6 for n in range(6)} | {f"topeng-{n}": 1 for n in range(6)}


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
    assert check(market.tell()) == []


def test_a_sale_anywhere_is_seen_everywhere(market: Market) -> None:
    open_for_business(market)
    market.buyers(6.0, 8.0, seed=1)
    market.change_orders(seed=1)
    judge(market)
    assert len(market.history.orders) > 10


def test_lost_doubled_late_and_disordered_webhooks(market: Market) -> None:
    open_for_business(market)
    for shop in market.shops[::2]:
        for fault in ("webhook_lost", "webhook_twice", "webhook_late", "out_of_order"):
            shop.control.fault(operation="*", fault=fault, probability=0.25, times=10_000, ms=300)
    market.buyers(6.0, 8.0, seed=2)
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

    during(lambda: market.buyers(8.0 if seed == 3 else 25.0, 6.0, seed=seed), kills)
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
        market.buyers(5.0, 6.0, seed=5)
    judge(market)


@pytest.mark.parametrize("lowers", [True, False])
def test_whenever_the_platform_moves_its_own_number(market: Market, lowers: bool) -> None:
    """What the sheets leave unconfirmed: at which status a shop lowers its number, and gives it back."""
    for shop in market.shops[::2]:
        groups = shop.control.ask("GET", "settings")
        turned = {name: dict.fromkeys(values, lowers) for name, values in groups.items() if values}
        shop.control.ask("POST", "settings", turned)
    open_for_business(market)
    market.buyers(5.0, 6.0, seed=6)
    market.change_orders(seed=6, share=0.6)
    judge(market)


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

    during(lambda: market.buyers(6.0, 10.0, seed=7), rules)
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
    assert twice == history.flagged
