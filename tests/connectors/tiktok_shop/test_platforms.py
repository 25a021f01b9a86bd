"""One product, two storefronts: every call names those that it is for (tiktok_shop.md 1.1)."""

from __future__ import annotations

import pytest

from syncer.domain.listing import RemoteListing, Rendered, Status
from syncer.sdk.errors import Blocked
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import with_offer
from tests.connectors.tiktok_shop.canned import Canned, ok
from tests.connectors.tiktok_shop.conftest import BOTH, TIKTOK_SHOP, TOKOPEDIA, Shop

SETTINGS = {"both": BOTH, "tokopedia": [TOKOPEDIA], "tiktok_shop": [TIKTOK_SHOP]}
BAD = "Mangkuk kayu jati yang terlarang di sini"


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_every_write_names_the_storefronts(shop: Shop, setting: str) -> None:
    shop.start_anew(platforms=setting)
    wanted = shop.wanted(axes=1)
    shop.driver.converge(wanted)
    shop.driver.converge(shop.wanted(axes=1, title="Mangkuk kayu jati berjudul baru"))
    shop.driver.converge(shop.wanted(axes=1, variants=3, category=shop.other_category))
    shop.driver.converge(wanted, state="hidden")
    shop.driver.converge(wanted)
    expected = {"products": 0, "partial_edit": 0, "deactivate": 0, "activate": 0}
    for _, path, body in shop.sent:
        name = path.split("/")[-1]
        name = "products" if name.isdigit() else name
        if name in expected and isinstance(body, dict) and "timestamp" not in body:
            expected[name] += 1
            assert body["listing_platforms"] == SETTINGS[setting], path
    assert all(expected.values()), expected


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_a_product_shows_where_the_account_says_and_is_withdrawn_from_there(shop: Shop, setting: str) -> None:
    shop.start_anew(platforms=setting)
    wanted = shop.wanted()
    found = shop.publish(wanted)
    assert shop.there(found.remote_id)["platforms"] == dict.fromkeys(SETTINGS[setting], "live")
    shop.driver.converge(wanted, state="hidden")
    assert shop.there(found.remote_id)["platforms"] == dict.fromkeys(SETTINGS[setting], "hidden")
    shop.driver.converge(wanted)
    assert shop.there(found.remote_id)["platforms"] == dict.fromkeys(SETTINGS[setting], "live")


