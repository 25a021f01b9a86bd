"""What a piece costs and how much of the stock a shop shows, and that a change of either reaches the listings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Connection, insert, select, update

from syncer.channels.accounts import (
    Account,
    AccountError,
    Changed,
    Owner,
    Package,
    Settings,
    load_account,
    set_allocation,
    set_brake,
    set_listing_settings,
    set_location,
    set_owner,
    set_package_default,
    set_rate,
    set_rule,
    set_tax,
    set_time_zone,
)
from syncer.channels.pricing import channel_price, clear_override, override_prices, overrides, set_override
from syncer.channels.publishing import publish
from syncer.domain.pricing import PriceRule, Rate, RateMissing
from syncer.domain.stock import Allocation
from syncer.store import tables as t
from syncer.store.engine import read, write
from syncer.store.marks import Due
from tests.channels.conftest import Bench
from tests.channels.folder_shop import make_shop


@pytest.fixture
def account(bench: Bench) -> Account:
    return bench.folder_account()


@pytest.fixture
def listed(bench: Bench, account: Account) -> list[int]:
    """Two listings with nothing due, and one on another account."""
    ids = [bench.product("mangkuk"), bench.product("vas")]
    other = bench.folder_account("galeri")
    with write(bench.engine) as connection:
        publish(connection, account, ids, now=bench.now)
        publish(connection, other, ids[:1], now=bench.now)
        connection.execute(update(t.listing).values(due=0, lane=9))
        connection.execute(insert(t.location).values(code="butik", name="Butik", pooled=False))
    return ids


Change = Callable[[Connection, Account, dt.datetime], Changed]

CHANGES: list[tuple[Change, Due]] = [
    (lambda c, a, now: set_rule(c, a, PriceRule(markup_percent=Decimal(10)), now=now), Due.PRICE),
    (lambda c, a, now: set_tax(c, a, included=False, percent=Decimal(11), now=now), Due.PRICE),
    (lambda c, a, now: set_rate(c, a, Rate(Decimal(2), now.date()), now=now), Due.PRICE),
    (lambda c, a, now: set_allocation(c, a, Allocation(2, 10), now=now), Due.STOCK),
    (lambda c, a, now: set_location(c, a, "butik", now=now), Due.STOCK),
    (lambda c, a, now: set_owner(c, a, "price", Owner.OURS, now=now), Due.PRICE),
    (lambda c, a, now: set_owner(c, a, "stock", Owner.ASK, now=now), Due.STOCK),
    (lambda c, a, now: set_owner(c, a, "title", Owner.THEIRS, now=now), Due.CONTENT),
    (lambda c, a, now: set_package_default(c, a, "*", Package(500, 100, 100, 100), now=now), Due.CONTENT),
    (lambda c, a, now: set_listing_settings(c, a, {"courier": "jne"}, now=now), Due.CONTENT),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_a_change_marks_the_listings_of_its_account_as_one_cause(
    bench: Bench, account: Account, listed: list[int], number: int
) -> None:
    change, due = CHANGES[number]
    with write(bench.engine) as connection:
        changed = change(connection, account, bench.now)
    assert changed.marked == 2
    with read(bench.engine) as connection:
        rows = connection.execute(select(t.listing.c.account_id, t.listing.c.due, t.listing.c.cause_id)).all()
        assert changed.account == load_account(connection, account.id)
    mine = [row for row in rows if row.account_id == account.id]
    assert {Due(row.due) for row in mine} == {due}
    assert len({row.cause_id for row in mine}) == 1
    assert mine[0].cause_id is not None
    assert [row.due for row in rows if row.account_id != account.id] == [0]


def test_changes_are_kept(bench: Bench, account: Account, listed: list[int]) -> None:
    with write(bench.engine) as connection:
        for change, _due in CHANGES:
            account = change(connection, account, bench.now).account
        account = set_time_zone(connection, account, "Asia/Makassar").account
        account = set_brake(connection, account, {"share": 0.3, "count": 5}).account
    assert account.price_rule == PriceRule(markup_percent=Decimal(10), tax_percent=Decimal(11))
    assert account.tax_included is False
    assert account.rate == Rate(Decimal(2), bench.now.date())
    assert account.allocation == Allocation(2, 10)
    assert account.location_id is not None
    assert account.owner("stock") is Owner.ASK
    assert account.owner("title") is Owner.THEIRS
    assert account.owner("description") is Owner.OURS
    assert account.settings == {"courier": "jne"}
    assert account.time_zone == "Asia/Makassar"
    assert account.brake == {"share": 0.3, "count": 5}
    with write(bench.engine) as connection:
        assert set_listing_settings(connection, account, {"courier": None}, now=bench.now).account.settings == {}
        assert set_location(connection, account, None, now=bench.now).account.location_id is None


def test_a_package_is_taken_from_the_category_and_then_from_the_rest(bench: Bench, account: Account) -> None:
    with write(bench.engine) as connection:
        account = set_package_default(connection, account, "*", Package(500, 100, 90, 80), now=bench.now).account
        account = set_package_default(connection, account, "kain", Package(weight_g=200), now=bench.now).account
    assert account.package_default("kain") == Package(200, 100, 90, 80)
    assert account.package_default("lain") == Package(500, 100, 90, 80)
    with write(bench.engine) as connection:
        account = set_package_default(connection, account, "kain", Package(), now=bench.now).account
    assert account.package_default("kain") == Package(500, 100, 90, 80)


BAD: list[Change] = [
    lambda c, a, now: set_rule(c, a, PriceRule(markup_percent=Decimal(-95)), now=now),
    lambda c, a, now: set_rule(c, a, PriceRule(markup_percent=Decimal("NaN")), now=now),
    lambda c, a, now: set_rule(c, a, PriceRule(round_to=500, ending=900), now=now),
    lambda c, a, now: set_tax(c, a, included=False, percent=Decimal(-1), now=now),
    lambda c, a, now: set_rate(c, a, Rate(Decimal(0), now.date()), now=now),
    lambda c, a, now: set_allocation(c, a, Allocation(-1), now=now),
    lambda c, a, now: set_allocation(c, a, Allocation(0, -1), now=now),
    lambda c, a, now: set_location(c, a, "entah", now=now),
    lambda c, a, now: set_owner(c, a, "Judul Produk!", Owner.OURS, now=now),
    lambda c, a, now: set_package_default(c, a, "*", Package(weight_g=0), now=now),
    lambda c, a, now: set_time_zone(c, a, "../etc/passwd"),
    lambda c, a, now: set_brake(c, a, {"share": 7}),
    lambda c, a, now: set_brake(c, a, {"speed": 7}),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_cannot_be_meant_is_refused_and_changes_nothing(bench: Bench, account: Account, number: int) -> None:
    with pytest.raises(AccountError) as caught, write(bench.engine) as connection:
        BAD[number](connection, account, bench.now)
    assert caught.value.words.id != caught.value.words.en
    with read(bench.engine) as connection:
        assert load_account(connection, account.id) == account


def test_stock_is_taken_in_from_one_account_per_location(bench: Bench, account: Account) -> None:
    other = bench.folder_account("galeri")
    with write(bench.engine) as connection:
        connection.execute(insert(t.location).values(code="butik", name="Butik", pooled=False))
        set_owner(connection, account, "stock", Owner.THEIRS, now=bench.now)
        with pytest.raises(AccountError, match="gudang"):
            set_owner(connection, other, "stock", Owner.THEIRS, now=bench.now)
        moved = set_location(connection, other, "butik", now=bench.now).account
        both = set_owner(connection, moved, "stock", Owner.THEIRS, now=bench.now).account
        with pytest.raises(AccountError, match="gudang"):
            set_location(connection, both, None, now=bench.now)
    options = make_shop(bench.folder / "lagi", shop_id="lagi")
    with pytest.raises(AccountError, match="gudang"):
        bench.add("folder", "lagi", options, Settings(field_owners={"stock": Owner.THEIRS}))


# --- prices -----------------------------------------------------------------------------------------------------


def priced(account: Account, **rule: object) -> Account:
    return replace(account, price_rule=PriceRule(**rule))  # type: ignore[arg-type]


def test_a_price_follows_the_rule_or_the_person(account: Account) -> None:
    base = Decimal(185_000)
    assert channel_price(account, base) == base
    marked_up = priced(account, markup_percent=Decimal(7), fixed_fee=Decimal(1_250), round_to=1000, ending=900)
    assert channel_price(marked_up, base) == 199_900
    assert channel_price(marked_up, base, Decimal(150_000)) == 150_000


def test_tax_is_added_only_where_base_prices_are_without_it(account: Account) -> None:
    taxed = priced(account, tax_percent=Decimal(11))
    assert channel_price(taxed, Decimal(100_000)) == 100_000
    assert channel_price(replace(taxed, tax_included=False), Decimal(100_000)) == 111_000


def test_another_currency_goes_by_the_dated_rate(account: Account) -> None:
    dollars = replace(account, currency="USD")
    with pytest.raises(RateMissing):
        channel_price(dollars, Decimal(185_000))
    dollars = replace(dollars, rate=Rate(Decimal("0.000061"), dt.date(2026, 1, 31)))
    assert channel_price(dollars, Decimal(185_000)) == Decimal("11.29")
    with pytest.raises(AccountError, match="dated rate"):
        set_rate(None, dollars, None, now=dt.datetime.now(dt.UTC))  # type: ignore[arg-type]


def test_a_price_is_never_nothing(account: Account) -> None:
    assert channel_price(priced(account, fixed_fee=Decimal(-500)), Decimal(100)) == 1
    dollars = replace(account, currency="USD", rate=Rate(Decimal("0.0000001"), dt.date(2026, 1, 31)))
    assert channel_price(dollars, Decimal(100)) == Decimal("0.01")


def test_a_set_price_marks_its_listing_and_shows_its_age(bench: Bench, account: Account, listed: list[int]) -> None:
    with write(bench.engine) as connection:
        variant_id = connection.execute(select(t.variant.c.id).where(t.variant.c.sku == "MANGKUK")).scalar_one()
        long_ago = bench.now - dt.timedelta(days=40)
        assert set_override(connection, account, variant_id, Decimal("149999.6"), now=long_ago, actor="sari") == 150_000
        due = connection.execute(select(t.listing.c.account_id, t.listing.c.due).where(t.listing.c.due != 0)).all()
        assert [tuple(row) for row in due] == [(account.id, Due.PRICE)]
        (found,) = overrides(connection, account, now=bench.now)
        assert (found.sku, found.price, found.by_rule, found.age_days, found.actor) == (
            "MANGKUK",
            150_000,
            100_000,
            40,
            "sari",
        )
        set_override(connection, account, variant_id, Decimal(160_000), now=bench.now)
        assert override_prices(connection, account.id, [variant_id]) == {variant_id: Decimal(160_000)}
        connection.execute(update(t.listing).values(due=0))
        assert clear_override(connection, account, variant_id, now=bench.now)
        assert not clear_override(connection, account, variant_id, now=bench.now)
        assert connection.execute(select(t.listing.c.id).where(t.listing.c.due != 0)).all()
        assert overrides(connection, account, now=bench.now) == []


@pytest.mark.parametrize("price", [Decimal(0), Decimal(-1), Decimal("1e10"), Decimal("NaN"), Decimal("Infinity")])
def test_a_set_price_that_cannot_be_meant_is_refused(bench: Bench, account: Account, price: Decimal) -> None:
    bench.product("mangkuk")
    with write(bench.engine) as connection, pytest.raises(AccountError):
        set_override(connection, account, 1, price, now=bench.now)
