"""Falling is urgent, rising is careful: what of a write makes more buyable, and what is left of it without that.

A write that makes more buyable goes out only after the account's orders were read: a sale there that we haven't
seen would be sold once more (docs/architecture.md, "Orders and the ledger"). Falls never wait for that,
not even for a rise of the same listing.
"""

from __future__ import annotations

from dataclasses import replace

from syncer.domain.listing import Rendered, RenderedOffer, Status
from syncer.sdk.contract import Info
from syncer.sdk.operations import Kind, Operation
from syncer.sync.difference import Difference
from syncer.sync.known import Known, KnownOffer, quantity_name, touched, under_way


def least(there: KnownOffer | None) -> int | None:
    """Return the least that an offer may show there now; ``None`` if nothing is known of it.

    While its number is unknown, what is kept of it is the least that it may be: acknowledged, or left by a sale.
    """
    return there.quantity if there is not None else 0


def may_rise(offer: RenderedOffer, there: KnownOffer | None) -> bool:
    """Return whether setting this offer's number may make more of it buyable: it isn't known to be no rise."""
    low = least(there)
    return offer.quantity > 0 and (low is None or offer.quantity > low)


def rises(operation: Operation, known: Known, info: Info) -> bool:
    """Return whether ``operation`` may make more buyable: a number, a new piece, a create, a bring-back."""
    rendered, kind = operation.rendered, operation.kind
    if kind in (Kind.HIDE, Kind.DELETE) or not rendered.live:
        return False
    if kind is Kind.CREATE:
        return any(offer.quantity > 0 for offer in rendered.offers)
    if _brings_back(operation, known, info) and any(least(offer) != 0 for offer in known.offers.values()):
        return True
    names = touched(under_way(operation))
    return any(
        quantity_name(offer.key) in names and may_rise(offer, known.offers.get(offer.key)) for offer in rendered.offers
    )


def _brings_back(operation: Operation, known: Known, info: Info) -> bool:
    """Whether it shows a listing that is hidden there, or may be. Without an operation of its own, any edit may."""
    if operation.kind is Kind.SHOW:
        return True
    return operation.kind is Kind.UPDATE and Kind.SHOW not in info.operations and known.status is Status.HIDDEN


def without_rises(
    difference: Difference, rendered: Rendered, known: Known, *, lower_unknown: bool
) -> tuple[Difference, Rendered]:
    """Return what of ``difference`` makes nothing more buyable, and ``rendered`` with no number above what is there.

    ``lower_unknown``: a number that isn't known is set to the least that it may be, so that it is too high no longer.
    Otherwise it waits for what it is to become.
    """
    rising = {offer.key for offer in rendered.offers if may_rise(offer, known.offers.get(offer.key))}
    there = known.offers
    unsure = {key for key in rising if key in there and there[key].quantity_unknown and there[key].quantity is not None}
    waits = rising - unsure if lower_unknown else rising
    numbers = {key: least(there.get(key)) or 0 for key in rising}
    offers = tuple(replace(offer, quantity=numbers.get(offer.key, offer.quantity)) for offer in rendered.offers)
    # A number that is wholly unknown can't be kept where the whole set of variants is written.
    keeps = all(least(there.get(key)) is not None for key in rising)
    left = replace(
        difference,
        create=False,
        stops=tuple(key for key in difference.stops if key not in waits),
        falls=tuple(key for key in difference.falls if key not in waits),
        rises=(),
        reshape=difference.reshape and keeps,
        status=None if difference.status is Kind.SHOW else difference.status,
    )
    return left, replace(rendered, offers=offers)
