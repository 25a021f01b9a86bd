"""The contract of a connector: a tiny required part, optional protocols, and facts about the platform as data.

A connector is a class with ``info``, ``options_type``, ``check``, ``budgets`` and ``render``. Whatever else the
platform allows is declared by implementing a protocol below; the engine asks with ``isinstance`` and takes another
road where a protocol is missing. Facts have safe defaults, and each names its source in the platform's fact sheet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from syncer.domain.listing import Json, RemoteListing, Rendered, WantedListing
from syncer.domain.order import Meaning, RemoteOrder
from syncer.domain.taxonomy import RemoteAttribute, RemoteCategory
from syncer.domain.text import clean_text, storable
from syncer.domain.words import Words
from syncer.sdk.http import HttpClient
from syncer.sdk.operations import Kind, ListingRef, Operation, Page, Result
from syncer.sdk.options import Options

#: Version of this contract; a connector says which it was written for in ``Info.contract``.
CONTRACT = 1

#: Names of rendered fields that every connector uses for the same thing.
TITLE, DESCRIPTION, CATEGORY, PICTURES = "title", "description", "category", "pictures"


class BudgetKind(StrEnum):
    """How a platform counts: TOKEN refills evenly; FIXED resets each window; SLIDING looks back; DAILY at midnight."""

    TOKEN = "token"  # noqa: S105  (a kind of bucket)
    FIXED = "fixed"
    SLIDING = "sliding"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Budget:
    """A quota: at most ``limit`` calls per ``per_seconds``, counted under ``key``.

    ``key`` says what the platform counts by, such as ``shopee:app:2001887``: accounts with an equal key share the
    budget. ``calls`` are the operation names that spend it (exact, or a prefix ending in ``*``); empty means all.
    ``urgent_share`` of it is kept for stock that falls, where its turn would not come at once. ``utc_offset_h`` is
    where a DAILY budget's midnight lies. ``source`` names the fact sheet's line.
    """

    name: str
    key: str
    kind: BudgetKind
    limit: int
    per_seconds: float
    calls: tuple[str, ...] = ()
    urgent_share: float = 0.2
    utc_offset_h: float = 0.0
    source: str = ""

    def covers(self, operation: str) -> bool:
        """Return whether a call named ``operation`` spends this budget."""
        return not self.calls or any(
            operation.startswith(name[:-1]) if name.endswith("*") else operation == name for name in self.calls
        )


@dataclass(frozen=True, slots=True)
class BatchShape:
    """How much one call carries: operations on up to ``listings`` listings, with up to ``offers`` offers each call."""

    listings: int = 1
    offers: int = 50


@dataclass(frozen=True, slots=True)
class StopStep:
    """One way of taking an offer off sale, from the least harmful on.

    ``kind`` is STOCK (quantity 0), HIDE or DELETE. ``siblings`` says that the listing's other variants stop too.
    ``undo`` is the operation that takes it back (``None``: nothing does). ``blocked_by`` names what may refuse it.
    ``source`` names the fact sheet's line.
    """

    kind: Kind
    siblings: bool = False
    undo: Kind | None = None
    blocked_by: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What order statuses mean, and when the platform moves its own number.

    ``meanings`` says for each status of orders and lines what it means for stock; a status that isn't in it is held
    and asked about. ``lowers`` says, by status, whether the platform's own number is lowered by the pieces of an order
    that has come to it: true, false, or ``None`` for unknown (also where the status is missing): then the number is
    set again. For a cancelled status, false means that the pieces were given back. ``lag_s`` is how late an order or
    a change of one may show up in the platform's own list. ``overlap_s``: how far each read goes back behind the last.
    ``ids_a_call``: how many orders one :meth:`ReadsOrders.fetch_orders_by_id` takes. ``tells_promotions``: its lines
    say whether they took pieces that a promotion set aside; else every order within a campaign counts as its own.
    ``cancel_cost`` says to a person what calling an order off costs the seller there.
    """

    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    lowers: Mapping[str, bool | None] = field(default_factory=dict)
    lag_s: float = 60.0
    overlap_s: float = 300.0
    ids_a_call: int = 50
    tells_promotions: bool = False
    cancel_cost: Words | None = None
    source: str = ""

    def meaning(self, status: str) -> Meaning:
        """Return what ``status`` means; one that we don't know is a question to a person."""
        return self.meanings.get(status, Meaning.ASK)


