"""Collect what happened: from the ledger, from the shops' own logs, and from the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from syncer.store.engine import read
from syncer.store.order_tables import channel_order, order_count, oversell
from syncer.store.tables import stock_level, stock_movement, variant
from tests.market.history import Commit, Down, GivenBack, History, Order, Write

if TYPE_CHECKING:
    from tests.market.market import Market, Shop

#: A webhook is written by the call that changed its order, within so many seconds.
SAME_S = 0.02


def tell(market: Market) -> History:
    """Return the market's history up to now."""
    history = market.history
    history.writes.clear()
    history.orders.clear()
    history.given_back.clear()
    with read(market.engine) as connection:
        _ledger(connection, history)
        _counted(connection, market, history)
    history.downs += _restarts(market)
    market.restarts.clear()
    for shop in market.shops:
        history.shown |= {(shop.name, sku): number for sku, number in shop.shown().items()}
        sent = shop.control.ask("GET", "webhooks")["sent"]
        letters = [letter for letter in sent if letter["shop_id"] == shop.shop_id]
        writes = _writes(shop)
        history.writes += writes
        history.orders += _orders(shop, letters)
        history.given_back += _given_back(writes, letters)
    history.writes.sort(key=lambda one: one.t)
    return history


def _restarts(market: Market) -> list[Down]:
    """After a kill the daemon has to start, to look at what was under way, and to read orders once in every shop."""
    controls = {id(shop.control): shop.control for shop in market.shops}
    calls = {key: control.calls() for key, control in controls.items()} if market.restarts else {}
    found = []
    for since, up in market.restarts:
        until = up
        for shop in market.shops:
            reads = (
                call["t"]
                for call in calls[id(shop.control)]
                if call["operation"].startswith("order") and str(call["account"]) == shop.shop_id and call["t"] > up
            )
            until = max(until, min(reads, default=up))
        found.append(Down(since, until + 1.0))
    return found


def _ledger(connection: Connection, history: History) -> None:
    query = select(stock_movement, variant.c.sku).join(variant, variant.c.id == stock_movement.c.variant_id)
    history.commits = [
        Commit(row.at.timestamp(), row.sku, row.delta, row.held_delta, row.on_hand_after, row.held_after)
        for row in connection.execute(query.order_by(stock_movement.c.id))
    ]
    levels = select(stock_level, variant.c.sku).join(variant, variant.c.id == stock_level.c.variant_id)
    history.levels = {row.sku: (row.on_hand, row.held) for row in connection.execute(levels)}
    first = func.min(oversell.c.flagged_at)
    flagged = select(variant.c.sku, first).join(oversell, oversell.c.variant_id == variant.c.id)
    rows = connection.execute(flagged.group_by(variant.c.sku))
    history.flagged = {sku: at.timestamp() for sku, at in rows}


def _counted(connection: Connection, market: Market, history: History) -> None:
    names = {shop.account.id: shop.name for shop in market.shops}
    query = (
        select(channel_order.c.account_id, channel_order.c.remote_id, variant.c.sku, order_count)
        .join(channel_order, channel_order.c.id == order_count.c.order_id)
        .join(variant, variant.c.id == order_count.c.variant_id)
    )
    history.counted = {}
    for row in connection.execute(query):
        key = (names[row.account_id], row.remote_id, row.sku)
        history.counted[key] = history.counted.get(key, 0) + row.held + row.gone - row.returned


def _writes(shop: Shop) -> list[Write]:
    rows = shop.control.ask("GET", "history")
    return [
        Write(row["t"], shop.name, row["sku"], int(row["value"]), row["by"])
        for row in rows
        if row["field"] == "stock" and str(row["account"]) == shop.shop_id
    ]


def _given_back(writes: list[Write], letters: list[dict[str, Any]]) -> list[GivenBack]:
    found = []
    shown: dict[str, int] = {}
    for one in writes:
        if one.by == "order" and one.value > shown.get(one.sku, one.value):
            knocked = [_knocked(letter) for letter in letters if abs(letter["t"] - one.t) < SAME_S]
            heard = min((at for at in knocked if at is not None), default=None)
            found.append(GivenBack(one.t, one.account, one.sku, heard))
        shown[one.sku] = one.value
    return found


def _knocked(letter: dict[str, Any]) -> float | None:
    """Return when the try of a webhook began that was accepted."""
    return letter["t"] + letter["after_s"] if letter["accepted"] else None


def _orders(shop: Shop, letters: list[dict[str, Any]]) -> list[Order]:
    heard = _heard(letters)
    found = []
    for order in shop.control.ask("GET", f"orders?shop_id={shop.shop_id}"):
        wanted: dict[str, tuple[int, int]] = {}
        for line in order["lines"]:
            quantity, held = wanted.get(line["sku"], (0, 0))
            wanted[line["sku"]] = quantity + line["quantity"], held + line["quantity"] - line["cancelled"]
        found += [
            Order(order["created"], shop.name, order["order_id"], sku, quantity, held, heard.get(order["order_id"]))
            for sku, (quantity, held) in wanted.items()
        ]
    return found


def _heard(letters: list[dict[str, Any]]) -> dict[str, float]:
    """Return when the first webhook about each order that was accepted knocked at our door."""
    found: dict[str, float] = {}
    for letter in letters:
        knocked = _knocked(letter)
        if knocked is not None:
            about = str(letter["about"])
            found[about] = min(found.get(about, float("inf")), knocked)
    return found
