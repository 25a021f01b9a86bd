"""Judge a history. Each rule returns the sentences in which it was broken; no sentence, and it was kept.

Nothing here knows how the daemon works: only what stock, orders and numbers in shops must be to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.market.history import Commit, Down, GivenBack, History, Order, Write


def check(history: History) -> list[str]:
    """Return every breach of every rule."""
    return [sentence for rule in RULES for sentence in rule(history)]


def ledger_adds_up(history: History) -> Iterator[str]:
    """The level of each SKU is what it began with, and all that was added and taken since."""
    sums: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in history.commits:
        on_hand, held = sums[one.sku]
        sums[one.sku] = on_hand + one.delta, held + one.held_delta
        if sums[one.sku] != (one.on_hand, one.held):
            yield f"{one.sku}: the movement at {one.t} leads to {one.on_hand}/{one.held}, not {sums[one.sku]}"
    for sku, level in history.levels.items():
        if sums[sku] != level:
            yield f"{sku}: the level is {level}, its movements make {sums[sku]}"


def orders_count_once(history: History) -> Iterator[str]:
    """Each order is in the ledger with just its pieces, and nothing else is."""
    wanted: dict[tuple[str, str, str], int] = defaultdict(int)
    for order in history.orders:
        wanted[order.account, order.remote_id, order.sku] += order.held
    for key in wanted.keys() | history.counted.keys():
        if wanted.get(key, 0) != history.counted.get(key, 0):
            yield f"order {key}: {wanted.get(key, 0)} pieces wanted, {history.counted.get(key, 0)} counted"


def shops_show_what_is_free(history: History) -> Iterator[str]:
    """At the end every shop shows what is free (of a piece that is at one shop at a time, one of them)."""
    by_sku: dict[str, dict[str, int]] = defaultdict(dict)
    for (account, sku), number in history.shown.items():
        by_sku[sku][account] = number
    for sku, shown in by_sku.items():
        on_hand, held = history.levels[sku]
        free = max(on_hand - held, 0)
        if sku in history.one_at_a_time and free == 1:
            if sorted(shown.values())[-2:] != [0, 1] or sum(shown.values()) != 1:
                yield f"{sku}: one piece, shown as {shown}"
            continue
        for account, number in shown.items():
            if number != free:
                yield f"{sku}: {free} are free, {account} shows {number}"


def nothing_is_invented(history: History) -> Iterator[str]:
    """No number ever reached a shop that was not free at some time before."""
    commits = _by_sku(history.commits)
    for one in _ours(history):
        known = {max(commit.free, 0) for commit in commits[one.sku] if commit.t <= one.t + history.rough_s}
        if one.value not in known | ({0} if one.sku in history.one_at_a_time else set()):
            yield f"{one.account} was told {one.value} of {one.sku} at {one.t}, which was never free"


def nothing_goes_back(history: History) -> Iterator[str]:
    """The numbers that a shop was told follow the ledger: never an older one after a newer one."""
    commits = _by_sku(history.commits)
    streams: dict[tuple[str, str], list[Write]] = defaultdict(list)
    for one in _ours(history):
        streams[one.account, one.sku].append(one)
    for (account, sku), writes in streams.items():
        at = 0
        for one in writes:
            if one.value == 0 and sku in history.one_at_a_time:
                continue
            found = _next_with(commits[sku], at, one, history.rough_s)
            if found is None:
                yield f"{account} was told {one.value} of {sku} at {one.t} after something newer"
                break
            at = found


def oversells_are_physics(history: History) -> Iterator[str]:
    """More is sold than there is only where nobody could know yet: before the first order could be acted on.

    Or before it could be undone that the shop itself put pieces on sale again, when an order there was called off.
    """
    for order in avoidable_oversells(history):
        yield f"{order.sku}: order {order.remote_id} at {order.account} ({order.t}) is an oversell that was no fate"


def oversells_are_flagged(history: History) -> Iterator[str]:
    """Whoever sold more than there is finds it on the desk, within a second of the ledger having both orders."""
    for sku, commits in _by_sku(history.commits).items():
        # Only what a transaction leaves behind counts: one that reads a new order and a cancelled one moves twice.
        left = {one.t: one for one in commits}
        short = next((t for t, one in left.items() if one.free < 0), None)
        if short is None:
            continue
        if sku not in history.flagged:
            yield f"{sku} was oversold at {short} and nobody was told"
        elif history.flagged[sku] > short + 1.0:
            yield f"{sku} was oversold at {short} and that was told at {history.flagged[sku]} only"


def one_shop_at_a_time(history: History) -> Iterator[str]:
    """A piece that is at one shop at a time is never oversold at all."""
    for order, _ in _oversold(history):
        if order.sku in history.one_at_a_time:
            yield f"{order.sku}: one piece at one shop at a time, and sold twice"


RULES: tuple[Callable[[History], Iterator[str]], ...] = (
    ledger_adds_up,
    orders_count_once,
    shops_show_what_is_free,
    nothing_is_invented,
    nothing_goes_back,
    oversells_are_physics,
    oversells_are_flagged,
    one_shop_at_a_time,
)


def oversold_orders(history: History) -> list[Order]:
    """Return the orders that took more than there was, by the time they were placed."""
    return [order for order, _ in _oversold(history)]


def avoidable_oversells(history: History) -> list[Order]:
    """Return the orders that took more than there was, though it could have been known in time."""
    found = []
    for order, earlier in _oversold(history):
        raised = [one for one in history.given_back if (one.account, one.sku) == (order.account, order.sku)]
        causes: list[Order | GivenBack] = [*earlier, *(one for one in raised if one.t <= order.t)]
        if not any(_could_not_know(history, one, order) for one in causes):
            found.append(order)
    return found


def tale(history: History, sku: str) -> str:
    """Return everything that happened to one SKU, in order, for whoever looks for the reason of a breach."""
    lines = [(one.t, f"{one.account} shows {one.value} ({one.by})") for one in history.writes if one.sku == sku]
    lines += [(one.t, f"ledger {one.on_hand}, held {one.held}") for one in history.commits if one.sku == sku]
    for order in history.orders:
        if order.sku == sku:
            heard = "" if order.heard_t is None else f", heard after {order.heard_t - order.t:.2f}"
            lines.append((order.t, f"{order.account}: order {order.remote_id} of {order.quantity}/{order.held}{heard}"))
    for down in history.downs:
        lines.append((down.since, f"{down.account or 'daemon'} down until {down.until:.2f}"))
    return "\n".join([sku, *(f"{t:.2f} {text}" for t, text in sorted(lines))])


def _oversold(history: History) -> Iterator[tuple[Order, list[Order]]]:
    by_sku: dict[str, list[Order]] = defaultdict(list)
    for order in sorted(history.orders, key=lambda one: one.t):
        if order.held:
            by_sku[order.sku].append(order)
    for sku, orders in by_sku.items():
        left = history.stock[sku]
        for number, order in enumerate(orders):
            left -= order.held
            if left < 0:
                yield order, [one for one in orders[:number] if _may_excuse(history, one, order)]


def _may_excuse(history: History, first: Order, second: Order) -> bool:
    """Whether not knowing of ``first`` could lead to ``second``: a shop itself knows what it sold a moment ago.

    Unless it keeps its number when it sells, or a number of ours crossed the sale.
    """
    if first.account != second.account or first.account in history.keeps_number:
        return True
    here = (one for one in _ours(history) if (one.account, one.sku) == (first.account, first.sku))
    return any(first.t <= one.t <= second.t for one in here)


def _could_not_know(history: History, first: Order | GivenBack, second: Order) -> bool:
    seen = first.t + history.poll_s
    if first.heard_t is not None:
        seen = min(seen, first.heard_t)
    until = seen + history.call_s + history.rough_s
    return second.t <= _after_downs(history.downs, second.account, first.t, until)


def _after_downs(downs: list[Down], account: str, since: float, until: float) -> float:
    """Move ``until`` on by every span in which nobody could act (dead, or that shop's calls struck)."""
    counted = since
    for down in sorted(downs, key=lambda one: one.since):
        if down.account not in (None, account):
            continue
        if down.since <= until and down.until >= counted:
            until += down.until - max(down.since, counted)
            counted = down.until
    return until


def _ours(history: History) -> list[Write]:
    return [one for one in history.writes if one.by == "api"]


def _by_sku(commits: list[Commit]) -> dict[str, list[Commit]]:
    found: dict[str, list[Commit]] = defaultdict(list)
    for one in commits:
        found[one.sku].append(one)
    return found


def _next_with(commits: list[Commit], at: int, write: Write, rough_s: float) -> int | None:
    for number in range(at, len(commits)):
        if commits[number].t > write.t + rough_s:
            return None
        if max(commits[number].free, 0) == write.value:
            return number
    return None
