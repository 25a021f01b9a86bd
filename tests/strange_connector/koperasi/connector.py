"""The connector: Koperasi in the words of the SDK."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar

from koperasi import errors, orders
from koperasi.client import Client, Form, many
from koperasi.options import KoperasiOptions
from koperasi.render import AXES_MAX, BRAND, CONDITION, DAYS, LINES_MAX, cents, render

from syncer.domain.listing import (
    Json,
    RemoteListing,
    RemoteOffer,
    Rendered,
    RenderedOffer,
    Status,
    WantedListing,
)
from syncer.domain.order import RemoteOrder
from syncer.domain.words import Words
from syncer.sdk.contract import Budget, BudgetKind, Context, Finding, Hint, Identity, Info, OrderPage, StopStep
from syncer.sdk.errors import ConnectorError, Gone
from syncer.sdk.operations import Kind, ListingRef, Operation, Page, Result
from syncer.sdk.options import Options

_STATUS = {"on": Status.LIVE, "off": Status.HIDDEN, "barred": Status.REJECTED, "gone": Status.DELETED}
_PAGE = 20


class KoperasiConnector:
    """One stall at Koperasi."""

    info: ClassVar[Info] = Info(
        name="koperasi",
        label="Koperasi",
        currencies=("EUR",),
        hosts=("api.koperasi.example",),
        operations=frozenset({Kind.CREATE, Kind.UPDATE, Kind.SHOW, Kind.HIDE, Kind.DELETE}),
        stop_ladder=(
            StopStep(Kind.STOCK, undo=Kind.STOCK, source="koperasi handbook 3"),
            StopStep(Kind.HIDE, siblings=True, undo=Kind.SHOW, source="koperasi handbook 3"),
            StopStep(Kind.DELETE, siblings=True, source="koperasi handbook 3"),
        ),
        finding=Finding(search_lag_s=2.0, late_write_s=3.0, read_lag_s=2.0, strong=True, source="koperasi handbook 4"),
        orders=orders.FACTS,
        webhooks=orders.NOTES,
        editable_fields=("title", "description", "category", "pictures", BRAND, CONDITION, DAYS),
        max_axes=AXES_MAX,
        max_offers=LINES_MAX,
        docs="https://koperasi.example/handbook",
    )
    options_type: ClassVar[type[Options]] = KoperasiOptions

    def __init__(self, options: Options, context: Context) -> None:
        if not isinstance(options, KoperasiOptions):
            raise TypeError("KoperasiOptions expected")
        self._options = options
        self._client = Client(options, context.http)

    def check(self) -> Identity:
        """Ask whose stall this is."""
        shop = self._client.shop()
        return Identity(
            str(shop["@id"]), str(shop["name"]), currency=str(shop["coin"]), test_shop=shop["trial"] == "yes"
        )

    def budgets(self) -> Sequence[Budget]:
        """One window for all calls of the stall."""
        key = f"koperasi:stall:{self._options.stall}"
        return (Budget("calls", key, BudgetKind.FIXED, 60, 2.0, source="koperasi handbook 2"),)

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        """Return ``listing`` as Koperasi stores it."""
        return render(listing, self._options.media_url)

    def apply(self, batch: Sequence[Operation]) -> Sequence[Result]:
        """Apply the operations, one call each: the engine sends one at a time."""
        return [self._apply(operation) for operation in batch]

    def find_listing(self, ref: ListingRef) -> Sequence[RemoteListing]:
        """Look by our marker, then by each SKU."""
        found = {str(good["@no"]): good for good in self._client.by_ref(ref.marker)}
        for sku in ref.skus:
            found.update({str(good["@no"]): good for good in self._client.by_code(sku)})
        return [_listing(good) for good in found.values()]

    def fetch_listing(self, remote_id: str) -> RemoteListing:
        """Return one listing with its lines."""
        return _listing(self._client.good(remote_id))

    def fetch_listings(self, cursor: str | None) -> Page:
        """Return the next page of the stall."""
        goods, more = self._client.page(cursor or "", _PAGE)
        return Page(tuple(_listing(good) for good in goods), more or None)

    def fetch_orders(self, since: dt.datetime, until: dt.datetime, cursor: str | None) -> OrderPage:
        """Return the next page of sales that changed in between."""
        return self._sales([("from", f"{since.timestamp():.3f}"), ("to", f"{until.timestamp():.3f}")], cursor)

    def fetch_open_orders(self, cursor: str | None) -> OrderPage:
        """Return the next page of sales that are not sent yet."""
        return self._sales([("open", "yes")], cursor)

    def fetch_orders_by_id(self, remote_ids: Sequence[str]) -> Sequence[RemoteOrder]:
        """Return these sales, one call each."""
        found = []
        for number in (one for one in dict.fromkeys(remote_ids) if one.isdecimal()):
            with suppress(Gone):
                found.append(orders.order(self._client.sale(number)))
        return found

    def _sales(self, form: Form, cursor: str | None) -> OrderPage:
        sales, more = self._client.sales(form, cursor or "")
        found, unreadable = [], []
        for sale in sales:
            try:
                found.append(orders.order(sale))
            except (ValueError, LookupError):
                unreadable.append(str(sale.get("@no"))[:80])
        return OrderPage(tuple(found), more or None, tuple(unreadable))

    def webhook_app(self) -> str:
        """Return the stall's number: each has an address of its own."""
        return self._options.stall

    def is_signed(self, address: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether a note carries the stall's mark."""
        return orders.is_signed(self._options.key.get_secret_value(), headers, body)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Return the sale that a note names."""
        return orders.hints(body)

    def _apply(self, operation: Operation) -> Result:
        try:
            return self._write(operation)
        except ConnectorError as error:
            return Result(error=error)

    def _write(self, operation: Operation) -> Result:
        number, rendered = operation.remote_id, operation.rendered
        keys = _keys(operation)
        if operation.kind is Kind.CREATE:
            form = [
                ("ref", operation.ref.marker),
                *_content(rendered.fields),
                ("shelf", "on" if rendered.live else "off"),
            ]
            lines = [(offer, "", True, True) for offer in rendered.offers]
            once = operation.key or uuid.uuid4().hex
            good = self._client.create([*form, *_lines(rendered.option_names, lines)], once)
            return Result(_listing(good, keys))
        if operation.kind in (Kind.SHOW, Kind.HIDE):
            return Result(_listing(self._client.shelf(number, on=operation.kind is Kind.SHOW), keys))
        if operation.kind is Kind.DELETE:
            self._client.delete(number)
            return Result(RemoteListing(number, Status.DELETED))
        good, refused = self._client.put(number, self._whole(operation))
        found = _listing(good, keys)
        troubles = {str(line["@no"]): errors.refused(str(line["@code"])) for line in refused}
        by_key = {offer.key: troubles[offer.remote_id] for offer in found.offers if offer.remote_id in troubles}
        return Result(found, offer_errors={key: error for key, error in by_key.items() if key is not None})

    def _whole(self, operation: Operation) -> list[tuple[str, str]]:
        """Return the form of an UPDATE: what isn't to be written stays as it is there."""
        there = operation.known
        if there is None or not there.offers_complete or not set(operation.rendered.fields) <= set(there.fields):
            found = self.fetch_listing(operation.remote_id)
            there = _bind(found, _keys(operation))
        rendered = operation.rendered
        fields = {
            name: rendered.fields[name] if name in operation.fields else there.fields[name] for name in rendered.fields
        }
        if set(operation.offers) >= {offer.key for offer in rendered.offers} and operation.fields:
            numbers = {offer.key: offer.remote_id for offer in there.offers}
            lines = [(offer, numbers.get(offer.key, ""), True, True) for offer in rendered.offers]
            return [*_content(fields), *_lines(rendered.option_names, lines)]
        wanted = {offer.key: offer for offer in rendered.offers if offer.key in operation.offers}
        kept = [_kept(offer, wanted.get(offer.key or "")) for offer in there.offers]
        return [*_content(fields), *_lines(there.option_names, kept)]


_Line = tuple[RenderedOffer, str, bool, bool]


def _kept(there: RemoteOffer, wanted: RenderedOffer | None) -> _Line:
    shown = RenderedOffer(
        key=there.key or "",
        sku=there.sku,
        price=wanted.price if wanted else Decimal(0),
        quantity=wanted.quantity if wanted else 0,
        option_values=there.option_values,
        fields=there.fields,
    )
    return shown, there.remote_id, wanted is not None, wanted is not None


def _content(fields: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    yield "name", str(fields["title"])
    yield "text", str(fields["description"])
    yield "kind", str(fields["category"])
    yield "photos", " ".join(fields["pictures"])
    yield "maker", str(fields[BRAND])
    yield "used", "yes" if fields[CONDITION] == "used" else "no"
    yield "days", str(fields[DAYS])


def _lines(names: Sequence[str], lines: Sequence[_Line]) -> Iterator[tuple[str, str]]:
    for n, (offer, number, with_price, with_count) in enumerate(lines):
        if number:
            yield f"line.{n}.no", number
        yield f"line.{n}.code", offer.sku
        yield (
            f"line.{n}.pick",
            ";".join(f"{name}={value}" for name, value in zip(names, offer.option_values, strict=True)),
        )
        yield f"line.{n}.grams", str(offer.fields.get("grams", 0))
        if with_price:
            yield f"line.{n}.cents", str(cents(offer.price))
        if with_count:
            yield f"line.{n}.count", str(offer.quantity)


def _keys(operation: Operation) -> dict[str, str]:
    """Return our offer keys by line number, and by SKU where the line is new."""
    keys = {offer.sku: offer.key for offer in operation.rendered.offers}
    if operation.known is not None:
        keys |= {
            offer.sku: offer.key for offer in operation.known.offers if offer.key is not None and offer.sku not in keys
        }
        keys |= {f"#{offer.remote_id}": offer.key for offer in operation.known.offers if offer.key is not None}
    return keys


def _bind(listing: RemoteListing, keys: Mapping[str, str]) -> RemoteListing:
    offers = tuple(
        RemoteOffer(o.remote_id, o.sku, o.price, o.quantity, o.option_values, o.fields, _key(o.remote_id, o.sku, keys))
        for o in listing.offers
    )
    return RemoteListing(
        listing.remote_id, listing.status, listing.marker, listing.fields, listing.option_names, offers, True
    )


def _key(number: str, code: str, keys: Mapping[str, str]) -> str | None:
    return keys.get(f"#{number}") or keys.get(code)


def _listing(good: Mapping[str, Any], keys: Mapping[str, str] | None = None) -> RemoteListing:
    lines = many(good["lines"], "line")
    picks = [[pair.split("=", 1) for pair in str(line["pick"]).split(";") if pair] for line in lines]
    status = _STATUS[str(good["shelf"])]
    reason = str(good.get("reason") or "")
    return RemoteListing(
        remote_id=str(good["@no"]),
        status=status,
        marker=str(good["ref"]),
        fields={
            "title": str(good["name"]),
            "description": str(good["text"]),
            "category": str(good["kind"]),
            "pictures": str(good["photos"]).split(),
            BRAND: str(good["maker"]),
            CONDITION: "used" if good["used"] == "yes" else "new",
            DAYS: int(good["days"]),
        },
        option_names=tuple(name for name, _ in picks[0]) if picks else (),
        offers=tuple(
            RemoteOffer(
                remote_id=str(line["@no"]),
                sku=str(line["code"]),
                price=Decimal(int(line["cents"])) / 100,
                quantity=int(line["count"]),
                option_values=tuple(value for _, value in pick),
                fields={"grams": int(line["grams"])},
                key=_key(str(line["@no"]), str(line["code"]), keys) if keys else None,
            )
            for line, pick in zip(lines, picks, strict=True)
        ),
        offers_complete=True,
        reasons=(Words(f"Koperasi: {reason}", f"Koperasi: {reason}"),) if reason else (),
    )
