"""What orders ask of a person, and what the answers do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncer.catalogue.edit import save_product
from syncer.domain.order import Meaning, OrderLine
from syncer.domain.product import Variant
from syncer.domain.stock import Reason
from syncer.inventory.ledger import audit, set_on_hand
from syncer.inventory.levels import Level
from syncer.orders.errors import OrderError
from syncer.orders.inbox import ask_returned, close, find_order, give_back, questions, unknown_lines
from syncer.orders.meant import bind_known, bind_line, concerned
from syncer.store.engine import read, write
from syncer.store.marks import Due, Lane
from syncer.store.order_tables import bundle_part
from syncer.store.skus import UnknownSku
from tests.catalogue.builders import NOW, bowl
from tests.orders.shop import Shops, at, line, order


def test_an_unknown_sku_is_bound_later_and_the_stock_corrected(shops: Shops) -> None:
    unknown = strange(2)
    shops.take(
        order(lines=[unknown, line("8")]),
        order(name="A2", lines=[line("1", sku="MGK-B", listing_id="X1", offer_id="Y1")]),
        order("CANCELLED", name="A3", lines=[line("1", sku="lain")]),
    )
    shops.settle()
    with read(shops.engine) as connection:
        waiting = unknown_lines(connection)
    assert [(one.order, one.line, one.sku, one.quantity, one.meaning) for one in waiting] == [
        ("A1", "7", "MGK-B", 2, Meaning.SOLD),
        ("A2", "1", "MGK-B", 1, Meaning.SOLD),
    ]
    with write(shops.engine) as connection:
        with pytest.raises(UnknownSku):
            bind_line(connection, "A1", "7", "gelas", now=at(300))
        with pytest.raises(OrderError, match="no line"):
            bind_line(connection, "A1", "9", "mangkuk-biru", now=at(300))
        with pytest.raises(OrderError, match="no order"):
            bind_line(connection, "Z", "9", "mangkuk-biru", now=at(300))
        done = bind_line(connection, "A1", "MGK-B", "mangkuk-biru", now=at(300))
        assert (done.lines, done.sku, len(done.moved), done.oversold) == (2, "mangkuk-biru", 2, ())
        with pytest.raises(OrderError, match="means mangkuk-biru already"):
            bind_line(connection, "A1", "7", "mangkuk-putih", now=at(300))
        assert unknown_lines(connection) == []
        assert audit(connection) == []
    assert shops.level() == Level(5, 4)
    assert shops.owed(1) == (Due.STOCK, Lane.FALL)
    # The next order that names it so is understood at once, and the order itself goes on as any other.
    assert shops.take(order(name="A4", lines=[unknown]), began=310).unknown_lines == 0
    shops.take(order("SHIPPED", [unknown, line("8")], updated=120), began=320)
    assert shops.level() == Level(2, 3)


def test_a_line_that_meant_nothing_makes_the_number_unsure(shops: Shops) -> None:
    shops.take(order(lines=[line("7", sku="MGK-B", quantity=2)]))
    shops.settle()
    with write(shops.engine) as connection:
        bind_line(connection, "A1", "7", "mangkuk-biru", now=at(300))
    assert shops.shown(0) == (3, True)
    assert shops.shown(1) == (5, False)


def test_what_the_catalogue_knows_by_now_is_bound_by_itself(shops: Shops) -> None:
    shops.take(order(lines=[line(sku="hamper-1", quantity=2)]), order(name="A2", lines=[line(sku="never")]))
    with write(shops.engine) as connection:
        value = bowl("hamper", option_names=(), variants=(Variant("hamper-1", Decimal(1)),))
        saved = save_product(connection, value, now=NOW)
        assert saved.variant_ids is not None
        parts = {"variant_id": saved.variant_ids["hamper-1"], "part_id": shops.blue, "quantity": 3}
        connection.execute(bundle_part.insert().values(parts))
        assert bind_known(connection, now=at(300)) == 1
        assert bind_known(connection, now=at(301)) == 0
        assert [one.order for one in unknown_lines(connection)] == ["A2"]
    assert shops.level() == Level(5, 6)
    assert [row["short"] for row in shops.oversells()] == [1]


def strange(quantity: int = 1, **more: str) -> OrderLine:
    return line("7", sku="MGK-B", quantity=quantity, listing_id="X1", offer_id="Y1", **more)


def test_what_was_bound_wrongly_is_bound_again_and_its_counts_move(shops: Shops) -> None:
    with write(shops.engine) as connection:
        set_on_hand(connection, "mangkuk-putih", 9, now=NOW)
    shops.take(order(lines=[strange(2)]), order("SHIPPED", [strange(3)], name="A2"))
    with write(shops.engine) as connection:
        bind_line(connection, "A1", "7", "mangkuk-putih", now=at(300))
    shops.take(order("CANCELLED", [strange(3)], name="A2", updated=120), began=310)
    with write(shops.engine) as connection:
        give_back(connection, find_order(connection, "A2"), pieces=1, now=at(320))
    assert (shops.level(), shops.level(shops.white)) == (Level(5, 0), Level(7, 2))
    with read(shops.engine) as connection:
        found = concerned(connection, "A1", "7", "mangkuk-biru", again=True)
    assert [(one.order, one.line, one.quantity, one.was) for one in found] == [
        ("A1", "7", 2, "mangkuk-putih"),
        ("A2", "7", 3, "mangkuk-putih"),
    ]
    with write(shops.engine) as connection:
        assert bind_line(connection, "A1", "7", "mangkuk-biru", again=True, now=at(330)).lines == 2
        assert audit(connection) == []
        assert questions(connection) == []
        with pytest.raises(OrderError, match="means mangkuk-biru already"):
            bind_line(connection, "A1", "7", "mangkuk-biru", again=True, now=at(331))
    # Two are held, three had gone and one of them is back: of the blue one now, and no white one is missing.
    assert (shops.level(), shops.level(shops.white)) == (Level(3, 2), Level(9, 0))
    # Reading the orders again changes nothing, and the next one that names it so means the blue one.
    shops.take(order(lines=[strange(2)]), order("CANCELLED", [strange(3)], name="A2", updated=120), began=340)
    shops.take(order(name="A3", lines=[strange()]), began=350)
    assert (shops.level(), shops.level(shops.white)) == (Level(3, 3), Level(9, 0))


def test_binding_what_would_oversell_changes_nothing_until_a_person_insists(shops: Shops) -> None:
    shops.take(order(lines=[strange(6)]))
    with pytest.raises(OrderError, match="1 short"), write(shops.engine) as connection:
        bind_line(connection, "A1", "7", "mangkuk-biru", oversell_ok=False, now=at(300))
    assert (shops.level(), shops.oversells()) == (Level(5, 0), [])
    with write(shops.engine) as connection:
        assert len(unknown_lines(connection)) == 1
        assert bind_line(connection, "A1", "7", "mangkuk-biru", now=at(310)).oversold == (shops.blue,)
    assert shops.level() == Level(5, 6)


def test_a_line_of_a_bundle_is_bound_again_with_its_parts(shops: Shops) -> None:
    with write(shops.engine) as connection:
        value = bowl("hamper", option_names=(), variants=(Variant("hamper-1", Decimal(1)),))
        saved = save_product(connection, value, now=NOW)
        assert saved.variant_ids is not None
        parts = {"variant_id": saved.variant_ids["hamper-1"], "part_id": shops.blue, "quantity": 2}
        connection.execute(bundle_part.insert().values(parts))
    shops.take(order("SHIPPED", [strange(2)]))
    with write(shops.engine) as connection:
        bind_line(connection, "A1", "7", "hamper-1", now=at(300))
    assert shops.level() == Level(1, 0)
    with write(shops.engine) as connection:
        bind_line(connection, "A1", "7", "mangkuk-biru", again=True, now=at(310))
        assert audit(connection) == []
    assert (shops.level(), shops.counts()) == (Level(3, 0), [(0, 2, 0)])


def test_pieces_that_came_back_go_on_the_shelf(shops: Shops) -> None:
    shops.take(order("SHIPPED", [line(quantity=3)]))
    shops.take(order("CANCELLED", [line(quantity=3)], updated=110), began=210)
    with write(shops.engine) as connection:
        (asked,) = questions(connection)
        assert (asked["order"], asked["code"], asked["pieces"]) == ("A1", "ask", {"mangkuk-biru": 3})
        which = find_order(connection, "A1")
        with pytest.raises(OrderError, match="Only 3"):
            give_back(connection, which, sku="mangkuk-biru", pieces=4, now=at(300))
        with pytest.raises(OrderError, match="Nothing of order"):
            give_back(connection, which, sku="mangkuk-putih", now=at(300))
        (moved,) = give_back(connection, which, sku="mangkuk-biru", pieces=2, actor="ani", now=at(300))
        assert (moved.delta, moved.reason, moved.on_hand_after) == (2, Reason.RETURNED, 4)
        assert questions(connection) == []
    shops.take(order("CANCELLED", [line(quantity=3)], updated=110), began=310)
    with write(shops.engine) as connection:
        assert questions(connection) == []
        give_back(connection, find_order(connection, "A1"), now=at(320))
        with pytest.raises(OrderError, match="Nothing"):
            give_back(connection, find_order(connection, "A1"), now=at(330))
        assert audit(connection) == []
    shops.take(order("CANCELLED", [line(quantity=3)], updated=130), began=340)
    assert shops.level() == Level(5, 0)
    assert shops.counts() == [(0, 3, 3)]


def test_lost_pieces_stay_gone_and_are_not_asked_about_again(shops: Shops) -> None:
    shops.take(order("SHIPPED"))
    shops.take(order("CANCELLED", updated=110), began=210)
    with write(shops.engine) as connection:
        assert give_back(connection, find_order(connection, "A1"), lost=True, now=at(300)) == []
    shops.take(order("CANCELLED", updated=110), began=310)
    with read(shops.engine) as connection:
        assert questions(connection) == []
    assert shops.level() == Level(4, 0)


def asked(shops: Shops) -> list[dict[str, int]]:
    with read(shops.engine) as connection:
        return [row["pieces"] for row in questions(connection)]


@pytest.mark.parametrize(("lost", "left", "counts"), [(False, 5, (0, 2, 2)), (True, 3, (0, 2, 0))])
def test_an_order_first_seen_on_its_way_back_can_be_answered(
    shops: Shops, lost: bool, left: int, counts: tuple[int, int, int]
) -> None:
    returning = order("TO_RETURN", [line(quantity=2)])
    shops.take(returning)
    assert (shops.level(), asked(shops)) == (Level(5, 2), [{"mangkuk-biru": 2}])
    with write(shops.engine) as connection:
        give_back(connection, find_order(connection, "A1"), lost=lost, now=at(300))
        assert audit(connection) == []
    assert (shops.level(), shops.counts()) == (Level(left, 0), [counts])
    # What the platform says next changes nothing: the piece is where the person said.
    shops.take(returning, began=310)
    assert asked(shops) == []
    shops.take(order("SHIPPED", [line(quantity=2)], updated=120), began=320)
    assert (shops.level(), shops.counts()) == (Level(left, 0), [counts])


def test_of_a_partial_return_only_what_comes_back_is_asked_about(shops: Shops) -> None:
    shops.take(order("SHIPPED", [line(quantity=2)]))
    parts = [line("1", quantity=1), line("1-back", quantity=1, status="TO_RETURN")]
    shops.take(order("SHIPPED", parts, updated=110), began=210)
    assert asked(shops) == [{"mangkuk-biru": 1}]
    with write(shops.engine) as connection:
        (moved,) = give_back(connection, find_order(connection, "A1"), now=at(300))
        assert moved.delta == 1
        with pytest.raises(OrderError, match="Nothing of order"):
            give_back(connection, find_order(connection, "A1"), now=at(301))
    assert (shops.level(), shops.counts()) == (Level(4, 0), [(0, 2, 1)])
    shops.take(order("SHIPPED", parts, updated=110), began=310)
    assert asked(shops) == []
    # The other one comes back too: that is asked anew, of one piece.
    shops.take(order("SHIPPED", [line(quantity=2, status="TO_RETURN")], updated=120), began=320)
    assert asked(shops) == [{"mangkuk-biru": 1}]
    with write(shops.engine) as connection:
        give_back(connection, find_order(connection, "A1"), now=at(400))
        assert audit(connection) == []
    assert (shops.level(), shops.counts()) == (Level(5, 0), [(0, 2, 2)])


def test_an_order_of_a_shop_that_is_away_is_closed_by_hand(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=2)]), order(name="A2"))
    with write(shops.engine) as connection:
        close(connection, find_order(connection, "A1"), sent=True, now=at(300))
        close(connection, find_order(connection, "A2"), sent=False, now=at(300))
        with pytest.raises(OrderError, match="holds nothing"):
            close(connection, find_order(connection, "A2"), sent=False, now=at(300))
        assert audit(connection) == []
    assert shops.level() == Level(3, 0)
    shops.take(order("SHIPPED", [line(quantity=2)], updated=110), order("READY", name="A2", updated=110), began=310)
    assert shops.level() == Level(3, 1)


def test_two_shops_may_use_one_number(shops: Shops) -> None:
    shops.take(order())
    shops.take(order(), account=shops.two)
    with read(shops.engine) as connection:
        with pytest.raises(OrderError, match="Several orders"):
            find_order(connection, "A1")
        assert find_order(connection, "2").account_id == shops.two.id


def test_a_return_that_only_a_webhook_tells_of_is_asked_once(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=3)]))
    returns = {"A1": "R1", "A2": "R2"}
    with write(shops.engine) as connection:
        assert ask_returned(connection, shops.one.id, returns) == {"A1", "A2"}, "nothing has gone yet"
    shops.take(order("SHIPPED", [line(quantity=3)], updated=200), began=210)
    with write(shops.engine) as connection:
        assert ask_returned(connection, shops.one.id, returns) == {"A2"}
    # The order as read goes on showing nothing of it.
    shops.take(order("SHIPPED", [line(quantity=3)], updated=300), began=310)
    with write(shops.engine) as connection:
        (asked,) = questions(connection)
        assert (asked["code"], asked["pieces"]) == ("return", {"mangkuk-biru": 3})
        with pytest.raises(OrderError, match="which pieces"):
            give_back(connection, find_order(connection, "A1"), now=at(400))
        give_back(connection, find_order(connection, "A1"), pieces=1, now=at(400))
    assert shops.level() == Level(3, 0)
    shops.take(order("SHIPPED", [line(quantity=3)], updated=500), began=510)
    with write(shops.engine) as connection:
        assert ask_returned(connection, shops.one.id, {"A1": "R1"}) == frozenset()
        assert questions(connection) == []
        assert ask_returned(connection, shops.one.id, {"A1": "R9"}) == frozenset()
        assert [one["pieces"] for one in questions(connection)] == [{"mangkuk-biru": 2}]
        assert audit(connection) == []
