"""The Shopee connector: what it can do, and how it is put together (shopee.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlsplit

from connectors.shopee import errors, orders, sign_in, taxonomy, webhooks
from connectors.shopee import render as rendering
from connectors.shopee.client import ShopeeClient, first_tokens
from connectors.shopee.limits import MAX_AXES, MAX_MODELS
from connectors.shopee.look import Reader
from connectors.shopee.options import HOSTS, TEST_HOSTS, ShopeeOptions
from connectors.shopee.writes import EDITABLE_FIELDS, Writer
from syncer.domain.listing import Json, RemoteListing, Rendered, WantedListing
from syncer.domain.order import RemoteOrder
from syncer.domain.taxonomy import RemoteAttribute, RemoteCategory
from syncer.domain.words import Words
from syncer.sdk.contract import (
    BatchShape,
    Budget,
    BudgetKind,
    Context,
    Finding,
    Hint,
    Identity,
    Info,
    OrderFacts,
    OrderPage,
    StopStep,
    Tokens,
)
from syncer.sdk.errors import AccountStopped, Rejected, Transient
from syncer.sdk.facts import KeptFacts
from syncer.sdk.http import is_loopback
from syncer.sdk.operations import Kind, ListingRef, Operation, Page, Result
from syncer.sdk.options import Options
from syncer.sdk.wire import as_object, objects, plain, text, whole

_CURRENCIES = {"ID": "IDR", "MY": "MYR", "SG": "SGD", "PH": "PHP", "TH": "THB", "VN": "VND", "TW": "TWD", "BR": "BRL"}
_FACT_TTL_S = 86_400.0
_OFFERS_A_CALL, _ITEMS_A_CALL = 50, 50


class ShopeeConnector:
    """One Shopee shop: its listings, its orders, and the pushes that tell of them.

    A variant's SKU, weight and size are changed by RESHAPE (``update_model``), as are option names, option
    pictures and which variants there are. A CREATE with variants leaves a hidden item; RESHAPE fills it, SHOW lists it.
    """

    info: ClassVar[Info] = Info(
        name="shopee",
        label="Shopee",
        currencies=("IDR",),
        hosts=HOSTS,
        operations=frozenset(Kind),
        batches={
            Kind.PRICE: BatchShape(listings=1, offers=_OFFERS_A_CALL),
            Kind.STOCK: BatchShape(listings=1, offers=_OFFERS_A_CALL),
            Kind.SHOW: BatchShape(listings=_ITEMS_A_CALL),
            Kind.HIDE: BatchShape(listings=_ITEMS_A_CALL),
        },
        stop_ladder=(
            StopStep(Kind.STOCK, undo=Kind.STOCK, blocked_by=("promotion", "holiday"), source="shopee.md 5.16"),
            StopStep(
                Kind.HIDE, siblings=True, undo=Kind.SHOW, blocked_by=("promotion", "review"), source="shopee.md 5.17"
            ),
            StopStep(Kind.DELETE, siblings=True, blocked_by=("promotion",), source="shopee.md 5.17"),
        ),
        finding=Finding(
            search_lag_s=60.0,
            late_write_s=60.0,
            read_lag_s=5.0,
            source="shopee.md 5.7, 5.8, 5.19 (unconfirmed numbers)",
        ),
        orders=orders.FACTS,
        webhooks=webhooks.FACTS,
        editable_fields=EDITABLE_FIELDS,
        max_axes=MAX_AXES,
        max_offers=MAX_MODELS,
        review=True,
        docs="https://open.shopee.com/documents",
    )
    options_type: ClassVar[type[Options]] = ShopeeOptions
    fact_ttl_s: ClassVar[float] = _FACT_TTL_S
    refresh_ahead_s: ClassVar[float] = 3600.0

    def __init__(self, options: Options, context: Context) -> None:
        if not isinstance(options, ShopeeOptions):
            raise TypeError("the Shopee connector needs ShopeeOptions")
        self._options = options
        self._context = context
        self.review_check_s = options.review_check_s
        self._client = ShopeeClient(options, context)
        self._reader = Reader(self._client, options.location_id)
        self._orders = orders.Orders(self._client)
        self._facts = KeptFacts(self._fetch, _FACT_TTL_S)
        self._writer = Writer(
            self._client,
            self._reader,
            options,
            limits=lambda category: as_object(self._facts.get(f"limits:{category}")),
            tree=lambda category: self._facts.get(f"attributes:{category}"),
            now=context.now,
        )

    def __repr__(self) -> str:
        return f"ShopeeConnector({self._options.base_url!r}, shop_id={self._options.shop_id})"

    def check(self) -> Identity:
        """Read the shop's own page (shopee.md 3.2). Raises AccountStopped for a banned or frozen shop."""
        body = self._client.get("shop/get_shop_info").payload
        state = text(body.get("status"))
        if state and state != "NORMAL":
            raise AccountStopped(
                "shop_not_normal", Words("Toko ini diblokir oleh Shopee.", "This shop is banned or frozen by Shopee.")
            )
        region, until = text(body.get("region")), whole(body.get("expire_time"))
        host = urlsplit(self._options.base_url).hostname or ""
        return Identity(
            shop_id=self._client.shop_id(),
            shop_name=plain(body.get("shop_name"), 120),
            region=region,
            currency=_CURRENCIES.get(region, ""),
            test_shop=host in TEST_HOSTS or is_loopback(self._options.base_url),
            access_until=dt.datetime.fromtimestamp(until, dt.UTC) if until else None,
        )

    def budgets(self) -> Sequence[Budget]:
        """Return the app's quotas: its shops share them (shopee.md 9.1; the numbers are options)."""
        key = f"shopee:app:{self._options.partner_id}"
        burst = Budget(
            errors.BUDGET_APP,
            key,
            BudgetKind.TOKEN,
            self._options.calls_per_s,
            1.0,
            source="shopee.md 9.1 (unconfirmed)",
        )
        if self._options.daily_calls is None:
            return (burst,)
        day = Budget(
            errors.BUDGET_DAY,
            f"{key}:day",
            BudgetKind.DAILY,
            self._options.daily_calls,
            86_400.0,
            utc_offset_h=errors.DAY_OFFSET_H,
            source="shopee.md 9",
        )
        return (burst, day)

    def finding(self) -> Finding:
        """Return how listings are found again here, with this account's own times."""
        return Finding(
            search_lag_s=self._options.search_lag_s,
            late_write_s=self._options.late_write_s,
            read_lag_s=self._options.read_lag_s,
            source=self.info.finding.source,
        )

    def first_tokens(self) -> Tokens | None:
        """Return the sign-in that the options bring along, for the engine to move into its own store."""
        return first_tokens(self._options, self._context)

    # Listings

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        """Return ``listing`` exactly as Shopee will store it. Pure."""
        return rendering.render(listing, facts, self._options)

    def apply(self, batch: Sequence[Operation]) -> Sequence[Result]:
        """Apply operations of one kind in one call. Raises ConnectorError only if the call as a whole failed."""
        return self._writer.apply(batch) if batch else []

    def find_listing(self, ref: ListingRef) -> Sequence[RemoteListing]:
        """Return every listing with this marker or SKU, by search and by a walk over what changed lately."""
        return self._reader.find(ref, self._context.now())

    def fetch_listing(self, remote_id: str) -> RemoteListing:
        """Return one listing with all its fields and offers. Raises Gone if it is deleted."""
        return self._reader.listing(remote_id)

    def fetch_listings(self, cursor: str | None) -> Page:
        """Return the next page of all listings that are not deleted."""
        return self._reader.page(cursor)

    def picture_addresses(self, remote_id: str) -> Mapping[str, str]:
        """Return where a listing's pictures can be fetched, by image id (shopee.md 5.14)."""
        return self._reader.picture_addresses(remote_id)

    def upload_picture(self, data: bytes, mime: str, name: str) -> str:
        """Upload one picture as a squared item photo and return its image id (shopee.md 5.6).

        Raises Rejected if Shopee refuses the picture, Transient if the answer is lost (uploading again harms nobody).
        """
        files: dict[str, tuple[str | None, bytes | str, str]] = {
            "scene": (None, "normal", "text/plain"),
            "image": (name, data, mime),
        }
        reply = self._client.upload("media_space/upload_image", files)
        image_id = _image_id(reply.payload)
        if image_id:
            return image_id
        refusal = _image_refusal(reply.payload)
        if reply.error is not None and not isinstance(reply.error, Rejected):
            raise reply.error
        if reply.error is None and not refusal:
            raise Transient(
                "no_image_id", Words("Shopee menjawab tanpa nomor foto.", "Shopee answered without a photo id.")
            )
        raise errors.picture_refused(reply.code or refusal, reply.request_id)

    # Orders

    def order_facts(self) -> OrderFacts:
        """Return what holds for this account's orders, with its own time for how late they show up."""
        return replace(orders.FACTS, lag_s=self._options.orders_lag_s)

    def fetch_orders(self, since: dt.datetime, until: dt.datetime, cursor: str | None) -> OrderPage:
        """Return the next page of all orders that changed in [``since``, ``until``], lines included."""
        return self._orders.changed(since, until, cursor)

    def fetch_open_orders(self, cursor: str | None) -> OrderPage:
        """Return the next page of all orders of any age that are promised and not yet gone."""
        return self._orders.open(cursor, self._context.now())

    def fetch_orders_by_id(self, remote_ids: Sequence[str]) -> Sequence[RemoteOrder]:
        """Return these orders; those that Shopee doesn't know are left out."""
        return self._orders.by_id(remote_ids)

    def webhook_app(self) -> str:
        """Return the partner id: Shopee has one address for an app (shopee.md 8.1)."""
        return str(self._options.partner_id)

    def is_signed(self, address: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether a push is Shopee's own."""
        return webhooks.is_signed(self._options.partner_key.get_secret_value(), address, headers, body)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Return what a push tells us to look at."""
        return webhooks.hints(body)

    # Facts and categories

    def fact_keys(self, listing: WantedListing) -> Sequence[str]:
        """Return the keys of the facts that rendering ``listing`` needs."""
        return rendering.fact_keys(listing)

    def fetch_fact(self, key: str) -> Json:
        """Fetch one fact by key, as JSON."""
        return self._facts.fetch(key)

    def fetch_categories(self) -> Sequence[RemoteCategory]:
        """Return this shop's category tree; only leaves are usable."""
        return taxonomy.fetch_categories(self._client, self._options.language)

    def fetch_attributes(self, category_id: str) -> Sequence[RemoteAttribute]:
        """Return the attributes of one category."""
        return taxonomy.fetch_attributes(self._client, category_id, self._options.language)

    # Sign-in

    def authorise_url(self, redirect: str, state: str) -> str:
        """Return the address where the seller consents."""
        return sign_in.authorise_url(self._client, self._options, redirect, state)

    def exchange(self, answer: Mapping[str, str]) -> Tokens:
        """Turn the query of the redirect back into a sign-in."""
        return sign_in.exchange(self._client, self._options, answer, self._context.now())

    def refresh(self, tokens: Tokens) -> Tokens:
        """Spend the refresh token, once, for a new pair."""
        return sign_in.refresh(self._client, self._options, tokens, self._context.now())

    def explain(self, code: str) -> Words | None:
        """Return what one of Shopee's codes means in plain words."""
        return errors.explain(code)

    def _fetch(self, key: str) -> Json:
        return taxonomy.fetch_fact(self._client, key, self._options.language)


def _image_id(payload: Mapping[str, Json]) -> str:
    """Return the id of the one picture; a per-file error counts, whatever the envelope says (gotcha 1)."""
    for row in objects(payload.get("image_info_list")):
        if text(row.get("error")):
            return ""
        image_id = text(as_object(row.get("image_info")).get("image_id"))
        if image_id:
            return image_id
    return text(as_object(payload.get("image_info")).get("image_id"))


def _image_refusal(payload: Mapping[str, Json]) -> str:
    rows = objects(payload.get("image_info_list"))
    return next((text(row.get("error")) for row in rows if row.get("error")), "")
