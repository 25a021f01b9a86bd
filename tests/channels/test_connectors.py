"""What a connector gets: its own options, its own hosts, its own tokens, a scratch folder, and nothing else."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest

from syncer.channels.accounts import Account
from syncer.channels.connectors import open_connector, sandbox_of, tokens_used, using_tokens
from syncer.channels.sealing import save_tokens
from syncer.sdk.contract import Tokens
from syncer.sdk.errors import AccountStopped
from syncer.store.engine import write
from syncer.store.sealed import Keys, SealBroken, new_key
from tests.channels.conftest import Bench
from tests.channels.kiosk import Kiosk


@pytest.fixture
def account(bench: Bench, kiosk: Kiosk) -> Account:
    return bench.add("kiosk", "kios", kiosk.options()).account


def opened(bench: Bench, account: Account, **more: Any) -> Any:
    road = {"engine": bench.engine, "keys": bench.keys, "home": bench.home, "load": bench.load}
    return open_connector(account, **(road | more))


@pytest.mark.rule("X2")
@pytest.mark.rule("H3")
def test_a_connector_calls_its_own_hosts_only(bench: Bench, account: Account) -> None:
    other = Kiosk()
    try:
        connector = opened(bench, account, override={"base_url": other.base_url})
        assert connector._context.http.call("GET", f"{other.base_url}/me", operation="me", write=False).status == 401
        own = opened(bench, account)
        for url in (other.base_url, "https://example.com", "http://169.254.169.254"):
            with pytest.raises(AccountStopped, match="does not belong"):
                own._context.http.call("GET", f"{url}/me", operation="me", write=False)
    finally:
        other.stop()


@pytest.mark.rule("X2")
def test_a_connector_gets_no_keys_no_database_and_no_other_account(bench: Bench, account: Account) -> None:
    context = opened(bench, account)._context
    given = {field.name for field in dataclasses.fields(context)}
    assert given == {"http", "scratch", "tokens", "now"}
    assert context.scratch == bench.home / "scratch" / str(account.id)
    assert context.scratch.stat().st_mode & 0o077 == 0
    for text in (repr(context), repr(opened(bench, account)._options), str(context.tokens)):
        assert "rahasia" not in text
        assert "masuk-" not in text


def test_another_key_opens_nothing(bench: Bench, account: Account) -> None:
    with pytest.raises(SealBroken):
        opened(bench, account, keys=Keys([new_key()]))


@pytest.mark.rule("K2")
def test_options_sealed_for_one_account_do_not_open_for_another(bench: Bench, account: Account) -> None:
    with pytest.raises(SealBroken):
        opened(bench, dataclasses.replace(account, id=account.id + 1))


def test_new_tokens_are_seen_at_once_and_every_thread_knows_its_own(bench: Bench, account: Account) -> None:
    connector = opened(bench, account)
    first = connector._context.tokens()
    assert connector._context.tokens() is first
    assert tokens_used(connector) == 1
    pair = Tokens("masuk-baru", "segar-baru", bench.now)
    with write(bench.engine) as connection:
        save_tokens(connection, bench.keys, account.id, pair, now=bench.now)
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.extend([connector._context.tokens(), tokens_used(connector)]))
    thread.start()
    thread.join()
    assert seen == [pair, 2]
    assert tokens_used(connector) == 1
    with using_tokens(connector, Tokens("sementara", "x", bench.now)):
        assert connector._context.tokens().access_token == "sementara"
    assert connector._context.tokens() == pair


@pytest.mark.parametrize(
    ("base_url", "sandbox"),
    [
        ("http://127.0.0.1:8100", True),
        ("http://localhost:8100", True),
        ("http://[::1]:8100", True),
        ("https://partner.shopeemobile.com", False),
        ("http://127.0.0.1.example.com", False),
        (None, False),
        (7, False),
    ],
)
def test_only_a_loopback_address_is_a_sandbox(base_url: Any, sandbox: bool) -> None:
    assert (sandbox_of({"base_url": base_url}) is not None) is sandbox
