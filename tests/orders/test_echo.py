"""What a sale tells of the channel's own number: it moves with it only where nothing of ours can have crossed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from syncer.domain.order import RemoteOrder
from syncer.sdk.contract import OrderFacts
from syncer.store.engine import write
from syncer.store.marks import Due, Lane
from syncer.store.tables import account, offer
from tests.orders.shop import FACTS, MEANINGS, Shops, at, line, order


def sold(shops: Shops, status: str = "READY", quantity: int = 2, **more: Any) -> RemoteOrder:
    return order(status, [shops.mine(shops.one, quantity)], **more)


def test_a_number_that_the_platform_lowered_moves_with_the_sale(shops: Shops) -> None:
    shops.take(sold(shops))
    assert shops.shown() == (3, False)
    assert shops.shown(1) == (5, False)
    # Nothing differs in that shop: what is marked is looked at, and no call is made.
    assert shops.free() == 3


def test_a_number_below_what_is_to_be_shown_is_raised_again(shops: Shops) -> None:
    """A cap of 3: the order takes nothing from what is shown, but the platform lowers its number when it is paid."""
    with write(shops.engine) as connection:
        connection.execute(update(account).where(account.c.id == shops.one.id).values(cap=3))
        connection.execute(update(offer).values(quantity=3))
    shops.take(sold(shops, "UNPAID", 1))
    shops.settle()
    shops.take(sold(shops, "READY", 1, updated=120), began=220)
    assert shops.shown() == (2, False)
    assert shops.owed() == (Due.STOCK, Lane.RISE)


def test_a_status_that_lowers_nothing_leaves_the_number(shops: Shops) -> None:
    shops.take(sold(shops, "UNPAID"))
    assert shops.shown() == (5, False)
    shops.take(sold(shops, "READY", updated=130), began=230)
    assert shops.shown() == (3, False)
    shops.take(sold(shops, "SHIPPED", updated=140), began=240)
    assert shops.shown() == (3, False)
    shops.settle()
    shops.take(sold(shops, "SHIPPED", updated=140), began=250)
    assert shops.owed() == (0, Lane.IDLE)


def test_what_is_given_back_moves_too(shops: Shops) -> None:
    shops.take(sold(shops))
    shops.take(sold(shops, "CANCELLED", updated=130), began=230)
    assert shops.shown() == (5, False)


@pytest.mark.parametrize(
    "crossed",
    [
        {"claim": "worker", "claim_epoch": 1},
        {"acknowledged_at": at(96)},
        {"verified_at": at(150)},
        {"seeking": {"since": "now"}},
        {"late": ["*quantity/{blue}"]},
    ],
)
def test_what_may_have_crossed_the_sale_is_set_again(shops: Shops, crossed: dict[str, Any]) -> None:
    if "late" in crossed:
        crossed = {"late": [f"*quantity/{shops.blue}"]}
    shops.set(**crossed)
    shops.take(sold(shops))
    assert shops.shown() == (3, True)
    assert shops.owed() == (Due.STOCK, Lane.FALL)


def test_an_offer_acknowledged_after_the_sale_is_set_again(shops: Shops) -> None:
    with write(shops.engine) as connection:
        connection.execute(update(offer).values(acknowledged_at=at(101)))
    shops.take(sold(shops))
    assert shops.shown() == (3, True)


def test_an_offer_never_acknowledged_is_set_again(shops: Shops) -> None:
    with write(shops.engine) as connection:
        connection.execute(update(offer).values(acknowledged_at=None))
    shops.take(sold(shops))
    assert shops.shown() == (3, True)


def test_more_than_was_shown_is_set_again(shops: Shops) -> None:
    shops.take(sold(shops, quantity=6))
    assert shops.shown() == (0, True)
    assert shops.owed() == (Due.STOCK, Lane.STOP)


def test_unknown_meanings_are_set_again(shops: Shops) -> None:
    unsure = OrderFacts(meanings=MEANINGS, lowers={"UNPAID": None, "READY": True})
    shops.take(sold(shops, "UNPAID"), facts=unsure)
    assert shops.shown() == (3, True)
    with write(shops.engine) as connection:
        connection.execute(update(offer).values(quantity=3, quantity_unknown=False, acknowledged_at=at(110)))
    shops.settle()
    shops.take(sold(shops, "UNPAID"), facts=unsure, began=215)
    assert shops.owed() == (0, Lane.IDLE)
    shops.take(sold(shops, "READY", updated=120), facts=unsure, began=220)
    assert shops.shown()[1]
    shops.take(sold(shops, "SHIPPED", updated=130), facts=unsure, began=230)
    assert shops.shown()[1]


def test_an_order_first_seen_called_off_may_have_crossed_a_write(shops: Shops) -> None:
    shops.take(sold(shops, "CANCELLED", name="quiet"))
    assert shops.shown() == (5, False)
    shops.set(acknowledged_at=at(150))
    shops.take(sold(shops, "CANCELLED", name="crossed"), began=210)
    assert shops.shown() == (5, True)


def test_a_line_of_a_former_offer_says_nothing_of_the_present_one(shops: Shops) -> None:
    shops.take(order(lines=[line("1", listing_id=f"L{shops.one.id}", offer_id="former")]))
    assert shops.shown() == (4, True)


def test_orders_of_before_going_live_are_in_the_number_already(shops: Shops) -> None:
    shops.set(verified_at=at(9_000))
    shops.take(sold(shops), opening=True)
    assert shops.shown() == (5, False)
    shops.take(sold(shops, name="A2", created=8_990), opening=True)
    assert shops.shown() == (3, True)


def test_orders_one_after_the_other_all_move_it(shops: Shops) -> None:
    shops.take(*(order(lines=[shops.mine(shops.one)], name=f"A{number}") for number in range(3)))
    shops.take(order(lines=[shops.mine(shops.one)], name="B"), began=210)
    assert shops.shown() == (1, False)
    assert shops.free() == 1
    assert FACTS.lowers["READY"]
