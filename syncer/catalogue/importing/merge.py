"""What a file says, laid over what the catalogue has.

An import adds and changes; it removes nothing that the file is silent about. A variant that the file doesn't list
stays, because a skipped or mistaken row must never read as "gone". Only where the product gets other options than
before, and the file lists it whole, do the variants of the old options end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from syncer.catalogue import errors
from syncer.catalogue.importing.draft import Draft, DraftVariant, PictureRef
from syncer.catalogue.importing.known import MEDIA, Known, made, possible_skus
from syncer.catalogue.taxonomy import check_category
from syncer.domain.product import Photo, Product, ProductStatus, Variant
from syncer.domain.words import SyncerError, Words

_SIMILAR = 60
#: How many ended variants a note names.
_NAMED = 20
_FIELDS = (
    "title",
    "description",
    "story",
    "materials",
    "made_to_order_days",
    "brand",
    "condition",
    "maker",
    "unit",
    "attributes",
)
_VARIANT_FIELDS = ("price", "weight_g", "length_mm", "width_mm", "height_mm", "single_piece", "barcode")
_NO_TITLE = Words("Judul kosong. Isi judul produk.", "The title is empty. Fill it in.")
_NO_PRICE = Words("Harga kosong. Isi harganya.", "The price is empty. Fill it in.")
_LIST_ALL = Words(
    "Pilihan produk ini berubah, tetapi tidak semua variannya tertulis (atau ada yang gagal). Tulis semua varian.",
    "The options of this product change, but not all of its variants are listed (or some failed). List them all.",
)
_DELETED = Words(
    "Produk ini sudah dihapus di sini, jadi tidak diimpor lagi. Untuk mengembalikannya, impor dengan pilihan "
    "kembalikan yang dihapus.",
    "This product was deleted here, so it isn't imported again. To bring it back, import with the option to "
    "restore deleted ones.",
)
_TWICE = Words(
    "Pilihan ini sudah dipakai baris lain dari produk yang sama.",
    "Another row of the same product has these options already.",
)


@dataclass(slots=True)
class Merged:
    """A draft as a whole product: what to save, the counts to set, the pictures to fetch."""

    draft: Draft
    product: Product
    stored: Product | None
    #: Draft's row, the SKU it was kept under, and the number.
    stock: list[tuple[int, str, int]] = field(default_factory=list)
    fetch: list[PictureRef] = field(default_factory=list)


def merge(
    draft: Draft,
    known: Known,
    source: str,
    taken: dict[str, int],
    *,
    restore_deleted: bool = False,
    returned: bool = False,
) -> Merged | None:
    """Return the product that ``draft`` makes, or None if none of its rows can be taken.

    What can't be taken is added to the draft's problems. ``taken`` holds the SKUs that rows of this file have
    used so far, and is added to. ``restore_deleted`` brings back products that were deleted here. ``returned``:
    the rows failed before, so one with the SKU of another thing is still that mistake, and no change of that thing.
    """
    stored = _stored(draft, known, source, returned=returned)
    if stored is not None and stored.status is not ProductStatus.ACTIVE and not restore_deleted:
        draft.refuse(_DELETED)
        return None
    if (draft.title is None and stored is None) or draft.title == "":
        draft.refuse(_NO_TITLE)
        return None
    if draft.category_key:
        try:
            check_category(draft.category_key)
        except SyncerError as error:
            draft.refuse(error.words)
            return None
    axes = draft.option_names if draft.option_names is not None else (stored.option_names if stored else ())
    pairs = _pairs(draft, stored, axes, known, taken, returned=returned)
    if not pairs and not (stored is not None and draft.title is not None and not draft.problems):
        if not draft.problems:
            draft.refuse(_NO_PRICE)
        return None
    variants = _variants(draft, stored, axes, pairs)
    if variants is None:
        draft.refuse(_LIST_ALL)
        return None
    skus = {one.sku: kept.sku for one, kept in pairs if one.sku}
    value = _product(draft, stored, axes, variants, _photos(draft, stored, known, skus))
    known.remember(value)
    found = Merged(draft, value, stored)
    for one, kept in pairs:
        taken[kept.sku] = one.row
        if one.stock is not None and not (one.stock_untouched and kept.id):
            found.stock.append((one.row, kept.sku, one.stock))
    _pictures(found, known, skus)
    return found


# --- which product ----------------------------------------------------------------------------------------------


def _stored(draft: Draft, known: Known, source: str, *, returned: bool) -> Product | None:
    """Return the product that the draft is about: by handle, else by its SKUs if it is plainly the same thing."""
    by_handle = known.by_handle.get(draft.handle)
    if by_handle is not None:
        return known.products.get(by_handle)
    ids = {owner.product_id for one in draft.variants if one.sku and (owner := known.owners.get(one.sku)) is not None}
    if len(ids) != 1:
        return None
    found = known.products.get(ids.pop())
    if found is None:
        return None
    if returned and draft.title is not None and draft.title.casefold() != found.title.casefold():
        return None
    ours = not draft.native_handle and known.sources.get(found.id) == source
    if ours or draft.title is None or _similar(draft.title, found.title):
        draft.handle = found.handle
        return found
    return None


def _similar(one: str, other: str) -> bool:
    from rapidfuzz import fuzz, utils

    return fuzz.token_set_ratio(one, other, processor=utils.default_process) >= _SIMILAR


# --- its variants -----------------------------------------------------------------------------------------------


def _pairs(
    draft: Draft,
    stored: Product | None,
    axes: Sequence[str],
    known: Known,
    taken: Mapping[str, int],
    *,
    returned: bool,
) -> list[tuple[DraftVariant, Variant]]:
    """Return each row's variant as it is to be kept; rows that can't be are problems."""
    pairs: list[tuple[DraftVariant, Variant]] = []
    here: dict[str, int] = {}
    options: set[tuple[str, ...]] = set()
    used: set[int] = set()
    for one in draft.variants:
        try:
            kept = _kept(draft, one, stored, axes, known, returned=returned)
            row = taken.get(kept.sku, here.get(kept.sku))
            if row is not None:
                raise _duplicate(kept.sku, row)
            if kept.id and kept.id in used:
                raise _duplicate(kept.sku, one.row)
            folded = _folded(kept.option_values)
            if folded in options:
                raise _Row(_TWICE)
        except SyncerError as error:
            draft.problem(one.row, error.words, one.sku)
            continue
        here[kept.sku] = one.row
        options.add(folded)
        if kept.id:
            used.add(kept.id)
        pairs.append((one, kept))
    return [(one, kept) for one, kept in pairs if not _is_anothers_place(draft, one, kept, stored, used)]


def _is_anothers_place(draft: Draft, one: DraftVariant, kept: Variant, stored: Product | None, used: set[int]) -> bool:
    """Whether a new SKU claims options that a stored variant keeps; then the row is a problem."""
    if kept.id or stored is None:
        return False
    folded = _folded(kept.option_values)
    for other in stored.variants:
        same = _folded(other.option_values) == folded
        if same and other.id not in used and other.sku != kept.sku and len(folded) == len(stored.option_names):
            draft.problem(
                one.row,
                Words(
                    f"Varian ini di katalog ber-SKU {other.sku}. Bila SKU-nya berganti, ganti dulu di katalog.",
                    f"In the catalogue this variant has the SKU {other.sku}. If that changed, change it there first.",
                ),
                one.sku,
            )
            return True
    return False


def _folded(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value.casefold() for value in values)


class _Row(SyncerError):
    """A row that can't be taken."""


