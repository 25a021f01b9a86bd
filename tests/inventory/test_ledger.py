from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from syncer.catalogue.edit import save_product
from syncer.domain.product import Variant
from syncer.domain.stock import STOCK_MAX, Reason
from syncer.inventory.bulk import Count, import_counts, would_move
from syncer.inventory.errors import BadLocation, BadQuantity, StockMoved, UnknownLocation
from syncer.inventory.ledger import (
    add_location,
    audit,
    available,
    find_location,
    levels,
    list_locations,
    move,
    set_on_hand,
    transfer,
)
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Due, Lane
from syncer.store.skus import UnknownSku
from syncer.store.tables import stock_level, stock_movement
from syncer.store.wakeup import WakeListener
from tests.catalogue.builders import LATER, NOW, add_account, add_listing, bowl, owed, settle


@pytest.fixture
def ids(engine: Engine) -> dict[str, int]:
    """A bowl in two colours: variant ids by colour, and the product's."""
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
    assert saved.variant_ids is not None
    return {
        "product": saved.product_id,
        "blue": saved.variant_ids["mangkuk-biru"],
        "white": saved.variant_ids["mangkuk-putih"],
    }


def test_a_count_becomes_a_movement(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        first = set_on_hand(connection, "mangkuk-biru", 5, actor="ani", note="rak\u202e atas", now=NOW)
        again = set_on_hand(connection, "mangkuk-biru", 5, now=NOW)
        second = set_on_hand(connection, "mangkuk-biru", 2, was=5, now=LATER)
    assert first is not None
    assert second is not None
    assert (first.delta, first.on_hand_after, first.location, first.reason) == (5, 5, "utama", Reason.COUNT)
    assert again is None
    assert (second.delta, second.on_hand_after, second.at) == (-3, 2, LATER)
    with read(engine) as connection:
        assert available(connection, [ids["blue"], ids["white"]]) == {ids["blue"]: 2, ids["white"]: 0}
        rows = connection.execute(select(stock_movement.c.note, stock_movement.c.actor)).all()
        assert [tuple(row) for row in rows] == [("rak atas", "ani"), ("", "")]
        assert audit(connection) == []


def test_was_refuses_what_moved_meanwhile(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 5, now=NOW)
    with pytest.raises(StockMoved, match="is 5 now, not 6") as caught, write(engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 9, was=6, now=NOW)
    assert caught.value.on_hand == 5
    with read(engine) as connection:
        assert available(connection, [ids["blue"]]) == {ids["blue"]: 5}


def test_a_reference_counts_once(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        assert move(connection, "mangkuk-biru", 3, reason=Reason.MADE, now=NOW, reference="m1") is not None
        assert move(connection, "mangkuk-biru", 3, reason=Reason.MADE, now=NOW, reference="m1") is None
        assert set_on_hand(connection, "mangkuk-biru", 9, now=NOW, reference="m1", was=77) is None
        assert available(connection, [ids["blue"]]) == {ids["blue"]: 3}


@pytest.mark.parametrize("wrong", [-1, STOCK_MAX + 1, 2**63])
def test_counts_have_bounds(engine: Engine, ids: dict[str, int], wrong: int) -> None:
    with write(engine) as connection:
        with pytest.raises(BadQuantity):
            set_on_hand(connection, "mangkuk-biru", wrong, now=NOW)
        with pytest.raises(BadQuantity):
            import_counts(connection, [Count(ids["blue"], ids["product"], wrong, 1)], source="x", run="1", now=NOW)
        assert set_on_hand(connection, "mangkuk-biru", STOCK_MAX, now=NOW) is not None
        with pytest.raises(BadQuantity):
            move(connection, "mangkuk-biru", 1, reason=Reason.MADE, now=NOW)


def test_more_than_is_there_cannot_be_taken_but_a_sale_is_a_fact(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 1, now=NOW)
        with pytest.raises(BadQuantity, match="only 1"):
            move(connection, "mangkuk-biru", -2, reason=Reason.DAMAGED, now=NOW)
        sold = move(connection, "mangkuk-biru", -2, reason=Reason.SOLD, now=NOW)
        assert sold is not None
        assert sold.on_hand_after == -1
        assert available(connection, [ids["blue"]]) == {ids["blue"]: -1}


def test_unknown_names_are_answered_with_close_ones(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        add_location(connection, "galeri", "Galeri Setu")
        with pytest.raises(UnknownSku, match="Did you mean mangkuk-biru"):
            set_on_hand(connection, "mangkuk-bir", 1, now=NOW)
        with pytest.raises(UnknownLocation, match="Did you mean galeri"):
            set_on_hand(connection, "mangkuk-biru", 1, location="galery", now=NOW)
        with pytest.raises(BadLocation):
            add_location(connection, "Galeri Baru")
        with pytest.raises(BadLocation, match="exists already"):
            add_location(connection, "galeri")
        assert [place.code for place in list_locations(connection)] == ["galeri"]


def test_only_pooled_locations_are_free_for_all(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        add_location(connection, "galeri")
        mall = add_location(connection, "mal", pooled=False)
        set_on_hand(connection, "mangkuk-biru", 4, now=NOW)
        set_on_hand(connection, "mangkuk-biru", 2, location="galeri", now=NOW)
        both = transfer(connection, "mangkuk-biru", 3, origin="utama", target="mal", now=NOW, reference="t1")
        assert transfer(connection, "mangkuk-biru", 3, origin="utama", target="mal", now=NOW, reference="t1") is None
        assert both is not None
        assert [one.delta for one in both] == [-3, 3]
        assert available(connection, [ids["blue"]]) == {ids["blue"]: 3}
        assert available(connection, [ids["blue"]], mall.id) == {ids["blue"]: 3}
        home, gallery = find_location(connection).id, find_location(connection, "galeri").id
        assert levels(connection, [ids["blue"], 999]) == {ids["blue"]: {home: 1, gallery: 2, mall.id: 3}, 999: {}}
        with pytest.raises(BadQuantity):
            transfer(connection, "mangkuk-biru", 2, origin="utama", target="mal", now=NOW)


# --- marks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "shown", "account", "lane"),
    [
        (5, 0, 5, {}, Lane.STOP),
        (5, 2, 5, {"buffer": 2}, Lane.STOP),
        (5, 3, 5, {}, Lane.FALL),
        (5, 8, 5, {}, Lane.RISE),
        (0, 3, 0, {}, Lane.RISE),
        (5, 0, 0, {}, Lane.RISE),
        (5, 0, None, {}, Lane.STOP),
        (2, 4, 3, {"buffer": 2}, Lane.FALL),
    ],
)
def test_a_movement_marks_in_the_lane_it_deserves(
    engine: Engine,
    ids: dict[str, int],
    before: int,
    after: int,
    shown: int | None,
    account: dict[str, int],
    lane: Lane,
) -> None:
    with write(engine) as connection:
        set_on_hand(connection, "mangkuk-biru", before, now=NOW)
        set_on_hand(connection, "mangkuk-putih", 100, now=NOW)
        listed = add_listing(
            connection, add_account(connection, **account), ids["product"], {ids["blue"]: shown, ids["white"]: 1}
        )
        set_on_hand(connection, "mangkuk-biru", after, now=LATER)
        assert owed(connection, listed) == (Due.STOCK, lane)


def test_a_single_piece_is_no_stop_because_of_a_buffer(engine: Engine) -> None:
    with write(engine) as connection:
        value = bowl(option_names=(), variants=(Variant("satu", Decimal(1), single_piece=True),))
        saved = save_product(connection, value, now=NOW)
        assert saved.variant_ids is not None
        set_on_hand(connection, "satu", 2, now=NOW)
        shop = add_account(connection, buffer=1)
        listed = add_listing(connection, shop, saved.product_id, {saved.variant_ids["satu"]: 1})
        set_on_hand(connection, "satu", 1, now=NOW)
        assert owed(connection, listed)[1] == Lane.RISE
        set_on_hand(connection, "satu", 0, now=NOW)
        assert owed(connection, listed)[1] == Lane.STOP


def test_each_account_is_judged_by_its_own_location(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        mall = add_location(connection, "mal", pooled=False)
        set_on_hand(connection, "mangkuk-biru", 4, now=NOW)
        set_on_hand(connection, "mangkuk-biru", 2, location="mal", now=NOW)
        pool = add_listing(connection, add_account(connection, "a"), ids["product"], {ids["blue"]: 4})
        corner = add_account(connection, "b", location_id=mall.id)
        own = add_listing(connection, corner, ids["product"], {ids["blue"]: 2})
        set_on_hand(connection, "mangkuk-biru", 0, location="mal", now=NOW)
        assert owed(connection, own) == (Due.STOCK, Lane.STOP)
        assert owed(connection, pool) == (Due.STOCK, Lane.RISE)
        settle(connection)
        set_on_hand(connection, "mangkuk-biru", 0, now=NOW)
        assert owed(connection, pool) == (Due.STOCK, Lane.STOP)


def test_a_create_under_way_may_show_more_than_is_left(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 4, now=NOW)
        listed = add_listing(
            connection, add_account(connection), ids["product"], remote_id=None, under_way={"op": "create"}
        )
        set_on_hand(connection, "mangkuk-biru", 0, now=NOW)
        assert owed(connection, listed)[1] == Lane.FALL


def test_a_commit_wakes_who_waits(engine: Engine, ids: dict[str, int]) -> None:
    woken = threading.Event()
    with write(engine) as connection:
        add_listing(connection, add_account(connection), ids["product"])
    with WakeListener(engine, woken.set):
        assert woken.wait(2)
        woken.clear()
        with write(engine) as connection:
            set_on_hand(connection, "mangkuk-biru", 1, now=NOW)
        assert woken.wait(2)


# --- append-only, and true --------------------------------------------------------------------------------------


@pytest.mark.parametrize("forbidden", [update(stock_movement).values(delta=1), delete(stock_movement)])
@pytest.mark.rule("K5")
def test_the_database_refuses_to_rewrite_the_ledger(engine: Engine, ids: dict[str, int], forbidden: object) -> None:
    with write(engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 4, now=NOW)
    with pytest.raises(DBAPIError, match="append-only"), write(engine) as connection:
        connection.execute(forbidden)  # type: ignore[call-overload]
    with read(engine) as connection:
        assert connection.execute(select(func.sum(stock_movement.c.delta))).scalar() == 4


def test_the_audit_finds_a_level_that_is_not_its_ledger(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 4, now=NOW)
        connection.execute(update(stock_level).values(on_hand=6))
        place = find_location(connection).id
        connection.execute(insert(stock_level).values(variant_id=ids["white"], location_id=place, on_hand=1))
        found = [(one.sku, one.location, one.on_hand, one.ledger) for one in audit(connection)]
    assert found == [("mangkuk-biru", "utama", 6, 4), ("mangkuk-putih", "utama", 1, 0)]


_STEP = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(["utama", "galeri"]), st.integers(0, 9)),
    st.tuples(st.just("move"), st.sampled_from(["utama", "galeri"]), st.integers(-6, 6)),
    st.tuples(st.just("sold"), st.just("utama"), st.integers(-6, -1)),
    st.tuples(st.just("transfer"), st.just("utama"), st.integers(1, 4)),
    st.tuples(st.just("import"), st.just("utama"), st.integers(0, 9)),
    st.tuples(st.just("again"), st.just("utama"), st.integers(0, 9)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEP, max_size=20))
def test_levels_are_the_sum_of_the_ledger(engine: Engine, ids: dict[str, int], steps: list[tuple]) -> None:
    model = {"utama": 0, "galeri": 0}
    said: int | None = None
    with engine.connect() as connection, connection.begin() as transaction:
        add_location(connection, "galeri")
        for number, (kind, place, n) in enumerate(steps):
            if kind == "set":
                set_on_hand(connection, "mangkuk-biru", n, location=place, now=NOW)
                model[place] = n
            elif kind in ("move", "sold"):
                reason = Reason.SOLD if kind == "sold" else Reason.RECEIVED
                try:
                    move(connection, "mangkuk-biru", n, reason=reason, location=place, now=NOW)
                    model[place] += n
                except BadQuantity:
                    assert kind == "move"
                    assert model[place] + n < 0
            elif kind == "transfer":
                try:
                    with connection.begin_nested():
                        transfer(connection, "mangkuk-biru", n, origin="utama", target="galeri", now=NOW)
                    model["utama"], model["galeri"] = model["utama"] - n, model["galeri"] + n
                except BadQuantity:
                    assert model["utama"] < n or model["galeri"] + n < 0
            elif kind == "import":
                count = Count(ids["blue"], ids["product"], n, 2)
                import_counts(connection, [count], source="loyverse", run=f"r{number}", now=NOW)
                if said != n:
                    model[place] = said = n
            else:
                set_on_hand(connection, "mangkuk-biru", n, now=NOW, reference="the same one")
                if "again" not in model:
                    model["utama"] = n if model["utama"] != n else model["utama"]
                    written = connection.execute(
                        select(stock_movement.c.id).where(stock_movement.c.reference == "the same one")
                    ).first()
                    if written is not None:
                        model["again"] = 1
        found = levels(connection, [ids["blue"]])[ids["blue"]]
        assert found.get(find_location(connection).id, 0) == model["utama"]
        assert found.get(find_location(connection, "galeri").id, 0) == model["galeri"]
        assert audit(connection) == []
        last = connection.execute(
            select(stock_movement.c.location_id, stock_movement.c.on_hand_after).order_by(stock_movement.c.id)
        ).all()
        for place_id, level in found.items():
            after = [row.on_hand_after for row in last if row.location_id == place_id]
            assert level == (after[-1] if after else 0)
        transaction.rollback()


def test_two_processes_never_lose_an_update(engine: Engine, ids: dict[str, int]) -> None:
    def work(name: str) -> None:
        for number in range(15):
            with write(engine) as connection:
                move(connection, "mangkuk-biru", 1, reason=Reason.MADE, now=NOW, reference=f"{name}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "a")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read(engine) as connection:
        assert available(connection, [ids["blue"]]) == {ids["blue"]: 30}
        assert connection.execute(select(func.count()).select_from(stock_movement)).scalar() == 30
        assert audit(connection) == []


# --- imports ----------------------------------------------------------------------------------------------------


def _import(engine: Engine, counts: list[Count], run: str, source: str = "loyverse") -> list[Count]:
    with write(engine) as connection:
        expected = would_move(connection, counts, source=source)
        taken = import_counts(connection, counts, source=source, run=run, now=NOW)
    assert expected == taken
    return taken


def test_the_same_file_again_moves_nothing_not_even_after_a_sale(engine: Engine, ids: dict[str, int]) -> None:
    counts = [Count(ids["blue"], ids["product"], 5, 2), Count(ids["white"], ids["product"], 0, 3)]
    assert _import(engine, counts, "1") == counts
    with write(engine) as connection:
        move(connection, "mangkuk-biru", -2, reason=Reason.SOLD, now=NOW)
        set_on_hand(connection, "mangkuk-putih", 7, now=NOW)
    assert _import(engine, counts, "2") == []
    with read(engine) as connection:
        assert available(connection, [ids["blue"], ids["white"]]) == {ids["blue"]: 3, ids["white"]: 7}
    # A number that the file did change is taken; another source is heard for the first time.
    fresh = [counts[0]._replace(on_hand=6), counts[1]]
    assert _import(engine, fresh, "3") == fresh[:1]
    assert _import(engine, counts, "4", source="shopify") == counts
    with read(engine) as connection:
        assert available(connection, [ids["blue"], ids["white"]]) == {ids["blue"]: 5, ids["white"]: 0}
        assert audit(connection) == []


def test_counts_of_an_import_mark_only_what_moved(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        other = save_product(connection, bowl("cangkir"), now=NOW)
        assert other.variant_ids is not None
        cup = other.variant_ids["cangkir-biru"]
        shop = add_account(connection)
        listed = add_listing(connection, shop, ids["product"], {ids["blue"]: 0})
        unmoved = add_listing(connection, shop, other.product_id, {cup: 0})
    _import(engine, [Count(ids["blue"], ids["product"], 5, 2), Count(cup, other.product_id, 0, 3)], "1")
    with read(engine) as connection:
        assert owed(connection, listed) == (Due.STOCK, Lane.RISE)
        assert owed(connection, unmoved) == (0, 9)


def test_a_bunch_of_counts_takes_few_statements(engine: Engine) -> None:
    variants = tuple(Variant(f"v{number}", Decimal(1), (str(number),)) for number in range(300))
    with write(engine) as connection:
        saved = save_product(connection, bowl(variants=variants), now=NOW)
    assert saved.variant_ids is not None
    counts = [Count(one, saved.product_id, 3, number) for number, one in enumerate(saved.variant_ids.values())]
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    _import(engine, counts, "1")
    assert len(statements) < 20
