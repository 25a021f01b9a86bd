"""An account that already sells: walked, matched, shown, bound, and nothing bound twice, on both sandboxes."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from syncer.catalogue.edit import rename_sku, save_product
from syncer.catalogue.read import load_product
from syncer.channels.joining import add_account
from syncer.channels.lifecycle import go_live
from syncer.channels.publishing import publish
from syncer.channels.records import Account, Mode, load_account
from syncer.domain.product import Product, Variant
from syncer.domain.words import SyncerError
from syncer.inventory.ledger import audit, set_on_hand
from syncer.store.engine import read, write
from syncer.store.sealed import Keys, open_keys
from syncer.store.tables import listing, offer, product, stock_level, stock_movement, variant
from syncer.sync.adopting.apply import Applied, apply, bound_ids
from syncer.sync.adopting.match import Catalogue, plain, title_score
from syncer.sync.adopting.plan import By, Decision, Group, Opening, Plan
from syncer.sync.adopting.propose import propose
from syncer.sync.adopting.sheet import BadSheet, sheet_csv, sheet_xlsx, take_sheet
from syncer.sync.adopting.tidy import tidy
from syncer.sync.adopting.walk import Walked, open_shop, walk
from syncer.sync.known import Known
from syncer.sync.rows import load_items
from syncer.sync.service import Deps, Service
from syncer.sync.shop import Shop
from tests.sync.seller import Offer, Seller, sandbox_of
from tests.sync.world import FAST

BOWL, SCARF = "Mangkuk Kopi Tanah Liat Buatan Tangan", "Selendang Tenun Tepi Benang Emas"
SHOPS = ("shopee", "tiktok_shop")


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Onboarding:
    """A catalogue of ours, and shops of one kind that sell already."""

    def __init__(self, connector: str, engine: Engine, home: Path, seller: Seller) -> None:
        self.connector, self.engine, self.home, self.seller = connector, engine, home, seller
        self.keys: Keys = open_keys(engine, home)
        self.deps = Deps(engine, self.keys, home, FAST)

    def ours(
        self, handle: str, title: str, offers: list[Offer], *, options: tuple[str, ...] = (), stock: bool = True
    ) -> None:
        """Save a product of ours, with stock or never counted."""
        variants = tuple(Variant(sku, Decimal(price), choice, 400) for sku, choice, price, _stock in offers)
        value = Product(handle, title, option_names=options, variants=variants, category_key="batik-tulis")
        with write(self.engine) as connection:
            save_product(connection, value, now=now())
            for sku, _choice, _price, count in offers:
                if stock:
                    set_on_hand(connection, sku, count, now=now())

    def join(self, name: str = "Toko", seller: Seller | None = None) -> Account:
        there = seller or self.seller
        return add_account(
            self.engine,
            self.keys,
            home=self.home,
            connector=self.connector,
            name=name,
            options=there.options,
            now=now(),
        ).account

    def plan(
        self, account: Account, *, rule: Opening | None = None, bind_at: float = 90, sheet: bytes | None = None
    ) -> tuple[Shop, Walked, Plan]:
        with read(self.engine) as connection:
            account = load_account(connection, account.id)
        shop = open_shop(self.deps, account, now())
        walked = walk(shop, now())
        with read(self.engine) as connection:
            plan, catalogue = propose(connection, account, walked, bind_at=bind_at, rule=rule, location="")
            if sheet is not None:
                take_sheet(connection, plan, catalogue, sheet)
        return shop, walked, plan

    def adopt(self, account: Account, **options: Any) -> tuple[Plan, Applied]:
        shop, walked, plan = self.plan(account, **options)
        done = apply(shop, plan, read_at=walked.began, now=now(), actor="test")
        tidy(shop, bound_ids(shop), now())
        return plan, done

    def sync(self) -> None:
        service = Service(self.deps)
        service.start()
        try:
            service.run_until_idle(horizon_s=5.0)
        finally:
            service.stop()

    def live(self, account: Account) -> None:
        with read(self.engine) as connection:
            account = load_account(connection, account.id)
        go_live(self.engine, account, now=now())

    def rows(self) -> list[Any]:
        with read(self.engine) as connection:
            return list(connection.execute(select(listing).order_by(listing.c.id)))

    def known(self, listing_id: int) -> Known:
        with read(self.engine) as connection:
            return load_items(connection, [listing_id])[listing_id].known

    def on_hand(self) -> dict[str, int]:
        query = (
            select(variant.c.sku, func.sum(stock_level.c.on_hand))
            .join(stock_level, stock_level.c.variant_id == variant.c.id)
            .group_by(variant.c.sku)
        )
        with read(self.engine) as connection:
            assert audit(connection) == []
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def openings(self) -> list[tuple[str, int]]:
        query = select(stock_movement.c.reference, stock_movement.c.on_hand_after).where(
            stock_movement.c.reason == "opening"
        )
        with read(self.engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query.order_by(stock_movement.c.id))]

    def count(self, table: Any) -> int:
        with read(self.engine) as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    def writes(self, after: int) -> list[str]:
        """Calls since ``after`` that changed something there."""
        reads = ("get_", "search", "auth", "token", "shops", "warehouses")
        calls = self.seller.control.calls(after)
        return [
            call["path"]
            for call in calls
            if call["method"] != "GET" and not any(word in call["path"] for word in reads)
        ]


@pytest.fixture(params=SHOPS)
def shop(request: pytest.FixtureRequest, engine: Engine, home: Path, tmp_path: Path) -> Iterator[Onboarding]:
    with sandbox_of(request.param) as running:
        seller = Seller(request.param, running, tmp_path)
        yield Onboarding(request.param, engine, home, seller)
        seller.close()


@pytest.fixture
def shopee(engine: Engine, home: Path, tmp_path: Path) -> Iterator[Onboarding]:
    """Where the platform makes no difference."""
    with sandbox_of("shopee") as running:
        seller = Seller("shopee", running, tmp_path)
        yield Onboarding("shopee", engine, home, seller)
        seller.close()


def group(plan: Plan, remote_id: str) -> Group:
    return next(one for one in plan.groups if one.listing.remote_id == remote_id)


def words(plan: Plan) -> str:
    return " ".join(one.en for row in plan.rows() for one in (*row.conflicts, *row.notes))


# --- bound --------------------------------------------------------------------------------------------------------


def test_listings_are_bound_by_sku_as_they_were_read_and_nothing_is_sent(shop: Onboarding) -> None:
    bowl = shop.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    scarf = shop.seller.sells(
        SCARF, [("SL-M", ("Merah",), 120000, 3), ("SL-B", ("Biru",), 125000, 0)], option_names=("Warna",)
    )
    shop.ours("mangkuk", "Nama lain sama sekali", [("MK-LAMA", (), 85000, 7)])
    shop.ours(
        "selendang", "Kain", [("SL-B", ("Biru",), 125000, 1), ("SL-M", ("Merah",), 120000, 3)], options=("Warna",)
    )
    with write(shop.engine) as connection:
        rename_sku(connection, "MK-LAMA", "MK-2", now=now())
        rename_sku(connection, "MK-2", "MK-1", now=now())
        rename_sku(connection, "MK-1", "MK-BARU", now=now())
    account = shop.join()
    before, after = shop.seller.there(), shop.seller.control.last_call()
    _, _, plan = shop.plan(account)
    assert shop.rows() == [], "showing binds nothing"
    assert {row.by for row in group(plan, bowl).rows} == {By.FORMER_SKU}
    assert {row.by for row in group(plan, scarf).rows} == {By.SKU}

    plan, done = shop.adopt(account)
    assert (done.bound, done.imported, done.opened, done.refused) == (2, 0, 0, [])
    assert done.read_only, "an account that begins is read-only until go-live"
    with read(shop.engine) as connection:
        assert load_account(connection, account.id).mode is Mode.READ_ONLY
    rows = {row.remote_id: row for row in shop.rows()}
    assert set(rows) == {bowl, scarf}
    known = shop.known(rows[scarf].id)
    assert {one.sku: (one.price, one.quantity) for one in known.offers.values()} == {
        "SL-M": (Decimal(120000), 3),
        "SL-B": (Decimal(125000), 0),
    }
    assert not known.uncertain
    assert not known.strangers
    assert rows[scarf].acknowledged_at is not None
    assert rows[scarf].under_way is None
    assert shop.on_hand() == {"MK-BARU": 7, "SL-B": 1, "SL-M": 3}, "binding is not an opening balance"
    shop.sync()
    assert shop.writes(after) == []
    assert shop.seller.there() == before

    shop.live(account)
    shop.sync()
    there = shop.seller.there()
    assert set(there) == {bowl, scarf}, "no second listing"
    assert {one["sku"]: one["stock"] for row in there.values() for one in row["offers"]}["SL-B"] == 1


def test_what_is_equal_has_no_mark_and_causes_no_write(shop: Onboarding) -> None:
    """An imported listing is what the shop shows: after go-live there's nothing to say about price or stock."""
    remote_id = shop.seller.sells(
        SCARF, [("SL-M", ("Merah",), 120000, 3), ("SL-B", ("Biru",), 125000, 2)], option_names=("Warna",)
    )
    account = shop.join()
    plan, done = shop.adopt(account, rule=Opening.THEIRS)
    assert (done.bound, done.imported, done.opened) == (1, 1, 2)
    made = shop.rows()[0]
    assert made.remote_id == remote_id
    assert made.due & 3 == 0, "neither stock nor price differs"
    assert shop.on_hand() == {"SL-M": 3, "SL-B": 2}
    with read(shop.engine) as connection:
        found = load_product(connection, "SL-M")
    assert found.title == plan.groups[0].listing.fields["title"]
    assert found.option_names == ("Warna",)
    assert {one.sku: (one.price, one.option_values, one.weight_g) for one in found.variants}["SL-B"][:2] == (
        Decimal(125000),
        ("Biru",),
    )
    assert "Serpong" in found.description
    shop.live(account)
    shop.sync()
    assert {one["sku"]: one["stock"] for one in shop.seller.there()[remote_id]["offers"]} == {"SL-M": 3, "SL-B": 2}


