"""Pictures of imported listings, where the connector says at which addresses the shop keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from syncer.catalogue.check import PHOTOS_MAX
from syncer.sdk.errors import ConnectorError
from syncer.store.tables import picture_fetch
from syncer.store.upsert import insert_or_keep
from syncer.sync.adopting.plan import Group
from syncer.sync.adopting.walk import patiently
from syncer.sync.shop import Shop


@runtime_checkable
class ShowsPictures(Protocol):
    """The channel says where a listing's pictures can be fetched."""

    def picture_addresses(self, remote_id: str) -> Sequence[str]:
        """Return the https addresses of a listing's pictures, in order."""


def addresses(shop: Shop, group: Group) -> Sequence[str]:
    """Return where the pictures of a listing are; nothing if the channel doesn't say, or not now."""
    connector = shop.connector
    if not isinstance(connector, ShowsPictures):
        return ()
    try:
        found = patiently(shop, lambda: connector.picture_addresses(group.listing.remote_id))
    except ConnectorError:
        return ()
    return [url for url in dict.fromkeys(found) if url.startswith(("https://", "http://")) and len(url) <= 2000]


def ask_for(connection: Connection, product_id: int, urls: Sequence[str]) -> None:
    """Queue addresses to be fetched, under the rules for every foreign address (security.md H2)."""
    rows = [
        {"product_id": product_id, "position": position, "url": url, "sku": None}
        for position, url in enumerate(urls[:PHOTOS_MAX])
    ]
    if rows:
        connection.execute(insert_or_keep(connection, picture_fetch, ["product_id", "url"]), rows)
