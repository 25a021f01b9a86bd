"""Keys, tokens and codes stand in no repr, log, error or call record."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connectors.tiktok_shop.client import first_tokens
from connectors.tiktok_shop.options import TiktokShopOptions
from syncer.sdk.errors import ConnectorError
from syncer.sdk.options import BadOptions
from tests.connectors.tiktok_shop.canned import ACCESS, REFRESH, SECRET, Canned
from tests.connectors.tiktok_shop.conftest import Shop

SECRETS = (SECRET, ACCESS, REFRESH)


def text_of(error: BaseException) -> str:
    return f"{error!r} {error} {vars(error)} {error.__cause__!r}"


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
    assert set(options.secrets()) == {"app_secret", "access_token", "refresh_token"}


def test_an_error_that_echoes_them_shows_none(canned: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"bad {SECRET} {ACCESS} {REFRESH}"
    answer = {"code": 12059999, "message": echo, "request_id": echo, "data": {"warnings": [{"message": echo}]}}
    for path in ("/authorization/202309/shops", "/api/v2/token/refresh"):
        canned.give(path, answer)
    connector = canned.connector()
    tokens = connector.first_tokens()
    assert tokens is not None
    for call in (connector.check, lambda: connector.refresh(tokens)):
        with pytest.raises(ConnectorError) as caught:
            call()
        assert not any(secret in text_of(caught.value) for secret in SECRETS)
    assert not any(secret in caplog.text for secret in SECRETS)
    assert "12059999" in caplog.text


def test_a_broken_connection_shows_none(canned: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connector = canned.connector()
    tokens = connector.first_tokens()
    assert tokens is not None
    canned.close()
    for call in (connector.check, lambda: connector.refresh(tokens)):
        with pytest.raises(ConnectorError) as caught:
            call()
        assert not any(secret in f"{text_of(caught.value)} {caplog.text}" for secret in SECRETS)


def test_call_records_hold_no_values(shop: Shop) -> None:
    shop.connector.check()
    tokens = first_tokens(shop.options, shop.connector._context)
    assert tokens is not None
    shop.connector.refresh(tokens)
    shown = repr(shop.calls)
    assert len(shop.calls) == 2
    assert not any(secret in shown for secret in [*shop.options.secrets().values(), tokens.access_token])


@pytest.mark.parametrize(
    "change",
    [{"app_key": ""}, {"base_url": "ftp://x"}, {"calls_per_s": 0}, {"language": "jv"}, {"platforms": "x"}, {"nope": 1}],
)
def test_wrong_options_are_refused_without_showing_values(change: dict[str, Any]) -> None:
    with pytest.raises(BadOptions) as caught:
        TiktokShopOptions.read({"app_key": "1", "app_secret": SECRET, **change})
    assert next(iter(change)) in str(caught.value)
    assert SECRET not in text_of(caught.value)


def test_options_may_be_written_as_people_type_them() -> None:
    typed = {
        "delivery_options": "11, 12",
        "certificates_in_place": [601, "602"],
        "attribute_defaults": "Bahan=Kayu; Motif = Polos",
        "shop_id": 7495540735365777507,
        "warehouse_id": 7068517275539719942,
    }
    options = TiktokShopOptions.read({"app_key": 123, "app_secret": SECRET, **typed})
    assert options.delivery_options == ("11", "12")
    assert options.certificates_in_place == ("601", "602")
    assert options.attribute_defaults == {"Bahan": "Kayu", "Motif": "Polos"}
    assert (options.app_key, options.shop_id, options.warehouse_id) == (
        "123",
        "7495540735365777507",
        "7068517275539719942",
    )
    as_json = TiktokShopOptions.read({"app_key": "1", "app_secret": SECRET, "attribute_defaults": '{"a": "b"}'})
    assert as_json.attribute_defaults == {"a": "b"}
    for broken in ({"attribute_defaults": "{broken"}, {"delivery_options": {"not": [1]}}):
        with pytest.raises(BadOptions):
            TiktokShopOptions.read({"app_key": "1", "app_secret": SECRET, **broken})
    assert TiktokShopOptions.read({**options.public(), **options.secrets()}) == options
