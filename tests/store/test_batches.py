"""Long lists go to the database in parts."""

from __future__ import annotations

import pytest

from syncer.store.batches import AT_ONCE, batches


@pytest.mark.parametrize(
    ("count", "parts"),
    [(0, []), (1, [[0]]), (3, [[0, 1, 2]]), (4, [[0, 1, 2], [3]]), (6, [[0, 1, 2], [3, 4, 5]])],
)
def test_parts_are_whole_in_order_and_never_empty(count: int, parts: list[list[int]]) -> None:
    assert list(batches(list(range(count)), size=3)) == parts


def test_a_part_is_as_long_as_every_database_takes() -> None:
    assert [len(part) for part in batches(range(2 * AT_ONCE + 1))] == [AT_ONCE, AT_ONCE, 1]
