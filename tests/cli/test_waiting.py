"""What orders ask of a person, where people look first: ``syncer status`` and ``syncer problems``."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from syncer.cli.waking import LOCK
from syncer.domain.order import RemoteOrder
from syncer.inventory.reserving import reserve
from syncer.orders.leaving import Settle, remove_account
from syncer.store.engine import open_engine, read, write
from syncer.store.tables import meta
from tests.cli.conftest import Cli
from tests.orders.shop import Shops, at, line, order


@pytest.fixture
def shops(sqlite_cli: Cli) -> Iterator[Shops]:
    """Five blue bowls in two shops, in the database of the commands."""
    sqlite_cli.ok("status")
    engine = open_engine(sqlite_cli.url, home=sqlite_cli.home)
    yield Shops(engine)
    engine.dispose()


def came_back(name: str) -> RemoteOrder:
    return order("TO_RETURN", name=name, updated=160)


def asked(cli: Cli, *more: str) -> dict[str, dict[str, Any]]:
    """What orders and campaigns ask in ``syncer problems``, by code."""
    kinds = ("order", "oversell", "reservation")
    return {one["code"]: one for one in cli.json("problems", *more) if one["kind"] in kinds}


def test_what_orders_ask_is_said_with_the_command_that_answers_it(sqlite_cli: Cli, shops: Shops) -> None:
    cli = sqlite_cli
    assert "no problems" in cli.ok("problems").out
    shops.take(order(lines=[line(sku="gelas")], name="A1"), order("SHIPPED", name="A2"))
    shops.take(came_back("A2"), began=210)
    shops.take(order(lines=[line(quantity=6)], name="B1"), account=shops.two, began=220)

    found = asked(cli)
    assert {key: (one["account"], one["count"]) for key, one in found.items()} == {
        "oversold": (None, 2),
        "unknown_sku": ("satu", 1),
        "order_question": ("satu", 1),
    }
    assert "syncer orders oversold show mangkuk-biru" in found["oversold"]["remedy"]
    assert "syncer orders inbox" in found["unknown_sku"]["remedy"]
    assert "syncer orders returned" in found["order_question"]["remedy"]
    assert asked(cli, "--account", "dua").keys() == {"oversold"}
    cli.env("SYNCER_LANGUAGE", "id")
    assert "SKU yang tidak dikenal" in cli.ok("problems").out
    cli.env("SYNCER_LANGUAGE", "en")

    one, two = sorted(cli.json("status"), key=lambda row: str(row["name"]), reverse=True)
    names = ("unknown_order_lines", "order_questions", "oversold")
    assert [one[name] for name in names] == [1, 1, 0]
    assert [two[name] for name in names] == [0, 0, 1]
    said = cli.ok("status")
    rows = {row.split()[0]: row.split() for row in said.out.splitlines()[1:3]}
    assert (rows["satu"][-2], rows["dua"][-2]) == ("2", "1"), "NEEDS YOU"
    for command in ("syncer orders inbox", "syncer orders bind", "syncer orders returned", "syncer orders oversold"):
        assert command in said.err

    # What a person has settled is said no more.
    cli.ok("orders", "oversold", "settle", "mangkuk-biru")
    cli.ok("orders", "returned", "A2", "--lost")
    cli.ok("orders", "bind", "A1", "1", "mangkuk-putih", "--yes")
    assert [one["sku"] for one in asked(cli).values()] == ["mangkuk-putih"], "the white one is oversold by that"


def test_pieces_in_question_are_not_called_gone(sqlite_cli: Cli, shops: Shops) -> None:
    shops.take(order("SHIPPED", lines=[line(quantity=2)], name="A2"))
    assert "2 gone" in sqlite_cli.ok("orders").out
    shops.take(order("TO_RETURN", lines=[line(quantity=2)], name="A2", updated=160), began=210)
    said = sqlite_cli.ok("orders").out
    assert ("2 in question: syncer orders inbox" in said, "gone" in said) == (True, False)
    shown = sqlite_cli.ok("orders", "show", "A2").out
    assert ("2 in question" in shown, "gone," in shown) == (True, False)
    (row,) = sqlite_cli.json("orders")
    assert (row["gone"], row["asks"], row["asked"]) == (2, True, 2)
    # On the desk, too: it may be the piece that is missing.
    shops.take(order(lines=[line(quantity=4)], name="B1"), account=shops.two, began=220)
    assert "2 of them may come back" in sqlite_cli.ok("orders", "oversold", "show", "mangkuk-biru").out
    sqlite_cli.ok("orders", "returned", "A2", "--lost")
    assert "2 gone" in sqlite_cli.ok("orders").out


def test_a_removed_shop_keeps_its_name_on_its_orders(sqlite_cli: Cli, shops: Shops) -> None:
    shops.take(order(lines=[line(sku="gelas")], name="A1"), order(name="A2"))
    with write(shops.engine) as connection:
        remove_account(connection, shops.one, force=True, settle=Settle.KEEP, now=at(300))
    assert [row["account"] for row in sqlite_cli.json("orders", "--account", "Satu")] == ["satu", "satu"]
    assert sqlite_cli("orders", "--account", "dua", "--json").json == []
    assert sqlite_cli("orders", "--account", "tiga").code == 1
    assert sqlite_cli.json("orders", "inbox")["unknown"][0]["account"] == "satu"
    assert "satu 1" in sqlite_cli.ok("status").err
    assert [(code, row["account"]) for code, row in asked(sqlite_cli).items()] == [("unknown_sku", "satu")]


def test_a_sale_of_what_a_campaign_keeps_says_so(sqlite_cli: Cli, shops: Shops) -> None:
    with write(shops.engine) as connection:
        for name, begins in (("Gebyar", 0), ("Lebaran", 40_000_000)):
            reserve(
                connection,
                "mangkuk-biru",
                3,
                account_id=shops.two.id,
                campaign=name,
                starts_at=at(begins),
                ends_at=at(begins + 30_000_000),
                now=at(0),
            )
    first = sqlite_cli.json("sale", "mangkuk-biru", "2")
    assert first["campaigns"] == [], "two were free"
    said = sqlite_cli.ok("sale", "mangkuk-biru", "1", "--reference", "hp-1").err
    assert "The campaign Gebyar in dua: 3 pieces of mangkuk-biru are set aside, 1 of them missing now." in said
    assert "syncer stock add mangkuk-biru 1 --location utama" in said
    assert "syncer reserve release --campaign Gebyar --sku mangkuk-biru --account dua" in said
    assert "Lebaran" in said, "it comes later, and lacks one as well"
    assert "campaign" not in sqlite_cli.ok("sale", "mangkuk-biru", "1", "--reference", "hp-1").err, "a repeat took none"
    assert asked(sqlite_cli).keys() == {"campaign_short"}
    sqlite_cli.ok("stock", "add", "mangkuk-biru", "1")
    assert asked(sqlite_cli) == {}


def test_a_daemon_that_ends_before_it_has_looked_is_said(sqlite_cli: Cli, shops: Shops) -> None:
    held = os.open(sqlite_cli.home / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    stop = threading.Event()

    def end_once_asked() -> None:
        while not stop.wait(0.02):
            with read(shops.engine) as connection:
                if connection.execute(select(meta.c.key).where(meta.c.key == f"look:{shops.one.id}")).first():
                    break
        os.close(held)

    daemon = threading.Thread(target=end_once_asked)
    daemon.start()
    looked = sqlite_cli("drift", "--look", "--account", "satu")
    stop.set()
    daemon.join()
    assert looked.code == 3
    assert "satu: the daemon ended before it had looked; last looked at: never." in looked.err
    with read(shops.engine) as connection:
        assert connection.execute(select(meta.c.key).where(meta.c.key.startswith("look:"))).all() == []
