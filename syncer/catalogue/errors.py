"""What can be wrong with a product, in words with the remedy."""

from __future__ import annotations

from syncer.domain.words import SyncerError, Words


class UnknownProduct(SyncerError):
    """No product has this handle, and no variant this SKU."""


class BadProduct(SyncerError):
    """A product that can't be kept as it is. ``field`` names what to edit."""

    def __init__(self, words: Words, field: str = "") -> None:
        super().__init__(words)
        self.field = field


class SkuTaken(BadProduct):
    """A SKU that another variant has, or had."""


def bad(field: str, indonesian: str, english: str) -> BadProduct:
    """Return a :class:`BadProduct` about ``field``."""
    return BadProduct(Words(indonesian, english), field)


def sku_taken(sku: str, handle: str) -> SkuTaken:
    """Return the error for a SKU that belongs to another product."""
    return SkuTaken(
        Words(
            f"SKU {sku} sudah dipakai oleh {handle}. Beri SKU lain, atau ubah yang di sana dulu.",
            f"The SKU {sku} belongs to {handle}. Give another SKU, or change the one there first.",
        ),
        "sku",
    )


def sku_was(sku: str, now: str) -> SkuTaken:
    """Return the error for a SKU that a variant had before: orders may still name it."""
    return SkuTaken(
        Words(
            f"SKU {sku} dulu milik {now}; pesanan lama mungkin masih memakainya. Beri SKU lain.",
            f"The SKU {sku} used to be that of {now}; old orders may still name it. Give another SKU.",
        ),
        "sku",
    )
