"""Record what became of a write: remote ids first, then acknowledged state, or a classified problem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from syncer.domain.listing import Json, Status
from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.inventory.reserving import campaign_ends
from syncer.sdk.errors import ConnectorError, Gone, OutcomeUnknown, PictureGone, Recovery, Transient, Unclassified
from syncer.sdk.operations import Kind, Operation, Result
from syncer.store.engine import read, write
from syncer.store.marks import Due, Lane
from syncer.sync.difference import Difference, compare
from syncer.sync.known import SHAPE, Known, make_unknown, merge, sku_keys, touched, under_way
from syncer.sync.outcome import Outcome, deleted_outcome, gone_outcome, make_good, store, store_all_in
from syncer.sync.prepare import REJECTED_CODE, STRIKES, Task, shown_state
from syncer.sync.rows import Item
from syncer.sync.shop import Shop

#: Order in which several errors of one call decide about the listing.
_GRAVITY = (
    Recovery.STOP_ACCOUNT,
    Recovery.SIGN_IN_AGAIN,
    Recovery.READ_BACK,
    Recovery.RETRY_AT,
    Recovery.RETRY,
    Recovery.WAIT_STATE,
    Recovery.GONE,
    Recovery.FIX_LISTING,
    Recovery.PARK,
)
#: After these nobody knows whether the write happened: an unclear answer, or one that we do not understand.
_UNSURE = (Recovery.READ_BACK, Recovery.PARK)
_REFUSED = (Recovery.FIX_LISTING, Recovery.PARK)
#: After these a create has made nothing, and the next one is another one.
_NOT_MADE = (Recovery.FIX_LISTING, Recovery.WAIT_STATE, Recovery.GONE)


def record_writes(shop: Shop, results: Sequence[tuple[Task, Result]], now: dt.datetime) -> list[Outcome]:
    """Record the results of one call, in one transaction, and return what was recorded, in the same order."""
    outcomes = [_Written(shop, task, result, now).outcome() for task, result in results]
    pairs = [(task.item, outcome) for (task, _), outcome in zip(results, outcomes, strict=True)]
    try:
        with write(shop.engine) as connection:
            stored = store_all_in(connection, shop, pairs, now)
    except IntegrityError:
        # What the channel says of one listing can't be (an id that another one has): its neighbours are recorded.
        stored = _record_apart(shop, pairs, now)
    for task, _ in results:
        if task.item.id not in stored and task.operation is not None:
            make_good(shop, task.item, touched(under_way(task.operation)), now)
    return outcomes


def _record_apart(shop: Shop, pairs: Sequence[tuple[Item, Outcome]], now: dt.datetime) -> set[int]:
    """Record each by itself; raise what was wrong with the last of those that can't be."""
    wrong: IntegrityError | None = None
    stored = set()
    for item, outcome in pairs:
        try:
            if store(shop, item, outcome, now):
                stored.add(item.id)
        except IntegrityError as error:
            wrong = error
    if wrong is not None:
        raise wrong
    return stored


