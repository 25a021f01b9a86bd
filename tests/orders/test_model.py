"""Any sequence of states of some orders, read in any order, any number of times: the ledger holds the newest ones."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.domain.order import Count, OrderLine
from syncer.inventory.ledger import audit
from syncer.store.engine import Engine, read
from tests.orders.shop import MEANINGS, Shops, order

_RUNS = itertools.count()
_STATUSES = st.sampled_from([*MEANINGS, "never heard of"])


@dataclass(frozen=True)
class State:
    """An order at one moment: its status, and its lines as (quantity, status of its own)."""

    status: str
    lines: tuple[tuple[int, str], ...]


_STATE = st.builds(
    State, _STATUSES, st.lists(st.tuples(st.integers(0, 4), st.just("") | _STATUSES), max_size=3).map(tuple)
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[State]], list[tuple[int, int, int]]]:
    """Two orders with their states, and reads: (order, state shown, when the read began), in order of arrival."""
    orders = [draw(st.lists(_STATE, min_size=1, max_size=5)) for _ in range(2)]
    shown = st.integers(0, 1).flatmap(lambda key: st.tuples(st.just(key), st.integers(0, len(orders[key]) - 1)))
    reads = draw(st.lists(shown, min_size=1, max_size=12))
    # A read shows what there was when it began; its answer may come later than that of a younger read.
    arrivals = draw(st.permutations([(key, state, state * 10 + 5) for key, state in reads]))
    return orders, list(arrivals)


def fold(states: list[State]) -> Count:
    """What the ledger should have after these states were taken in, one after the other."""
    held = gone = 0
    for state in states:
        now_held = now_gone = off = unclear = 0
        asked = False
        for quantity, own in state.lines:
            meaning = MEANINGS.get(own or state.status, "ask")
            if meaning in ("hold", "sold"):
                now_held += quantity
            elif meaning == "gone":
                now_gone += quantity
            elif meaning == "ask":
                unclear, asked = unclear + quantity, True
            else:
                off += quantity
        if asked:
            unclear = max(unclear, held + gone - now_held - now_gone - off)
            away = min(unclear, max(gone - now_gone, 0))
            now_held, now_gone = now_held + unclear - away, now_gone + away
        held, gone = now_held, max(now_gone, gone - now_held)
    return Count(held, gone)


@pytest.fixture(scope="module")
def module_shops(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Shops:
    import shutil

    from syncer.store.engine import open_engine

    path = tmp_path_factory.mktemp("model") / "syncer.db"
    shutil.copyfile(str(sqlite_template), path)
    return Shops(open_engine(f"sqlite:///{path}"))


def check(shops: Shops, orders: list[list[State]], arrivals: list[tuple[int, int, int]]) -> None:
    start, run = shops.level(), next(_RUNS)
    accepted: list[list[State]] = [[], []]
    newest = [(-1, -1), (-1, -1)]
    for key, state, began in arrivals:
        seen = orders[key][state]
        lines = [_line(shops, number, *one) for number, one in enumerate(seen.lines)]
        lines = lines or [_line(shops, 0, 0, "CANCELLED")]
        shops.take(order(seen.status, lines, name=f"{run}-{key}", updated=100 + state), began=200 + began)
        if (began, state) >= newest[key]:
            newest[key] = (began, state)
            accepted[key].append(seen)
    wanted = Count()
    for states in accepted:
        wanted += fold(states)
    level = shops.level()
    assert (level.on_hand - start.on_hand, level.held - start.held) == (-wanted.gone, wanted.held)
    with read(shops.engine) as connection:
        assert audit(connection) == []


def _line(shops: Shops, number: int, quantity: int, own: str) -> OrderLine:
    return shops.mine(shops.one, quantity, f"l{number}", status=own)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_the_ledger_holds_the_newest_states(
    module_shops: Shops, history: tuple[list[list[State]], list[tuple[int, int, int]]]
) -> None:
    check(module_shops, *history)


def test_a_late_answer_changes_nothing_on_either_database(engine: Engine) -> None:
    shops = Shops(engine)
    states = [State("UNPAID", ((3, ""),)), State("READY", ((2, ""), (1, "SHIPPED"))), State("SHIPPED", ((2, ""),))]
    check(shops, [states, states[:1]], [(0, 1, 15), (0, 0, 5), (1, 0, 5), (0, 2, 25), (0, 1, 15), (0, 2, 25)])
    assert (shops.level().on_hand, shops.level().held) == (3, 3)
