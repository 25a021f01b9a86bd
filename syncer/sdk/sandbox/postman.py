"""Sending signed webhooks from a background thread, so that no answer waits for a receiver.

A letter is sent once; `webhook_retry_s` in the limits adds repetitions. Where it goes is set through the control
API: only to this machine.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from syncer.sdk.sandbox.faults import Fault
from syncer.sdk.sandbox.guard import LOOPBACK_NAMES

_KEEP = 20_000
_HELD_BACK_S = 0.5


class BadAddressError(ValueError):
    """Webhooks cannot be sent there; the text says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the webhooks of one app go. ``url`` is what the platform was told, and what is signed where the platform
    signs it; ``send_to`` is where it really is (the same, unless a tunnel stands between)."""

    url: str
    send_to: str

    @classmethod
    def build(cls, url: object, send_to: object = None) -> Address:
        """Check both.

        Raises:
            BadAddressError: no web address, or not on this machine.
        """
        target = url if send_to is None else send_to
        if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"} or len(url) > 255:
            raise BadAddressError("url must be a web address")
        if not isinstance(target, str) or urlsplit(target).hostname not in LOOPBACK_NAMES:
            raise BadAddressError("webhooks are sent on this machine only: give send_to as well")
        return cls(url, target)


@dataclass(frozen=True, slots=True)
class Letter:
    """One webhook, signed already. ``name`` is its kind (`order_status` …), ``about`` the order or listing.

    ``wants_empty`` says that the platform takes a body in the answer for a failure.
    """

    name: str
    account: str
    body: bytes
    headers: Mapping[str, str]
    send_to: str
    about: str = ""
    wants_empty: bool = False


@dataclass(slots=True)
class Sent:
    """What became of a letter: ``status`` is the receiver's answer, None if it was lost or nobody answered.

    ``accepted`` says whether the platform counts it as delivered; ``after_s`` is how long after ``t`` the try began
    that was accepted first.
    """

    n: int
    t: float
    letter: Letter
    fault: str = ""
    status: int | None = None
    tries: int = 0
    accepted: bool = False
    done: bool = False
    after_s: float | None = None
    posted: float = field(default_factory=time.monotonic)

    def as_json(self) -> dict[str, Any]:
        """As the control API shows it, ready to be sent again by a test."""
        letter = self.letter
        return {
            "n": self.n,
            "t": self.t,
            "name": letter.name,
            "shop_id": letter.account,
            "about": letter.about,
            "send_to": letter.send_to,
            "body": letter.body.decode(),
            "headers": dict(letter.headers),
            "fault": self.fault,
            "status": self.status,
            "tries": self.tries,
            "accepted": self.accepted,
            "after_s": self.after_s,
            "done": self.done,
        }


@dataclass(order=True, slots=True)
class _Due:
    at: float
    n: int
    sent: Sent = field(compare=False)
    retries: Sequence[float] = field(compare=False, default=())


class Postman:
    """Sends letters, those of one kind one after another: orders don't wait for a thousand words on products.

    `post` may be called from any thread.
    """

    def __init__(self, name: str, deadline_s: float = 3.0) -> None:
        self._name, self._deadline_s = name, deadline_s
        self._log: deque[Sent] = deque(maxlen=_KEEP)
        self._numbers = itertools.count(1)
        self._rounds: dict[str, _Round] = {}
        self._lock = threading.Lock()
        self._closed = False

    def post(self, letter: Letter, t: float, faults: Sequence[Fault] = (), retries: Sequence[float] = ()) -> None:
        """Send a letter soon, or as the faults say: never, twice, late, or after the next one."""
        kinds = {fault.kind: fault for fault in faults}
        sent = Sent(next(self._numbers), t, letter, ",".join(kinds))
        self._log.append(sent)
        if "webhook_lost" in kinds:
            sent.done = True
            return
        with self._lock:
            if self._closed:
                return
            found = self._rounds.setdefault(letter.name, _Round(f"postman-{self._name}", self._deadline_s))
        found.post(sent, kinds, retries)

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """Letters numbered above ``after``, oldest first."""
        return [sent.as_json() for sent in list(self._log) if sent.n > after]

    def waiting(self) -> int:
        """How many letters are not out yet."""
        return sum(1 for sent in list(self._log) if not sent.done)

    def clear(self) -> None:
        """Forget letters that are not out yet, and the log; numbers go on."""
        for one in list(self._rounds.values()):
            one.clear()
        self._log.clear()

    def close(self) -> None:
        """Send no more."""
        with self._lock:
            self._closed = True
        for one in list(self._rounds.values()):
            one.close()


class _Round:
    """Letters of one kind, and the thread that carries them."""

    def __init__(self, name: str, deadline_s: float) -> None:
        self._name, self._deadline_s = name, deadline_s
        self._queue: list[_Due] = []
        self._held: list[_Due] = []
        self._turns = itertools.count(1)
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def post(self, sent: Sent, kinds: Mapping[str, Fault], retries: Sequence[float]) -> None:
        """Send a letter soon, or as the faults say."""
        late = kinds.get("webhook_late")
        now = time.monotonic()
        due = _Due(now + (late.ms / 1000 if late else 0.0), next(self._turns), sent, tuple(retries))
        with self._wake:
            if "out_of_order" in kinds:
                due.at = now + _HELD_BACK_S
                self._held.append(due)
            else:
                self._overtake(due)
            heapq.heappush(self._queue, due)
            if "webhook_twice" in kinds:
                heapq.heappush(self._queue, _Due(due.at, next(self._turns), sent))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._wake.notify()

    def _overtake(self, due: _Due) -> None:
        """Let the letters that were held back follow right after this one."""
        for held in self._held:
            held.at, held.n = due.at, next(self._turns)
        if self._held:
            heapq.heapify(self._queue)
            self._held.clear()

    def clear(self) -> None:
        """Forget letters that are not out yet."""
        with self._wake:
            self._queue.clear()
            self._held.clear()

    def close(self) -> None:
        """Send no more."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(self._deadline_s)

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (due := self._next()) is not None:
                self._send(session, due)

    def _next(self) -> _Due | None:
        with self._wake:
            while not self._closed:
                wait = self._queue[0].at - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    due = heapq.heappop(self._queue)
                    self._held = [held for held in self._held if held is not due]
                    return due
                self._wake.wait(wait)
        return None

    def _send(self, session: requests.Session, due: _Due) -> None:
        sent, letter = due.sent, due.sent.letter
        sent.tries += 1
        after_s = time.monotonic() - sent.posted
        try:
            answer = session.post(
                letter.send_to,
                data=letter.body,
                headers=dict(letter.headers),
                timeout=self._deadline_s,
                allow_redirects=False,
            )
            sent.status = answer.status_code
            good = 200 <= answer.status_code < 300 and not (letter.wants_empty and answer.content)
            if good and not sent.accepted:
                sent.accepted, sent.after_s = True, after_s
        except requests.RequestException:
            sent.status = None
        if sent.accepted or not due.retries:
            sent.done = True
            return
        with self._wake:
            again = _Due(time.monotonic() + due.retries[0], next(self._turns), sent, due.retries[1:])
            heapq.heappush(self._queue, again)
