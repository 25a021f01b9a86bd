"""The TikTok Shop connector: what it can do, and how it is put together (tiktok_shop.md).

It serves "Toko Hijau": Tokopedia and TikTok Shop are two storefronts of one shop, with one product record and one
stock figure. On which of them products are shown is the account's option ``platforms``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from connectors.tiktok_shop import body, errors, orders, read, sign_in, webhooks
from connectors.tiktok_shop import render as rendering
from connectors.tiktok_shop.attributes import listed_values
from connectors.tiktok_shop.client import TiktokClient, first_tokens
from connectors.tiktok_shop.limits import MAX_AXES, MAX_SKUS, STATE_BATCH
from connectors.tiktok_shop.look import Reader
from connectors.tiktok_shop.options import HOSTS, TiktokShopOptions
from connectors.tiktok_shop.shop import Shop
from connectors.tiktok_shop.taxonomy import Taxonomy
from connectors.tiktok_shop.writes import Writer
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
from syncer.sdk.errors import PictureGone, Rejected, Transient
from syncer.sdk.facts import KeptFacts
from syncer.sdk.http import is_loopback
from syncer.sdk.operations import Kind, ListingRef, Operation, Page, Result
from syncer.sdk.options import Options
from syncer.sdk.wire import plain, text

_CURRENCIES = {"ID": "IDR", "MY": "MYR", "SG": "SGD", "PH": "PHP", "TH": "THB", "VN": "VND", "GB": "GBP", "US": "USD"}
#: The documents ask not to keep categories and their rules for long (tiktok_shop.md 6).
_FACT_TTL_S = 3600.0
_UPLOAD = "/product/202309/images/upload"


class TiktokShopConnector:
    """One shop at TikTok Shop and Tokopedia: its listings, the orders of both storefronts, and its events.

    A CREATE makes the whole product in one call. UPDATE writes content by a partial edit where that is safe, else by
    a full one; RESHAPE writes the SKUs by a full edit. Edits of a live product go to review while the old version
    stays on sale; price and stock change at once.
    """

    info: ClassVar[Info] = Info(
        name="tiktok_shop",
        label="Tokopedia & TikTok Shop",
        currencies=("IDR",),
        hosts=HOSTS,
        operations=frozenset(Kind),
        batches={
            Kind.PRICE: BatchShape(listings=1, offers=MAX_SKUS),
            Kind.STOCK: BatchShape(listings=1, offers=MAX_SKUS),
            Kind.HIDE: BatchShape(listings=STATE_BATCH),
            Kind.DELETE: BatchShape(listings=STATE_BATCH),
        },
        stop_ladder=(
            StopStep(
                Kind.STOCK, undo=Kind.STOCK, blocked_by=("promotion", "no zero stock"), source="tiktok_shop.md 10"
            ),
            StopStep(Kind.HIDE, siblings=True, undo=Kind.SHOW, blocked_by=("review",), source="tiktok_shop.md 1.1, 11"),
            StopStep(Kind.DELETE, siblings=True, blocked_by=("frozen",), source="tiktok_shop.md 11"),
        ),
        finding=Finding(
            search_lag_s=60.0, late_write_s=60.0, read_lag_s=5.0, source="tiktok_shop.md 11 (unconfirmed numbers)"
        ),
        orders=orders.FACTS,
        webhooks=webhooks.FACTS,
        editable_fields=body.EDITABLE,
        max_axes=MAX_AXES,
        max_offers=MAX_SKUS,
        review=True,
        docs="https://partner.tiktokshop.com/docv2",
    )
    options_type: ClassVar[type[Options]] = TiktokShopOptions
    fact_ttl_s: ClassVar[float] = _FACT_TTL_S
    refresh_ahead_s: ClassVar[float] = 86_400.0

    def __init__(self, options: Options, context: Context) -> None:
        if not isinstance(options, TiktokShopOptions):
            raise TypeError("the TikTok Shop connector needs TiktokShopOptions")
        self._options = options
        self._context = context
        self._client = TiktokClient(options, context)
        self._shop = Shop(self._client, options)
        self._taxonomy = Taxonomy(self._client, self._shop, options)
        self._facts = KeptFacts(self._taxonomy.fact, _FACT_TTL_S)
        self._reader = Reader(self._client, self._shop, options, self._listed)
        self._writer = Writer(self._client, self._shop, self._reader, options)
        self._orders = orders.Orders(self._client, self._shop)

    def __repr__(self) -> str:
        return f"TiktokShopConnector({self._options.base_url!r}, platforms={self._options.platforms!r})"

    @property
    def review_check_s(self) -> float:
        """When a listing in review is looked at again, in seconds."""
        return self._options.review_check_s

    def check(self) -> Identity:
        """Read the authorised shops (tiktok_shop.md 4.4). Raises AccountStopped if ours isn't among them."""
        row = self._shop.identity()
        region, tokens = text(row.get("region")), self._client.tokens()
        return Identity(
            shop_id=text(row.get("id")),
            shop_name=plain(row.get("name"), 120),
            region=region,
            currency=_CURRENCIES.get(region, ""),
            test_shop=is_loopback(self._options.base_url),
            access_until=tokens.refresh_until if tokens else None,
        )

    def budgets(self) -> Sequence[Budget]:
        """Return the quotas, which are counted by app and shop. No numbers are published: they are options."""
        shop = self._options.shop_id or self._signed_in_shop()
        key, source = f"tiktok_shop:{self._options.app_key}:{shop}", "tiktok_shop.md 13 (guidance, unconfirmed)"
        names = ("price", "stock", "activate", "deactivate", "delete", "picture", "partial_edit")
        writes, heavy = tuple(f"product.{name}" for name in names), ("product.create", "product.edit")
        return (
            Budget("calls", key, BudgetKind.TOKEN, self._options.calls_per_s, 1.0, source=source),
            Budget(
                "writes",
                f"{key}:writes",
                BudgetKind.TOKEN,
                self._options.writes_per_s,
                1.0,
                (*writes, *heavy),
                source=source,
            ),
            Budget(
                "listings",
                f"{key}:listings",
                BudgetKind.TOKEN,
                self._options.listings_per_s,
                1.0,
                heavy,
                urgent_share=0.0,
                source=source,
            ),
        )

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
        """Return ``listing`` exactly as TikTok Shop will store it. Pure."""
        return rendering.render(listing, facts, self._options)

    def apply(self, batch: Sequence[Operation]) -> Sequence[Result]:
        """Apply operations of one kind in one call. Raises ConnectorError only if the call as a whole failed."""
        return self._writer.apply(batch) if batch else []

    def find_listing(self, ref: ListingRef) -> Sequence[RemoteListing]:
        """Return every listing with one of these SKUs; those with our marker as external id say so."""
        return self._reader.find(ref)

    def fetch_listing(self, remote_id: str) -> RemoteListing:
        """Return one listing with all its fields and offers. Raises Gone if it is deleted."""
        return self._reader.listing(remote_id)

    def fetch_listings(self, cursor: str | None) -> Page:
        """Return the next page of all listings: title, SKUs, prices, counts and status; options need a look each."""
        return self._reader.page(cursor, int(self._context.now().timestamp()))

    def picture_addresses(self, remote_id: str) -> Mapping[str, str]:
        """Return where a listing's pictures can be fetched, by uri (tiktok_shop.md 11). They end after a while."""
        return read.picture_addresses(self._reader.product(remote_id))

    def upload_picture(self, data: bytes, mime: str, name: str) -> str:
        """Upload one picture as a main image and return its uri (tiktok_shop.md 7).

        Raises Rejected if it is refused, Transient if the answer is lost (uploading again harms nobody).
        """
        files: dict[str, tuple[str | None, bytes | str, str]] = {
            "data": (name, data, mime),
            "use_case": (None, "MAIN_IMAGE", "text/plain"),
        }
        reply = self._client.upload(_UPLOAD, "product.picture", files)
        if isinstance(reply.error, Rejected | PictureGone):
            raise errors.picture_refused(reply.code, reply.message, reply.request_id)
        uri = text(reply.ensure().data.get("uri"))
        if not uri:
            raise Transient(
                "no_uri", Words("TikTok Shop menjawab tanpa nomor foto.", "TikTok Shop answered without a photo id.")
            )
        return uri

    # Orders and events

    def fetch_orders(self, since: dt.datetime, until: dt.datetime, cursor: str | None) -> OrderPage:
        """Return the next page of orders of both storefronts that changed in [``since``, ``until``]."""
        return self._orders.changed(since, until, cursor, self._context.now())

    def fetch_open_orders(self, cursor: str | None) -> OrderPage:
        """Return the next page of orders of any age that are promised and not gone."""
        return self._orders.open(cursor)

    def fetch_orders_by_id(self, remote_ids: Sequence[str]) -> Sequence[RemoteOrder]:
        """Return these orders (at most 50); those of other shops are left out."""
        return self._orders.by_id(remote_ids)

    def order_facts(self) -> OrderFacts:
        """Return what holds for this account's orders, with its own time until they show up."""
        return replace(orders.FACTS, lag_s=self._options.orders_lag_s)

    def webhook_app(self) -> str:
        """Return the app key: there is one address for an app, set in Partner Center (tiktok_shop.md 14)."""
        return self._options.app_key

    def is_signed(self, address: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether this app's secret signed the body; the address isn't part of it."""
        return webhooks.is_signed(self._options.app_key, self._options.app_secret.get_secret_value(), headers, body)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Return what a signed event tells us to look at. Raises ValueError if it can't be understood."""
        return webhooks.hints(body)

    # Facts and categories

    def fact_keys(self, listing: WantedListing) -> Sequence[str]:
        """Return the keys of the facts that rendering ``listing`` needs."""
        return rendering.fact_keys(listing)

    def fetch_fact(self, key: str) -> Json:
        """Fetch one fact by key, as JSON."""
        return self._facts.fetch(key)

    def fetch_categories(self) -> Sequence[RemoteCategory]:
        """Return the category tree; usable are leaves that every storefront of the account has."""
        return self._taxonomy.categories()

    def fetch_attributes(self, category_id: str) -> Sequence[RemoteAttribute]:
        """Return the attributes of one category."""
        return self._taxonomy.attributes(category_id)

    # Sign-in

    def authorise_url(self, redirect: str, state: str) -> str:
        """Return the address where the seller consents. ``redirect`` must be set in Partner Center (sheet 4.2)."""
        return sign_in.authorise_url(self._options, state)

    def exchange(self, answer: Mapping[str, str]) -> Tokens:
        """Turn the query of the redirect back into a sign-in."""
        return sign_in.exchange(self._client, self._shop, self._options, answer, self._context.now())

    def refresh(self, tokens: Tokens) -> Tokens:
        """Spend the refresh token for a new pair."""
        return sign_in.refresh(self._client, tokens, self._context.now())

    def recover(self, tokens: Tokens) -> Tokens:
        """Refresh once more after a lost answer: where refresh tokens don't rotate, the old one still works (4.3)."""
        return sign_in.refresh(self._client, tokens, self._context.now())

    def explain(self, code: str) -> Words | None:
        """Return what one of the platform's codes means in plain words."""
        return errors.explain(code)

    def _signed_in_shop(self) -> str:
        tokens = self._context.tokens()
        return tokens.shop_id if tokens else ""

    def _listed(self, category: str) -> Mapping[str, frozenset[str]]:
        return listed_values(self._facts.get(f"attributes:{category}")) if category else {}
