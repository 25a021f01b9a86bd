"""Reading listings: one, all, and finding ours again (tiktok_shop.md 11)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.tiktok_shop import errors, read
from connectors.tiktok_shop.client import Reply, TiktokClient, in_path
from connectors.tiktok_shop.limits import SEARCH_PAGE, SEARCH_SKUS
from connectors.tiktok_shop.options import TIKTOK_SHOP, TiktokShopOptions
from connectors.tiktok_shop.shop import Shop
from connectors.tiktok_shop.standing import FREEZE, Standing, standing
from syncer.domain.listing import RemoteListing, Status
from syncer.sdk.errors import ConnectorError, Gone
from syncer.sdk.operations import ListingRef, Page
from syncer.sdk.wire import Object, objects, text, whole

_SEARCH = "/product/202502/products/search"
_PRODUCT = "/product/202309/products/"
_INVENTORY = "/product/202309/inventory/search"
#: More hits than this are refused with this code: the walk then goes by times of creation (sheet 11).
_MOST_HITS, _TOO_MANY = 10_000, "12052180"
#: Not readable in this state: frozen or deleted (sheet 11).
_NOT_READABLE = "12052901"
#: When the first shops of this market opened, with room to spare: no product is older.
_FIRST = 1_546_300_800
_FROZEN_PAGES, _SAME_SKU_PAGES = 5, 5


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where a walk over all products is: windows of creation time still to go (newest first), and a page token."""

    windows: tuple[tuple[int, int], ...] = ()
    token: str = ""

    @classmethod
    def of(cls, cursor: str | None) -> _Walk:
        if cursor is None:
            return cls()
        value = json.loads(cursor)
        return cls(tuple((int(since), int(until)) for since, until in value["windows"]), value["token"])

    def text(self) -> str:
        return json.dumps({"windows": self.windows, "token": self.token}, separators=(",", ":"))