@dataclass(frozen=True, slots=True)
class Finding:
    """How listings are found again after an unknown outcome.

    ``search_lag_s``: a new listing shows in look-ups after at most this long. ``late_write_s``: a write whose
    answer was lost may still land for this long. ``read_lag_s``: a read may show a state this old.
    ``strong``: look-ups by marker are immediate and exact (idempotency key, external id).
    """

    search_lag_s: float = 60.0
    late_write_s: float = 60.0
    read_lag_s: float = 5.0
    strong: bool = False
    source: str = ""


class WebhookScope(StrEnum):
    """Whether the platform has one webhook address per app or per account."""

    APP = "app"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """How webhooks must be answered: ``status`` and ``body`` within ``deadline_s`` seconds.

    ``refused_status`` answers a delivery whose signature is wrong; where a platform would switch a subscription off
    for that, it is the same as ``status``. ``most_bytes`` bounds a body (at most 1 MiB).
    """

    scope: WebhookScope = WebhookScope.ACCOUNT
    status: int = 200
    body: bytes = b""
    refused_status: int = 401
    deadline_s: float = 3.0
    most_bytes: int = 262_144
    source: str = ""


class About(StrEnum):
    """What a webhook tells us to look at."""

    ORDER = "order"
    LISTING = "listing"
    STOCK = "stock"
    ACCOUNT = "account"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing that a webhook says has happened: never believed, only looked at.

    ``shop_id`` says which account (as in :class:`Identity`). ``remote_id`` is the order or listing. ``at`` is the
    platform's own time, aware UTC. ``delivery_id`` is the same for a repeated delivery ("" if the platform names
    none: then the whole body tells). ``returned`` names a return of this order ("" for none), where the order itself
    doesn't show that pieces of it come back: then a person is asked about them.
    """

    about: About
    shop_id: str
    remote_id: str = ""
    at: dt.datetime | None = None
    delivery_id: str = ""
    returned: str = ""


@dataclass(frozen=True, slots=True)
class Info:
    """What a connector says about itself and its platform.

    ``operations`` are the writes it can do. ``hosts`` is the allow-list of host names that it may call (a leading
    ``*.`` allows sub-domains); a loopback address is allowed only for accounts on a sandbox. ``editable_fields``
    names the rendered fields that can be changed after creation; others are only sent with CREATE.
    ``review`` says that new or edited listings pass a review there. ``concurrency`` is how many calls of one
    account may be under way at once.
    """

    name: str
    label: str
    contract: int = CONTRACT
    currencies: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    operations: frozenset[Kind] = frozenset()
    batches: Mapping[Kind, BatchShape] = field(default_factory=dict)
    stop_ladder: tuple[StopStep, ...] = (StopStep(Kind.STOCK, undo=Kind.STOCK),)
    finding: Finding = Finding()
    orders: OrderFacts | None = None
    webhooks: WebhookFacts | None = None
    editable_fields: tuple[str, ...] = (TITLE, DESCRIPTION)
    max_axes: int = 3
    max_offers: int = 100
    review: bool = False
    concurrency: int = 4
    call_deadline_s: float = 60.0
    docs: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose shop an account is: compared at every reconnect, so that a sign-in to another shop is noticed.

    ``test_shop`` is true on a platform's own sandbox. ``access_until`` is when the seller's consent ends.
    """

    shop_id: str
    shop_name: str
    region: str = ""
    currency: str = ""
    test_shop: bool = False
    access_until: dt.datetime | None = None

    def __post_init__(self) -> None:
        # People read the name, and another shop's owner chose it (security.md C2, H6).
        for name, most in (("shop_id", 80), ("shop_name", 120), ("region", 20), ("currency", 3)):
            text = str(storable(getattr(self, name)))[: most * 4]
            object.__setattr__(self, name, clean_text(text, max_length=most * 4)[:most])


