"""A Shopee account's life on Toko Orange: added by its options or by consent, refreshed, revoked, taken back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from connectors.shopee.sandbox import ShopeeSandbox
from syncer.channels.accounts import Account, Mode, State, accept_shop, add_account, load_account
from syncer.channels.connectors import open_connector
from syncer.channels.mappings import category_tree, fetch_category_tree, resolve_categories
from syncer.channels.sign_in import Refresh, SignIn
from syncer.sdk.contract import Connector
from syncer.sdk.errors import SignInNeeded
from syncer.store.engine import read
from tests.channels.conftest import Bench, dump


@pytest.fixture
def orange() -> Iterator[Any]:
    running = ShopeeSandbox().start()
    yield running
    running.stop()


def add(bench: Bench, options: dict[str, Any]) -> Account:
    return add_account(
        bench.engine,
        bench.keys,
        home=bench.home,
        connector="shopee",
        name="toko-orange",
        options=options,
        now=dt.datetime.now(dt.UTC),
    ).account


def opened(bench: Bench, account: Account) -> Connector:
    return open_connector(account, engine=bench.engine, keys=bench.keys, home=bench.home)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def reload(bench: Bench, account: Account) -> Account:
    with read(bench.engine) as connection:
        return load_account(connection, account.id)


def control(orange: Any, path: str, **order: Any) -> Any:
    answer = requests.post(f"{orange.control_url.rstrip('/')}/{path}", json=order, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def test_toko_orange_is_added_from_what_its_sandbox_prints(bench: Bench, orange: Any) -> None:
    options = orange.account_options
    account = add(bench, options)
    assert (account.state, account.mode, account.currency) == (State.ACTIVE, Mode.LIVE, "IDR")
    assert (account.shop_name, account.shop_id) == ("Toko Orange", str(options["shop_id"]))
    assert account.budget_group == f"shopee:app:{options['partner_id']}"
    assert account.consent_until is not None
    stored = dump(bench.engine)
    for name in ("partner_key", "access_token", "refresh_token"):
        assert options[name] not in stored


def test_its_tokens_are_refreshed_once_and_used(bench: Bench, orange: Any) -> None:
    account = add(bench, orange.account_options)
    connector = opened(bench, account)
    manager = SignIn(bench.keys)
    assert manager.refresh_if_due(bench.engine, account, connector, now()) is Refresh.FRESH
    control(orange, "tokens/revoke")
    with pytest.raises(SignInNeeded):
        connector.check()
    assert manager.refresh_after_refusal(bench.engine, account, connector, now()) is Refresh.REFRESHED
    assert connector.check().shop_name == "Toko Orange"


def test_a_lost_pair_is_lived_with_until_a_person_signs_in_again(bench: Bench, orange: Any) -> None:
    account = add(bench, orange.account_options)
    connector = opened(bench, account)
    manager = SignIn(bench.keys)
    control(orange, "faults", operation="auth.access_token_get", fault="answer_lost", times=1)
    due = now() + dt.timedelta(hours=3, minutes=1)
    assert manager.refresh_if_due(bench.engine, account, connector, due) is Refresh.KEPT
    assert connector.check().shop_name == "Toko Orange"
    later = due + dt.timedelta(minutes=2)
    assert manager.refresh_if_due(bench.engine, account, connector, later) is Refresh.KEPT
    assert reload(bench, account).sends
    # Shopee lets the old token live for five more minutes (shopee.md 3.2).
    control(orange, "clock", advance_s=301)
    with pytest.raises(SignInNeeded):
        connector.check()
    assert manager.refresh_after_refusal(bench.engine, account, connector, later) is Refresh.NEEDED
    account = reload(bench, account)
    assert account.state is State.SIGN_IN_NEEDED

    consent = manager.finish(bench.engine, account, connector, press_the_button(bench, account, connector), now=now())
    assert consent.identity.shop_name == "Toko Orange"
    account = accept_shop(bench.engine, bench.keys, account, connector, consent, now=now()).account
    assert account.sends
    assert connector.check().shop_name == "Toko Orange"


@pytest.mark.parametrize("form", ["signed", "open"])
def test_consent_on_the_page_of_the_platform(bench: Bench, orange: Any, form: str) -> None:
    given = orange.account_options
    options = {name: given[name] for name in ("base_url", "partner_id", "partner_key")}
    account = add(bench, options | {"consent_form": form, "consent_url": f"{orange.base_url}/auth"})
    assert account.state is State.SIGN_IN_NEEDED
    assert account.shop_id == ""
    connector = opened(bench, account)
    answer = press_the_button(bench, account, connector)
    consent = SignIn(bench.keys).finish(bench.engine, account, connector, answer, now=now())
    account = accept_shop(bench.engine, bench.keys, account, connector, consent, now=now()).account
    assert (account.shop_id, account.sends) == (str(given["shop_id"]), True)
    assert opened(bench, account).check().shop_name == "Toko Orange"


def press_the_button(bench: Bench, account: Account, connector: Connector) -> dict[str, str]:
    """Open the consent page as a seller does, say yes, and return the query that comes back."""
    url = SignIn(bench.keys).start(bench.engine, account, connector, "http://127.0.0.1:8000/back?x=1", now=now())
    page = requests.get(url, timeout=10)
    assert page.ok, page.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    shop = re.search(r'name="shop_id"[^>]*value="([^"]+)"', page.text)
    assert ticket is not None
    assert shop is not None, page.text
    parts = urlsplit(url)
    answer = requests.post(
        f"{parts.scheme}://{parts.netloc}/consent",
        data={"ticket": ticket[1], "shop_id": shop[1]},
        allow_redirects=False,
        timeout=10,
    )
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def test_the_category_tree_is_fetched_and_kept(bench: Bench, orange: Any) -> None:
    from syncer.catalogue.taxonomy import mapped

    account = add(bench, orange.account_options)
    fetch_category_tree(bench.engine, account, opened(bench, account), now=now())
    with read(bench.engine) as connection:
        assert len(category_tree(connection, account.id)) > 50
        found = resolve_categories(connection, account, ["batik-tulis"], shipped=mapped).get("batik-tulis")
    assert found is not None
    assert found.origin == "shipped"
