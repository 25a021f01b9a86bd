"""A person asks for a look at a shop now, in another process than the one that works on it (``syncer drift --look``).

The request is a row of ``meta``: it survives whoever asked, and whichever process owns the shop answers it there. A
later request takes the place of an earlier one, and its answer is one to both: the walk began after either.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, select, update

from syncer.domain.words import Words
from syncer.sdk.contract import PublishesListings
from syncer.store.engine import Engine, read, write
from syncer.store.tables import meta
from syncer.store.upsert import insert_if_absent
from syncer.sync.service import Service
from syncer.sync.sweep import Swept

_KEY = "look:"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look came to: why it failed (``None``: it didn't), and how many listings could not be judged yet."""

    problem: Words | None = None
    unjudged: int = 0


def ask(connection: Connection, account_ids: Collection[int]) -> None:
    """Ask whoever works on these accounts to walk their shops now."""
    for account_id in sorted(account_ids):
        key, value = f"{_KEY}{account_id}", json.dumps({"asked": secrets.token_hex(8)})
        if not insert_if_absent(connection, meta, {"key": key, "value": value}, ["key"]):
            connection.execute(update(meta).where(meta.c.key == key).values(value=value))


def answers(connection: Connection, account_ids: Collection[int]) -> dict[int, Answer | None]:
    """Return what became of the looks at these accounts; ``None``: nobody has walked that shop yet."""
    wanted = {f"{_KEY}{account_id}": account_id for account_id in account_ids}
    query = select(meta.c.key, meta.c.value).where(meta.c.key.in_(sorted(wanted)))
    found: dict[int, Answer | None] = dict.fromkeys(account_ids, Answer())  # somebody else has taken that answer
    for key, value in connection.execute(query):
        done: Any = json.loads(value).get("done")
        found[wanted[key]] = None if done is None else _answer(done)
    return found


def forget(connection: Connection, account_ids: Collection[int]) -> None:
    """Take the requests back, answered or not."""
    connection.execute(delete(meta).where(meta.c.key.in_(sorted(f"{_KEY}{key}" for key in account_ids))))


def answer_looks(engine: Engine, service: Service) -> list[str]:
    """Walk the shops that a look was asked for and that this process works on; return their names.

    One that could not be walked because this process is ending is left to the next one.
    """
    with read(engine) as connection:
        query = select(meta.c.key, meta.c.value).where(meta.c.key.startswith(_KEY, autoescape=True))
        waiting = {
            key.removeprefix(_KEY): (key, value)
            for key, value in connection.execute(query)
            if "done" not in json.loads(value)
        }
    if not waiting:
        return []
    walked = []
    for shop in service.accounts():
        request = waiting.get(str(shop.account.id))
        if request is None:
            continue
        found = service.sweep(shop.account.name)
        if not found or not (
            found[0].complete or found[0].problem or not isinstance(shop.connector, PublishesListings)
        ):
            continue
        walked.append(shop.account.name)
        key, value = request
        with write(engine) as connection:
            same = and_(meta.c.key == key, meta.c.value == value)
            connection.execute(update(meta).where(same).values(value=json.dumps(json.loads(value) | _done(found[0]))))
    return walked


def _done(swept: Swept) -> dict[str, Any]:
    problem = swept.problem.words.to_json() if swept.problem is not None else None
    return {"done": {"problem": problem, "unjudged": swept.unjudged}}


def _answer(done: Any) -> Answer:
    return Answer(Words.from_json(done["problem"]) if done["problem"] else None, int(done["unjudged"]))
