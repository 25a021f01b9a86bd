"""Creating products: what is taken in, what is refused, what comes back (tiktok_shop.md 8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import picture
from tests.sandbox.tiktok_shop.client import BAG, LEAF, TIKTOK_LEAF, TOKOPEDIA_LEAF, Client

PRODUCTS = "/product/202309/products"
ROTAN = "1200001"


def test_shapes_of_the_answers_differ_from_the_request(client: Client) -> None:
    made = client.create(skus=client.skus("Natural", "Hijau Tua"))
    assert [sku["seller_sku"] for sku in made["skus"]] == ["TAS-NA", "TAS-HI"]
    assert [sku["external_sku_id"] for sku in made["skus"]] == ["var-Natural", "var-Hijau Tua"]
    product = client.product(made["product_id"])
    assert len(product["id"]) == 19
    assert "amount" not in product["skus"][0]["price"]
    assert product["skus"][0]["price"] == {"currency": "IDR", "sale_price": "185000", "tax_exclusive_price": "185000"}
    assert "category_id" not in product
    assert [node["is_leaf"] for node in product["category_chains"]] == [False, False, True]
    assert product["category_chains"][-1]["id"] == LEAF
    assert product["main_images"][0]["urls"]
    attribute = product["skus"][0]["sales_attributes"][0]
    assert (attribute["name"], attribute["value_name"]) == ("Warna Anyam", "Natural")
    assert attribute["id"] == made["skus"][0]["sales_attributes"][0]["id"]
    assert product["external_product_id"] == "prod-1"
    assert product["status"] == product["product_status"] == "ACTIVATE"
    assert product["audit"] == {"status": "APPROVED", "pre_approved_reasons": []}
    assert product["integrated_platform_statuses"] == [{"platform": "TOKOPEDIA", "status": "ACTIVATE"}]


def test_ids_win_over_names(client: Client) -> None:
    skus = [
        client.sku(sales_attributes=[{"id": "100000", "name": "Apa saja", "value_id": "1000101", "value_name": "?"}]),
        client.sku(sales_attributes=[{"name": "Warna", "value_name": "Putih"}]),
    ]
    product = client.product(client.made(skus=skus))
    sales = [sku["sales_attributes"][0] for sku in product["skus"]]
    assert [(one["id"], one["name"], one["value_name"]) for one in sales] == [
        ("100000", "Warna", "Merah"),
        ("100000", "Warna", "Putih"),
    ]
    again = [client.sku(sales_attributes=[{"id": sales[0]["id"], "value_id": "999"}]), *skus[1:]]
    assert client.post(PRODUCTS, client.body(skus=again))["code"] == 12052550


def test_attributes_by_id_or_by_name(client: Client) -> None:
    given = [{"id": "100701", "values": [{"id": ROTAN}, {"name": "Serat nanas"}]}]
    product = client.product(client.made(category_id=BAG, product_attributes=given))
    attribute = product["product_attributes"][0]
    assert (attribute["name"], [value["name"] for value in attribute["values"]]) == ("Bahan", ["Rotan", "Serat nanas"])


def attribute(*values: dict[str, str], key: str = "100701") -> dict[str, Any]:
    return {"category_id": BAG, "product_attributes": [{"id": key, "values": list(values)}]}


BAD = {
    "no title": ({"title": ""}, 12052261),
    "title of 24": ({"title": "T" + "a b" * 7 + "cd"}, 12052051),
    "title of 256": ({"title": "ab " * 85 + "c"}, 12052051),
    "emoji": ({"title": "Keranjang Anyaman Rotan Bundar 🎉"}, 12052931),
    "no description": ({"description": " "}, 12052015),
    "long description": ({"description": "kata " * 2001}, 12052013),
    "foreign image": ({"description": '<img src="http://x/a.png" width="10" height="10">'}, 12052344),
    "image without size": ({"description": '<img src="http://x/a.png">'}, 12052346),
    "unknown category": ({"category_id": "12"}, 12052023),
    "branch": ({"category_id": "851848"}, 12052024),
    "invite only": ({"category_id": "954120"}, 12052221),
    "not main": ({"category_id": "953864"}, 12052225),
    "only on TikTok Shop": ({"category_id": TIKTOK_LEAF}, 12052330),
    "only on Tokopedia": ({"category_id": TOKOPEDIA_LEAF}, 12052330),
    "tree v1": ({"category_version": ...}, 12052230),
    "no images": ({"main_images": []}, 12052306),
    "foreign uri": ({"main_images": [{"uri": "tos/none"}]}, 12038002),
    "no mandatory attribute": ({"category_id": BAG}, 12052104),
    "attribute of another category": (attribute({"name": "Ya"}, key="100704"), 12052246),
    "one value only": (attribute({"name": "a"}, {"name": "b"}, key="100702"), 12052248),
    "value twice": (attribute({"id": ROTAN}, {"name": "rotan"}), 12052249),
    "listed values only": (attribute({"name": "Bulan"}, key="100703"), 12052247),
    "cash on delivery": ({"category_id": "957192", "is_cod_allowed": True}, 12052222),
    "size chart": (
        {"category_id": "601281", "product_attributes": attribute({"id": ROTAN})["product_attributes"]},
        12052990,
    ),
    "certificate": ({"category_id": "821264"}, 12052105),
    "unknown certificate": ({"certifications": [{"id": "5"}]}, 12052655),
    "no weight": ({"package_weight": ...}, 12052003),
    "gram": ({"package_weight": {"value": "600", "unit": "GRAM"}}, 12052915),
    "4 decimals": ({"package_weight": {"value": "0.6001", "unit": "KILOGRAM"}}, 12052004),
    "weight 0": ({"package_weight": {"value": "0", "unit": "KILOGRAM"}}, 12052004),
    "dimensions needed": ({"category_id": "880904"}, 12052006),
    "decimal size": (
        {"package_dimensions": {"length": "1.5", "width": "2", "height": "3", "unit": "CENTIMETER"}},
        12052005,
    ),
    "inch": ({"package_dimensions": {"length": "1", "width": "2", "height": "3", "unit": "INCH"}}, 12052915),
    "pre-owned on both": ({"is_pre_owned": True}, 12052316),
    "minimum order": ({"minimum_order_quantity": 21}, 98001004),
    "no skus": ({"skus": []}, 12052990),
    "external id": ({"external_product_id": "x" * 1000}, 12052369),
    "type": ({"title": 5}, 36009004),
    "platform": ({"listing_platforms": ["SHOPEE"]}, 36009004),
    "mode": ({"save_mode": "LATER"}, 36009004),
}


@pytest.mark.parametrize("name", BAD)
def test_refused_products(client: Client, name: str) -> None:
    changes, code = BAD[name]
    answer = client.post(PRODUCTS, client.body(**changes))
    assert answer["code"] == code, answer
    assert "data" not in answer
    assert client.control("GET", "listings") == []


def pictured(name: str, value: str, uri: str = "") -> dict[str, Any]:
    return {"name": name, "value_name": value, **({"sku_img": {"uri": uri}} if uri else {})}


BAD_SKUS: dict[str, tuple[list[dict[str, Any]], int]] = {
    "no price": ([{"price": ...}], 12052571),
    "price as a number": ([{"price": {"amount": 185000, "currency": "IDR"}}], 36009004),
    "other currency": ([{"price": {"amount": "185000", "currency": "USD"}}], 12052084),
    "decimals": ([{"price": {"amount": "185000.5", "currency": "IDR"}}], 12052012),
    "cheap": ([{"price": {"amount": "99", "currency": "IDR"}}], 12052570),
    "dear": ([{"price": {"amount": "100000001", "currency": "IDR"}}], 12052570),
    "no stock": ([{"inventory": ...}], 12052516),
    "stock 0": ([{"inventory": [{"quantity": 0}]}], 12052055),
    "stock 100000": ([{"inventory": [{"quantity": 100_000}]}], 12052055),
    "unknown warehouse": ([{"inventory": [{"warehouse_id": "5", "quantity": 1}]}], 12052097),
    "long seller_sku": ([{"seller_sku": "x" * 51}], 12052054),
    "space in seller_sku": ([{"seller_sku": "A 1"}], 12019059),
    "barcode": ([{"identifier_code": {"code": "123", "type": "EAN"}}], 12052990),
    "made in 2 days": (
        [{"pre_sale": {"type": "PRE_ORDER", "fulfillment_type": {"handling_duration_days": 2}}}],
        12052990,
    ),
    "id of nothing": ([{"id": "1729592969712207012"}], 98001004),
    "two without attributes": ([{}, {}], 12052550),
    "other kinds": ([{"sales_attributes": [pictured("A", "1")]}, {"sales_attributes": [pictured("B", "1")]}], 12052550),
    "twice the same": (
        [{"sales_attributes": [pictured("A", "1")]}, {"sales_attributes": [pictured("a", "1")]}],
        12052560,
    ),
    "4 kinds": ([{"sales_attributes": [pictured(letter, "1") for letter in "ABCD"]}], 12052525),
    "long name": ([{"sales_attributes": [pictured("x" * 21, "1")]}], 12052558),
    "long value": ([{"sales_attributes": [pictured("A", "x" * 51)]}], 12052558),
    "foreign picture": ([{"sales_attributes": [pictured("A", "1", "tos/none")]}], 12038002),
}


@pytest.mark.parametrize("name", BAD_SKUS)
def test_refused_skus(client: Client, name: str) -> None:
    changes, code = BAD_SKUS[name]
    skus = [client.sku(**change) for change in changes]
    assert client.post(PRODUCTS, client.body(skus=skus))["code"] == code


def test_pictures_of_variants(client: Client) -> None:
    uri = client.upload(picture(), "ATTRIBUTE_IMAGE")["uri"]

    def code(*sales: list[dict[str, Any]]) -> int:
        return int(client.post(PRODUCTS, client.body(skus=[client.sku(sales_attributes=one) for one in sales]))["code"])

    assert code([pictured("A", "1", uri)], [pictured("A", "2", uri)]) == 0
    assert code([pictured("A", "1", uri)], [pictured("A", "2")]) == 12052527
    assert code([pictured("A", "1", uri), pictured("B", "1", uri)]) == 12052528


def test_101_skus(client: Client) -> None:
    skus = client.skus("Natural") * 101
    assert client.post(PRODUCTS, client.body(skus=skus))["code"] == 12052050


def test_a_size_chart_that_is_not_supported_is_not_kept(client: Client) -> None:
    uri = client.upload(picture(1024, 1100), "SIZE_CHART_IMAGE")["uri"]
    chart = {"size_chart": {"image": {"uri": uri}}}
    assert "size_chart" not in client.product(client.made(**chart))
    shirt = {"category_id": "601195", "product_attributes": attribute({"id": ROTAN})["product_attributes"]}
    kept = client.product(client.made(**shirt, **chart))["size_chart"]
    assert kept["image"]["uri"] == uri
    both = {"size_chart": {"image": {"uri": uri}, "template": {"id": "77"}}}
    assert client.product(client.made(**shirt, **both))["size_chart"] == {"template": {"id": "77"}}


def test_optional_fields_come_back(client: Client) -> None:
    couriers = client.get(f"/logistics/202309/warehouses/{client.warehouses()[0]}/delivery_options")
    courier = couriers["data"]["delivery_options"][0]
    image = client.upload(picture(), "DESCRIPTION_IMAGE")
    skus = [
        client.sku(
            identifier_code={"code": "8991234567890", "type": "EAN"},
            pre_sale={"type": "PRE_ORDER", "fulfillment_type": {"handling_duration_days": 7}},
        )
    ]
    product = client.product(
        client.made(
            skus=skus,
            description=f'<p>Foto:</p><img src="{image["url"]}" width="300" height="300">',
            package_dimensions={"length": "30", "width": "20", "height": "10", "unit": "CENTIMETER"},
            is_cod_allowed=True,
            minimum_order_quantity=2,
            delivery_option_ids=[courier["id"]],
            shipping_insurance_requirement="REQUIRED",
        )
    )
    assert product["package_dimensions"]["length"] == "30"
    assert product["package_weight"] == {"value": "0.6", "unit": "KILOGRAM"}
    assert (product["is_cod_allowed"], product["minimum_order_quantity"]) == (True, 2)
    assert product["delivery_options"] == [{"id": courier["id"], "name": courier["name"], "is_available": True}]
    assert product["shipping_insurance_requirement"] == "REQUIRED"
    sku = product["skus"][0]
    assert sku["identifier_code"] == {"code": "8991234567890", "type": "EAN"}
    assert sku["pre_sale"]["fulfillment_type"] == {"handling_duration_days": 7}


def test_stock_in_two_warehouses(client: Client) -> None:
    client.limits(warehouses=["Setu", "Serpong"])
    first, second = client.warehouses()
    skus = [client.sku(inventory=[{"warehouse_id": first, "quantity": 3}, {"warehouse_id": second, "quantity": 4}])]
    product_id = client.made(skus=skus)
    assert client.listing(product_id)["offers"][0]["stock"] == 7
    assert client.listing(product_id)["offers"][0]["warehouses"] == {first: 3, second: 4}
    nameless = [client.sku(inventory=[{"quantity": 3}])]
    assert client.post(PRODUCTS, client.body(skus=nameless))["code"] == 12052097


def test_idempotency_key(client: Client) -> None:
    body = client.body(idempotency_key="k-1")
    first = client.post(PRODUCTS, body)["data"]["product_id"]
    assert client.post(PRODUCTS, body)["data"]["product_id"] == first
    assert len(client.control("GET", "listings")) == 1
    client.limits(idempotency="error")
    assert client.post(PRODUCTS, body)["code"] == 98001004
    client.limits(idempotency="ignored")
    assert client.post(PRODUCTS, body)["data"]["product_id"] != first
    other = Client(client.running, client.control("POST", "shops", {})["options"])
    other.limits(idempotency="same")
    assert other.create(idempotency_key="k-1")["product_id"] != first


def test_external_ids_may_be_unique(client: Client) -> None:
    client.made()
    client.made()
    client.limits(external_id_unique=True)
    assert client.post(PRODUCTS, client.body())["code"] == 12052996
    for listing in client.control("GET", "listings"):
        client.delete(listing["remote_id"])
    assert client.post(PRODUCTS, client.body())["code"] == 0


def test_limits_of_a_shop(client: Client) -> None:
    client.limits(products_per_day=2)
    client.made()
    client.made()
    assert client.post(PRODUCTS, client.body())["code"] == 12052093
    client.advance(86_400)
    client.options = client.running.account_options
    client.made()
    client.limits(products_per_day=0, products_max=3)
    assert client.post(PRODUCTS, client.body())["code"] == 12052093


def test_listing_check_says_what_create_would(client: Client) -> None:
    path = "/product/202309/products/listing_check"
    body = {key: value for key, value in client.body().items() if key != "category_version"}
    assert client.good(client.post(path, body))["check_result"] == "PASS"
    failed = client.good(client.post(path, {**body, "title": "Pendek"}))
    assert (failed["check_result"], failed["fail_reasons"][0]["code"]) == ("FAILED", 12052051)
    assert client.control("GET", "listings") == []


def test_status_of_business_refusals_is_a_switch(client: Client) -> None:
    body = client.body(title="")
    assert client.raw("POST", PRODUCTS, body).status_code == 200
    client.limits(business_http_status=400)
    assert client.raw("POST", PRODUCTS, body).status_code == 400
    assert client.last_call()["code"] == "12052261"
    assert client.last_call()["refused"] == "invalid"


def test_a_seller_that_did_not_come_from_tokopedia(client: Client) -> None:
    client.limits(tokopedia_seller=False)
    assert client.post(PRODUCTS, client.body())["code"] == 12052994
    product = client.product(client.made(listing_platforms=...))
    assert "integrated_platform_statuses" not in product
