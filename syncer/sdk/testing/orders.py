"""Checks of orders: read whole across page edges, in every status, changed and cancelled, without their buyers."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from syncer.domain.listing import RemoteListing, WantedListing
from syncer.domain.order import Meaning, RemoteOrder
from syncer.sdk.contract import OrderFacts, PublishesListings, ReadsOrders, TunesOrders
from syncer.sdk.errors import ConnectorError, Recovery
from syncer.sdk.testing.bench import Bench
from syncer.sdk.testing.builders import with_offer
from syncer.sdk.testing.cases import READ_FAULTS
from syncer.sdk.testing.checks import check, implements
from syncer.sdk.testing.declaration import assert_told
from syncer.sdk.testing.wishes import Wishes

SELLS = implements(PublishesListings, ReadsOrders)
_PROMISED = frozenset({Meaning.HOLD, Meaning.SOLD})
_MANY, _MOST_PAGES = 105, 400
_HOUR, _DAY_S = dt.timedelta(hours=1), 86_400
_SHORT_TIMEOUT_S, _MOMENT_S = 0.25, 120.0
_PIECES, _PLENTY = 2, 200


class OrderChecks(Wishes):
    """Everything that was ordered is read, and means for stock what the connector declares."""

    @check("order facts are sound", implements(ReadsOrders))
    def test_order_facts(self, bench: Bench) -> None:
        assert bench.info.orders is not None, "a connector that reads orders says in info.orders what they mean"
        facts, words = order_facts(bench), bench.control.get("settings")
        assert facts.lag_s >= 0
        assert facts.overlap_s > 0, "windows overlap: an order may show up late"
        assert facts.ids_a_call >= 1
        missing = set(words["statuses"]) - set(facts.meanings)
        assert not missing, f"these statuses have no declared meaning: {', '.join(sorted(missing))}"
        unknown = {status for status in facts.lowers if status not in facts.meanings}
        assert not unknown, f"lowers names statuses without a meaning: {', '.join(sorted(unknown))}"
        assert facts.meaning("kanari-unknown") is Meaning.ASK

    @check("an order is read whole", SELLS)
    def test_order_whole(self, bench: Bench) -> None:
        there = published(bench, self.listing(bench, axes=min(bench.info.max_axes, 1)))
        first, last = there.offers[0], there.offers[-1]
        lines = [(first.sku, 2), (first.sku, 1), (last.sku, 1)]
        key = buy(bench, lines)
        order = only(read(bench), key)
        found: Counter[tuple[str, str]] = Counter()
        for line in order.lines:
            assert line.listing_id == there.remote_id, "a line names its listing by the id that the listing has"
            found[line.offer_id, line.sku] += line.quantity
        wanted: Counter[tuple[str, str]] = Counter()
        for sku, count in lines:
            wanted[first.remote_id if sku == first.sku else last.remote_id, sku] += count
        assert found == wanted, f"these pieces were ordered: {dict(wanted)}; these were read: {dict(found)}"
        ids = [line.line_id for line in order.lines]
        assert len(set(ids)) == len(ids), "two lines have the same line_id"
        assert order == only(bench.connector().fetch_orders_by_id([key]), key), (
            "by id it looks otherwise than in the list"
        )
        for moment in (order.created_at, order.updated_at):
            assert moment.tzinfo is not None, "times are aware UTC"
            assert abs(moment - platform_now(bench)) < _HOUR

    @check("orders across page edges", SELLS)
    def test_order_pages(self, bench: Bench) -> None:
        """All orders are read once or oftener, and one that changes during the walk hides no other."""
        sku = published(bench, self.listing(bench)).offers[0].sku
        # Before now by the connector's clock too: what changes this very second is left to the next read's overlap.
        young_s = bench.platform_now() - time.time() + _MOMENT_S
        keys = [buy(bench, [(sku, 1)], age_s=young_s + 10 * n) for n in reversed(range(_MANY))]
        now, connector = platform_now(bench), bench.connector()
        changing = iter(keys)
        seen: dict[str, RemoteOrder] = {}
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = connector.fetch_orders(now - _HOUR, now + _HOUR, cursor)
            assert not page.unreadable, f"could not be understood: {page.unreadable}"
            seen |= {order.remote_id: order for order in page.orders}
            bench.control.post(f"orders/{next(changing, keys[-1])}/cancel")
            cursor = page.cursor
            if cursor is None:
                break
        else:
            raise AssertionError(f"the walk through the orders did not end after {_MOST_PAGES} pages")
        missed = set(keys) - set(seen)
        assert not missed, f"{len(missed)} of {_MANY} orders were never read"

    @check("each status means what is declared", SELLS)
    def test_order_statuses(self, bench: Bench) -> None:
        sku, facts = published(bench, self.listing(bench)).offers[0].sku, order_facts(bench)
        settings = bench.control.get("settings")
        keys = {status: buy(bench, [(sku, 2)], status=status) for status in settings["statuses"]}
        orders = {order.remote_id: order for order in read(bench)}
        for status, key in keys.items():
            assert key in orders, f"an order that is {status} was not read"
            meant = pieces(facts, orders[key])
            declared = facts.meaning(status)
            # Lines may be further than their order: some of a parcel gone, some not.
            alike = declared in meant or (declared in _PROMISED and any(one in _PROMISED for one in meant))
            assert alike, f"{status} is declared to mean {declared} and read as {meant}"
            assert sum(meant.values()) == 2, f"2 pieces were ordered, and {meant} were read"
        words = {role: facts.meaning(status) for role, status in settings["words"].items()}
        assert words["placed"] in _PROMISED, "an order that was placed holds its pieces"
        assert words["paid"] in _PROMISED, "an order that was paid holds its pieces"
        assert words["shipped"] is Meaning.GONE, "what was shipped is gone"
        assert words["cancelled"] is Meaning.BACK, "what was cancelled is free again"

    @check("the platform's number moves as declared", SELLS)
    def test_order_lowers(self, bench: Bench) -> None:
        """A wrong ``lowers`` is a wrong number there: the engine takes the fact's word and doesn't set it again."""
        wanted = self.listing(bench)
        there = published(bench, with_offer(wanted, wanted.offers[0].key, quantity=_PLENTY))
        facts, settings = order_facts(bench), bench.control.get("settings")
        for status in settings["statuses"]:
            declared = facts.lowers.get(status)
            for road in roads(facts, settings["words"], status) if declared is not None else ():
                moved = _lowered_by(bench, there, road)
                assert moved == (_PIECES if declared else 0), (
                    f"lowers says {declared} of {status!r}, and the sandbox's number fell by {moved} of {_PIECES}"
                    f" ordered pieces on the road {' - '.join(road)}: declare what happens there, or None if it depends"
                )

    @check("a partly cancelled order frees those pieces only", SELLS)
    def test_order_partly_cancelled(self, bench: Bench) -> None:
        sku, facts = published(bench, self.listing(bench)).offers[0].sku, order_facts(bench)
        key = buy(bench, [(sku, 3)])
        bench.control.post(f"orders/{key}/cancel", {"lines": [{"sku": sku, "quantity": 1}]})
        meant = pieces(facts, only(read(bench), key))
        assert sum(count for meaning, count in meant.items() if meaning in _PROMISED) == 2, f"{meant}"

    @check("an order's changes are read", SELLS)
    def test_order_changes(self, bench: Bench) -> None:
        """Split, cancelled, taken up again, shipped: each read tells how it is now."""
        sku, facts = published(bench, self.listing(bench)).offers[0].sku, order_facts(bench)
        key = buy(bench, [(sku, 2)])
        made = bench.control.get("orders")
        line_id = next(order["lines"][0]["line_id"] for order in made if order["order_id"] == key)
        words = bench.control.get("settings")["words"]
        whole = next(order["lines"][0]["quantity"] for order in made if order["order_id"] == key) == 2
        steps: list[tuple[str, dict[str, Any], Meaning]] = [
            ("cancel", {}, Meaning.BACK),
            ("move", {"status": words["paid"]}, facts.meaning(words["paid"])),
            ("ship", {}, Meaning.GONE),
        ]
        if whole:
            steps.insert(0, ("split", {"line_id": line_id}, facts.meaning(words["paid"])))
        for step, body, meaning in steps:
            bench.pass_time(1.0)
            bench.control.post(f"orders/{key}/{step}", body)
            meant = pieces(facts, only(read(bench), key))
            assert same(meant, {meaning: 2}), f"after {step} 2 pieces mean {meaning}, and are read as {meant}"

    @check("open orders of any age are found", SELLS)
    def test_open_orders(self, bench: Bench) -> None:
        sku = published(bench, self.listing(bench)).offers[0].sku
        words = bench.control.get("settings")["words"]
        wanted = {
            buy(bench, [(sku, 1)], status=status, age_s=days * _DAY_S)
            for status in (words["placed"], words["paid"])
            for days in (0, 20, 90)
        }
        over = {buy(bench, [(sku, 1)], status=words[role], age_s=_DAY_S) for role in ("shipped", "cancelled")}
        connector = bench.connector()
        found: set[str] = set()
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = connector.fetch_open_orders(cursor)
            assert not page.unreadable, f"could not be understood: {page.unreadable}"
            found |= {order.remote_id for order in page.orders}
            cursor = page.cursor
            if cursor is None:
                break
        else:
            raise AssertionError(f"the walk through open orders did not end after {_MOST_PAGES} pages")
        assert wanted <= found, f"{len(wanted - found)} open orders were not found"
        assert not over & found, "orders that are over are not open"

    @check("an order that nobody knows is left out", SELLS)
    def test_order_unknown(self, bench: Bench) -> None:
        sku = published(bench, self.listing(bench)).offers[0].sku
        key = buy(bench, [(sku, 1)])
        gone = buy(bench, [(sku, 1)])
        stranger = gone[:-1] + ("7" if gone[-1] != "7" else "8")
        connector = bench.connector()
        found = connector.fetch_orders_by_id([stranger, key, "../kanari?x=1&y", key])
        assert {order.remote_id for order in found} - {gone} == {key}
        assert list(connector.fetch_orders_by_id([])) == []

    @check("orders that show up late are read by the overlap", SELLS)
    def test_order_late(self, bench: Bench) -> None:
        sku, facts = published(bench, self.listing(bench)).offers[0].sku, order_facts(bench)
        lag_s = max(facts.lag_s, 30.0)
        bench.control.post("limits", {"orders_lag_s": lag_s})
        try:
            key = buy(bench, [(sku, 1)])
            until = platform_now(bench)
            assert key not in {order.remote_id for order in read(bench)}, "the sandbox's list does not lag"
            assert only(bench.connector().fetch_orders_by_id([key]), key), "by id an order shows at once"
            bench.pass_time(lag_s + 1)
            since = until - dt.timedelta(seconds=facts.overlap_s)
            assert key in {order.remote_id for order in read(bench, since=since)}
        finally:
            bench.control.post("limits", {"orders_lag_s": 0})

    @check("reading orders goes on after {trouble}", SELLS)
    def test_order_fault(self, bench: Bench, trouble: str) -> None:
        sku = published(bench, self.listing(bench)).offers[0].sku
        key = buy(bench, [(sku, 1)])
        connector = bench.connector(timeout_s=_SHORT_TIMEOUT_S if trouble == "a slow answer" else 5.0)
        now = platform_now(bench)
        fault = bench.control.fault(READ_FAULTS[trouble], ms=400 if trouble == "a slow answer" else 0)
        try:
            connector.fetch_orders(now - _HOUR, now + _HOUR, None)
        except ConnectorError as error:
            right = {"rate_limited": Recovery.RETRY_AT, "token_revoked": Recovery.SIGN_IN_AGAIN}
            assert error.recovery is right.get(READ_FAULTS[trouble], Recovery.RETRY), f"{error!r}"
            assert_told(error)
            bench.driver.errors.append(error)
            if error.recovery is Recovery.SIGN_IN_AGAIN:
                bench.sign_in_again()
        assert bench.control.struck(fault) == 1
        assert key in {order.remote_id for order in read(bench)}

    @check("nothing about buyers is kept", SELLS)
    def test_order_buyers(self, bench: Bench) -> None:
        sku = published(bench, self.listing(bench)).offers[0].sku
        buy(bench, [(sku, 1)])
        told = repr(read(bench))
        for order in bench.control.get("orders"):
            for name, value in order["buyer"].items():
                assert str(value) not in told, f"the buyer's {name} stands in an order"


def published(bench: Bench, wanted: WantedListing) -> RemoteListing:
    """Publish a listing, and return it as buyers see it."""
    there = bench.driver.converge(wanted).listing
    assert there is not None, "the listing was not published"
    return there


def order_facts(bench: Bench) -> OrderFacts:
    """Return what holds for the account's orders, as the engine asks for it."""
    connector = bench.connector()
    facts = connector.order_facts() if isinstance(connector, TunesOrders) else bench.info.orders
    assert isinstance(facts, OrderFacts)
    return facts


