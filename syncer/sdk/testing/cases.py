"""The cases of the suite, as data: shapes of listings, what is over a limit, changes of one thing, faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from syncer.domain.listing import WantedListing
from syncer.sdk.contract import PublishesListings
from syncer.sdk.errors import Recovery
from syncer.sdk.testing.builders import money, pictures, with_offer
from syncer.sdk.testing.checks import Applies, implements

PUBLISHES = implements(PublishesListings)
_MANY = 12


def _needs_axes(count: int) -> Applies:
    return lambda connector: connector.info.max_axes >= count


def _all(*applies: Applies) -> Applies:
    return lambda connector: all(one(connector) for one in applies)


def _long_value(wanted: WantedListing) -> WantedListing:
    first = wanted.offers[0]
    return with_offer(wanted, first.key, option_values=("Merah tua sekali " * 200, *first.option_values[1:]))


def _too_many_axes(wanted: WantedListing, axes: int) -> WantedListing:
    names = tuple(f"Pilihan {n}" for n in range(axes))
    values = tuple(f"Nilai {n}" for n in range(axes))
    return replace(wanted, option_names=names, offers=(replace(wanted.offers[0], option_values=values),))


def _too_many_variants(wanted: WantedListing, count: int) -> WantedListing:
    first = wanted.offers[0]
    offers = [replace(first, key=f"k{n}", sku=f"BANYAK-{n}", option_values=(f"Corak {n}",)) for n in range(count)]
    return replace(wanted, offers=tuple(offers))


#: The shapes a listing is made in, and which connectors can make it.
SHAPES: dict[str, tuple[dict[str, Any], Applies]] = {
    "no axes": ({}, PUBLISHES),
    "one axis": ({"axes": 1}, _needs_axes(1)),
    "two axes": ({"axes": 2}, _needs_axes(2)),
    "many variants": ({"axes": 1, "variants": _MANY}, _all(_needs_axes(1), lambda c: c.info.max_offers >= _MANY)),
    "one picture": ({"pictures": pictures(3)}, PUBLISHES),
    "emoji and accents": ({"title": "Mangkuk Jati “Éla” 🪵 & kawan", "axes": 0}, PUBLISHES),
    "nothing in stock": ({"offers": "empty"}, PUBLISHES),
    "hidden from buyers": ({"live": False}, PUBLISHES),
}

#: What is over every platform's limit, as a change of a good listing.
OVER: dict[str, tuple[Callable[[WantedListing], WantedListing], Applies]] = {
    "title": (lambda w: replace(w, title="Mangkuk jati " * 400), PUBLISHES),
    "empty title": (lambda w: replace(w, title=""), PUBLISHES),
    "description": (lambda w: replace(w, description="Dibuat dengan tangan. " * 40_000), PUBLISHES),
    "no pictures": (lambda w: replace(w, pictures=()), PUBLISHES),
    "pictures": (lambda w: replace(w, pictures=pictures(*range(16)) * 20), PUBLISHES),
    "price": (lambda w: with_offer(w, w.offers[0].key, price=Decimal("99999999999999")), PUBLISHES),
    "price of nothing": (lambda w: with_offer(w, w.offers[0].key, price=Decimal("0.004")), PUBLISHES),
    "quantity": (lambda w: with_offer(w, w.offers[0].key, quantity=10**15), PUBLISHES),
    "option value": (_long_value, _needs_axes(1)),
    "axes": (lambda w: _too_many_axes(w, 9), PUBLISHES),
    "variants": (lambda w: _too_many_variants(w, 2500), _needs_axes(1)),
}


Change = Callable[[WantedListing], WantedListing]


def _first(**values: object) -> Change:
    return lambda wanted: with_offer(wanted, wanted.offers[0].key, **values)


def _price(wanted: WantedListing) -> WantedListing:
    return with_offer(wanted, wanted.offers[0].key, price=money(199_000, wanted.currency))


def _reorder(wanted: WantedListing) -> WantedListing:
    return replace(wanted, pictures=wanted.pictures[::-1])


def _weights(wanted: WantedListing) -> WantedListing:
    return replace(wanted, offers=tuple(replace(offer, weight_g=1250) for offer in wanted.offers))


def _sizes(wanted: WantedListing) -> WantedListing:
    sized = (replace(o, length_mm=310, width_mm=220, height_mm=130) for o in wanted.offers)
    return replace(wanted, offers=tuple(sized))


def _rename_axis(wanted: WantedListing) -> WantedListing:
    return replace(wanted, option_names=("Corak", *wanted.option_names[1:]))


#: Each change of one thing, on a listing with one axis (or none, where the platform has none).
CHANGES: dict[str, Change] = {
    "title": lambda w: replace(w, title="Mangkuk jati, judul baru"),
    "description": lambda w: replace(w, description=w.description + "\nBaris baru: aman untuk makanan."),
    "story": lambda w: replace(w, story="Ibu Sari mengukir sejak berumur dua belas tahun."),
    "materials": lambda w: replace(w, materials=("kayu jati", "minyak kelapa")),
    "price": _price,
    "stock": _first(quantity=9),
    "stock of nothing": _first(quantity=0),
    "pictures": lambda w: replace(w, pictures=(*w.pictures, *pictures(4))),
    "one picture less": lambda w: replace(w, pictures=w.pictures[:1]),
    "order of pictures": _reorder,
    "weight": _weights,
    "size": _sizes,
    "condition": lambda w: replace(w, condition="used"),
    "made to order": lambda w: replace(w, made_to_order_days=7),
    "SKU": _first(sku="NAMA-BARU-1"),
    "barcode": _first(barcode="8991234567890"),
    "option value": _first(option_values=("Jingga",)),
    "option name": _rename_axis,
}

#: Changes whose new value depends on the platform; the suite class gives it.
OWN_CHANGES = ("category", "brand", "attributes")
_NEED_AXES = frozenset({"option value", "option name"})


def change_names(connector: type) -> list[str]:
    """Return the changes that make sense for a connector."""
    axes: int = connector.info.max_axes  # type: ignore[attr-defined]
    return [name for name in (*CHANGES, *OWN_CHANGES) if axes or name not in _NEED_AXES]


_UNKNOWN = frozenset({Recovery.READ_BACK})
_BEFORE = frozenset({Recovery.READ_BACK, Recovery.RETRY})

#: Each fault of a write: how it is ordered at the sandbox, and which recoveries are right.
FAULTS: dict[str, tuple[str, dict[str, Any], frozenset[Recovery]]] = {
    "a slow answer": ("latency", {"ms": 1200}, _UNKNOWN),
    "a lost answer": ("answer_lost", {}, _UNKNOWN),
    "a late write": ("late_write", {"ms": 250}, _UNKNOWN),
    "an error before": ("error_before", {}, _BEFORE),
    "an error after": ("error_after", {}, _UNKNOWN),
    "a JSON error after": ("error_after", {"shape": "json", "status": 500}, _UNKNOWN),
    "a rate limit": ("rate_limited", {"ms": 7000}, frozenset({Recovery.RETRY_AT})),
    "a dead sign-in": ("token_revoked", {}, frozenset({Recovery.SIGN_IN_AGAIN})),
}

#: What the faults strike.
DURING = ("a create", "an edit", "a stock change", "a price change", "hiding")


#: Each fault of a read, by its kind at the sandbox.
READ_FAULTS = {
    "a slow answer": "latency",
    "a lost answer": "answer_lost",
    "an error": "error_before",
    "a rate limit": "rate_limited",
    "a dead sign-in": "token_revoked",
}
