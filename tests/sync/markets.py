"""A world with both marketplaces at once: one catalogue, one engine, and any number of shops on either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from syncer.channels.joining import add_account
from syncer.channels.records import Account
from syncer.sdk import registry
from syncer.store.engine import read
from tests.sync.truth import compare, wanted
from tests.sync.world import Control, World, now, wait_until

CONNECTORS = ("shopee", "tiktok_shop")
#: What is minutes in life is parts of a second here, and nothing is limited unless a test says so.
LIMITS: Mapping[str, Mapping[str, Any]] = {
    "shopee": {"burst_per_s": 10_000, "review_delay_s": 0.03, "variation_wait_s": 0.05},
    "tiktok_shop": {"burst_per_s": 10_000, "review_delay_s": 0.03},
}
_LAGS = {"late_write_s": 0.6, "search_lag_s": 0.25, "read_lag_s": 0.2}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "shopee": {"calls_per_s": 1000, "variation_pause_s": 0.06, "review_check_s": 0.08, **_LAGS},
    "tiktok_shop": {
        "calls_per_s": 1000,
        "writes_per_s": 1000,
        "listings_per_s": 1000,
        "review_check_s": 0.08,
        **_LAGS,
    },
}


class Markets(World):
    """The small world with a sandbox of each marketplace. ``shops`` are the accounts that were joined, in order."""

    def __init__(self, engine: Engine, home: Path, runnings: Mapping[str, Any]) -> None:
        self.runnings = runnings
        self.controls = {name: Control(running.control_url) for name, running in runnings.items()}
        super().__init__(engine, home, runnings[CONNECTORS[0]])
        self.shops: list[Account] = []
        self._first: dict[str, str] = {}

    def limits_for_tests(self) -> None:
        for name, control in self.controls.items():
            control.limits(**LIMITS[name])

    def join(self, connector: str, **options: Any) -> Account:
        """Join one more shop of a marketplace: the first one there, then others of the same app."""
        given = dict(self.runnings[connector].account_options)
        number = sum(one.connector == connector for one in self.shops) + 1
        if number > 1:
            given |= self.controls[connector].ask("POST", "shops", {"name": f"{connector} {number}"})["options"]
        found = add_account(
            self.engine,
            self.keys,
            home=self.home,
            connector=connector,
            name=f"{connector} {number}",
            options={**given, **OPTIONS[connector], **options},
            now=now(),
        ).account
        self.shops.append(found)
        return found

    def control_of(self, account: Account) -> Control:
        """The sandbox where this account's shop is."""
        return self.controls[account.connector]

    def heal_all(self) -> None:
        """End all faults; wait until what was held back has landed."""
        for control in self.controls.values():
            control.heal()
        for control in self.controls.values():
            wait_until(lambda control=control: control.ask("GET", "limits")["pending_late_writes"] == 0)

    def check_all(self) -> None:
        """Fail unless every shop shows what the catalogue says, and none ever showed what it never said."""
        for account in self.shops:
            with read(self.engine) as connection:
                wishes = wanted(connection, account.id)
            rows = self.controls[account.connector].ask("GET", f"listings?shop_id={account.shop_id}")
            compare(wishes, rows)
        for name, control in self.controls.items():
            history = control.ask("GET", "history")
            self.truth.check_history(_without_placeholders(history) if name == "tiktok_shop" else history)

    def refused(self) -> list[dict[str, Any]]:
        """Return the calls that were too many for a marketplace."""
        return [
            call
            for control in self.controls.values()
            for call in control.calls()
            if call["refused"] in ("rate", "quota")
        ]


def _without_placeholders(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the first number of each offer if it is 1: a draft of what is sold out can't have 0 (its trap 10)."""
    seen: set[str] = set()
    found = []
    for write in history:
        first = write["field"] == "stock" and write["offer_id"] not in seen
        if write["field"] == "stock":
            seen.add(write["offer_id"])
        if not (first and int(write["value"]) == 1):
            found.append(write)
    return found


@contextmanager
def open_sandboxes() -> Iterator[dict[str, Any]]:
    """Start a sandbox of each marketplace."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(registry.load(name, group=registry.SANDBOXES)().start()) for name in CONNECTORS
        }
