"""What an account may show: the pool, campaigns, bundles, crafters' weeks; the sums never promise a piece twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncer.inventory.free import Aside, Stuck, Supply

BOWL, CUP, HAMPER = 1, 2, 3
WORKSHOP, GALLERY, MALL = 10, 11, 12
POOL = frozenset((WORKSHOP, GALLERY))
ORANGE, GREEN, THIRD, STRANGER = 21, 22, 23, 29

pieces = st.integers(0, 12)
level = st.integers(-3, 12)


def asides(*accounts: int) -> st.SearchStrategy[list[Aside]]:
    one = st.builds(Aside, st.sampled_from(accounts), st.sampled_from([WORKSHOP, GALLERY, MALL]), pieces, st.just(0))
    return st.lists(one, max_size=5)


@given(levels=st.dictionaries(st.sampled_from([WORKSHOP, GALLERY, MALL]), level), aside=asides(ORANGE, GREEN, THIRD))
def test_what_is_set_aside_and_what_is_free_is_never_more_than_there_is(
    levels: dict[int, int], aside: list[Aside]
) -> None:
    supply = Supply({BOWL: levels}, POOL, {BOWL: aside})
    for place in (None, MALL):
        there = sum(n for where, n in levels.items() if (where in POOL if place is None else where == place))
        others = max(supply.free(BOWL, STRANGER, place), 0)
        shown = [max(supply.free(BOWL, key, place), 0) for key in (ORANGE, GREEN, THIRD)]
        # Everybody shows the common rest; what each shows beyond it is its own alone.
        assert others + sum(max(one - others, 0) for one in shown) <= max(there, 0)
        assert all(one >= others for one in shown)


@given(there=pieces, left=pieces, apart=pieces)
def test_what_the_platform_keeps_apart_is_not_shown_a_second_time(there: int, left: int, apart: int) -> None:
    supply = Supply({BOWL: {WORKSHOP: there}}, POOL, {BOWL: [Aside(ORANGE, WORKSHOP, left, apart)]})
    assert supply.free(BOWL, ORANGE, None) + apart == there
    assert supply.free(BOWL, GREEN, None) == there - max(left, apart)


@given(bowls=level, cups=level, in_bowl=st.integers(1, 4), in_cup=st.integers(1, 4), aside=asides(ORANGE, GREEN))
def test_a_bundle_never_promises_more_than_its_parts_allow(
    bowls: int, cups: int, in_bowl: int, in_cup: int, aside: list[Aside]
) -> None:
    levels = {BOWL: {WORKSHOP: bowls}, CUP: {WORKSHOP: cups}}
    supply = Supply(levels, POOL, {CUP: aside}, parts={HAMPER: [(BOWL, in_bowl), (CUP, in_cup)]})
    for account in (ORANGE, GREEN, STRANGER):
        hampers = max(supply.free(HAMPER, account, None), 0)
        assert hampers * in_bowl <= max(bowls, 0)
        assert hampers * in_cup <= max(supply.free(CUP, account, None), 0)
        one_more = (hampers + 1) * in_bowl <= bowls and (hampers + 1) * in_cup <= supply.free(CUP, account, None)
        assert not one_more


def test_a_part_that_is_sold_no_more_ends_its_bundles() -> None:
    supply = Supply({BOWL: {WORKSHOP: 5}}, POOL, parts={HAMPER: [(BOWL, 1)]}, ended=frozenset((BOWL,)))
    assert supply.free(HAMPER, ORANGE, None) == 0


def test_what_is_made_to_order_shows_the_crafters_week_instead_of_stock() -> None:
    supply = Supply({BOWL: {WORKSHOP: -4}}, POOL, week={BOWL: 3}, parts={HAMPER: [(BOWL, 2)]})
    assert (supply.free(BOWL, ORANGE, None), supply.free(BOWL, GREEN, MALL)) == (3, 3)
    assert supply.free(HAMPER, ORANGE, None) == 1


def test_where_one_shop_cannot_be_stopped_the_others_that_share_its_stock_show_nothing() -> None:
    levels = {BOWL: {WORKSHOP: 4, MALL: 2}}
    supply = Supply(levels, POOL, stuck={BOWL: [Stuck(ORANGE, None)]}, parts={HAMPER: [(BOWL, 1)]})
    assert supply.free(BOWL, ORANGE, None) == 4
    assert supply.free(BOWL, GREEN, None) == 0
    assert supply.free(HAMPER, GREEN, None) == 0
    assert supply.free(BOWL, THIRD, MALL) == 2
