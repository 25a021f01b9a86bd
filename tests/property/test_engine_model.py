"""Any sequence of edits, sales, faults, restarts and crashes: when the faults stop, the shops equal the catalogue, and
every sale is counted once.
"""

from __future__ import annotations

import contextlib
import time
import urllib.error
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from syncer.channels.records import Account
from syncer.domain.product import Variant
from syncer.inventory.levels import available
from syncer.orders import reading
from syncer.store.engine import read, write
from syncer.store.order_tables import channel_order, order_count, order_hint, order_line, oversell
from syncer.store.tables import lease, stock_level, stock_movement
from syncer.sync.service import Service
from tests.property.conftest import Worlds
from tests.sync.markets import CONNECTORS, Markets
from tests.sync.world import FAST, now, wait_until

CALLS_PER_S = 120
MOST_PRODUCTS = 4
_FAULTS: dict[str, dict[str, Any]] = {
    "answer_lost": {},
    "late_write": {"ms": 150, "operation": "product"},
    "error_before": {},
    "error_after": {},
    "rate_limited": {},
    "token_revoked": {"operation": "product"},
    "partial": {},
    "latency": {"ms": 120},
    "stale_read": {"ms": 200},
    "search_lag": {"ms": 200},
}
#: Never a refresh of the sign-in: after a lost answer there a person may have to sign in again.
_OPERATIONS = {
    "shopee": (
        "order",
        "product.add_item",
        "product.update",
        "product.init_tier",
        "product.unlist",
        "product.get",
        "product",
    ),
    "tiktok_shop": (
        "order",
        "product.create",
        "product.edit",
        "product.update",
        "product.deactivate",
        "product.get",
        "product",
    ),
}
_FAULTY = [(connector, operation) for connector, names in _OPERATIONS.items() for operation in names]
numbers = st.integers(0, 6)
picks = st.integers(0, 99)


