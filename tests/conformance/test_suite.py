"""The suite itself: each kind of mistake that it is there for is caught, on a connector broken for the purpose."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from pydantic import Field

from syncer.domain.order import OrderLine
from syncer.sdk.contract import Budget, BudgetKind
from syncer.sdk.errors import Transient
from syncer.sdk.http import HttpClient
from syncer.sdk.operations import Kind, Operation, Result
from syncer.sdk.registry import UnknownConnector
from syncer.sdk.sandbox import ReservedPathError
from syncer.sdk.testing import NEEDS_PYTEST, Bench, ConnectorSuite
from syncer.sdk.testing.__main__ import main
from syncer.sdk.testing.pace import most_in_window
from syncer.sdk.testing.suite import NoStart, open_bench
from tests.conformance import test_koperasi
from tests.strange_connector.install import HERE


class _Suite(ConnectorSuite):
    connector = "koperasi"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench("koperasi", tmp_path_factory.mktemp("koperasi"))
    yield bench
    bench.close()


@pytest.fixture
def bench(running: Bench) -> Iterator[Bench]:
    running.reset()
    root = logging.getLogger()
    root.addHandler(running.logs)
    yield running
    root.removeHandler(running.logs)


@pytest.fixture
def connector(running: Bench) -> Any:
    return running.connector_type


def _caught(test: Any, **values: Any) -> str:
    with pytest.raises((AssertionError, pytest.fail.Exception)) as caught:
        test(**values)
    return str(caught.value)


def test_a_good_connector_passes(bench: Bench) -> None:
    _Suite().test_one_change(bench=bench, change="title")
    bench.reset()
    _Suite().test_fault(bench=bench, fault="a lost answer", during="a create")


def test_a_field_that_is_never_sent(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = connector._whole
    monkeypatch.setattr(connector, "_whole", lambda self, op: [*whole(self, op), ("days", "0")])
    assert "days: 7 wanted, 0 there" in _caught(_Suite().test_one_change, bench=bench, change="made to order")


def test_a_field_that_is_forgotten_in_rendering(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    render = connector.render
    monkeypatch.setattr(
        connector, "render", lambda self, wanted, facts: render(self, replace(wanted, made_to_order_days=0), facts)
    )
    assert "not rendered at all" in _caught(_Suite().test_one_change, bench=bench, change="made to order")


def test_a_failure_names_what_gaps_take(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = connector._whole
    monkeypatch.setattr(connector, "_whole", lambda self, op: [*whole(self, op), ("days", "0")])
    said = _caught(_Suite().test_one_change, bench=bench, change="made to order")
    assert 'gaps = {"made to order alone": "why"}' in said


def test_one_budget_for_everybody(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Budget("calls", "koperasi:calls", BudgetKind.FIXED, 5, 2.0, source="a guess")
    monkeypatch.setattr(connector, "budgets", lambda self: (shared,))
    assert "koperasi:calls" in _caught(_Suite().test_budget_keys, bench=bench)


def test_an_option_that_the_readme_does_not_know(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class More(connector.options_type):  # type: ignore[misc]
        colour: str = Field("", description="Colour of the stall.")

    monkeypatch.setattr(connector, "options_type", More)
    assert "SYNCER_KOPERASI_COLOUR" in _caught(_Suite().test_readme, bench=bench)


def test_an_id_that_leads_elsewhere(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("koperasi.client.quote", lambda text, safe="": text)
    assert "an id leads elsewhere" in _caught(_Suite().test_id_in_address, bench=bench)


def test_two_writes_in_one_apply(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write = connector._write

    def twice(self: Any, operation: Operation) -> Result:
        result: Result = write(self, operation)
        if operation.kind is Kind.UPDATE:
            write(self, operation)
        return result

    monkeypatch.setattr(connector, "_write", twice)
    assert "at most one is allowed" in _caught(_Suite().test_one_change, bench=bench, change="title")


def test_a_write_that_is_called_a_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    call = HttpClient.call

    def lying(self: Any, method: str, url: str, *, write: bool, **sent: Any) -> Any:
        return call(self, method, url, write=False, **sent)

    monkeypatch.setattr(HttpClient, "call", lying)
    assert "write=False" in _caught(_Suite().test_create, bench=bench, shape="no axes")


def test_a_lost_answer_taken_for_nothing_done(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    apply = connector.apply

    def hopeful(self: Any, batch: list[Operation]) -> list[Result]:
        results = apply(self, batch)
        return [replace(r, error=Transient(r.error.code, r.error.words)) if r.error else r for r in results]

    monkeypatch.setattr(connector, "apply", hopeful)
    assert "retry" in _caught(_Suite().test_fault, bench=bench, fault="a lost answer", during="a create")


def test_partial_failure_that_is_swallowed(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    apply = connector.apply
    monkeypatch.setattr(
        connector, "apply", lambda self, batch: [replace(result, offer_errors={}) for result in apply(self, batch)]
    )
    assert "nothing tells which" in _caught(_Suite().test_partial_stock, bench=bench)


def test_a_wide_budget(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Budget("calls", "koperasi:wide", BudgetKind.FIXED, 500, 2.0, source="a guess")
    monkeypatch.setattr(connector, "budgets", lambda self: (wide,))
    bench.driver = bench.new_driver()
    with pytest.raises(Exception, match="break"):
        _Suite().test_budgets(bench=bench)
    assert any("went over the platform's limit" in trouble for trouble in bench.troubles())


@pytest.mark.rule("X4")
def test_a_call_past_the_gate(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    check = connector.check

    def own_road(self: Any) -> Any:
        import requests

        requests.get(self._options.base_url + "/v1/shop", timeout=5)
        return check(self)

    monkeypatch.setattr(connector, "check", own_road)
    assert "past Context.http" in _caught(_Suite().test_hosts, bench=bench)
    assert "passed the gate" in _caught(_Suite().test_identity, bench=bench)


@pytest.mark.parametrize("where", ["log", "repr", "error"])
@pytest.mark.rule("X4")
def test_a_secret_that_leaks(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    check = connector.check

    def leaking(self: Any) -> Any:
        secret = self._options.key.get_secret_value()
        if where == "log":
            logging.getLogger("koperasi").warning("signed with %s", secret)
        if where == "error":
            bench.driver.errors.append(Transient("x", replace(_words(), en=f"refused: {secret}")))
        return check(self)

    monkeypatch.setattr(connector, "check", leaking)
    if where == "repr":
        monkeypatch.setattr(connector, "__repr__", lambda self: f"Koperasi({self._options.key.get_secret_value()})")
    assert "a secret of the account stands in" in _caught(_Suite().test_identity, bench=bench)


def test_a_listing_made_again_after_a_person_deleted_it(
    bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = connector.apply

    def stubborn(self: Any, batch: list[Operation]) -> list[Result]:
        results: list[Result] = apply(self, batch)
        if results[0].error is not None and batch[0].kind is Kind.UPDATE:
            return list(apply(self, [replace(batch[0], kind=Kind.CREATE, known=None)]))
        return results

    monkeypatch.setattr(connector, "apply", stubborn)
    _caught(_Suite().test_gone, bench=bench)


@pytest.mark.rule("H5")
def test_a_cursor_that_never_ends(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = connector.fetch_listings
    monkeypatch.setattr(connector, "fetch_listings", lambda self, cursor: replace(fetch(self, cursor), cursor="1"))
    assert "a cursor came twice" in _caught(_Suite().test_no_pages, bench=bench)


class _Gaps(ConnectorSuite):
    connector = "koperasi"
    gaps: ClassVar[Mapping[str, str]] = {"title alone": "a wrong claim", "size alone": "Koperasi knows no sizes"}


def test_a_declared_gap_that_passes_fails_the_run(bench: Bench) -> None:
    assert 'The declared gap "title alone"' in _caught(_Gaps().test_one_change, bench=bench, change="title")
    _Gaps().test_one_change(bench=bench, change="size")


def test_a_gap_that_is_no_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Gaps, "gaps", {"sise alone": "misspelled"})
    assert "there is no check 'sise alone'" in _caught(_Gaps().test_gaps)


def test_the_names_that_gaps_take_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["koperasi"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert set(test_koperasi.TestKoperasi.gaps) < set(shown)
    assert {"pages", "partial failure of a stock change", "a lost answer during a create"} < set(shown)
    assert "a refresh token works once" not in shown, "Koperasi has no tokens"
    assert main(["koperasy"]) == 1
    assert "koperasy" in capsys.readouterr().err
    assert main([]) == 2


def test_without_pytest_a_sentence_says_what_is_missing() -> None:
    without = (
        "import runpy, sys; sys.modules['pytest'] = None; sys.argv = ['x', 'koperasi'];"
        "runpy.run_module('syncer.sdk.testing', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{NEEDS_PYTEST}\n"


def test_the_recipe_prints_the_real_test_file() -> None:
    page = (HERE.parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    file = (HERE.parent / "conformance" / "test_koperasi.py").read_text("utf-8")
    assert textwrap.indent(f"```python\n{file}```\n", "   ", lambda line: line != "\n") in page


def test_the_recipe_names_the_files_of_its_example() -> None:
    page = (HERE.parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    for file in (HERE / "koperasi").glob("[a-z]*"):
        if file.suffix in (".py", ".md"):
            assert f"`{file.name}`" in page, file.name


def test_checks_of_missing_capabilities_are_left_out() -> None:
    for name in ("test_refresh", "test_pictures", "test_facts_json"):
        assert getattr(_Suite, name) is None
        assert callable(getattr(ConnectorSuite, name))


def test_an_unknown_connector_is_told_at_once() -> None:
    with pytest.raises(UnknownConnector, match="koperasy"):

        class _Wrong(ConnectorSuite):
            connector = "koperasy"


def test_most_in_window() -> None:
    assert most_in_window([], 1.0) == 0
    assert most_in_window([0.0, 0.5, 0.9, 1.0, 3.0], 1.0) == 3


def _words() -> Any:
    from syncer.domain.words import Words

    return Words("x", "x")


def test_an_order_that_is_lost_at_a_pages_edge(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sales = connector._sales

    def careless(self: Any, form: Any, cursor: str | None) -> Any:
        page = sales(self, form, cursor)
        return replace(page, cursor=str(int(page.cursor) + 2)) if page.cursor else page

    monkeypatch.setattr(connector, "_sales", careless)
    assert "orders were never read" in _caught(_Suite().test_order_pages, bench=bench)


def test_a_status_without_a_meaning(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = connector.info.orders
    known = {status: meaning for status, meaning in facts.meanings.items() if status != "got"}
    info = replace(connector.info, orders=replace(facts, meanings=known))
    monkeypatch.setattr(connector, "info", info)
    monkeypatch.setattr(bench, "info", info)
    assert "no declared meaning: got" in _caught(_Suite().test_order_facts, bench=bench)


def test_cancelled_pieces_that_stay_held(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    line = OrderLine
    monkeypatch.setattr("koperasi.orders.OrderLine", lambda **values: line(**{**values, "status": ""}))
    assert "3" in _caught(_Suite().test_order_partly_cancelled, bench=bench)


def test_a_buyer_in_a_log(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from koperasi import client

    many = client.many

    def chatty(value: Any, name: str) -> Any:
        logging.getLogger("koperasi").warning("read %s", value)
        return many(value, name)

    monkeypatch.setattr("koperasi.client.many", chatty)
    assert "about a buyer stands in a log" in _caught(_Suite().test_order_buyers, bench=bench)


def test_a_signature_that_nobody_looks_at(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "is_signed", lambda self, address, headers, body: True)
    assert "may be flipped" in _caught(_Suite().test_webhook_forged, bench=bench)


def test_a_broken_webhook_that_raises(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "read_webhook", lambda self, headers, body: json.loads(body)["sale"])
    with pytest.raises(TypeError):
        _Suite().test_webhook_broken(bench=bench)


def _declare(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    info = replace(connector.info, **facts)
    monkeypatch.setattr(connector, "info", info)
    monkeypatch.setattr(bench, "info", info)


@pytest.mark.parametrize(("status", "claim"), [("asked", True), ("paid", False), ("off", True), ("back", False)])
def test_a_wrong_claim_of_when_the_number_falls(
    bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch, status: str, claim: bool
) -> None:
    facts = connector.info.orders
    _declare(bench, connector, monkeypatch, orders=replace(facts, lowers={**facts.lowers, status: claim}))
    assert f"lowers says {claim} of '{status}'" in _caught(_Suite().test_order_lowers, bench=bench)


def test_a_number_that_falls_unforeseeably(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled order that was never paid lowered nothing, one that was paid did: only None is true."""
    running = bench.running.sandbox
    monkeypatch.setattr(type(running), "order_switches", {"lowers_at": {"paid": True}, "gives_back_at": {}})
    bench.reset()
    assert "lowers says False of 'off'" in _caught(_Suite().test_order_lowers, bench=bench)
    facts = connector.info.orders
    _declare(bench, connector, monkeypatch, orders=replace(facts, lowers={**facts.lowers, "off": None}))
    bench.reset()
    _Suite().test_order_lowers(bench=bench)


