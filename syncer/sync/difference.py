"""Compare the wanted state with the acknowledged one, and choose the next write. Pure functions.

The comparison is on rendered values, so like is compared with like; an unknown value differs from everything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from syncer.domain.listing import Rendered, RenderedOffer, Status
from syncer.sdk.contract import Info
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.store.marks import Due, Lane
from syncer.sync.known import SHAPE, STATUS, Known, KnownOffer

_PUBLIC = frozenset({Status.LIVE, Status.REVIEW})


@dataclass(frozen=True, slots=True)
class Difference:
    """What still differs between the wanted state and what is there, by how urgent it is.

    ``stops``, ``falls``, ``rises`` and ``prices`` hold offer keys; ``fields`` the content fields to write.
    ``reshape``: option axes, SKUs or the set of variants differ. ``status`` is SHOW, HIDE or DELETE, or nothing.
    """

    create: bool = False
    stops: tuple[str, ...] = ()
    falls: tuple[str, ...] = ()
    rises: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    reshape: bool = False
    status: Kind | None = None

    @property
    def anything(self) -> bool:
        """Whether anything differs."""
        return self.lane is not Lane.IDLE

    @property
    def content(self) -> bool:
        """Whether content differs (which problems of the listing hold back)."""
        return self.create or self.reshape or bool(self.fields) or self.status is Kind.SHOW

    @property
    def lane(self) -> Lane:
        """The most urgent lane of it."""
        if self.stops or self.status in (Kind.HIDE, Kind.DELETE):
            return Lane.STOP
        if self.falls:
            return Lane.FALL
        if self.rises:
            return Lane.RISE
        if self.prices:
            return Lane.PRICE
        return Lane.CONTENT if self.content else Lane.IDLE

    @property
    def due(self) -> Due:
        """What of the listing is due because of this."""
        due = Due(0)
        if self.stops or self.falls or self.rises:
            due |= Due.STOCK
        if self.prices:
            due |= Due.PRICE
        if self.content or self.status is not None:
            due |= Due.CONTENT
        return due


def compare(
    rendered: Rendered, known: Known, info: Info, *, wanted: str, skip: frozenset[str] = frozenset()
) -> Difference:
    """Return what differs. ``wanted`` is live, hidden or deleted; ``skip`` names fields that are not judged now.

    A listing that isn't there and isn't wanted live needs nothing. One that is to be withdrawn needs only that, and
    its stock for as long as it can't be.
    """
    if known.absent:
        return Difference(create=wanted == "live")
    stock = _offers(rendered, known)
    if wanted == "deleted" or not (wanted == "live" and rendered.live):
        public = STATUS in known.unknown or known.status in _PUBLIC
        if wanted == "deleted":
            return replace(stock if public else Difference(), prices=(), status=Kind.DELETE)
        return replace(stock, prices=(), status=Kind.HIDE) if public else Difference()
    reshape = _shape_differs(rendered, known)
    fields = _fields(rendered, known, info, skip)
    shown = STATUS not in known.unknown and known.status is not Status.HIDDEN
    return Difference(
        stops=stock.stops,
        falls=stock.falls,
        rises=stock.rises,
        prices=stock.prices,
        fields=fields,
        reshape=reshape,
        status=None if shown else Kind.SHOW,
    )


def _offers(rendered: Rendered, known: Known) -> Difference:
    lanes: dict[Lane, list[str]] = {Lane.STOP: [], Lane.FALL: [], Lane.RISE: []}
    prices: list[str] = []
    for offer in rendered.offers:
        there = known.offers.get(offer.key)
        if there is None:
            continue
        if there.price_unknown or there.price != offer.price:
            prices.append(offer.key)
        direction = _direction(offer, there)
        if direction is not None:
            lanes[direction].append(offer.key)
    # A variant that is no more must not be sold while the listing still shows it.
    gone = _leftovers(rendered, known)
    lanes[Lane.STOP] += [one.key for one in gone if _direction(one, known.offers[one.key]) is not None]
    return Difference(
        stops=tuple(lanes[Lane.STOP]),
        falls=tuple(lanes[Lane.FALL]),
        rises=tuple(lanes[Lane.RISE]),
        prices=tuple(prices),
    )


def _leftovers(rendered: Rendered, known: Known) -> list[RenderedOffer]:
    """Return the offers that are there and wanted no more, as sold out."""
    wanted = {offer.key for offer in rendered.offers}
    if known.offers.keys() <= wanted:
        return []
    return [
        RenderedOffer(offer.key, offer.sku, offer.price or Decimal(0), 0, offer.option_values, offer.fields)
        for offer in known.offers.values()
        if offer.key not in wanted
    ]


def _direction(offer: RenderedOffer, there: KnownOffer) -> Lane | None:
    """Return how urgent it is to write this offer's number, or ``None`` if it is right."""
    if there.quantity_unknown or there.quantity is None:
        # An unknown number may be too high: treat it as the worse case.
        return Lane.STOP if offer.quantity == 0 else Lane.FALL
    if there.quantity == offer.quantity:
        return None
    if offer.quantity == 0:
        return Lane.STOP
    return Lane.FALL if offer.quantity < there.quantity else Lane.RISE


