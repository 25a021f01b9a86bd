"""Find which of our products a listing is: exactly by SKU or marker, else a guess by title and options, with a score.

Exact always wins. A guess is never more than a proposal: shops stuff their titles, and two bowls that differ in a
number are two bowls.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from syncer.domain.listing import RemoteListing, RemoteOffer
from syncer.domain.product import ProductStatus
from syncer.store.tables import product, sku_alias, variant
from syncer.sync.adopting.plan import By

#: Below this a guess is no proposal.
LEAST_SCORE = 60.0
#: Two products that fit within so many points of each other fit equally well.
TIE = 3.0
#: What another number in the title costs: 30 cm is not 40 cm.
_OTHER_NUMBER = 25.0
#: With one word against another ("besar" against "kecil") two titles fit at most this well: a person looks first.
_OTHER_WORD_MOST, _EACH_OTHER_WORD = 85.0, 5.0
#: From here on two words are one, spelt in two ways.
_SAME_WORD = 85.0
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class OurVariant:
    """One of our variants, as matching needs it."""

    id: int
    product_id: int
    sku: str
    options: tuple[str, ...]


@dataclass(slots=True)
class OurProduct:
    """One of our active products, as matching needs it."""

    id: int
    handle: str
    title: str
    option_names: tuple[str, ...]
    variants: list[OurVariant] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    """An offer there (by its remote id) and our variant, how well they fit (0 to 100), and how that is known."""

    variant: OurVariant
    score: float
    by: By


@dataclass(slots=True)
class Match:
    """What a listing is. ``pairs`` are by the offers' remote ids; ``rivals`` are products that fit as well."""

    product: OurProduct | None = None
    pairs: dict[str, Pair] = field(default_factory=dict)
    rivals: tuple[OurProduct, ...] = ()
    torn: tuple[OurProduct, ...] = ()


class Catalogue:
    """Our active products, indexed for matching."""

    def __init__(self, connection: Connection) -> None:
        self.products: dict[int, OurProduct] = {}
        self.by_sku: dict[str, OurVariant] = {}
        self.by_former_sku: dict[str, OurVariant] = {}
        self.variants: dict[int, OurVariant] = {}
        self._load(connection)
        self.by_handle = {one.handle: one for one in self.products.values()}
        self._titles = {one.id: plain(one.title) for one in self.products.values()}

    def _load(self, connection: Connection) -> None:
        active = product.c.status == ProductStatus.ACTIVE.value
        rows = connection.execute(
            select(product.c.id, product.c.handle, product.c.title, product.c.option_names).where(active)
        )
        for row in rows:
            self.products[row.id] = OurProduct(row.id, row.handle, row.title, tuple(row.option_names))
        columns = (variant.c.id, variant.c.product_id, variant.c.sku, variant.c.option_values)
        for row in connection.execute(
            select(*columns).where(variant.c.retired_at.is_(None)).order_by(variant.c.product_id, variant.c.position)
        ):
            owner = self.products.get(row.product_id)
            if owner is None:
                continue
            one = OurVariant(row.id, row.product_id, row.sku, tuple(row.option_values))
            owner.variants.append(one)
            self.by_sku[one.sku] = self.variants[one.id] = one
        for alias in connection.execute(select(sku_alias.c.sku, sku_alias.c.variant_id)):
            if alias.variant_id in self.variants:
                self.by_former_sku[alias.sku] = self.variants[alias.variant_id]

    def find_sku(self, sku: str) -> tuple[OurVariant | None, By]:
        """Return our variant with this SKU, now or before."""
        wanted = sku.strip()
        if wanted in self.by_sku:
            return self.by_sku[wanted], By.SKU
        if wanted in self.by_former_sku:
            return self.by_former_sku[wanted], By.FORMER_SKU
        return None, By.NOTHING

    def match(self, listing: RemoteListing, taken: Collection[int] = ()) -> Match:
        """Return what ``listing`` is. ``taken`` are products that another listing there is bound to: no guess is those.

        So a run that was interrupted goes on as it began, although the catalogue has what it imported by then.
        """
        exact: dict[str, Pair] = {}
        for offer in listing.offers:
            found, by = self.find_sku(offer.sku)
            if found is not None:
                exact[offer.remote_id] = Pair(found, 100.0, by)
        ids = list(dict.fromkeys(pair.variant.product_id for pair in exact.values()))
        if len(ids) > 1:
            return Match(pairs=exact, torn=tuple(self.products[one] for one in ids))
        if ids:
            owner = self.products[ids[0]]
            return Match(owner, exact | _within(owner, listing, exact, 100.0, By.OPTIONS))
        marked = self.by_handle.get((listing.marker or "").strip())
        if marked is not None:
            return Match(marked, _within(marked, listing, {}, 100.0, By.MARKER))
        return self._guess(listing, taken)

    def _guess(self, listing: RemoteListing, taken: Collection[int]) -> Match:
        from rapidfuzz import fuzz, process

        title = plain(str(listing.fields.get("title", "")))
        if not title:
            return Match()
        near = process.extract(
            title,
            {product_id: text for product_id, text in self._titles.items() if product_id not in taken},
            scorer=fuzz.token_set_ratio,
            limit=_CANDIDATES,
            score_cutoff=LEAST_SCORE,
        )
        ranked: list[tuple[float, OurProduct, dict[str, Pair]]] = []
        for _text, _score, product_id in near:
            owner = self.products[product_id]
            pairs = _within(owner, listing, {}, title_score(title, self._titles[product_id]), By.TITLE)
            if pairs:
                score = sum(pair.score for pair in pairs.values()) / max(len(listing.offers), len(owner.variants))
                ranked.append((score, owner, pairs))
        ranked.sort(key=lambda one: -one[0])
        if not ranked or max(pair.score for pair in ranked[0][2].values()) < LEAST_SCORE:
            return Match()
        best = ranked[0]
        rivals = tuple(owner for score, owner, _pairs in ranked[1:] if best[0] - score < TIE)
        return Match(best[1], best[2], rivals)