class Crafts(RuleBasedStateMachine):
    """Two marketplaces with two shops each (of one app, at Shopee), a crafter who never rests, and buyers."""

    worlds: Worlds

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        self.world: Markets = self._stack.enter_context(self.worlds())
        for control in self.world.controls.values():
            control.limits(burst_per_s=CALLS_PER_S)
        self.accounts: list[Account] = []
        self.skus: dict[str, list[str]] = {}
        self.made = 0
        self.open_orders: list[tuple[Account, str]] = []
        self.service: Service | None = None

    # The world

    @initialize()
    def open_shops(self) -> None:
        self.accounts = [self.world.join(name, calls_per_s=CALLS_PER_S) for name in CONNECTORS for _ in range(2)]
        assert self.accounts[0].budget_group == self.accounts[1].budget_group
        assert len({one.budget_group for one in self.accounts}) == 3
        self.picture = self.world.picture("semua")
        self._start()

    def _start(self) -> None:
        self.service = Service(self.world.deps(replace(FAST, order_poll_s=0.4)))
        self.service.start()

    @rule()
    def restart(self) -> None:
        assert self.service is not None
        self.service.stop()
        self._start()

    @rule()
    def crash(self) -> None:
        """End the engine without a record of what it had under way; what was sent may still arrive."""
        assert self.service is not None
        for group in self.service._groups.values():
            group.lease.epoch = 0
        self.service.abort()
        with write(self.world.engine) as connection:
            connection.execute(update(lease).values(owner=""))
        old, self.service = self.service, None
        self._start()
        old.stop(0.0)

    @rule(ms=st.integers(1, 250))
    def wait(self, ms: int) -> None:
        time.sleep(ms / 1000)

    @rule(kind=st.sampled_from(sorted(_FAULTS)), where=st.sampled_from(_FAULTY), times=st.integers(1, 3))
    def fault(self, kind: str, where: tuple[str, str], times: int) -> None:
        connector, operation = where
        self.world.controls[connector].fault(**{"fault": kind, "times": times, "operation": operation, **_FAULTS[kind]})

    # The catalogue

    @rule(sizes=st.sampled_from([(), ("S",), ("S", "M"), ("S", "M", "L")]), stock=numbers, where=st.integers(1, 15))
    def make(self, sizes: tuple[str, ...], stock: int, where: int) -> None:
        if len(self.skus) >= MOST_PRODUCTS:
            return
        self.made += 1
        handle = f"karya-{self.made}"
        title = f"Kerajinan tangan {handle}, mangkuk kayu"
        self.world.product(handle, sizes=sizes, stock=stock, picture=self.picture, title=title)
        self.skus[handle] = [f"{handle}-{size}" for size in sizes] or [handle]
        for bit, account in enumerate(self.accounts, 1):
            if where & bit:
                self.world.publish(account, handle)

    def _pick(self, pick: int) -> tuple[str, str]:
        handle = sorted(self.skus)[pick % len(self.skus)]
        return handle, self.skus[handle][pick % len(self.skus[handle])]

    @precondition(lambda self: self.skus)
    @rule(pick=picks, values=st.lists(numbers, min_size=1, max_size=3))
    def stock(self, pick: int, values: list[int]) -> None:
        for value in values:
            self.world.stock(self._pick(pick)[1], value)

    @precondition(lambda self: self.skus)
    @rule(pick=picks, values=st.lists(numbers, min_size=1, max_size=3))
    def price(self, pick: int, values: list[int]) -> None:
        for value in values:
            self.world.price(self._pick(pick)[1], 100_000 + 5_000 * value)

    @precondition(lambda self: self.skus)
    @rule(pick=picks, values=st.lists(numbers, min_size=1, max_size=3))
    def title(self, pick: int, values: list[int]) -> None:
        handle, _ = self._pick(pick)
        for value in values:
            self.world.title(handle, f"Kerajinan tangan {handle}, nomor {value}")

    @precondition(lambda self: self.skus)
    @rule(pick=picks, stock=numbers)
    def add_variant(self, pick: int, stock: int) -> None:
        handle, _ = self._pick(pick)
        if not self._has_options(handle) or len(self.skus[handle]) >= 5:
            return
        self.made += 1
        new = Variant(f"{handle}-v{self.made}", Decimal(110_000), (f"V{self.made}",), weight_g=400)
        self.world.variants(handle, lambda old: (*old, new), stock=stock)
        self.skus[handle].append(new.sku)

    @precondition(lambda self: any(len(skus) > 1 for skus in self.skus.values()))
    @rule(pick=picks)
    def drop_variant(self, pick: int) -> None:
        handle, sku = self._pick(pick)
        if len(self.skus[handle]) > 1:
            self.world.variants(handle, lambda old: tuple(one for one in old if one.sku != sku))
            self.skus[handle].remove(sku)

    @precondition(lambda self: self.skus)
    @rule(pick=picks)
    def rename(self, pick: int) -> None:
        handle, sku = self._pick(pick)
        self.made += 1
        new = f"{handle}-r{self.made}"
        self.world.rename(sku, new)
        self.skus[handle][self.skus[handle].index(sku)] = new

    @precondition(lambda self: self.skus)
    @rule(pick=picks)
    def change_option(self, pick: int) -> None:
        handle, sku = self._pick(pick)
        if not self._has_options(handle):
            return
        self.made += 1
        values = (f"W{self.made}",)
        self.world.variants(
            handle, lambda old: tuple(replace(one, option_values=values) if one.sku == sku else one for one in old)
        )

    def _has_options(self, handle: str) -> bool:
        return bool(self.world.product_now(handle).option_names)

    @precondition(lambda self: self.skus)
    @rule(pick=picks, where=st.integers(0, 3))
    def withdraw(self, pick: int, where: int) -> None:
        self.world.withdraw(self.accounts[where], self._pick(pick)[0])

    @precondition(lambda self: self.skus)
    @rule(pick=picks, where=st.integers(0, 3))
    def publish(self, pick: int, where: int) -> None:
        self.world.publish(self.accounts[where], self._pick(pick)[0])

    @precondition(lambda self: len(self.skus) > 1)
    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        handle, _ = self._pick(pick)
        self.world.delete(handle)
        del self.skus[handle]

    # The buyers

    @precondition(lambda self: self.skus)
    @rule(pick=picks, where=st.integers(0, 3), pieces=st.integers(1, 2), told=st.booleans())
    def buy(self, pick: int, where: int, pieces: int, told: bool) -> None:
        """Somebody buys what the shop shows; sometimes the shop tells us of it."""
        account = self.accounts[where]
        lines = [{"sku": self._pick(pick)[1], "quantity": pieces}]
        order_id = self._order(account, "orders", {"lines": lines, "shop_id": account.shop_id})
        if order_id:
            self.open_orders.append((account, order_id))
            self._tell(account, order_id, told)

    @precondition(lambda self: self.skus)
    @rule(pick=picks, step=st.sampled_from(["cancel", "ship"]), told=st.booleans())
    def change_order(self, pick: int, step: str, told: bool) -> None:
        # No precondition: whether an order could be placed depends on the moment, and rules must not.
        if not self.open_orders:
            return
        account, order_id = self.open_orders.pop(pick % len(self.open_orders))
        assert self._order(account, f"orders/{order_id}/{step}", {})
        self._tell(account, order_id, told)

    def _order(self, account: Account, path: str, body: dict[str, Any]) -> str:
        """Return the order's id; "" if the shop has not so many of it."""
        try:
            return str(self.world.controls[account.connector].ask("POST", path, body)["order_id"])
        except urllib.error.HTTPError:
            return ""

    def _tell(self, account: Account, order_id: str, told: bool) -> None:
        if told:
            with write(self.world.engine) as connection:
                reading.hint(connection, account.id, [order_id], now())

    # The end

    def teardown(self) -> None:
        try:
            if self.accounts:
                self._settle_and_check()
        finally:
            if self.service is not None:
                self.service.stop()
            self._stack.close()

    def _settle_and_check(self) -> None:
        self.world.heal_all()
        self._read_all_orders()
        self.world.until_settled(60.0)
        with read(self.world.engine) as connection:
            self.world.truth.read_ledger(connection)
        self.world.check_all()
        self._check_orders()
        stuck = {row.state for row in self.world.rows()} - {"live", "hidden", "deleted"}
        assert not stuck, stuck
        refused = self.world.refused()
        assert not refused, f"{len(refused)} calls were too many, the first at {refused[0]['t']}"

    def _read_all_orders(self) -> None:
        healed = now()

        def known() -> bool:
            with read(self.world.engine) as connection:
                reads = [reading.load_read(connection, account.id).read_began_at for account in self.accounts]
                named = connection.execute(select(func.count()).select_from(order_hint)).scalar_one()
            return not named and all(began is not None and began > healed for began in reads)

        wait_until(known, 60.0)

    def _check_orders(self) -> None:
        """Every order was counted once, and where more was sold than there was, somebody is told."""
        expected = {}
        for control in self.world.controls.values():
            words = control.ask("GET", "settings")["words"]
            for order in control.ask("GET", "orders"):
                pieces = sum(line["quantity"] for line in order["lines"])
                held = pieces if order["status"] in (words["placed"], words["paid"]) else 0
                expected[order["order_id"]] = (held, pieces if order["status"] == words["shipped"] else 0)
        counts = (func.coalesce(func.sum(order_count.c.held), 0), func.coalesce(func.sum(order_count.c.gone), 0))
        query = select(channel_order.c.remote_id, *counts).outerjoin(order_count)
        level = stock_level.c.on_hand, stock_level.c.held
        ledger = func.sum(stock_movement.c.delta), func.sum(stock_movement.c.held_delta)
        key = stock_movement.c.variant_id
        with read(self.world.engine) as connection:
            rows = connection.execute(query.group_by(channel_order.c.remote_id))
            assert {row[0]: (int(row[1]), int(row[2])) for row in rows} == expected
            unbound = select(order_line).where(order_line.c.variant_id.is_(None))
            assert connection.execute(unbound).first() is None
            sums = {
                row[0]: (int(row[1]), int(row[2])) for row in connection.execute(select(key, *ledger).group_by(key))
            }
            levels = {row[0]: (row[1], row[2]) for row in connection.execute(select(stock_level.c.variant_id, *level))}
            assert {one: value for one, value in levels.items() if any(value)} == {
                one: value for one, value in sums.items() if any(value)
            }
            short = {one for one, free in available(connection, sorted(levels)).items() if free < 0}
            open_flags = select(oversell.c.variant_id).where(oversell.c.state == "open")
            assert set(connection.execute(open_flags).scalars()) == short


def _run(worlds: Worlds, examples: int, steps: int, *, derandomize: bool) -> None:
    machine = type("Machine", (Crafts,), {"worlds": staticmethod(worlds)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_any_sequence_ends_right(worlds: Worlds) -> None:
    _run(worlds, 6, 14, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_any_long_sequence_ends_right(worlds: Worlds) -> None:
    _run(worlds, 120, 40, derandomize=False)
