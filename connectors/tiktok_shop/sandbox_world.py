"""What the operations of the TikTok Shop sandbox share: the store, envelopes, and the course of an audit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.tiktok_shop import sandbox_state as state
from connectors.tiktok_shop.sandbox_catalogue import TIKTOK_SHOP, TOKOPEDIA
from connectors.tiktok_shop.sandbox_fields import Refused
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_state import Content, Place, Product, Promotion, Store
from syncer.sdk.sandbox import Answer, Call
from syncer.sdk.sandbox.clock import Clock
from syncer.sdk.sandbox.history import History

Event = dict[str, Any]

_KYC_LOOK_AGAIN_S = 0.05


def _unheard(_shop_id: str, _kind: int, _data: Event) -> None:
    return None


@dataclass(slots=True)
class World:
    """The sandbox's truth and its rules, as the operations need them.

    `tell` sends an event of a shop to whoever registered for it; `later` has the sandbox look again after some
    seconds, so that an audit ends by itself.
    """

    store: Store
    limits: TiktokLimits
    clock: Clock
    history: History
    base_url: Callable[[], str]
    tell: Callable[[str, int, Event], None] = field(default=_unheard)
    later: Callable[[float], None] = field(default=lambda _seconds: None)

    # Answers ------------------------------------------------------------------------------------------

    def ok(self, data: dict[str, Any] | None = None) -> Answer:
        """A success; `data` without content is {}, null or absent (tiktok_shop.md 5)."""
        body: dict[str, Any] = {"code": 0, "message": "Success", "request_id": request_id(self.clock.now())}
        if data or self.limits.empty_data == "object":
            body["data"] = data or {}
        elif self.limits.empty_data == "null":
            body["data"] = None
        return Answer(body=body)

    def image_url(self, uri: str) -> str:
        """Where a picture can be seen."""
        return f"{self.base_url()}/file/{uri}"

    # Products -----------------------------------------------------------------------------------------

    def own(self, call: Call, product_id: str) -> Product:
        """A copy of a product of the calling shop, deleted or not (tiktok_shop.md 15)."""
        found = self.store.get(call.account or "", product_id)
        if found is None:
            if self.store.find(product_id) is not None:
                raise Refused(12052034, "The product belongs to another shop.", kind="gone")
            raise Refused(12052032, "The product does not exist.", kind="gone")
        return found.copy()

    def editable(self, call: Call, product_id: str) -> Product:
        """A copy of a product that is not FREEZE or DELETED on any storefront (tiktok_shop.md 9, 10)."""
        product = self.own(call, product_id)
        if product.on(state.FREEZE, state.DELETED):
            raise Refused(12052901, "Not possible in the current state of the product.", kind="gone")
        return product

    def save(self, product: Product) -> None:
        """Make an edited product the present one; its `update_time` moves."""
        product.updated = self.clock.now()
        self.store.put(product)
        if product.audit_until is not None:
            self.later(product.audit_until - self.clock.now())

    # Audit --------------------------------------------------------------------------------------------

    def submit(self, product: Product, content: Content | None, platforms: Sequence[str]) -> None:
        """Send a product to audit on these storefronts; `content` None: as it is (tiktok_shop.md 11).

        What is live stays live with its old content; everything else waits as PENDING.
        """
        for platform in platforms:
            place = product.places.get(platform)
            live = place is not None and place.status == state.ACTIVATE
            product.places[platform] = Place(state.ACTIVATE if live else state.PENDING, state.AUDITING)
        if content is not None and product.was_live:
            product.pending = content
        elif content is not None:
            product.base = content
        product.requested = tuple(platforms)
        product.audited = tuple(platforms)
        product.audit_until = self.clock.now() + self.limits.review_delay_s
        if not self.limits.review:
            self.finish_audit(product)

    def settle(self) -> bool:
        """End the audits that are over. Called before every answer. Returns whether there were any."""
        found = False
        for due in self.store.due_audits():
            found = True
            product = due.copy()
            until = product.audit_until or self.clock.now()
            self.finish_audit(product)
            if product.places == due.places:
                self.store.put(product, at=until)
                continue
            product.updated = until
            self.store.put(product, at=until)
            self._tell_audit(product)
        return found

    def finish_audit(self, product: Product) -> None:
        """The reviewers' answers, by the rule of one active version (tiktok_shop.md 1.1)."""
        content = product.pending or product.base
        refused = {p: reason for p in product.audited if (reason := self._reason(content, p)) is not None}
        passed = [platform for platform in product.audited if platform not in refused]
        if passed and self.limits.kyc_pending and not product.on(state.ACTIVATE):
            for platform in passed:
                product.places[platform] = Place(state.PENDING, state.PRE_APPROVED, (), ("KYC_PENDING",))
            product.audit_until = self.clock.now() + _KYC_LOOK_AGAIN_S
            return
        for platform in passed:
            product.places[platform] = Place(state.ACTIVATE, state.APPROVED)
        for platform, reason in refused.items():
            live = product.places[platform].status == state.ACTIVATE
            status = state.FAILED
            if live:
                # Refused everywhere: the old version stays. Refused here only: there is one version, so off it goes.
                status = state.PLATFORM_DEACTIVATED if passed else state.ACTIVATE
            product.places[platform] = Place(status, state.FAILED, (reason,))
        if passed:
            product.base, product.was_live = content, True
        self.end_audit(product)

    def end_audit(self, product: Product) -> None:
        """Nothing is under audit any more; what belonged to a version that is gone goes too."""
        product.pending, product.audited, product.audit_until = None, (), None
        self.forget_offers(product)

    def forget_offers(self, product: Product) -> None:
        """Drop prices and stock of SKUs that no version has."""
        versions = [version for version in (product.base, product.pending, product.draft) if version is not None]
        kept = {sku.id for version in versions for sku in version.skus}
        for sku_id in set(product.offers) - kept:
            del product.offers[sku_id]

    def _reason(self, content: Content, platform: str) -> dict[str, Any] | None:
        own = self.limits.ban_words_tiktok_shop if platform == TIKTOK_SHOP else self.limits.ban_words_tokopedia
        word = next((word for word in [*self.limits.ban_words, *own] if word.lower() in content.title.lower()), None)
        return None if word is None else failed_reason(platform, f"Judul memuat kata yang dilarang: {word}")

    def _tell_audit(self, product: Product) -> None:
        failed = [p for p, place in product.places.items() if place.audit == state.FAILED]
        status = "PRODUCT_AUDIT_FAILURE" if failed else "PRODUCT_FIRST_PASS_REVIEW"
        moment = {"product_id": product.id, "update_time": int(product.updated)}
        self.tell(product.shop_id, 5, {**moment, "status": status, "suspended_reason": ""})
        mine, theirs = product.places.get(TIKTOK_SHOP), product.places.get(TOKOPEDIA)
        audit = {"status": mine.audit, "pre_approved_reasons": list(mine.pre_approved)} if mine else {}
        integrated = {"platform": TOKOPEDIA, "status": theirs.status} if theirs else {}
        data = {**moment, "audit": audit, "integrated_platform_statuses": integrated}
        self.tell(product.shop_id, 37, {key: value for key, value in data.items() if value != {}})

    # Promotions ---------------------------------------------------------------------------------------

    def locked(self, product: Product, what: str, sku_id: str) -> bool:
        """Whether a promotion that has not ended locks `what` of a SKU (tiktok_shop.md 10)."""
        now = self.clock.now()
        return any(
            what in promotion.locks and promotion.ends > now and promotion.sku_id in ("", sku_id)
            for promotion in product.promotions
        )

    def held(self, product: Product, sku_id: str) -> list[Promotion]:
        """The promotions that hold pieces of a SKU now."""
        now = self.clock.now()
        return [
            one for one in product.promotions if one.quantity and one.starts <= now < one.ends and one.sku_id == sku_id
        ]

    # History ------------------------------------------------------------------------------------------

    def note(self, product: Product, field_name: str, value: Any, by: str, sku_id: str = "") -> None:
        """Note an accepted value for the checker."""
        versions = (product.pending, product.draft, product.base)
        sku = next((found for v in versions if v is not None and (found := v.sku(sku_id))), None)
        self.history.add(
            self.clock.now(),
            product.shop_id,
            product.id,
            field_name,
            value,
            sku=sku.seller_sku if sku else "",
            offer_id=sku_id,
            by=by,
        )

    def note_offers(self, product: Product, by: str, sku_ids: Iterable[str]) -> None:
        """Note price and stock of some SKUs."""
        for sku_id in sku_ids:
            self.note(product, "price", product.offers[sku_id].price, by, sku_id)
            self.note(product, "stock", product.offers[sku_id].total, by, sku_id)


def failed_reason(platform: str, reason: str) -> dict[str, Any]:
    """One entry of `audit_failed_reasons` (tiktok_shop.md 1.1)."""
    return {
        "listing_platform": platform,
        "position": "Product",
        "reasons": [reason],
        "suggestions": ["Hapus kata itu dari judul."],
    }


def request_id(now: float) -> str:
    """An id for the support desk (tiktok_shop.md 5)."""
    return f"{int(now)}{secrets.token_hex(12).upper()}"


def off(product: Product, platforms: Iterable[str]) -> None:
    """Take a product off storefronts on which it stands; their audit is over (tiktok_shop.md 1.1, 11)."""
    for platform in platforms:
        place = product.places.get(platform)
        if place is not None and place.status in {state.ACTIVATE, state.PENDING}:
            product.places[platform] = replace(place, status=state.SELLER_DEACTIVATED, audit=state.NONE)
        product.audited = tuple(audited for audited in product.audited if audited != platform)
