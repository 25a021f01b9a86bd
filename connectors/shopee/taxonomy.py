"""Categories, attributes, brands, limits and couriers, read as facts (shopee.md 5.1 to 5.5)."""

from __future__ import annotations

from typing import cast

from connectors.shopee.attributes import OWN_TEXT, attributes_fact
from connectors.shopee.client import ShopeeClient
from connectors.shopee.limits import couriers_fact, limits_fact
from syncer.domain.listing import Json
from syncer.domain.taxonomy import RemoteAttribute, RemoteCategory
from syncer.sdk.wire import objects, text, whole, yes

_BRAND_PAGE, _BRAND_PAGES = 100, 20
_NORMAL_BRAND = "1"


def fetch_fact(client: ShopeeClient, key: str, language: str) -> Json:
    """Fetch one fact: ``logistics``, or ``limits|attributes|brand_rule|brands:<category id>``. Raises ValueError."""
    name, _, category = key.partition(":")
    if key == "logistics":
        return couriers_fact(client.get("logistics/get_channel_list").body)
    if name == "limits" and category:
        return limits_fact(client.get("product/get_item_limit", [("category_id", category)]).body)
    if name == "attributes" and category:
        return attribute_tree(client, category, language)
    if name == "brand_rule" and category:
        return {"mandatory": yes(_brand_page(client, category, 0, 1, language).get("is_mandatory"))}
    if name == "brands" and category:
        return _brands(client, category, language)
    raise ValueError(f"unknown fact {key!r}")


def attribute_tree(client: ShopeeClient, category: str, language: str) -> Json:
    """Return one category's attributes as a fact. One id a call: the encodings of a list differ (shopee.md 1.3)."""
    params = [("category_id_list", category), ("language", language)]
    return attributes_fact(client.get("product/get_attribute_tree", params).body)


def fetch_categories(client: ShopeeClient, language: str) -> list[RemoteCategory]:
    """Return the shop's whole category tree; only leaves are usable."""
    reply = client.get("product/get_category", [("language", language)])
    return [
        RemoteCategory(
            id=text(whole(row.get("category_id"))),
            parent_id=text(whole(row.get("parent_category_id")) or ""),
            name=text(row.get("display_category_name")) or text(row.get("original_category_name")),
            usable=not yes(row.get("has_children")),
        )
        for row in reply.rows("category_list")
    ]


def fetch_attributes(client: ShopeeClient, category: str, language: str) -> list[RemoteAttribute]:
    """Return the attributes of one category, those inside values left out."""
    return [
        RemoteAttribute(
            id=str(row["id"]),
            name=row["names"][0] if row["names"] else str(row["id"]),
            mandatory=bool(row["mandatory"]),
            values=tuple((str(value["id"]), (value["names"] or [""])[0]) for value in objects(row["values"])),
            own_text=row["input"] in OWN_TEXT,
            most=int(row["most"]) or 1,
        )
        for row in objects(attribute_tree(client, category, language))
    ]


def _brand_page(client: ShopeeClient, category: str, offset: int, size: int, language: str) -> dict[str, Json]:
    params = [
        ("offset", str(offset)),
        ("page_size", str(size)),
        ("category_id", category),
        ("status", _NORMAL_BRAND),
        ("language", language),
    ]
    return cast("dict[str, Json]", client.get("product/get_brand_list", params).payload)


def _brands(client: ShopeeClient, category: str, language: str) -> Json:
    """Return brand name (any case) → ``[id, name]``, over at most 2,000 brands."""
    found: dict[str, Json] = {}
    offset = 0
    for _ in range(_BRAND_PAGES):
        page = _brand_page(client, category, offset, _BRAND_PAGE, language)
        for row in objects(page.get("brand_list")):
            entry = [whole(row.get("brand_id")) or 0, text(row.get("original_brand_name"))]
            for name in (row.get("original_brand_name"), row.get("display_brand_name")):
                if entry[0] and name:
                    found.setdefault(" ".join(text(name).split()).casefold(), entry)
        following = whole(page.get("next_offset")) or 0
        if not yes(page.get("has_next_page")) or following <= offset:
            break
        offset = following
    return found
