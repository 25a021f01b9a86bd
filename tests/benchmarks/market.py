"""A busy day in four shops on two marketplaces: what is sold twice, and how soon a sale stops the piece elsewhere.

The shops are the connectors' sandboxes, each in a process of its own, the daemon is the real one, and what happened is
judged by the checker of ``tests/market``. Only the buyers are compressed in time: the day's buyers come within some
minutes, while Syncer and the shops take as long as they always do.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from syncer.catalogue.edit import save_product
from syncer.inventory.placing import PieceMode, apply_rules, set_rule
from syncer.store.engine import write
from syncer.store.tables import product
from syncer.store.wakeup import wake_after_commit
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import House, PlatformClient, house, wait_for
from tests.benchmarks.rivals import Day, Ideal, Poller, Rival, TaskQueue, oversells
from tests.market.checker import avoidable_oversells, check, oversold_orders
from tests.market.goods import goods
from tests.market.history import History
from tests.market.market import Market, now
from tests.sync.world import Control

#: A working day of ten hours; its buyers come within ``seconds`` of the run.
DAY_S = 36_000.0
#: How often orders are asked for, what a call takes on that day (before, nothing), and what befalls webhooks.
POLL_S, CALL_S = 2.0, 0.1
LOST, LATE, LATE_S = 0.05, 0.05, 1.5
FAST = {"calls_per_s": 1000}
MORE = {"shopee": FAST, "tiktok_shop": FAST | {"writes_per_s": 1000, "listings_per_s": 1000}}
SHOPS = {"shopee": ("Orange Satu", "Orange Dua"), "tiktok_shop": ("Hijau Satu", "Hijau Dua")}
PIECE, SMALL = "tunggal", "stok"


@dataclass(slots=True)
class Size:
    """How large the run is.

    ``stops``: sales whose stop is timed; ``polled``: those without webhooks. ``pushed``: products whose content is
    changed meanwhile, each in four listings.
    """

    singles: int = 500
    small: int = 500
    seconds: float = 180.0
    per_s: float = 5.0
    stops: int = 120
    polled: int = 40
    pushed: int = 500


def market(_: PlatformClient, **size: Any) -> list[Figure]:
    """Run the market once, in both modes; 500 pieces that exist once and 500 with three of each unless told."""
    how = Size(**size)
    with house() as home, _open(home, how) as there:
        figures = [*_stops(there, how)]
        for mode in (PieceMode.SEVERAL, PieceMode.ONE):
            figures += _day(there, how, mode)
    return figures


@contextmanager
def _open(home: House, size: Size) -> Iterator[Market]:
    """Open four shops, and publish everything in all of them. Shops without a review, to be there sooner."""
    with Market(home.engine, home.url, home.home, poll_s=POLL_S) as there:
        for connector, names in SHOPS.items():
            there.open_shops(connector, names, apart=True, more=MORE[connector])
        for shop in there.shops:
            shop.control.limits(review=False)
        pieces = {f"{PIECE}-{n:03}": 1 for n in range(size.singles)}
        there.offer(pieces | {f"{SMALL}-{n:03}": 3 for n in range(size.small)})
        there.start()
        there.wait_until_open(1800.0)
        yield there


# How soon a sale stops the piece elsewhere


def _stops(there: Market, size: Size) -> list[Figure]:
    """From the order to the last of the three other shops: idle, without webhooks, and beside a push of content."""
    singles = [f"{PIECE}-{n:03}" for n in range(size.singles)]
    first, rest = singles[: size.stops], singles[size.stops :]
    polled, beside = rest[: size.polled], rest[size.polled : size.polled + size.stops]
    slow = _sell(there, polled, 0.35)
    there.send_webhooks()
    alone = _sell(there, first, 0.25)
    with _content_push(there, size) as goes_on:
        busy = _sell(there, beside, 0.25)
        if not goes_on():
            raise RuntimeError("the push of content ended too early")
    _undo(there)
    name, batch = "stop after a sale", _part(alone, 0.99)
    return [
        Figure(name, "p50, by webhook (s)", _part(alone, 0.5), unit="s", ours=_part(alone, 0.5)),
        Figure(name, "p99, by webhook (s)", batch, 0.25, unit="s", ours=batch),
        Figure(name, "p99, without webhooks (s)", _part(slow, 0.99), POLL_S + batch, unit="s", ours=_part(slow, 0.99)),
        Figure(
            name,
            f"p99 beside a push of {4 * size.pushed:,} listings' content",
            _part(busy, 0.99) / batch,
            1.5,
            against="without it",
            unit="s",
            ours=_part(busy, 0.99),
            floor=batch,
        ),
    ]


def _sell(there: Market, skus: Sequence[str], every_s: float) -> list[float]:
    """Sell one piece after the other, each in another shop; return how long each took to be stopped everywhere else."""
    since, sold = time.time(), {}
    for number, sku in enumerate(skus):
        shop = there.shops[number % len(there.shops)]
        sold[sku] = (time.time(), shop.name)
        if not shop.buy(sku):
            raise RuntimeError(f"{sku} could not be bought")
        time.sleep(every_s * (0.5 + (number * 0.618) % 1))
    time.sleep(POLL_S + 2.0)
    stopped: dict[str, dict[str, float]] = {sku: {} for sku in skus}
    for one in there.tell().writes:
        if one.sku in sold and one.t >= since and one.value == 0 and one.by == "api":
            stopped[one.sku].setdefault(one.account, one.t)
    found = []
    for sku, (at, name) in sold.items():
        others = [t for account, t in stopped[sku].items() if account != name]
        if len(others) != len(there.shops) - 1:
            raise RuntimeError(f"{sku} was sold at {name} and stopped at {sorted(stopped[sku])} only")
        found.append(max(others) - at)
    return sorted(found)


@contextmanager
def _content_push(there: Market, size: Size) -> Iterator[Callable[[], bool]]:
    """Change every product's text, so that every listing is to be written; gives whether that still goes on."""
    products = goods(there.engine, there.home, list(there.history.stock)[-size.pushed :])
    with write(there.engine) as connection:
        for one in products:
            save_product(connection, replace(one, description=f"{one.description} Dikirim rapi."), now=now())
        wake_after_commit(connection)
    time.sleep(1.0)
    yield lambda: not there.at_rest()
    wait_for(there.at_rest, 900.0, "the push of content does not end", 0.5)


