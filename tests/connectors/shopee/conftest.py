"""A Shopee sandbox, an account on it, and the driver that walks a change as the engine does."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.shopee.connector import ShopeeConnector
from connectors.shopee.options import ShopeeOptions
from connectors.shopee.sandbox import ShopeeSandbox
from syncer.domain.listing import RemoteListing, Rendered, WantedListing
from syncer.sdk.contract import Context, Tokens
from syncer.sdk.http import CallRecord, HttpClient
from syncer.sdk.operations import Kind, Operation, Result
from syncer.sdk.testing.builders import listing, picture_files
from syncer.sdk.testing.control import Control
from syncer.sdk.testing.driver import Driver
from tests.connectors.shopee.canned import Canned

#: A leaf without mandatory attributes, and one with Material, Bag style and Bag-in-bag.
PLAIN, BAGS = "101227", "100093"
ROOMY = {"burst_per_s": 100_000.0, "review_delay_s": 0.0, "variation_wait_s": 0.0}


class Shop:
    """One account on a running sandbox, with what it called and what it sent."""

    def __init__(self, scratch: Path) -> None:
        self.running = ShopeeSandbox().start(limits=ROOMY)
        self.control = Control(self.running.control_url)
        self.scratch = scratch
        self.clients: list[HttpClient] = []
        self.sent: list[Any] = []
        self.start_anew()

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.control.close()
        self.running.stop()

    def start_anew(self) -> None:
        self.control.reset()
        self.control.post("limits", ROOMY)
        self.tokens: Tokens | None = None
        self.calls: list[CallRecord] = []
        self.first_call = self.control.last_call()
        self.options = self.read_options()
        self.connector = self.open()
        self.driver = Driver(
            self.connector, wait=self.wait, files=picture_files(), sign_in=self.sign_in, around=_no_context
        )

    def read_options(self, **changes: Any) -> ShopeeOptions:
        values = dict(self.control.get("account")["options"])
        quick = {"variation_pause_s": 0, "review_check_s": 1, "late_write_s": 1, "search_lag_s": 1, "read_lag_s": 0}
        return ShopeeOptions.read({**values, **quick, **changes})

    def open(self, options: ShopeeOptions | None = None, *, timeout_s: float = 5.0) -> ShopeeConnector:
        client = Wire(self, timeout_s)
        self.clients.append(client)
        context = Context(client, self.scratch, lambda: self.tokens)
        return ShopeeConnector(options or self.options, context)

    def now(self) -> dt.datetime:
        """The shop's own time: its clock can be moved, while signatures go by the real one."""
        return dt.datetime.fromtimestamp(self.control.get("clock")["now"], dt.UTC)

    def wait(self, seconds: float) -> None:
        if seconds > 0:
            self.control.advance(seconds)

    def sign_in(self) -> None:
        tokens = self.tokens or self.connector.first_tokens()
        assert tokens is not None
        self.tokens = self.connector.refresh(tokens)

    # What tests do

    def wanted(self, **values: Any) -> WantedListing:
        return listing(**{"category": PLAIN, **values})

    def publish(self, wanted: WantedListing) -> RemoteListing:
        found = self.driver.converge(wanted).listing
        assert found is not None
        self.sent.clear()
        self.first_call = self.control.last_call()
        return found

    def render(self, wanted: WantedListing) -> Rendered:
        return self.driver.render(wanted)

    def apply(self, kind: Kind, wanted: WantedListing, *, fields: Any = (), offers: Any = ()) -> Result:
        """Apply one operation on what is known of ``wanted``; nothing is learnt from it."""
        operation = self.driver.operation(kind, wanted, fields=fields, offers=offers)
        return self.connector.apply([operation])[0]

    def operation(self, kind: Kind, wanted: WantedListing, **names: Any) -> Operation:
        return self.driver.operation(kind, wanted, **names)

    def there(self, remote_id: str) -> dict[str, Any]:
        return self.control.listing(remote_id)

    def paths(self) -> list[str]:
        """The calls that reached the sandbox since the last publish, without their common prefix."""
        return [call["path"].removeprefix("/api/v2/") for call in self.control.calls(self.first_call)]

    def writes(self) -> list[str]:
        reads = ("get_", "search_")
        return [path for path in self.paths() if not path.split("/")[-1].startswith(reads)]

    def bodies(self, path: str) -> list[Any]:
        return [body for name, body in self.sent if name == path]


def _no_context(_: Operation) -> Any:
    return contextlib.nullcontext()


class Wire(HttpClient):
    """The real client, keeping what was sent: parameters of reads, JSON bodies of writes, forms of uploads."""

    def __init__(self, shop: Shop, timeout_s: float) -> None:
        super().__init__(
            hosts=ShopeeConnector.info.hosts,
            sandbox=shop.running.base_url,
            on_call=shop.calls.append,
            read_timeout_s=timeout_s,
        )
        self._shop = shop

    def call(self, method: str, url: str, **rest: Any) -> Any:
        path = url.partition("/api/v2/")[2]
        params = rest["params"]() if callable(rest.get("params")) else rest.get("params")
        sent = json.loads(json.dumps(rest["json"])) if rest.get("json") is not None else rest.get("files") or params
        self._shop.sent.append((path, sent))
        return super().call(method, url, **rest)


@pytest.fixture(scope="session")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shopee"))
    yield shop
    shop.close()


@pytest.fixture
def shop(_shop: Shop) -> Shop:
    _shop.start_anew()
    _shop.sent.clear()
    return _shop


@pytest.fixture
def canned() -> Iterator[Canned]:
    server = Canned()
    yield server
    server.close()
