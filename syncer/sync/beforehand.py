"""What is fetched or uploaded before listings are written: the platform's facts, and pictures, each once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, Connection, and_, select, update

from syncer.catalogue.media import media_path
from syncer.channels.facts import save_fact
from syncer.domain.listing import Json
from syncer.domain.problem import Who
from syncer.domain.words import Words
from syncer.sdk.contract import NeedsFacts, UploadsPictures
from syncer.sdk.errors import ConnectorError, Recovery, Rejected
from syncer.store.engine import write
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import listing, media, photo, picture_upload
from syncer.sync.prepare import unexpected
from syncer.sync.shelf import SHELF, look_through
from syncer.sync.shop import NotSent, Shop, monotonic

_LOG = structlog.get_logger("syncer.sync")
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Upload:
    """One picture to upload for an account."""

    sha256: str
    mime: str
    tries: int


def fetch_facts(shop: Shop, keys: Sequence[str], now: dt.datetime) -> ConnectorError | None:
    """Fetch facts one by one and keep each at once; return the first error."""
    for key in keys:
        try:
            value = _fetch(shop, key)
        except NotSent as error:
            return error
        except ConnectorError as error:
            _fact_failed(shop, key, error)
            return error
        except Exception as bug:  # a bug in one connector must not stop the others
            _LOG.exception("connector bug", account=shop.account.name, connector=shop.info.name)
            _fact_failed(shop, key, unexpected(bug))
            continue
        shop.fact_problems.pop(key, None)
        if key != SHELF:
            with write(shop.engine) as connection:
                save_fact(connection, shop.account.id, key, value, now=now)
    return None


def _fetch(shop: Shop, key: str) -> Json:
    """Return a fact; what the shop sells already is kept where it is looked up."""
    if key == SHELF:
        look_through(shop)
        return None
    assert isinstance(shop.connector, NeedsFacts)
    return shop.connector.fetch_fact(key)


def _fact_failed(shop: Shop, key: str, error: ConnectorError) -> None:
    """Try again after a pause; what does not pass by itself is shown on the listings that wait for it."""
    shop.fact_waits[key] = monotonic() + max(error.after_s or 0.0, shop.timing.backoff_s * 5)
    if error.recovery in (Recovery.FIX_LISTING, Recovery.PARK, Recovery.GONE):
        shop.fact_problems[key] = error.problem()


def next_upload(connection: Connection, account_id: int, on_their_way: Collection[str]) -> dt.datetime | None:
    """Return when the next picture is to be uploaded, those aside that are on their way."""
    waiting = and_(_wanted(account_id), picture_upload.c.sha256.not_in(list(on_their_way)))
    query = select(picture_upload.c.due_at).where(waiting).order_by(picture_upload.c.due_at).limit(1)
    found: dt.datetime | None = connection.execute(query).scalar()
    return found


def _wanted(account_id: int) -> ColumnElement[bool]:
    return and_(
        picture_upload.c.account_id == account_id,
        picture_upload.c.remote_id.is_(None),
        picture_upload.c.problem.is_(None),
    )


def due_uploads(connection: Connection, account_id: int, now: dt.datetime, limit: int) -> list[Upload]:
    """Return pictures that an account still needs, the oldest wish first."""
    query = (
        select(picture_upload.c.sha256, picture_upload.c.tries, media.c.mime)
        .join(media, media.c.sha256 == picture_upload.c.sha256)
        .where(and_(_wanted(account_id), picture_upload.c.due_at <= now))
        .order_by(picture_upload.c.due_at)
        .limit(limit)
    )
    return [Upload(row.sha256, row.mime, row.tries) for row in connection.execute(query)]


def upload(shop: Shop, home: Path, wish: Upload, now: dt.datetime) -> ConnectorError | None:
    """Upload one picture, keep its remote id at once, and mark the listings that waited for it."""
    connector = shop.connector
    if not isinstance(connector, UploadsPictures):
        return None
    error: ConnectorError | None = None
    remote_id: str | None = None
    try:
        data = media_path(home, wish.sha256).read_bytes()
        remote_id = connector.upload_picture(data, wish.mime, wish.sha256[:16])
    except NotSent as not_sent:
        return not_sent
    except OSError:
        error = _file_missing()
    except ConnectorError as refused:
        error = refused
    except Exception as bug:  # a bug in one connector must not stop the others
        _LOG.exception("connector bug", account=shop.account.name, connector=shop.info.name)
        error = unexpected(bug)
    with write(shop.engine) as connection:
        final = _keep_upload(connection, shop, wish, remote_id, error, now)
    if final:
        # In a transaction of its own: whoever published meanwhile sees the picture, or is seen here.
        with write(shop.engine) as connection:
            _mark_users(connection, shop, wish, now)
    _LOG.info(
        "picture", account=shop.account.name, picture=wish.sha256[:12], outcome=error.code if error else "uploaded"
    )
    return error


def _keep_upload(
    connection: Connection,
    shop: Shop,
    wish: Upload,
    remote_id: str | None,
    error: ConnectorError | None,
    now: dt.datetime,
) -> bool:
    """Keep what became of an upload; return whether that is the end of it, for better or worse."""
    values: dict[str, object] = {"remote_id": remote_id, "tries": wish.tries + 1}
    final = error is not None and (
        error.recovery is Recovery.FIX_LISTING or (error.recovery is Recovery.PARK and wish.tries + 1 >= MOST_TRIES)
    )
    if error is not None and final:
        values["problem"] = error.problem().to_json()
    elif error is not None:
        pause = min(shop.timing.backoff_s * 2**wish.tries, shop.timing.backoff_most_s)
        values["due_at"] = now + dt.timedelta(seconds=max(pause, error.after_s or 0.0))
    same = and_(picture_upload.c.account_id == shop.account.id, picture_upload.c.sha256 == wish.sha256)
    connection.execute(update(picture_upload).where(same).values(values))
    return error is None or final


def _mark_users(connection: Connection, shop: Shop, wish: Upload, now: dt.datetime) -> None:
    users = select(photo.c.product_id).where(photo.c.sha256 == wish.sha256)
    waiting = and_(listing.c.account_id == shop.account.id, listing.c.product_id.in_(users))
    mark(connection, waiting, Due.CONTENT, Lane.CONTENT, now=now)


def _file_missing() -> ConnectorError:
    return Rejected(
        "picture_missing",
        Words("Berkas foto tidak ada lagi di server.", "The picture's file is no longer on the server."),
        remedy=Words("Unggah foto ini sekali lagi.", "Add this photo once more."),
        who=Who.CRAFTER,
        field="pictures",
    )