def _duplicate(sku: str, row: int) -> _Row:
    return _Row(
        Words(
            f"SKU {sku} sudah dipakai di baris {row}. Satu SKU untuk satu varian: beri SKU lain.",
            f"The SKU {sku} is used in row {row} already. One SKU for one variant: give another SKU.",
        )
    )


def _of_another(sku: str, there: Sequence[str], here: Sequence[str]) -> _Row:
    before = Words(" / ".join(there) or "tanpa pilihan", " / ".join(there) or "no options")
    now = Words(" / ".join(here) or "tanpa pilihan", " / ".join(here) or "no options")
    return _Row(
        Words(
            f"SKU {sku} di katalog adalah {before.id}, bukan {now.id}. Beri varian ini SKU lain. "
            "Bila pilihannya memang berganti, hapus dulu kolom alasan dari berkas ini.",
            f"In the catalogue the SKU {sku} is {before.en}, not {now.en}. Give this variant another SKU. "
            "If its options did change, remove the column of reasons from this file first.",
        )
    )


def _kept(
    draft: Draft, one: DraftVariant, stored: Product | None, axes: Sequence[str], known: Known, *, returned: bool
) -> Variant:
    before = _before(draft, one, stored, known)
    if before is not None and draft.option_names is None and not one.option_values:
        one.option_values = before.option_values
    if len(one.option_values) != len(axes) or not all(one.option_values):
        raise _Row(
            Words(
                f"Isi semua pilihan produk ini: {', '.join(axes) or '(tanpa pilihan)'}.",
                f"Fill all options of this product: {', '.join(axes) or '(none)'}.",
            )
        )
    changes: dict[str, Any] = {name: value for name in _VARIANT_FIELDS if (value := getattr(one, name)) is not None}
    if before is not None:
        if returned and _folded(before.option_values) != _folded(one.option_values):
            raise _of_another(before.sku, before.option_values, one.option_values)
        sku = one.sku if one.sku and one.sku not in known.owners else before.sku
        return replace(before, sku=sku, option_values=one.option_values, **changes)
    if one.price is None:
        raise _Row(_NO_PRICE)
    return Variant(sku=one.sku or made(draft, one), option_values=one.option_values, **changes)


