"""Model of the whole engine: any sequence of edits, faults and restarts ends in the truth.

When the faults stop, the marketplace equals the wanted state; there is one listing a product; every value that ever
reached the marketplace was committed once; and no call was refused for its rate, though the marketplace counts.
"""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from syncer.catalogue.edit import delete_product, edit_product, rename_sku, save_product, set_price
from syncer.catalogue.read import find_product, load_product
from syncer.channels.publishing import publish, withdraw
from syncer.channels.records import Account
from syncer.domain.product import Variant
from syncer.store.engine import write
from syncer.sync.service import Service
from tests.sync.world import World, now, offers_of

FAULTS = st.sampled_from(
    [
        {"fault": "answer_lost"},
        {"fault": "error_before"},
        {"fault": "error_after"},
        {"fault": "rate_limited"},
        {"fault": "token_revoked", "operation": "product"},
        {"fault": "late_write", "ms": 100},
        {"fault": "partial"},
        {"fault": "latency", "ms": 30},
        {"fault": "stale_read", "ms": 120},
        {"fault": "search_lag", "ms": 120},
    ]
)
STOCKS = st.integers(0, 4)
PRICES = st.sampled_from([90_000, 100_000, 120_000])
WHICH = st.integers(0, 3)
_numbers = itertools.count(1)
#: More examples in the long form, and then different ones each time.
EXAMPLES = int(os.environ.get("SYNCER_TEST_EXAMPLES", "6"))


@dataclass
class Wish:
    """What one product should be: ``offers`` hold price and stock by SKU, ``wanted`` live or hidden by account."""

    title: str
    offers: dict[str, tuple[int, int]]
    sizes: tuple[str, ...] = ()
    wanted: dict[str, str] = field(default_factory=dict)