def test_a_hidden_listing_stays_hidden(shop: Onboarding) -> None:
    remote_id = shop.seller.sells(BOWL, [("MK-1", (), 85000, 5)], live=False)
    shop.ours("mangkuk", BOWL, [("MK-1", (), 85000, 5)])
    account = shop.join()
    shop.adopt(account)
    assert shop.rows()[0].wanted == "hidden"
    shop.live(account)
    shop.sync()
    assert shop.seller.there()[remote_id]["status"] == "hidden"


def test_a_repeat_changes_nothing(shop: Onboarding) -> None:
    shop.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    shop.seller.sells(SCARF, [("", (), 120000, 3)])
    shop.ours("mangkuk", BOWL, [("MK-1", (), 85000, 2)])
    account = shop.join()
    _, first = shop.adopt(account, rule=Opening.LARGER)
    assert (first.bound, first.imported, first.opened) == (2, 1, 2)
    before = (shop.rows(), shop.on_hand(), shop.openings(), shop.count(product))
    plan, again = shop.adopt(account, rule=Opening.SMALLER)
    assert (again.bound, again.imported, again.opened, again.refused) == (0, 0, 0, [])
    assert {row.decision for row in plan.rows()} == {Decision.BOUND}
    assert (shop.rows(), shop.on_hand(), shop.openings(), shop.count(product)) == before


