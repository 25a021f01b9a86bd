"""A seller who has never heard of us: makes listings in a sandbox through its own API, one after the other."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from syncer.domain.listing import WantedListing, WantedOffer
from syncer.sdk import registry
from syncer.sdk.contract import Context, Tokens
from syncer.sdk.http import HttpClient
from syncer.sdk.sandbox import RunningSandbox
from syncer.sdk.testing.builders import picture_files, pictures
from syncer.sdk.testing.driver import Driver
from tests.sync.world import Control

#: What makes tests short, by connector: limits of the sandbox, and options of the account.
LIMITS: Mapping[str, Mapping[str, Any]] = {
    "shopee": {"burst_per_s": 10_000, "review_delay_s": 0.0, "variation_wait_s": 0.0},
    "tiktok_shop": {"burst_per_s": 10_000, "review_delay_s": 0.0},
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "shopee": {"calls_per_s": 1000, "variation_pause_s": 0, "review_check_s": 0.05},
    "tiktok_shop": {"calls_per_s": 1000, "writes_per_s": 1000, "listings_per_s": 1000, "review_check_s": 0.05},
}
_LAGS = {"late_write_s": 0.2, "search_lag_s": 0.1, "read_lag_s": 0.05}
Offer = tuple[str, tuple[str, ...], int, int]


@contextlib.contextmanager
def sandbox_of(connector: str) -> Iterator[RunningSandbox]:
    """A running sandbox of one kind, without waiting times."""
    running: RunningSandbox = registry.load(connector, group=registry.SANDBOXES)().start(limits=LIMITS[connector])
    with running:
        yield running


class Seller:
    """Makes listings in one sandbox. ``options`` are those of an account on it."""

    def __init__(self, connector: str, running: RunningSandbox, scratch: Path) -> None:
        self.running, self.control = running, Control(running.control_url)
        found: Any = registry.load(connector)
        self.options = {**running.account_options, **OPTIONS[connector], **_LAGS}
        self._client = HttpClient(hosts=found.info.hosts, sandbox=running.base_url)
        self._tokens: Tokens | None = None
        options = found.options_type.read(self.options)
        self._connector = found(options, Context(self._client, scratch, lambda: self._tokens))
        first = getattr(self._connector, "first_tokens", None)
        self._tokens = first() if first is not None else None
        self._driver = Driver(self._connector, wait=_wait, files=picture_files(), sign_in=lambda: None)
        self.category = "101227" if connector == "shopee" else self._plain_category()

    def close(self) -> None:
        self._client.close()

    def sells(
        self,
        title: str,
        offers: Sequence[Offer],
        *,
        marker: str = "",
        option_names: tuple[str, ...] = (),
        live: bool = True,
    ) -> str:
        """Make a listing with offers (SKU, options, price, stock), and return its id."""
        wanted = WantedListing(
            marker=marker or title,
            title=title,
            description="Buatan tangan dari Serpong, dibuat satu per satu oleh perajin di rumahnya sendiri.",
            currency="IDR",
            category_key="wood-carving",
            category=self.category,
            pictures=pictures(0, 1),
            option_names=option_names,
            offers=tuple(
                WantedOffer(f"{title}-{number}", sku, Decimal(price), stock, options, 400, 200, 150, 80)
                for number, (sku, options, price, stock) in enumerate(offers)
            ),
            live=live,
        )
        found = self._driver.converge(wanted).listing
        assert found is not None
        return found.remote_id

    def there(self) -> dict[str, dict[str, Any]]:
        """What the shop shows, by id, without what is deleted."""
        return {one["remote_id"]: one for one in self.control.ask("GET", "listings") if one["status"] != "deleted"}

    def _plain_category(self) -> str:
        for category in self._connector.fetch_categories():
            if category.usable and not any(one.mandatory for one in self._connector.fetch_attributes(category.id)):
                rules = self._connector.fetch_fact(f"rules:{category.id}")
                if not rules["size_chart_required"] and not any(row["required"] for row in rules["certificates"]):
                    return str(category.id)
        raise AssertionError("no plain category")


def _wait(seconds: float) -> None:
    time.sleep(min(seconds, 0.3))
