"""Checks of faults: each leads to the right recovery, and after it the platform shows what it should."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from syncer.domain.listing import WantedListing
from syncer.sdk.contract import TITLE, BudgetKind
from syncer.sdk.errors import ConnectorError, Recovery
from syncer.sdk.http import OpenGate
from syncer.sdk.operations import Kind
from syncer.sdk.testing.bench import Bench
from syncer.sdk.testing.builders import money, pictures, with_offer
from syncer.sdk.testing.cases import CHANGES, FAULTS, PUBLISHES, READ_FAULTS
from syncer.sdk.testing.checks import check
from syncer.sdk.testing.declaration import assert_told
from syncer.sdk.testing.difference import ref_of
from syncer.sdk.testing.pace import most_in_window
from syncer.sdk.testing.publishing import assert_shown, walk
from syncer.sdk.testing.wishes import Wishes

_SHORT_TIMEOUT_S, _LONG_REVIEW_S = 0.25, 300.0
#: So many calls at once are over every platform's limit; and how much longer than it asks for a wait may be.
_BURST, _LONGER_S = 300, 2.0
#: Of each second of a declared lag so many milliseconds: the rest is for the test's own steps.
_WITHIN_MS = 900
_LISTS = "the sandbox marks what walks or searches listings with Operation.lists"
_NOT_HIDDEN = (
    "shows a listing that is younger than the search lag: the sandbox leaves out of lists and searches what was made"
    " after call.hide_newer_than"
)


class FaultChecks(Wishes):
    """Whatever goes wrong, the platform ends up right, with one listing and no older value over a newer."""

    @check("{fault} during {during}", PUBLISHES)
    def test_fault(self, bench: Bench, fault: str, during: str) -> None:
        kind, order, right = FAULTS[fault]
        before = self.listing(bench, axes=min(bench.info.max_axes, 1))
        after, state = _disturbed(before, during), "hidden" if during == "hiding" else "live"
        if during != "a create":
            bench.driver.converge(before)
        bench.driver.render(after)
        bench.strike_next_write(kind, **order)
        outcome = bench.driver.converge(after, state=state)
        assert bench.struck() == 1, "the fault struck nothing: was the write called with write=True?"
        assert outcome.errors, "the fault was swallowed: nobody would look whether the write was done"
        assert outcome.errors[0].recovery in right, f"{outcome.errors[0]!r} means {outcome.errors[0].recovery}"
        assert_told(outcome.errors[0])
        if Recovery.RETRY_AT in right:
            assert_waits(bench, outcome.errors[0])
        bench.land_late_writes()
        assert_shown(bench, after, outcome, live=state == "live")
        assert len(bench.control.listings()) == 1, "there must be exactly one listing"

    @check("a read goes on after {trouble}", PUBLISHES)
    def test_read_fault(self, bench: Bench, trouble: str) -> None:
        wanted = self.listing(bench)
        bench.driver.converge(wanted)
        known = bench.driver.known(wanted.marker)
        assert known is not None
        fault = bench.control.fault(READ_FAULTS[trouble], ms=400 if trouble == "a slow answer" else 0)
        connector = bench.connector(timeout_s=_SHORT_TIMEOUT_S if trouble == "a slow answer" else 5.0)
        try:
            found = connector.fetch_listing(known.remote_id)
        except ConnectorError as error:
            right = {"rate_limited": Recovery.RETRY_AT, "token_revoked": Recovery.SIGN_IN_AGAIN}
            assert error.recovery is right.get(READ_FAULTS[trouble], Recovery.RETRY), f"{error!r}"
            bench.driver.errors.append(error)
            found = bench.driver.fetch(wanted)
        assert bench.control.struck(fault) == 1
        assert found.remote_id == known.remote_id
        assert bench.driver.fetch(wanted).offers

    @check("a lost create and a lagging search", PUBLISHES)
    def test_search_lag(self, bench: Bench) -> None:
        finding = bench.info.finding
        wanted = self.listing(bench, axes=min(bench.info.max_axes, 1))
        lag = bench.control.fault("search_lag", times=None, ms=int(finding.search_lag_s * _WITHIN_MS))
        if finding.search_lag_s > 0 or finding.strong:
            self.search_lags(bench, lag)
        others = len(bench.control.listings())
        bench.driver.render(wanted)
        bench.strike_next_write("answer_lost")
        assert_shown(bench, wanted, bench.driver.converge(wanted))
        assert len(bench.control.listings()) == others + 1, "a lost answer made a second listing"

    def search_lags(self, bench: Bench, lag: int) -> None:
        """Make sure that the fault ``lag`` hides what is young: else a lost create would be found all too easily.

        What is declared as strong finds it all the same.
        """
        young = self.listing(bench, pictures=pictures(0))
        operation = replace(bench.driver.operation(Kind.CREATE, young), key=uuid.uuid4().hex)
        made = bench.driver.apply(operation)
        assert made.error is None, f"{made.error!r}"
        there = {str(listing["remote_id"]) for listing in bench.control.listings()}
        finding = bench.info.finding
        struck = bench.control.struck(lag)
        if finding.search_lag_s > 0:
            walked = {listing.remote_id for listing in walk(bench)[0]}
            assert bench.control.struck(lag) > struck, f"search_lag struck nothing in a walk: {_LISTS}"
            assert not there & walked, f"a walk {_NOT_HIDDEN}"
        struck = bench.control.struck(lag)
        found = {listing.remote_id for listing in bench.connector().find_listing(ref_of(young))}
        if finding.strong:
            assert there <= found, (
                "info.finding says that look-ups are strong, and find_listing doesn't find what was made just now: a"
                " lost create would be made again at once"
            )
        else:
            assert bench.control.struck(lag) > struck, f"search_lag struck nothing in find_listing: {_LISTS}"
            assert not there & found, f"find_listing {_NOT_HIDDEN}, or info.finding says that look-ups are strong"

    @check("a stale read after a lost answer", lambda c: PUBLISHES(c) and c.info.finding.read_lag_s > 0)
    def test_stale_read(self, bench: Bench) -> None:
        wanted = self.listing(bench)
        bench.driver.converge(wanted)
        after = with_offer(wanted, wanted.offers[0].key, quantity=2)
        bench.pass_time(bench.info.finding.read_lag_s)
        stale = bench.control.fault("stale_read", times=None, ms=int(bench.info.finding.read_lag_s * _WITHIN_MS))
        self.read_is_stale(bench, wanted, stale)
        bench.strike_next_write("answer_lost")
        assert_shown(bench, after, bench.driver.converge(after))

    def read_is_stale(self, bench: Bench, wanted: WantedListing, stale: int) -> None:
        """Make sure that under the fault ``stale`` a read shows the past: else the check would prove nothing."""
        known, before = bench.driver.known(wanted.marker), wanted.offers[0]
        assert known is not None
        bench.control.post("edit", {"remote_id": known.remote_id, "sku": before.sku, "stock": before.quantity - 1})
        seen = bench.connector().fetch_listing(known.remote_id)
        assert bench.control.struck(stale) > 0, (
            "stale_read struck nothing in fetch_listing: the sandbox marks with Operation.writes what changes the shop"
            " only"
        )
        assert [offer.quantity for offer in seen.offers] == [before.quantity], (
            "a read shows what changed just now, though stale_read struck it: the sandbox answers from the state of"
            " call.as_of; the change was the control API's: `edit` enters the history, too"
        )

    @check("partial failure of a stock change", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_partial_stock(self, bench: Bench) -> None:
        self.partial(bench, Kind.STOCK, lambda w, key: with_offer(w, key, quantity=40))

    @check("partial failure of a price change", lambda c: PUBLISHES(c) and c.info.max_axes >= 1)
    def test_partial_price(self, bench: Bench) -> None:
        self.partial(bench, Kind.PRICE, lambda w, key: with_offer(w, key, price=money(222_000, w.currency)))

    def partial(self, bench: Bench, kind: Kind, change: Callable[[WantedListing, str], WantedListing]) -> None:
        """Let some offers of one write fail: those are named, the others are done, and the next round mends all."""
        wanted = self.listing(bench, axes=1, variants=4)
        bench.driver.converge(wanted)
        keys = [offer.key for offer in wanted.offers]
        after = wanted
        for key in keys:
            after = change(after, key)
        bench.strike_next_write("partial")
        sent = kind if kind in bench.info.operations else Kind.UPDATE
        result = bench.driver.apply(bench.driver.operation(sent, after, offers=keys))
        assert bench.struck() == 1, (
            f"no batch of {kind} was struck: the sandbox marks a call that writes several offers with "
            "Operation(batch=True); if the platform has none, or its calls fail as a whole, declare the gap"
        )
        assert result.error is None, f"some offers failed, and the whole operation was given up: {result.error!r}"
        failed = set(result.offer_errors)
        assert failed, "offers failed there, and nothing tells which"
        assert failed < set(keys), f"offer_errors names {failed}: our keys of those that failed, not all"
        for error in result.offer_errors.values():
            assert_told(error)
        known = bench.driver.known(wanted.marker)
        assert known is not None
        shown = {
            offer["sku"]: (float(offer["price"]), offer["stock"])
            for offer in bench.control.listing(known.remote_id)["offers"]
        }
        for old, new in zip(wanted.offers, after.offers, strict=True):
            right = old if old.key in failed else new
            assert shown[old.sku] == (float(right.price), right.quantity), (
                f"{old.key} in offer_errors: {old.key in failed}"
            )
        bench.control.clear_faults()
        bench.driver.fetch(wanted)
        assert_shown(bench, after, bench.driver.converge(after))

    @check("an edit taken back after a late write", PUBLISHES)
    def test_back_and_forth(self, bench: Bench) -> None:
        """A to B with the write landing late, and back to A: the late B may not stay."""
        wanted = self.listing(bench)
        bench.driver.converge(wanted)
        changed = with_offer(wanted, wanted.offers[0].key, quantity=1)
        operation = bench.driver.operation(_stock_kind(bench), changed, offers=[wanted.offers[0].key])
        bench.strike_next_write("late_write", ms=150)
        lost = bench.driver.apply(operation)
        assert lost.error is not None
        assert lost.error.recovery is Recovery.READ_BACK
        bench.pass_time(bench.info.finding.late_write_s)
        bench.land_late_writes()
        bench.driver.fetch(wanted)
        assert_shown(bench, wanted, bench.driver.converge(wanted))

    @check("an edit during a review waits", lambda c: PUBLISHES(c) and c.info.review)
    def test_review(self, bench: Bench) -> None:
        wanted = self.listing(bench)
        bench.driver.converge(wanted)
        bench.control.post("limits", {"review_delay_s": _LONG_REVIEW_S})
        first, second = (replace(wanted, title=f"Mangkuk jati, judul {word}") for word in ("satu", "dua"))
        done = bench.driver.apply(bench.driver.operation(Kind.UPDATE, first, fields=(TITLE,)))
        assert done.error is None, f"{done.error!r}"
        assert done.check_after_s is not None or done.proved is not None
        blocked = bench.driver.apply(bench.driver.operation(Kind.UPDATE, second, fields=(TITLE,))).error
        if blocked is not None:
            assert blocked.recovery is Recovery.WAIT_STATE, f"{blocked!r}: healthy, but blocked by the review"
            assert_told(blocked)
        bench.driver.fetch(second)
        assert_shown(bench, second, bench.driver.converge(second))

    @check("the declared budgets keep within the platform's limit", PUBLISHES)
    def test_budgets(self, bench: Bench) -> None:
        """A burst behind the gate: nothing is refused, and the platform's log never shows more than declared."""
        burst = [budget for budget in bench.gate.budgets if budget.kind is not BudgetKind.DAILY]
        assert burst, "no budget is declared, and the platform has a limit"
        calls = min(3 * max(budget.limit for budget in burst), 200)
        connector = bench.connector()
        for _ in range(calls):
            connector.check()
        times = [call["t"] for call in bench.platform_calls()]
        sent = bench.gate.sent[-len(times) :]
        assert len(times) >= calls
        for budget in burst:
            covered = [t for t, one in zip(times, sent, strict=True) if budget.covers(one.operation)]
            most = most_in_window(covered, budget.per_seconds)
            assert most <= budget.limit, f"{most} calls within {budget.per_seconds} s, {budget.limit} are declared"

    @check("a burst without the gate is refused", PUBLISHES)
    def test_limit_is_real(self, bench: Bench) -> None:
        """Otherwise "nothing was refused" would prove nothing."""
        error = _burst(bench.connector(gate=OpenGate()))
        assert error.recovery is Recovery.RETRY_AT, f"{error!r}"
        assert_waits(bench, error)
        bench.driver.errors.append(error)
        assert_told(error)
        bench.forget_calls()