def test_a_published_product_that_waits_is_bound_and_not_made_again(shopee: Onboarding) -> None:
    remote_id = shopee.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 5)])
    account = shopee.join()
    with write(shopee.engine) as connection:
        publish(connection, account, [load_product(connection, "mangkuk").id], now=now())
    shopee.adopt(account)
    assert [row.remote_id for row in shopee.rows()] == [remote_id]
    shopee.live(account)
    shopee.sync()
    assert set(shopee.seller.there()) == {remote_id}


# --- guesses ------------------------------------------------------------------------------------------------------


def test_titles_and_options_are_proposed_with_a_score(shopee: Onboarding) -> None:
    shopee.ours("mangkuk-20", "Mangkuk Jati Ukir 20 cm", [("A-20", (), 85000, 1)])
    shopee.ours("mangkuk-30", "Mangkuk Jati Ukir 30 cm", [("A-30", (), 95000, 1)])
    shopee.ours(
        "selendang",
        SCARF,
        [("B-M", ("Merah", "L"), 120000, 1), ("B-B", ("Biru", "L"), 1, 1)],
        options=("Warna", "Ukuran"),
    )
    same = shopee.seller.sells("Mangkuk Ukir Jati 30 CM", [("", (), 95000, 4)])
    stuffed = shopee.seller.sells("TERLARIS Mangkuk Jati Ukir 20cm asli Serpong kado unik", [("", (), 85000, 2)])
    other = shopee.seller.sells("Keranjang Rotan Besar Untuk Pakaian", [("", (), 55000, 2)])
    scarf = shopee.seller.sells(
        SCARF, [("", ("biru", "L"), 120000, 3), ("", ("merah", "L"), 120000, 4)], option_names=("warna", "size")
    )
    _, _, plan = shopee.plan(shopee.join())
    one = group(plan, same).rows[0]
    assert (one.sku, one.by, one.decision) == ("A-30", By.TITLE, Decision.BIND)
    assert one.score is not None
    assert one.score >= 90
    maybe = group(plan, stuffed).rows[0]
    assert (maybe.sku, maybe.decision) == ("A-20", Decision.LEAVE)
    assert maybe.score is not None
    assert 60 <= maybe.score < 90
    assert group(plan, other).rows[0].decision is Decision.IMPORT
    assert [(row.sku, row.decision) for row in group(plan, scarf).rows] == [
        ("B-B", Decision.BIND),
        ("B-M", Decision.BIND),
    ]
    _, _, bold = shopee.plan(shopee_account(shopee), bind_at=60)
    assert group(bold, stuffed).rows[0].decision is Decision.BIND