def roads(facts: OrderFacts, words: Mapping[str, str], status: str) -> list[list[str]]:
    """Return the ways on which orders come to ``status``, each as the statuses passed through, itself the last."""
    placed, paid, shipped = words["placed"], words["paid"], words["shipped"]
    before = {
        Meaning.HOLD: [[placed]],
        Meaning.SOLD: [[placed, paid]],
        Meaning.BACK: [[placed], [placed, paid]],
    }.get(facts.meaning(status), [[placed, paid, shipped]])
    return [[*(road[: road.index(status)] if status in road else road), status] for road in before]


def _lowered_by(bench: Bench, there: RemoteListing, road: Sequence[str]) -> int:
    """Let an order go along ``road``; return by how many pieces the sandbox's own number is lower then."""
    before = _number_there(bench, there)
    key = buy(bench, [(there.offers[0].sku, _PIECES)], status=road[0])
    for status in road[1:]:
        bench.control.post(f"orders/{key}/move", {"status": status})
    return before - _number_there(bench, there)


def _number_there(bench: Bench, there: RemoteListing) -> int:
    return int(bench.control.listing(there.remote_id)["offers"][0]["stock"])


def platform_now(bench: Bench) -> dt.datetime:
    """Return the platform's time."""
    return dt.datetime.fromtimestamp(bench.platform_now(), dt.UTC)


