"""Is the stock true? Every level against its ledger, and every shop's number against what there is, each difference
with what explains it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, and_, select

from syncer.channels.records import Account, Mode, State, load_accounts
from syncer.domain.listing import Status
from syncer.domain.stock import Allocation
from syncer.domain.words import Words
from syncer.inventory.free import Supply, load_supply
from syncer.inventory.levels import Level, Mismatch, audit, full_levels
from syncer.inventory.placing import barred
from syncer.inventory.why import Cause, load_names, why
from syncer.store.batches import batches
from syncer.store.marks import Due
from syncer.store.skus import find_variant
from syncer.store.tables import listing, location, offer, product, variant
from syncer.sync.claim import FOR_ORDERS
from syncer.sync.known import STATUS

#: Why a shop's number differs from what is free: a code for scripts, and words.
Reason = Cause
#: What explains that a shop doesn't show what it should, and doesn't pass without somebody's doing.
_HARMFUL = frozenset({"drift", "cannot_stop", "problem", "away"})
#: The clock that people here read, as in ``syncer problems``.
_JAKARTA = ZoneInfo("Asia/Jakarta")


@dataclass(frozen=True, slots=True)
class Shown:
    """What one shop shows of a variant. ``shown`` ``None``: not known. ``should`` is what it should show by our rules.

    ``explained`` is false if nothing explains that it shows something else than it should, ``sells_missing`` is true
    if it shows more than there is for it (whatever explains that). ``hidden``: nobody can buy there what it shows.
    """

    account: str
    shown: int | None
    should: int
    reasons: tuple[Reason, ...]
    explained: bool
    sells_missing: bool = False
    hidden: bool = False

    @property
    def agrees(self) -> bool:
        """Whether it is known to offer buyers what it should."""
        return self.shown is not None and (0 if self.hidden else self.shown) == self.should

    @property
    def settled(self) -> bool:
        """Whether nobody need look at it: it sells nothing that isn't there, and what differs passes by itself."""
        return self.explained and not self.sells_missing and not any(one.code in _HARMFUL for one in self.reasons)


@dataclass(frozen=True, slots=True)
class Audited:
    """One variant: on hand, held and free over all locations, where that is, and what each shop shows of it."""

    sku: str
    title: str
    on_hand: int
    held: int
    free: int
    levels: Mapping[str, Level]
    shops: tuple[Shown, ...]

    @property
    def differs(self) -> bool:
        """Whether any shop shows something else than what is free."""
        return self.free < 0 or any(one.shown != self.free or one.reasons for one in self.shops)


class Looked(NamedTuple):
    """How old what we know of a shop is. ``walked_at``: when the last walk of all of it began (``None``: never yet).

    ``oldest_at``: when the oldest of the audited numbers was seen there, or taken by the shop.
    """

    account: str
    walked_at: dt.datetime | None
    oldest_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StockAudit:
    """The whole answer. ``mismatches`` are levels that are not the sum of their movements: there should be none.

    ``looked`` has an entry for every shop that shows any of these variants.
    """

    mismatches: tuple[Mismatch, ...]
    variants: tuple[Audited, ...]
    looked: tuple[Looked, ...] = ()

    @property
    def unknown(self) -> list[tuple[str, str]]:
        """The numbers that are not known now: SKU and shop."""
        return [(one.sku, shop.account) for one in self.variants for shop in one.shops if shop.shown is None]

    @property
    def on_their_way(self) -> int:
        """How many known numbers are not yet what they should be, and will be by themselves."""
        shops = [shop for one in self.variants for shop in one.shops]
        return sum(shop.shown is not None and not shop.agrees and shop.settled for shop in shops)

    @property
    def unexplained(self) -> int:
        """How many numbers nothing explains."""
        return sum(not shop.explained for one in self.variants for shop in one.shops)

    @property
    def missing(self) -> int:
        """How many numbers in shops are higher than what there is."""
        return sum(shop.sells_missing for one in self.variants for shop in one.shops)

    @property
    def unsettled(self) -> int:
        """How many numbers in shops somebody should look at."""
        return sum(not shop.settled for one in self.variants for shop in one.shops)


def audit_stock(connection: Connection, *, skus: Sequence[str] = (), now: dt.datetime) -> StockAudit:
    """Look at all stock in one snapshot; ``skus`` narrows the list of variants, never the check of the ledger.

    Raises ``UnknownSku``.
    """
    named = [find_variant(connection, sku).id for sku in skus]
    query = (
        select(variant.c.id, variant.c.sku, variant.c.single_piece, variant.c.product_id, product.c.title)
        .join(product, product.c.id == variant.c.product_id)
        .where(and_(variant.c.retired_at.is_(None), product.c.status != "archived"))
        .order_by(variant.c.sku)
    )
    if named:
        query = query.where(variant.c.id.in_(named))
    variants = connection.execute(query).all()
    accounts = {one.id: one for one in load_accounts(connection)}
    places = dict(connection.execute(select(location.c.id, location.c.code)).tuples().all())
    found: list[Audited] = []
    oldest: dict[int, dt.datetime | None] = {}
    for part in batches(variants):
        some = _Part(connection, part, accounts, places, now)
        found += some.audited()
        for account_id, at in some.oldest.items():
            before = oldest.get(account_id)
            oldest[account_id] = at if before is None else min(before, at or before)
    looked = [Looked(one.name, one.swept_at, oldest[key]) for key, one in accounts.items() if key in oldest]
    return StockAudit(tuple(audit(connection)), tuple(found), tuple(looked))


