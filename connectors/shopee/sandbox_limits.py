"""Numbers and switches of the Shopee sandbox, settable through `POST /control/limits`."""

from __future__ import annotations

from dataclasses import dataclass, field

from syncer.sdk.sandbox import Limits


@dataclass(slots=True)
class ShopeeLimits(Limits):
    """Defaults follow shopee.md 5.4, 9.1 and 10; what is unconfirmed there can be changed here.

    `gateway_http_status`: HTTP status of refusals by the gateway; real reports say 200, 400 and 403 (2.2).
    `rate_http_status`: that of the rate limit. `partial_shape`: `plain` answers a partly failed stock write
    with an empty `error`, `code` with `error_busi_update_stock_failed` (5.16). `variation_wait_s`: pause
    after `add_item` before variations (5.10). `review`: whether new and edited items are reviewed at all.
    `review_variations`: whether changes of variations are reviewed too; not by default, because the guide
    tells to call `update_tier_variation` and `add_model` one after the other (5.11).
    `ban_words`: a title with one of them is refused by the review. `stale_echo`: `update_item` echoes the
    status before the write (5.8). `repeated_mtsku`: refuse a second item with the same title and pictures
    (5.7). `prefix_codes`: product errors carry `product.` (4). `strict_lists`: refuse `[1,2]` as
    `item_id_list` (1.3). `error_key`: success answers carry `error` (4). `empty_list`: `missing` or `empty`
    shape of an empty item list (5.18). `null_limits`: `get_item_limit` without numbers (5.4).
    `search_model_sku`: `search_item` also looks at model SKUs (5.19). `holiday`: `off`, `partial` or `full`.
    `masked_channel`: an enabled courier that must not be used stands in the list (5.5).
    `warehouses`: location ids of a shop with several; then every stock write must name one (5.16, 5.23).
    `masked_buyers`: buyers' names and addresses come with stars (6.2); not by default, so that a test can look
    for them where they should not be. `replay_window_s`: how far a timestamp may be off (2). `redirect_domains`:
    where a consent may lead (3.1).
    """

    gateway_http_status: int = 403
    rate_http_status: int = 429
    partial_shape: str = "plain"
    variation_wait_s: float = 5.0
    review: bool = True
    review_variations: bool = False
    ban_words: list[str] = field(default_factory=lambda: ["terlarang"])
    stale_echo: bool = True
    repeated_mtsku: bool = False
    prefix_codes: bool = True
    strict_lists: bool = True
    error_key: bool = True
    empty_list: str = "empty"
    null_limits: bool = False
    search_model_sku: bool = False
    holiday: str = "off"
    masked_channel: bool = False
    warehouses: list[str] = field(default_factory=list)
    masked_buyers: bool = False
    replay_window_s: int = 300
    redirect_domains: list[str] = field(default_factory=lambda: ["127.0.0.1", "localhost"])
    price_min: int = 99
    price_max: int = 150_000_000
    price_ratio: int = 7
    stock_max: int = 10_000_000
    stock_min_create: int = 0
    name_min: int = 5
    name_max: int = 255
    description_min: int = 20
    description_max: int = 5000
    images_max: int = 9
    image_min_px: int = 100
    image_max_bytes: int = 10 * 1024 * 1024
    tier_name_max: int = 14
    tier_option_max: int = 20
    options_max: int = 50
    models_max: int = 50
    items_max: int = 20_000
    days_to_ship_min: int = 3
    days_to_ship_max: int = 30
    days_to_ship_ready: int = 2
    access_token_s: int = 14_400
    refresh_token_s: int = 30 * 86_400
    grace_s: int = 300
    code_s: int = 600
