from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from syncer.catalogue.edit import (
    archive_finished,
    delete_product,
    edit_product,
    new_cause,
    rename_sku,
    save_product,
    save_products,
    set_price,
)
from syncer.catalogue.errors import BadProduct, SkuTaken, UnknownProduct
from syncer.catalogue.read import find_product, iter_products, list_products, load_product, load_products
from syncer.domain.product import Photo, ProductStatus, Variant
from syncer.domain.text import BadSku
from syncer.inventory.ledger import available, set_on_hand
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Due, Lane
from syncer.store.tables import cause, listing, product, stock_movement, variant
from tests.catalogue.builders import LATER, NOW, add_account, add_listing, add_media, bowl, owed, settle


def test_a_saved_product_reads_back_as_it_was(engine: Engine) -> None:
    with write(engine) as connection:
        add_media(connection, "a" * 64)
        value = bowl(photos=(Photo("a" * 64, "dari depan", "mangkuk-biru"),), story="Cerita\nkami", brand="Tungku")
        saved = save_product(connection, value, now=NOW, source="template")
    assert saved.created
    assert saved.added == ("mangkuk-biru", "mangkuk-putih")
    with read(engine) as connection:
        found = load_products(connection, [saved.product_id, 999])
    assert list(found) == [saved.product_id]
    back = found[saved.product_id]
    assert [one.id for one in back.variants] == [saved.variant_ids[one.sku] for one in back.variants]
    assert replace(back, id=0, variants=tuple(replace(one, id=0) for one in back.variants)) == value


def test_saving_the_same_again_changes_nothing(engine: Engine) -> None:
    with write(engine) as connection:
        first = save_product(connection, bowl(), now=NOW)
        listed = add_listing(connection, add_account(connection), first.product_id)
        again = save_product(connection, bowl(), now=LATER)
        row = connection.execute(select(product.c.version, product.c.changed_at)).one()
        assert owed(connection, listed) == (0, 9)
    assert not again.created
    assert again.changed == 0
    assert (row.version, row.changed_at) == (1, NOW)


@pytest.mark.parametrize(
    ("changes", "due", "lane"),
    [
        ({"title": "Mangkuk Besar"}, Due.CONTENT, Lane.CONTENT),
        ({"attributes": {"teknik": "cetak"}}, Due.CONTENT, Lane.CONTENT),
        ({"option_names": ("Rona",)}, Due.CONTENT, Lane.CONTENT),
        ({"made_to_order_days": 5}, Due.CONTENT, Lane.CONTENT),
    ],
)
def test_an_edit_marks_the_listings_by_what_changed(
    engine: Engine, changes: dict[str, object], due: Due, lane: Lane
) -> None:
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        other = save_product(connection, bowl("cangkir"), now=NOW)
        shop = add_account(connection)
        listed, unrelated = (add_listing(connection, shop, one.product_id) for one in (saved, other))
        cause_id = new_cause(connection, "edit", "judul", "ibu ani", NOW)
        again = edit_product(connection, "mangkuk-biru", now=LATER, cause_id=cause_id, **changes)
        assert again.changed == due
        assert owed(connection, listed) == (due, lane)
        assert owed(connection, unrelated) == (0, 9)
        marked_by = connection.execute(select(listing.c.cause_id).where(listing.c.id == listed)).scalar_one()
    assert marked_by == cause_id


def test_a_price_is_due_as_a_price_only(engine: Engine) -> None:
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        listed = add_listing(connection, add_account(connection), saved.product_id)
        assert set_price(connection, "mangkuk-biru", Decimal(90000), now=LATER).changed == Due.PRICE
        assert owed(connection, listed) == (Due.PRICE, Lane.PRICE)
        assert [one.price for one in load_product(connection, "mangkuk").variants] == [90000, 80000]


def test_single_piece_mode_changes_what_is_shown(engine: Engine) -> None:
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        listed = add_listing(connection, add_account(connection), saved.product_id)
        now_single = tuple(replace(one, single_piece=True) for one in bowl().variants)
        save_product(connection, bowl(variants=now_single), now=LATER)
        assert owed(connection, listed)[0] == Due.STOCK


