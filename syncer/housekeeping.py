"""What is tidied from time to time: old records, finished products, notices, pictures that wait to be fetched."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, and_, delete, func, or_, select, update
from sqlalchemy.engine import Engine

from syncer.catalogue.edit import archive_finished, some_finished
from syncer.channels.mappings import TREE
from syncer.channels.old_key import forget_ended_keys
from syncer.channels.records import load_accounts
from syncer.channels.sign_in import expiry_notice, expiry_stage
from syncer.store import order_tables as o
from syncer.store import tables as t
from syncer.store.batches import batches
from syncer.store.engine import make_way, read, write
from syncer.store.upsert import insert_if_absent

_LOG = structlog.get_logger("syncer.housekeeping")
_AT_ONCE = 1000
_PICTURES_AT_ONCE = 8
#: What a download gets at least, once the time for all is used up.
_LAST_S = 0.5

#: How long things are kept (security.md P2).
CALL_LOG_DAYS, FAILED_FILE_DAYS, FACT_DAYS, COUNTER_DAYS, QUESTION_DAYS = 14, 7, 30, 7, 90
#: Webhooks that were dealt with, and those that nobody understood.
WEBHOOK_DAYS, PARKED_WEBHOOK_DAYS = 7, 30
#: How many entries the timeline of a listing keeps.
EVENTS_KEPT = 50


def tidy(engine: Engine, now: dt.datetime) -> dict[str, int]:
    """Forget what is past its time, in short transactions; return how many of each went."""
    gone = {
        "calls": _forget(engine, t.call_log, t.call_log.c.at < now - dt.timedelta(days=CALL_LOG_DAYS)),
        "facts": _forget(
            engine,
            t.account_fact,
            and_(t.account_fact.c.fetched_at < now - dt.timedelta(days=FACT_DAYS), t.account_fact.c.key != TREE),
        ),
        "counters": _forget(
            engine, t.put_back, t.put_back.c.day < (now - dt.timedelta(days=COUNTER_DAYS)).date().isoformat()
        )
        + _forget(engine, t.budget_use, t.budget_use.c.window_start < now - dt.timedelta(days=COUNTER_DAYS)),
        "questions": _forget(
            engine,
            t.question,
            and_(t.question.c.state != "open", t.question.c.answered_at < now - dt.timedelta(days=QUESTION_DAYS)),
        ),
        "webhooks": _forget(engine, o.webhook_delivery, _old_webhooks(now)),
        "consents": _forget(engine, t.sign_in_request, t.sign_in_request.c.until < now),
        "events": _shorten_timelines(engine),
    }
    with write(engine) as connection:
        gone["files"] = int(
            connection.execute(
                update(t.import_run)
                .where(
                    t.import_run.c.at < now - dt.timedelta(days=FAILED_FILE_DAYS),
                    t.import_run.c.failed_file.is_not(None),
                )
                .values(failed_file=None)
            ).rowcount
        )
        gone["old_keys"] = forget_ended_keys(connection, now)
        gone["archived"] = len(archive_finished(connection, now=now))
    return gone


def archive_deleted(engine: Engine, now: dt.datetime) -> int:
    """Archive the deleted products that the last shop has taken down by now; return how many."""
    with read(engine) as connection:
        if not some_finished(connection):
            return 0
    with write(engine) as connection:
        return len(archive_finished(connection, now=now))


def _old_webhooks(now: dt.datetime) -> Any:
    table = o.webhook_delivery.c
    done = and_(table.state.in_(("done", "stranger")), table.processed_at < now - dt.timedelta(days=WEBHOOK_DAYS))
    parked = and_(table.state == "parked", table.processed_at < now - dt.timedelta(days=PARKED_WEBHOOK_DAYS))
    return or_(done, parked)


def sign_in_notices(engine: Engine, now: dt.datetime) -> list[str]:
    """Log each account whose consent ends in 14, 7, 3 or 1 days, once a stage; return their names."""
    with read(engine) as connection:
        accounts = load_accounts(connection)
        query = select(t.meta.c.key, t.meta.c.value).where(t.meta.c.key.startswith("sign_in_notice:"))
        said = {row.key: row.value for row in connection.execute(query)}
    names = []
    for one in accounts:
        stage, notice = expiry_stage(one, now), expiry_notice(one, now)
        key = f"sign_in_notice:{one.id}"
        if notice is None or said.get(key) == str(stage):
            continue
        _LOG.warning("sign-in ends", account=one.name, stage_days=stage, message=notice.en)
        with write(engine) as connection:
            set_meta(connection, key, str(stage))
        names.append(one.name)
    return names


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Write one value of the table ``meta``."""
    if not insert_if_absent(connection, t.meta, {"key": key, "value": value}, ["key"]):
        connection.execute(update(t.meta).where(t.meta.c.key == key).values(value=value))


