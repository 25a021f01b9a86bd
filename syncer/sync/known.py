"""What we know to be on the channel: the acknowledged state, and which of it is unknown.

A value under way, or one whose write had no clear answer, is *unknown*: it differs from everything, so it is
read back or asserted again. Pure values; :mod:`syncer.sync.rows` loads and stores them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from syncer.domain.listing import Json, RemoteListing, RemoteOffer, Rendered, Status
from syncer.sdk.operations import Kind, Operation

#: Names in ``Known.unknown`` that are not content fields of the connector: whether it is shown; which variants,
#: SKUs and options there are.
STATUS, SHAPE = "*status", "*shape"
_OF_OFFERS = ("*price/", "*quantity/")


@dataclass(frozen=True, slots=True)
class KnownOffer:
    """What one offer of ours shows there, and whether its price or quantity may be another by now."""

    key: str
    remote_id: str
    sku: str
    price: Decimal | None = None
    quantity: int | None = None
    option_values: tuple[str, ...] = ()
    fields: Mapping[str, Json] = field(default_factory=dict)
    price_unknown: bool = False
    quantity_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The acknowledged state of one listing. ``remote_id`` ``None``: it isn't there, as far as we know.

    ``strangers`` are offers found there that are bound to none of our variants.
    """

    remote_id: str | None = None
    status: Status | None = None
    fields: Mapping[str, Json] = field(default_factory=dict)
    option_names: tuple[str, ...] = ()
    offers: Mapping[str, KnownOffer] = field(default_factory=dict)
    strangers: tuple[RemoteOffer, ...] = ()
    unknown: frozenset[str] = frozenset()
    extra: Mapping[str, Json] = field(default_factory=dict)

    def as_remote(self) -> RemoteListing | None:
        """Return this as a connector gets it; unknown prices and quantities are ``None``."""
        if self.remote_id is None:
            return None
        offers = tuple(
            RemoteOffer(
                remote_id=offer.remote_id,
                sku=offer.sku,
                price=None if offer.price_unknown else offer.price,
                quantity=None if offer.quantity_unknown else offer.quantity,
                option_values=offer.option_values,
                fields=offer.fields,
                key=offer.key,
            )
            for offer in self.offers.values()
        )
        return RemoteListing(
            remote_id=self.remote_id,
            status=self.status,
            fields={name: value for name, value in self.fields.items() if name not in self.unknown},
            option_names=self.option_names,
            offers=offers + self.strangers,
            offers_complete=SHAPE not in self.unknown,
            extra=self.extra,
        )

    @property
    def absent(self) -> bool:
        """Whether it isn't there: never made, or deleted there."""
        return self.remote_id is None or self.status is Status.DELETED

    @property
    def uncertain(self) -> bool:
        """Whether anything of this is unknown."""
        return bool(self.unknown) or any(o.price_unknown or o.quantity_unknown for o in self.offers.values())


def merge(known: Known, proved: RemoteListing, keys: Mapping[str, str]) -> Known:
    """Return ``known`` after a call proved ``proved``. ``keys`` maps our SKUs to offer keys.

    Whatever ``proved`` says is known from then on; what it doesn't say stays as it was (known or unknown).
    """
    named = set(proved.fields)
    unknown = known.unknown - named
    if proved.status is not None:
        unknown -= {STATUS}
    offers, strangers = dict(known.offers), known.strangers
    names = known.option_names
    if proved.offers_complete:
        unknown -= {SHAPE}
        offers, strangers = {}, ()
        names = proved.option_names
    for found in proved.offers:
        key = _bind(found, known, keys)
        if key is None:
            if proved.offers_complete:
                strangers = (*strangers, found)
            continue
        offers[key] = _merge_offer(key, known.offers.get(key), found)
    return replace(
        known,
        remote_id=proved.remote_id or known.remote_id,
        status=proved.status if proved.status is not None else known.status,
        fields={**known.fields, **proved.fields},
        option_names=names,
        offers=offers,
        strangers=strangers,
        unknown=unknown,
        extra={**known.extra, **proved.extra},
    )


def _bind(found: RemoteOffer, known: Known, keys: Mapping[str, str]) -> str | None:
    """Return our key for an offer found there: by the key it was sent with, by remote id, then by SKU."""
    if found.key is not None:
        return found.key
    if found.remote_id:
        for offer in known.offers.values():
            if offer.remote_id == found.remote_id:
                return offer.key
    if found.sku in keys:
        return keys[found.sku]
    return next((offer.key for offer in known.offers.values() if offer.sku and offer.sku == found.sku), None)


def _merge_offer(key: str, old: KnownOffer | None, found: RemoteOffer) -> KnownOffer:
    base = old or KnownOffer(key=key, remote_id=found.remote_id, sku=found.sku)
    return KnownOffer(
        key=key,
        remote_id=found.remote_id or base.remote_id,
        sku=found.sku or base.sku,
        price=base.price if found.price is None else found.price,
        quantity=base.quantity if found.quantity is None else found.quantity,
        option_values=found.option_values or base.option_values,
        fields={**base.fields, **found.fields},
        price_unknown=base.price_unknown and found.price is None,
        quantity_unknown=base.quantity_unknown and found.quantity is None,
    )