def test_an_absent_variant_is_retired_and_stops_being_sold_first(engine: Engine) -> None:
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        set_on_hand(connection, "mangkuk-biru", 3, now=NOW)
        listed = add_listing(connection, add_account(connection), saved.product_id)
        again = save_product(connection, bowl(variants=bowl().variants[1:]), now=LATER)
        assert again.retired == ("mangkuk-biru",)
        assert owed(connection, listed) == (Due.CONTENT | Due.STOCK, Lane.STOP)
        assert [one.sku for one in load_product(connection, "mangkuk").variants] == ["mangkuk-putih"]
        assert connection.execute(select(func.count()).select_from(stock_movement)).scalar() == 1
        # The same SKU on the same product is the same thing again, with its ledger.
        back = save_product(connection, bowl(), now=LATER)
        assert back.variant_ids == saved.variant_ids
        assert available(connection, [saved.variant_ids["mangkuk-biru"]]) == {saved.variant_ids["mangkuk-biru"]: 3}


def test_a_renamed_sku_keeps_its_identity(engine: Engine) -> None:
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        set_on_hand(connection, "mangkuk-biru", 3, now=NOW)
        listed = add_listing(connection, add_account(connection), saved.product_id)
        renamed = rename_sku(connection, "mangkuk-biru", "MB-01", now=LATER)
        assert renamed.renamed == (("mangkuk-biru", "MB-01"),)
        assert renamed.variant_ids is not None
        assert renamed.variant_ids["MB-01"] == saved.variant_ids["mangkuk-biru"]
        assert owed(connection, listed) == (Due.CONTENT, Lane.CONTENT)
        assert find_product(connection, "mangkuk-biru") == saved.product_id
        moved = set_on_hand(connection, "mangkuk-biru", 4, was=3, now=LATER)
        assert moved is not None
        assert moved.sku == "MB-01"
        # Saving the product with the former SKU does not bring the old name back, nor make a new variant.
        again = save_product(connection, bowl(), now=LATER)
        assert (again.changed, again.added, again.retired) == (0, (), ())
        assert [one.sku for one in load_product(connection, "MB-01").variants] == ["MB-01", "mangkuk-putih"]


def test_a_former_sku_may_come_back_to_its_own_variant_but_to_no_other(engine: Engine) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(), now=NOW)
        rename_sku(connection, "mangkuk-biru", "MB-01", now=NOW)
        with pytest.raises(SkuTaken, match="used to be that of MB-01"):
            save_product(connection, bowl("lain", variants=(Variant("mangkuk-biru", Decimal(1), ("x",)),)), now=NOW)
        rename_sku(connection, "MB-01", "mangkuk-biru", now=LATER)
        assert [one.sku for one in load_product(connection, "MB-01").variants] == ["mangkuk-biru", "mangkuk-putih"]


def test_two_variants_can_swap_their_skus(engine: Engine) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(), now=NOW)
        blue, white = load_product(connection, "mangkuk").variants
        swapped = (replace(blue, sku=white.sku), replace(white, sku=blue.sku))
        save_product(connection, bowl(variants=swapped), now=LATER)
        assert [(one.id, one.sku) for one in load_product(connection, "mangkuk").variants] == [
            (blue.id, "mangkuk-putih"),
            (white.id, "mangkuk-biru"),
        ]


