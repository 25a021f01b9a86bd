"""How ``syncer plan`` says what would be sent: words for steps, fields and values, nothing of the program's insides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncer.cli import out
from syncer.cli.texts import say, word
from syncer.domain.words import Words

_STEPS = {
    "create": Words("buat di toko", "make it there"),
    "update": Words("ubah isi", "change content"),
    "reshape": Words("ubah varian", "change variants"),
    "price": Words("ubah harga", "change price"),
    "stock": Words("ubah stok", "change stock"),
    "show": Words("tampilkan", "put on sale"),
    "hide": Words("sembunyikan", "take off sale"),
    "delete": Words("hapus dari toko", "delete it there"),
    "read": Words("lihat dulu", "look first"),
    "seek": Words("cari dulu", "look for it first"),
    "fix": Words("perbaiki dulu", "to be mended"),
    "ask": Words("tunggu jawaban", "wait for an answer"),
    "wait": Words("tunggu foto", "wait for pictures"),
    "facts": Words("baca aturan toko", "read the shop's rules"),
    "orders": Words("baca pesanan", "read orders"),
}
_FIELDS = {
    "title": Words("judul", "title"),
    "description": Words("deskripsi", "description"),
    "condition": Words("kondisi", "condition"),
    "item_sku": Words("SKU induk", "parent SKU"),
    "option_images": Words("foto varian", "variant pictures"),
    "pictures": Words("foto", "pictures"),
    "category": Words("kategori", "category"),
    "attributes": Words("atribut", "attributes"),
    "brand": Words("merek", "brand"),
    "logistics": Words("kurir", "couriers"),
    "package": Words("paket", "package"),
    "pre_order_days": Words("lama pembuatan (hari)", "days to make"),
    "listing_platforms": Words("tempat tayang", "where it is shown"),
    "barcodes": Words("kode batang", "barcodes"),
    "is_pre_owned": Words("barang bekas", "second-hand"),
    "terms": Words("ketentuan", "terms"),
    "price": Words("harga", "price"),
    "stock": Words("stok", "stock"),
    "variants": Words("varian", "variants"),
    "status": Words("tampil", "shown"),
}
_STATUSES = {
    "live": Words("tayang", "on sale"),
    "hidden": Words("disembunyikan", "off sale"),
    "review": Words("diperiksa toko", "in review"),
    "rejected": Words("ditolak toko", "rejected"),
    "deleted": Words("dihapus", "deleted"),
    "show": Words("tayang", "on sale"),
    "hide": Words("disembunyikan", "off sale"),
    "delete": Words("dihapus", "deleted"),
}
_HELD = {
    "orders": Words("menunggu pesanan dibaca", "waits for the orders to be read"),
    "brake": Words("menunggu jawaban: syncer problems", "waits for an answer: syncer problems"),
    "price": Words("menunggu jawaban: syncer problems", "waits for an answer: syncer problems"),
    "hide": Words("menunggu jawaban: syncer problems", "waits for an answer: syncer problems"),
    "delete": Words("menunggu jawaban: syncer problems", "waits for an answer: syncer problems"),
}
_LONGEST = 30


def step(kind: str) -> str:
    """Return the next step of a listing in words."""
    return say(_STEPS[kind]) if kind in _STEPS else kind.replace("_", " ")


def held(name: str) -> str:
    """Return what holds a listing back, in words."""
    return say(_HELD[name]) if name in _HELD else name


def change(one: Mapping[str, Any]) -> str:
    """Return one change in words: ``price MK-1: 85000 → 90000``; long lists only as being set or changed."""
    field = str(one["field"])
    name = say(_FIELDS[field]) if field in _FIELDS else field.replace("_", " ")
    if one.get("sku"):
        name = f"{name} {one['sku']}"
    before, after = one["from"], one["to"]
    if _is_nested(before) or _is_nested(after):
        if before is None:
            return f"{name}: {word('diisi', 'set')}"
        return f"{name}: {word('diubah', 'changed')}" if after else f"{name}: {word('dikosongkan', 'emptied')}"
    return f"{name}: {_value(field, before)} → {_value(field, after)}"


def _is_nested(value: Any) -> bool:
    """Whether a value is more than a few short words."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list | tuple) and not all(isinstance(one, str) and len(one) <= _LONGEST for one in value)


def _value(field: str, value: Any) -> str:
    if value is None:
        return "-"
    if field == "status" and str(value) in _STATUSES:
        return say(_STATUSES[str(value)])
    if isinstance(value, bool):
        return word("ya", "yes") if value else word("tidak", "no")
    text = ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(out.plain(value))
    if not text:
        return word("kosong", "empty")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