class _Written:
    """One write and its result. ``known`` is what is known after it, ``remaining`` what still differs."""

    def __init__(self, shop: Shop, task: Task, result: Result, now: dt.datetime) -> None:
        if task.operation is None or task.rendered is None:
            raise ValueError("a write has an operation")
        self.shop, self.task, self.result, self.now = shop, task, result, now
        self.item: Item = task.item
        self.operation: Operation = task.operation
        self.errors = self._errors()
        self.known = self._known()
        self.remaining = self._remaining()

    def outcome(self) -> Outcome:
        item, kind = self.item, self.operation.kind
        gone = next((error for error in self.errors if error.recovery is Recovery.GONE), None)
        if kind is Kind.DELETE and (not self.errors or gone is not None):
            return deleted_outcome()
        if gone is not None and len(self.errors) == 1:
            return gone_outcome(self.shop, item, self.known, gone, self.now)
        unkept = self._unkept()
        if unkept is not None:
            self.errors = [unkept]
            self.known = make_unknown(self.known, touched(under_way(self.operation)))
            self.remaining = self._remaining()
        outcome = Outcome(self.known, detail={"kind": kind.value} | self._notes(), values=self._after_success())
        for key in self.operation.offers or self.known.offers:
            problem = self.result.offer_errors.get(key)
            outcome.offer_problems[key] = problem.problem().to_json() if problem else None
            if problem is None and self.result.error is None:
                outcome.cannot_stop[key] = None
        outcome.forget_pictures = any(isinstance(error, PictureGone) for error in self.errors)
        if self.errors:
            self._after_error(min(self.errors, key=lambda error: _GRAVITY.index(error.recovery)), outcome)
        return outcome

    def _notes(self) -> dict[str, Any]:
        """Return what to tell of the fields that were written: such as a brand that the shop doesn't know."""
        operation = self.operation
        whole = operation.kind is Kind.CREATE
        told = [one.to_json() for one in operation.rendered.notes if whole or one.field in operation.fields]
        return {"notes": told} if told and not self.errors else {}

    def _errors(self) -> list[ConnectorError]:
        """Return the errors that count. A listing that was written a moment ago may only not be seen yet."""
        whole = self.result.error
        if isinstance(whole, Gone) and self.task.too_young(self.shop.finding.read_lag_s):
            whole = Transient(whole.code, whole.words, after_s=self.shop.finding.read_lag_s)
        # A variant that is gone there: what there is is looked at before anything is sent again.
        parts = [
            Transient(error.code, error.words) if error.recovery is Recovery.GONE else error
            for error in self.result.offer_errors.values()
        ]
        return [error for error in (whole, *parts) if error is not None]

    def _known(self) -> Known:
        known = self.item.known if self.operation.kind is not Kind.CREATE else Known()
        if self.result.proved is not None:
            known = merge(known, self.result.proved, sku_keys(self.operation.rendered))
        if any(error.recovery is Recovery.GONE for error in self.result.offer_errors.values()):
            known = replace(known, unknown=known.unknown | {SHAPE})
        # A platform that knows the key of a create gives back what the first one made, whatever it is told now.
        first = self._resent and known.remote_id is not None
        if first or any(error.recovery in _UNSURE for error in self.errors):
            known = make_unknown(known, touched(under_way(self.operation)))
        edited = not self.errors and self.operation.kind in (Kind.UPDATE, Kind.RESHAPE)
        if edited and known.status is Status.REJECTED:
            # Mended: it is looked at again there, and by us after ``check_after_s``.
            known = replace(known, status=Status.REVIEW)
        return known

    def _remaining(self) -> Difference:
        rendered = self.task.rendered
        assert rendered is not None
        return compare(rendered, self.known, self.shop.info, wanted=self.item.wanted)

    def _unkept(self) -> ConnectorError | None:
        """Return an error if the shop said yes, and its answer doesn't show what was written: else it never ends."""
        if self.errors or not self._still_to_write():
            return None
        if self.result.check_after_s == 0:
            words = Words("Toko tidak menjawab dengan jelas.", "The shop gave no clear answer.")
            return OutcomeUnknown("not_shown", words)
        return Unclassified(
            "not_kept",
            Words("Toko menjawab berhasil, tetapi tidak menyimpannya.", "The shop said yes, but did not keep it."),
        )

    def _still_to_write(self) -> bool:
        operation, left = self.operation, self.remaining
        if operation.kind in (Kind.SHOW, Kind.HIDE):
            return left.status is operation.kind
        if operation.kind in (Kind.CREATE, Kind.RESHAPE):
            return self.known == self.item.known and not (self._is_step and self.item.tries < STRIKES)
        offers = {offer.key: offer.quantity for offer in operation.rendered.offers}
        numbers = {key for key in left.stops + left.falls + left.rises if self._shows_other(key, offers.get(key))}
        keys = {Kind.STOCK: numbers, Kind.PRICE: {*left.prices}}.get(operation.kind, numbers)
        return bool(keys & {*operation.offers} or {*operation.fields} & {*left.fields})

    def _shows_other(self, key: str, sent: int | None) -> bool:
        there = self.known.offers.get(key)
        return there is not None and (there.quantity_unknown or there.quantity != sent)

    def _after_success(self) -> dict[str, Any]:
        item, left, known = self.item, self.remaining, self.known
        again_s = self.result.again_after_s
        values: dict[str, Any] = {
            # A step that shows nothing new yet is counted: a shop that keeps none of them is noticed.
            "tries": item.tries + 1 if self._is_step and known == item.known else 0,
            "acknowledged_at": self.now,
            "seeking": None,
            "due": int(left.due),
            "lane": int(left.lane),
            "due_at": self.now,
            "not_before": self.now + dt.timedelta(seconds=again_s) if again_s else None,
            "state": "waiting" if left.anything else shown_state(known.status),
        }
        rejected = item.problem is not None and item.problem.get("code") == REJECTED_CODE
        if self._is_stock and (item.strikes >= STRIKES or rejected):
            values |= {"state": item.state, "problem": item.problem}
        else:
            values |= {"problem": None} | ({} if self._is_stock else {"strikes": 0})
        if not (left.stops or left.status in (Kind.HIDE, Kind.DELETE)):
            values["stop_by"] = None
        if not (left.stops or left.falls or left.rises):
            values["stock_due_since"] = None
        if not left.anything:
            values["acknowledged_version"] = item.version
        if self._resent:
            values["due"] |= int(Due.READ)
        values |= self._next_look()
        return values

    def _next_look(self) -> dict[str, Any]:
        """Return when to look again. What a late write may still spoil is not put off by later edits."""
        after_s = self.result.check_after_s
        if after_s is None or (self.item.late and self.item.settle_at is not None):
            return {}
        check = self.now + dt.timedelta(seconds=after_s)
        return {"settle_at": max(check, self.item.settle_at or check)}

    @property
    def _resent(self) -> bool:
        """Whether this is a create that was sent before, under the same key, with an unknown outcome."""
        return self.operation.kind is Kind.CREATE and self.item.create_key is not None

    @property
    def _is_step(self) -> bool:
        """Whether the connector said that this write is one of several, and which only together do what is asked."""
        return self.result.again_after_s is not None

    @property
    def _is_stock(self) -> bool:
        return self.task.difference.lane <= Lane.RISE

    def _after_error(self, error: ConnectorError, outcome: Outcome) -> None:
        """Change what :meth:`_after_success` wrote according to the error's recovery."""
        item, values, recovery = self.item, outcome.values, error.recovery
        urgent = self.task.difference.lane <= Lane.FALL
        outcome.event = recovery.value
        outcome.detail |= {"code": error.code, "words": error.words.to_json()}
        values |= {
            "due": int(self.remaining.due) or int(Due.CONTENT),
            "lane": min(int(self.remaining.lane), int(Lane.CONTENT)),
            "tries": item.tries + 1,
            "strikes": item.strikes,
            "state": "waiting",
            "problem": error.problem().to_json(),
            "stop_by": item.stop_by,
        }
        for name in ("stock_due_since", "acknowledged_version", "acknowledged_at"):
            values.pop(name, None)
        pause = max(backoff_s(self.shop, item.tries, urgent=urgent), error.after_s or 0.0)
        if recovery in _UNSURE:
            values |= self._settle_later()
            # A number that was to rise can't be too high now; one that was to fall is asserted again at once.
            values["due"] |= 0 if urgent else int(Due.READ)
        if recovery is Recovery.READ_BACK:
            values["problem"] = item.problem
            pause = min(pause, self.shop.finding.read_lag_s)
        elif recovery is Recovery.WAIT_STATE:
            values["state"] = "blocked"
            if self.task.difference.lane is Lane.STOP:
                # What blocks it may end without a word, and every minute sells what isn't there.
                pause = min(pause, self.shop.timing.stop_again_s)
            elif self.task.difference.falls:
                self._cannot_fall(error, outcome)
        elif recovery in _REFUSED:
            self._strike(recovery, outcome, urgent=urgent)
            pause = pause if urgent else max(pause, self.shop.timing.strike_s)
        elif item.tries < STRIKES:
            values["problem"] = item.problem
        if self.operation.kind is Kind.CREATE and recovery in _NOT_MADE:
            values["create_key"] = None
            if self._resent:
                # Perhaps it is the key that was refused, because the first one has made it after all.
                values["seeking"] = self._seeking()
        values["due_at"] = self.now + dt.timedelta(seconds=pause)
        if self.task.difference.status not in (Kind.HIDE, Kind.DELETE):
            # What is wanted on sale again needs no stop any more, whatever is refused now.
            outcome.cannot_stop |= dict.fromkeys(self.item.cannot_stop - {*self.task.difference.stops})
        if self.task.difference.lane is Lane.STOP and recovery in (Recovery.WAIT_STATE, *_REFUSED):
            self._down_the_ladder(error, outcome)

    def _settle_later(self) -> dict[str, Any]:
        """After an unsure outcome: it may still land, for a while; look again when it can't any more."""
        names = touched(under_way(self.operation))
        values: dict[str, Any] = {
            "settle_at": self.now + dt.timedelta(seconds=self.shop.settle_s()),
            "late": sorted({*names, *self.item.late}),
        }
        if self.operation.kind is Kind.CREATE and self.known.remote_id is None:
            values["seeking"] = self._seeking()
        return values

    def _seeking(self) -> dict[str, Any]:
        return seeking(self.now, self.task.claimed_at or self.now, under_way(self.operation))

    def _strike(self, recovery: Recovery, outcome: Outcome, *, urgent: bool) -> None:
        """Three strikes, and the listing waits for a person; stock that falls goes on all the same."""
        item, values = self.item, outcome.values
        values["state"] = "fix" if recovery is Recovery.FIX_LISTING else "parked"
        if urgent:
            return
        if not self._is_stock:
            values["strikes"] = item.strikes + 1
        if (item.tries if self._is_stock else item.strikes) + 1 >= STRIKES:
            values |= {"due": 0, "lane": int(Lane.IDLE)}

    def _down_the_ladder(self, error: ConnectorError, outcome: Outcome) -> None:
        """A stop was refused: take the next step that works there, or say until when it can't be stopped."""
        if self.known.status is Status.HIDDEN:
            return
        on_sale = [offer.key for offer in self.known.offers.values() if offer.quantity_unknown or offer.quantity != 0]
        leaving = self.task.difference.status in (Kind.HIDE, Kind.DELETE)
        keys: Sequence[str] = on_sale if leaving else self.task.difference.stops
        if not keys:
            return
        step = self._next_step()
        if step is not None and self.item.stop_by != step.value:
            outcome.values |= {"stop_by": step.value, "due_at": self.now, "state": "waiting"}
            return
        again: dt.datetime = outcome.values["due_at"]
        until = max(again, self._campaign_ends(keys) or again)
        problem = _cannot_stop(error, until, self.shop.account.time_zone)
        outcome.values |= {"stop_by": None, "problem": problem.to_json()}
        outcome.event = "cannot_stop"
        outcome.detail |= {"until": until.isoformat(), "offers": list(keys)}
        for key in keys:
            outcome.cannot_stop[key] = until

    def _cannot_fall(self, error: ConnectorError, outcome: Outcome) -> None:
        """A number that only falls was refused: say until when, where a campaign of ours holds it."""
        until = self._campaign_ends(self.task.difference.falls)
        if until is not None:
            outcome.values["problem"] = _cannot_fall(error, until, self.shop.account.time_zone).to_json()

    def _campaign_ends(self, keys: Sequence[str]) -> dt.datetime | None:
        """Return when the campaigns end that hold these offers on this account, as they are planned here."""
        with read(self.shop.engine) as connection:
            return campaign_ends(connection, self.shop.account.id, [int(key) for key in keys])

    def _next_step(self) -> Kind | None:
        """Return the next step of the stop ladder; a withdrawal that is refused empties the listing instead."""
        kind = self.operation.kind
        if self.task.difference.status in (Kind.HIDE, Kind.DELETE):
            return Kind.STOCK if kind in (Kind.HIDE, Kind.DELETE) else None
        info = self.shop.info
        steps = [
            step.kind
            for step in info.stop_ladder
            if step.undo is not None and (step.kind in info.operations or step.kind is Kind.STOCK)
        ]
        tried = kind if kind in (Kind.HIDE, Kind.DELETE) else Kind.STOCK
        later = steps[steps.index(tried) + 1 :] if tried in steps else []
        return later[0] if later else None


