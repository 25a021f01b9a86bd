"""Pictures of imported listings, where the connector says at which addresses the shop keeps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, and_, select, update

from syncer.catalogue.check import PHOTOS_MAX
from syncer.sdk.contract import ShowsPictures
from syncer.sdk.errors import ConnectorError
from syncer.store.tables import photo, picture_fetch, picture_upload
from syncer.store.upsert import insert_or_keep
from syncer.sync.adopting.plan import Group
from syncer.sync.adopting.walk import patiently
from syncer.sync.shop import Shop


def addresses(shop: Shop, group: Group) -> dict[str, str]:
    """Return where the pictures of a listing are, by remote id; nothing if the channel doesn't say, or not now."""
    connector = shop.connector
    if not isinstance(connector, ShowsPictures):
        return {}
    try:
        found = patiently(shop, lambda: connector.picture_addresses(group.listing.remote_id))
    except ConnectorError:
        return {}
    good = [(key, url) for key, url in found.items() if url.startswith(("https://", "http://")) and len(url) <= 2000]
    return dict(good[:PHOTOS_MAX])


def ask_for(connection: Connection, product_id: int, found: Mapping[str, str]) -> None:
    """Queue addresses to be fetched, under the rules for every foreign address (security.md H2)."""
    rows = [
        {"product_id": product_id, "position": position, "url": url, "sku": None}
        for position, url in enumerate(dict.fromkeys(found.values()))
    ]
    if rows:
        connection.execute(insert_or_keep(connection, picture_fetch, ["product_id", "url"]), rows)


def keep_remote_ids(
    connection: Connection, account_id: int, found: Mapping[int, Mapping[str, str]], now: dt.datetime
) -> int:
    """Remember, for pictures that were fetched from the shop, by which id it has them: they need no upload there.

    ``found`` maps product ids to what :func:`addresses` returned. Returns how many pictures that are.
    """
    kept = 0
    for product_id, by_id in found.items():
        ids = {url: remote_id for remote_id, url in by_id.items()}
        rows = connection.execute(select(photo.c.sha256, photo.c.source_url).where(photo.c.product_id == product_id))
        for row in rows.all():
            remote_id = ids.get(row.source_url)
            if remote_id is None:
                continue
            values = {"account_id": account_id, "sha256": row.sha256, "due_at": now}
            connection.execute(insert_or_keep(connection, picture_upload, ["account_id", "sha256"]).values(**values))
            same = and_(picture_upload.c.account_id == account_id, picture_upload.c.sha256 == row.sha256)
            missing = picture_upload.c.remote_id.is_(None)
            connection.execute(update(picture_upload).where(same, missing).values(remote_id=remote_id, problem=None))
            kept += 1
    return kept
