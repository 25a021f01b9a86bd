"""Compare the wanted state with the acknowledged one, and choose the next write. Pure functions.

The comparison is on rendered values, so like is compared with like; an unknown value differs from everything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

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

    A listing that isn't there and isn't wanted live needs nothing.
    """
    if known.remote_id is None or known.status is Status.DELETED:
        return Difference(create=wanted == "live" and known.status is not Status.DELETED)
    if wanted == "deleted":
        return Difference(status=Kind.DELETE)
    show = wanted == "live" and rendered.live
    if not show:
        # A hidden listing can't be bought, so nothing else of it is worth a call.
        public = STATUS in known.unknown or known.status in _PUBLIC
        return Difference(status=Kind.HIDE if public else None)
    stock = _offers(rendered, known)
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
    return Difference(
        stops=tuple(lanes[Lane.STOP]),
        falls=tuple(lanes[Lane.FALL]),
        rises=tuple(lanes[Lane.RISE]),
        prices=tuple(prices),
    )


def _direction(offer: RenderedOffer, there: KnownOffer) -> Lane | None:
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
) -> Operation | None:
    """Return the next write, the most urgent first, or ``None`` if nothing (more) can be sent.

    ``stop_by`` names the step of the stop ladder that a blocked stop has come to; ``held`` are kinds that a brake
    holds. Problems of the content hold back content only. A listing is shown when everything else is in its place.
    """
    there = known.as_remote()

    def operation(kind: Kind, fields: Sequence[str] = (), offers: Sequence[str] = ()) -> Operation:
        return Operation(kind, ref, rendered, there, tuple(fields), tuple(offers))

    if difference.create:
        return None if rendered.problems else operation(Kind.CREATE)
    if difference.status in (Kind.HIDE, Kind.DELETE):
        kind = difference.status
        if kind in held:
            return None
        return operation(kind if kind in info.operations else Kind.UPDATE)
    if stop_by and difference.stops and Kind(stop_by) in info.operations and known.status is not Status.HIDDEN:
        return operation(Kind(stop_by))
    urgent = difference.stops + difference.falls + difference.rises
    if urgent:
        return operation(*_offer_write(Kind.STOCK, info, urgent))
    if difference.prices and Kind.PRICE not in held:
        return operation(*_offer_write(Kind.PRICE, info, difference.prices))
    if rendered.problems:
        return None
    if difference.reshape:
        if Kind.RESHAPE in info.operations:
            return operation(Kind.RESHAPE)
        return operation(Kind.UPDATE, tuple(rendered.fields), tuple(offer.key for offer in rendered.offers))
    if difference.fields:
        return operation(Kind.UPDATE, difference.fields)
    if difference.status is Kind.SHOW:
        return operation(Kind.SHOW if Kind.SHOW in info.operations else Kind.UPDATE)
    return None


def _offer_write(kind: Kind, info: Info, keys: Sequence[str]) -> tuple[Kind, tuple[str, ...], tuple[str, ...]]:
    if kind not in info.operations:
        return Kind.UPDATE, (), tuple(keys)
    shape = info.batches.get(kind)
    return kind, (), tuple(keys[: shape.offers] if shape else keys)
