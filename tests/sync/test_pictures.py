"""Pictures are uploaded beforehand, each once, and never hold a listing."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from syncer.catalogue.edit import save_product
from syncer.domain.product import Photo
from syncer.store.engine import write
from syncer.store.tables import picture_upload
from tests.sync.world import World, now


def test_a_photo_added_later_reaches_the_shop_and_is_uploaded_once(world: World) -> None:
    account = world.account()
    product = world.product("lampu")
    world.product("lampu-dua")
    world.publish(account, "lampu")
    world.sync()
    more = replace(product, photos=(*product.photos, Photo(world.picture("sisi lain"))))
    with write(world.engine) as connection:
        save_product(connection, more, now=now())
    world.sync()
    assert len(world.control.listings()["Mangkuk kayu lampu"]["images"]) == 2
    uploads = [call for call in world.control.calls() if "upload_image" in call["path"]]
    assert len(uploads) == 2


def test_a_refused_picture_does_not_hold_the_listing(world: World) -> None:
    account = world.account()
    product = world.product("kendi")
    bad = world.picture("rusak")
    with write(world.engine) as connection:
        save_product(connection, replace(product, photos=(*product.photos, Photo(bad))), now=now())
    world.control.fault(operation="media_space.upload_image", fault="error_before", times=3)
    world.publish(account, "kendi")
    world.sync()
    there = world.control.listings()["Mangkuk kayu kendi"]
    assert there["status"] == "live"
    assert len(there["images"]) == 2


def test_pictures_that_the_shop_forgot_are_uploaded_again(world: World) -> None:
    account = world.account()
    product = world.product("tampah")
    world.publish(account, "tampah")
    world.sync()
    with write(world.engine) as connection:
        connection.execute(update(picture_upload).values(remote_id="id-yang-tidak-ada"))
        save_product(connection, replace(product, title="Tampah bambu besar"), now=now())
    world.settle()
    there = world.control.listings()["Tampah bambu besar"]
    assert len(there["images"]) == 1
    assert "tidak-ada" not in str(there["images"])
