"""The shops of the demo: on which marketplace each is, how its account is set up, and what it can't take."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

#: The sandboxes allow more calls than the platforms, so that nobody has to wait; the connectors keep below it.
_CALLS_PER_S = 40
#: Reviews take a moment there, and reads show what was written just before.
_QUICK = {"calls_per_s": _CALLS_PER_S, "review_check_s": 0.5, "read_lag_s": 0.5}
_ROOM = (f"burst_per_s={_CALLS_PER_S * 2}",)


class DemoShop(NamedTuple):
    """One shop.

    ``options`` are set besides those that its sandbox hands out, ``limits`` at the sandbox itself. ``expected`` are
    products that can't go there as they are, each for its own reason (handle, problem code): so a person sees how an
    honest problem looks, and can mend it.
    """

    name: str
    connector: str
    options: Mapping[str, Any]
    limits: tuple[str, ...]
    expected: Mapping[str, str]


class OpenShop(NamedTuple):
    """A shop whose sandbox runs: where it is controlled, and its windows (storefront, address)."""

    shop: DemoShop
    options: Mapping[str, Any]
    control_url: str
    windows: tuple[tuple[str, str], ...]


SHOPS = (
    DemoShop(
        "Toko Orange",
        "shopee",
        MappingProxyType(
            {
                **_QUICK,
                # The catalogue says nothing of it, and Shopee demands it of food and of crafts kits.
                "attribute_defaults": {"Shelf life": "6 months", "Masa penyimpanan": "6 months"},
            }
        ),
        _ROOM,
        MappingProxyType({"CPT-RJT-001": "shopee.no_category", "PAR-DPR-003": "shopee.no_pre_order"}),
    ),
    DemoShop(
        "Toko Hijau",
        "tiktok_shop",
        MappingProxyType(
            {
                "platforms": "both",
                **_QUICK,
                "writes_per_s": _CALLS_PER_S,
                "listings_per_s": _CALLS_PER_S,
            }
        ),
        _ROOM,
        # Clothes need a size chart template, which a person makes in Seller Center; nobody did here.
        MappingProxyType(
            {"SRP-BTK-004": "tiktok_shop.size_chart_missing", "SUT-ECO-003": "tiktok_shop.size_chart_missing"}
        ),
    ),
)


def opened(shop: DemoShop, told: Mapping[str, Any]) -> OpenShop:
    """Return a shop with what its sandbox has told in its first line."""
    windows: Mapping[str, str] = told.get("windows") or {shop.connector.title(): str(told["window_url"])}
    options = {**told["account"]["options"], **shop.options}
    return OpenShop(shop, options, str(told["control_url"]), tuple(windows.items()))
