"""Categories, attributes, brands, category rules and the shop's readiness, read as facts (tiktok_shop.md 6)."""

from __future__ import annotations

from connectors.tiktok_shop.attributes import attributes_fact
from connectors.tiktok_shop.client import Reply, TiktokClient, in_path
from connectors.tiktok_shop.limits import rules_fact
from connectors.tiktok_shop.options import TOKOPEDIA, TiktokShopOptions
from connectors.tiktok_shop.shop import Shop
from syncer.domain.listing import Json
from syncer.domain.taxonomy import RemoteAttribute, RemoteCategory
from syncer.sdk.wire import Object, objects, plain, text, texts

#: Indonesia's tree has seven levels; the default is the old one, and mixing both is refused (tiktok_shop.md 8).
VERSION = "v2"
_CATEGORIES, _BRANDS = "/product/202309/categories", "/product/202309/brands"
_PREREQUISITES = "/product/202312/prerequisites"
_BRAND_PAGES = 5
_MANY = 20


class Taxonomy:
    """Reads facts for one account."""

    def __init__(self, client: TiktokClient, shop: Shop, options: TiktokShopOptions) -> None:
        self._client = client
        self._shop = shop
        self._options = options

    def fact(self, key: str) -> Json:
        """Fetch ``shop``, ``attributes:ID``, ``rules:ID`` or ``brand:ID:NAME``. Raises ValueError, ConnectorError."""
        name, _, rest = key.partition(":")
        if key == "shop":
            return self._failed_checks()
        if name == "attributes" and rest:
            return attributes_fact(self._of_category(rest, "attributes").data)
        if name == "rules" and rest:
            return rules_fact(self._of_category(rest, "rules").data)
        category, _, brand = rest.partition(":")
        if name == "brand" and category and brand:
            return self._brand(category, brand)
        raise ValueError(f"unknown fact {key!r}")

    def categories(self) -> list[RemoteCategory]:
        """Return the tree. Usable are available leaves that every storefront of the account has."""
        trees = [self._tree(platform) for platform in self._options.shown_on]
        usable = [{key for key, row in tree.items() if _usable(row)} for tree in trees]
        both = set.intersection(*usable)
        return [
            RemoteCategory(
                id=key,
                parent_id="" if text(row.get("parent_id")) == "0" else text(row.get("parent_id")),
                name=text(row.get("local_name")),
                usable=key in both,
            )
            for key, row in {key: row for tree in trees for key, row in tree.items()}.items()
        ]

    def attributes(self, category: str) -> list[RemoteAttribute]:
        """Return the attributes of one category."""
        return [
            RemoteAttribute(
                id=row["id"],
                name=row["name"],
                mandatory=row["required"],
                values=tuple((value["id"], value["name"]) for value in objects(row["values"])),
                own_text=row["own_text"],
                most=_MANY if row["many"] else 1,
            )
            for row in objects(self.fact(f"attributes:{category}"))
        ]

    def _tree(self, platform: str) -> dict[str, Object]:
        params = self._params(listing_platform=platform)
        rows = self._client.read("GET", _CATEGORIES, "category.read", params).rows("categories")
        return {text(row.get("id")): row for row in rows}

    def _of_category(self, category: str, what: str) -> Reply:
        return self._client.read("GET", f"{_CATEGORIES}/{in_path(category)}/{what}", "category.read", self._params())

    def _params(self, **more: str) -> dict[str, str]:
        return self._shop.params(locale=self._options.locale, category_version=VERSION, **more)

    def _brand(self, category: str, name: str) -> Json:
        """Return ``{"id", "name"}`` of a brand that may be used, or an empty object."""
        params = self._shop.params(category_id=category, category_version=VERSION, brand_name=name, page_size="100")
        for _ in range(_BRAND_PAGES):
            reply = self._client.read("GET", _BRANDS, "category.read", params)
            for row in reply.rows("brands"):
                same = " ".join(text(row.get("name")).split()).casefold() == name.casefold()
                if same and self._may_use(row):
                    return {"id": text(row.get("id")), "name": text(row.get("name"))}
            token = text(reply.data.get("next_page_token"))
            if not token or token == params.get("page_token"):
                break
            params = {**params, "page_token": token}
        return {}

    def _may_use(self, row: Object) -> bool:
        """Tokopedia shows any brand; TikTok Shop an authorised one of the category, or an unprotected one (6)."""
        if self._options.shown_on == (TOKOPEDIA,):
            return True
        if row.get("authorized_status") == "AUTHORIZED":
            return text(row.get("brand_status") or "AVAILABLE") == "AVAILABLE"
        return not row.get("is_t1_brand")

    def _failed_checks(self) -> Json:
        reply = self._client.read("GET", _PREREQUISITES, "shop.read", self._shop.params())
        return [
            {"item": text(row.get("check_item")).upper(), "why": [plain(why) for why in texts(row.get("fail_reasons"))]}
            for row in reply.rows("check_results")
            if row.get("is_failed")
        ]


def _usable(row: Object) -> bool:
    return bool(row.get("is_leaf")) and set(texts(row.get("permission_statuses"))) == {"AVAILABLE"}