class Reader:
    """Reads products of one shop. ``listed`` gives the own values of a category's attributes."""

    def __init__(self, client: TiktokClient, shop: Shop, options: TiktokShopOptions, listed: read.Listed) -> None:
        self._client = client
        self._shop = shop
        self._options = options
        self._listed = listed

    def product(self, product_id: str, *, newest: bool = True) -> Object:
        """Return one product as the platform has it, in the version under review if there is one (``newest``).

        The live version is still the old one then (sheet 9). Raises Gone if it is deleted or unknown.
        """
        params = self._shop.params(locale=self._options.locale)
        if newest:
            params["return_under_review_version"] = "true"
        found = self._client.read("GET", _PRODUCT + in_path(product_id), "product.read", params).data
        if read.is_deleted(found):
            raise errors.gone()
        return found

    def listing(self, product_id: str) -> RemoteListing:
        """Return one whole listing; of a frozen one only what a search shows. Raises Gone if deleted or unknown."""
        try:
            return self._readable_listing(product_id)
        except ConnectorError as error:
            if error.code != _NOT_READABLE:
                raise
        for row in self._search({"status": FREEZE}, _FROZEN_PAGES):
            if text(row.get("id")) == product_id:
                return read.row(row, self._options)
        raise errors.gone()

    def _readable_listing(self, product_id: str) -> RemoteListing:
        product = self.product(product_id)
        found, where = read.listing(product, self._options, self._listed), standing(product)
        if not where.live or TIKTOK_SHOP in where.platforms:
            return found
        # Of a review by Tokopedia alone nothing tells (sheet 11), but that the newest version isn't the live one.
        live = read.listing(self.product(product_id, newest=False), self._options, self._listed)
        return found if _same_content(found, live) else replace(found, status=Status.REVIEW)

    def standing(self, product_id: str) -> Standing:
        """Return where a product stands now. Raises Gone."""
        return standing(self.product(product_id))

    def stock(self, product_id: str) -> dict[str, list[Object]]:
        """Return the counts of a product's SKUs by warehouse, as rows of ``warehouse_id`` and ``quantity``."""
        body = {"product_ids": [product_id]}
        reply = self._client.read("POST", _INVENTORY, "product.read", self._shop.params(), body=body)
        found: dict[str, list[Object]] = {}
        for product in reply.rows("inventory"):
            for sku in objects(product.get("skus")):
                found[text(sku.get("id"))] = [
                    {"warehouse_id": text(row.get("warehouse_id")), "quantity": whole(row.get("available_quantity"))}
                    for row in objects(sku.get("warehouse_inventory"))
                ]
        return found

    def find(self, ref: ListingRef) -> list[RemoteListing]:
        """Return every product that has one of ``ref``'s SKUs; ``marker`` is set on those that carry ours.

        There is no search by external id, so SKUs are searched, ten a call, and the external id is compared
        (sheet 11). Only whole, equal SKUs count.
        """
        ids: dict[str, None] = {}
        for start in range(0, len(ref.skus), SEARCH_SKUS):
            wanted = list(ref.skus[start : start + SEARCH_SKUS])
            for row in self._search({"status": "ALL", "seller_skus": wanted}, _SAME_SKU_PAGES):
                same = any(text(sku.get("seller_sku")) in wanted for sku in objects(row.get("skus")))
                if same and not read.is_deleted(row):
                    ids[text(row.get("id"))] = None
        return [self._marked(found, ref) for found in self._readable(list(ids))]

    def page(self, cursor: str | None, now: int) -> Page:
        """Return the next page of all products that are not deleted.

        Without a window first; beyond 10,000 hits by windows of creation time, halved until they are small enough.
        """
        walk = _Walk.of(cursor)
        window = walk.windows[0] if walk.windows else None
        try:
            reply = self._page(walk.token, window)
        except ConnectorError as error:
            if error.code != _TOO_MANY:
                raise
            return Page((), _Walk(_halves(window or (_FIRST, now)) + walk.windows[1:]).text())
        if (whole(reply.data.get("total_count")) or 0) > _MOST_HITS and not walk.token:
            return Page((), _Walk(_halves(window or (_FIRST, now)) + walk.windows[1:]).text())
        rows = [row for row in reply.rows("products") if not read.is_deleted(row)]
        found = tuple(read.row(row, self._options) for row in rows)
        token = text(reply.data.get("next_page_token"))
        if token and token != walk.token:
            return Page(found, _Walk(walk.windows, token).text())
        return Page(found, _Walk(walk.windows[1:]).text() if walk.windows[1:] else None)

    def _page(self, token: str, window: tuple[int, int] | None) -> Reply:
        body: dict[str, Any] = {"status": "ALL"}
        if window is not None:
            body |= {"create_time_ge": window[0], "create_time_le": window[1]}
        return self._search_page(body, token)

    def _search(self, body: dict[str, Any], pages: int) -> Iterator[Object]:
        token = ""
        for _ in range(pages):
            reply = self._search_page(body, token)
            yield from reply.rows("products")
            following = text(reply.data.get("next_page_token"))
            if not following or following == token:
                return
            token = following

    def _search_page(self, body: dict[str, Any], token: str) -> Reply:
        params = self._shop.params(page_size=str(SEARCH_PAGE), **({"page_token": token} if token else {}))
        return self._client.read("POST", _SEARCH, "product.search", params, body=body)

    def _readable(self, product_ids: Sequence[str]) -> Iterator[RemoteListing]:
        for product_id in product_ids:
            try:
                yield self.listing(product_id)
            except Gone:
                continue

    def _marked(self, found: RemoteListing, ref: ListingRef) -> RemoteListing:
        return replace(found, marker=ref.marker if found.marker == ref.marker else "")


def _same_content(one: RemoteListing, other: RemoteListing) -> bool:
    shapes = [
        (
            found.fields,
            found.option_names,
            [(offer.remote_id, offer.sku, offer.option_values) for offer in found.offers],
        )
        for found in (one, other)
    ]
    return shapes[0] == shapes[1]


def _halves(window: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return a window's halves, newest first. A second can't be split: then the platform's answer counts."""
    since, until = window
    middle = (since + until) // 2
    return ((middle + 1, until), (since, middle)) if since < until else ((since, until),)
