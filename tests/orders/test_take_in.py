"""Orders as read now become what is held, gone and returned; whatever the order in which they are read."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, update

from syncer.catalogue.edit import rename_sku, save_product
from syncer.channels.records import Account, load_account
from syncer.domain.stock import Reason
from syncer.inventory.bundles import BadBundle, compose
from syncer.inventory.ledger import add_location, audit, move, set_on_hand
from syncer.inventory.levels import Level, full_levels
from syncer.orders.doors import record_sale
from syncer.orders.take_in import take_in
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Lane
from syncer.store.order_tables import bundle_part, order_line
from syncer.store.tables import account, listing, offer, retired_offer
from tests.catalogue.builders import NOW, bowl
from tests.orders.shop import FACTS, Shops, at, line, order


def test_an_order_holds_pieces_until_they_are_sent(shops: Shops) -> None:
    taken = shops.take(order("UNPAID", [shops.mine(shops.one, 2)]))
    assert (taken.changed, taken.counted, taken.unknown_lines, taken.oversold) == (1, 1, 0, ())
    assert shops.level() == Level(5, 2)
    shops.take(order("READY", [shops.mine(shops.one, 2)], updated=120), began=210)
    assert shops.level() == Level(5, 2)
    shops.take(order("SHIPPED", [shops.mine(shops.one, 2)], updated=130), began=220)
    assert shops.level() == Level(3, 0)
    assert [(row["delta"], row["held_delta"], row["reason"]) for row in shops.movements()] == [
        (0, 2, Reason.ORDERED),
        (-2, -2, Reason.SOLD),
    ]
    with read(shops.engine) as connection:
        assert audit(connection) == []


def test_the_other_shop_learns_of_a_sale(shops: Shops) -> None:
    shops.take(order(lines=[shops.mine(shops.one, 5)]))
    assert shops.owed(1) == (1, Lane.STOP)


def test_reading_an_order_again_is_nothing(shops: Shops) -> None:
    first = order(lines=[shops.mine(shops.one, 2)])
    shops.take(first)
    shops.settle()
    again = shops.take(first, first, began=300)
    assert (again.changed, again.counted) == (0, 0)
    assert (shops.owed(0), shops.owed(1)) == ((0, Lane.IDLE), (0, Lane.IDLE))
    assert len(shops.movements()) == 1
    assert shops.orders()[0]["read_as_of"] == at(300)


_STATES: list[tuple[list[tuple[str, list[int]]], Level]] = [
    ([("READY", [3]), ("READY", [2])], Level(0, 2)),
    ([("READY", [2]), ("READY", [1, 1])], Level(0, 2)),
    ([("READY", [2]), ("CANCELLED", [2])], Level(0, 0)),
    ([("READY", [2]), ("CANCELLED", [2]), ("READY", [2])], Level(0, 2)),
    ([("READY", [2]), ("READY", [])], Level(0, 0)),
    ([("SHIPPED", [2]), ("CANCELLED", [2])], Level(-2, 0)),
    ([("SHIPPED", [2]), ("READY", [2])], Level(0, 2)),
    ([("SHIPPED", [2]), ("TO_RETURN", [2])], Level(-2, 0)),
    ([("READY", [2]), ("TO_RETURN", [2])], Level(0, 2)),
    ([("READY", [3]), ("TO_RETURN", [2])], Level(0, 3)),
    ([("TO_RETURN", [2])], Level(0, 2)),
    ([("new status", [1]), ("CANCELLED", [1])], Level(0, 0)),
    ([("TRIAL", [2])], Level(0, 0)),
]


def test_the_newest_state_counts(shops: Shops) -> None:
    for case, (states, moved) in enumerate(_STATES):
        before = shops.level()
        for number, (status, quantities) in enumerate(states):
            lines = [shops.mine(shops.one, quantity, f"l{key}") for key, quantity in enumerate(quantities)]
            now = order(status, lines or [shops.mine(shops.one, 0)], name=f"case {case}", updated=100 + number)
            shops.take(now, began=200 + number)
        after = shops.level()
        assert Level(after.on_hand - before.on_hand, after.held - before.held) == moved, states
    with read(shops.engine) as connection:
        assert audit(connection) == []


def test_lines_with_a_status_of_their_own(shops: Shops) -> None:
    both = [shops.mine(shops.one, 1, "a"), shops.mine(shops.one, 2, "b")]
    shops.take(order("READY", both))
    called_off = [shops.mine(shops.one, 1, "a", status="CANCELLED"), shops.mine(shops.one, 2, "b", status="SHIPPED")]
    shops.take(order("READY", called_off, updated=120), began=210)
    assert shops.level() == Level(3, 0)


def test_an_older_read_never_overwrites_a_newer_one(shops: Shops) -> None:
    shops.take(order("SHIPPED", updated=150), began=220)
    late = shops.take(order("READY", updated=150), began=210)
    stale = shops.take(order("READY", updated=120), began=230)
    assert (late.stale, stale.stale) == (1, 1)
    assert shops.level() == Level(4, 0)
    assert shops.orders()[0]["status"] == "SHIPPED"


def test_what_had_gone_and_is_called_off_is_asked_about(shops: Shops) -> None:
    shops.take(order("SHIPPED"))
    shops.take(order("CANCELLED", updated=110), began=210)
    assert shops.orders()[0]["problem"] == {"code": "ask", "variants": [shops.blue], "pieces": [1]}
    shops.take(order("SHIPPED", updated=120), began=220)
    assert shops.orders()[0]["problem"] is None
    assert shops.level() == Level(4, 0)


def test_an_order_beyond_reason_is_kept_apart(shops: Shops) -> None:
    mad = [line(str(number), quantity=1_000_000) for number in range(3)]
    taken = shops.take(order(lines=mad, name="gila"), order())
    assert taken.counted == 1
    assert shops.level() == Level(5, 1)
    assert {row["remote_id"]: (row["problem"] or {}).get("code") for row in shops.orders()} == {
        "gila": "too_many",
        "A1": None,
    }


def test_lines_that_share_an_id_are_all_counted(shops: Shops) -> None:
    shops.take(order(lines=[line("x"), line("x"), line("x", quantity=2)]))
    assert shops.level() == Level(5, 4)


# --- what a line means ----------------------------------------------------------------------------------------------


def test_remote_ids_come_first_then_former_ones_then_the_sku(shops: Shops) -> None:
    key = shops.one.id
    with write(shops.engine) as connection:
        values = {"account_id": key, "listing_remote_id": "old", "remote_id": "M9", "retired_at": NOW}
        connection.execute(retired_offer.insert().values(**values, variant_id=shops.white))
        rename_sku(connection, "mangkuk-putih", "putih-baru", now=NOW)
    lines = [
        line("ids", sku="mangkuk-putih", listing_id=f"L{key}", offer_id=f"M{shops.blue}"),
        line("former", sku="tidak ada", listing_id="old", offer_id="M9"),
        line("sku", sku=" mangkuk-biru "),
        line("alias", sku="mangkuk-putih", listing_id="elsewhere", offer_id="M1"),
        line("unknown", sku="gelas"),
        line("empty", sku=""),
    ]
    taken = shops.take(order(lines=lines))
    assert taken.unknown_lines == 2
    with read(shops.engine) as connection:
        bound = dict(connection.execute(select(order_line.c.line_id, order_line.c.variant_id)).tuples().all())
    blue, white = shops.blue, shops.white
    assert bound == {"ids": blue, "former": white, "sku": blue, "alias": white, "unknown": None, "empty": None}


def test_a_listing_with_one_offer_needs_no_offer_id(shops: Shops) -> None:
    with write(shops.engine) as connection:
        connection.execute(offer.delete().where(offer.c.variant_id == shops.white))
    shops.take(order(lines=[line(sku="", listing_id=f"L{shops.one.id}")]))
    assert shops.level() == Level(5, 1)


def test_a_line_keeps_its_meaning_when_its_listing_is_no_more(shops: Shops) -> None:
    shops.take(order(lines=[shops.mine(shops.one, sku="")]))
    with write(shops.engine) as connection:
        connection.execute(offer.delete())
        connection.execute(listing.delete())
    shops.take(order("SHIPPED", [shops.mine(shops.one, sku="")], updated=110), began=210)
    assert shops.level() == Level(4, 0)


def test_a_sku_that_appears_later_is_found_at_the_next_read(shops: Shops) -> None:
    assert shops.take(order(lines=[line(sku="baru-1")])).unknown_lines == 1
    with write(shops.engine) as connection:
        save_product(connection, bowl("baru", option_names=(), variants=(_variant("baru-1"),)), now=NOW)
    assert shops.take(order(lines=[line(sku="baru-1")]), began=210).unknown_lines == 0


def test_an_order_of_a_bundle_counts_its_parts(shops: Shops) -> None:
    with write(shops.engine) as connection:
        saved = save_product(connection, bowl("hamper", option_names=(), variants=(_variant("hamper"),)), now=NOW)
        assert saved.variant_ids is not None
        hamper = saved.variant_ids["hamper"]
        for part, pieces in ((shops.blue, 2), (shops.white, 1)):
            connection.execute(bundle_part.insert().values(variant_id=hamper, part_id=part, quantity=pieces))
        set_on_hand(connection, "mangkuk-putih", 3, now=NOW)
    shops.take(order(lines=[line(sku="hamper", quantity=2), line("2")]))
    assert (shops.level(), shops.level(shops.white), shops.level(hamper)) == (Level(5, 5), Level(3, 2), Level())
    for parts in ([], [("mangkuk-putih", 1)]):
        with pytest.raises(BadBundle, match="A1"), write(shops.engine) as connection:
            compose(connection, "hamper", parts, now=NOW)
    with write(shops.engine) as connection:
        compose(connection, "hamper", [("mangkuk-biru", 2), ("mangkuk-putih", 1)], now=NOW)
    shops.take(order("CANCELLED", [line(sku="hamper", quantity=2), line("2")], updated=110), began=210)
    with write(shops.engine) as connection:
        assert compose(connection, "hamper", [], now=NOW).parts == ()


# --- where the pieces come from -------------------------------------------------------------------------------------


def test_the_place_with_most_free_pieces_gives_them_and_keeps_giving(shops: Shops) -> None:
    with write(shops.engine) as connection:
        gallery = add_location(connection, "galeri").id
        apart = add_location(connection, "mal", pooled=False).id
        set_on_hand(connection, "mangkuk-biru", 7, location="galeri", now=NOW)
        set_on_hand(connection, "mangkuk-biru", 99, location="mal", now=NOW)
    shops.take(order(lines=[line(quantity=4)]), order(name="A2", lines=[line(quantity=2)]))
    with write(shops.engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 50, location="utama", now=NOW)
    shops.take(order("SHIPPED", [line(quantity=4)], updated=110), began=210)
    with read(shops.engine) as connection:
        levels = full_levels(connection, [shops.blue])[shops.blue]
    assert levels == {shops.main: Level(50, 2), gallery: Level(3, 0), apart: Level(99, 0)}


def test_an_account_sells_from_its_own_place(shops: Shops) -> None:
    with write(shops.engine) as connection:
        apart = add_location(connection, "mal", pooled=False).id
        connection.execute(update(account).where(account.c.id == shops.one.id).values(location_id=apart))
        shops.one = load_account(connection, shops.one.id)
    taken = shops.take(order())
    with read(shops.engine) as connection:
        assert full_levels(connection, [shops.blue])[shops.blue][apart] == Level(0, 1)
    assert taken.oversold == (shops.blue,)


# --- going live -----------------------------------------------------------------------------------------------------


def test_what_was_over_before_going_live_is_listed_and_not_counted(shops: Shops) -> None:
    taken = shops.take(
        order("SHIPPED", name="gone"),
        order("CANCELLED", name="off"),
        order("READY", name="open"),
        order("READY", [line("a", status="SHIPPED"), line("b")], name="half"),
        opening=True,
    )
    assert (taken.changed, taken.counted) == (4, 2)
    assert shops.level() == Level(5, 2)
    assert {row["remote_id"]: row["counted"] for row in shops.orders()} == {
        "gone": False,
        "off": False,
        "open": True,
        "half": True,
    }
    later = [
        order("SHIPPED", name="gone", updated=120),
        order("READY", name="off", updated=120),
        order("SHIPPED", name="open", updated=120),
        order("SHIPPED", [line("a"), line("b")], name="half", updated=120),
    ]
    shops.take(*later, began=210, opening=True)
    assert shops.level() == Level(3, 1)
    assert {row["remote_id"]: row["counted"] for row in shops.orders()}["off"] is True


# --- oversells ------------------------------------------------------------------------------------------------------


def test_an_oversell_is_flagged_with_the_order_and_ends_by_itself(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=4)]))
    taken = shops.take(order(name="B1", lines=[line(quantity=3)]), account=shops.two)
    assert taken.oversold == (shops.blue,)
    assert shops.level() == Level(5, 7)
    (flag,) = shops.oversells()
    second = next(row["id"] for row in shops.orders() if row["remote_id"] == "B1")
    assert (flag["short"], flag["order_id"], flag["state"], flag["flagged_at"]) == (2, second, "open", at(201))
    shops.take(order(name="B1", lines=[line(quantity=2)], updated=130), account=shops.two, began=230)
    assert [(row["short"], row["state"]) for row in shops.oversells()] == [(1, "open")]
    shops.take(order("CANCELLED", lines=[line(quantity=4)], updated=140), began=240)
    assert [row["state"] for row in shops.oversells()] == ["settled"]


def test_parcels_that_leave_are_no_oversell(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=5)]))
    assert shops.take(order("SHIPPED", [line(quantity=5)], updated=110), began=210).oversold == ()


# --- two at once ----------------------------------------------------------------------------------------------------


def test_two_shops_take_orders_in_at_the_same_time(engine: Engine) -> None:
    shops = Shops(engine)
    with write(engine) as connection:
        set_on_hand(connection, "mangkuk-putih", 5, now=NOW)
    rounds, errors = 10, []
    start = threading.Barrier(3)

    def sell(account: Account, skus: list[str]) -> None:
        try:
            start.wait(5)
            for number in range(rounds):
                lines = [line(str(key), sku=sku) for key, sku in enumerate(skus)]
                with write(engine) as connection:
                    take_in(
                        connection,
                        account,
                        FACTS,
                        [order(name=f"O{number}", lines=lines), order(name=f"P{number}", lines=lines[::-1])],
                        read_began_at=at(200 + number),
                        now=at(201 + number),
                    )
        except Exception as error:
            errors.append(error)

    def tend() -> None:
        """Somebody else moves stock in the same seconds."""
        try:
            start.wait(5)
            for number in range(rounds):
                for sku in ("mangkuk-putih", "mangkuk-biru"):
                    with write(engine) as connection:
                        record_sale(connection, sku, now=at(300 + number))
                        move(connection, sku, 1, reason=Reason.MADE, now=at(300 + number))
        except Exception as error:
            errors.append(error)

    threads = [
        threading.Thread(target=sell, args=(shops.one, ["mangkuk-biru", "mangkuk-putih"])),
        threading.Thread(target=sell, args=(shops.two, ["mangkuk-putih", "mangkuk-biru"])),
        threading.Thread(target=tend),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert (shops.level(), shops.level(shops.white)) == (Level(5, 4 * rounds), Level(5, 4 * rounds))
    with read(engine) as connection:
        assert audit(connection) == []


def test_the_same_order_read_by_two_workers_counts_once(engine: Engine) -> None:
    shops = Shops(engine)
    errors: list[Exception] = []

    def look() -> None:
        try:
            shops.take(order(lines=[line(quantity=2)]), order(name="A2"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert shops.level() == Level(5, 3)
    assert len(shops.movements()) == 2


def _variant(sku: str) -> object:
    from decimal import Decimal

    from syncer.domain.product import Variant

    return Variant(sku, Decimal(1000))
