"""Statements by their shape: which columns they set. Each shape is built once; building costs more than running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Executable, Table, Update, and_, bindparam, update


@lru_cache(maxsize=256)
def update_by(table: Table, keys: tuple[str, ...], names: tuple[str, ...]) -> Update:
    """Return the UPDATE of the columns ``names`` of the rows whose columns ``keys`` are equal to given values.

    Its parameters are made by :func:`parameters`.
    """
    where = and_(*(table.c[key] == bindparam(f"key_{key}", type_=table.c[key].type) for key in keys))
    values = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    return update(table).where(where).values(values)


def parameters(keys: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a shaped statement."""
    return {f"key_{name}": value for name, value in keys.items()} | {f"to_{name}": v for name, v in values.items()}


def by_shape(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    """Return ``rows`` by their sorted names, so that those of one shape go out together."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(sorted(row)), []).append(row)
    return found


def run_all(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement once for each of ``rows``, in one go."""
    if rows:
        connection.execute(statement, rows[0] if len(rows) == 1 else list(rows))


__all__ = ["by_shape", "parameters", "run_all", "update_by"]
