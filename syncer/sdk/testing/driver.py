"""Drives a connector the way the engine does, in one thread and without a database.

One operation is chosen from what differs, applied, and what its answer proved is merged into what is known; then
the next, until nothing differs. Errors are answered as their recovery says. It is written apart from the engine on
purpose, from the contract's text alone: a connector that works with both was not fitted to either.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from syncer.domain.listing import Json, Picture, RemoteListing, Rendered, Status, WantedListing
from syncer.domain.problem import Problem
from syncer.sdk.contract import Info, NeedsFacts, UploadsPictures
from syncer.sdk.errors import ConnectorError, PictureGone, Recovery
from syncer.sdk.operations import Kind, Operation, Result
from syncer.sdk.testing.builders import PictureFile
from syncer.sdk.testing.difference import bind, differences, merge, next_operation, ref_of, uncertain, unknown_after

_MOST_STEPS = 60
_MOST_STRIKES = 3
_MOST_PASSING = 15
_LOOK_AGAIN_S = 30.0
_PASSING = frozenset({Recovery.RETRY, Recovery.RETRY_AT, Recovery.WAIT_STATE, Recovery.READ_BACK})


class NotConverged(AssertionError):
    """The connector was asked again and again, and something still differs. The text says what."""


@dataclass(slots=True)
class Outcome:
    """What one :meth:`Driver.converge` did. ``listing`` is what is known at its end (offers carry our keys)."""

    rendered: Rendered
    listing: RemoteListing | None = None
    operations: list[Operation] = field(default_factory=list)
    errors: list[ConnectorError] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of the operations that were applied, in order."""
        return [operation.kind for operation in self.operations]


@dataclass(slots=True)
class _Memory:
    """What the driver keeps of one listing between two runs."""

    known: RemoteListing | None = None
    create_unknown: bool = False
    unsure: bool = False
    look_after_s: float | None = None
    create_key: str = ""


def _nothing(_: Operation) -> AbstractContextManager[None]:
    return contextlib.nullcontext()