@dataclass(frozen=True, slots=True)
class Tokens:
    """A sign-in: the pair of tokens and when each ends (aware UTC). Never shown: ``repr`` hides them."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_until: dt.datetime
    refresh_until: dt.datetime | None = None
    shop_id: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What the engine gives a connector: the HTTP client (its own hosts only), a clock, a scratch folder.

    ``tokens`` returns the account's newest sign-in (it is refreshed by the engine, never by the connector);
    ``None`` for platforms that sign with fixed keys from the options. ``now`` is aware UTC.
    """

    http: HttpClient
    scratch: Path
    tokens: Callable[[], Tokens | None] = lambda: None
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)


class Connector(Protocol):
    """The required part. The class is registered under the entry-point group ``syncer.connectors``."""

    info: ClassVar[Info]
    options_type: ClassVar[type[Options]]

    def __init__(self, options: Options, context: Context) -> None:
        """Keep the options and the context; make no call."""

    def check(self) -> Identity:
        """Make the cheapest call that proves the sign-in, and say whose shop this is. Raises ConnectorError."""

    def budgets(self) -> Sequence[Budget]:
        """Return the quotas that this account's calls spend; an empty list means none is known."""

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        """Return ``listing`` exactly as this channel will store it. Pure: no call, equal input gives equal output.

        ``facts`` holds what :class:`NeedsFacts` fetched (possibly not everything yet). What the channel would
        refuse becomes a problem here, before any call.
        """


@runtime_checkable
class PublishesListings(Protocol):
    """The channel has listings that can be written one by one or in batches."""

    def apply(self, batch: Sequence[Operation]) -> Sequence[Result]:
        """Apply operations of one kind in one call; one result per operation in the same order.

        Makes at most one remote write. Raises ConnectorError only if the call as a whole failed.
        """

    def find_listing(self, ref: ListingRef) -> Sequence[RemoteListing]:
        """Return every listing that carries ``ref``'s marker, or holds one of its SKUs, by the strongest look-up."""

    def fetch_listing(self, remote_id: str) -> RemoteListing:
        """Return one listing with all its fields and offers. Raises :class:`~syncer.sdk.errors.Gone` if deleted.

        Where an edit was refused and the old version stays on sale, fields of content are left out,
        ``offers_complete`` is false and ``reasons`` say why: so what we sent isn't taken for lost and sent again.
        """

    def fetch_listings(self, cursor: str | None) -> Page:
        """Return the next page of all listings of the account, whole enough to compare (title, offers, status)."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of orders, each whole; ``cursor`` ``None`` ends the walk. ``unreadable`` names orders that are there
    and could not be understood: one bad order must not hold up the others."""

    orders: tuple[RemoteOrder, ...]
    cursor: str | None = None
    unreadable: tuple[str, ...] = ()


@runtime_checkable
class ReadsOrders(Protocol):
    """The channel sells, and says what was ordered. ``Info.orders`` says what its statuses mean."""

    def fetch_orders(self, since: dt.datetime, until: dt.datetime, cursor: str | None) -> OrderPage:
        """Return the next page of all orders that changed in [``since``, ``until``], lines included.

        Spans of any length: what the platform splits into windows is split here, and told in the cursor (opaque,
        kept in the database between pages). Orders may move between pages; the engine reads with overlap.
        """

    def fetch_open_orders(self, cursor: str | None) -> OrderPage:
        """Return the next page of all orders of any age that are promised and not yet gone."""

    def fetch_orders_by_id(self, remote_ids: Sequence[str]) -> Sequence[RemoteOrder]:
        """Return these orders (at most ``OrderFacts.ids_a_call``); those that the channel doesn't know are left out."""


