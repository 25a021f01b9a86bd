"""What differs, what to send next, and what is known afterwards: the driver's pure half."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from syncer.domain.listing import RemoteListing, RemoteOffer, Rendered, Status, WantedListing
from syncer.sdk.contract import Info
from syncer.sdk.operations import Kind, ListingRef, Operation

_PUBLIC = frozenset({Status.LIVE, Status.REVIEW, None})
_WRITES_PRICE = frozenset({Kind.CREATE, Kind.RESHAPE, Kind.UPDATE, Kind.PRICE})
_WRITES_STOCK = frozenset({Kind.CREATE, Kind.RESHAPE, Kind.UPDATE, Kind.STOCK})


def ref_of(wanted: WantedListing) -> ListingRef:
    """Return by what the listing of ``wanted`` is recognised."""
    return ListingRef(wanted.marker, tuple(offer.sku for offer in wanted.offers))


def next_operation(
    info: Info, rendered: Rendered, known: RemoteListing | None, ref: ListingRef, state: str
) -> Operation | None:
    """Return the next write, the most urgent first; ``None`` if nothing differs or nothing may be sent."""

    def write(kind: Kind, fields: Sequence[str] = (), offers: Sequence[str] = ()) -> Operation:
        return Operation(kind, ref, rendered, known, tuple(fields), tuple(offers))

    if known is None or known.status is Status.DELETED:
        wanted = known is None and state == "live" and not rendered.problems
        return write(Kind.CREATE) if wanted else None
    if state == "deleted":
        return write(Kind.DELETE)
    show = state == "live" and rendered.live
    if not show and known.status in _PUBLIC:
        return write(Kind.HIDE if Kind.HIDE in info.operations else Kind.UPDATE)
    for kind in (Kind.STOCK, Kind.PRICE):
        keys = [key for key, what in _offer_differences(rendered, known) if what is kind]
        if keys and kind in info.operations:
            shape = info.batches.get(kind)
            return write(kind, (), keys[: shape.offers] if shape else keys)
        if keys:
            return write(Kind.UPDATE, (), keys)
    if rendered.problems:
        return None
    if _shape_differs(rendered, known):
        if Kind.RESHAPE in info.operations:
            return write(Kind.RESHAPE)
        return write(Kind.UPDATE, tuple(rendered.fields), [offer.key for offer in rendered.offers])
    fields = _field_differences(info, rendered, known)
    if fields:
        return write(Kind.UPDATE, fields)
    if show and known.status is Status.HIDDEN:
        return write(Kind.SHOW if Kind.SHOW in info.operations else Kind.UPDATE)
    return None


def differences(info: Info, rendered: Rendered, known: RemoteListing | None) -> list[str]:
    """Return what differs between the wanted state and what is known, in words for the reader of a failed test."""
    if known is None:
        return ["the listing is not there"]
    found = [f"{what} of {key}" for key, what in _offer_differences(rendered, known)]
    if _shape_differs(rendered, known):
        found.append(f"shape: {_shape(rendered)} wanted, {_shape(known)} there")
    found += [
        f"{name}: {rendered.fields[name]!r} wanted, {known.fields.get(name, 'nothing')!r} there"
        for name in _field_differences(info, rendered, known)
    ]
    if known.status in (Status.LIVE, Status.HIDDEN) and (known.status is Status.LIVE) != rendered.live:
        found.append(f"status: {known.status}")
    return found


def _offer_differences(rendered: Rendered, known: RemoteListing) -> Iterator[tuple[str, Kind]]:
    for offer in rendered.offers:
        there = known.offer(offer.key)
        if there is None:
            continue
        if there.quantity != offer.quantity:
            yield offer.key, Kind.STOCK
        if there.price != offer.price:
            yield offer.key, Kind.PRICE


def _shape_differs(rendered: Rendered, known: RemoteListing) -> bool:
    if not known.offers_complete or _shape(rendered) != _shape(known):
        return True
    there = {offer.key: offer.fields for offer in known.offers}
    return any(there[offer.key].get(name) != value for offer in rendered.offers for name, value in offer.fields.items())


def _shape(listing: Rendered | RemoteListing) -> tuple[Any, ...]:
    offers = {offer.key: (offer.sku, offer.option_values) for offer in listing.offers}
    return (listing.option_names, len(listing.offers), offers)


def _field_differences(info: Info, rendered: Rendered, known: RemoteListing) -> list[str]:
    missing = object()
    return [
        name
        for name, value in rendered.fields.items()
        if name in info.editable_fields and known.fields.get(name, missing) != value
    ]


def bind(found: RemoteListing, known: RemoteListing | None, wanted: WantedListing) -> RemoteListing:
    """Return ``found`` with our keys: by the key it carries, by remote id, then by SKU."""
    by_id = {offer.remote_id: offer.key for offer in known.offers if offer.key} if known else {}
    by_sku = {offer.sku: offer.key for offer in wanted.offers}
    by_old_sku = {offer.sku: offer.key for offer in known.offers if offer.key} if known else {}
    offers: list[RemoteOffer] = []
    for offer in found.offers:
        key = offer.key or by_id.get(offer.remote_id) or by_sku.get(offer.sku) or by_old_sku.get(offer.sku)
        offers.append(replace(offer, key=key))
    return replace(found, offers=tuple(offers))


def merge(known: RemoteListing | None, proved: RemoteListing, wanted: WantedListing) -> RemoteListing:
    """Return what is known after an answer: what ``proved`` says, and for the rest what was known before."""
    proved = bind(proved, known, wanted)
    if known is None:
        return proved
    offers = {offer.key or offer.remote_id: offer for offer in known.offers}
    merged = {
        offer.key or offer.remote_id: _merge_offer(offers.get(offer.key or offer.remote_id), offer)
        for offer in proved.offers
    }
    return RemoteListing(
        remote_id=proved.remote_id or known.remote_id,
        status=proved.status if proved.status is not None else known.status,
        marker=proved.marker if proved.marker is not None else known.marker,
        fields={**known.fields, **proved.fields},
        option_names=proved.option_names if proved.offers_complete else known.option_names,
        offers=tuple((merged if proved.offers_complete else {**offers, **merged}).values()),
        offers_complete=proved.offers_complete or known.offers_complete,
        reasons=proved.reasons or known.reasons,
        extra={**known.extra, **proved.extra},
    )


def _merge_offer(old: RemoteOffer | None, new: RemoteOffer) -> RemoteOffer:
    if old is None:
        return new
    return RemoteOffer(
        remote_id=new.remote_id or old.remote_id,
        sku=new.sku or old.sku,
        price=old.price if new.price is None else new.price,
        quantity=old.quantity if new.quantity is None else new.quantity,
        option_values=new.option_values or old.option_values,
        fields={**old.fields, **new.fields},
        key=new.key or old.key,
    )


def unknown_after(known: RemoteListing | None, operation: Operation, lost: bool) -> RemoteListing | None:
    """Return ``known`` without what the operation wrote: only its answer, or a read, can say that it is there."""
    if known is None:
        return None
    kind, offers = operation.kind, []
    for offer in known.offers:
        touched = kind in (Kind.CREATE, Kind.RESHAPE) or offer.key in operation.offers
        price = None if touched and kind in _WRITES_PRICE and kind is not Kind.RESHAPE else offer.price
        quantity = None if touched and kind in _WRITES_STOCK and kind is not Kind.RESHAPE else offer.quantity
        offers.append(replace(offer, price=price, quantity=quantity))
    moves = kind in (Kind.SHOW, Kind.HIDE, Kind.DELETE)
    shapes = kind is Kind.RESHAPE or bool(kind is Kind.UPDATE and operation.offers and operation.fields)
    return replace(
        known,
        status=None if moves or lost else known.status,
        fields={name: value for name, value in known.fields.items() if name not in operation.fields},
        offers=tuple(offers),
        offers_complete=known.offers_complete and not shapes,
    )


def uncertain(info: Info, operation: Operation, known: RemoteListing) -> bool:
    """Return whether something that the operation wrote is not known after its answer."""
    if known.status is Status.DELETED:
        return False
    names = operation.rendered.fields if operation.kind is Kind.CREATE else operation.fields
    return (
        known.status is None
        or not known.offers_complete
        or any(name not in known.fields for name in names if name in info.editable_fields)
        or any(offer.price is None or offer.quantity is None for offer in known.offers)
    )
