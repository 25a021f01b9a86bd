"""docs/benchmarks.md, written by ``make bench`` from its figures."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.figures import Figure, table

_TEXT = """# Benchmarks

Written by `make bench`; don't edit it by hand. `make bench ONLY="burst call"` runs some of the scenarios: {names}.
The same figures stand in `build/bench.json`.

Every ratio is against something measured in the same run:

- the **floor**: a scheduler of our own in memory, with requests and threads, that commits each change to the same kind
  of database with the same durability, and nothing more (`tests/benchmarks/floor.py`);
- the **ideal**: simulated, as if computing cost nothing (`tests/benchmarks/ideal.py`);
- what one would take instead: an **APScheduler job** that scans for changes every second and sends batches.

The other side is a real HTTP server in a process of its own, the daemon is the real `syncer run`, and changes are
committed by a third process. Freshness is counted from the end of the commit to the moment when the shop shows it.

*A busy day* and *stop after a sale* run in the connectors' sandboxes: two shops on each of two marketplaces, 500 pieces
that exist once and 500 goods with three of each, all in all four shops. The buyers of ten hours come within three
minutes (200 times as fast; random moments, any shop, some goods are liked more than others), while Syncer, the shops
and their calls (0.1 s each) are as slow as ever. 5 % of the webhooks are lost, 5 % come 1.5 s late (five minutes of
that day); orders are asked for every 2 s. The *physical minimum* (in the column "ideal") counts the orders that came
before the first one could be known (its webhook or the next poll, and the call that reads it) and stopped (one more
call), from the same history. The rivals are simulated with the same buyers, as if computing cost nothing and no
platform held them up (`tests/benchmarks/rivals.py`): a poller that asks every 15 minutes of that day (4.5 s), and a
queue with one task for each change and shop that hears the same webhooks and asks every 15 minutes for the rest; their
"ideal" is one that knows and stops as soon as calls allow, simulated too.

{machine}. Seconds on a machine that others use at the same time say little; CPU figures and refusals say more.{busy}

{table}

## What is met and what is not

{verdict}

Not met, and why:

{reasons}
"""

#: Why a goal may be missed, by the first word of its scenario.
_REASONS = {
    "burst": "every number that goes out is committed as under way before the call, and recorded after it, in rows of "
    "listings and offers; the floor keeps all that in memory. Where the processor is the limit, the seconds follow.",
    "idle": "each of six accounts takes a snapshot, claims and commits before its first byte goes out, and they share "
    "one interpreter and one writer; the floor only posts.",
    "first": "a place in a window is taken again only when its last call was surely counted that long ago, so every "
    "delay of an answer, and of waking up, is lost; on a busy machine those are long.",
    "stop": "the webhook, the order's page, the ledger and three shops' stops share the processors with the shops "
    "themselves, which run on the same machine.",
    "change": "each of its five statements goes through SQLAlchemy.",
}


def render(content: dict[str, Any], names: list[str]) -> str:
    """Return the page for the content of bench.json."""
    figures = [_figure(one) for some in content["scenarios"].values() for one in some]
    judged = [one for one in figures if one.goal is not None]
    missed = [one for one in judged if not one.met]
    lines = [f"{len(judged) - len(missed)} of {len(judged)} goals are met."]
    lines += [f"- not met: {one.scenario}, {one.what}: {one.value:.3g} (goal {one.goal:g})" for one in missed]
    load = content.get("load")
    busy = f" Other programs ran: the load average was {load:.0f}." if load and load > content["cpus"] else ""
    return _TEXT.format(
        names=", ".join(f"`{name}`" for name in names),
        machine=f"Measured on {content['at']}: {content['machine']}",
        busy=busy,
        table=table(figures),
        verdict="\n".join(lines),
        reasons=_reasons(missed),
    )


def _reasons(missed: list[Figure]) -> str:
    first = dict.fromkeys(one.scenario.split()[0].rstrip(",") for one in missed)
    lines = [f"- *{word} ...*: {_REASONS[word]}" for word in first if word in _REASONS]
    return "\n".join(lines) or "Nothing that is understood yet." if missed else "Nothing."


def _figure(value: dict[str, Any]) -> Figure:
    return Figure(**{name: one for name, one in value.items() if name != "met"})
