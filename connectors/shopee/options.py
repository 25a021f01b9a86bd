"""What a Shopee account is set up with (shopee.md sections 1, 3 and 9.1)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from connectors.shopee.option_words import HELP_ID
from syncer.sdk.options import AwareTimeOrNone, Options, Pairs, SecretStr, WebAddress

#: Live API host for callers in Asia (shopee.md 1.1). The host depends on where *we* are, not on the shop.
LIVE_HOST = "https://partner.shopeemobile.com"
#: Every API host that Shopee publishes (shopee.md 1.1).
HOSTS = (
    "partner.shopeemobile.com",
    "openplatform.shopee.com.br",
    "openplatform.shopee.cn",
    "openplatform.sandbox.test-stable.shopee.sg",
    "partner.test-stable.shopeemobile.com",
)
TEST_HOSTS = frozenset({"openplatform.sandbox.test-stable.shopee.sg", "partner.test-stable.shopeemobile.com"})


def _ids(value: object) -> object:
    """Take ``8003, 8005`` as well as a list."""
    return [part for part in value.strip(" []").split(",") if part.strip()] if isinstance(value, str) else value


class ShopeeOptions(Options):
    """Options of one Shopee shop. The first sentence of each description is the flag's help."""

    help_id = HELP_ID

    base_url: WebAddress = Field(
        LIVE_HOST,
        description="API address. Live for Asia by default; test keys work on the sandbox address only.",
    )
    partner_id: int = Field(description="Partner id of your app, from Shopee's console.", ge=1, le=4_294_967_295)
    partner_key: SecretStr = Field(
        description="Partner key of your app. Used as text, exactly as the console shows it."
    )
    shop_id: int | None = Field(
        None, description="Id of the shop. Taken from the sign-in if left out.", ge=1, le=4_294_967_295
    )
    access_token: SecretStr | None = Field(None, description="First access token, if you already have one.")
    refresh_token: SecretStr | None = Field(None, description="First refresh token, if you already have one.")
    access_expires_at: AwareTimeOrNone = Field(
        None, description="When the first access token ends. ISO 8601; without it the token counts as new."
    )
    consent_form: Literal["signed", "open"] = Field(
        "signed", description='Consent link: "signed" on the API host, or "open" on the consent page.'
    )
    consent_url: WebAddress = Field("https://open.shopee.com/auth", description='Consent page for consent_form "open".')
    language: Literal["id", "en"] = Field("id", description="Language of category and attribute names.")
    logistics: Annotated[tuple[int, ...], BeforeValidator(_ids)] = Field(
        (), description="Courier channel ids to offer, separated by commas. Empty: every one that fits the parcel."
    )
    free_shipping: bool = Field(False, description="The shop pays for shipping on every courier.")
    location_id: str = Field("", description="Warehouse to keep stock in. Only for shops with several warehouses.")
    attribute_defaults: Pairs = Field(
        {}, description="Values where a product lacks a mandatory attribute. As: Shelf life=6 months; Gender=Unisex."
    )
    neutral_attributes: bool = Field(
        True, description='Fill mandatory attributes with "Other" or "No". Only where nothing better is known.'
    )
    calls_per_s: int = Field(5, description="Calls a second for the whole app. Shared by all its shops.", ge=1, le=1000)
    daily_calls: int | None = Field(None, description="Calls a day for the whole app. Empty: no limit known.", ge=1)
    variation_pause_s: float = Field(
        5.0, description="Pause between making a listing and its variants, in seconds.", ge=0, le=600
    )
    review_check_s: float = Field(
        30.0, description="When to look at a listing again after a change, in seconds.", ge=0, le=86_400
    )
    late_write_s: float = Field(
        60.0, description="How late a change without an answer may still land, in seconds.", ge=0, le=3600
    )
    search_lag_s: float = Field(
        60.0, description="How late a new listing shows in look-ups, in seconds.", ge=0, le=86_400
    )
    read_lag_s: float = Field(5.0, description="How old a state a read may show, in seconds.", ge=0, le=600)
    orders_lag_s: float = Field(
        60.0, description="How late an order or a change of one may show up, in seconds.", ge=0, le=3600
    )
