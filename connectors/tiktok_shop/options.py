"""What a TikTok Shop account is set up with (tiktok_shop.md sections 1, 2, 4 and 13)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from connectors.tiktok_shop.option_words import HELP_ID
from syncer.sdk.http import is_loopback
from syncer.sdk.options import AwareTimeOrNone, Options, Pairs, SecretStr, WebAddress, WebAddressOrNone

LIVE_HOST = "https://open-api.tiktokglobalshop.com"
AUTH_HOST = "https://auth.tiktok-shops.com"
CONSENT_HOST = "https://services.tiktokshop.com"
#: Hosts that are called (tiktok_shop.md 2). Test shops are on the same ones; there is no public test host.
HOSTS = ("open-api.tiktokglobalshop.com", "auth.tiktok-shops.com")
TIKTOK_SHOP, TOKOPEDIA = "TIKTOK_SHOP", "TOKOPEDIA"
_PLATFORMS = {"both": (TIKTOK_SHOP, TOKOPEDIA), "tokopedia": (TOKOPEDIA,), "tiktok_shop": (TIKTOK_SHOP,)}


def _ids(value: object) -> object:
    """Take ``601, 602`` as well as a list. Ids are text: they have up to 19 digits (tiktok_shop.md 2.1)."""
    parts = value.strip(" []").split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        return value
    return [str(part).strip() if isinstance(part, str | int) else part for part in parts if str(part).strip()]


def _id(value: object) -> object:
    """Take a number as the text of its digits."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_id)]
Ids = Annotated[tuple[str, ...], BeforeValidator(_ids)]


class TiktokShopOptions(Options):
    """Options of one shop. The first sentence of each description is the flag's help."""

    help_id = HELP_ID

    base_url: WebAddress = Field(LIVE_HOST, description="API address. Test shops are on the live address too.")
    auth_url: WebAddressOrNone = Field(
        "", description="Address of the token calls. Empty: the live one, or base_url on this machine."
    )
    consent_url: WebAddressOrNone = Field(
        "", description="Address of the consent page. Empty: the one for Indonesia, or base_url on this machine."
    )
    app_key: Id = Field(description="App key of your app, from Partner Center.", min_length=1, max_length=64)
    app_secret: SecretStr = Field(description="App secret of your app, from Partner Center.")
    service_id: Id = Field(
        "", description="Service id of your app, for the consent page. Empty: the older page is used."
    )
    platforms: Literal["both", "tokopedia", "tiktok_shop"] = Field(
        "both", description='Where products are shown: "both", "tokopedia" or "tiktok_shop".'
    )
    shop_id: Id = Field("", description="Id of the shop. Taken from the sign-in if left out.")
    shop_cipher: str = Field("", description="Cipher of the shop. Read from the platform if left out.")
    access_token: SecretStr | None = Field(None, description="First access token, if you already have one.")
    refresh_token: SecretStr | None = Field(None, description="First refresh token, if you already have one.")
    access_expires_at: AwareTimeOrNone = Field(
        None, description="When the first access token ends. ISO 8601; without it the token counts as new."
    )
    warehouse_id: Id = Field(
        "",
        description="Warehouse to keep stock in. Empty: the default one; stock in others is counted and set to 0.",
    )
    language: Literal["id", "en"] = Field("id", description="Language of category and attribute names.")
    short_title_suffix: str = Field(
        "Produk UMKM Indonesia",
        description="Words added to titles below 25 letters. Empty: such a title is a problem instead.",
        max_length=100,
    )
    attribute_defaults: Pairs = Field(
        {}, description="Values where a product lacks a mandatory attribute. As: Bahan=Kayu; Motif=Polos."
    )
    neutral_attributes: bool = Field(
        True, description='Fill mandatory attributes with "Lainnya" or "Tidak". Only where nothing better is known.'
    )
    size_chart_template: Id = Field("", description="Size chart template id, for categories that demand one.")
    certificates_in_place: Ids = Field(
        (), description="Certificate ids that people add in Seller Center. Separated by commas."
    )
    cash_on_delivery: bool | None = Field(
        None, description="Buyers may pay on delivery, where the category allows it. Empty: left as it is."
    )
    delivery_options: Ids = Field(
        (), description="Delivery option ids to offer, separated by commas. Empty: left as the warehouse has it."
    )
    shipping_insurance: Literal["", "REQUIRED", "OPTIONAL", "NOT_SUPPORTED"] = Field(
        "", description="Shipping insurance on Tokopedia: REQUIRED, OPTIONAL or NOT_SUPPORTED. Empty: left as it is."
    )
    minimum_order: int | None = Field(
        None, description="Least pieces that an order takes. Empty: left as it is.", ge=1, le=20
    )
    lowest_price: Decimal = Field(Decimal(100), description="Lowest price that the platform takes, in rupiah.", gt=0)
    highest_price: Decimal = Field(
        Decimal(100_000_000), description="Highest price that the platform takes, in rupiah.", gt=0
    )
    calls_per_s: int = Field(5, description="Calls a second for this shop, reads and writes together.", ge=1, le=1000)
    writes_per_s: int = Field(3, description="Writes of this shop a second.", ge=1, le=1000)
    listings_per_s: int = Field(1, description="New and fully edited listings of this shop a second.", ge=1, le=1000)
    review_check_s: float = Field(
        60.0, description="When to look at a listing again during a review, in seconds.", ge=0, le=86_400
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

    @property
    def shown_on(self) -> tuple[str, ...]:
        """The storefronts that listings go to, by the platform's names, sorted."""
        return _PLATFORMS[self.platforms]

    @property
    def token_host(self) -> str:
        """The address of the token calls."""
        return self.auth_url or (self.base_url if is_loopback(self.base_url) else AUTH_HOST)

    @property
    def consent_host(self) -> str:
        """The address of the consent page."""
        return self.consent_url or (self.base_url if is_loopback(self.base_url) else CONSENT_HOST)

    @property
    def locale(self) -> str:
        """The platform's name of the language."""
        return "id-ID" if self.language == "id" else "en-US"
