"""The checker sees what it is there for: a sound history passes, and each way to spoil it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.market.checker import check
from tests.market.history import Commit, Down, GivenBack, History, Order, Write


def sound() -> History:
    """Five bowls in two shops; one is sold in A at 10, the other shop is told at once."""
    return History(
        poll_s=5.0,
        call_s=0.5,
        stock={"guci": 5},
        commits=[Commit(0, "guci", 5, 0, 5, 0), Commit(10.1, "guci", 0, 1, 5, 1)],
        writes=[
            Write(1, "A", "guci", 5, "api"),
            Write(1, "B", "guci", 5, "api"),
            Write(10, "A", "guci", 4, "order"),
            Write(10.2, "B", "guci", 4, "api"),
        ],
        orders=[Order(10, "A", "o1", "guci", 1, 1, heard_t=10.05)],
        levels={"guci": (5, 1)},
        counted={("A", "o1", "guci"): 1},
        shown={("A", "guci"): 4, ("B", "guci"): 4},
    )


def sold_twice(seconds: float, **more: object) -> History:
    """One mask in two shops, sold in both, the second time so many seconds later."""
    found = History(
        poll_s=5.0,
        call_s=0.5,
        stock={"topeng": 1},
        commits=[
            Commit(0, "topeng", 1, 0, 1, 0),
            Commit(10.1, "topeng", 0, 1, 1, 1),
            Commit(10.1 + seconds, "topeng", 0, 1, 1, 2),
        ],
        writes=[Write(1, "A", "topeng", 1, "api"), Write(1, "B", "topeng", 1, "api")],
        orders=[
            Order(10, "A", "o1", "topeng", 1, 1, heard_t=10.05),
            Order(10 + seconds, "B", "o2", "topeng", 1, 1, heard_t=10.05 + seconds),
        ],
        levels={"topeng": (1, 2)},
        counted={("A", "o1", "topeng"): 1, ("B", "o2", "topeng"): 1},
        shown={("A", "topeng"): 0, ("B", "topeng"): 0},
        flagged={"topeng": 10.1 + seconds},
    )
    for name, value in more.items():
        setattr(found, name, value)
    return found


def test_a_sound_history_passes() -> None:
    assert check(sound()) == []


def lost_movement(history: History) -> None:
    history.levels["guci"] = (4, 1)


def counted_twice(history: History) -> None:
    history.counted["A", "o1", "guci"] = 2


def not_counted(history: History) -> None:
    history.counted.clear()


def counted_from_nowhere(history: History) -> None:
    history.counted["B", "o9", "guci"] = 1


def not_converged(history: History) -> None:
    history.shown["B", "guci"] = 5


def invented(history: History) -> None:
    history.writes.append(Write(11, "B", "guci", 7, "api"))


def before_it_was_so(history: History) -> None:
    history.writes.insert(2, Write(5, "B", "guci", 4, "api"))


def went_back(history: History) -> None:
    history.writes.append(Write(11, "B", "guci", 5, "api"))


@pytest.mark.parametrize(
    "spoil",
    [
        lost_movement,
        counted_twice,
        not_counted,
        counted_from_nowhere,
        not_converged,
        invented,
        before_it_was_so,
        went_back,
    ],
)
def test_each_way_to_spoil_it_is_told(spoil: Callable[[History], None]) -> None:
    history = sound()
    spoil(history)
    assert check(history)


def test_a_late_write_and_a_persons_are_not_ours() -> None:
    history = sound()
    history.writes += [Write(12, "B", "guci", 5, "late"), Write(12.5, "B", "guci", 77, "person")]
    assert check(history) == []


@pytest.mark.parametrize(("seconds", "fate"), [(0.3, True), (1.5, True), (4.0, False), (20.0, False)])
def test_an_oversell_is_physics_only_before_it_could_be_known(seconds: float, fate: bool) -> None:
    assert bool(check(sold_twice(seconds))) is not fate


def test_without_its_webhook_the_poll_is_what_could_have_told() -> None:
    history = sold_twice(4.0)
    history.orders[0] = replace(history.orders[0], heard_t=None)
    assert check(history) == []


def test_nobody_could_act_while_the_daemon_was_dead_or_the_shop_refused() -> None:
    assert check(sold_twice(7.0, downs=[Down(9.0, 16.0)])) == []
    assert check(sold_twice(7.0, downs=[Down(9.0, 16.0, "B")])) == []
    assert check(sold_twice(7.0, downs=[Down(9.0, 16.0, "A")]))
    assert check(sold_twice(7.0, downs=[Down(2.0, 5.0)]))
    assert check(sold_twice(7.0, downs=[Down(10.0, 12.0), Down(10.0, 12.0), Down(10.5, 11.0)])), "each moment once"


def sold_twice_in_one_shop(**more: object) -> History:
    found = sold_twice(0.3, **more)
    found.orders[1] = replace(found.orders[1], account="A")
    found.counted = {("A", "o1", "topeng"): 1, ("A", "o2", "topeng"): 1}
    return found


def test_a_shop_knows_what_it_sold_itself() -> None:
    assert check(sold_twice_in_one_shop())
    assert check(sold_twice_in_one_shop(keeps_number=frozenset({"A"}))) == []
    crossed = sold_twice_in_one_shop()
    crossed.writes.append(Write(10.1, "A", "topeng", 1, "api"))
    assert check(crossed) == []


def test_a_shop_that_put_a_piece_back_on_sale_by_itself_sold_it_before_anyone_could_know() -> None:
    history = sold_twice(8.0, given_back=[GivenBack(17.5, "B", "topeng", heard_t=17.6)])
    assert check(history) == []
    assert check(sold_twice(8.0, given_back=[GivenBack(17.5, "A", "topeng", heard_t=17.6)]))
    assert check(sold_twice(8.0, given_back=[GivenBack(12.0, "B", "topeng", heard_t=12.1)]))
    assert check(sold_twice(8.0, given_back=[GivenBack(18.5, "B", "topeng")]))


def test_an_oversell_that_nobody_was_told_of_is_told() -> None:
    assert check(sold_twice(0.3, flagged={}))
    assert check(sold_twice(0.3, flagged={"topeng": 12.0}))


def test_a_piece_at_one_shop_at_a_time_is_never_sold_twice() -> None:
    assert check(sold_twice(0.3, one_at_a_time=frozenset({"topeng"})))


def test_a_transaction_that_holds_and_lets_go_oversells_nothing() -> None:
    history = sold_twice(60.0)
    history.commits.append(Commit(80.0, "topeng", 0, -1, 1, 1))
    history.flagged.clear()
    assert any("nobody was told" in breach for breach in check(history))
    history.commits[-1] = Commit(history.commits[-2].t, "topeng", 0, -1, 1, 1)
    assert not any("nobody was told" in breach for breach in check(history))
