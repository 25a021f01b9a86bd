"""What ``syncer account disconnect`` and ``remove`` do with the shop's orders and campaigns, and say of them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from syncer.cli import out
from syncer.cli.kit import UsageProblem
from syncer.cli.texts import many, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.channels.records import Account
    from syncer.cli.desk import Desk
    from syncer.inventory.reserving import Reservation
    from syncer.orders.leaving import Gone, Settle


def settle_of(text: str | None) -> Settle | None:
    """Read ``--orders``. Raises UsageProblem."""
    from syncer.orders.leaving import Settle

    if text is None:
        return None
    try:
        return Settle(text.strip().lower())
    except ValueError:
        raise UsageProblem(Words("Pilih --orders keep, sent atau off.", "Choose --orders keep, sent or off.")) from None


def read_last(desk: Desk, account: Account) -> None:
    """Read the orders of a shop once more while we still can, and say if we can't."""
    if not account.reads_orders:
        return
    from syncer.domain.words import SyncerError
    from syncer.orders.leaving import read_last as do
    from syncer.sdk.errors import ConnectorError
    from syncer.sync.beside import open_beside

    try:
        shop = open_beside(desk.deps(), account)
        with out.Progress(Words("Membaca pesanan", "Reading orders")):
            found = do(desk.engine, account, shop.connector, clock=lambda: desk.now)
    except (ConnectorError, SyncerError) as error:
        words = error.words
        out.warn(
            Words(
                f"Pesanan terbaru di {account.name} tidak bisa dibaca: {words.id} Lihat di toko itu sendiri.",
                f"The latest orders of {account.name} can't be read: {words.en} Look at them in the shop.",
            )
        )
        return
    if found.orders:
        read = f"{many(found.orders, 'order')} {'was' if found.orders == 1 else 'were'} taken in just now."
        out.line(Words(f"{found.orders} pesanan baru saja dicatat.", read))
    if found.unreadable:
        names = ", ".join(found.unreadable[:5])
        out.warn(
            Words(
                f"Tidak terbaca: {names}. Catat dengan `syncer sale` bila perlu.",
                f"Not understood: {names}. Record them with `syncer sale` if need be.",
            )
        )
    if found.oversold:
        out.warn(Words("Ada yang terjual lebih: syncer orders oversold", "Oversold: see syncer orders oversold"))


def say_gone(gone: Gone) -> None:
    """Say what is still promised to the buyers of a shop that was disconnected, and how that ends."""
    if gone.orders:
        count, name = len(gone.orders), shlex.quote(gone.left.account.name)
        see = f"`syncer orders --open --account {name}`"
        out.line(
            word(
                f"{count} pesanan di sana belum dikirim; barangnya tetap dijanjikan. Lihat: {see}; selesai dikirim "
                "atau batal: `syncer orders close`.",
                f"{many(count, 'order')} there {'is' if count == 1 else 'are'} not sent yet; the pieces stay promised. "
                f"See {see}; once sent or called off: `syncer orders close`.",
            )
        )
    for one in gone.released:
        out.line(out.clean(word(_kept(one).id, _kept(one).en)))


def say_removed(gone: Gone, settle: Settle | None) -> None:
    """Say what became of the orders and campaigns of a shop that was removed."""
    if gone.orders:
        count = len(gone.orders)
        how = {
            "keep": Words(
                "barangnya tetap dijanjikan. Lihat: `syncer orders --open`; tutup: `syncer orders close`.",
                "the pieces stay promised. See `syncer orders --open`; close each with `syncer orders close`.",
            ),
            "sent": Words("dicatat sudah dikirim.", "noted as sent."),
            "off": Words("dicatat batal; barangnya bebas lagi.", "noted as called off; the pieces are free again."),
        }[str(settle)]
        out.line(word(f"{count} pesanan: {how.id}", f"{many(count, 'order')}: {how.en}"))
    for one in gone.released:
        out.line(
            out.clean(
                word(
                    f"{one.left} {one.sku} untuk {one.campaign} dilepas dan dijual lagi di toko lain.",
                    f"{one.left} of {one.sku} set aside for {one.campaign} are released and sold in the other shops.",
                )
            )
        )


def _kept(one: Reservation) -> Words:
    release = f"`syncer reserve release --campaign {shlex.quote(one.campaign)} --account {shlex.quote(one.account)}`"
    until = out.moment(one.ends_at)
    return Words(
        f"{one.left} {one.sku} tetap disisihkan untuk {one.campaign} sampai {until}, karena toko itu mungkin masih "
        f"menjualnya. Lepaskan: {release}.",
        f"{one.left} of {one.sku} stay set aside for {one.campaign} until {until}, since that shop may still sell "
        f"them. Release them: {release}.",
    )