def test_an_axis_is_added_and_removed(engine: Engine) -> None:
    with write(engine) as connection:
        first = save_product(connection, bowl(), now=NOW)
        listed = add_listing(connection, add_account(connection), first.product_id)
        wide = bowl(
            option_names=("Warna", "Ukuran"),
            variants=(
                Variant("mangkuk-biru", Decimal(85000), ("Biru", "Kecil")),
                Variant("mangkuk-putih", Decimal(80000), ("Putih", "Kecil")),
                Variant("mangkuk-biru-b", Decimal(95000), ("Biru", "Besar")),
            ),
        )
        second = save_product(connection, wide, now=NOW)
        assert second.added == ("mangkuk-biru-b",)
        assert second.variant_ids is not None
        assert second.variant_ids["mangkuk-biru"] == first.variant_ids["mangkuk-biru"]
        assert owed(connection, listed)[0] == Due.CONTENT | Due.PRICE | Due.STOCK
        settle(connection)
        plain = bowl(option_names=(), variants=(Variant("mangkuk-biru", Decimal(85000), ()),))
        third = save_product(connection, plain, now=NOW)
        assert third.retired == ("mangkuk-putih", "mangkuk-biru-b")
        assert third.variant_ids == {"mangkuk-biru": first.variant_ids["mangkuk-biru"]}
        assert load_product(connection, "mangkuk").option_names == ()


def test_the_order_of_variants_and_photos_is_kept(engine: Engine) -> None:
    with write(engine) as connection:
        add_media(connection, "a" * 64, "b" * 64)
        photos = (Photo("a" * 64), Photo("b" * 64, sku="mangkuk-putih"))
        saved = save_product(connection, bowl(photos=photos), now=NOW)
        listed = add_listing(connection, add_account(connection), saved.product_id)
        turned = bowl(photos=photos[::-1], variants=bowl().variants[::-1])
        assert save_product(connection, turned, now=LATER).changed == Due.CONTENT
        found = load_product(connection, "mangkuk")
        assert found.photos == photos[::-1]
        assert [one.sku for one in found.variants] == ["mangkuk-putih", "mangkuk-biru"]
        assert owed(connection, listed)[0] == Due.CONTENT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"category_key": "mangkuuk"}, "category_key"),
        ({"category_key": "wastra"}, "category_key"),
        ({"variants": ()}, "variants"),
        ({"option_names": ("a", "b", "c", "d")}, "option_names"),
        ({"option_names": ("Warna", "warna")}, "option_names"),
        ({"variants": (Variant("x", Decimal(0), ("a",)),)}, "price"),
        ({"variants": (Variant("x", Decimal("NaN"), ("a",)),)}, "price"),
        ({"variants": (Variant("x", Decimal(1), ()),)}, "option_values"),
        ({"variants": (Variant("x", Decimal(1), ("",)),)}, "option_values"),
        ({"variants": (Variant("x", Decimal(1), ("a",)), Variant("x", Decimal(1), ("b",)))}, "sku"),
        ({"variants": (Variant("x", Decimal(1), ("a",)), Variant("y", Decimal(1), ("A",)))}, "option_values"),
        ({"variants": (Variant("x", Decimal(1), ("a",), weight_g=0),)}, "weight_g"),
        ({"variants": (Variant("x", Decimal(1), ("a",), height_mm=-1),)}, "height_mm"),
        ({"title": "a\x00b"}, "title"),
        ({"description": "\ud800"}, "description"),
        ({"handle": "../x"}, "handle"),
        ({"condition": "broken"}, "condition"),
        ({"photos": (Photo("f" * 64),)}, "photos"),
        ({"made_to_order_days": 1000}, "made_to_order_days"),
    ],
)
def test_a_product_that_cannot_be_kept_is_refused_whole(engine: Engine, changes: dict[str, object], field: str) -> None:
    with write(engine) as connection:
        with pytest.raises(BadProduct) as caught:
            save_product(connection, bowl(**changes), now=NOW)
        assert caught.value.field == field
        assert caught.value.words.id != caught.value.words.en
        assert connection.execute(select(func.count()).select_from(product)).scalar() == 0


def test_skus_obey_the_grammar_and_belong_to_one_product(engine: Engine) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(), now=NOW)
        with pytest.raises(BadSku):
            save_product(connection, bowl("x", variants=(Variant("a b", Decimal(1), ("a",)),)), now=NOW)
        with pytest.raises(SkuTaken, match="belongs to mangkuk"):
            save_product(connection, bowl("x", variants=(Variant("mangkuk-biru", Decimal(1), ("a",)),)), now=NOW)


