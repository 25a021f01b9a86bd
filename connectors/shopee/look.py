"""Reading listings: one, all, and finding ours again (shopee.md 5.14, 5.18 to 5.20, 5.23)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.shopee import read
from connectors.shopee.client import ShopeeClient
from connectors.shopee.read import Variants
from syncer.domain.listing import RemoteListing, Status
from syncer.domain.words import Words
from syncer.sdk.errors import Gone
from syncer.sdk.operations import ListingRef, Page
from syncer.sdk.wire import Object, as_object, entries, text, whole, yes

#: Statuses that may hold a listing of ours; deleted ones stay readable for 90 days and are left out.
ALIVE = ("NORMAL", "UNLIST", "REVIEWING", "BANNED")
BASE_INFO_MOST, _PAGE, _WALK_PAGE = 50, 100, 50
#: How far back a walk for a lost create looks, if nobody says since when (seconds), and the slack for clocks.
_WINDOW_S, _SLACK_S = 86_400, 600
_WALK_PAGES = 100


class Reader:
    """Reads items of one shop."""

    def __init__(self, client: ShopeeClient, location_id: str) -> None:
        self._client = client
        self._location_id = location_id
        #: Item SKUs that walks have read, by item id, with the update time they were read at.
        self._skus: dict[str, tuple[int, str]] = {}

    def base_info(self, item_ids: Sequence[str]) -> dict[str, Object]:
        """Return the items there by id, up to 50 a call. Matched by id, never by position; unknown ids are missing."""
        found: dict[str, Object] = {}
        for start in range(0, len(item_ids), BASE_INFO_MOST):
            part = item_ids[start : start + BASE_INFO_MOST]
            try:
                reply = self._client.get("product/get_item_base_info", [("item_id_list", ",".join(part))])
            except Gone:
                if len(part) == 1:
                    continue
                rows = [row for item_id in part for row in self.base_info([item_id]).values()]
            else:
                rows = reply.rows("item_list")
            found |= {text(whole(row.get("item_id"))): row for row in rows}
        return found

    def picture_addresses(self, item_id: str) -> dict[str, str]:
        """Return the addresses of an item's pictures, by image id."""
        item = self.base_info([item_id]).get(item_id, {})
        image = as_object(item.get("image") or item.get("images"))
        pairs = zip(entries(image.get("image_id_list")), entries(image.get("image_url_list")), strict=False)
        return {text(image_id): text(url) for image_id, url in pairs if text(image_id) and text(url)}

    def variants(self, item_id: str) -> Variants:
        """Return the variants of one item now."""
        reply = self._client.get("product/get_model_list", [("item_id", item_id)])
        return read.variants(reply.payload, self._location_id)

    def listing(self, item_id: str) -> RemoteListing:
        """Return one whole listing. Raises Gone if it is deleted or unknown."""
        item = self.base_info([item_id]).get(item_id)
        if item is None:
            raise read.gone()
        found = self._whole(item)
        if found.status is Status.DELETED:
            raise read.gone()
        return replace(found, reasons=self._reasons(item_id)) if found.status is Status.REJECTED else found

    def listings(self, item_ids: Sequence[str]) -> list[RemoteListing]:
        """Return the listings of these ids that are not deleted."""
        found = [self._whole(item) for item in self.base_info(item_ids).values()]
        return [listing for listing in found if listing.status is not Status.DELETED]

    def statuses(self, item_ids: Sequence[str]) -> dict[str, Status | None]:
        """Return the status of each item that is there."""
        rows = self.base_info(item_ids)
        return {item_id: read.STATUSES.get(text(row.get("item_status"))) for item_id, row in rows.items()}

    def page(self, cursor: str | None) -> Page:
        """Return the next page of all listings. The walk moves under us: an id may come twice (shopee.md 5.18)."""
        ids, following = self._list(int(cursor or 0), _WALK_PAGE)
        return Page(tuple(self.listings(list(ids))), None if following is None else str(following))

    def find(self, ref: ListingRef, now: dt.datetime) -> list[RemoteListing]:
        """Return every listing with ``ref``'s marker or one of its SKUs.

        By search (which matches parts of a SKU, and lags) and by a walk over what changed lately. Only whole,
        equal SKUs count. ``marker`` is ``ref.marker`` on what we wrote ourselves: the parent SKU is the marker; or it
        is the only SKU, of an item made since ``ref.since`` (any time, if that isn't given).
        """
        names = dict.fromkeys([ref.marker, *(ref.skus if len(ref.skus) == 1 else ref.skus[:2])])
        ids = dict.fromkeys(item_id for name in names if name for item_id in self._search(name))
        since = int((ref.since or now - dt.timedelta(seconds=_WINDOW_S)).timestamp()) - _SLACK_S
        recent = {item_id: moved for item_id, moved in self._changed_since(since) if item_id not in ids}
        wanted = {ref.marker, *ref.skus}
        hits = [item_id for item_id, sku in self._item_skus(recent).items() if sku in wanted]
        found = self.listings([*ids, *hits])
        return [_marked(listing, ref) for listing in found if _carries(listing, wanted)]

    def _item_skus(self, recent: Mapping[str, int]) -> dict[str, str]:
        """Return the item SKUs of ``recent`` (id → update time), read again only where they moved."""
        news = [item_id for item_id, moved in recent.items() if not moved or self._skus.get(item_id, (-1,))[0] != moved]
        for item_id, row in self.base_info(news).items():
            self._skus[item_id] = (recent.get(item_id, -1), text(row.get("item_sku")))
        return {item_id: self._skus[item_id][1] for item_id in recent if item_id in self._skus}

    def _whole(self, item: Object) -> RemoteListing:
        item_id = text(whole(item.get("item_id")))
        found = self.variants(item_id) if yes(item.get("has_model")) else Variants()
        return read.listing(item, found, location_id=self._location_id)

    def _reasons(self, item_id: str) -> tuple[Words, ...]:
        reply = self._client.get("product/get_item_violation_info", [("item_id_list", item_id)])
        rows = [row for row in reply.rows("item_list") if text(whole(row.get("item_id"))) == item_id]
        return read.violation_words(rows[0] if rows else {})

    def _list(self, offset: int, size: int, since: int | None = None) -> tuple[dict[str, int], int | None]:
        """Return ids with their update times, and the next offset. An update time of 0 is unknown."""
        params = [("offset", str(offset)), ("page_size", str(size))]
        if since is not None:
            params.append(("update_time_from", str(since)))
        params += [("item_status", status) for status in ALIVE]
        reply = self._client.get("product/get_item_list", params)
        rows = reply.rows("item")
        ids = {text(whole(row.get("item_id"))): whole(row.get("update_time")) or 0 for row in rows}
        following = whole(reply.payload.get("next_offset")) or 0
        more = yes(reply.payload.get("has_next_page")) and following > offset
        return ids, following if more else None

    def _changed_since(self, since: int) -> Iterator[tuple[str, int]]:
        offset: int | None = 0
        for _ in range(_WALK_PAGES):
            if offset is None:
                return
            ids, offset = self._list(offset, _PAGE, since)
            yield from ids.items()

    def _search(self, sku: str) -> Iterator[str]:
        cursor = ""
        for _ in range(_WALK_PAGES):
            params = [("offset", cursor)] if cursor else []
            params += [("page_size", str(_WALK_PAGE)), ("item_sku", sku)]
            params += [("item_status", status) for status in ALIVE]
            reply = self._client.get("product/search_item", params)
            yield from (text(whole(item_id)) for item_id in entries(reply.payload.get("item_id_list")))
            following = text(reply.payload.get("next_offset"))
            if not following or following == cursor:
                return
            cursor = following


def _carries(listing: RemoteListing, wanted: set[str]) -> bool:
    return listing.marker in wanted or any(offer.sku in wanted for offer in listing.offers)


def _marked(listing: RemoteListing, ref: ListingRef) -> RemoteListing:
    created = listing.extra.get("created_at")
    young = ref.since is None or (created is not None and created >= ref.since.timestamp() - _SLACK_S)
    ours = listing.marker == ref.marker or (len(ref.skus) == 1 and listing.marker == ref.skus[0] and young)
    return replace(listing, marker=ref.marker if ours else "")