def _undo(there: Market) -> None:
    """Call every order off, and wait until everything is on sale again as in the beginning."""
    for control in _controls(there):
        cancelled = control.ask("GET", "settings")["words"]["cancelled"]
        for order in control.ask("GET", "orders"):
            if order["status"] != cancelled:
                control.ask("POST", f"orders/{order['order_id']}/cancel", {})
    time.sleep(2 * POLL_S)
    wait_for(there.at_rest, 300.0, "what was called off does not go on sale again", 0.2)


def _part(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


# The day


def _day(there: Market, size: Size, mode: PieceMode) -> list[Figure]:
    pieces = frozenset(sku for sku in there.history.stock if sku.startswith(PIECE))
    if mode is PieceMode.ONE:
        with write(there.engine) as connection:
            of_pieces = select(product.c.id).where(product.c.handle.like(f"{PIECE}%"))
            for product_id in connection.execute(of_pieces).scalars().all():
                set_rule(connection, product_id, mode=mode)
            apply_rules(connection, now=now())
            wake_after_commit(connection)
        time.sleep(2 * POLL_S)
        wait_for(there.at_rest, 600.0, "the pieces do not come to one shop each", 0.2)
    there.attempts.clear()
    for control in _controls(there):
        control.limits(latency_ms=CALL_S * 1000)
        control.fault(operation="*", fault="webhook_lost", probability=LOST)
        control.fault(operation="*", fault="webhook_late", probability=LATE, ms=LATE_S * 1000)
    there.buyers(size.seconds, size.per_s, seed=20 if mode is PieceMode.ONE else 19, skus=_liked(there))
    for control in _controls(there):
        control.heal()
        control.limits(latency_ms=0.0)
    there.settle(300.0)
    history = there.tell()
    history.one_at_a_time = pieces if mode is PieceMode.ONE else frozenset()
    broken = check(history)
    if broken:
        raise RuntimeError("\n".join(broken[:20]))
    figures = _one_at_a_time(history) if mode is PieceMode.ONE else _stop_first(there, history, size)
    _undo(there)
    return figures


def _stop_first(there: Market, history: History, size: Size) -> list[Figure]:
    """What this engine sold too often, and what of that could have been known; and the others, to the same buyers."""
    strict = replace(history, call_s=2 * CALL_S, rough_s=0.0)
    sold, avoidable = len(oversold_orders(strict)), len(avoidable_oversells(strict))
    day = Day(CALL_S, POLL_S, LOST, LATE, LATE_S, DAY_S / size.seconds)
    names = [shop.name for shop in there.shops]

    def of(rival: Rival) -> int:
        return oversells(rival, day, there.attempts, history.stock, names, seed=19)

    name, ideal = "a busy day", of(Ideal(day))
    orders = sum(1 for one in there.attempts if one.order_id)
    return [
        Figure(name, f"orders of {len(there.attempts):,} buyers", orders),
        Figure(name, "oversells beyond the physical minimum", avoidable, 0, ours=sold, ideal=sold - avoidable),
        Figure(name, "oversells of a 15-minute poller", of(Poller(day)), ours=sold, ideal=ideal),
        Figure(name, "oversells of a queue, one task a change", of(TaskQueue(day)), ours=sold, ideal=ideal),
    ]


def _one_at_a_time(history: History) -> list[Figure]:
    twice = [one for one in oversold_orders(history) if one.sku in history.one_at_a_time]
    return [Figure("a busy day", "pieces sold twice, one shop at a time", len(twice), 0)]


def _liked(there: Market) -> list[str]:
    """The goods, those that buyers like most first."""
    skus = list(there.history.stock)
    random.Random(19).shuffle(skus)
    return skus


def _controls(there: Market) -> list[Control]:
    return list({id(shop.control): shop.control for shop in there.shops}.values())