def _before(draft: Draft, one: DraftVariant, stored: Product | None, known: Known) -> Variant | None:
    """Return the stored variant that a row is about: by SKU or former SKU, else by its options if a SKU was made."""
    for sku in possible_skus(draft, one):
        owner = known.owners.get(sku)
        if owner is None:
            continue
        if stored is None or owner.product_id != stored.id:
            owner_product = known.products.get(owner.product_id)
            raise errors.sku_taken(sku, owner_product.handle if owner_product else "?")
        return next((found for found in stored.variants if found.id == owner.variant_id), None)
    if stored is None:
        return None
    same = next((found for found in stored.variants if found.option_values == one.option_values), None)
    if same is None or not one.sku:
        return same
    if one.sku in known.retired.get(stored.id, frozenset()):
        return None
    # A row that had no SKU, and got one meanwhile, is still the same variant.
    return same if same.sku == made(replace(draft, handle=stored.handle), one) else None


def _variants(
    draft: Draft,
    stored: Product | None,
    axes: Sequence[str],
    pairs: Sequence[tuple[DraftVariant, Variant]],
) -> tuple[Variant, ...] | None:
    """Return all variants in order, or None if the options change and the file doesn't list every variant."""
    kept = [variant_kept for _one, variant_kept in pairs]
    if stored is None:
        return tuple(kept)
    listed = {one.id: one for one in kept if one.id}
    missing = [one for one in stored.variants if one.id not in listed]
    if not missing:
        return tuple(kept)
    if len(axes) != len(stored.option_names):
        if draft.problems:
            return None
        _note_ended(draft, missing)
        return tuple(kept)
    new = [one for one in kept if not one.id]
    return (*(listed.get(one.id, one) for one in stored.variants), *new)


def _note_ended(draft: Draft, ended: Sequence[Variant]) -> None:
    """Say which variants end, because nobody sees that from what the file lists."""
    names = ", ".join(one.sku for one in ended[:_NAMED])
    more = len(ended) - _NAMED
    draft.note(
        draft.rows[0],
        f"Pilihan produk {draft.handle} berubah; varian yang tidak tertulis di berkas ini berakhir dan tidak dijual "
        f"lagi: {names}{f', dan {more} lagi' if more > 0 else ''}.",
        f"The options of product {draft.handle} change; the variants that this file doesn't list end and are no longer "
        f"sold: {names}{f', and {more} more' if more > 0 else ''}.",
    )


# --- the whole product ------------------------------------------------------------------------------------------


def _product(
    draft: Draft,
    stored: Product | None,
    axes: Sequence[str],
    variants: tuple[Variant, ...],
    photos: tuple[Photo, ...],
) -> Product:
    base = stored or Product(handle=draft.handle, title="")
    changes: dict[str, Any] = {name: value for name in _FIELDS if (value := getattr(draft, name)) is not None}
    if draft.category_key is not None and (draft.ours or not base.category_key):
        # What a foreign shop calls it never overrules a category that was chosen here.
        changes["category_key"] = draft.category_key
    return replace(
        base,
        **changes,
        option_names=tuple(axes),
        variants=variants,
        status=ProductStatus.ACTIVE,
        photos=photos,
    )


def _photos(draft: Draft, stored: Product | None, known: Known, skus: Mapping[str, str]) -> tuple[Photo, ...]:
    """Return the photos in the file's order where it names pictures that are here; others follow as they are."""
    photos = stored.photos if stored is not None else ()
    if not draft.pictures:
        return photos
    by_address = known.addresses.get(stored.id, {}) if stored is not None else {}
    before = {one.sha256: one for one in photos}
    named: dict[str, Photo] = {}
    for picture in draft.pictures:
        sha = picture.ref.removeprefix(MEDIA) if picture.ref.startswith(MEDIA) else by_address.get(picture.ref, "")
        if sha and (sha in known.media or sha in before):
            old = before.get(sha, Photo(sha))
            sku = skus.get(picture.sku or "", old.sku)
            named.setdefault(sha, replace(old, sku=sku, alt=picture.alt or old.alt))
    return (*named.values(), *(one for one in photos if one.sha256 not in named))


def _pictures(found: Merged, known: Known, skus: Mapping[str, str]) -> None:
    by_address = known.addresses.get(found.product.id, {})
    for picture in found.draft.pictures:
        if picture.ref.startswith(MEDIA):
            if picture.ref.removeprefix(MEDIA) not in known.media:
                found.draft.note(
                    found.draft.rows[0],
                    "Satu foto di berkas ini hanya ada di tempat asalnya; unggah lagi fotonya.",
                    "A picture in this file exists only where it comes from; upload it again.",
                )
        elif picture.ref not in by_address:
            found.fetch.append(picture._replace(sku=skus.get(picture.sku or "", picture.sku)))
