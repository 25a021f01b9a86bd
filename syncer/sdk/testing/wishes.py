"""What the checks wish for: good listings for whichever platform, and changes of them. Subclasses may override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from syncer.domain.listing import WantedListing
from syncer.domain.taxonomy import RemoteAttribute
from syncer.sdk.contract import HasTaxonomy
from syncer.sdk.testing import builders
from syncer.sdk.testing.bench import Bench
from syncer.sdk.testing.cases import CHANGES, SHAPES


class Wishes:
    """Makes the listings that a suite's checks publish."""

    #: Names of checks that can't pass, and why.
    gaps: ClassVar[Mapping[str, str]] = {}
    #: A brand that the platform knows.
    brand: ClassVar[str] = "Anyam Setu"

    def listing(self, bench: Bench, *, marker: str | None = None, **values: Any) -> WantedListing:
        """Return a good listing in the account's currency; ``values`` as for :func:`builders.listing`."""
        made = builders.listing(marker=marker or bench.marker(), currency=bench.currency(), **values)
        return self.prepare(bench, made)

    def shaped(self, bench: Bench, shape: str) -> WantedListing:
        """Return a listing of one of the shapes."""
        values = dict(SHAPES[shape][0])
        empty = values.pop("offers", None) == "empty"
        made = self.listing(bench, **values)
        return replace(made, offers=tuple(replace(o, quantity=0) for o in made.offers)) if empty else made

    def change(self, bench: Bench, wanted: WantedListing, change: str) -> WantedListing:
        """Return ``wanted`` with one thing changed."""
        return CHANGES[change](wanted) if change in CHANGES else self.own_change(bench, wanted, change)

    def prepare(self, bench: Bench, wanted: WantedListing) -> WantedListing:
        """Return ``wanted`` with what the platform asks for: by its own tree and attributes, if it has them."""
        if not isinstance(bench.driver.connector, HasTaxonomy):
            return wanted
        categories = bench.once("categories", lambda: self._categories(bench))
        assert categories, "no category takes listings whose mandatory attributes can be filled"
        category, attributes = categories[0]
        return replace(wanted, category=category, attributes={**_mandatory(attributes), **wanted.attributes})

    def own_change(self, bench: Bench, wanted: WantedListing, change: str) -> WantedListing:
        """Return ``wanted`` with another ``category``, ``brand`` or ``attributes``."""
        if change == "brand":
            return replace(wanted, brand=self.brand)
        if not isinstance(bench.driver.connector, HasTaxonomy):
            if change == "category":
                return replace(wanted, category_key="basketry")
            return replace(wanted, attributes={"material": "kayu jati"})
        categories = bench.once("categories", lambda: self._categories(bench))
        if change == "category":
            assert len(categories) > 1, "there is no other category to change to"
            category, attributes = categories[1]
            return replace(wanted, category=category, attributes=_mandatory(attributes))
        return replace(wanted, attributes=_another(wanted, categories[0][1]))

    def _categories(self, bench: Bench) -> list[tuple[str, list[RemoteAttribute]]]:
        """Return up to two usable categories with their attributes."""
        connector = bench.driver.connector
        found: list[tuple[str, list[RemoteAttribute]]] = []
        for category in connector.fetch_categories():
            if category.usable and len(found) < 2:
                found.append((category.id, list(connector.fetch_attributes(category.id))))
        return found


def _mandatory(attributes: list[RemoteAttribute]) -> dict[str, Any]:
    return {one.id: _value(one, 0) for one in attributes if one.mandatory}


def _another(wanted: WantedListing, attributes: list[RemoteAttribute]) -> dict[str, Any]:
    for one in attributes:
        for value in (_value(one, 0), _value(one, 1)):
            if wanted.attributes.get(one.id) != value:
                return {**wanted.attributes, one.id: value}
    raise AssertionError("no attribute has a value to change to")


def _value(attribute: RemoteAttribute, number: int) -> str:
    if attribute.values:
        return attribute.values[number % len(attribute.values)][0]
    return ("Kayu", "Rotan")[number]