def buy(bench: Bench, lines: Sequence[tuple[str, int]], **more: Any) -> str:
    """Let a buyer buy SKUs, whatever the stock is there; return the order's id."""
    body = {"lines": [{"sku": sku, "quantity": count} for sku, count in lines], "force": True, **more}
    return str(bench.control.post("orders", body)["order_id"])


def read(bench: Bench, *, since: dt.datetime | None = None) -> list[RemoteOrder]:
    """Return all orders that changed lately, the newest reading of each, as the engine walks through them."""
    now, connector = platform_now(bench), bench.connector()
    found: dict[str, RemoteOrder] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = connector.fetch_orders(since or now - _HOUR, now + _HOUR, cursor)
        assert not page.unreadable, f"could not be understood: {page.unreadable}"
        found |= {order.remote_id: order for order in page.orders}
        if page.cursor is None:
            return list(found.values())
        cursor = page.cursor
    raise AssertionError(f"the walk through the orders did not end after {_MOST_PAGES} pages")


def only(orders: Sequence[RemoteOrder], key: str) -> RemoteOrder:
    """Return the one order with this id."""
    found = [order for order in orders if order.remote_id == key]
    assert len(found) == 1, f"the order {key} was read {len(found)} times"
    return found[0]


def pieces(facts: OrderFacts, order: RemoteOrder) -> Mapping[Meaning, int]:
    """Return how many pieces of an order mean what; those that mean nothing are left out."""
    found: Counter[Meaning] = Counter()
    for line in order.lines:
        found[facts.meaning(line.status or order.status)] += line.quantity
    return {meaning: count for meaning, count in found.items() if count}


def same(first: Mapping[Meaning, int], second: Mapping[Meaning, int]) -> bool:
    """Return whether both say the same of stock; HOLD and SOLD both hold pieces."""
    return _held_alike(first) == _held_alike(second)


def _held_alike(counts: Mapping[Meaning, int]) -> Mapping[Meaning, int]:
    found: Counter[Meaning] = Counter()
    for meaning, count in counts.items():
        found[Meaning.HOLD if meaning in _PROMISED else meaning] += count
    return found