def shopee_account(shop: Onboarding) -> Account:
    with read(shop.engine) as connection:
        return load_account(connection, 1)


@pytest.mark.parametrize(
    ("there", "ours", "least", "most"),
    [
        ("Mangkuk Jati Ukir Serpong", "mangkuk ukir jati, serpong", 100, 100),
        ("Mangkok Jati Ukir Serpong", "Mangkuk Jati Ukir Serpong", 90, 99),
        ("Mangkuk Jati Ukir Besar Buatan Tangan Serpong", "Mangkuk Jati Ukir Kecil Buatan Tangan Serpong", 60, 86),
        ("Mangkuk Jati Ukir 20 cm", "Mangkuk Jati Ukir 30 cm", 50, 75),
        ("TERLARIS Mangkuk Jati Ukir kado unik ready stock", "Mangkuk Jati Ukir", 60, 89),
        ("Kalung perak buatan perajin Serpong", "Gelang rotan buatan perajin Serpong", 0, 80),
        ("Keranjang Rotan", "Selendang Tenun Tepi Benang", 0, 50),
        ("Café Bowl", "cafe bowl", 100, 100),
    ],
)
def test_how_well_titles_fit(there: str, ours: str, least: float, most: float) -> None:
    assert least <= title_score(plain(there), plain(ours)) <= most
    assert least <= title_score(plain(ours), plain(there)) <= most


def test_two_products_that_fit_alike_are_a_persons_choice(shopee: Onboarding) -> None:
    shopee.ours("satu", BOWL, [("A-1", (), 85000, 1)])
    shopee.ours("dua", BOWL, [("A-2", (), 85000, 1)])
    shopee.seller.sells(BOWL, [("", (), 85000, 2)])
    account = shopee.join()
    plan, done = shopee.adopt(account)
    assert done.bound == 0
    assert shopee.rows() == []
    assert "fits" in words(plan)


# --- conflicts: shown, never bound ----------------------------------------------------------------------------------


def test_conflicts_are_shown_and_not_bound(shop: Onboarding) -> None:
    shop.ours("mangkuk", BOWL, [("MK-1", (), 85000, 5)])
    shop.ours("kain", SCARF, [("SL-1", (), 120000, 5)])
    twice = [shop.seller.sells(f"{BOWL} nomor {name}", [("MK-1", (), 85000, 2)]) for name in ("pertama", "kedua")]
    torn = shop.seller.sells(
        "Paket Mangkuk dan Selendang Kado",
        [("MK-1", ("Satu",), 1000, 1), ("SL-1", ("Dua",), 1000, 1)],
        option_names=("Isi",),
    )
    account = shop.join()
    plan, done = shop.adopt(account, rule=Opening.THEIRS)
    assert (done.bound, done.opened) == (0, 0)
    assert shop.rows() == []
    assert shop.on_hand() == {"MK-1": 5, "SL-1": 5}
    assert all(row.conflicts for remote_id in (*twice, torn) for row in group(plan, remote_id).rows)
    said = words(plan)
    assert "several listings there" in said
    assert "several of our products" in said


def test_an_exact_match_wins_over_a_guess(shopee: Onboarding) -> None:
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 5)])
    exact = shopee.seller.sells("Judul yang sama sekali lain di toko", [("MK-1", (), 85000, 2)])
    guess = shopee.seller.sells(BOWL, [("", (), 85000, 2)])
    plan, done = shopee.adopt(shopee.join())
    assert [row.remote_id for row in shopee.rows()] == [exact]
    assert done.bound == 1
    assert group(plan, guess).rows[0].conflicts


