"""What any connector hands on of a platform's words: storable in every database, safe for every reader (H6, C2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from syncer.catalogue.edit import save_product
from syncer.domain.listing import RemoteListing, RemoteOffer, Status
from syncer.domain.text import storable
from syncer.domain.words import Words
from syncer.sdk.contract import Identity
from syncer.store.engine import Engine, read, write
from syncer.store.tables import listing
from syncer.sync.known import Known, merge
from syncer.sync.rows import known_columns, load_items, store_offers
from tests.catalogue.builders import add_account, add_listing, bowl

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
BROKEN = "a\x00b\ud800c"


@pytest.mark.rule("H6")
def test_a_listing_of_broken_words_is_kept_in_both_databases(engine: Engine) -> None:
    product = bowl()
    with write(engine) as connection:
        saved = save_product(connection, product, now=NOW)
        listing_id = add_listing(
            connection, add_account(connection), saved.product_id, dict.fromkeys(saved.variant_ids.values(), 1)
        )
    skus = list(saved.variant_ids)
    offers = [
        RemoteOffer(f"r{BROKEN}", sku, price, quantity, (BROKEN,), {BROKEN: [BROKEN, float("nan")]})
        for sku, price, quantity in zip(
            [*skus, "x" * 5000], [Decimal("NaN"), Decimal(10) ** 40, Decimal(1)], [2**31, 10**30, -(2**40)], strict=True
        )
    ]
    found = RemoteListing(
        f"9{BROKEN}",
        Status.LIVE,
        BROKEN,
        {"title": BROKEN, BROKEN: {"deep": [{"deeper": BROKEN}]}, "weight": float("inf")},
        (BROKEN,),
        tuple(offers),
        offers_complete=True,
        reasons=(Words(BROKEN, BROKEN),),
        extra={"raw": BROKEN},
    )
    with write(engine) as connection:
        item = load_items(connection, [listing_id])[listing_id]
        known = merge(Known(), found, {sku: str(key) for sku, key in saved.variant_ids.items()})
        store_offers(connection, item, known, now=NOW)
        connection.execute(update(listing).where(listing.c.id == listing_id).values(known_columns(known)))
    with read(engine) as connection:
        item = load_items(connection, [listing_id])[listing_id]
        row = connection.execute(select(listing.c.known)).scalar_one()
    assert item.known.fields["title"] == "abc"
    assert row["fields"]["weight"] is None
    for one in item.known.offers.values():
        assert (one.price, one.quantity) == (None, None), "out of this world: not known"


@pytest.mark.rule("H6")
def test_an_id_that_is_too_long_is_a_fault_of_the_connector() -> None:
    with pytest.raises(ValueError, match="too long"):
        RemoteListing("9" * 121)
    with pytest.raises(ValueError, match="too long"):
        RemoteOffer("9" * 121, "A")


@pytest.mark.rule("H6")
@pytest.mark.parametrize("value", ["", "é 🪵", 1, 1.5, None, True, [1, ("a",)], {"a": {"b": [1]}}, ("x", "y")])
def test_what_is_fine_stays_as_it_is(value: Any) -> None:
    assert storable(value) is value


@pytest.mark.rule("C2")
@pytest.mark.rule("D4")
def test_the_name_of_a_shop_is_clean_and_short() -> None:
    found = Identity(
        f"7{BROKEN}", "Toko\x1b]0;x\x07\n\u202eMerah\u200b " + "x" * 9999, region="\x00ID", currency="IDRX"
    )
    assert found.shop_id == "7abc"
    assert found.shop_name.startswith("Toko]0;x Merah xxx")
    assert len(found.shop_name) == 120
    assert (found.region, found.currency) == ("ID", "IDR")