def plain(text: str) -> str:
    """Return ``text`` as matching compares it: no accents, capitals or signs."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(sign if sign.isalnum() else " " for sign in folded if not unicodedata.combining(sign))
    return " ".join(letters.split())


def title_score(there: str, ours: str) -> float:
    """Return 0 to 100 for two titles of :func:`plain`: the same words in any order are the same title.

    Words that only one side has cost little; one word against another, or another number, is another thing.
    """
    from rapidfuzz import fuzz

    score = (fuzz.token_sort_ratio(there, ours) + fuzz.token_set_ratio(there, ours)) / 2
    words, ours_words = there.split(), ours.split()
    others = min(len(_unmatched(words, ours_words)), len(_unmatched(ours_words, words)))
    if others:
        score = min(score, _OTHER_WORD_MOST - _EACH_OTHER_WORD * (others - 1))
    numbers, mine = set(_NUMBER.findall(there)), set(_NUMBER.findall(ours))
    if numbers and mine and numbers != mine:
        score -= _OTHER_NUMBER
    return max(round(score, 1), 0.0)


def _unmatched(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the words that have no counterpart among ``others``, however it is spelt."""
    from rapidfuzz import fuzz

    known = set(others)
    return [one for one in words if one not in known and all(fuzz.ratio(one, other) < _SAME_WORD for other in known)]


def options_score(there: Sequence[str], ours: Sequence[str]) -> float:
    """Return 0 to 100 for two sets of options, whatever their order."""
    from rapidfuzz import fuzz

    one, other = [sorted(plain(value) for value in values) for values in (there, ours)]
    if one == other:
        return 100.0
    if not one or not other:
        return 50.0
    left, right = " ".join(one), " ".join(other)
    score = fuzz.token_sort_ratio(left, right)
    if set(_NUMBER.findall(left)) != set(_NUMBER.findall(right)):
        score -= _OTHER_NUMBER
    return max(round(score, 1), 0.0)


def _within(
    owner: OurProduct, listing: RemoteListing, taken: Mapping[str, Pair], base: float, by: By
) -> dict[str, Pair]:
    """Pair the offers that are left with the variants that are left, the best fitting first."""
    used = {pair.variant.id for pair in taken.values()}
    offers = [offer for offer in listing.offers if offer.remote_id not in taken]
    variants = [one for one in owner.variants if one.id not in used]
    # Three parts title, one part options; but where neither has options, or both the same, the title decides.
    scored = sorted(
        ((options_score(offer.option_values, one.options), offer, one) for offer in offers for one in variants),
        key=lambda each: (-each[0], each[2].id),
    )
    pairs: dict[str, Pair] = {}
    for fit, offer, one in scored:
        if offer.remote_id in pairs or one.id in used or fit < LEAST_SCORE / 2:
            continue
        alone = len(listing.offers) == 1 and len(owner.variants) == 1
        score = base if alone or fit == 100.0 else round(base * 0.6 + fit * 0.4, 1)
        # Options that only look alike are a guess, however the product was found.
        how = by if alone or fit == 100.0 else By.TITLE
        if how is By.TITLE and by is not By.TITLE:
            score = min(score, 89.0)
        pairs[offer.remote_id] = Pair(one, round(score, 1), how)
        used.add(one.id)
    return pairs


def fits_as_variant(owner: OurProduct, listing: RemoteListing, offer: RemoteOffer) -> bool:
    """Return whether an offer could become one more variant of ``owner``."""
    values = offer.option_values
    if len(values) != len(owner.option_names) or not all(values) or not values:
        return False
    return all(options_score(values, one.options) < 100.0 for one in owner.variants)
