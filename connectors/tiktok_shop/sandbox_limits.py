"""Numbers and switches of the TikTok Shop sandbox, settable through `POST /control/limits`."""

from __future__ import annotations

from dataclasses import dataclass, field

from syncer.sdk.sandbox import Limits

SCOPES = (
    "seller.authorization.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.product.delete",
    "seller.order.info",
    "seller.logistics",
)
"""What a seller grants. The keys of the two writing scopes are unconfirmed (tiktok_shop.md 4.1)."""


@dataclass(slots=True)
class TiktokLimits(Limits):
    """Defaults follow tiktok_shop.md 8 to 13 and 17; what is unconfirmed there can be changed here. `burst_per_s`:
    calls a second that one application may make for one shop (13). `operation_rates`: calls a second of single
    operations, by their names, for the same pair. `retry_after`: `seconds`, `date` or `none`, the header of a
    throttled answer. `rate_http_status`, `rate_code`: 429 with 36009002, or 200 with 12052109 (13, 15).
    `business_http_status`: HTTP status of 1205xxxx refusals (5). `empty_data`: `object`, `null` or `absent` (5).
    `review`: whether new and edited products are audited at all. `ban_words`: a title with one of them is refused
    by both storefronts' reviewers, `ban_words_tiktok_shop` and `ban_words_tokopedia` by one of them only.
    `kyc_pending`: products pass as PRE_APPROVED and stay PENDING (11). `edits_during_audit`: `allow`, as the
    documents say, or `refuse` with 12052901 (9, 15). `edit_relists`: an edit with `save_mode` LISTING puts a
    deactivated product up again; the documents do not say otherwise. `stock_min_create`, `stock_min_update`: 0 is
    refused with 12052055 on create, and on update if set to 1 (10). `external_id_unique`: a second product with the
    same external id is refused with 12052996 (15). `idempotency`: a repeated key gives the first product (`same`),
    a refusal (`error`), or is not looked at (`ignored`) (16.6). `bad_brand`: `error`, or `warn` and clear it (8).
    `tokopedia_seller`: the seller came over from Tokopedia (1.1). `integration_lock`: only price and stock may be
    edited (1). `shop_ready`: prerequisites are met (6). `products_max`, `products_per_day`: 0 for no daily limit
    (8). `pre_order`: made-to-order products are allowed (8). `warehouses`: names of the shop's sales warehouses.
    `scopes`: what the next consent grants (4.1). `rotate_refresh`: a refresh gives a new refresh token and ends the
    old one (4.3). `past_window_s`, `future_window_s`: how far a timestamp may be off (3). `search_max`: more hits
    are refused with 12052180 (11). `all_includes_deleted`: a search for ALL also finds deleted products.
    `get_deleted`: Get Product also answers for FREEZE and DELETED; newer documents say that it does, the fact sheet
    that it does not (11). `demand_content_type`: GET calls need the header too (2.1). `redirect_url`: where the
    consent page leads; without one it shows the address with the code (4.2). `webhook_numeric_ids`: product ids in
    events are numbers, as the documents type some of them (14). `on_hold_s`: how long a paid order is ON_HOLD before
    it goes on by itself (12).
    """

    operation_rates: dict[str, float] = field(default_factory=dict)
    retry_after: str = "seconds"
    rate_http_status: int = 429
    rate_code: int = 36009002
    business_http_status: int = 200
    empty_data: str = "object"
    review: bool = True
    ban_words: list[str] = field(default_factory=lambda: ["terlarang"])
    ban_words_tiktok_shop: list[str] = field(default_factory=list)
    ban_words_tokopedia: list[str] = field(default_factory=list)
    kyc_pending: bool = False
    edits_during_audit: str = "allow"
    edit_relists: bool = True
    stock_min_create: int = 1
    stock_min_update: int = 0
    stock_max: int = 99_999
    price_min: int = 100
    price_max: int = 100_000_000
    title_min: int = 25
    title_max: int = 255
    description_max: int = 10_000
    description_images_max: int = 30
    images_max: int = 9
    image_max_bytes: int = 10 * 1024 * 1024
    skus_max: int = 100
    external_id_unique: bool = False
    idempotency: str = "same"
    bad_brand: str = "error"
    brands_per_day: int = 50
    tokopedia_seller: bool = True
    integration_lock: bool = False
    shop_ready: bool = True
    products_max: int = 10_000
    products_per_day: int = 0
    pre_order: bool = True
    warehouses: list[str] = field(default_factory=lambda: ["Bengkel Setu"])
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    rotate_refresh: bool = True
    past_window_s: int = 300
    future_window_s: int = 300
    search_max: int = 10_000
    all_includes_deleted: bool = True
    get_deleted: bool = False
    demand_content_type: bool = False
    redirect_url: str = ""
    webhook_numeric_ids: bool = False
    on_hold_s: float = 3600.0
    access_token_s: int = 604_800
    refresh_token_s: int = 365 * 86_400
    code_s: int = 1800