class _Part:
    """Some hundred variants."""

    def __init__(
        self,
        connection: Connection,
        variants: Sequence[Row[Any]],
        accounts: Mapping[int, Account],
        places: Mapping[int, str],
        now: dt.datetime,
    ) -> None:
        self._variants, self._accounts, self._places, self._now = variants, accounts, places, now
        ids = [row.id for row in variants]
        self._levels = full_levels(connection, ids)
        self._supply: Supply = load_supply(connection, ids, now=now)
        self._names = load_names(connection, self._supply)
        self._offers = _offers(connection, ids)
        self.oldest = _oldest(row for rows in self._offers.values() for row in rows)
        self._barred = {account_id: self._not_here(connection, one) for account_id, one in accounts.items()}

    def _not_here(self, connection: Connection, account: Account) -> frozenset[int]:
        if account.location_id is not None:
            return frozenset()
        wanted = {row.id: (row.product_id, row.single_piece) for row in self._variants}
        return barred(connection, account.id, wanted, self._supply)[0]

    def audited(self) -> Iterable[Audited]:
        for row in self._variants:
            levels = self._levels[row.id]
            pooled = {place: level for place, level in levels.items() if place in self._supply.pooled}
            yield Audited(
                row.sku,
                row.title,
                sum(level.on_hand for level in levels.values()),
                sum(level.held for level in levels.values()),
                sum(level.free for level in pooled.values()),
                {self._places[place]: level for place, level in sorted(levels.items())},
                tuple(self._shown(row, one) for one in self._offers.get(row.id, ())),
            )

    def _shown(self, row: Row[Any], there: Row[Any]) -> Shown:
        account = self._accounts[there.account_id]
        free = self._supply.free(row.id, account.id, account.location_id)
        shelf = self._shelf(row.id, account)
        placed = row.id not in self._barred[account.id]
        mine = free if placed else self._supply.own(row.id, account.id)
        sells = there.wanted == "live"
        should = account.allocation.shown(mine, single_piece=row.single_piece) if sells else 0
        shown = None if there.quantity_unknown else there.quantity
        hidden = _is_hidden(there)
        agrees = (0 if hidden and shown is not None else shown) == should
        waiting = () if agrees else tuple(self._waiting(account, there, row.id))
        drift = () if agrees or waiting else (_DRIFT,)
        rules: list[Reason] = []
        if hidden and shown:
            rules.append(_hidden(shown))
        if there.wanted != "live":
            rules.append(_reason("withdrawn", "Ditarik dari toko ini.", "Withdrawn from this shop."))
        elif not placed:
            rules.append(_reason("placed", "Barang ini ditaruh di toko lain.", "This piece is placed in another shop."))
        else:
            if account.location_id is not None:
                own = f"Toko ini punya lokasi sendiri: {shelf}.", f"It sells from its own place: {shelf}."
                rules.append(_reason("location", *own))
            if free != shelf:
                rules += why(self._supply, self._names, row.id, account.id, account.location_id)
            rules += _rules(account, row, free=free, should=should)
        short = self._short(row.id, free=free, shelf=shelf)
        if short > 0 and ((sells and placed) or shown):
            rules.append(_oversold(short, 0 if hidden else shown))
        missing = shown is not None and not hidden and shown > max(mine, 0)
        explained = agrees or bool(waiting)
        return Shown(account.name, shown, should, (*waiting, *rules, *drift), explained, missing, hidden)

    def _shelf(self, variant_id: int, account: Account) -> int:
        """Return what is free where an account sells from, before campaigns and the like."""
        own = account.location_id
        places = self._supply.pooled if own is None else frozenset((own,))
        return sum(level.free for place, level in self._levels[variant_id].items() if place in places)

    def _short(self, variant_id: int, *, free: int, shelf: int) -> int:
        """Return how many more were promised than there are; what is set aside for campaigns is not promised."""
        made = variant_id in self._supply.week or variant_id in self._supply.parts
        return -free if made else -shelf

    def _waiting(self, account: Account, there: Row[Any], variant_id: int) -> Iterable[Reason]:
        """Say why a shop doesn't show yet what it should."""
        if account.mode is Mode.READ_ONLY:
            yield _reason("read_only", "Toko ini hanya dibaca.", "This shop is read-only.")
        if account.state is State.PAUSED:
            yield _reason("paused", "Toko ini sedang dijeda.", "This shop is paused.")
        elif account.state is not State.ACTIVE:
            state = account.state.value
            yield _reason("away", f"Toko ini tidak tersambung ({state}).", f"This shop is not connected ({state}).")
        if str(variant_id) in (there.under_way or {}).get("offers", {}):
            yield _reason("under_way", "Sedang dikirim.", "A write is under way.")
        if there.cannot_stop_until is not None:
            at = f"{there.cannot_stop_until.astimezone(_JAKARTA):%d-%m-%Y %H:%M} WIB"
            yield _reason(
                "cannot_stop",
                f"Toko menolak penjualannya dihentikan; dicoba lagi {at}.",
                f"The shop refuses to stop selling it; tried again at {at}.",
            )
        if there.quantity_unknown or there.quantity is None:
            yield _reason("unknown", "Angka di toko belum pasti; ditulis ulang.", "Not sure what it shows; set again.")
        if there.held == FOR_ORDERS:
            yield _reason(
                "orders", "Menunggu pesanan toko itu dibaca dulu.", "Waits until that shop's orders have been read."
            )
        elif there.held:
            yield _reason("brake", "Menunggu jawaban Anda; lihat syncer problems.", "Waits for your answer.")
        elif there.due & Due.STOCK:
            yield _reason("due", "Menunggu giliran dikirim.", "Waits for its turn to be sent.")
        if there.problem is not None or there.state in ("fix", "parked", "gone"):
            yield _reason("problem", "Ada masalah; lihat syncer problems.", "There is a problem; see syncer problems.")


