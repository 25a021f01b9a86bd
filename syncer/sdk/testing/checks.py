"""How the suite's checks are named, left out where they can't apply, and turned round by a declared gap."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from syncer.sdk.errors import ConnectorError

_MARK = "__syncer_check__"

#: Says of a connector's class whether a check applies to it.
Applies = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name (which may hold ``{parameter}``), and whether it applies to a connector.

    ``must`` is true where no platform can have a gap.
    """

    name: str
    applies: Applies
    parameters: tuple[str, ...]
    must: bool = False


def always(_: Any) -> bool:
    """Apply to every connector."""
    return True


def implements(*protocols: Any) -> Applies:
    """Apply to connectors that implement all of ``protocols``."""

    def applies(connector: Any) -> bool:
        return all(_has(connector, protocol) for protocol in protocols)

    return applies


def _has(connector: Any, protocol: Any) -> bool:
    """Return whether a connector's class has every member of ``protocol``."""
    names = {name for name in vars(protocol) if not name.startswith("_")} | set(protocol.__annotations__)
    return all(hasattr(connector, name) for name in names)


def check(
    name: str, applies: Applies = always, *, must: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test method a check with a readable name.

    A check that uses the fixture ``bench`` also fails for what no connector may ever do (see ``Bench.troubles``).
    If its name stands in the class's ``gaps``, the check must fail, and the run fails if it passes. A ``must`` has
    nothing to do with the platform, so it takes no gap.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        parameters = tuple(inspect.signature(test).parameters)[1:]

        @functools.wraps(test)
        def run(self: Any, *args: Any, **kwargs: Any) -> None:
            full = name.format(**{key: value for key, value in kwargs.items() if isinstance(value, str)})
            if must or full not in self.gaps:
                with _named(full, must=must):
                    test(self, *args, **kwargs)
                    _no_troubles(kwargs.get("bench"))
                return
            try:
                test(self, *args, **kwargs)
            except (AssertionError, pytest.fail.Exception, ConnectorError, LookupError):
                _no_troubles(kwargs.get("bench"))
                return
            pytest.fail(f'The declared gap "{full}" ({self.gaps[full]}) passes. Remove it from gaps.')

        setattr(run, _MARK, Check(name, applies, parameters, must))
        return run

    return decorate


@contextmanager
def _named(full: str, *, must: bool) -> Iterator[None]:
    """Let a failure end with the check's full name, which is what ``gaps`` takes."""
    hint = f'the check "{full}" of the conformance suite'
    if not must:
        hint += f'; if the platform can\'t do it: gaps = {{"{full}": "why"}}'
    try:
        yield
    except pytest.fail.Exception as error:
        # As pytest.raises fails where nothing was raised. No Exception, and its text is not in its arguments.
        error.msg = f"{error.msg}\n({hint})"
        raise
    except AssertionError as error:
        text = str(error)
        error.args = (f"{text}\n({hint})" if text else hint,)
        raise
    except Exception as error:
        error.add_note(f"({hint})")
        raise


def checks_of(suite: type) -> dict[str, Check]:
    """Return the checks of a suite class by the name of their method."""
    found = {name: getattr(getattr(suite, name, None), _MARK, None) for name in dir(suite)}
    return {name: mark for name, mark in found.items() if isinstance(mark, Check)}


def names_of(suite: type, values: Callable[[str], Sequence[str] | None]) -> set[str]:
    """Return every full name of a suite's checks that ``gaps`` takes; ``values`` gives the values of a parameter."""
    names: set[str] = set()
    for mark in (mark for mark in checks_of(suite).values() if not mark.must):
        full: list[dict[str, str]] = [{}]
        for parameter in mark.parameters:
            choices = values(parameter)
            if choices is not None:
                full = [{**before, parameter: choice} for before in full for choice in choices]
        names |= {mark.name.format(**chosen) for chosen in full}
    return names


def _no_troubles(bench: Any) -> None:
    if bench is not None:
        troubles = list(bench.troubles())
        assert not troubles, "; ".join(troubles)