def test_a_product_bound_to_another_listing_stays_bound_there(shopee: Onboarding) -> None:
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 5)])
    first = shopee.seller.sells(BOWL, [("MK-1", (), 85000, 2)])
    account = shopee.join()
    shopee.adopt(account)
    second = shopee.seller.sells("Mangkuk yang dipasang lagi oleh penjual", [("MK-1", (), 85000, 2)])
    plan, done = shopee.adopt(account)
    assert done.bound == 0
    assert [row.remote_id for row in shopee.rows()] == [first]
    assert group(plan, second).rows[0].conflicts
    assert group(plan, first).rows[0].decision is Decision.BOUND


def test_a_variant_that_only_the_shop_has_becomes_ours_and_is_not_lost_there(shop: Onboarding) -> None:
    shop.ours("selendang", SCARF, [("SL-M", ("Merah",), 120000, 3)], options=("Warna",))
    remote_id = shop.seller.sells(
        SCARF, [("SL-M", ("Merah",), 120000, 3), ("SL-H", ("Hijau",), 130000, 4)], option_names=("Warna",)
    )
    account = shop.join()
    plan, done = shop.adopt(account, rule=Opening.THEIRS)
    assert [row.decision for row in group(plan, remote_id).rows] == [Decision.BIND, Decision.IMPORT]
    assert (done.bound, done.imported, done.opened) == (1, 0, 2)
    with read(shop.engine) as connection:
        assert [one.sku for one in load_product(connection, "selendang").variants] == ["SL-M", "SL-H"]
    shop.live(account)
    shop.sync()
    assert {one["sku"]: one["stock"] for one in shop.seller.there()[remote_id]["offers"]} == {"SL-M": 3, "SL-H": 4}


def test_a_listing_is_not_bound_in_part(shopee: Onboarding) -> None:
    """What isn't bound would be a stranger in a listing of ours, and the engine removes those."""
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 3)])
    remote_id = shopee.seller.sells(
        BOWL, [("MK-1", ("Kecil",), 85000, 3), ("MK-9", ("Besar",), 99000, 4)], option_names=("Ukuran",)
    )
    plan, done = shopee.adopt(shopee.join())
    assert done.bound == 0
    assert shopee.rows() == []
    assert "would be removed there" in words(plan)
    assert len(shopee.seller.there()[remote_id]["offers"]) == 2


# --- opening counts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "counts"),
    [
        (None, {"A": 2, "B": 9}),
        (Opening.OURS, {"A": 2, "B": 9}),
        (Opening.THEIRS, {"A": 5, "B": 5, "C": 5}),
        (Opening.LARGER, {"A": 5, "B": 9, "C": 5}),
        (Opening.SMALLER, {"A": 2, "B": 5, "C": 5}),
        (Opening.SUM, {"A": 7, "B": 14, "C": 5}),
    ],
)
def test_the_rule_chooses_the_opening_count(shopee: Onboarding, rule: Opening | None, counts: dict[str, int]) -> None:
    for sku, stock in (("A", 2), ("B", 9)):
        shopee.ours(sku.lower(), f"Produk {sku}", [(sku, (), 1000, stock)])
    shopee.ours("c", "Produk C", [("C", (), 1000, 0)], stock=False)
    for sku in ("A", "B", "C"):
        shopee.seller.sells(f"Barang kerajinan {sku} dari Serpong", [(sku, (), 1000, 5)])
    plan, done = shopee.adopt(shopee.join(), rule=rule)
    assert done.bound == 3
    assert {sku: n for sku, n in shopee.on_hand().items() if n} == counts
    assert (plan.unopened() > 0) is (rule in (None, Opening.OURS) and "C" not in counts)


def test_two_shops_that_show_5_may_mean_5_or_10(shopee: Onboarding, tmp_path: Path) -> None:
    shopee.ours("a", "Produk A", [("A", (), 1000, 0)], stock=False)
    shopee.ours("b", "Produk B", [("B", (), 1000, 0)], stock=False)
    with sandbox_of("shopee") as running:
        other = Seller("shopee", running, tmp_path)
        for seller in (shopee.seller, other):
            seller.sells("Barang kerajinan A dari Serpong", [("A", (), 1000, 5)])
            seller.sells("Barang kerajinan B dari Serpong", [("B", (), 1000, 3)])
        shopee.adopt(shopee.join("Satu"), rule=Opening.THEIRS)
        assert shopee.on_hand() == {"A": 5, "B": 3}
        second = shopee.join("Dua", other)
        other.control.ask("POST", "edit", {"sku": "B", "stock": 1})
        _, _, shown = shopee.plan(second)
        assert "Counted through Satu already" in words(shown)
        assert {row.opened_by for row in shown.rows()} == {"Satu"}
        assert {row.opening for row in shown.rows()} == {None}
        _, _, theirs = shopee.plan(second, rule=Opening.THEIRS)
        assert {row.sku: row.opening for row in theirs.rows()} == {"A": 5, "B": 3}, "our count stays"
        shopee.adopt(second, rule=Opening.SUM)
        assert shopee.on_hand() == {"A": 10, "B": 4}, "a person has said so"
        other.close()