def _rules(account: Account, row: Row[Any], *, free: int, should: int) -> Iterable[Reason]:
    """Say which rules of the account make it show something else than what is free for it."""
    rule: Allocation = account.allocation
    if rule.buffer and not row.single_piece and free > 0 and should != free:
        yield _reason("buffer", f"Cadangan {rule.buffer}.", f"A buffer of {rule.buffer}.")
    if rule.cap is not None and should == rule.cap < free:
        yield _reason("cap", f"Paling banyak {rule.cap}.", f"At most {rule.cap}.")
    if row.single_piece and free > 1:
        yield _reason("single", "Barang tunggal: paling banyak 1.", "A single piece: 1 at most.")


def _oversold(short: int, shown: int | None) -> Reason:
    if shown == 0:
        return _reason("oversold", f"Terjual lebih {short}; tampil 0.", f"Oversold by {short}; it shows 0.")
    return _reason(
        "oversold", f"Terjual lebih {short}; seharusnya tampil 0.", f"Oversold by {short}; it should show 0."
    )


def _is_hidden(there: Row[Any]) -> bool:
    """Whether a listing is known not to be on sale there: what its number says is sold to nobody."""
    sure = there.under_way is None and STATUS not in (there.unknown or ())
    return sure and there.status in (Status.HIDDEN.value, Status.DELETED.value)


def _hidden(shown: int) -> Reason:
    return _reason(
        "hidden",
        f"Disembunyikan di sana: angka {shown} itu tidak dijual.",
        f"Hidden there: nobody can buy the {shown} that it shows.",
    )


def _oldest(rows: Iterable[Row[Any]]) -> dict[int, dt.datetime | None]:
    """Return, by account, when the oldest of these numbers was seen there, or taken by the shop."""
    found: dict[int, dt.datetime | None] = {}
    for row in rows:
        known = [at for at in (row.verified_at, row.acknowledged_at) if at is not None]
        moments = [at for at in (found.get(row.account_id), max(known, default=None)) if at is not None]
        found[row.account_id] = min(moments, default=None)
    return found


def _offers(connection: Connection, ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    query = (
        select(
            offer.c.variant_id,
            offer.c.quantity,
            offer.c.quantity_unknown,
            offer.c.cannot_stop_until,
            listing.c.account_id,
            listing.c.wanted,
            listing.c.due,
            listing.c.state,
            listing.c.held,
            listing.c.problem,
            listing.c.under_way,
            listing.c.unknown,
            listing.c.known["status"].as_string().label("status"),
            listing.c.verified_at,
            listing.c.acknowledged_at,
        )
        .join(listing, listing.c.id == offer.c.listing_id)
        .where(and_(offer.c.variant_id.in_(ids), listing.c.remote_id.is_not(None)))
        .order_by(offer.c.variant_id, listing.c.account_id)
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.variant_id, []).append(row)
    return found


def _reason(code: str, indonesian: str, english: str) -> Reason:
    return Reason(code, Words(indonesian, english))


_DRIFT = _reason(
    "drift",
    "Tidak ada yang menjelaskan ini: periksa dengan syncer drift --look.",
    "Nothing explains this: look with syncer drift --look.",
)
