"""What others would have sold too often: the simulation tells a quick one from a slow one."""

from __future__ import annotations

from tests.benchmarks.rivals import Day, Ideal, Poller, TaskQueue, oversells
from tests.market.market import Attempt

DAY = Day(call_s=0.1, poll_s=2.0, lost=0.0, late=0.0, late_s=0.0, factor=200.0)
SHOPS = ["A", "B"]


def buyers(*moments: tuple[float, str]) -> list[Attempt]:
    return [Attempt(at, account, "topeng", 1, "") for at, account in moments]


def test_only_who_is_slow_sells_the_piece_again() -> None:
    later = buyers((10.0, "A"), (10.5, "B"))
    assert oversells(Ideal(DAY), DAY, later, {"topeng": 1}, SHOPS, seed=1) == 0
    assert oversells(TaskQueue(DAY), DAY, later, {"topeng": 1}, SHOPS, seed=1) == 0
    assert oversells(Poller(DAY), DAY, later, {"topeng": 1}, SHOPS, seed=1) == 1


def test_nobody_can_stop_what_comes_in_the_same_moment() -> None:
    both = buyers((10.0, "A"), (10.1, "B"))
    for rival in (Ideal(DAY), TaskQueue(DAY), Poller(DAY)):
        assert oversells(rival, DAY, both, {"topeng": 1}, SHOPS, seed=1) == 1


def test_a_shop_does_not_sell_what_it_has_sold_itself() -> None:
    same = buyers((10.0, "A"), (10.1, "A"))
    assert oversells(Poller(DAY), DAY, same, {"topeng": 1}, SHOPS, seed=1) == 0


def test_a_queue_that_missed_the_webhook_learns_it_a_quarter_of_an_hour_later() -> None:
    deaf = Day(call_s=0.1, poll_s=2.0, lost=1.0, late=0.0, late_s=0.0, factor=200.0)
    later = buyers((9.1, "A"), (12.0, "B"))
    assert oversells(TaskQueue(deaf), deaf, later, {"topeng": 1}, SHOPS, seed=1) == 1
    assert oversells(Ideal(deaf), deaf, later, {"topeng": 1}, SHOPS, seed=1) == 0
