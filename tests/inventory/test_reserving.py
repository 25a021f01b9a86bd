"""Campaigns: set aside, running, consumed by their orders, given back; bundles; crafters' weeks. On both databases."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from syncer.catalogue.edit import save_product
from syncer.channels import lifecycle
from syncer.domain.product import Variant
from syncer.inventory import placing, reserving
from syncer.inventory.bundles import BadBundle, compose, list_bundles, parts_of
from syncer.inventory.capacity import BadCapacity, set_capacity, turn_week
from syncer.inventory.free import free, load_supply
from syncer.inventory.ledger import add_location, set_on_hand, transfer
from syncer.inventory.moments import catch_up
from syncer.inventory.reserving import BadReservation, reserve
from syncer.inventory.weeks import list_capacity, week_of
from syncer.orders.inbox import close, find_order
from syncer.orders.meant import bind_line
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Due, Lane
from syncer.store.tables import account, listing, offer
from tests.catalogue.builders import NOW, add_listing, bowl, owed, settle
from tests.orders.shop import FACTS, Shops, at, line, order

DAY = dt.timedelta(days=1)
TOLD = replace(FACTS, tells_promotions=True)


@pytest.fixture
def shops(engine: Engine) -> Shops:
    return Shops(engine)


def set_aside(shops: Shops, quantity: int, *, starts: float = 0, ends: float = 86_400, now: float = 0) -> None:
    with write(shops.engine) as connection:
        reserve(
            connection,
            "mangkuk-biru",
            quantity,
            account_id=shops.one.id,
            campaign="Lebaran",
            starts_at=at(starts),
            ends_at=at(ends),
            now=at(now),
        )


def shown(shops: Shops, variant_id: int | None = None, now: dt.datetime = NOW) -> tuple[int, int]:
    """What both shops may show."""
    key = variant_id or shops.blue
    with read(shops.engine) as connection:
        one, two = (
            free(connection, [key], account_id=who.id, location_id=who.location_id, now=now)[key]
            for who in (shops.one, shops.two)
        )
    return one, two


def test_a_campaigns_pieces_are_free_for_its_own_shop_only(shops: Shops) -> None:
    set_aside(shops, 4)
    assert shown(shops) == (5, 1)
    # The other shop shows five: that is a fall. Nothing changes on the campaign's own.
    assert shops.owed(1) == (int(Due.STOCK), int(Lane.FALL))


def test_all_set_aside_is_a_stop_elsewhere(shops: Shops) -> None:
    set_aside(shops, 5)
    assert shown(shops) == (5, 0)
    assert shops.owed(1) == (int(Due.STOCK), int(Lane.STOP))


def test_a_planned_campaign_begins_and_ends_by_the_clock(shops: Shops) -> None:
    set_aside(shops, 5, starts=100, ends=1000)
    assert shown(shops) == (5, 5)
    shops.settle()
    with write(shops.engine) as connection:
        assert reserving.next_turn(connection) == at(100)
        assert reserving.turn(connection, at(99)) == (0, 0, 0)
        assert reserving.turn(connection, at(100)) == (1, 0, 0)
        assert reserving.next_turn(connection) == at(1000)
    assert shown(shops) == (5, 0)
    assert shops.owed(1)[1] == Lane.STOP
    shops.settle()
    with write(shops.engine) as connection:
        assert reserving.turn(connection, at(1000)) == (0, 1, 0)
    assert shown(shops) == (5, 5)
    # Its own channel is looked at now, and once more a day later, without a word from the platform.
    assert shops.owed(0)[0] & Due.READ
    shops.settle()
    with write(shops.engine) as connection:
        assert reserving.next_turn(connection) == at(1000) + DAY
        assert reserving.turn(connection, at(1000) + DAY) == (0, 0, 1)
        assert reserving.next_turn(connection) is None
    assert shops.owed(0)[0] & Due.READ
    assert shops.owed(1)[0] == 0


def test_no_more_is_set_aside_than_is_free(shops: Shops) -> None:
    with pytest.raises(BadReservation, match="nothing to set aside in 0"):
        set_aside(shops, 0)
    set_aside(shops, 3, ends=1000)
    with write(shops.engine) as connection, pytest.raises(BadReservation, match="Only 2 of mangkuk-biru"):
        reserve(
            connection,
            "mangkuk-biru",
            3,
            account_id=shops.two.id,
            campaign="Natal",
            starts_at=at(999),
            ends_at=at(2000),
            now=at(0),
        )
    with write(shops.engine) as connection:
        later = reserve(
            connection,
            "mangkuk-biru",
            5,
            account_id=shops.two.id,
            campaign="Natal",
            starts_at=at(1000),
            ends_at=at(2000),
            now=at(0),
        )
        assert (later.state, later.left) == ("planned", 5)
        released = reserving.release(connection, "Natal", now=at(1))
        assert [(one.state, one.left) for one in released] == [("released", 0)]
        with pytest.raises(BadReservation, match="Nothing is set aside"):
            reserving.release(connection, "Natal", now=at(1))


def test_a_campaigns_orders_consume_it_and_give_it_back(shops: Shops) -> None:
    set_aside(shops, 3)
    sale = shops.mine(shops.one, 2, promotion="flash-1")
    shops.take(order(lines=[sale]), facts=TOLD)
    # Three are left, one of them set aside: the pieces of the order are not subtracted twice.
    assert shown(shops) == (3, 2)
    shops.take(order(lines=[sale]), facts=TOLD, began=300)
    assert shown(shops) == (3, 2)
    shops.take(order("CANCELLED", lines=[sale], updated=400), facts=TOLD, began=400)
    assert shown(shops) == (5, 2)


def test_other_orders_leave_a_campaign_alone_where_the_channel_tells_them_apart(shops: Shops) -> None:
    set_aside(shops, 3)
    shops.take(order(lines=[shops.mine(shops.one, 2)]), facts=TOLD)
    assert shown(shops) == (3, 0)
    shops.take(order(name="B", lines=[shops.mine(shops.two, 1)]), account=shops.two)
    assert shown(shops) == (2, -1)


def test_every_order_of_its_shop_consumes_a_campaign_where_the_channel_says_nothing(shops: Shops) -> None:
    set_aside(shops, 3)
    shops.take(order(lines=[shops.mine(shops.one, 2)]))
    assert shown(shops) == (3, 2)


@pytest.mark.parametrize("told", [True, False])
def test_a_line_that_is_bound_later_consumes_the_campaign_at_once(shops: Shops, told: bool) -> None:
    set_aside(shops, 3)
    strange = [
        shops.mine(shops.one, 2, sku="MGK-B", listing_id="X1", offer_id="Y1", promotion=promotion)
        for promotion in ("flash-1", "")
    ]
    facts = TOLD if told else FACTS
    shops.take(order(lines=strange[:1]), order(name="B", lines=strange[1:]), facts=facts)
    assert shown(shops) == (5, 2), "nobody knows yet what was sold"
    with write(shops.engine) as connection:
        bind_line(connection, "A1", "1", "mangkuk-biru", now=at(300))
    # One order of two is bound with the other: four of five are promised. Three were set aside, and two of those sold
    # where the channel tells which order was of the promotion, else all of them.
    assert shown(shops) == ((1, 0) if told else (1, 1))
    with write(shops.engine) as connection:
        close(connection, find_order(connection, "A1"), sent=False, now=at(310))
    assert shown(shops) == ((3, 0) if told else (3, 2))


def test_what_is_set_aside_for_a_shop_that_is_away_waits_for_a_person(shops: Shops) -> None:
    set_aside(shops, 3)
    with write(shops.engine) as connection:
        assert reserving.kept_away(connection) == []
        lifecycle.disconnect(connection, shops.one)
        assert [(one.account, one.left) for one in reserving.kept_away(connection)] == [("satu", 3)]
    assert shown(shops) == (5, 2)
    shops.settle()
    with write(shops.engine) as connection:
        reserving.release(connection, "Lebaran", account_id=shops.one.id, now=at(300))
        assert reserving.kept_away(connection) == []
    assert shown(shops) == (5, 5)
    assert shops.owed(1) == (int(Due.STOCK), int(Lane.RISE))


def test_a_campaign_takes_from_where_its_shop_sells(shops: Shops) -> None:
    with write(shops.engine) as connection:
        mall = add_location(connection, "mall", pooled=False)
        transfer(connection, "mangkuk-biru", 2, origin="utama", target="mall", now=NOW)
        common: dict[str, Any] = {"campaign": "Mal", "starts_at": at(0), "ends_at": at(900), "now": at(0)}
        with pytest.raises(BadReservation, match="on consignment"):
            reserve(connection, "mangkuk-biru", 1, account_id=shops.one.id, place="mall", **common)
        connection.execute(account.update().where(account.c.id == shops.two.id).values(location_id=mall.id))
        with pytest.raises(BadReservation, match="mall only"):
            reserve(connection, "mangkuk-biru", 1, account_id=shops.two.id, place="utama", **common)
        assert reserve(connection, "mangkuk-biru", 2, account_id=shops.two.id, **common).location == "mall"
        one = free(connection, [shops.blue], account_id=shops.one.id, location_id=None)
        two = free(connection, [shops.blue], account_id=shops.two.id, location_id=mall.id)
        assert (one[shops.blue], two[shops.blue]) == (3, 2)


# --- bundles --------------------------------------------------------------------------------------------------


def hamper(shops: Shops) -> tuple[int, int]:
    """A hamper of two blue bowls and a white one, on sale in the second shop: its variant and its listing."""
    with write(shops.engine) as connection:
        set_on_hand(connection, "mangkuk-putih", 3, now=NOW)
        one = bowl("hampers", option_names=(), variants=(Variant("hampers", Decimal(200_000)),))
        saved = save_product(connection, one, now=NOW)
        assert saved.variant_ids is not None
        key = saved.variant_ids["hampers"]
        compose(connection, "hampers", [("mangkuk-biru", 2), ("mangkuk-putih", 1)], now=NOW)
        where = add_listing(connection, shops.two.id, saved.product_id, {key: 2})
        settle(connection)
    return key, where


def test_a_bundle_shows_what_its_parts_allow_and_follows_them(shops: Shops) -> None:
    key, where = hamper(shops)
    assert shown(shops, key) == (2, 2)
    with write(shops.engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 3, now=NOW)
        assert owed(connection, where) == (int(Due.STOCK), int(Lane.FALL))
        settle(connection)
        set_on_hand(connection, "mangkuk-biru", 1, now=NOW)
        assert owed(connection, where) == (int(Due.STOCK), int(Lane.STOP))
    assert shown(shops, key) == (0, 0)


def test_a_bundles_order_moves_its_parts_at_once_and_an_order_of_a_part_stops_the_bundle(shops: Shops) -> None:
    key, where = hamper(shops)
    shops.take(order(lines=[shops.mine(shops.two, 1, sku="hampers", listing_id="", offer_id="")]), account=shops.two)
    assert shops.level() == (5, 2)
    assert shops.level(shops.white) == (3, 1)
    assert shown(shops, key) == (1, 1)
    shops.settle()
    shops.take(order(name="B", lines=[shops.mine(shops.one, 2)]))
    assert shown(shops, key) == (0, 0)
    with read(shops.engine) as connection:
        assert owed(connection, where) == (int(Due.STOCK), int(Lane.STOP))


def test_a_bundle_is_made_of_other_things_that_are_no_bundles(shops: Shops) -> None:
    key, _where = hamper(shops)
    with write(shops.engine) as connection:
        for name, parts, words in (
            ("mangkuk-biru", [("hampers", 1)], "is a bundle itself"),
            ("mangkuk-biru", [("mangkuk-putih", 1)], "part of the bundle hampers"),
            ("hampers", [("hampers", 1)], "part of itself"),
            ("hampers", [("mangkuk-biru", 1), ("mangkuk-biru", 2)], "named twice"),
            ("hampers", [("mangkuk-biru", 0)], "1 to 1000 pieces"),
        ):
            with pytest.raises(BadBundle, match=words):
                compose(connection, name, parts, now=NOW)
        with pytest.raises(BadReservation, match="is a bundle"):
            reserve(
                connection,
                "hampers",
                1,
                account_id=shops.one.id,
                campaign="x",
                starts_at=at(0),
                ends_at=at(9),
                now=at(0),
            )
        assert parts_of(connection, [key, shops.blue]) == {key: ((shops.blue, 2), (shops.white, 1))}
        assert [(one.sku, len(one.parts)) for one in list_bundles(connection)] == [("hampers", 2)]
        compose(connection, "hampers", [], now=NOW)
        assert list_bundles(connection) == []
        with pytest.raises(BadBundle, match="stock of its own"):
            compose(connection, "mangkuk-biru", [("hampers", 1)], now=NOW)


def test_a_part_that_leaves_the_catalogue_ends_the_bundle(shops: Shops) -> None:
    key, where = hamper(shops)
    white = bowl().variants[1]
    with write(shops.engine) as connection:
        save_product(connection, bowl(variants=(white,)), now=NOW)
        settle(connection)
    assert shown(shops, key) == (0, 0)
    assert catch_up(shops.engine, NOW) == {"bundles ended": 1}
    with write(shops.engine) as connection:
        assert owed(connection, where) == (int(Due.STOCK), int(Lane.STOP))
        connection.execute(offer.update().where(offer.c.listing_id == where).values(quantity=0))
        settle(connection)
    assert catch_up(shops.engine, NOW) == {}


# --- made to order --------------------------------------------------------------------------------------------


def test_a_week_is_monday_to_sunday_in_jakarta() -> None:
    begins = dt.datetime(2026, 11, 22, 17, tzinfo=dt.UTC)  # Monday the 23rd, midnight in Jakarta
    assert week_of(NOW) == (begins, begins + 7 * DAY)
    assert week_of(begins) == (begins, begins + 7 * DAY)
    assert week_of(begins - dt.timedelta(seconds=1)) == (begins - 7 * DAY, begins)


def made_to_order(shops: Shops, pieces: int) -> None:
    with write(shops.engine) as connection:
        save_product(connection, bowl(made_to_order_days=7), now=NOW)
        set_capacity(connection, "kelompok  tungku", pieces, now=NOW)
        connection.execute(listing.update().values(due=0))
        turn_week(connection, NOW)
        settle(connection)


def test_what_is_made_to_order_sells_the_crafters_week_and_closes_when_it_is_full(shops: Shops) -> None:
    made_to_order(shops, 6)
    assert (shown(shops), shown(shops, shops.white)) == ((6, 6), (6, 6))
    shops.take(order(lines=[shops.mine(shops.one, 4)]))
    shops.take(order("SHIPPED", lines=[shops.mine(shops.one, 4)], updated=300), began=300)
    # Sent or not: the week's work is done. The other colour comes from the same hands.
    assert (shown(shops), shown(shops, shops.white)) == ((2, 2), (2, 2))
    shops.settle()
    shops.take(order(name="B", lines=[shops.mine(shops.two, 2)]), account=shops.two, began=400)
    assert shown(shops) == (0, 0)
    assert {shops.owed(0)[1], shops.owed(1)[1]} == {Lane.STOP}
    shops.take(
        order("CANCELLED", name="B", lines=[shops.mine(shops.two, 2)], updated=500), account=shops.two, began=500
    )
    assert shown(shops) == (2, 2)


def barred_from_two(shops: Shops, *variants: int) -> frozenset[int]:
    """What the second shop may not show, since it is held to another one."""
    with read(shops.engine) as connection:
        wanted = dict.fromkeys(variants, (shops.product, False))
        return placing.barred(connection, shops.two.id, wanted, load_supply(connection, variants, now=NOW))[0]


def test_the_last_one_of_a_crafters_week_is_no_piece_that_exists_once(shops: Shops) -> None:
    with write(shops.engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 1, now=NOW)
        placing.set_rule(connection, None, mode=placing.PieceMode.ONE)
        placing.apply_rules(connection, now=NOW)
    assert barred_from_two(shops, shops.blue) == {shops.blue}
    made_to_order(shops, 1)
    with write(shops.engine) as connection:
        placing.apply_rules(connection, now=NOW)
    assert barred_from_two(shops, shops.blue, shops.white) == frozenset()
    # One more can be made next week; the last box around it is still the last box.
    with read(shops.engine) as connection:
        week = load_supply(connection, [shops.blue], now=NOW)
    box = 99
    hamper = replace(week, parts={98: [(shops.blue, 1), (box, 1)]}, levels={box: dict.fromkeys(week.pooled, 5)})
    assert hamper.is_made_to_order(98)
    assert not replace(hamper, levels={box: {shops.main: 1}}).is_made_to_order(98)


def two_lead_times(shops: Shops, pieces: int) -> int:
    """The bowl takes ten days, a tray of the same hands two; return the tray."""
    with write(shops.engine) as connection:
        save_product(connection, bowl(made_to_order_days=10), now=NOW)
        tray = bowl(
            handle="nampan", made_to_order_days=2, option_names=(), variants=(Variant("nampan", Decimal(90_000)),)
        )
        saved = save_product(connection, tray, now=NOW)
        assert saved.variant_ids is not None
        key = saved.variant_ids["nampan"]
        add_listing(connection, shops.one.id, saved.product_id, {key: pieces}, remote_id="T", known={"status": "live"})
        set_capacity(connection, "Kelompok Tungku", pieces, now=NOW)
        turn_week(connection, NOW)
        settle(connection)
    return key


def test_an_order_counts_in_the_week_it_has_to_be_ready_in(shops: Shops) -> None:
    """It is Tuesday: what takes ten days is for next week, what takes two for this one."""
    tray = two_lead_times(shops, 4)
    shops.take(order(lines=[shops.mine(shops.one, 4)]))
    assert (shown(shops), shown(shops, tray)) == ((0, 0), (4, 4))
    shops.take(order(name="T", lines=[line("1", "nampan", 3)]), began=300)
    assert (shown(shops), shown(shops, tray)) == ((0, 0), (1, 1))
    with read(shops.engine) as connection:
        weeks = list_capacity(connection, NOW)["Kelompok Tungku"].weeks
    assert [(one.begins.isoformat(), one.ordered, one.left) for one in weeks] == [
        ("2026-11-23", 3, 1),
        ("2026-11-30", 4, 0),
    ]
    shops.settle()

    # On Friday the bowl's ten days reach the week after next; the tray's two are still this week's.
    friday, saturday = week_of(NOW)[0] + 4 * DAY, week_of(NOW)[0] + 5 * DAY
    assert shown(shops, now=friday - dt.timedelta(seconds=1)) == (0, 0)
    assert (shown(shops, now=friday), shown(shops, tray, friday)) == ((4, 4), (1, 1))
    assert catch_up(shops.engine, friday - dt.timedelta(seconds=1)) == {}
    assert catch_up(shops.engine, friday) == {"opened by a new week": 3}
    assert (shops.owed(0)[0], shops.owed(1)[0]) == (int(Due.STOCK),) * 2
    shops.settle()
    # From Saturday on the tray draws on next week, which the bowls have sold out.
    assert shown(shops, tray, saturday - dt.timedelta(seconds=1)) == (1, 1)
    assert shown(shops, tray, saturday) == (0, 0)
    assert catch_up(shops.engine, saturday)["opened by a new week"] > 0
    assert catch_up(shops.engine, saturday + dt.timedelta(hours=20)) == {}


def test_the_week_is_the_crafters_whatever_zone_the_shop_is_in(shops: Shops) -> None:
    """Seven days from Sunday 23:59:59 in Jakarta end next week, a second later the week after; Jayapura is ahead."""
    made_to_order(shops, 5)
    with write(shops.engine) as connection:
        connection.execute(account.update().values(time_zone="Asia/Jayapura"))
    monday = week_of(NOW)[1]
    turn = (monday - NOW).total_seconds()
    for name, seconds in (("before", turn - 1), ("after", turn)):
        shops.take(order(name=name, lines=[shops.mine(shops.one)], created=seconds), began=seconds + 10)
    with read(shops.engine) as connection:
        weeks = list_capacity(connection, monday)["Kelompok Tungku"].weeks
    assert [(one.begins.isoformat(), one.ordered) for one in weeks] == [("2026-11-30", 1), ("2026-12-07", 1)]


def test_a_new_week_opens_it_again(shops: Shops) -> None:
    made_to_order(shops, 2)
    shops.take(order(lines=[shops.mine(shops.one, 2)]))
    assert shown(shops) == (0, 0)
    shops.settle()
    monday = week_of(NOW)[1]
    with write(shops.engine) as connection:
        assert turn_week(connection, monday - dt.timedelta(seconds=1)) == 0
        assert turn_week(connection, monday) > 0
        assert turn_week(connection, monday) == 0
    assert shops.owed(0)[0] == int(Due.STOCK)
    assert shown(shops, now=monday) == (2, 2)


def test_capacity_belongs_to_a_crafter_that_there_is(shops: Shops) -> None:
    made_to_order(shops, 2)
    with write(shops.engine) as connection:
        with pytest.raises(BadCapacity, match="Did you mean Kelompok Tungku"):
            set_capacity(connection, "Kelompok Tungkuu", 2, now=NOW)
        assert list_capacity(connection, NOW)["Kelompok Tungku"][:3] == ("Kelompok Tungku", 2, 0)
        with pytest.raises(BadReservation, match="made to order"):
            reserve(
                connection,
                "mangkuk-biru",
                1,
                account_id=shops.one.id,
                campaign="x",
                starts_at=at(0),
                ends_at=at(9),
                now=at(0),
            )
        set_capacity(connection, "Kelompok Tungku", None, now=NOW)
        assert connection.execute(select(listing.c.due)).scalars().all() == [1, 1]
    assert shown(shops) == (5, 5)