def test_a_marker_that_nobody_looks_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("koperasi.client.Client.by_ref", lambda self, ref: [])
    assert "must be found by it" in _caught(_Suite().test_find_marker, bench=bench)
    bench.reset()
    assert "must be found by it" in _caught(_Suite().test_find_marker_variants, bench=bench)


def test_a_sandbox_without_a_past(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(bench.running.sandbox), "_seen", lambda self, call: self._goods)
    assert "answers from the state of call.as_of" in _caught(_Suite().test_stale_read, bench=bench)
    bench.reset()
    assert "a walk shows a listing that is younger" in _caught(_Suite().test_search_lag, bench=bench)


def test_a_look_up_that_never_lags(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _declare(bench, connector, monkeypatch, finding=replace(connector.info.finding, strong=False))
    assert "find_listing shows a listing that is younger" in _caught(_Suite().test_search_lag, bench=bench)


def _marked(bench: Bench, monkeypatch: pytest.MonkeyPatch, **marks: bool) -> None:
    kind = type(bench.running.sandbox)
    operation = kind.operation

    def found(self: Any, method: str, path: str) -> Any:
        one = operation(self, method, path)
        return one and replace(one, **marks)

    monkeypatch.setattr(kind, "operation", found)


def test_faults_that_strike_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        _marked(bench, patch, lists=False)
        assert "marks what walks or searches listings" in _caught(_Suite().test_search_lag, bench=bench)
    bench.reset()
    with monkeypatch.context() as patch:
        _marked(bench, patch, writes=True)
        assert "stale_read struck nothing" in _caught(_Suite().test_stale_read, bench=bench)


def test_a_platform_without_batches_is_told_what_to_do(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _marked(bench, monkeypatch, batch=False)
    said = _caught(_Suite().test_partial_stock, bench=bench)
    assert "Operation(batch=True)" in said
    assert 'gaps = {"partial failure of a stock change": "why"}' in said


def test_an_address_that_the_sandbox_keeps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type(bench.running.sandbox)
    operation = kind.operation
    monkeypatch.setattr(
        kind, "operation", lambda self, method, path: operation(self, method, path.replace("/shop", "/v1/shop"))
    )
    with pytest.raises(ReservedPathError, match=r"GET /shop is an address of the sandbox's own"):
        kind.start()
    # One that nobody thought of at the start is told at the call.
    monkeypatch.setattr(
        kind, "operation", lambda self, method, path: operation(self, method, path.replace("/shop/mine", "/v1/shop"))
    )
    with kind.start() as running:
        answer = requests.get(f"{running.base_url}/shop/mine", timeout=60)
        assert (answer.status_code, "sandbox's own" in answer.json()["error"]) == (500, True)
        assert requests.get(running.window_url, timeout=60).status_code == 200
        assert requests.get(f"{running.base_url}/controls", timeout=60).json()["fault"]["@code"] == "E00"


def test_a_connector_that_cannot_connect_fails_once(
    connector: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def lost(self: Any) -> Any:
        raise KeyError("shop")

    monkeypatch.setattr(connector, "check", lost)
    running = open_bench("koperasi", tmp_path)
    assert isinstance(running, NoStart)
    said = _caught(running.end)
    assert "check() of the connector koperasi fails at its own sandbox: KeyError: 'shop'" in said
    assert "Traceback" not in said
    with pytest.raises(pytest.skip.Exception, match="see the first failure"):
        running.end()


def test_a_limit_that_was_ordered_is_no_overrun(bench: Bench, connector: Any) -> None:
    struck = bench.running.sandbox.struck

    def refusing(call: Any, operation: Any, fault: Any) -> Any:
        answer = struck(call, operation, fault)
        return replace(answer, refused="rate")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.running.sandbox, "struck", refusing)
        _Suite().test_fault(bench=bench, fault="a rate limit", during="a stock change")
    assert not list(bench.troubles())


def test_a_wait_of_ones_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("koperasi.errors._wait", lambda answer: 2.0)
    said = _caught(_Suite().test_fault, bench=bench, fault="a rate limit", during="a stock change")
    assert "Retry-After said 7 seconds, the error says 2" in said


def test_a_look_up_that_is_called_strong(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("koperasi.client.Client.by_ref", lambda self, ref: [])
    assert "says that look-ups are strong" in _caught(_Suite().test_search_lag, bench=bench)


def test_a_sandbox_that_is_taken_for_a_real_shop(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    check = connector.check
    monkeypatch.setattr(connector, "check", lambda self: replace(check(self), test_shop=False))
    assert "test_shop must be true" in _caught(_Suite().test_identity, bench=bench)


def test_photos_that_no_shop_could_get(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    render = connector.render

    def bare(self: Any, wanted: Any, facts: Any) -> Any:
        rendered = render(self, wanted, facts)
        return replace(rendered, fields={**rendered.fields, "pictures": [one.sha256 for one in wanted.pictures]})

    monkeypatch.setattr(connector, "render", bare)
    assert "no shop could show the photo" in _caught(_Suite().test_photos_arrive, bench=bench)


def test_a_sandbox_without_a_limit(bench: Bench) -> None:
    bench.control.post("limits", {"window_calls": 100_000})
    said = _caught(_Suite().test_limit_is_real, bench=bench)
    assert "the sandbox has no limit. Its `admit` must refuse" in said


def test_what_raises_nothing_is_named_too(bench: Bench, connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "connector", lambda **_: connector(bench.options, bench.context(bench.client())))
    said = _caught(_Suite().test_wrong_key, bench=bench)
    assert 'the check "a wrong key asks a person"' in said


def test_a_gap_that_no_platform_can_have_is_not_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Gaps, "gaps", {"sise alone": "misspelled"})
    said = _caught(_Gaps().test_gaps)
    assert 'the check "declared gaps are known"' in said
    assert "gaps = {" not in said
    monkeypatch.setattr(_Gaps, "gaps", {"options never show a secret": "why not"})
    assert "there is no check 'options never show a secret'" in _caught(_Gaps().test_gaps)