def _cannot_stop(error: ConnectorError, until: dt.datetime, time_zone: str) -> Problem:
    """The alert of what is sold out and still on sale there: until when, there, and what was done about it."""
    about, said = error.problem(), _local(until, time_zone)
    words = Words(
        f"Sudah habis tetapi belum bisa dihentikan sampai {said}; toko lain yang berbagi stok ini tidak "
        f"menjualnya. {about.words.id}",
        f"Sold out, but it can't be stopped until {said}; other shops that share its stock don't sell it. "
        f"{about.words.en}",
    )
    return replace(about, words=words)


def _cannot_fall(error: ConnectorError, until: dt.datetime, time_zone: str) -> Problem:
    about, said = error.problem(), _local(until, time_zone)
    words = Words(
        f"Stok berkurang, tetapi angkanya di sana belum bisa diturunkan sampai {said}. {about.words.id}",
        f"There are fewer, but the number there can't be lowered until {said}. {about.words.en}",
    )
    return replace(about, words=words)


def _local(moment: dt.datetime, time_zone: str) -> str:
    """Return a moment in a time zone with its name (WIB, WITA, CET), or its offset where it has no name."""
    there = moment.astimezone(ZoneInfo(time_zone))
    name = there.tzname() or ""
    return f"{there:%d-%m-%Y %H:%M} {name if name.isalpha() else f'UTC{name}'}"


def seeking(now: dt.datetime, tried: dt.datetime, create: Mapping[str, Json]) -> dict[str, Any]:
    """Return what the look-ups after an unsure ``create`` begin with: unsure since ``now``, sent at ``tried``.

    The SKUs that it carried are kept, since they may be renamed before it is found.
    """
    skus = {key: values["sku"] for key, values in create["offers"].items()}
    return {"since": now.isoformat(), "tried": tried.isoformat(), "looks": 0, "skus": skus}


def backoff_s(shop: Shop, tries: int, *, urgent: bool) -> float:
    """Return the pause after so many failures in a row, in seconds."""
    most = shop.timing.urgent_most_s if urgent else shop.timing.backoff_most_s
    return float(min(shop.timing.backoff_s * 2 ** min(tries, 16), most))