class Market(RuleBasedStateMachine):
    """Two accounts of one app, a few products, and everything that can happen to them."""

    world: World
    accounts: tuple[Account, ...]

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"m{next(_numbers)}"
        self.wishes: dict[str, Wish] = {}
        self.committed: set[tuple[str, Any]] = set()
        self.first_call = self.world.control.last_call()
        self.service = Service(self.world.deps())

    # What people do

    @initialize()
    def begin(self) -> None:
        self.service.start()
        self.make_product(2, False)
        self.publish_product(0, 0)

    @rule(stock=STOCKS, variants=st.booleans())
    def make_product(self, stock: int, variants: bool) -> None:
        if len(self.wishes) >= 4:
            return
        handle = f"{self.prefix}-{len(self.wishes)}"
        sizes = ("A", "B") if variants else ()
        product = self.world.product(handle, sizes=sizes, stock=stock, picture=self.world.picture("model"))
        skus = [variant.sku for variant in product.variants]
        self.wishes[handle] = Wish(product.title, dict.fromkeys(skus, (100_000, stock)), sizes)
        self._commit(handle)

    @rule(which=WHICH, account=st.integers(0, 1))
    def publish_product(self, which: int, account: int) -> None:
        handle = self._handle(which)
        with write(self.world.engine) as connection:
            publish(connection, self.accounts[account], [find_product(connection, handle)], now=now())
        self.wishes[handle].wanted[self.accounts[account].name] = "live"

    @rule(which=WHICH, account=st.integers(0, 1))
    def withdraw_product(self, which: int, account: int) -> None:
        handle, name = self._handle(which), self.accounts[account].name
        if self.wishes[handle].wanted.get(name) == "live":
            with write(self.world.engine) as connection:
                withdraw(connection, self.accounts[account], find_product(connection, handle), now=now())
            self.wishes[handle].wanted[name] = "hidden"

    @rule(which=WHICH, offer=st.integers(0, 2), stock=STOCKS)
    def count(self, which: int, offer: int, stock: int) -> None:
        handle, sku = self._offer(which, offer)
        self.world.stock(sku, stock)
        self._set(handle, sku, stock=stock)

    @rule(which=WHICH, offer=st.integers(0, 2), price=PRICES)
    def price(self, which: int, offer: int, price: int) -> None:
        handle, sku = self._offer(which, offer)
        with write(self.world.engine) as connection:
            set_price(connection, sku, Decimal(price), now=now())
        self._set(handle, sku, price=price)

    @rule(which=WHICH, number=st.integers(1, 3))
    def rename(self, which: int, number: int) -> None:
        handle = self._handle(which)
        title = f"Mangkuk kayu {handle} versi {number}"
        with write(self.world.engine) as connection:
            edit_product(connection, handle, title=title, now=now())
        self.wishes[handle].title = title
        self._commit(handle)

    @rule(which=WHICH)
    def add_or_drop_a_variant(self, which: int) -> None:
        handle = self._handle(which)
        wish = self.wishes[handle]
        if not wish.sizes:
            return
        with write(self.world.engine) as connection:
            product = load_product(connection, handle)
            if len(product.variants) < 3:
                variant = Variant(f"{handle}-C{next(_numbers)}", Decimal(100_000), ("C",), weight_g=400)
                save_product(connection, replace(product, variants=(*product.variants, variant)), now=now())
                wish.offers[variant.sku] = (100_000, 0)
            else:
                save_product(connection, replace(product, variants=product.variants[:-1]), now=now())
                del wish.offers[product.variants[-1].sku]
        self._commit(handle)

    @rule(which=WHICH, offer=st.integers(0, 2))
    def rename_a_sku(self, which: int, offer: int) -> None:
        handle, sku = self._offer(which, offer)
        new = f"{handle}-N{next(_numbers)}"
        with write(self.world.engine) as connection:
            rename_sku(connection, sku, new, now=now())
        offers = self.wishes[handle].offers
        offers[new] = offers.pop(sku)
        self._commit(handle)

    # What goes wrong

    @rule(fault=FAULTS, probability=st.sampled_from([0.2, 0.6]), times=st.integers(1, 4))
    def fault(self, fault: dict[str, Any], probability: float, times: int) -> None:
        self.world.control.fault(**fault, probability=probability, times=times, seed=1)

    @rule()
    def restart(self) -> None:
        self.service.stop(10)
        self.service = Service(self.world.deps())
        self.service.start()

    @rule(pause=st.sampled_from([0.01, 0.05, 0.2]))
    def let_it_work(self, pause: float) -> None:
        time.sleep(pause)

    # The end: faults stop, and the truth shows

    def teardown(self) -> None:
        self.service.stop(10)
        self.world.control.heal()
        self.world.settle(30)
        for account in self.accounts:
            self._check(account)
        refused = [c for c in self.world.control.calls(self.first_call) if c["refused"] in ("rate", "quota")]
        assert refused == []
        self._only_committed_values()
        with write(self.world.engine) as connection:
            for handle in self.wishes:
                delete_product(connection, handle, now=now())
        self.world.settle(30)

    def _check(self, account: Account) -> None:
        there = self._listings(account)
        wanted = {w.title: (w, w.wanted[account.name]) for w in self.wishes.values() if account.name in w.wanted}
        assert set(there) <= set(wanted) or all(
            there[title]["status"] == "hidden" for title in set(there) - set(wanted)
        )
        for title, (wish, state) in wanted.items():
            if state == "live":
                assert title in there, (title, sorted(there))
                assert there[title]["status"] == "live"
                assert offers_of(there[title]) == wish.offers
        # What is withdrawn may keep an older title; it only must not be on sale.
        on_sale = [title for title, row in there.items() if row["status"] in ("live", "review")]
        assert sorted(on_sale) == sorted(title for title, (_, state) in wanted.items() if state == "live")

    def _listings(self, account: Account) -> dict[str, dict[str, Any]]:
        rows = self.world.control.ask("GET", f"listings?shop_id={account.shop_id}")
        alive = [row for row in rows if row["status"] != "deleted" and f" {self.prefix}-" in row["title"]]
        per_product = [row["title"].split()[2] for row in alive]
        assert len(set(per_product)) == len(alive), f"two listings of one product: {per_product}"
        return {row["title"]: row for row in alive}

    def _only_committed_values(self) -> None:
        for entry in self.world.control.ask("GET", "history"):
            if entry["field"] == "title" and f" {self.prefix}-" in str(entry["value"]):
                assert ("title", entry["value"]) in self.committed, entry
            if entry["field"] == "price" and (entry.get("sku") or "").startswith(f"{self.prefix}-"):
                assert ("price", int(float(entry["value"]))) in self.committed, entry

    def _set(self, handle: str, sku: str, *, price: int | None = None, stock: int | None = None) -> None:
        offers = self.wishes[handle].offers
        old_price, old_stock = offers[sku]
        offers[sku] = (old_price if price is None else price, old_stock if stock is None else stock)
        self._commit(handle)

    def _handle(self, which: int) -> str:
        return list(self.wishes)[which % len(self.wishes)]

    def _offer(self, which: int, offer: int) -> tuple[str, str]:
        handle = self._handle(which)
        skus = list(self.wishes[handle].offers)
        return handle, skus[offer % len(skus)]

    def _commit(self, handle: str) -> None:
        wish = self.wishes[handle]
        self.committed.add(("title", wish.title))
        self.committed |= {("price", price) for price, _ in wish.offers.values()}


@pytest.mark.timeout(1200)
def test_the_market_ends_in_the_truth(world: World) -> None:
    world.control.limits(burst_per_s=200)
    first = world.account("Toko Satu", calls_per_s=150)
    other = world.control.ask("POST", "shops", {})
    options = other.get("account", other).get("options", other)
    second = world.account("Toko Dua", **{**options, "calls_per_s": 150})

    class Machine(Market):
        pass

    Machine.world, Machine.accounts = world, (first, second)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=EXAMPLES == 6,
            database=None,
        ),
    )
    assert [call for call in world.control.calls() if call["fault"]]
    assert len(world.control.writes()) > 50
