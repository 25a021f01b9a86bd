"""A TikTok Shop sandbox, an account on it, and the driver that walks a change as the engine does."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.tiktok_shop.connector import TiktokShopConnector
from connectors.tiktok_shop.options import TiktokShopOptions
from connectors.tiktok_shop.sandbox import TiktokShopSandbox
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from syncer.domain.listing import RemoteListing, Rendered, WantedListing
from syncer.sdk.contract import Context, Tokens
from syncer.sdk.http import CallRecord, HttpClient
from syncer.sdk.operations import Kind, Operation, Result
from syncer.sdk.testing.builders import listing, picture_files
from syncer.sdk.testing.control import Control
from syncer.sdk.testing.driver import Driver
from tests.connectors.tiktok_shop.canned import Canned
from tests.sandbox.tiktok_shop import openapi

ROOMY = {"burst_per_s": 100_000.0, "review_delay_s": 0.0}
TIKTOK_SHOP, TOKOPEDIA = "TIKTOK_SHOP", "TOKOPEDIA"
BOTH = [TIKTOK_SHOP, TOKOPEDIA]


class Shop:
    """One account on a running sandbox, with what it called and what it sent."""

    def __init__(self, scratch: Path) -> None:
        self.running = TiktokShopSandbox().start(limits=ROOMY)
        self.control = Control(self.running.control_url)
        self.scratch = scratch
        self.clients: list[HttpClient] = []
        self.sent: list[tuple[str, str, Any]] = []
        self.start_anew()
        self.category, self.other_category = self._categories()

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.control.close()
        self.running.stop()

    def start_anew(self, **options: Any) -> None:
        self.control.reset()
        self.control.post("limits", {**TiktokLimits().as_json(), **ROOMY})
        self.tokens: Tokens | None = None
        self.calls: list[CallRecord] = []
        self.options = self.read_options(**options)
        self.connector = self.open()
        self.driver = Driver(
            self.connector, wait=self.wait, files=picture_files(), sign_in=self.sign_in, around=_no_context
        )
        self.sent.clear()

    def limit(self, **limits: Any) -> None:
        self.control.post("limits", limits)

    def read_options(self, **changes: Any) -> TiktokShopOptions:
        values = dict(self.control.get("account")["options"])
        quick = {"review_check_s": 1, "late_write_s": 1, "search_lag_s": 1, "read_lag_s": 0}
        return TiktokShopOptions.read({**values, **quick, **changes})

    def open(self, options: TiktokShopOptions | None = None, *, timeout_s: float = 5.0) -> TiktokShopConnector:
        client = Wire(self, timeout_s)
        self.clients.append(client)
        return TiktokShopConnector(options or self.options, Context(client, self.scratch, lambda: self.tokens))

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.control.get("clock")["now"], dt.UTC)

    def wait(self, seconds: float) -> None:
        if seconds > 0:
            self.control.advance(seconds)

    def sign_in(self) -> None:
        tokens = self.tokens or self.connector.first_tokens()
        assert tokens is not None
        self.tokens = self.connector.refresh(tokens)

    def _categories(self) -> tuple[str, str]:
        """Return two leaves of both storefronts that demand nothing."""
        found: list[str] = []
        for category in self.connector.fetch_categories():
            if category.usable and not any(one.mandatory for one in self.connector.fetch_attributes(category.id)):
                rules = self.connector.fetch_fact(f"rules:{category.id}")
                if not rules["size_chart_required"] and not any(row["required"] for row in rules["certificates"]):
                    found.append(category.id)
            if len(found) == 2:
                return found[0], found[1]
        raise AssertionError("no plain category")

    # What tests do

    def wanted(self, **values: Any) -> WantedListing:
        return listing(**{"category": self.category, **values})

    def publish(self, wanted: WantedListing) -> RemoteListing:
        found = self.driver.converge(wanted).listing
        assert found is not None
        self.sent.clear()
        return found

    def render(self, wanted: WantedListing) -> Rendered:
        return self.driver.render(wanted)

    def apply(self, kind: Kind, wanted: WantedListing, *, fields: Any = (), offers: Any = ()) -> Result:
        """Apply one operation on what is known of ``wanted``; nothing is learnt from it."""
        operation = self.operation(kind, wanted, fields=fields, offers=offers)
        result: Result = self.driver.connector.apply([operation])[0]
        return result

    def operation(self, kind: Kind, wanted: WantedListing, **names: Any) -> Operation:
        return self.driver.operation(kind, wanted, **names)

    def there(self, remote_id: str) -> dict[str, Any]:
        return self.control.listing(remote_id)

    def bodies(self, name: str) -> list[Any]:
        """The bodies sent to addresses that end in ``name`` (without ids), such as ``PUT products``."""
        return [body for method, path, body in self.sent if f"{method} {_last_word(path)}" == name]

    def writes(self) -> list[str]:
        """What was written since the last publish, such as ``POST partial_edit``."""
        reads = ("search", "shops", "warehouses")
        return [
            f"{method} {_last_word(path)}"
            for method, path, _ in self.sent
            if method != "GET" and _last_word(path) not in reads
        ]


def _last_word(path: str) -> str:
    return next(part for part in reversed(path.split("/")) if not part.isdigit())


def _no_context(_: Operation) -> Any:
    return contextlib.nullcontext()


class Wire(HttpClient):
    """The real client, keeping what was sent: methods, paths, and bodies of writes or parameters of reads."""

    def __init__(self, shop: Shop, timeout_s: float) -> None:
        super().__init__(
            hosts=TiktokShopConnector.info.hosts,
            sandbox=shop.running.base_url,
            on_call=shop.calls.append,
            read_timeout_s=timeout_s,
        )
        self._shop = shop

    def call(self, method: str, url: str, **rest: Any) -> Any:
        params = rest["params"]() if callable(rest.get("params")) else rest.get("params")
        sent = json.loads(rest["data"]) if rest.get("data") else rest.get("files") or params
        self._shop.sent.append((method, urlsplit(url).path, sent))
        return super().call(method, url, **rest)


@pytest.fixture(scope="session")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("tiktok_shop"))
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def _official(tmp_path_factory: pytest.TempPathFactory) -> openapi.Official | None:
    return openapi.official(tmp_path_factory.mktemp("openapi")) if openapi.wanted() else None


@pytest.fixture
def shop(_shop: Shop, _official: openapi.Official | None) -> Iterator[Shop]:
    """The shop, empty. With the platform's OpenAPI files at hand, what is sent to it is checked against them."""
    with _official.watching() if _official is not None else contextlib.nullcontext():
        _shop.start_anew()
        yield _shop


@pytest.fixture
def canned() -> Iterator[Canned]:
    server = Canned()
    yield server
    server.close()