def _forget(engine: Engine, table: Any, where: Any) -> int:
    """Delete in portions, so that a stop never waits for it."""
    identity = list(table.primary_key.columns)
    total = 0
    while True:
        with write(engine) as connection:
            rows = connection.execute(select(*identity).where(where).limit(_AT_ONCE)).all()
            for part in batches(rows, 100):
                connection.execute(delete(table).where(_any_of(identity, part)))
        total += len(rows)
        if len(rows) < _AT_ONCE:
            return total
        make_way()


def _any_of(identity: Sequence[Any], rows: Sequence[Any]) -> Any:
    if len(identity) == 1:
        return identity[0].in_([row[0] for row in rows])
    return or_(*(and_(*(part == value for part, value in zip(identity, row, strict=True))) for row in rows))


def _shorten_timelines(engine: Engine) -> int:
    event = t.listing_event
    with read(engine) as connection:
        long = connection.execute(
            select(event.c.listing_id).group_by(event.c.listing_id).having(func.count() > EVENTS_KEPT)
        )
        ids = list(long.scalars())
    gone = 0
    for listing_id in ids:
        with write(engine) as connection:
            oldest = connection.execute(
                select(event.c.id)
                .where(event.c.listing_id == listing_id)
                .order_by(event.c.id.desc())
                .offset(EVENTS_KEPT - 1)
                .limit(1)
            ).scalar_one()
            gone += int(
                connection.execute(
                    delete(event).where(and_(event.c.listing_id == listing_id, event.c.id < oldest))
                ).rowcount
            )
        make_way()
    return gone


def fetch_waiting_pictures(engine: Engine, home: Path, *, allow_private: bool, most: int | None = None) -> int:
    """Fetch up to ``most`` pictures that imports named by address; return how many were tried."""
    from syncer.catalogue.pictures import fetch_waiting, waiting

    if not waiting(engine, 1, dt.datetime.now(dt.UTC)):
        return 0
    found = fetch_waiting(engine, home, allow_private, most, allow_http=allow_private)
    tried = found.added + len(found.refused) + found.again
    _LOG.info("pictures", added=found.added, refused=len(found.refused), again=found.again)
    return tried


def fetch_pictures_for(engine: Engine, home: Path, *, allow_private: bool, seconds: float) -> tuple[int, int]:
    """Fetch waiting pictures for about ``seconds``; return how many were added, and how many still wait."""
    from syncer.catalogue.addresses import WHOLE_S, Fetcher
    from syncer.catalogue.pictures import count_waiting, fetch_waiting

    until = time.monotonic() + seconds

    def fetcher() -> Fetcher:
        left_s = max(until - time.monotonic(), _LAST_S)
        return Fetcher(allow_private=allow_private, allow_http=allow_private, whole_s=min(left_s, WHOLE_S))

    added = 0
    while time.monotonic() < until:
        found = fetch_waiting(engine, home, allow_private, _PICTURES_AT_ONCE, allow_http=allow_private, fetcher=fetcher)
        added += found.added
        if not (found.added or found.refused or found.again):
            break
    return added, count_waiting(engine)
