"""Where goods are: workshop, gallery, a partner's shop floor."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from syncer.domain.text import clean_text
from syncer.inventory import errors
from syncer.store.tables import location
from syncer.store.upsert import insert_if_absent

DEFAULT_LOCATION = "utama"
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Location(NamedTuple):
    """A place. ``pooled``: its goods are free for every account that has no location of its own."""

    id: int
    code: str
    name: str
    pooled: bool


_COLUMNS = (location.c.id, location.c.code, location.c.name, location.c.pooled)
_BY_CODE = select(*_COLUMNS).where(location.c.code == bindparam("wanted"))


def list_locations(connection: Connection) -> list[Location]:
    """Return all locations by code."""
    rows = connection.execute(select(*_COLUMNS).order_by(location.c.code))
    return [Location(*row) for row in rows]


def add_location(connection: Connection, code: str, name: str = "", *, pooled: bool = True) -> Location:
    """Make a location and return it; raises :class:`~syncer.inventory.errors.BadLocation`."""
    if not _CODE.fullmatch(code):
        raise errors.bad_location(code)
    shown = clean_text(name, max_length=120) or code
    if not insert_if_absent(connection, location, {"code": code, "name": shown, "pooled": pooled}, ["code"]):
        raise errors.location_taken(code)
    return find_location(connection, code)


def find_location(connection: Connection, code: str = DEFAULT_LOCATION) -> Location:
    """Return the location with this code; the default one is made when it is first asked for.

    Raises :class:`~syncer.inventory.errors.UnknownLocation`.
    """
    row = connection.execute(_BY_CODE, {"wanted": code}).first()
    if row is None and code == DEFAULT_LOCATION:
        insert_if_absent(connection, location, {"code": code, "name": "Utama", "pooled": True}, ["code"])
        row = connection.execute(_BY_CODE, {"wanted": code}).first()
    if row is None:
        raise errors.unknown_location(code, [place.code for place in list_locations(connection)])
    return Location(*row)
