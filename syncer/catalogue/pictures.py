"""Fetch the pictures that imports named by address, and add them to their products.

Addresses are called a few at a time and without any transaction open; each result is written at once. A refused
address keeps its reason in plain words; one that may work later stays waiting and is tried again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select, update

from syncer.catalogue.addresses import AddressRefused, AllowPrivate, Fetcher
from syncer.catalogue.check import PHOTOS_MAX
from syncer.catalogue.media import MediaInfo, PhotoStore, record_media
from syncer.domain.words import SyncerError, Words
from syncer.store.batches import batches
from syncer.store.engine import read, write
from syncer.store.marks import Due, mark_products
from syncer.store.tables import photo, picture_fetch, product, variant
from syncer.store.wakeup import wake_after_commit

MAX_FETCHED_BYTES = 20_000_000
AT_ONCE = 4
TRY_AGAIN = dt.timedelta(minutes=10)
#: After this many days without an answer an address is given up.
GIVE_UP = dt.timedelta(days=3)


_GIVEN_UP = Words(
    "Alamat foto ini berhari-hari tidak menjawab, jadi tidak dicoba lagi. Periksa alamatnya, atau unggah fotonya.",
    "This picture's address gave nothing for days, so it is not tried any more. Check it, or upload the picture.",
)


class Waiting(NamedTuple):
    """An address that waits to be fetched."""

    id: int
    product_id: int
    position: int
    url: str
    sku: str | None


@dataclass(slots=True)
class FetchReport:
    """What came of a round: pictures added, addresses refused (with the reason), and those to try again."""

    added: int = 0
    refused: list[tuple[str, Words]] = field(default_factory=list)
    again: int = 0


def fetch_waiting(
    engine: Engine,
    home: Path,
    allow_private: AllowPrivate = False,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    allow_http: bool = False,
    fetcher: Callable[[], Fetcher] | None = None,
) -> FetchReport:
    """Fetch up to ``limit`` waiting pictures (None: all) and add them to their products.

    ``allow_private``: True, or a collection of ``host:port`` (see :mod:`syncer.catalogue.addresses`).
    ``progress`` is called with done and all. ``fetcher`` makes the client of one thread.
    """
    report = FetchReport()
    rows = waiting(engine, limit, now())
    if not rows:
        return report
    make = fetcher or (lambda: Fetcher(allow_private=allow_private, allow_http=allow_http))
    with PhotoStore(home, max_bytes=MAX_FETCHED_BYTES) as store:
        for done, (row, found) in enumerate(_fetched(rows, make), start=1):
            _take(engine, store, row, found, report, now())
            if progress is not None:
                progress(done, len(rows))
    return report


def waiting(engine: Engine, limit: int | None, now: dt.datetime) -> list[Waiting]:
    """Return the addresses to fetch: never tried first, then those whose pause is over."""
    due = or_(picture_fetch.c.tried_at.is_(None), picture_fetch.c.tried_at <= now - TRY_AGAIN)
    query = (
        select(
            picture_fetch.c.id,
            picture_fetch.c.product_id,
            picture_fetch.c.position,
            picture_fetch.c.url,
            picture_fetch.c.sku,
        )
        .where(and_(picture_fetch.c.state == "waiting", due))
        .order_by(picture_fetch.c.tried_at.is_not(None), picture_fetch.c.id)
        .limit(limit)
    )
    with read(engine) as connection:
        return [Waiting(*row) for row in connection.execute(query)]


def count_waiting(engine: Engine) -> int:
    """Return how many addresses wait to be fetched, those between two tries included."""
    with read(engine) as connection:
        query = select(func.count()).where(picture_fetch.c.state == "waiting")
        return int(connection.execute(query).scalar() or 0)


def _fetched(rows: Sequence[Waiting], make: Callable[[], Fetcher]) -> Iterator[tuple[Waiting, bytes | AddressRefused]]:
    """Yield each row with what its address gave, a few downloads ahead at most."""

    def one(row: Waiting) -> bytes | AddressRefused:
        with make() as fetcher:
            try:
                return fetcher.fetch(row.url, max_bytes=MAX_FETCHED_BYTES)[0]
            except AddressRefused as refused:
                return refused

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures") as pool:
        for part in batches(rows, AT_ONCE):
            yield from zip(part, pool.map(one, part), strict=True)


def _take(
    engine: Engine,
    store: PhotoStore,
    row: Waiting,
    found: bytes | AddressRefused,
    report: FetchReport,
    now: dt.datetime,
) -> None:
    try:
        if isinstance(found, AddressRefused):
            raise found
        info = store.add(found)
    except SyncerError as error:
        again = isinstance(error, AddressRefused) and error.again
        with write(engine) as connection:
            given_up = again and _given_up(connection, row, now)
            words = _GIVEN_UP if given_up else error.words
            _note(connection, row, "waiting" if again and not given_up else "refused", words, now)
        if again and not given_up:
            report.again += 1
        else:
            report.refused.append((row.url, words))
        return
    with write(engine) as connection:
        record_media(connection, [info], now)
        _add(connection, row, info, now)
        _note(connection, row, "done", None, now)
    report.added += 1


def _given_up(connection: Connection, row: Waiting, now: dt.datetime) -> bool:
    """Whether an address that was tried before gave nothing while its product stood unchanged for days."""
    changed = connection.execute(select(product.c.changed_at).where(product.c.id == row.product_id)).scalar()
    tried = connection.execute(select(picture_fetch.c.tried_at).where(picture_fetch.c.id == row.id)).scalar()
    return tried is not None and changed is not None and now - changed > GIVE_UP


def _note(connection: Connection, row: Waiting, state: str, words: Words | None, now: dt.datetime) -> None:
    connection.execute(
        update(picture_fetch)
        .where(picture_fetch.c.id == row.id)
        .values(state=state, reason=None if words is None else words.to_json(), tried_at=now)
    )


def _add(connection: Connection, row: Waiting, info: MediaInfo, now: dt.datetime) -> None:
    """Add the picture to its product, at its place in the file; the same picture twice is one photo."""
    there = connection.execute(
        select(photo.c.position, photo.c.sha256).where(photo.c.product_id == row.product_id)
    ).all()
    if any(one.sha256 == info.sha256 for one in there) or len(there) >= PHOTOS_MAX:
        return
    taken = {one.position for one in there}
    position = row.position if row.position not in taken else max(taken) + 1
    variant_id = None
    if row.sku:
        variant_id = connection.execute(
            select(variant.c.id).where(
                and_(
                    variant.c.product_id == row.product_id,
                    variant.c.sku == row.sku,
                    variant.c.retired_at.is_(None),
                )
            )
        ).scalar()
    connection.execute(
        insert(photo).values(
            product_id=row.product_id,
            position=position,
            sha256=info.sha256,
            variant_id=variant_id,
            source_url=row.url,
        )
    )
    connection.execute(
        update(product).where(product.c.id == row.product_id).values(version=product.c.version + 1, changed_at=now)
    )
    if mark_products(connection, [row.product_id], Due.CONTENT, now=now):
        wake_after_commit(connection)