def test_withdrawing_reaches_a_storefront_that_the_account_no_longer_names(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.driver.connector = shop.open(shop.read_options(platforms="tokopedia"))
    shop.driver.fetch(wanted)
    shop.driver.converge(wanted, state="hidden")
    assert shop.there(found.remote_id)["platforms"] == dict.fromkeys(BOTH, "hidden")


def test_another_setting_moves_what_is_there(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.driver.connector = shop.open(shop.read_options(platforms="tokopedia"))
    shop.driver.converge(wanted)
    assert shop.bodies("POST partial_edit")[-1] == {"save_mode": "LISTING", "listing_platforms": [TOKOPEDIA]}
    assert shop.there(found.remote_id)["platforms"] == {TIKTOK_SHOP: "hidden", TOKOPEDIA: "live"}
    shop.driver.connector = shop.connector
    shop.driver.converge(wanted)
    assert shop.there(found.remote_id)["platforms"] == dict.fromkeys(BOTH, "live")


def test_taken_off_one_storefront_by_a_person_is_seen(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    body = {"product_ids": [found.remote_id], "listing_platforms": [TOKOPEDIA]}
    shop.connector._client.write(
        "POST", "/product/202309/products/deactivate", "x", shop.connector._shop.params(), body
    ).ensure()
    seen = shop.driver.fetch(wanted)
    assert (seen.status, seen.fields["listing_platforms"]) == (Status.LIVE, [TIKTOK_SHOP])
    shop.driver.converge(wanted)
    assert shop.there(found.remote_id)["platforms"] == dict.fromkeys(BOTH, "live")


def test_products_with_another_list_are_hidden_in_the_next_call(canned: Canned) -> None:
    path = "/product/202309/products/deactivate"
    canned.give(path, ok())
    extra = ({}, {"platforms": {TIKTOK_SHOP: "ACTIVATE"}}, {"platforms": {TIKTOK_SHOP: "SELLER_DEACTIVATED"}})
    batch = [
        Operation(Kind.HIDE, ListingRef("m"), Rendered({}, ()), RemoteListing(str(n), Status.LIVE, extra=more))
        for n, more in enumerate(extra)
    ]
    results = canned.connector(platforms="tokopedia").apply(batch)
    assert canned.requests[0].json() == {"product_ids": ["0", "2"], "listing_platforms": [TOKOPEDIA]}
    assert [result.error.code if result.error else result.proved.status for result in results] == [
        Status.HIDDEN,
        "next_call",
        Status.HIDDEN,
    ]


def test_a_new_product_that_one_storefront_refuses_is_live_on_the_other(shop: Shop) -> None:
    shop.limit(ban_words_tokopedia=["terlarang"], ban_words=[])
    wanted = shop.wanted(title=BAD)
    shop.driver.converge(wanted)
    seen = shop.driver.fetch(wanted)
    assert seen.status is Status.LIVE
    assert "Tokopedia menolak" in seen.reasons[0].id
    shop.sent.clear()
    shop.driver.converge(wanted)
    assert shop.writes() == [], "what was refused is not sent again until a person edits it"


def test_an_edit_that_one_storefront_refuses_takes_it_off_there(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.limit(ban_words_tiktok_shop=["terlarang"], ban_words=[])
    edited = shop.wanted(title=BAD)
    shop.driver.converge(edited)
    seen = shop.driver.fetch(edited)
    assert (seen.status, seen.fields["title"]) == (Status.LIVE, BAD)
    assert "TikTok Shop menolak" in seen.reasons[0].id
    assert shop.there(found.remote_id)["platform_status"] == {
        TIKTOK_SHOP: "PLATFORM_DEACTIVATED",
        TOKOPEDIA: "ACTIVATE",
    }
    shop.sent.clear()
    shop.driver.converge(edited)
    assert shop.writes() == []


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_an_edit_refused_everywhere_leaves_the_old_version_and_is_not_sent_again(shop: Shop, setting: str) -> None:
    shop.start_anew(platforms=setting)
    wanted = shop.wanted(axes=1)
    found = shop.publish(wanted)
    edited = shop.wanted(axes=1, title=BAD)
    shop.driver.converge(edited)
    seen = shop.connector.fetch_listing(found.remote_id)
    assert (seen.status, seen.offers_complete) == (Status.LIVE, False)
    assert len(seen.reasons) == len(SETTINGS[setting])
    assert shop.there(found.remote_id)["title"] == shop.render(wanted).fields["title"]
    shop.sent.clear()
    shop.driver.converge(edited)
    assert shop.writes() == []
    result = shop.apply(Kind.STOCK, with_offer(edited, "mangkuk-0", quantity=1), offers=["mangkuk-0"])
    assert not result.offer_errors, "its stock still counts"


def test_a_product_refused_everywhere_is_rejected_with_both_reasons(shop: Shop) -> None:
    wanted = shop.wanted(title=BAD)
    shop.driver.converge(wanted)
    seen = shop.driver.fetch(wanted)
    assert seen.status is Status.REJECTED
    assert [("Tokopedia" in one.id, "TikTok Shop" in one.id) for one in seen.reasons] in (
        [(False, True), (True, False)],
        [(True, False), (False, True)],
    )
    edited = shop.wanted(title="Mangkuk kayu jati yang boleh")
    shop.driver.converge(edited)
    assert shop.driver.fetch(edited).status is Status.LIVE


def test_of_a_review_by_tokopedia_alone_only_its_content_tells(shop: Shop) -> None:
    shop.start_anew(platforms="tokopedia")
    wanted = shop.wanted()
    shop.publish(wanted)
    shop.limit(review_delay_s=300.0)
    edited = shop.wanted(title="Mangkuk kayu jati berjudul baru")
    assert shop.apply(Kind.UPDATE, edited, fields=("title",)).error is None
    seen = shop.driver.fetch(edited)
    assert (seen.status, seen.fields["title"]) == (Status.REVIEW, "Mangkuk kayu jati berjudul baru")
    shop.wait(301)
    assert shop.driver.fetch(edited).status is Status.LIVE


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_an_edit_says_that_it_is_reviewed(shop: Shop, setting: str) -> None:
    """The answer's ``audit`` speaks of TikTok Shop alone; where it is silent the edit is reviewed all the same."""
    shop.start_anew(platforms=setting)
    shop.publish(shop.wanted(axes=1))
    shop.limit(review_delay_s=300.0)
    title = shop.apply(Kind.UPDATE, shop.wanted(axes=1, title="Mangkuk kayu jati berjudul baru"), fields=("title",))
    whole = shop.apply(Kind.UPDATE, shop.wanted(axes=1, made_to_order_days=5), fields=("pre_order_days",))
    shape = shop.apply(Kind.RESHAPE, with_offer(shop.wanted(axes=1), "mangkuk-0", sku="LAIN-0"))
    for result in (title, whole, shape):
        assert result.proved is not None
        assert (result.proved.status, result.check_after_s) == (Status.REVIEW, 1.0)


def test_a_draft_is_not_reviewed_when_it_is_edited(shop: Shop) -> None:
    shop.start_anew(platforms="tokopedia")
    shop.publish(shop.wanted(live=False))
    edited = shop.wanted(live=False, title="Mangkuk kayu jati berjudul baru")
    result = shop.apply(Kind.UPDATE, edited, fields=("title",))
    assert result.proved is not None
    assert result.proved.status is None


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_after_a_refused_edit_the_next_one_carries_what_that_one_did(shop: Shop, setting: str) -> None:
    shop.start_anew(platforms=setting)
    found = shop.publish(shop.wanted(axes=1))
    changed = {
        "axes": 1,
        "made_to_order_days": 6,
        "description": "Diukir dua hari, lalu dijemur sehari penuh di halaman.",
    }
    shop.driver.converge(shop.wanted(title=BAD, **changed))
    assert shop.connector.fetch_listing(found.remote_id).extra["refused"] is True
    mended = shop.wanted(title="Mangkuk kayu jati berjudul baru", **changed)
    shop.driver.converge(mended)
    rendered, seen = shop.render(mended).fields, shop.driver.fetch(mended)
    assert {name: seen.fields[name] for name in ("title", "description", "pre_order_days")} == {
        name: rendered[name] for name in ("title", "description", "pre_order_days")
    }
    assert seen.extra["refused"] is False


def test_withdrawn_while_one_storefront_reviews_it_is_looked_at_again(shop: Shop) -> None:
    """A storefront that was still reviewing shows the product after all, so it is hidden again there."""
    shop.start_anew(platforms="tiktok_shop")
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.limit(review_delay_s=300.0)
    shop.driver.connector = shop.open(shop.read_options(platforms="both"))
    both = shop.apply(Kind.UPDATE, wanted, fields=("listing_platforms",))
    assert both.error is None
    shop.driver.fetch(wanted)
    assert shop.there(found.remote_id)["platforms"] == {TIKTOK_SHOP: "live", TOKOPEDIA: "review"}
    result = shop.apply(Kind.HIDE, wanted)
    assert result.error is None
    assert result.check_after_s is not None
    shop.driver.fetch(wanted)
    again = shop.apply(Kind.HIDE, wanted)
    assert isinstance(again.error, Blocked)
    shop.wait(301)
    shop.driver.converge(wanted, state="hidden")
    assert shop.there(found.remote_id)["platforms"] == dict.fromkeys(BOTH, "hidden")


def test_a_shop_that_never_came_from_tokopedia_is_told_so(shop: Shop) -> None:
    shop.limit(tokopedia_seller=False)
    operation = shop.operation(Kind.CREATE, shop.wanted())
    with pytest.raises(Exception, match="12052994") as caught:
        shop.connector.apply([operation])
    assert "platforms" in str(vars(caught.value)["remedy"])


def test_second_hand_and_insurance_are_said_only_where_they_may_be(shop: Shop) -> None:
    shop.start_anew(platforms="tiktok_shop", shipping_insurance="REQUIRED")
    shop.publish(shop.wanted())
    shop.driver.converge(shop.wanted(category=shop.other_category))
    (edit,) = [body for method, _, body in shop.sent if method == "PUT"]
    assert {"is_pre_owned", "shipping_insurance_requirement"} & set(edit) == set()
    shop.start_anew(platforms="tokopedia", shipping_insurance="REQUIRED")
    found = shop.driver.converge(shop.wanted(condition="used")).listing
    (body,) = shop.bodies("POST products")
    assert (body["is_pre_owned"], body["shipping_insurance_requirement"]) == (True, "REQUIRED")
    assert found is not None
    assert shop.driver.fetch(shop.wanted(condition="used")).fields["is_pre_owned"] is True
