"""The demo sells: the shops tell the daemon of their orders, and a bought piece is missed in the other shop."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from syncer.channels.connectors import open_connector
from syncer.sdk.contract import TakesWebhooks

if TYPE_CHECKING:
    from syncer.cli.demo.shops import OpenShop
    from syncer.cli.desk import Desk

_MOST_BYTES = 20_000_000
_PATIENCE_S, _LOOK_S = 10.0, 0.02


class Sold(NamedTuple):
    """One piece that was bought in the demo: where, what, and how long until the other shop showed one less.

    ``seconds`` ``None``: it never did.
    """

    sku: str
    title: str
    shop: str
    other: str
    before: int
    after: int
    seconds: float | None


def tell_of_orders(desk: Desk, shops: Sequence[OpenShop], public_url: str) -> None:
    """Give every sandbox the address of our webhooks, as one registers it on the platform's page."""
    for one in shops:
        account = desk.account(one.shop.name)
        connector = open_connector(
            account, engine=desk.engine, keys=desk.keys, home=desk.settings.home, allowed=desk.connectors
        )
        if isinstance(connector, TakesWebhooks):
            address = f"{public_url}/webhooks/{account.connector}/{connector.webhook_app()}"
            _ask(f"{one.control_url}/webhooks", {"url": address})


def buy_one(shops: Sequence[OpenShop]) -> Sold | None:
    """Buy one piece in the first shop of something that the second one shows too; wait for it to follow.

    ``None``: nothing is on sale in both.
    """
    here, there = shops[0], shops[1]
    listings = [one for one in _ask(f"{here.control_url}/listings") if one["status"] == "live"]
    others = _stock(there)
    for listing in listings:
        for offer in listing["offers"]:
            if offer["stock"] >= 2 and others.get(offer["sku"], 0) == offer["stock"]:
                return _buy(here, there, listing["title"], offer)
    return None


def _buy(here: OpenShop, there: OpenShop, title: str, offer: Mapping[str, Any]) -> Sold:
    sku, before = str(offer["sku"]), int(offer["stock"])
    began = time.monotonic()
    _ask(f"{here.control_url}/orders", {"lines": [{"sku": sku, "quantity": 1}]})
    after = before
    while after != before - 1 and time.monotonic() - began < _PATIENCE_S:
        time.sleep(_LOOK_S)
        after = _stock(there).get(sku, 0)
    seconds = time.monotonic() - began if after == before - 1 else None
    return Sold(sku, title, here.shop.name, there.shop.name, before, after, seconds)


def _stock(shop: OpenShop) -> dict[str, int]:
    listings = _ask(f"{shop.control_url}/listings")
    return {offer["sku"]: offer["stock"] for one in listings if one["status"] == "live" for offer in one["offers"]}


def _ask(address: str, body: Mapping[str, Any] | None = None) -> Any:
    if not address.startswith("http://127.0.0.1:"):
        raise ValueError("a sandbox is on this machine")
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers={"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # checked above  # noqa: S310  # nosec B310
        return json.loads(answer.read(_MOST_BYTES))