def test_an_opening_count_may_come_after_the_binding_until_go_live(shopee: Onboarding) -> None:
    shopee.ours("a", "Produk A", [("A", (), 1000, 0)], stock=False)
    shopee.seller.sells("Barang kerajinan A dari Serpong", [("A", (), 1000, 5)])
    account = shopee.join()
    plan, _ = shopee.adopt(account)
    assert plan.unopened() == 1
    _, done = shopee.adopt(account, rule=Opening.THEIRS)
    assert (done.bound, done.opened) == (0, 1)
    assert shopee.on_hand() == {"A": 5}


# --- the sheet ------------------------------------------------------------------------------------------------------


def edited(data: bytes, **by_title: dict[str, str]) -> bytes:
    import csv
    import io

    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    head = rows[0]
    for row in rows[1:]:
        for part, changes in by_title.items():
            if part in row[head.index("title")]:
                for name, value in changes.items():
                    row[head.index(name)] = value
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)
    return out.getvalue().encode("utf-8")


def test_the_sheet_goes_out_and_comes_back(shop: Onboarding) -> None:
    shop.ours("mangkuk", "Mangkok keramik", [("MK-1", (), 85000, 2)])
    bowl = shop.seller.sells(BOWL, [("", (), 85000, 5)])
    shop.seller.sells(SCARF, [("", (), 120000, 3)])
    shop.seller.sells("Gelang manik kayu warna warni", [("", (), 20000, 9)])
    account = shop.join()
    _, _, plan = shop.plan(account)
    sheet = edited(
        sheet_csv(plan),
        Mangkuk={"our_sku": "MK-1", "decision": "bind", "opening_count": "4"},
        Selendang={"decision": "leave"},
        Gelang={"decision": "impor", "opening_count": "8"},
    )
    plan, done = shop.adopt(account, sheet=sheet)
    assert (done.bound, done.imported, done.opened) == (2, 1, 2)
    row = group(plan, bowl).rows[0]
    assert (row.sku, row.by) == ("MK-1", By.SHEET)
    counts = shop.on_hand()
    assert counts.pop("MK-1") == 4
    assert list(counts.values()) == [8]
    assert len(shop.rows()) == 2


def test_a_workbook_comes_back_too(shopee: Onboarding) -> None:
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 2)])
    shopee.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    account = shopee.join()
    _, _, plan = shopee.plan(account, rule=Opening.THEIRS)
    _, done = shopee.adopt(account, sheet=sheet_xlsx(plan))
    assert (done.bound, done.opened) == (1, 1)
    assert shopee.on_hand() == {"MK-1": 5}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"our_sku": "TIDAK-ADA"}, "TIDAK-ADA"),
        ({"our_sku": ""}, "our_sku"),
        ({"decision": "mungkin"}, "bind, import or leave"),
        ({"opening_count": "banyak"}, "no number"),
        ({"opening_count": "-3"}, "below 0"),
        ({"key": "k-0000000000"}, "not of this shop"),
    ],
)
def test_a_wrong_sheet_is_one_sentence_and_binds_nothing(
    shopee: Onboarding, changes: dict[str, str], says: str
) -> None:
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 2)])
    shopee.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    account = shopee.join()
    _, _, plan = shopee.plan(account)
    with pytest.raises(SyncerError) as caught:
        shopee.adopt(account, sheet=edited(sheet_csv(plan), Mangkuk=changes))
    assert says in caught.value.words.en
    assert caught.value.words.id
    assert shopee.rows() == []


