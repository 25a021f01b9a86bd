from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.shopee.writes import EDITABLE_FIELDS
from syncer.domain.listing import Status
from syncer.sdk.operations import Kind
from tests.connectors.shopee.conftest import Shop


def editable(fields: Any) -> dict[str, Any]:
    """What can be edited after creation; with variants, weight and size are the variants' own."""
    own = ("weight_g", "dimension_cm")
    return {name: value for name, value in fields.items() if name in EDITABLE_FIELDS and name not in own}


def test_a_piece_without_variants_is_created_in_one_call_and_reads_back_equal(shop: Shop) -> None:
    wanted = shop.wanted()
    outcome = shop.driver.converge(wanted)
    assert outcome.kinds == [Kind.CREATE]
    found = shop.connector.fetch_listing(outcome.listing.remote_id)
    assert found.fields == outcome.rendered.fields
    assert found.status is Status.LIVE
    assert [(offer.sku, offer.price, offer.quantity) for offer in found.offers] == [("MANGKUK-0", Decimal(185000), 5)]


@pytest.mark.parametrize("axes", [1, 2])
def test_variants_are_added_to_a_hidden_item_and_shown_last(shop: Shop, axes: int) -> None:
    wanted = shop.wanted(axes=axes)
    outcome = shop.driver.converge(wanted)
    assert outcome.kinds == [Kind.CREATE, Kind.RESHAPE, Kind.SHOW]
    found = shop.driver.fetch(wanted)
    assert editable(found.fields) == editable(outcome.rendered.fields)
    assert found.option_names == wanted.option_names
    assert {offer.key: (offer.sku, offer.price, offer.quantity, dict(offer.fields)) for offer in found.offers} == {
        offer.key: (offer.sku, offer.price, offer.quantity, dict(offer.fields)) for offer in outcome.rendered.offers
    }
    assert shop.there(found.remote_id)["status"] == "live"
