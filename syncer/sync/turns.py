"""Whose turn it is on the processor: one look at a time, and what is ready to go out goes before what is to be noted.

All accounts wake at the same commit, and their threads share one interpreter. If all looked at once, each would be done
only when all are; one after the other, the first is done early and the last no later. For the same reason the record
of a call, which no buyer sees, stands back while another account is about to send. Both are a courtesy with an end:
nobody waits for longer than :data:`LOOK_S` or :data:`RECORD_S`, so that a slow look holds up no other account.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: At most so long a look waits for another account's, and a record for all that are about to send, in seconds.
LOOK_S, RECORD_S = 0.05, 0.04


class Turns:
    """The turns of this process. Accounts are known by their ids."""

    def __init__(self) -> None:
        self._look = threading.Lock()
        self._changed = threading.Condition()
        self._about_to_send: set[int] = set()

    @contextmanager
    def look(self) -> Iterator[None]:
        """Let one account look at what is due, and begin to send it."""
        mine = self._look.acquire(timeout=LOOK_S)
        try:
            yield
        finally:
            if mine:
                self._look.release()

    def about_to_send(self, account_id: int) -> None:
        """Say that this account has found something that may go out at once."""
        with self._changed:
            self._about_to_send.add(account_id)

    def sent(self, account_id: int) -> None:
        """Say that it has gone out, or that nothing does."""
        if account_id in self._about_to_send:
            with self._changed:
                self._about_to_send.discard(account_id)
                self._changed.notify_all()

    def before_record(self, account_id: int) -> None:
        """Wait until no other account is about to send, for a moment at most."""
        until = time.monotonic() + RECORD_S
        with self._changed:
            while self._about_to_send - {account_id} and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)


#: Those of this process: its threads share one interpreter, whichever account they work for.
TURNS = Turns()