class Driver:
    """The engine's walk of one change for one connector.

    ``wait`` lets time pass on the platform (seconds). ``files`` are the photos by SHA-256. ``sign_in`` is called
    when the access is refused, as the engine refreshes and a person signs in. ``around`` is entered around each
    ``apply`` (to count what it does).
    """

    def __init__(
        self,
        connector: Any,
        *,
        wait: Callable[[float], None],
        files: Mapping[str, PictureFile],
        sign_in: Callable[[], Any],
        around: Callable[[Operation], AbstractContextManager[None]] = _nothing,
    ) -> None:
        self.connector = connector
        self.info: Info = connector.info
        self.facts: dict[str, Json] = {}
        self.remote_pictures: dict[str, str] = {}
        self.errors: list[ConnectorError] = []
        self._wait = wait
        self._files = files
        self._sign_in = sign_in
        self._around = around
        self._memory: dict[str, _Memory] = {}

    def known(self, marker: str) -> RemoteListing | None:
        """Return what is known of the listing with this marker."""
        return self._memory[marker].known if marker in self._memory else None

    def forget(self, marker: str) -> None:
        """Forget a listing, as after a restore."""
        self._memory.pop(marker, None)

    def render(self, wanted: WantedListing) -> Rendered:
        """Fetch the facts and upload the pictures that ``wanted`` needs, then render it."""
        if isinstance(self.connector, NeedsFacts):
            for key in self.connector.fact_keys(wanted):
                if key not in self.facts:
                    self.facts[key] = self._fact(key)
        rendered: Rendered = self.connector.render(self._with_pictures(wanted), dict(self.facts))
        return rendered

    def operation(
        self, kind: Kind, wanted: WantedListing, *, fields: Sequence[str] = (), offers: Sequence[str] = ()
    ) -> Operation:
        """Return an operation on the listing of ``wanted`` as it is known now."""
        return Operation(
            kind, ref_of(wanted), self.render(wanted), self.known(wanted.marker), tuple(fields), tuple(offers)
        )

    def apply(self, operation: Operation) -> Result:
        """Apply one operation; an error of the whole call becomes the result's."""
        try:
            with self._around(operation):
                results = list(self.connector.apply([operation]))
        except ConnectorError as error:
            results = [Result(error=error)]
        assert len(results) == 1, f"{operation.kind} of one operation gave {len(results)} results"
        result: Result = results[0]
        self.errors += [error for error in (result.error, *result.offer_errors.values()) if error is not None]
        return result

    def fetch(self, wanted: WantedListing) -> RemoteListing:
        """Read the listing of ``wanted`` back, bind its offers to our keys, and know it from then on."""
        memory = self._memory.setdefault(wanted.marker, _Memory())
        if memory.known is None:
            raise LookupError(f"{wanted.marker} is not known to be there")
        remote_id = memory.known.remote_id
        found = self._read(lambda: self.connector.fetch_listing(remote_id))
        extra = {**memory.known.extra, **found.extra}
        if found.offers_complete:
            memory.known = bind(replace(found, extra=extra), memory.known, wanted)
        else:
            # The newest version can't be read (its edit was refused): what was acknowledged of it stays.
            memory.known = merge(memory.known, replace(found, extra=extra), wanted)
        return memory.known

    def converge(self, wanted: WantedListing, *, state: str = "live") -> Outcome:
        """Make the platform show ``wanted`` (``state`` live, hidden or deleted); return what was done.

        Raises the error where a person would be asked, :class:`NotConverged` if no end is in sight.
        """
        memory = self._memory.setdefault(wanted.marker, _Memory())
        outcome = Outcome(self.render(wanted))
        strikes: dict[Recovery, int] = {}
        for _ in range(_MOST_STEPS):
            outcome.rendered = self.render(wanted)
            outcome.problems = outcome.rendered.problems
            if memory.create_unknown and memory.known is None:
                self._look(wanted, memory)
            operation = next_operation(self.info, outcome.rendered, memory.known, ref_of(wanted), state)
            if operation is None:
                if self._settled(wanted, memory):
                    outcome.listing = memory.known
                    return outcome
                continue
            if operation.kind is Kind.CREATE:
                memory.create_key = memory.create_key or uuid.uuid4().hex
                operation = replace(operation, key=memory.create_key)
            outcome.operations.append(operation)
            result = self.apply(operation)
            self._learn(wanted, memory, operation, result)
            errors = [error for error in (result.error, *result.offer_errors.values()) if error is not None]
            outcome.errors += errors
            for error in errors[:1]:
                self._recover(error, strikes, wanted, memory, operation)
            if not errors:
                strikes.clear()
        told = ", ".join(outcome.kinds[-6:])
        raise NotConverged(
            f"after {_MOST_STEPS} steps still: {differences(self.info, outcome.rendered, memory.known)}; last: {told}"
        )

    def _learn(self, wanted: WantedListing, memory: _Memory, operation: Operation, result: Result) -> None:
        """Merge what the answer proved; what was written and not proved is unknown."""
        lost = result.error is not None and result.error.recovery is Recovery.READ_BACK
        if operation.kind is Kind.CREATE and not lost:
            memory.create_key = ""
        if result.error is None or lost:
            memory.known = unknown_after(memory.known, operation, lost)
        if result.proved is not None:
            memory.known = merge(memory.known, result.proved, wanted)
        if result.again_after_s:
            self._wait(result.again_after_s)
        if result.check_after_s is not None:
            memory.look_after_s = result.check_after_s
        if result.error is None and memory.known is not None and uncertain(self.info, operation, memory.known):
            self._wait(self.info.finding.read_lag_s)
            self._reread(wanted, memory)

    def _recover(
        self,
        error: ConnectorError,
        strikes: dict[Recovery, int],
        wanted: WantedListing,
        memory: _Memory,
        operation: Operation,
    ) -> None:
        strikes[error.recovery] = strikes.get(error.recovery, 0) + 1
        most = _MOST_PASSING if error.recovery in _PASSING else _MOST_STRIKES
        if error.recovery in (Recovery.GONE, Recovery.STOP_ACCOUNT) or strikes[error.recovery] >= most:
            raise error
        if isinstance(error, PictureGone):
            for picture in wanted.pictures:
                self.remote_pictures.pop(picture.sha256, None)
        if error.recovery is Recovery.SIGN_IN_AGAIN:
            self._sign_in()
        elif error.recovery is Recovery.READ_BACK:
            memory.unsure = True
            if operation.kind is Kind.CREATE and memory.known is None:
                memory.create_unknown = True
                return
            self._wait(self.info.finding.read_lag_s)
            self._reread(wanted, memory)
        elif error.recovery is Recovery.WAIT_STATE:
            self._wait(error.after_s or _LOOK_AGAIN_S)
            self._reread(wanted, memory)
        else:
            self._wait(error.after_s or 1.0)

    def _look(self, wanted: WantedListing, memory: _Memory) -> None:
        """Look for a listing whose create had no clear answer; twice, over all the lag, before it counts as absent."""
        finding = self.info.finding
        for pause in (0.0, finding.search_lag_s + finding.late_write_s):
            self._wait(pause)
            found = self._read(lambda: self.connector.find_listing(ref_of(wanted)))
            mine = [listing for listing in found if listing.marker in (None, "", wanted.marker)]
            if len(mine) > 1:
                raise NotConverged(f"{len(mine)} listings of {wanted.marker} are there: {[o.remote_id for o in mine]}")
            if mine:
                memory.known = bind(mine[0], None, wanted)
                self.fetch(wanted)
                break
        memory.create_unknown = False

    def _settled(self, wanted: WantedListing, memory: _Memory) -> bool:
        """Return whether the end is certain; otherwise look once more."""
        if memory.known is None:
            return True
        if memory.unsure:
            # An answer was lost: its write may land late, so what was read must hold after that time too.
            self._wait(self.info.finding.late_write_s)
            memory.unsure = False
            self._reread(wanted, memory)
            return False
        if memory.known.status is Status.REVIEW or (memory.look_after_s is not None and self.info.review):
            self._wait(memory.look_after_s or _LOOK_AGAIN_S)
            memory.look_after_s = None
            self._reread(wanted, memory)
            return False
        return True

    def _reread(self, wanted: WantedListing, memory: _Memory) -> None:
        if memory.known is None or memory.known.status is Status.DELETED:
            return
        try:
            self.fetch(wanted)
        except ConnectorError as error:
            if error.recovery is not Recovery.GONE:
                raise
            memory.known = replace(memory.known, status=Status.DELETED)

    def _read(self, call: Callable[[], Any]) -> Any:
        """Make a read, waiting and signing in again as its errors say."""
        for attempt in range(_MOST_PASSING):
            try:
                return call()
            except ConnectorError as error:
                self.errors.append(error)
                if error.recovery is Recovery.SIGN_IN_AGAIN and attempt < _MOST_STRIKES:
                    self._sign_in()
                elif error.recovery in (Recovery.RETRY, Recovery.RETRY_AT):
                    self._wait(error.after_s or 1.0)
                else:
                    raise
        return call()

    def _fact(self, key: str) -> Json:
        return self._read(lambda: self.connector.fetch_fact(key))

    def _with_pictures(self, wanted: WantedListing) -> WantedListing:
        if not isinstance(self.connector, UploadsPictures):
            return wanted
        for picture in wanted.pictures:
            if picture.sha256 not in self.remote_pictures and picture.remote_id is None:
                file = self._files[picture.sha256]
                self.remote_pictures[file.sha256] = self._upload(file)
        uploaded = tuple(
            Picture(picture.sha256, picture.remote_id or self.remote_pictures[picture.sha256], picture.sku)
            for picture in wanted.pictures
        )
        return replace(wanted, pictures=uploaded)

    def _upload(self, file: PictureFile) -> str:
        for _ in range(_MOST_STRIKES):
            # A picture uploaded twice harms nobody, so an unknown outcome is simply repeated.
            with contextlib.suppress(ConnectorError):
                return str(self._read(lambda: self.connector.upload_picture(file.data, file.mime, file.name)))
        return str(self._read(lambda: self.connector.upload_picture(file.data, file.mime, file.name)))
