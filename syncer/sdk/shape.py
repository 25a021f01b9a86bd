"""A listing's option axes and variants in the form that platforms hold them: each text on one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from syncer.domain.listing import Picture, WantedListing, WantedOffer


def one_line(value: str) -> str:
    """Return ``value`` with all white space collapsed."""
    return " ".join(value.split())


@dataclass(frozen=True, slots=True)
class Shape:
    """Axis names, and the offers with one option value for each of them."""

    names: tuple[str, ...]
    offers: tuple[WantedOffer, ...]

    @classmethod
    def of(cls, listing: WantedListing) -> Shape:
        """Return the axes and variants of ``listing``."""
        return cls(
            tuple(one_line(name) for name in listing.option_names),
            tuple(
                replace(offer, option_values=tuple(one_line(value) for value in offer.option_values))
                for offer in listing.offers
            ),
        )

    def unfilled(self) -> list[str]:
        """Return the SKUs of offers that leave an option open, or have one too many."""
        axes = len(self.names)
        return [o.sku for o in self.offers if len(o.option_values) != axes or not all(o.option_values)]

    def twins(self) -> Iterator[tuple[str, str]]:
        """Yield the SKUs of two offers whose options differ in nothing but case: the first one, and each later one."""
        if not self.names:
            return
        first: dict[tuple[str, ...], str] = {}
        for offer in self.offers:
            known = first.setdefault(tuple(value.casefold() for value in offer.option_values), offer.sku)
            if known != offer.sku:
                yield known, offer.sku

    def option_images(self, pictures: Sequence[Picture]) -> dict[str, str]:
        """Return the remote id of a picture for each option of the first axis; only if every option has one.

        A picture belongs to the option of the variant whose SKU it names; the first such picture counts.
        """
        if not self.names:
            return {}
        by_sku = {picture.sku: picture.remote_id for picture in reversed(pictures) if picture.sku and picture.remote_id}
        images: dict[str, str] = {}
        for offer in self.offers:
            remote_id = by_sku.get(offer.sku)
            if remote_id:
                images.setdefault(offer.option_values[0] if offer.option_values else "", remote_id)
        complete = all(offer.option_values[:1] and offer.option_values[0] in images for offer in self.offers)
        return images if complete else {}
