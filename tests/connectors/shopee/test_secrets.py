"""Keys, tokens and codes stand in no repr, log, error or call record."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connectors.shopee.client import first_tokens
from connectors.shopee.options import ShopeeOptions
from syncer.sdk.errors import ConnectorError
from syncer.sdk.options import BadOptions
from tests.connectors.shopee.canned import ACCESS, KEY, REFRESH, Canned
from tests.connectors.shopee.conftest import Shop

SECRETS = (KEY, ACCESS, REFRESH)


def text_of(error: BaseException) -> str:
    return f"{error!r} {error} {vars(error)} {error.__cause__!r}"


@pytest.mark.rule("K4")
@pytest.mark.rule("G4")
def test_reprs_hide_them(canned: Canned) -> None:
    connector = canned.connector()
    shown = (
        f"{connector!r} {connector._options!r} {connector._options} {connector._client!r} {connector.first_tokens()!r}"
    )
    shown += connector._options.model_dump_json()
    assert not any(secret in shown for secret in SECRETS)


def test_public_options_hold_none(canned: Canned) -> None:
    options = canned.connector()._options
    assert not any(secret in str(options.public()) for secret in SECRETS)
    assert set(options.secrets()) == {"partner_key", "access_token", "refresh_token"}


@pytest.mark.rule("H7")
def test_an_error_that_echoes_them_shows_none(canned: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"bad {KEY} {ACCESS} {REFRESH}"
    for path in ("shop/get_shop_info", "auth/access_token/get"):
        canned.give(path, {"error": "error_strange", "message": echo, "warning": echo, "request_id": "a"})
    connector = canned.connector()
    tokens = connector.first_tokens()
    assert tokens is not None
    for call in (connector.check, lambda: connector.refresh(tokens)):
        with pytest.raises(ConnectorError) as caught:
            call()
        assert not any(secret in text_of(caught.value) for secret in SECRETS)
    assert not any(secret in caplog.text for secret in SECRETS)
    assert "warning" in caplog.text


@pytest.mark.rule("H7")
def test_a_broken_connection_shows_none(canned: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connector = canned.connector()
    canned.close()
    with pytest.raises(ConnectorError) as caught:
        connector.check()
    assert not any(secret in text_of(caught.value) for secret in SECRETS)


@pytest.mark.rule("H7")
def test_call_records_hold_no_values(shop: Shop) -> None:
    shop.connector.check()
    tokens = first_tokens(shop.options, shop.connector._context)
    assert tokens is not None
    shown = repr(shop.calls)
    secrets = [*shop.options.secrets().values(), tokens.access_token]
    assert shop.calls
    assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize(
    "change",
    [
        {"partner_id": "x"},
        {"partner_id": 0},
        {"base_url": "ftp://x"},
        {"calls_per_s": 0},
        {"language": "jv"},
        {"nope": 1},
    ],
)
def test_wrong_options_are_refused_without_showing_values(change: dict[str, Any]) -> None:
    values = {"partner_id": 1, "partner_key": KEY, **change}
    with pytest.raises(BadOptions) as caught:
        ShopeeOptions.read(values)
    assert next(iter(change)) in str(caught.value)
    assert KEY not in text_of(caught.value)


def test_lists_may_be_written_as_people_type_them() -> None:
    typed = {"logistics": "8003, 8005", "attribute_defaults": "Shelf life=6 months; Gender = Unisex", "shop_id": "7"}
    options = ShopeeOptions.read({"partner_id": "1", "partner_key": KEY, **typed})
    assert options.logistics == (8003, 8005)
    assert options.attribute_defaults == {"Shelf life": "6 months", "Gender": "Unisex"}
    assert options.shop_id == 7
    as_json = ShopeeOptions.read({"partner_id": 1, "partner_key": KEY, "attribute_defaults": '{"a": "b"}'})
    assert as_json.attribute_defaults == {"a": "b"}
    with pytest.raises(BadOptions):
        ShopeeOptions.read({"partner_id": 1, "partner_key": KEY, "attribute_defaults": "{broken"})
    assert ShopeeOptions.read({**options.public(), **options.secrets()}) == options
