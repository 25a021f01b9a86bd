"""Options: one description gives flags, names in .env, docs and redaction; a secret is never shown."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import Any

import pytest
from pydantic import Field, ValidationError

from syncer.sdk.options import (
    AwareTimeOrNone,
    BadOptions,
    Options,
    Pairs,
    SecretStr,
    WebAddress,
    WebAddressOrNone,
    describe,
    options_table,
)

SECRET = "KANARI-kunci-900150983cd24fb0"


class _Shop(Options):
    base_url: str = Field("https://shop.example", description="Address of the shop. The live one by default.")
    shop_id: int = Field(description="Number of the shop.", ge=1)
    api_key: SecretStr = Field(description="Key of the shop. Never shown again.")
    first_token: SecretStr | None = Field(None, description="First token, if you have one.")
    couriers: tuple[int, ...] = Field((), description="Couriers to offer.")
    defaults: dict[str, str] = Field(default_factory=dict, description="Values for attributes.")


def _shop(**values: Any) -> _Shop:
    return _Shop.read({"shop_id": 7, "api_key": SECRET, **values})


def test_describe() -> None:
    found = {option.name: option for option in describe(_Shop, prefix="SYNCER_SHOP")}
    assert list(found) == ["base_url", "shop_id", "api_key", "first_token", "couriers", "defaults"]
    assert found["base_url"].flag == "--base-url"
    assert found["base_url"].env == "SYNCER_SHOP_BASE_URL"
    assert found["base_url"].default == '"https://shop.example"'
    assert (found["shop_id"].required, found["shop_id"].secret, found["shop_id"].type) == (True, False, "int")
    assert (found["api_key"].required, found["api_key"].secret, found["api_key"].type) == (True, True, "secret")
    assert (found["first_token"].required, found["first_token"].secret) == (False, True)


def test_the_docs_table_has_one_row_an_option() -> None:
    rows = options_table(_Shop).splitlines()
    assert len(rows) == 2 + 6
    assert "| `api_key` (secret) | `SYNCER_API_KEY` | yes | Key of the shop. Never shown again. |" in rows
    assert all(row.count("|") == 5 for row in rows)


def test_secrets_stay_apart_and_come_back() -> None:
    shop = _shop(first_token="KANARI-first", couriers=[1, 2])
    assert shop.secrets() == {"api_key": SECRET, "first_token": "KANARI-first"}
    assert set(shop.public()) == {"base_url", "shop_id", "couriers", "defaults"}
    assert _Shop.read({**shop.public(), **shop.secrets()}) == shop
    assert _shop().secrets() == {"api_key": SECRET}


@pytest.mark.rule("K4")
def test_a_secret_is_never_shown() -> None:
    shop = _shop(first_token="KANARI-first")
    shown = [repr(shop), str(shop), f"{shop}", f"{shop!r}", shop.model_dump_json(), repr(shop.model_dump())]
    shown += [repr(copy.copy(shop)), repr(pickle.loads(pickle.dumps(shop))), repr(vars(shop)), repr(shop.public())]
    for text in shown:
        assert "KANARI" not in text


@pytest.mark.parametrize(
    ("values", "name", "told"),
    [
        ({"shop_id": 7}, "api_key", "missing"),
        ({"shop_id": 7, "api_key": SECRET, "keys": SECRET}, "keys", "unknown"),
        ({"shop_id": SECRET, "api_key": SECRET}, "shop_id", "does not fit"),
        ({"shop_id": 0, "api_key": SECRET}, "shop_id", "does not fit"),
        ({"shop_id": 7, "api_key": [SECRET]}, "api_key", "does not fit"),
        ({"shop_id": 7, "api_key": {"value": SECRET}}, "api_key", "does not fit"),
        ({"shop_id": 7, "api_key": SECRET, "couriers": [SECRET]}, "couriers", "does not fit"),
    ],
)
@pytest.mark.rule("C4")
def test_wrong_options_are_named_and_never_shown(values: dict[str, Any], name: str, told: str) -> None:
    with pytest.raises(BadOptions) as caught:
        _Shop.read(values)
    error = caught.value
    assert name in error.words.en
    assert told in error.words.en
    assert name in error.words.id
    assert SECRET not in f"{error!r}{error.words}{error.__cause__!r}"
    assert error.__suppress_context__


def test_options_do_not_change() -> None:
    shop = _shop()
    with pytest.raises(ValidationError) as caught:
        shop.api_key = SecretStr("other")  # type: ignore[misc]
    assert SECRET not in str(caught.value)


def test_spaces_around_a_pasted_value_are_dropped() -> None:
    assert _shop(base_url="  https://shop.example \n").base_url == "https://shop.example"


class _Typed(Options):
    address: WebAddress = Field("https://shop.example", description="An address.")
    other: WebAddressOrNone = Field("", description="Another one.")
    ends: AwareTimeOrNone = Field(None, description="When it ends.")
    texts: Pairs = Field({}, description="Texts by name.")


def test_addresses_times_and_pairs_are_read_as_people_write_them() -> None:
    found = _Typed.read(
        {
            "address": "http://127.0.0.1:8000//",
            "other": "",
            "ends": "2026-03-01T10:00:00",
            "texts": " Bahan = Kayu;Motif=a=b; ",
        }
    )
    assert found.address == "http://127.0.0.1:8000"
    assert found.other == ""
    assert found.ends == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert found.texts == {"Bahan": "Kayu", "Motif": "a=b"}
    assert _Typed.read({"texts": '{"Bahan": "Kayu"}'}) == _Typed.read({"texts": {"Bahan": "Kayu"}})
    jakarta = _Typed.read({"ends": "2026-03-01T10:00:00+07:00"}).ends
    assert jakarta == dt.datetime(2026, 3, 1, 3, tzinfo=dt.UTC)
    assert {option.name: option.type for option in describe(_Typed)}["address"] == "str"


@pytest.mark.parametrize("wrong", [{"address": ""}, {"address": "shop.example"}, {"other": "ftp://x"}, {"texts": "{x"}])
def test_wrong_addresses_and_pairs_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(BadOptions):
        _Typed.read(wrong)
