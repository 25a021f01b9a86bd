"""Where a product stands on each storefront, as one status, with the reasons in plain words (tiktok_shop.md 1.1, 11).

``status``, ``product_status`` and ``audit`` speak of TikTok Shop only and are left out where it was never asked for;
Tokopedia stands in ``integrated_platform_statuses``. Both have one version of the content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.tiktok_shop.options import TIKTOK_SHOP, TOKOPEDIA
from syncer.domain.listing import Status
from syncer.domain.words import Words
from syncer.sdk.wire import Object, as_object, objects, plain, text, texts

LIVE, DRAFT, DELETED, FREEZE = "ACTIVATE", "DRAFT", "DELETED", "FREEZE"
#: ``SCHEDULED`` stands in newer documents only (sheet 11).
_WAITING = frozenset({"PENDING", "SCHEDULED"})
_REFUSED = frozenset({"FAILED", "PLATFORM_DEACTIVATED", FREEZE})
#: Off by the seller's own hand; everything else says that the storefront was asked to show the product.
_OFF = frozenset({"SELLER_DEACTIVATED", DRAFT, DELETED, "INITIAL", ""})
_NAMES = {TIKTOK_SHOP: "TikTok Shop", TOKOPEDIA: "Tokopedia"}
_WAITS = {
    "KYC_PENDING": Words(
        "Produk lolos tinjauan dan tayang setelah pendaftaran penjual (KYC) selesai.",
        "The product passed its review, and shows once the seller's registration (KYC) is complete.",
    ),
    "RESTRICTED_CATEGORY_PENDING": Words(
        "Produk lolos tinjauan dan tayang setelah izin kategorinya diberikan.",
        "The product passed its review, and shows once its category is permitted.",
    ),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A product's state on each storefront that it was ever meant for, by the platform's names.

    ``failed`` are the storefronts whose reviewers refused something; ``auditing`` says that a review runs.
    """

    platforms: Mapping[str, str]
    failed: frozenset[str] = frozenset()
    auditing: bool = False
    reasons: tuple[Words, ...] = ()

    @property
    def status(self) -> Status | None:
        """The one status: in review as long as any storefront is, live as soon as any shows it."""
        states = set(self.platforms.values())
        if not states:
            return None
        if self.auditing or states & _WAITING:
            return Status.REVIEW
        if LIVE in states:
            return Status.LIVE
        if states <= {DELETED}:
            return Status.DELETED
        return Status.REJECTED if states & _REFUSED else Status.HIDDEN

    @property
    def live(self) -> tuple[str, ...]:
        """The storefronts on which it can be bought now."""
        return tuple(sorted(name for name, state in self.platforms.items() if state == LIVE))

    @property
    def draft(self) -> bool:
        """Whether it was never listed anywhere: it is published by an edit, not by activating it."""
        return DRAFT in self.platforms.values() and set(self.platforms.values()) <= {DRAFT, DELETED}

    @property
    def old_version(self) -> bool:
        """Whether an edit was refused wherever it is live, so that the old content is what stayed (sheet 1.1)."""
        return bool(self.live) and not self.auditing and set(self.live) <= self.failed

    def shown_on(self, configured: tuple[str, ...]) -> list[str]:
        """Return the storefronts that are asked to show it. Hidden everywhere it goes by the account's setting."""
        asked = {name for name, state in self.platforms.items() if state not in _OFF}
        return sorted(asked or configured)


def standing(row: Object) -> Standing:
    """Read a product of Get Product or of a search."""
    platforms: dict[str, str] = {}
    mine = text(row.get("status") or row.get("product_status"))
    if mine:
        platforms[TIKTOK_SHOP] = mine
    for entry in objects(row.get("integrated_platform_statuses")):
        platforms[text(entry.get("platform")) or TOKOPEDIA] = text(entry.get("status"))
    audit = as_object(row.get("audit"))
    state = text(audit.get("status"))
    failed = {text(entry.get("listing_platform")) or TIKTOK_SHOP for entry in objects(row.get("audit_failed_reasons"))}
    if state == "FAILED":
        failed.add(TIKTOK_SHOP)
    auditing = state == "AUDITING"
    return Standing(platforms, frozenset(failed), auditing, tuple(_reasons(row, platforms, audit)))


def _reasons(row: Object, platforms: Mapping[str, str], audit: Object) -> list[Words]:
    found = [_refusal(entry) for entry in objects(row.get("audit_failed_reasons"))]
    told = {text(entry.get("listing_platform")) or TIKTOK_SHOP for entry in objects(row.get("audit_failed_reasons"))}
    for name, state in sorted(platforms.items()):
        if state in _REFUSED and name not in told:
            found.append(_bare_refusal(name, state))
    if text(audit.get("status")) == "PRE_APPROVED":
        found += [_WAITS[why] for why in texts(audit.get("pre_approved_reasons")) if why in _WAITS]
    return found


def _refusal(entry: Object) -> Words:
    """Return one refusal: which storefront, what, why, and its advice."""
    name = _NAMES.get(text(entry.get("listing_platform")), "TikTok Shop")
    what = plain(entry.get("position"), 80)
    why = "; ".join(plain(reason) for reason in texts(entry.get("reasons"))).rstrip(".") or "-"
    advice = "; ".join(plain(advice) for advice in texts(entry.get("suggestions"))).rstrip(".")
    about = f" ({what})" if what else ""
    return Words(
        f"{name} menolak produk ini{about}: {why}." + (f" Saran: {advice}." if advice else ""),
        f"{name} refused this product{about}: {why}." + (f" Advice: {advice}." if advice else ""),
    )


def _bare_refusal(platform: str, state: str) -> Words:
    name = _NAMES.get(platform, platform)
    if state == FREEZE:
        return Words(f"{name} membekukan produk ini.", f"{name} froze this product.")
    if state == "FAILED":
        return Words(f"{name} menolak produk ini tanpa alasan.", f"{name} refused this product without a reason.")
    return Words(f"{name} menonaktifkan produk ini.", f"{name} switched this product off.")
