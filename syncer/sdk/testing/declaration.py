"""Checks of what a connector says about itself: facts, options, sign-in, and that it keeps to its hosts."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncer.sdk import contract
from syncer.sdk.contract import Info, PublishesListings, ReadsOrders, SignsIn, TakesWebhooks, WritesFeed
from syncer.sdk.errors import AccountStopped, ConnectorError, Recovery, SignInNeeded
from syncer.sdk.operations import Kind
from syncer.sdk.options import BadOptions, Options, SecretStr, describe, options_table
from syncer.sdk.testing.bench import Bench
from syncer.sdk.testing.builders import with_offer
from syncer.sdk.testing.checks import check, implements
from syncer.sdk.testing.wishes import Wishes

_HOST = re.compile(r"(\*\.)?([a-z0-9-]+\.)+[a-z]{2,}")
_WRONG = "KANARI-salah-0123456789abcdef"


class DeclarationChecks(Wishes):
    """Declaration, options and sign-in."""

    @check("facts are complete", must=True)
    def test_facts(self, bench: Bench) -> None:
        info = bench.info
        assert isinstance(info, Info), "info must be an Info"
        assert info.name == bench.name, f"the entry point is called {bench.name!r}, info.name says {info.name!r}"
        assert info.label.strip(), "info.label is what people read"
        assert info.contract == contract.CONTRACT, f"this SDK speaks contract {contract.CONTRACT}"
        assert info.docs.startswith("https://"), "info.docs is the address of the platform's documents"
        assert info.hosts, "info.hosts must name the hosts that may be called"
        for host in info.hosts:
            assert _HOST.fullmatch(host), f"{host!r} is not a host name (*.name allows sub-domains)"
        for currency in info.currencies:
            assert re.fullmatch("[A-Z]{3}", currency), f"{currency!r} is not a currency"
        assert info.max_axes >= 0
        assert info.max_offers >= 1
        assert info.concurrency >= 1
        assert 0 < info.call_deadline_s <= 120, "a call's deadline lies between 0 and 120 seconds"

    @check("facts name their sources", must=True)
    def test_sources(self, bench: Bench) -> None:
        for budget in bench.connector().budgets():
            assert budget.source, f"the budget {budget.name!r} names no source"
            assert budget.limit >= 1, f"the budget {budget.name!r} allows nothing"
            assert budget.per_seconds > 0
            assert 0 <= budget.urgent_share < 1, f"the budget {budget.name!r} leaves nothing for other calls"
            assert bench.name in budget.key, f"the key {budget.key!r} must name the connector: keys are shared by all"
        info = bench.info
        assert info.finding.source, "info.finding names no source"
        for step in info.stop_ladder:
            assert step.source, f"the step {step.kind} of the stop ladder names no source"
        assert info.orders is None or info.orders.source, "info.orders names no source"
        assert info.webhooks is None or info.webhooks.source, "info.webhooks names no source"

    @check("accounts with nothing in common share no budget", must=True)
    def test_budget_keys(self, bench: Bench) -> None:
        ours = {budget.key for budget in bench.connector().budgets()}
        other = bench.options.model_copy(update=dict(_of_somebody_else(bench.options)))
        # Without the sign-in of ours: who somebody else is, their options say.
        tokens, bench.tokens = bench.tokens, None
        try:
            theirs = {budget.key for budget in bench.connector(options=other).budgets()}
        finally:
            bench.tokens = tokens
        shared = sorted(ours & theirs)
        assert not shared, f"another app and another shop share {shared}: a budget's key names what the platform counts"
        shown = [key for key in ours for secret in bench.secrets if secret in key]
        assert not shown, "a secret stands in a budget's key"

    @check("the options' table in README.md is the options", must=True)
    def test_readme(self, bench: Bench) -> None:
        folder = Path(inspect.getfile(bench.connector_type)).parent
        readme = next((one for one in (folder / "README.md", folder.parent / "README.md") if one.is_file()), None)
        assert readme is not None, f"there is no README.md in {folder}: write what it can do, its options, its sources"
        table = options_table(bench.connector_type.options_type, prefix=f"SYNCER_{bench.name.upper()}")
        there = readme.read_text("utf-8")
        missing = [line for line in table.splitlines() if line not in there]
        assert not missing, f"{readme.name} lacks these lines of options_table(), as they stand:\n" + "\n".join(missing)

    @check("operations and protocols agree", must=True)
    def test_operations(self, bench: Bench) -> None:
        info, connector = bench.info, bench.connector()
        publishes = isinstance(connector, PublishesListings)
        assert publishes or isinstance(connector, WritesFeed), "a connector publishes listings or writes a feed"
        assert publishes == bool(info.operations), "info.operations names the writes of apply()"
        assert isinstance(connector, ReadsOrders) == (info.orders is not None), "info.orders goes with ReadsOrders"
        takes = isinstance(connector, TakesWebhooks)
        assert takes == (info.webhooks is not None), "info.webhooks goes with TakesWebhooks"
        assert set(info.batches) <= info.operations, "info.batches names kinds that are no operations"
        if publishes:
            assert {Kind.CREATE, Kind.UPDATE} <= info.operations, "publishing takes CREATE and UPDATE at least"
            plain = self.listing(bench)
            coded = with_offer(plain, plain.offers[0].key, barcode="8991234567890")
            several = self.listing(bench, axes=min(info.max_axes, 1))
            rendered = {name for wanted in (coded, several) for name in bench.driver.render(wanted).fields}
            assert set(info.editable_fields) <= rendered, "info.editable_fields names fields that are never rendered"

    @check("the stop ladder is sound", must=True)
    def test_stop_ladder(self, bench: Bench) -> None:
        ladder = bench.info.stop_ladder
        kinds = [step.kind for step in ladder]
        assert ladder, "there must be a way to take an offer off sale"
        assert len(set(kinds)) == len(kinds), "a step stands twice in the ladder"
        for step in ladder:
            assert step.kind in (Kind.STOCK, Kind.HIDE, Kind.DELETE), f"{step.kind} takes nothing off sale"
            assert step.kind is Kind.STOCK or step.kind in bench.info.operations, f"{step.kind} is not an operation"
            undo = {Kind.STOCK: Kind.STOCK, Kind.HIDE: Kind.SHOW, Kind.DELETE: None}[step.kind]
            assert step.undo == undo, f"{step.kind} is undone by {undo}, not {step.undo}"
            assert step.siblings or step.kind is Kind.STOCK, f"{step.kind} stops the sibling variants too"
        if Kind.DELETE in kinds:
            assert kinds[-1] is Kind.DELETE, "DELETE does the most harm, so it is the last step"

    @check("options explain themselves", must=True)
    def test_options_described(self, bench: Bench) -> None:
        options = describe(bench.connector_type.options_type)
        assert issubclass(bench.connector_type.options_type, Options)
        for option in options:
            first = option.help.split(". ")[0]
            assert first, f"the option {option.name!r} has no description"
            assert len(first) < 80, f"the first sentence of {option.name!r} is {len(first)} characters long: below 80"
            told = bench.connector_type.options_type.help_id.get(option.name, "")
            assert told.strip(), f"the option {option.name!r} is not explained in Bahasa Indonesia: add it to help_id"
            assert option.flag.startswith("--")
            assert option.env.isupper()
        assert any(option.name == "base_url" for option in options), 'the option "base_url" leads to the sandbox'
        assert any(option.secret for option in options), "no option is a secret: declare keys as SecretStr"

    @check("options survive a round trip", must=True)
    def test_options_round_trip(self, bench: Bench) -> None:
        options = bench.options
        stored = json.loads(json.dumps({**options.public(), **options.secrets()}))
        assert type(options).read(stored) == options

    @check("options never show a secret", must=True)
    def test_options_masked(self, bench: Bench) -> None:
        secrets = bench.options.secrets()
        shown = f"{bench.options!r}{bench.options}{bench.options.model_dump_json()}{bench.options.public()}"
        for name, value in secrets.items():
            assert value not in shown, f"the secret option {name!r} is shown"

    @check("wrong options are refused in plain words", must=True)
    def test_options_refused(self, bench: Bench) -> None:
        kind = type(bench.options)
        good = {**bench.options.model_dump(mode="json"), **bench.options.secrets()}
        with pytest.raises(BadOptions, match="kanari_unknown"):
            kind.read({**good, "kanari_unknown": _WRONG})
        for option in describe(kind):
            if option.required:
                with pytest.raises(BadOptions, match=option.name):
                    kind.read({name: value for name, value in good.items() if name != option.name})
        for name in good:
            with pytest.raises(BadOptions) as caught:
                kind.read({**good, name: {"not": [_WRONG]}})
            assert _WRONG not in str(caught.value), f"the refusal of {name!r} shows the value"

    @check("check says whose shop it is", must=True)
    def test_identity(self, bench: Bench) -> None:
        identity = bench.driver.connector.check()
        assert identity.shop_id, "Identity.shop_id is empty"
        assert identity.shop_name, "Identity.shop_name is empty"
        assert identity.test_shop, (
            "Identity.test_shop must be true on a sandbox: what the platform itself says of a trial shop, or"
            " is_loopback(options.base_url) of syncer.sdk.http"
        )
        assert identity == bench.driver.connector.check(), "the same shop gave two identities"
        assert identity.access_until is None or identity.access_until.tzinfo is not None, "times are aware UTC"
        assert not identity.currency or not bench.info.currencies or identity.currency in bench.info.currencies
        assert bench.all_writes() == 0, "check() may not write"
        assert len(bench.platform_calls()) <= 6, "check() is the cheapest call that proves the sign-in"

    @check("a wrong key asks a person")
    def test_wrong_key(self, bench: Bench) -> None:
        values: dict[str, Any] = dict.fromkeys(bench.options.secrets(), _WRONG)
        bench.secrets.add(_WRONG)
        tokens, bench.tokens = bench.tokens, None
        spoiled = bench.options.model_copy(update={name: SecretStr(value) for name, value in values.items()})
        try:
            with pytest.raises(ConnectorError) as caught:
                bench.connector(options=spoiled).check()
        finally:
            bench.tokens = tokens
        bench.driver.errors.append(caught.value)
        assert caught.value.recovery in (Recovery.SIGN_IN_AGAIN, Recovery.STOP_ACCOUNT), f"{caught.value!r}"
        assert_told(caught.value)

    @check("only the declared hosts are called", must=True)
    def test_hosts(self, bench: Bench) -> None:
        client = bench.client(hosts=(), sandbox=False)
        connector = bench.connector_type(bench.options, bench.context(client))
        with pytest.raises(AccountStopped) as caught:
            connector.check()
        assert caught.value.code == "host_not_allowed"
        assert not bench.platform_calls(), "a call went past Context.http"

    @check("making a connector calls nothing", must=True)
    def test_quiet_start(self, bench: Bench) -> None:
        connector = bench.connector()
        connector.budgets()
        assert not bench.platform_calls()


def _of_somebody_else(options: Options) -> Iterator[tuple[str, Any]]:
    """Yield the options that say who an account is (its app, its shop), with the values of another one."""
    for option in describe(type(options)):
        value = getattr(options, option.name)
        if option.secret or not (option.required or option.name.endswith("_id")):
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            yield option.name, value + 1
        elif isinstance(value, str) and "://" not in value:
            yield option.name, f"{value}9"


class SignInChecks(Wishes):
    """The seller's consent, and refresh tokens that work once."""

    @check("the consent page gets state and redirect", implements(SignsIn))
    def test_authorise_url(self, bench: Bench) -> None:
        url = bench.connector().authorise_url("http://127.0.0.1:8000/masuk", "kanari-state-1234")
        assert "kanari-state-1234" in url
        assert "127.0.0.1" in url
        for secret in bench.secrets:
            assert secret not in url, "a secret stands in the consent page's address"
        assert not bench.platform_calls(), "authorise_url makes no call"

    @check("a consent becomes a sign-in", implements(SignsIn))
    def test_exchange(self, bench: Bench) -> None:
        bench.sign_in_anew()
        assert bench.tokens is not None
        assert bench.tokens.access_until.tzinfo is not None, "times are aware UTC"
        assert same_shop(bench)

    @check("a refresh gives a pair that works", implements(SignsIn))
    def test_refresh(self, bench: Bench) -> None:
        old = bench.first_tokens()
        assert old is not None, "the sandbox's account options hold no first sign-in"
        new = bench.connector().refresh(old)
        bench.keep_tokens(new)
        assert new.access_token != old.access_token
        assert new.access_until.tzinfo is not None, "times are aware UTC"
        assert same_shop(bench)

    @check("a refresh token works once", implements(SignsIn))
    def test_refresh_once(self, bench: Bench) -> None:
        old = bench.first_tokens()
        assert old is not None
        bench.keep_tokens(bench.connector().refresh(old))
        with pytest.raises(SignInNeeded) as caught:
            bench.connector().refresh(old)
        bench.driver.errors.append(caught.value)
        assert_told(caught.value)
        assert same_shop(bench), "the new pair died with the old one"

    @check("a lost refresh answer is an unknown outcome", implements(SignsIn))
    def test_refresh_lost(self, bench: Bench) -> None:
        old = bench.first_tokens()
        assert old is not None
        bench.control.fault("answer_lost")
        with pytest.raises(ConnectorError) as caught:
            bench.connector().refresh(old)
        bench.driver.errors.append(caught.value)
        assert caught.value.recovery is Recovery.READ_BACK, f"{caught.value!r}: the token may be spent, or not"
        bench.sign_in_anew()
        assert same_shop(bench)

    @check("a dead refresh token asks a person", implements(SignsIn))
    def test_refresh_dead(self, bench: Bench) -> None:
        old = bench.first_tokens()
        assert old is not None
        bench.control.post("tokens/revoke", {"refresh": True})
        try:
            with pytest.raises(SignInNeeded):
                bench.connector().refresh(old)
        finally:
            bench.sign_in_anew()
        assert same_shop(bench)


def same_shop(bench: Bench) -> bool:
    """Return whether the sign-in works, and leads to the shop that it led to before."""
    return bool(bench.connector().check().shop_id == bench.identity.shop_id)


def assert_told(error: ConnectorError) -> None:
    """Assert that an error tells a person what happened and what to do, in both languages."""
    assert error.code, f"{error!r} has no code"
    for words in (error.words, error.remedy):
        assert words.id.strip(), f"{error.code}: no words in Bahasa Indonesia"
        assert words.en.strip(), f"{error.code}: no words in English"