@runtime_checkable
class TakesWebhooks(Protocol):
    """The platform tells us when something happens. ``Info.webhooks`` says how it wants to be answered."""

    def webhook_app(self) -> str:
        """Return what stands in the address ``/webhooks/CONNECTOR/APP``: letters, digits, ``-`` and ``_``.

        Where the platform has one address per app, the app's public id; the shop is in the body.
        """

    def is_signed(self, address: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether ``body`` carries a good signature, compared in constant time. Pure; never raises.

        ``address`` is the public address it was sent to; header names are in lower case.
        """

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Return what a signed ``body`` tells us to look at; nothing for events that don't matter. Pure.

        Raises ValueError if it can't be understood.
        """


@runtime_checkable
class UploadsPictures(Protocol):
    """Pictures are uploaded beforehand, each once per account, and named by the id that comes back."""

    def upload_picture(self, data: bytes, mime: str, name: str) -> str:
        """Upload one picture and return the channel's id for it."""


@runtime_checkable
class ShowsPictures(Protocol):
    """The channel says where a listing's pictures can be fetched, so that an import brings them along."""

    def picture_addresses(self, remote_id: str) -> Mapping[str, str]:
        """Return the addresses of a listing's pictures in order, by the channel's id of each. They may end."""


@runtime_checkable
class NeedsFacts(Protocol):
    """``render`` needs facts that only the platform knows: limits, mandatory attributes, couriers."""

    def fact_keys(self, listing: WantedListing) -> Sequence[str]:
        """Return the keys of the facts that rendering ``listing`` needs (pure)."""

    def fetch_fact(self, key: str) -> Json:
        """Fetch one fact by key, as JSON. It is kept for ``fact_ttl_s`` seconds."""

    fact_ttl_s: ClassVar[float]


@runtime_checkable
class HasTaxonomy(Protocol):
    """The channel has a category tree and attributes to map to."""

    def fetch_categories(self) -> Sequence[RemoteCategory]:
        """Return the channel's category tree."""

    def fetch_attributes(self, category_id: str) -> Sequence[RemoteAttribute]:
        """Return the attributes of one category."""


@runtime_checkable
class SignsIn(Protocol):
    """The seller consents on the platform's page, and the access is refreshed from time to time."""

    def authorise_url(self, redirect: str, state: str) -> str:
        """Return the address where the seller consents; ``state`` must come back with the answer."""

    def exchange(self, answer: Mapping[str, str]) -> Tokens:
        """Turn the query of the redirect back into a sign-in."""

    def refresh(self, tokens: Tokens) -> Tokens:
        """Spend the refresh token, once, for a new pair. Raises SignInNeeded if it is dead, OutcomeUnknown if lost."""

    refresh_ahead_s: ClassVar[float]


@runtime_checkable
class RecoversSignIn(Protocol):
    """The platform documents a way to get a lost pair back."""

    def recover(self, tokens: Tokens) -> Tokens:
        """Try the documented recovery once after a refresh whose answer was lost."""


@runtime_checkable
class TunesFinding(Protocol):
    """An account's options may set other times for finding listings than ``Info.finding``."""

    def finding(self) -> Finding:
        """Return how listings are found again on this account."""


@runtime_checkable
class TunesOrders(Protocol):
    """An account's options may set other times for reading orders than ``Info.orders``."""

    def order_facts(self) -> OrderFacts:
        """Return what holds for this account's orders."""


@runtime_checkable
class HasReview(Protocol):
    """New or edited listings pass a review there; ``review_check_s`` is how often to look, in seconds."""

    review_check_s: float


@dataclass(frozen=True, slots=True)
class FeedFile:
    """One file of a feed: its name, media type and bytes."""

    name: str
    mime: str
    data: bytes


@runtime_checkable
class WritesFeed(Protocol):
    """The partner takes a file instead of calls."""

    def write_feed(self, listings: Sequence[tuple[WantedListing, Rendered]]) -> Sequence[FeedFile]:
        """Return the feed's files for all live listings."""


@runtime_checkable
class ExplainsCodes(Protocol):
    """The connector can say in plain words what a platform's code means."""

    def explain(self, code: str) -> Words | None:
        """Return what ``code`` means, or ``None`` if it is unknown."""
