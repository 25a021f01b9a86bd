"""The least of several values: LEAST on PostgreSQL, and min with several arguments on SQLite."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class least(GenericFunction[int]):  # noqa: N801  (SQL functions are written small)
    """The least of its arguments, each of which is computed once."""

    type = Integer()
    inherit_cache = True


@compiles(least, "sqlite")
def _as_min(element: least, compiler: Any, **more: Any) -> str:
    return f"min({compiler.process(element.clauses, **more)})"


__all__ = ["least"]
