"""The conformance suite: subclass it, name your connector, run pytest.

```python
from syncer.sdk.testing import ConnectorSuite


class TestKoperasi(ConnectorSuite):
    connector = "koperasi"
    gaps = {"pages": "the platform has no paging"}
```
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest

from syncer.domain.words import SyncerError
from syncer.sdk import registry
from syncer.sdk.sandbox import ReservedPathError
from syncer.sdk.testing.bench import Bench, NoConnection, connector_type
from syncer.sdk.testing.cases import DURING, FAULTS, OVER, READ_FAULTS, SHAPES, change_names
from syncer.sdk.testing.changes import ChangeChecks
from syncer.sdk.testing.checks import check, checks_of, names_of
from syncer.sdk.testing.declaration import DeclarationChecks, SignInChecks
from syncer.sdk.testing.faults import FaultChecks
from syncer.sdk.testing.orders import OrderChecks
from syncer.sdk.testing.publishing import PublishChecks, RenderChecks
from syncer.sdk.testing.webhooks import WebhookChecks


class NoStart:
    """Why the bench couldn't be set up: it fails the first check that asks, and leaves out the others.

    A hundred checks that fail for one cause would only hide it.
    """

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._told = False

    def end(self) -> NoReturn:
        """End the check."""
        __tracebackhide__ = True
        if self._told:
            pytest.skip("there is nothing to check: see the first failure of this class")
        self._told = True
        pytest.fail(f"No check can run. {_cause(self._error)}", pytrace=False)


def open_bench(name: str, scratch: Path, **options: Mapping[str, Any]) -> Bench | NoStart:
    """Return the connector's bench (``options`` as it takes them), or why it can't be set up."""
    try:
        return Bench(name, scratch, **options)
    except Exception as error:
        return NoStart(error)


def _cause(error: Exception) -> str:
    if isinstance(error, (NoConnection, SyncerError, ReservedPathError)):
        return str(error)
    return "".join(traceback.format_exception(error))


class ConnectorSuite(
    DeclarationChecks,
    SignInChecks,
    RenderChecks,
    PublishChecks,
    ChangeChecks,
    FaultChecks,
    OrderChecks,
    WebhookChecks,
):
    """Everything that a connector must do, checked against its own sandbox.

    ``connector`` is the entry point's name; the sandbox is found under the same name. ``gaps`` maps the names of
    checks that can't pass to the reason why; a declared gap that passes fails the run. ``limits`` are set at the
    sandbox (times are kept short there), ``options`` replace options of the account that the sandbox hands out.

    Override :meth:`prepare` if listings need more than the platform's own facts tell (a category, couriers), and
    :meth:`own_change` to say what another category, brand or attribute is.
    """

    connector: ClassVar[str] = ""
    limits: ClassVar[Mapping[str, Any]] = {"review_delay_s": 0.05}
    options: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        """Leave out the checks of capabilities that the connector doesn't declare."""
        super().__init_subclass__()
        registry.forget()
        found = connector_type(cls.connector)
        for name, mark in checks_of(cls).items():
            if not mark.applies(found):
                setattr(cls, name, None)

    @classmethod
    def values(cls, parameter: str) -> list[str] | None:
        """Return the values of a check's parameter that make sense for the connector; ``None`` if it is a fixture."""
        found = connector_type(cls.connector)
        tables: dict[str, list[str]] = {
            "shape": [name for name, (_, applies) in SHAPES.items() if applies(found)],
            "over": [name for name, (_, applies) in OVER.items() if applies(found)],
            "change": change_names(found),
            "fault": list(FAULTS),
            "during": list(DURING),
            "trouble": list(READ_FAULTS),
        }
        return tables.get(parameter)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of each value of a check's parameters."""
        for name in metafunc.fixturenames:
            values = self.values(name)
            if values is not None:
                metafunc.parametrize(name, values)

    @pytest.fixture(scope="class")
    @classmethod
    def running(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench | NoStart]:
        """One sandbox for the class, or why there is none."""
        scratch = tmp_path_factory.mktemp(cls.connector)
        found = open_bench(cls.connector, scratch, limits=cls.limits, overrides=cls.options)
        try:
            yield found
        finally:
            if isinstance(found, Bench):
                found.close()

    @pytest.fixture
    def bench(self, running: Bench | NoStart) -> Iterator[Bench]:
        """The connector with an empty shop; everything that is logged is kept, to be searched for secrets."""
        if isinstance(running, NoStart):
            running.end()
        running.reset()
        root = logging.getLogger()
        level = root.level
        root.addHandler(running.logs)
        root.setLevel(logging.DEBUG)
        try:
            yield running
        finally:
            root.setLevel(level)
            root.removeHandler(running.logs)

    @check("declared gaps are known", must=True)
    def test_gaps(self) -> None:
        """A gap that is spelled wrong hides nothing."""
        names = names_of(type(self), self.values)
        for gap, reason in self.gaps.items():
            assert gap in names, f"there is no check {gap!r}; there are: {', '.join(sorted(names))}"
            assert reason.strip(), f"the gap {gap!r} gives no reason"


def suite_names(connector: str) -> list[str]:
    """Return the names of all checks that apply to a connector, sorted, as ``gaps`` takes them.

    Raises UnknownConnector.
    """
    suite: type[ConnectorSuite] = type("Suite", (ConnectorSuite,), {"connector": connector})
    return sorted(names_of(suite, suite.values))
