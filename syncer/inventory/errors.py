"""What can be wrong with a stock change, in words with the remedy."""

from __future__ import annotations

from collections.abc import Sequence

from syncer.domain.stock import STOCK_MAX
from syncer.domain.words import SyncerError, Words
from syncer.store.skus import closest, did_you_mean


class StockMoved(SyncerError):
    """The stock is not what the caller saw: it moved meanwhile. ``on_hand`` is what it is now."""

    def __init__(self, words: Words, on_hand: int) -> None:
        super().__init__(words)
        self.on_hand = on_hand


class BadQuantity(SyncerError):
    """A number of pieces outside what the ledger keeps."""


class UnknownLocation(SyncerError):
    """No location has this code."""


class BadLocation(SyncerError):
    """A new location's code or name can't be used."""


def moved(sku: str, was: int, on_hand: int) -> StockMoved:
    """Return the error for a count that was made against another number."""
    return StockMoved(
        Words(
            f"Stok {sku} sudah berubah: sekarang {on_hand}, bukan {was}. Tidak ada yang diubah. "
            "Hitung lagi, lalu ulangi dengan angka yang baru.",
            f"The stock of {sku} moved meanwhile: it is {on_hand} now, not {was}. Nothing was changed. "
            "Count again, then repeat with the new number.",
        ),
        on_hand,
    )


def bad_quantity(quantity: int) -> BadQuantity:
    """Return the error for a count below 0 or above a million."""
    return BadQuantity(
        Words(
            f"Jumlah {quantity} tidak bisa dipakai. Tulis angka bulat dari 0 sampai {STOCK_MAX:,}.".replace(",", "."),
            f"The quantity {quantity} can't be used. Write a whole number from 0 to {STOCK_MAX:,}.",
        )
    )


def below_zero(sku: str, on_hand: int, delta: int) -> BadQuantity:
    """Return the error for a movement that takes more than is there."""
    return BadQuantity(
        Words(
            f"Stok {sku} hanya {on_hand}; tidak bisa dikurangi {-delta}. Hitung dulu barangnya, lalu ulangi.",
            f"There are only {on_hand} of {sku}; {-delta} can't be taken. Count the pieces first, then try again.",
        )
    )


def promised(sku: str, on_hand: int, held: int, n: int) -> BadQuantity:
    """Return the error for moving pieces away that are promised to orders."""
    free = max(on_hand - held, 0)
    return BadQuantity(
        Words(
            f"Di sana ada {on_hand} {sku}, tetapi {held} sudah dijanjikan untuk pesanan: hanya {free} yang bisa "
            f"dipindahkan, bukan {n}. Kirim pesanannya dulu, atau pindahkan {free}.",
            f"There are {on_hand} of {sku}, but {held} are promised to orders: only {free} can be moved, not {n}. "
            f"Send those orders first, or move {free}.",
        )
    )


def unknown_location(code: str, codes: Sequence[str]) -> UnknownLocation:
    """Return the error for a location that isn't there, naming those that are."""
    more = did_you_mean(closest(code, codes))
    listed = ", ".join(codes[:10])
    return UnknownLocation(
        Words(
            f'Lokasi "{code[:40]}" tidak ada.{more.id} Yang ada: {listed}.',
            f'There is no location "{code[:40]}".{more.en} There are: {listed}.',
        )
    )


def bad_location(code: str) -> BadLocation:
    """Return the error for a code outside the grammar."""
    return BadLocation(
        Words(
            f'Kode lokasi "{code[:40]}" tidak bisa dipakai. Pakai 1 sampai 40 huruf kecil, angka, atau tanda hubung.',
            f'The location code "{code[:40]}" can\'t be used. Use 1 to 40 small letters, digits or hyphens.',
        )
    )


def location_taken(code: str) -> BadLocation:
    """Return the error for a code that is in use."""
    return BadLocation(
        Words(
            f'Lokasi "{code}" sudah ada. Pilih kode lain.',
            f'The location "{code}" exists already. Choose another code.',
        )
    )
