"""Whose shop an account is, and its warehouses: read once by a process, and kept (tiktok_shop.md 4.4, 6)."""

from __future__ import annotations

import threading

from connectors.tiktok_shop.client import TiktokClient
from connectors.tiktok_shop.options import TiktokShopOptions
from syncer.domain.problem import Who
from syncer.domain.words import Words
from syncer.sdk.errors import AccountStopped, Blocked
from syncer.sdk.wire import Object, text

SHOPS = "/authorization/202309/shops"
_WAREHOUSES = "/logistics/202309/warehouses"
_SALES, _ENABLED = "SALES_WAREHOUSE", "ENABLED"


class Shop:
    """The shop's cipher and warehouse, for every call that needs them. Safe to use from several threads."""

    def __init__(self, client: TiktokClient, options: TiktokShopOptions) -> None:
        self._client = client
        self._options = options
        self._cipher = options.shop_cipher
        self._warehouse = options.warehouse_id
        self._lock = threading.Lock()

    def params(self, **more: str) -> dict[str, str]:
        """Return parameters with the shop's cipher. Reads the authorised shops at the first use."""
        return {"shop_cipher": self.cipher(), **more}

    def cipher(self) -> str:
        """Return the cipher of the account's shop."""
        with self._lock:
            if not self._cipher:
                self._cipher = text(self.identity().get("cipher"))
            return self._cipher

    def identity(self, token: str | None = None) -> Object:
        """Return the account's own row of the authorised shops. Raises AccountStopped if it isn't among them."""
        rows = self._client.read("GET", SHOPS, "shop.read", token=token).rows("shops")
        wanted = self._options.shop_id
        mine = [row for row in rows if not wanted or text(row.get("id")) == wanted]
        if self._options.shop_cipher:
            mine = [row for row in mine if text(row.get("cipher")) == self._options.shop_cipher] or mine
        if len(mine) != 1:
            raise _not_this_shop(len(mine))
        return mine[0]

    def warehouse(self) -> str:
        """Return the sales warehouse that stock is kept in: the option's, or the default one (tiktok_shop.md 6)."""
        with self._lock:
            if self._warehouse:
                return self._warehouse
        rows = self._client.read("GET", _WAREHOUSES, "warehouse.read", self.params()).rows("warehouses")
        found = _choose(rows)
        with self._lock:
            self._warehouse = found
        return found

    def forget_warehouse(self) -> None:
        """Read the warehouses again at the next use, because one was refused."""
        with self._lock:
            self._warehouse = self._options.warehouse_id


def _choose(rows: list[Object]) -> str:
    sales = [row for row in rows if row.get("type") == _SALES and row.get("effect_status") == _ENABLED]
    chosen = [row for row in sales if row.get("is_default")] or sales
    if not chosen:
        raise Blocked(
            "no_warehouse",
            Words("Toko ini belum punya gudang yang aktif.", "This shop has no active warehouse yet."),
            remedy=Words(
                "Aktifkan gudang pengiriman di Seller Center; Syncer mencoba lagi sendiri.",
                "Switch on a warehouse for shipping in Seller Center; Syncer tries again by itself.",
            ),
            who=Who.ADMINISTRATOR,
            after_s=900.0,
        )
    return text(chosen[0].get("id"))


def _not_this_shop(count: int) -> AccountStopped:
    if count > 1:
        return AccountStopped(
            "several_shops",
            Words("Izin itu mencakup beberapa toko.", "That consent covers several shops."),
            remedy=Words("Isi pilihan shop_id dengan toko akun ini.", "Set the option shop_id to this account's shop."),
        )
    return AccountStopped(
        "other_shop",
        Words(
            "Izin itu bukan untuk toko akun ini.",
            "That consent isn't for this account's shop.",
        ),
        remedy=Words(
            "Masuk dengan toko yang benar, atau isi pilihan shop_id.",
            "Sign in with the right shop, or set the option shop_id.",
        ),
    )
