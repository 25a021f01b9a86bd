"""A listing there as a new product of ours: what the shop says about it, cleaned and priced as our catalogue is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, InvalidOperation

from sqlalchemy import Connection, select

from syncer.catalogue.importing.values import digest, made_handle, made_sku, plain_text, tidy_handle
from syncer.catalogue.taxonomy import categories, mapped
from syncer.channels.mappings import resolve_categories
from syncer.channels.pricing import channel_price
from syncer.channels.records import Account
from syncer.domain.listing import RemoteListing, RemoteOffer
from syncer.domain.money import quantize
from syncer.domain.pricing import RateMissing
from syncer.domain.product import MAX_AXES, Product, Variant
from syncer.domain.text import BadSku, check_sku
from syncer.domain.words import Words
from syncer.sdk.contract import CATEGORY, DESCRIPTION, TITLE
from syncer.store.skus import is_known
from syncer.store.tables import product

_MM_PER_CM = 10


@dataclass(frozen=True, slots=True)
class Imported:
    """A new product, the SKU that each offer (by remote id) got, and prices that our rule would not give there."""

    product: Product
    skus: Mapping[str, str]
    prices: Mapping[str, Decimal]


def why_not_importable(listing: RemoteListing) -> Words | None:
    """Return why a listing can't become a product; ``None`` if it can."""
    if not str(listing.fields.get(TITLE, "")).strip():
        return Words("Judulnya tidak terbaca, jadi tidak bisa diimpor.", "It shows no title, so it can't be imported.")
    if not listing.offers or not listing.offers_complete:
        return Words(
            "Variannya tidak terbaca semua (mungkin sedang ditinjau). Ulangi nanti.",
            "Not all of its variants can be read (it may be in review). Try again later.",
        )
    if any(not offer.price for offer in listing.offers):
        return Words(
            "Ada varian tanpa harga di toko. Isi harganya di sana dulu.",
            "A variant has no price there. Set it in the shop first.",
        )
    names, values = listing.option_names, [offer.option_values for offer in listing.offers]
    axes = len(names)
    odd = axes > MAX_AXES or any(len(one) != axes or not all(one) for one in values)
    if odd or len({tuple(text.casefold() for text in one) for one in values}) < len(values):
        return Words(
            "Pilihan variannya di toko tidak lengkap atau dobel. Perbaiki di sana dulu.",
            "The options of its variants are incomplete or double there. Mend them in the shop first.",
        )
    return None


def new_product(connection: Connection, account: Account, listing: RemoteListing) -> Imported:
    """Return ``listing`` as a product that isn't stored yet. Raises RateMissing for a currency without a rate."""
    title = plain_text(str(listing.fields[TITLE]))
    handle = _handle(connection, listing, title)
    skus = _skus(connection, listing, handle)
    variants = tuple(new_variant(account, listing, offer, skus[offer.remote_id]) for offer in listing.offers)
    value = Product(
        handle=handle,
        title=title,
        description=plain_text(str(listing.fields.get(DESCRIPTION, ""))),
        category_key=_category(connection, account, str(listing.fields.get(CATEGORY, ""))),
        option_names=listing.option_names,
        variants=variants,
        made_to_order_days=_days(listing),
        condition="used" if _is_used(listing) else "new",
    )
    return Imported(value, skus, odd_prices(account, listing.offers, skus, variants))


def new_variant(account: Account, listing: RemoteListing, offer: RemoteOffer, sku: str) -> Variant:
    """Return one offer as a variant that isn't stored yet."""
    assert offer.price is not None
    weight = offer.fields.get("weight_g") or listing.fields.get("weight_g")
    sides = offer.fields.get("dimension_cm") or listing.fields.get("dimension_cm") or (None, None, None)
    length, width, height = [round(side * _MM_PER_CM) if side else None for side in (*sides, None, None, None)[:3]]
    return Variant(
        sku=sku,
        price=base_price(account, offer.price),
        option_values=offer.option_values,
        weight_g=int(weight) if weight else None,
        length_mm=length,
        width_mm=width,
        height_mm=height,
    )


def sku_for(connection: Connection, offer: RemoteOffer, handle: str, taken: Iterable[str] = ()) -> str:
    """Return the SKU that an imported offer gets: its own there, or one made from the product where that can't be."""
    try:
        sku = check_sku(offer.sku)
    except BadSku:
        sku = ""
    if not sku or sku in taken or is_known(connection, sku):
        return made_sku(handle, offer.option_values)
    return sku


def base_price(account: Account, price: Decimal) -> Decimal:
    """Return the price in the catalogue's currency from which the account's rule makes about ``price``."""
    rule, amount = account.price_rule, price
    if not account.tax_included and rule.tax_percent:
        amount = amount * 100 / (100 + rule.tax_percent)
    amount -= rule.fixed_fee
    if account.currency != account.catalogue_currency and account.rate is None:
        # The rule says in words which rate is missing.
        channel_price(account, price)
    try:
        amount = amount * 100 / (100 + rule.markup_percent)
        if account.rate is not None and account.currency != account.catalogue_currency:
            amount /= account.rate.factor
    except (DivisionByZero, InvalidOperation):
        amount = price
    found = quantize(amount, account.catalogue_currency)
    return found if found > 0 else quantize(price, account.catalogue_currency)


def odd_prices(
    account: Account, offers: Iterable[RemoteOffer], skus: Mapping[str, str], variants: Iterable[Variant]
) -> dict[str, Decimal]:
    """Return, by SKU, the prices there that the rule does not give back: they become that account's own prices."""
    by_sku = {one.sku: one.price for one in variants}
    found: dict[str, Decimal] = {}
    for offer in offers:
        sku = skus.get(offer.remote_id)
        if sku in by_sku and offer.price and channel_price(account, by_sku[sku]) != offer.price:
            found[sku] = offer.price
    return found


def _handle(connection: Connection, listing: RemoteListing, title: str) -> str:
    """Return a product code: the one that stands there (so that nothing has to be sent), else from the title."""
    marker = (listing.marker or "").strip()
    made = made_handle(title)
    own = marker and tidy_handle(marker) == marker and all(offer.sku != marker for offer in listing.offers)
    wanted = [marker] if own else []
    for name in (*wanted, made, f"{made[:100]}-{digest(listing.remote_id)}"):
        if connection.execute(select(product.c.id).where(product.c.handle == name)).first() is None:
            return name
    return f"{made[:90]}-{digest(listing.remote_id, title)}"


def _skus(connection: Connection, listing: RemoteListing, handle: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for offer in listing.offers:
        found[offer.remote_id] = sku_for(connection, offer, handle, found.values())
    return found


def _category(connection: Connection, account: Account, remote_id: str) -> str:
    """Return our category that is mapped to the shop's, if there is exactly one."""
    if not remote_id:
        return ""
    keys = list(categories())
    found = resolve_categories(connection, account, keys, shipped=mapped)
    fitting = [key for key in keys if key in found and found[key].remote_id == remote_id]
    return fitting[0] if len(fitting) == 1 else ""


def _days(listing: RemoteListing) -> int:
    days = listing.fields.get("pre_order_days")
    return days if isinstance(days, int) and 0 <= days <= 365 else 0


def _is_used(listing: RemoteListing) -> bool:
    return listing.fields.get("condition") == "USED" or listing.fields.get("is_pre_owned") is True


__all__ = ["Imported", "RateMissing", "base_price", "new_product", "new_variant", "sku_for", "why_not_importable"]