def _shape_differs(rendered: Rendered, known: Known) -> bool:
    if SHAPE in known.unknown or known.strangers:
        return True
    if set(known.offers) != {offer.key for offer in rendered.offers}:
        return True
    if rendered.option_names != known.option_names:
        return True
    return any(
        offer.sku != known.offers[offer.key].sku
        or offer.option_values != known.offers[offer.key].option_values
        or any(known.offers[offer.key].fields.get(name) != value for name, value in offer.fields.items())
        for offer in rendered.offers
    )


def _fields(rendered: Rendered, known: Known, info: Info, skip: frozenset[str]) -> tuple[str, ...]:
    missing = object()
    return tuple(
        name
        for name, value in rendered.fields.items()
        if name in info.editable_fields
        and name not in skip
        and (name in known.unknown or known.fields.get(name, missing) != value)
    )


def next_operation(
    difference: Difference,
    ref: ListingRef,
    rendered: Rendered,
    known: Known,
    info: Info,
    *,
    stop_by: str | None = None,
    held: Collection[Kind] = (),
    stock_only: bool = False,
) -> Operation | None:
    """Return the next write, the most urgent first, or ``None`` if nothing (more) can be sent.

    ``stop_by`` names the step of the stop ladder that a blocked stop has come to; ``held`` are kinds that a brake
    holds; ``stock_only``: the rest waits for a person. Problems of the content hold back content only. A listing is
    shown when everything else is in its place.
    """
    there = known.as_remote()

    def operation(kind: Kind, fields: Sequence[str] = (), offers: Sequence[str] = ()) -> Operation:
        return Operation(kind, ref, rendered, there, tuple(fields), tuple(offers))

    if difference.create:
        return None if rendered.problems or stock_only else replace(operation(Kind.CREATE), known=None)
    if difference.status in (Kind.HIDE, Kind.DELETE) and difference.status not in held:
        emptying = _emptying(rendered, known, info, operation) if stop_by == Kind.STOCK.value else None
        return emptying or operation(difference.status if difference.status in info.operations else Kind.UPDATE)
    if stop_by and difference.stops and Kind(stop_by) in info.operations and known.status is not Status.HIDDEN:
        return operation(Kind(stop_by))
    urgent = difference.stops + difference.falls + difference.rises
    if urgent:
        whole = replace(rendered, offers=(*rendered.offers, *_leftovers(rendered, known)))
        return replace(operation(*_offer_write(Kind.STOCK, info, urgent)), rendered=whole)
    if stock_only:
        return None
    # Variants that go are gone before prices move: channels judge a price by those of its siblings.
    dropping = bool(_leftovers(rendered, known)) and Kind.RESHAPE in info.operations and not rendered.problems
    if difference.prices and Kind.PRICE not in held and not dropping:
        return operation(*_offer_write(Kind.PRICE, info, difference.prices))
    return None if rendered.problems else _content_operation(difference, rendered, info, operation)


def _content_operation(
    difference: Difference, rendered: Rendered, info: Info, operation: Callable[..., Operation]
) -> Operation | None:
    if difference.reshape:
        if Kind.RESHAPE in info.operations:
            return operation(Kind.RESHAPE)
        return operation(Kind.UPDATE, tuple(rendered.fields), tuple(offer.key for offer in rendered.offers))
    if difference.fields:
        return operation(Kind.UPDATE, difference.fields)
    if difference.status is Kind.SHOW:
        return operation(Kind.SHOW if Kind.SHOW in info.operations else Kind.UPDATE)
    return None


def _emptying(rendered: Rendered, known: Known, info: Info, operation: Callable[..., Operation]) -> Operation | None:
    """Return the write that leaves nothing to buy of a listing that can't be withdrawn now; ``None`` if it is so."""
    on_sale = [offer.key for offer in known.offers.values() if offer.quantity_unknown or offer.quantity != 0]
    if not on_sale:
        return None
    offers = (replace(offer, quantity=0) for offer in (*rendered.offers, *_leftovers(rendered, known)))
    write = operation(*_offer_write(Kind.STOCK, info, on_sale))
    return replace(write, rendered=replace(rendered, offers=tuple(offers)))


def with_known_prices(rendered: Rendered, known: Known) -> Rendered:
    """Return ``rendered`` with the prices that are there: a brake holds the new ones, whatever the call carries."""
    prices = {offer.key: offer.price for offer in known.offers.values() if offer.price is not None}
    offers = tuple(replace(offer, price=prices.get(offer.key, offer.price)) for offer in rendered.offers)
    return replace(rendered, offers=offers)


def _offer_write(kind: Kind, info: Info, keys: Sequence[str]) -> tuple[Kind, tuple[str, ...], tuple[str, ...]]:
    if kind not in info.operations:
        return Kind.UPDATE, (), tuple(keys)
    shape = info.batches.get(kind)
    return kind, (), tuple(keys[: shape.offers] if shape else keys)