def test_in_a_bunch_each_product_stands_alone(engine: Engine) -> None:
    with write(engine) as connection:
        outcomes = save_products(
            connection, [bowl("a"), bowl("b", title=""), bowl("c", variants=bowl("a").variants), bowl("d")], now=NOW
        )
        names = list(connection.execute(select(product.c.handle).order_by(product.c.id)).scalars())
    assert [type(one).__name__ for one in outcomes] == ["Saved", "BadProduct", "SkuTaken", "Saved"]
    assert names == ["a", "d"]


def test_a_product_is_found_by_handle_sku_or_not_at_all_with_a_hint(engine: Engine) -> None:
    with write(engine) as connection:
        saved = save_product(connection, bowl("mangkuk-lereng"), now=NOW)
    with read(engine) as connection:
        assert find_product(connection, " mangkuk-lereng ") == saved.product_id
        assert find_product(connection, "mangkuk-lereng-putih") == saved.product_id
        with pytest.raises(UnknownProduct, match="Did you mean mangkuk-lereng"):
            find_product(connection, "mangkok-lereng")
        with pytest.raises(UnknownProduct, match="syncer products"):
            find_product(connection, "zzz")


def test_the_list_shows_stock_and_finds_by_sku(engine: Engine) -> None:
    with write(engine) as connection:
        save_products(connection, [bowl("a"), bowl("b"), bowl("c_1")], now=NOW)
        set_on_hand(connection, "a-biru", 3, now=NOW)
        set_on_hand(connection, "a-putih", 4, now=NOW)
        delete_product(connection, "b", now=NOW)
    with read(engine) as connection:
        rows = list_products(connection)
        assert [(row.handle, row.variants, row.stock) for row in rows] == [("a", 2, 7), ("c_1", 2, 0)]
        assert [row.handle for row in list_products(connection, search="_1-bi")] == ["c_1"]
        assert [row.handle for row in list_products(connection, include_archived=True, limit=2)] == ["a", "b"]
        assert [row.handle for row in list_products(connection, after_handle="a")] == ["c_1"]
        assert [one.handle for one in iter_products(connection, status=ProductStatus.ACTIVE, at_once=1)] == ["a", "c_1"]


def test_deleting_withdraws_everywhere_and_then_archives(engine: Engine) -> None:
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        there = add_listing(connection, add_account(connection, "satu"), saved.product_id)
        add_listing(connection, add_account(connection, "dua"), saved.product_id, remote_id=None)
        gone = delete_product(connection, "mangkuk", now=LATER)
        assert gone.withdrawing == 1
        rows = connection.execute(select(listing.c.id, listing.c.wanted)).all()
        assert [tuple(row) for row in rows] == [(there, "deleted")]
        assert owed(connection, there) == (Due.CONTENT | Due.STOCK, Lane.STOP)
        assert load_product(connection, "mangkuk").status is ProductStatus.WITHDRAWING
        assert archive_finished(connection, now=LATER) == []
        settle(connection)
        assert archive_finished(connection, now=LATER) == [saved.product_id]
        assert connection.execute(select(product.c.status)).scalar() == "archived"
        # Its SKUs are free for others; its handle brings it back as itself.
        assert list(connection.execute(select(variant.c.id).where(variant.c.retired_at.is_(None)))) == []
        again = save_product(connection, bowl(), now=LATER)
        assert (again.created, again.product_id, again.variant_ids) == (False, saved.product_id, saved.variant_ids)


def test_a_product_without_listings_is_archived_at_once(engine: Engine) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(), now=NOW)
        assert delete_product(connection, "mangkuk-putih", now=LATER).withdrawing == 0
        assert connection.execute(select(product.c.status)).scalar() == "archived"


def test_editing_an_unknown_field_names_the_known_ones(engine: Engine) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(), now=NOW)
        with pytest.raises(BadProduct, match="Choose from: title"):
            edit_product(connection, "mangkuk", now=NOW, status="archived")
        assert connection.execute(select(func.count()).select_from(cause)).scalar() == 0