def test_all_that_is_wrong_in_a_sheet_is_said_at_once_and_nothing_is_bound(shopee: Onboarding) -> None:
    """Also an edit of what is bound already, which would be passed over; the same sheet once more is none."""
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 2)])
    shopee.ours("kain", SCARF, [("SL-1", (), 120000, 2)])
    shopee.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    account = shopee.join()
    _, _, plan = shopee.plan(account)
    first = sheet_csv(plan)
    shopee.adopt(account, sheet=first)
    _, done = shopee.adopt(account, sheet=first)
    assert (done.bound, done.refused) == (0, [])
    shopee.seller.sells(SCARF, [("SL-1", (), 120000, 3)])
    shopee.seller.sells("Gelang manik kayu warna warni", [("GL-9", (), 20000, 9)])
    _, _, plan = shopee.plan(account)
    sheet = edited(
        sheet_csv(plan),
        Mangkuk={"our_sku": "SL-1"},
        Selendang={"opening_count": "banyak"},
        Gelang={"our_sku": "MK-1", "decision": "leave"},
    )
    unknown = sheet.decode().rstrip().splitlines()[-1]
    sheet += unknown.replace(unknown.partition(";")[0], "k-0000000000").encode()
    with pytest.raises(BadSheet) as caught:
        shopee.adopt(account, sheet=sheet)
    said = caught.value.words.en
    for text in (
        "Row 2",
        "Row 3",
        "Row 4",
        "Row 5",
        "can't be changed here",
        "no number",
        "Write bind",
        "k-0000000000",
    ):
        assert text in said, f"{text} is missing in: {said}"
    assert len(shopee.rows()) == 1, "nothing was bound"
    with pytest.raises(BadSheet, match=r"Row 2.*leave doesn't undo"):
        shopee.adopt(account, sheet=edited(sheet_csv(plan), Mangkuk={"decision": "leave"}))


def test_another_file_is_no_sheet(shopee: Onboarding) -> None:
    shopee.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    with pytest.raises(BadSheet):
        shopee.adopt(shopee.join(), sheet=b"sku,stock\nMK-1,5\n")


def test_a_number_that_moved_since_the_sheet_is_looked_at_again(shopee: Onboarding) -> None:
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 2)])
    remote_id = shopee.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    account = shopee.join()
    _, _, plan = shopee.plan(account, rule=Opening.THEIRS)
    sheet = sheet_csv(plan)
    shopee.seller.control.ask("POST", "edit", {"remote_id": remote_id, "stock": 4})
    plan, done = shopee.adopt(account, sheet=sheet)
    assert (done.bound, done.opened) == (1, 0)
    assert shopee.on_hand() == {"MK-1": 2}
    assert "moved from 5 to 4" in words(plan)


def test_stock_that_moves_while_a_plan_is_applied_is_not_overwritten(shopee: Onboarding) -> None:
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 2)])
    shopee.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    account = shopee.join()
    shop, walked, plan = shopee.plan(account, rule=Opening.THEIRS)
    with write(shopee.engine) as connection:
        set_on_hand(connection, "MK-1", 1, now=now())
    done = apply(shop, plan, read_at=walked.began, now=now())
    assert len(done.refused) == 1
    assert "moved from 2 to 1" in done.refused[0][1].en
    assert shopee.rows() == []
    assert shopee.on_hand() == {"MK-1": 1}


# --- interrupted ----------------------------------------------------------------------------------------------------

_KILLED = """
import sys
from pathlib import Path
import os, signal
from syncer.store.engine import open_engine
from syncer.store.sealed import open_keys
from syncer.sync.adopting import apply as applying
from syncer.sync.adopting.plan import Opening
from syncer.sync.adopting.propose import propose
from syncer.sync.adopting.walk import open_shop, walk
from syncer.sync.service import Deps
from syncer.channels.records import load_account
from syncer.store.engine import read
from tests.sync.test_adopt import now
from tests.sync.world import FAST

url, home, point, left = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
original = getattr(applying, point)

def fused(*args, **kwargs):
    global left
    result = original(*args, **kwargs)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(applying, point, fused)
engine = open_engine(url, home=home)
with read(engine) as connection:
    account = load_account(connection, 1)
shop = open_shop(Deps(engine, open_keys(engine, home), home, FAST), account, now())
walked = walk(shop, now())
with read(engine) as connection:
    plan, _ = propose(connection, account, walked, bind_at=90, rule=Opening.THEIRS, location="")
applying.apply(shop, plan, read_at=walked.began, now=now())
"""


