"""Categories, attributes, brands, rules, warehouses, prerequisites and uploads (tiktok_shop.md 6, 7)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.sandbox.client import picture
from tests.sandbox.tiktok_shop.client import BAG, LEAF, TIKTOK_LEAF, TOKOPEDIA_LEAF, Client

CATEGORIES = "/product/202309/categories"


def tree(client: Client, **query: str) -> dict[str, dict[str, Any]]:
    rows = client.good(client.get(CATEGORIES, category_version="v2", **query))["categories"]
    return {row["id"]: row for row in rows}


def test_each_storefront_has_leaves_of_its_own(client: Client) -> None:
    tiktok, tokopedia = tree(client), tree(client, listing_platform="TOKOPEDIA")
    assert tree(client, listing_platform="TIKTOK_SHOP") == tiktok
    assert TIKTOK_LEAF in tiktok.keys() - tokopedia.keys()
    assert TOKOPEDIA_LEAF in tokopedia.keys() - tiktok.keys()
    shared = [key for key in tiktok.keys() & tokopedia.keys() if tiktok[key]["is_leaf"]]
    assert len(shared) > 700
    assert set(tiktok[LEAF]) == {"id", "parent_id", "local_name", "is_leaf", "permission_statuses"}
    assert {row["parent_id"] for row in tiktok.values() if row["parent_id"] not in tiktok} == {"0"}
    assert {status for row in tiktok.values() for status in row["permission_statuses"]} == {
        "AVAILABLE",
        "INVITE_ONLY",
        "NON_MAIN_CATEGORY",
    }


def test_the_default_tree_is_v1_and_empty_here(client: Client) -> None:
    assert client.good(client.get(CATEGORIES))["categories"] == []
    for part in ("attributes", "rules"):
        assert client.get(f"{CATEGORIES}/{LEAF}/{part}")["code"] == 12052217


def test_keyword_and_recommendation(client: Client) -> None:
    assert set(tree(client, keyword="keranjang penyimpanan")) == {LEAF}
    body = {"product_title": "Keranjang Penyimpanan Rotan", "category_version": "v2", "listing_platform": "TOKOPEDIA"}
    data = client.good(client.post(f"{CATEGORIES}/recommend", body))
    assert data["leaf_category_id"] == LEAF
    assert [row["level"] for row in data["categories"]] == [1, 2, 3]
    assert client.post(f"{CATEGORIES}/recommend", {"product_title": "x"})["code"] == 12052217


def test_attributes_are_spelled_as_on_the_wire(client: Client) -> None:
    rows = client.good(client.get(f"{CATEGORIES}/{BAG}/attributes", category_version="v2"))["attributes"]
    by_name = {row["name"]: row for row in rows}
    assert by_name["Bahan"]["is_requried"] is True
    assert "is_required" not in by_name["Bahan"]
    assert by_name["Warna"]["type"] == "SALES_PROPERTY"
    assert "is_requried" not in by_name["Warna"]
    assert client.get(f"{CATEGORIES}/600001/attributes", category_version="v2")["code"] == 12052024
    assert client.get(f"{CATEGORIES}/1/attributes", category_version="v2")["code"] == 12052023


def test_an_attribute_needed_only_on_a_condition(client: Client) -> None:
    rows = client.good(client.get(f"{CATEGORIES}/893832/attributes", category_version="v2"))["attributes"]
    asks = next(row for row in rows if row["name"] == "Mengandung baterai?")
    depends = next(row for row in rows if row["name"] == "Jenis baterai")
    yes, no = (value["id"] for value in asks["values"])
    assert depends["is_requried"] is False
    assert depends["requirement_conditions"] == [
        {"condition_type": "VALUE_ID_MATCH", "attribute_id": asks["id"], "attribute_value_id": yes}
    ]
    lamp = {"category_id": "893832"}

    def code(*attributes: tuple[str, str]) -> int:
        given = [{"id": key, "values": [{"id": value}]} for key, value in attributes]
        return int(client.post("/product/202309/products", client.body(**lamp, product_attributes=given))["code"])

    assert code() == 12052104
    assert code((asks["id"], no)) == 0
    assert code((asks["id"], yes)) == 12052104
    assert code((asks["id"], yes), (depends["id"], depends["values"][0]["id"])) == 0


def test_rules_come_from_the_tree(client: Client) -> None:
    def rules(category: str) -> dict[str, Any]:
        return client.good(client.get(f"{CATEGORIES}/{category}/rules", category_version="v2"))

    basket = rules(LEAF)
    assert basket["cod"] == {"is_supported": True}
    assert basket["size_chart"] == {"is_supported": False, "is_required": False}
    assert basket["product_certifications"] == []
    assert basket["allowed_special_product_types"] == ["PRE_ORDER"]
    assert rules("601195")["size_chart"] == {"is_supported": True, "is_required": True}
    assert rules("957192")["cod"] == {"is_supported": False}
    assert rules("861448")["product_certifications"][0]["name"] == "SNI Certificate"
    assert rules("821264")["product_certifications"][0]["is_required"] is True
    assert rules("880904")["package_dimension"] == {"is_required": True}
    client.limits(pre_order=False)
    assert "allowed_special_product_types" not in rules(LEAF)


def test_brands(client: Client) -> None:
    path = "/product/202309/brands"
    assert client.get(path)["code"] == 36009004
    first = client.good(client.get(path, page_size="2"))
    assert (len(first["brands"]), first["total_count"]) == (2, 6)
    rest = client.good(client.get(path, page_size="100", page_token=first["next_page_token"]))
    assert (len(rest["brands"]), rest["next_page_token"]) == (4, "")
    found = client.good(client.get(path, page_size="9", brand_name="anyam", category_id=LEAF))["brands"]
    assert [row["name"] for row in found] == ["Anyam Setu", "Anyam Tangsel"]
    assert (found[0]["authorized_status"], found[0]["brand_status"]) == ("AUTHORIZED", "AVAILABLE")
    others = client.good(client.get(path, page_size="9", is_authorized="false"))["brands"]
    assert {row["authorized_status"] for row in others} == {"UNAUTHORIEZD"}
    assert client.get(path, page_size="2", page_token="zzz")["code"] == 12019109


def test_a_brand_of_the_sellers_own(client: Client) -> None:
    made = client.call("POST", "/product/202309/brands", {"name": "Rotan Cisauk"}, cipher=False)
    brand_id = client.good(made)["id"]
    product = client.product(client.made(brand_id=brand_id))
    assert product["brand"] == {"id": brand_id, "name": "Rotan Cisauk"}
    assert client.call("POST", "/product/202309/brands", {"name": "x"}, cipher=False)["code"] == 12019013
    client.limits(brands_per_day=1)
    assert client.call("POST", "/product/202309/brands", {"name": "Satu lagi"}, cipher=False)["code"] == 12052208


def test_bad_brands_are_refused_or_cleared_with_a_warning(client: Client) -> None:
    t1 = client.good(client.get("/product/202309/brands", page_size="9", brand_name="Maison"))["brands"][0]["id"]
    for brand_id, code in (("123", 12052026), (t1, 12052200)):
        assert client.post("/product/202309/products", client.body(brand_id=brand_id))["code"] == code
    client.limits(bad_brand="warn")
    made = client.create(brand_id="123")
    assert made["warnings"][0]["message"]
    assert "brand" not in client.product(made["product_id"])


def test_warehouses_couriers_and_prerequisites(client: Client) -> None:
    rows = client.good(client.get("/logistics/202309/warehouses"))["warehouses"]
    assert [(row["type"], row["is_default"]) for row in rows] == [
        ("SALES_WAREHOUSE", True),
        ("RETURN_WAREHOUSE", False),
    ]
    assert rows[0]["address"]["distict"] == "Setu"
    path = "/logistics/202309/warehouses/{}/delivery_options"
    couriers = client.good(client.get(path.format(rows[0]["id"]), scope="PRODUCT"))["delivery_options"]
    assert {tuple(row["platform"]) for row in couriers} == {
        ("TIKTOK_SHOP", "TOKOPEDIA"),
        ("TOKOPEDIA",),
        ("TIKTOK_SHOP",),
    }
    assert client.get(path.format(rows[1]["id"]))["code"] == 12052097
    checks = client.good(client.get("/product/202312/prerequisites"))["check_results"]
    assert "BANk_ACCOUNT" in {row["check_item"] for row in checks}
    assert not any(row["is_failed"] for row in checks)
    older = client.good(client.get("/product/202309/prerequisites"))["shop"]
    assert json.loads(older["logistics"]["pickup_warehouse"])["check_result"]["is_failed"] is False
    client.limits(shop_ready=False, warehouses=["Setu", "Serpong"])
    checks = client.good(client.get("/product/202312/prerequisites"))["check_results"]
    assert [row["check_item"] for row in checks if row["is_failed"]] == ["SHOP_STATUS"]
    assert len(client.warehouses()) == 2


def test_upload(client: Client) -> None:
    first, second = client.upload(picture(400, 400)), client.upload(picture(400, 400))
    assert first["uri"] != second["uri"]
    assert (first["width"], first["height"], first["use_case"]) == (400, 400, "MAIN_IMAGE")
    seen = client.http.get(first["url"], timeout=60)
    assert (seen.status_code, seen.headers["Content-Type"]) == (200, "image/png")


@pytest.mark.parametrize(
    ("size", "use_case", "expected"),
    [
        ((600, 300), "MAIN_IMAGE", (600, 600)),
        ((300, 600), "ATTRIBUTE_IMAGE", (600, 600)),
        ((400, 300), "MAIN_IMAGE", (400, 300)),
        ((600, 300), "DESCRIPTION_IMAGE", (600, 300)),
    ],
)
def test_odd_ratios_become_squares(
    client: Client, size: tuple[int, int], use_case: str, expected: tuple[int, int]
) -> None:
    kept = client.upload(picture(*size), use_case)
    assert (kept["width"], kept["height"]) == expected
    with Image.open(io.BytesIO(client.http.get(kept["url"], timeout=60).content)) as image:
        assert image.size == expected


@pytest.mark.parametrize(
    ("content", "use_case", "code"),
    [
        (picture(299, 400), "MAIN_IMAGE", 12038005),
        (picture(4001, 3100), "MAIN_IMAGE", 12038006),
        (picture(99, 99), "ATTRIBUTE_IMAGE", 12038005),
        (picture(1000, 1100), "SIZE_CHART_IMAGE", 12038005),
        (picture(400, 400, "GIF"), "MAIN_IMAGE", 12038004),
        (b"not a picture", "MAIN_IMAGE", 12038004),
        (picture(), "OTHER", 36009004),
    ],
)
def test_uploads_that_are_refused(client: Client, content: bytes, use_case: str, code: int) -> None:
    files, path = {"data": ("a.png", content)}, "/product/202309/images/upload"
    assert client.call("POST", path, cipher=False, files=files, data={"use_case": use_case})["code"] == code


def test_files(client: Client) -> None:
    path, data = "/product/202309/files/upload", {"name": "sni.pdf"}
    kept = client.good(client.call("POST", path, cipher=False, files={"data": ("sni.pdf", b"%PDF-1.7")}, data=data))
    assert (kept["format"], kept["name"]) == ("PDF", "sni.pdf")
    assert client.http.get(kept["url"], timeout=60).content == b"%PDF-1.7"
    bad = client.call("POST", path, cipher=False, files={"data": ("a.exe", b"x")}, data={"name": "a.exe"})
    assert bad["code"] == 12038010
    assert client.call("POST", path, cipher=False, files={"other": ("a.pdf", b"x")})["code"] == 36009004