def assert_waits(bench: Bench, error: ConnectorError) -> None:
    """Assert that a rate limit says when to go on: when the platform's answer said, if it said anything."""
    wait_s = error.after_s or 0.0
    assert wait_s > 0, "a rate limit says when to go on"
    told = [call["retry_after"] for call in bench.platform_calls() if call["retry_after"]]
    if told and told[-1].isdecimal():
        said_s = float(told[-1])
        assert said_s <= wait_s <= said_s + _LONGER_S, (
            f"the answer's Retry-After said {said_s:g} seconds, the error says {wait_s:g}: retry_after_s() of"
            " syncer.sdk.http reads it"
        )


def _burst(connector: Any) -> ConnectorError:
    for _ in range(_BURST):
        try:
            connector.check()
        except ConnectorError as error:
            return error
    raise AssertionError(
        f"{_BURST} calls at once went through: the sandbox has no limit. Its `admit` must refuse what is over the"
        " platform's, with refused='rate'"
    )


def _disturbed(wanted: WantedListing, during: str) -> WantedListing:
    changes = {"an edit": "title", "a stock change": "stock", "a price change": "price"}
    return CHANGES[changes[during]](wanted) if during in changes else wanted


def _stock_kind(bench: Bench) -> Kind:
    return Kind.STOCK if Kind.STOCK in bench.info.operations else Kind.UPDATE