@pytest.mark.parametrize(
    ("point", "after"), [("_hold_back", 1), ("_import", 2), ("_store", 3), ("_open", 2), ("_one", 3)]
)
def test_killed_in_the_middle_it_goes_on_without_doubles(
    shopee: Onboarding, database_url: str, point: str, after: int
) -> None:
    shopee.ours("a", "Produk A", [("A", (), 1000, 2)])
    shopee.seller.sells("Barang kerajinan A dari Serpong", [("A", (), 1000, 5)])
    for name in ("Kalung perak", "Gelang rotan", "Tas pandan", "Topi bambu"):
        shopee.seller.sells(f"{name} buatan perajin Serpong", [(name[:3].upper(), (), 1000, 4)])
    account = shopee.join()
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, database_url, str(shopee.home), point, str(after)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    half = len(shopee.rows())
    assert half < 5
    _, done = shopee.adopt(account, rule=Opening.THEIRS)
    assert done.refused == []
    assert done.bound == 5 - half
    rows = shopee.rows()
    assert len({row.remote_id for row in rows}) == len(rows) == 5
    assert shopee.count(product) == 5
    assert shopee.count(offer) == 5
    assert shopee.on_hand() == {"A": 5, "KAL": 4, "GEL": 4, "TAS": 4, "TOP": 4}
    assert len(shopee.openings()) == 5
    with read(shopee.engine) as connection:
        assert load_account(connection, account.id).mode is Mode.READ_ONLY


# --- the account ----------------------------------------------------------------------------------------------------


def test_an_account_at_work_stays_live(shopee: Onboarding) -> None:
    shopee.ours("mangkuk", BOWL, [("MK-1", (), 85000, 2)])
    shopee.ours("kain", SCARF, [("SL-1", (), 120000, 2)])
    shopee.seller.sells(BOWL, [("MK-1", (), 85000, 2)])
    account = shopee.join()
    shopee.adopt(account)
    shopee.live(account)
    shopee.seller.sells(SCARF, [("SL-1", (), 120000, 2)])
    _, done = shopee.adopt(account)
    assert done.bound == 1
    assert not done.read_only
    with read(shopee.engine) as connection:
        assert load_account(connection, account.id).mode is Mode.LIVE


def test_the_walk_passes_every_page_and_survives_faults(shop: Onboarding) -> None:
    for number in range(7):
        shop.seller.sells(f"Barang kerajinan nomor {number} dari Serpong", [(f"N-{number}", (), 1000, number)])
    account = shop.join()
    path = "get_item_list" if shop.connector == "shopee" else "products/search"
    shop.seller.control.fault(path=path, fault="error_before", times=2)
    shop.seller.control.fault(path=path, fault="rate_limited", times=1)
    _, walked, plan = shop.plan(account)
    assert sorted(row.offer.sku for row in plan.rows()) == [f"N-{number}" for number in range(7)]
    assert all(one.offers_complete for one in walked.listings)


def test_a_price_that_no_rule_gives_becomes_the_shops_own(shopee: Onboarding) -> None:
    from syncer.channels.account_settings import set_rule
    from syncer.domain.pricing import PriceRule

    shopee.seller.sells(BOWL, [("MK-1", (), 85123, 5)])
    account = shopee.join()
    with write(shopee.engine) as connection:
        set_rule(connection, account, PriceRule(markup_percent=Decimal(10), round_to=1000), now=now())
    shopee.adopt(account, rule=Opening.THEIRS)
    row = shopee.rows()[0]
    assert row.due & 2 == 0, "its price is right as it stands"
    with read(shopee.engine) as connection:
        assert load_product(connection, "MK-1").variants[0].price == Decimal(77385)


def test_a_catalogue_of_the_same_titles_is_matched_by_marker(shopee: Onboarding) -> None:
    """A listing that we made once, and whose SKU a person has changed since, still carries our marker."""
    shopee.ours(
        "kain",
        "Judul kita yang lain",
        [("SL-M", ("Merah",), 1000, 1), ("SL-B", ("Biru",), 1000, 1)],
        options=("Warna",),
    )
    remote_id = shopee.seller.sells(
        SCARF, [("X1", ("Biru",), 1000, 1), ("X2", ("Merah",), 1000, 1)], option_names=("Warna",), marker="kain"
    )
    _, _, plan = shopee.plan(shopee.join())
    assert [(row.sku, row.by) for row in group(plan, remote_id).rows] == [("SL-B", By.MARKER), ("SL-M", By.MARKER)]


def test_an_empty_catalogue_matches_nothing(engine: Engine) -> None:
    with read(engine) as connection:
        catalogue = Catalogue(connection)
    from syncer.domain.listing import RemoteListing, RemoteOffer

    there = RemoteListing("1", fields={"title": BOWL}, offers=(RemoteOffer("1", "X"),))
    assert catalogue.match(there).product is None
    assert replace(there, fields={}).fields == {}
    assert catalogue.match(replace(there, fields={})).product is None
