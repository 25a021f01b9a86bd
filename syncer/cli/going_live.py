"""What ``syncer account go-live`` says: the orders it found, which are held, and which are not counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncer.cli import out
from syncer.cli.texts import many, word
from syncer.domain.words import Words
from syncer.orders.going_live import SeenOrder, WentLive

_SHOWN = 20


def say_live(went: WentLive, *, without_held: bool, dry_run: bool, looked: bool) -> None:
    """Print the answer. ``looked``: the shop's orders were read."""
    held, others = went.held, went.not_counted
    if held:
        pieces = sum(one.pieces for one in held)
        verb = "is" if pieces == 1 else "are"
        out.line(
            word(
                f"{len(held)} pesanan belum dikirim; {pieces} barang dijanjikan untuknya:",
                f"{many(len(held), 'open order')}; {many(pieces, 'piece')} {verb} promised to them:",
            )
        )
        _list(held)
        _say_counts(without_held=without_held)
    if others:
        out.line(
            word(
                f"{len(others)} pesanan lain sudah selesai, jadi tidak dihitung:",
                f"{many(len(others), 'other order')} over already, so not counted:",
            )
        )
        _list(others)
    if looked and not went.orders and not went.unreadable:
        name = went.left.account.name
        out.line(
            Words(
                f"{name} tidak punya pesanan yang terbuka atau baru selesai: tidak ada barang yang perlu dijanjikan.",
                f"{name} has no open or recent orders: no pieces have to be promised.",
            )
        )
    if went.unknown_lines:
        lines = "1 order line names" if went.unknown_lines == 1 else f"{went.unknown_lines} order lines name"
        out.warn(
            Words(
                f"{went.unknown_lines} baris pesanan menyebut SKU yang tidak dikenal: syncer orders inbox",
                f"{lines} an unknown SKU: syncer orders inbox",
            )
        )
    if went.unreadable:
        out.warn(
            Words(
                f"Pesanan ini tidak bisa dibaca: {', '.join(went.unreadable[:10])}. Lihat di tokonya.",
                f"These orders can't be understood: {', '.join(went.unreadable[:10])}. Look in the shop.",
            )
        )
    if went.oversold:
        out.warn(
            Words(
                "Ada yang dijanjikan melebihi stok: syncer orders oversold",
                "More is promised than there is: syncer orders oversold",
            )
        )
    if dry_run:
        out.hint(Words("Belum ada yang disimpan (--dry-run).", "Nothing is kept yet (--dry-run)."))
    elif not went.left.notes:
        name = went.left.account.name
        out.done(Words(f"{name} mulai mengirim.", f"{name} sends from now on."))


def _say_counts(*, without_held: bool) -> None:
    if without_held:
        out.line(
            word(
                "Hitungan awal dianggap tanpa barang itu, jadi ditambahkan.",
                "The opening counts are taken to leave those out, so they are put on top.",
            )
        )
    else:
        out.line(
            word(
                "Hitungan awal dianggap termasuk barang itu. Bila tidak: syncer stock set SKU N --without-held.",
                "The opening counts are taken to include those. If not: syncer stock set SKU N --without-held.",
            )
        )


def _list(orders: Sequence[SeenOrder]) -> None:
    for one in orders[:_SHOWN]:
        what = ", ".join(f"{line.quantity} {line.sku}" + ("" if line.known else " ?") for line in one.lines[:4])
        out.line(out.clean(f"  {one.order}  {one.status}  {out.moment(one.created_at)}  {what}"))
    more = len(orders) - _SHOWN
    if more > 0:
        out.line(word(f"  … dan {more} lagi (syncer orders)", f"  … and {more} more (syncer orders)"))


def live_json(went: WentLive) -> dict[str, Any]:
    """Return the answer for scripts."""
    return {
        "account": went.left.account.name,
        "mode": went.left.account.mode.value,
        "orders": [
            {
                "order": one.order,
                "status": one.status,
                "created_at": one.created_at,
                "held": one.held,
                "lines": [
                    {"sku": line.sku, "quantity": line.quantity, "known": line.known, "meaning": line.meaning.value}
                    for line in one.lines
                ],
            }
            for one in went.orders
        ],
        "unreadable": list(went.unreadable),
        "oversold": len(went.oversold),
        "notes": list(went.left.notes),
    }
