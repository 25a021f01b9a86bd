"""Tiers and models: ids that die, models that vanish, waits and bounds (shopee.md 5.9 to 5.14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client, variation_body
from tests.sandbox.test_items import code_of


def two_tiers(item_id: int, *, models: bool = True) -> dict[str, Any]:
    body: dict[str, Any] = {
        "item_id": item_id,
        "tier_variation": [
            {"name": "Warna", "option_list": [{"option": "Natural"}, {"option": "Cokelat"}]},
            {"name": "Ukuran", "option_list": [{"option": "Kecil"}, {"option": "Besar"}]},
        ],
    }
    if models:
        body["model"] = [
            {"tier_index": [a, b], "original_price": 100000, "model_sku": f"{a}{b}", "seller_stock": [{"stock": 1}]}
            for a in (0, 1)
            for b in (0, 1)
        ]
    return body


def test_variations_wait_five_seconds_on_the_clock(client: Client) -> None:
    client.limits(variation_wait_s=5)
    item_id = client.add()
    early = client.post("product/init_tier_variation", variation_body(item_id, [1000, 2000]))
    assert (early["error"], early["message"]) == ("product.error_inner", "get update lock failed, please try later")
    assert client.last_call()["refused"] == "early"
    client.advance(5)
    assert len(client.vary(item_id)) == 2


def test_variations_are_refused_during_a_review_and_start_one_only_with_the_switch(client: Client) -> None:
    client.limits(review=True, review_delay_s=60)
    item_id = client.add()
    body = variation_body(item_id, [1000, 2000])
    assert code_of(client.post("product/init_tier_variation", body)) == "error_busi_item_status_invalid"
    client.advance(61)
    assert client.post("product/init_tier_variation", body)["error"] == ""
    assert client.listing(item_id)["status"] == "live"
    client.limits(review_variations=True)
    models = [m["model_id"] for m in client.models(item_id)]
    assert client.post("product/delete_model", {"item_id": item_id, "model_id": models[0]})["error"] == ""
    assert client.listing(item_id)["status"] == "review"


def test_models_read_back_in_both_shapes(client: Client) -> None:
    item_id = client.add()
    ids = client.vary(item_id)
    answer = client.get("product/get_model_list", item_id=item_id)["response"]
    assert answer["tier_variation"][0]["name"] == answer["standardise_tier_variation"][0]["variation_name"] == "Warna"
    assert [m["model_id"] for m in answer["model"]] == ids
    assert isinstance(answer["model"][0]["weight"], str)
    price = answer["model"][0]["price_info"][0]
    assert (price["currency"], price["current_price"], price["original_price"]) == ("IDR", 185000, 185000)
    info = client.base(item_id)
    assert info["has_model"]
    assert "price_info" not in info
    assert "stock_info_v2" not in info
    plain = client.add(item_sku="P")
    assert client.models(plain) == []


def test_init_answers_price_as_an_array(client: Client) -> None:
    item_id = client.add()
    answer = client.post("product/init_tier_variation", variation_body(item_id, [1000, 2000]))
    assert answer["response"]["model"][0]["price_info"] == [{"original_price": 1000}]


def test_another_depth_kills_every_model_id(client: Client) -> None:
    item_id = client.add()
    old = client.vary(item_id)
    same = client.post("product/init_tier_variation", variation_body(item_id, [1000, 2000]))
    assert same["message"] == "The level of tier-variation not change."
    deeper = client.post("product/init_tier_variation", two_tiers(item_id))
    assert deeper["error"] == ""
    new = [m["model_id"] for m in client.models(item_id)]
    assert len(new) == 4
    assert not set(old) & set(new)
    assert code_of(client.set_stock(item_id, 3, old[0])) == "error_param"
    flat = {
        "item_id": item_id,
        "standardise_tier_variation": [],
        "model": [{"tier_index": [], "original_price": 90000, "seller_stock": [{"stock": 2}]}],
    }
    assert client.post("product/init_tier_variation", flat)["error"] == ""
    assert client.base(item_id)["price_info"][0]["original_price"] == 90000


def update_tiers(client: Client, item_id: int, options: list[str], bound: dict[int, int] | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "item_id": item_id,
        "standardise_tier_variation": [
            {
                "variation_id": 0,
                "variation_name": "Warna",
                "variation_option_list": [
                    {"variation_option_id": 0, "variation_option_name": name} for name in options
                ],
            }
        ],
    }
    if bound is not None:
        body["model_list"] = [{"model_id": key, "tier_index": [index]} for key, index in bound.items()]
    return client.post("product/update_tier_variation", body)


def test_option_added_then_model_added_keeps_the_others(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    assert update_tiers(client, item_id, ["Natural", "Cokelat", "Hitam"], {first: 0, second: 1})["error"] == ""
    entry = {"tier_index": [2], "original_price": 190000, "model_sku": "H", "seller_stock": [{"stock": 3}]}
    answer = client.post("product/add_model", {"item_id": item_id, "model_list": [entry]})
    assert answer["response"]["model"][0]["model_sku"] == "H"
    skus = {m["model_sku"]: m["model_id"] for m in client.models(item_id)}
    assert (skus["TAS-1-N"], skus["TAS-1-C"], len(skus)) == (first, second, 3)
    again = client.post("product/add_model", {"item_id": item_id, "model_list": [entry]})
    assert code_of(again) == "error_model_duplicate_tier_variation_index"


def test_model_left_out_is_deleted(client: Client) -> None:
    item_id = client.add()
    first, _ = client.vary(item_id)
    assert update_tiers(client, item_id, ["Natural"], {first: 0})["error"] == ""
    assert [m["model_id"] for m in client.models(item_id)] == [first]
    nothing = update_tiers(client, item_id, ["Natural"], {})
    assert code_of(nothing) == "error_busi_cannot_delete_all_model"


def test_rebinding_reorders_options(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    update_tiers(client, item_id, ["Cokelat", "Natural"], {first: 1, second: 0})
    names = {o["sku"]: o["name"] for o in client.listing(item_id)["offers"]}
    assert names == {"TAS-1-N": "Natural", "TAS-1-C": "Cokelat"}


def test_update_tiers_refuses(client: Client) -> None:
    plain = client.add()
    assert "init_tier_variation" in update_tiers(client, plain, ["A", "B"], {})["message"]
    item_id = client.add(item_sku="Y")
    first, second = client.vary(item_id)
    assert code_of(update_tiers(client, item_id, ["A", "B"], {first: 0, 5: 1})) == "error_wrong_modelid"
    assert code_of(update_tiers(client, item_id, ["A", "B"], {first: 0, second: 2})) == "error_model_tier_index_bound"
    deeper = client.post("product/update_tier_variation", two_tiers(item_id, models=False))
    assert code_of(deeper) == "error_tier_var_level_not_same"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"standardise_tier_variation": ...}, "error_param"),
        ({"name": "Nama yang terlalu panjang"}, "error_tier_var_name_too_long"),
        ({"option": "Pilihan yang terlalu panjang"}, "error_tier_opt_val_too_long"),
        ({"option": "Cokelat"}, "error_model_duplicate_name"),
        ({"prices": [1000, 7001]}, "error_invalid_price"),
        ({"prices": [50, 60]}, "error_price_exceed_min_limitt"),
        ({"index": [5]}, "error_model_tier_index_bound"),
        ({"index": [0, 0]}, "error_param"),
        ({"image": "id-none"}, "error_param"),
        ({"sku": "x" * 101}, "error_param"),
    ],
)
def test_init_refuses(client: Client, change: dict[str, Any], code: str) -> None:
    item_id = client.add()
    body = variation_body(item_id, change.get("prices", [1000, 2000]))
    tier = body["standardise_tier_variation"][0]
    if "standardise_tier_variation" in change:
        del body["standardise_tier_variation"]
    tier["variation_name"] = change.get("name", "Warna")
    tier["variation_option_list"][0]["variation_option_name"] = change.get("option", "Natural")
    tier["variation_option_list"][0]["image_id"] = change.get("image", "")
    body["model"][1]["tier_index"] = change.get("index", [1])
    body["model"][1]["model_sku"] = change.get("sku", "S")
    assert code_of(client.post("product/init_tier_variation", body)) == code
    assert client.models(item_id) == []


def test_pictures_only_on_the_first_tier_and_on_all_its_options(client: Client) -> None:
    item_id = client.add()
    body = variation_body(item_id, [1000, 2000])
    options = body["standardise_tier_variation"][0]["variation_option_list"]
    options[0]["image_id"] = client.upload()
    assert code_of(client.post("product/init_tier_variation", body)) == "error_param"
    options[1]["image_id"] = client.upload()
    assert client.post("product/init_tier_variation", body)["error"] == ""


def test_update_and_delete_model(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    answer = client.post(
        "product/update_model", {"item_id": item_id, "model": [{"model_id": first, "model_sku": "BARU"}]}
    )
    assert set(answer) == {"error", "message", "warning", "request_id"}
    assert {m["model_sku"] for m in client.models(item_id)} == {"BARU", "TAS-1-C"}
    assert client.post("product/delete_model", {"item_id": item_id, "model_id": second})["error"] == ""
    last = client.post("product/delete_model", {"item_id": item_id, "model_id": first})
    assert code_of(last) == "error_busi_cannot_delete_default_model"


def test_fifty_models_and_fifty_options_are_the_most(client: Client) -> None:
    item_id = client.add()
    body = two_tiers(item_id)
    body["tier_variation"][0]["option_list"] = [{"option": f"w{n}"} for n in range(26)]
    body["model"] = [
        {"tier_index": [a, b], "original_price": 1000, "seller_stock": [{"stock": 1}]}
        for a in range(26)
        for b in (0, 1)
    ]
    assert client.post("product/init_tier_variation", body)["error"] == "product.error_param"
    body["model"] = body["model"][:50]
    assert client.post("product/init_tier_variation", body)["error"] == ""
    extra = {"tier_index": [25, 0], "original_price": 1000, "seller_stock": [{"stock": 1}]}
    over = client.post("product/add_model", {"item_id": item_id, "model_list": [extra]})
    assert code_of(over) == "error_model_count_over_limit"


def test_item_weight_overwrites_that_of_models(client: Client) -> None:
    item_id = client.add()
    first, _ = client.vary(item_id)
    client.post(
        "product/update_model",
        {"item_id": item_id, "model": [{"model_id": first, "model_sku": "N", "weight": 2.5}]},
    )
    assert client.models(item_id)[0]["weight"] == "2.5"
    client.post("product/update_item", {"item_id": item_id, "weight": 0.9})
    assert {m["weight"] for m in client.models(item_id)} == {"0.9"}
