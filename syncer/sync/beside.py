"""Calls to a shop by a command, beside the daemon or without one: within the declared budgets, and patient.

A command holds no lease, so it and a daemon know nothing of each other's calls. While a daemon holds the lease of the
budget group, a command keeps to a tenth of each budget, and at least one call a window: a shop of ten calls a second
gets one from it. Together they may exceed a budget by that tenth; the platform refuses what is too much before it
changes anything, the daemon's pacer learns from it, and :func:`patiently` asks again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from syncer.channels.connectors import open_connector
from syncer.channels.records import Account
from syncer.channels.sign_in import Refresh, SignIn
from syncer.sdk.contract import Budget, Connector
from syncer.sdk.errors import ConnectorError, RateLimited, Recovery
from syncer.sdk.http import retry_after_s
from syncer.store.engine import Engine, read
from syncer.store.marks import Lane
from syncer.sync.lease import holder
from syncer.sync.pace import Pacer
from syncer.sync.service import Deps
from syncer.sync.shop import utc_now

#: The share of each budget that a command may spend while a daemon spends the same budget.
_BESIDE_A_DAEMON = 0.1
#: So often something is asked before a command gives up, and the longest pause between two times, in seconds.
TRIES = 6
_LONGEST_PAUSE_S = 30.0
T = TypeVar("T")


class BesideGate:
    """Stands before every call of a command: waits for the budget, and learns from refusals."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer

    def before(self, operation: str) -> None:
        """Wait for the budgets."""
        while (wait := self._pacer.spend(operation, Lane.READ)) > 0:
            time.sleep(min(wait, 1.0))

    def after(self, operation: str, status: int, headers: Mapping[str, str]) -> None:
        """Pause after a 429."""
        self._pacer.answered(self._pacer.sent())
        if status == 429:
            self._pacer.refused(None, retry_after_s(headers, utc_now()))
        elif status:
            self._pacer.accepted()


@dataclass(frozen=True, slots=True)
class Beside:
    """An account with a connector that a command may call; ``gate`` paces every other connector of it as well."""

    engine: Engine
    account: Account
    connector: Connector
    pacer: Pacer
    gate: BesideGate
    sign_in: SignIn
    backoff_s: float

    def patiently(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` returns; after a passing fault it is asked again, see :func:`patiently`."""
        again = partial(self.sign_in.refresh_after_refusal, self.engine, self.account, self.connector)
        return patiently(ask, self.pacer, again, backoff_s=self.backoff_s)


def open_beside(deps: Deps, account: Account) -> Beside:
    """Return ``account`` with a connector at a command's pace. No call is made. Raises as ``open_connector`` does."""
    pacer = Pacer([])
    gate = BesideGate(pacer)
    connector = open_connector(
        account,
        engine=deps.engine,
        keys=deps.keys,
        home=deps.home,
        gate=gate,
        allowed=deps.allowed,
        load=deps.load,
    )
    with read(deps.engine) as connection:
        busy = holder(connection, account.budget_group, utc_now()) is not None
    pacer.add([_share(budget) if busy else budget for budget in connector.budgets()])
    sign_in = deps.timing.sign_in(deps.keys)
    return Beside(deps.engine, account, connector, pacer, gate, sign_in, deps.timing.backoff_s)


def patiently(ask: Callable[[], T], pacer: Pacer, sign_in_again: Callable[[], Refresh], *, backoff_s: float) -> T:
    """Return what ``ask`` returns; after a passing fault it is asked again, and after a refused sign-in once more.

    Raises ConnectorError after some tries, or at once for what doesn't pass.
    """
    signed_in = False
    for number in range(TRIES):
        try:
            return ask()
        except ConnectorError as error:
            last = number == TRIES - 1
            if error.recovery is Recovery.SIGN_IN_AGAIN and not signed_in:
                signed_in = True
                if sign_in_again() not in (Refresh.REFRESHED, Refresh.BUSY, Refresh.KEPT):
                    raise
            elif last or error.recovery not in (Recovery.RETRY, Recovery.RETRY_AT):
                raise
            pause = error.after_s or backoff_s * 2**number
            if isinstance(error, RateLimited):
                # Some platforms say so in a body, with status 200: the gate doesn't see that.
                pause = max(pause, pacer.refused(error.budget, error.after_s))
            time.sleep(min(pause, _LONGEST_PAUSE_S))
    raise AssertionError("the last try returns or raises")


def _share(budget: Budget) -> Budget:
    return replace(budget, limit=max(int(budget.limit * _BESIDE_A_DAEMON), 1))