def under_way(operation: Operation) -> dict[str, Json]:
    """Return what ``operation`` writes, as JSON: committed before it is sent, unknown until it is recorded."""
    rendered, kind = operation.rendered, operation.kind
    offers: dict[str, dict[str, Json]] = {}
    for offer in rendered.offers:
        wants_price = kind in _WRITES_PRICE and (kind in _WRITES_ALL_OFFERS or offer.key in operation.offers)
        wants_stock = kind in _WRITES_STOCK and (kind in _WRITES_ALL_OFFERS or offer.key in operation.offers)
        if wants_price or wants_stock:
            offers[offer.key] = {"sku": offer.sku}
        if wants_price:
            offers[offer.key]["price"] = str(offer.price)
        if wants_stock:
            offers[offer.key]["quantity"] = offer.quantity
    fields = list(rendered.fields) if kind is Kind.CREATE else list(operation.fields)
    return {"kind": kind.value, "fields": fields, "offers": offers, "live": rendered.live}


_WRITES_ALL_OFFERS = frozenset({Kind.CREATE, Kind.RESHAPE})
_WRITES_PRICE = frozenset({Kind.CREATE, Kind.RESHAPE, Kind.UPDATE, Kind.PRICE})
_WRITES_STOCK = frozenset({Kind.CREATE, Kind.RESHAPE, Kind.UPDATE, Kind.STOCK})


def touched(write: Mapping[str, Json]) -> frozenset[str]:
    """Return the names of all that the write ``write`` (see :func:`under_way`) may change.

    Those are content fields, STATUS, SHAPE, and :func:`price_name` and :func:`quantity_name` of offers.
    """
    kind = Kind(write["kind"])
    names: set[str] = set(write["fields"])
    if kind in (Kind.SHOW, Kind.HIDE, Kind.DELETE):
        names.add(STATUS)
    if kind is Kind.RESHAPE:
        names.add(SHAPE)
    for key, values in write["offers"].items():
        names |= {f"*{name}/{key}" for name in ("price", "quantity") if name in values}
    return frozenset(names)


def price_name(key: str) -> str:
    """Return the name of an offer's price in sets such as ``touched`` returns."""
    return f"*price/{key}"


def quantity_name(key: str) -> str:
    """Return the name of an offer's quantity in such sets."""
    return f"*quantity/{key}"


def make_unknown(known: Known, names: Collection[str]) -> Known:
    """Return ``known`` with everything called ``names`` (see :func:`touched`) unknown."""
    offers = {
        key: replace(
            old,
            price_unknown=old.price_unknown or price_name(key) in names,
            quantity_unknown=old.quantity_unknown or quantity_name(key) in names,
        )
        for key, old in known.offers.items()
    }
    return replace(
        known, unknown=known.unknown | {name for name in names if not name.startswith(_OF_OFFERS)}, offers=offers
    )


def unknown_names(known: Known) -> frozenset[str]:
    """Return the names of all that is unknown."""
    offers = known.offers.values()
    prices = {price_name(offer.key) for offer in offers if offer.price_unknown or offer.price is None}
    counts = {quantity_name(offer.key) for offer in offers if offer.quantity_unknown or offer.quantity is None}
    return known.unknown | prices | counts


def take(known: Known, seen: Known, names: Collection[str]) -> Known:
    """Return ``known`` with those of its values that are called ``names`` as in ``seen``, and what it did not have."""
    fields = {
        name: seen.fields.get(name, known.fields.get(name)) if name in names or name not in known.fields else value
        for name, value in {**seen.fields, **known.fields}.items()
    }
    shape = SHAPE in names
    keys = seen.offers if shape else known.offers
    return replace(
        known,
        status=seen.status if STATUS in names or known.status is None else known.status,
        fields=fields,
        option_names=seen.option_names if shape else known.option_names,
        offers={key: _take_offer(known.offers.get(key), seen.offers.get(key), names, shape) for key in keys},
        strangers=seen.strangers if shape else known.strangers,
        unknown=known.unknown - (set(names) - seen.unknown),
        extra=seen.extra,
    )


def _take_offer(old: KnownOffer | None, new: KnownOffer | None, names: Collection[str], shape: bool) -> KnownOffer:
    if old is None or new is None:
        found = new or old
        assert found is not None
        return found
    base = new if shape else old
    price_from = new if price_name(old.key) in names else old
    quantity_from = new if quantity_name(old.key) in names else old
    return replace(
        base,
        remote_id=new.remote_id,
        price=price_from.price,
        price_unknown=price_from.price_unknown,
        quantity=quantity_from.quantity,
        quantity_unknown=quantity_from.quantity_unknown,
    )


def settle_unknown(known: Known) -> Known:
    """Return ``known`` after a look that did not show everything: what it left open counts as different.

    Otherwise a field that the channel never shows would be looked for again and again instead of being written.
    """
    if not known.uncertain:
        return known
    offers = {
        key: replace(
            offer,
            price=None if offer.price_unknown else offer.price,
            quantity=None if offer.quantity_unknown else offer.quantity,
            price_unknown=False,
            quantity_unknown=False,
        )
        for key, offer in known.offers.items()
    }
    fields = {name: value for name, value in known.fields.items() if name not in known.unknown}
    return replace(known, offers=offers, fields=fields, unknown=frozenset())


def sku_keys(rendered: Rendered) -> dict[str, str]:
    """Return our offer keys by SKU, for binding what is found there."""
    return {offer.sku: offer.key for offer in rendered.offers}
