"""Products put on a shop and taken off again: rows, due at once, never a call."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from syncer.catalogue.edit import delete_product
from syncer.channels.accounts import Account, AccountError, disconnect
from syncer.channels.chips import CHIPS, chip
from syncer.channels.publishing import (
    EVERYTHING,
    listing_rows,
    new_cause,
    publish,
    publish_all,
    queue_pictures,
    timeline,
    withdraw,
    withdraw_everywhere,
)
from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.store import tables as t
from syncer.store.engine import read, write
from syncer.store.marks import Due, Lane
from syncer.store.wakeup import WakeListener
from tests.channels.conftest import Bench


@pytest.fixture
def account(bench: Bench) -> Account:
    return bench.folder_account()


def listing(bench: Bench, product_id: int) -> Any:
    with read(bench.engine) as connection:
        return connection.execute(select(t.listing).where(t.listing.c.product_id == product_id)).mappings().one()


def photos(bench: Bench, product_id: int, *hashes: str) -> None:
    with write(bench.engine) as connection:
        for position, sha256 in enumerate(hashes):
            if connection.execute(select(t.media).where(t.media.c.sha256 == sha256)).first() is None:
                connection.execute(
                    insert(t.media).values(
                        sha256=sha256, mime="image/jpeg", width=9, height=9, size_bytes=9, created_at=bench.now
                    )
                )
            connection.execute(insert(t.photo).values(product_id=product_id, position=position, sha256=sha256))


def queued(bench: Bench, account: Account) -> set[str]:
    with read(bench.engine) as connection:
        query = select(t.picture_upload.c.sha256).where(t.picture_upload.c.account_id == account.id)
        return set(connection.execute(query).scalars())


def test_publishing_makes_a_listing_that_is_due_and_queues_its_pictures_once(bench: Bench, account: Account) -> None:
    bowl, vase = bench.product("mangkuk"), bench.product("vas")
    photos(bench, bowl, "a" * 64, "b" * 64)
    photos(bench, vase, "a" * 64)
    with write(bench.engine) as connection:
        cause = new_cause(connection, "publish", now=bench.now)
        report = publish(connection, account, [bowl, vase, bowl], now=bench.now, cause_id=cause)
    assert (report.new, report.again, report.already, report.refused) == (2, 0, 0, ())
    row = listing(bench, bowl)
    assert Due(row["due"]) == EVERYTHING
    assert (row["lane"], row["wanted"], row["state"], row["cause_id"]) == (Lane.CONTENT, "live", "waiting", cause)
    assert row["due_at"] == bench.now
    assert row["remote_id"] is None
    assert queued(bench, account) == {"a" * 64, "b" * 64}


def test_publishing_again_changes_nothing(bench: Bench, account: Account) -> None:
    bowl = bench.product("mangkuk")
    with write(bench.engine) as connection:
        publish(connection, account, [bowl], now=bench.now)
    before = dict(listing(bench, bowl))
    with write(bench.engine) as connection:
        report = publish(connection, account, [bowl], now=bench.now + dt.timedelta(hours=1))
    assert (report.new, report.again, report.already, report.marked) == (0, 0, 1, 0)
    assert dict(listing(bench, bowl)) == before


def test_a_withdrawn_listing_is_brought_back_as_a_rise(bench: Bench, account: Account) -> None:
    bowl = bench.product("mangkuk")
    with write(bench.engine) as connection:
        publish(connection, account, [bowl], now=bench.now)
        connection.execute(update(t.listing).values(due=0, lane=9, state="live", remote_id="r1"))
        assert withdraw(connection, account, bowl, now=bench.now)
    row = listing(bench, bowl)
    assert (row["wanted"], row["lane"], Due(row["due"])) == ("hidden", Lane.STOP, Due.CONTENT | Due.STOCK)
    version = row["version"]
    with write(bench.engine) as connection:
        connection.execute(update(t.listing).values(due=0, lane=9, state="hidden"))
        report = publish(connection, account, [bowl], now=bench.now)
    row = listing(bench, bowl)
    assert (report.new, report.again, report.already) == (0, 1, 0)
    assert (row["wanted"], row["lane"], Due(row["due"]), row["remote_id"]) == ("live", Lane.RISE, EVERYTHING, "r1")
    assert row["version"] > version


@pytest.mark.parametrize("state", ["gone", "parked"])
def test_publishing_is_the_answer_for_a_listing_that_waits_for_a_person(
    bench: Bench, account: Account, state: str
) -> None:
    bowl = bench.product("mangkuk")
    problem = Problem("x", Words("hilang", "gone"), Words("pilih", "choose"))
    with write(bench.engine) as connection:
        publish(connection, account, [bowl], now=bench.now)
        connection.execute(update(t.listing).values(due=0, state=state, problem=problem.to_json(), held="x"))
        assert publish(connection, account, [bowl], now=bench.now).again == 1
    row = listing(bench, bowl)
    assert (row["state"], row["problem"], row["held"]) == ("waiting", None, None)


def test_what_vanished_there_is_made_anew_and_its_old_ids_stay_known(bench: Bench, account: Account) -> None:
    bowl = bench.product("mangkuk")
    with write(bench.engine) as connection:
        publish(connection, account, [bowl], now=bench.now)
        listing_id = connection.execute(select(t.listing.c.id)).scalar_one()
        variant_id = connection.execute(select(t.variant.c.id)).scalar_one()
    bench.show(listing_id, variant_id, quantity=2, remote_id="r1")
    with write(bench.engine) as connection:
        connection.execute(update(t.listing).values(state="gone"))
        assert publish(connection, account, [bowl], now=bench.now).again == 1
        assert connection.execute(select(func.count()).select_from(t.offer)).scalar_one() == 0
        old = connection.execute(select(t.retired_offer)).mappings().one()
    row = listing(bench, bowl)
    assert (row["remote_id"], row["known"], row["state"]) == (None, None, "waiting")
    assert (old["listing_remote_id"], old["remote_id"], old["variant_id"]) == ("r1", "r1-1", variant_id)


def test_what_is_not_active_is_refused_and_the_rest_goes_on(bench: Bench, account: Account) -> None:
    bowl, vase = bench.product("mangkuk"), bench.product("vas")
    with write(bench.engine) as connection:
        delete_product(connection, "vas", now=bench.now)
        report = publish(connection, account, [bowl, vase, 999], now=bench.now)
    assert report.new == 1
    assert [product_id for product_id, _words in report.refused] == [vase, 999]
    assert "arsip" in report.refused[0][1].id
    assert "catalogue" in report.refused[1][1].en


def test_everything_is_published_in_short_transactions(bench: Bench, account: Account) -> None:
    ids = [bench.product(f"produk-{number}") for number in range(7)]
    photos(bench, ids[0], "c" * 64)
    with write(bench.engine) as connection:
        publish(connection, account, ids[:2], now=bench.now)
        withdraw(connection, account, ids[1], now=bench.now)
        delete_product(connection, "produk-6", now=bench.now)
    report = publish_all(bench.engine, account, now=bench.now, batch=2)
    assert (report.new, report.again, report.already) == (4, 1, 1)
    assert queued(bench, account) == {"c" * 64}
    with read(bench.engine) as connection:
        causes = connection.execute(select(t.listing.c.cause_id).where(t.listing.c.cause_id.is_not(None)).distinct())
        assert len(causes.all()) == 1
    assert publish_all(bench.engine, account, now=bench.now).marked == 0


def test_publishing_wakes_whoever_waits_for_work(bench: Bench, account: Account) -> None:
    bowl = bench.product("mangkuk")
    woken = threading.Event()
    with WakeListener(bench.engine, woken.set):
        woken.clear()
        with write(bench.engine) as connection:
            publish(connection, account, [bowl], now=bench.now)
        assert woken.wait(2)
        woken.clear()
        with write(bench.engine) as connection:
            withdraw(connection, account, bowl, now=bench.now)
        assert woken.wait(2)


def test_withdrawing_what_is_not_listed_says_so(bench: Bench, account: Account) -> None:
    bowl = bench.product("mangkuk")
    with write(bench.engine) as connection:
        assert not withdraw(connection, account, bowl, now=bench.now)
        publish(connection, account, [bowl], now=bench.now)
        assert withdraw(connection, account, bowl, now=bench.now)
        assert not withdraw(connection, account, bowl, now=bench.now)
        assert withdraw(connection, account, bowl, now=bench.now, delete=True)
        assert not withdraw(connection, account, bowl, now=bench.now)
    assert listing(bench, bowl)["wanted"] == "deleted"


def test_withdrawing_everywhere_reaches_every_account(bench: Bench, account: Account) -> None:
    other = bench.folder_account("galeri")
    bowl, vase = bench.product("mangkuk"), bench.product("vas")
    with write(bench.engine) as connection:
        for each in (account, other):
            publish(connection, each, [bowl, vase], now=bench.now)
        assert withdraw_everywhere(connection, bowl, now=bench.now) == 2
        wanted = connection.execute(select(t.listing.c.product_id, t.listing.c.wanted).distinct())
        assert {tuple(row) for row in wanted} == {(bowl, "hidden"), (vase, "live")}


def test_a_picture_that_failed_is_tried_again_and_a_sent_one_is_not(bench: Bench, account: Account) -> None:
    bowl = bench.product("mangkuk")
    photos(bench, bowl, "a" * 64, "b" * 64)
    with write(bench.engine) as connection:
        assert queue_pictures(connection, account.id, [bowl], now=bench.now) == 2
        sent = t.picture_upload.c.sha256 == "a" * 64
        connection.execute(update(t.picture_upload).where(sent).values(remote_id="gambar-1"))
        connection.execute(update(t.picture_upload).where(~sent).values(problem={"code": "x"}, tries=3))
        assert queue_pictures(connection, account.id, None, now=bench.now) == 0
        publish(connection, account, [bowl], now=bench.now)
        rows = connection.execute(
            select(t.picture_upload.c.remote_id, t.picture_upload.c.problem, t.picture_upload.c.tries).order_by(
                t.picture_upload.c.sha256
            )
        )
        assert [tuple(row) for row in rows] == [("gambar-1", None, 0), (None, None, 0)]


def test_a_disconnected_account_publishes_nothing(bench: Bench, account: Account) -> None:
    bench.product("mangkuk")
    with write(bench.engine) as connection:
        account = disconnect(connection, account).account
    with pytest.raises(AccountError, match="reconnect"):
        publish_all(bench.engine, account, now=bench.now)
    with read(bench.engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.listing)).scalar_one() == 0


def test_a_read_only_account_says_that_nothing_is_sent_yet(bench: Bench) -> None:
    account = bench.folder_account("lama", listings=["mangkuk"])
    bowl = bench.product("mangkuk")
    with write(bench.engine) as connection:
        report = publish(connection, account, [bowl], now=bench.now)
    assert report.new == 1
    assert "hanya-baca" in report.notes[0].id
    with read(bench.engine) as connection:
        (row,) = listing_rows(connection)
    assert row.chip.id == "hanya dibaca"


# --- listings for people ----------------------------------------------------------------------------------------


def test_listing_rows_say_what_the_shop_shows(bench: Bench, account: Account) -> None:
    bowl, vase = bench.product("mangkuk", skus=("M-S", "M-L")), bench.product("vas")
    with write(bench.engine) as connection:
        publish(connection, account, [bowl, vase], now=bench.now)
        query = select(t.listing.c.id).where(t.listing.c.product_id == bowl)
        listing_id = connection.execute(query).scalar_one()
        variants = connection.execute(select(t.variant.c.id).where(t.variant.c.product_id == bowl)).scalars().all()
        connection.execute(
            insert(t.listing_event).values(listing_id=listing_id, at=bench.now, kind="sent", detail={"kind": "create"})
        )
    bench.show(listing_id, variants[0], quantity=2, remote_id="r1")
    with read(bench.engine) as connection:
        rows = listing_rows(connection, account_id=account.id)
        assert [row.handle for row in rows] == ["mangkuk", "vas"]
        there = rows[0]
        assert (there.chip.id, there.remote_id, there.quantity, there.synced) == ("tayang", "r1", 2, True)
        assert there.prices == (100_000, 100_000)
        assert [(offer.sku, offer.quantity) for offer in there.offers] == [("M-S", 2)]
        assert (rows[1].chip.en, rows[1].synced, rows[1].prices) == ("waiting", False, None)
        assert [event.kind for event in timeline(connection, listing_id)] == ["sent"]
        assert listing_rows(connection, product_ids=[vase])[0].handle == "vas"
        assert listing_rows(connection, states=["live"]) == [there]
        assert listing_rows(connection, only_problems=True) == []
        assert [row.handle for row in listing_rows(connection, limit=1, offset=1)] == ["vas"]


def test_a_listing_is_not_synced_while_anything_of_it_is_unsure(bench: Bench, account: Account) -> None:
    bowl = bench.product("mangkuk")
    with write(bench.engine) as connection:
        publish(connection, account, [bowl], now=bench.now)
        listing_id = connection.execute(select(t.listing.c.id)).scalar_one()
        variant_id = connection.execute(select(t.variant.c.id)).scalar_one()
    bench.show(listing_id, variant_id, quantity=2, remote_id="r1")

    def synced() -> bool:
        with read(bench.engine) as connection:
            return listing_rows(connection)[0].synced

    assert synced()
    for values in ({"due": 1}, {"under_way": {"kind": "stock"}}, {"unknown": ["title"]}, {"problem": _problem()}):
        with write(bench.engine) as connection:
            connection.execute(update(t.listing).values(**values))
        assert not synced(), values
        with write(bench.engine) as connection:
            connection.execute(update(t.listing).values(due=0, under_way=None, unknown=None, problem=None))
    with write(bench.engine) as connection:
        connection.execute(update(t.offer).values(quantity_unknown=True))
    assert not synced()


def _problem() -> dict[str, Any]:
    return Problem("x", Words("a", "b"), Words("c", "d")).to_json()


def test_every_state_has_words_in_both_languages() -> None:
    states = "waiting sending live hidden review fix parked blocked gone deleted asking".split()
    assert set(CHIPS) == set(states)
    for state in states:
        words = chip(state)
        assert words.id
        assert words.en
        assert words.id != words.en


@pytest.mark.parametrize(
    ("state", "more", "said"),
    [
        ("live", {}, "tayang"),
        ("live", {"due": True}, "tayang, perubahan menunggu"),
        ("live", {"wanted": "hidden"}, "sedang ditarik"),
        ("hidden", {"wanted": "hidden"}, "disembunyikan"),
        ("waiting", {"sends": False, "read_only": True}, "hanya dibaca"),
        ("waiting", {"sends": False}, "toko tidak aktif"),
        ("baru", {}, "tidak diketahui"),
    ],
)
def test_a_chip_never_says_more_than_is_so(state: str, more: dict[str, Any], said: str) -> None:
    assert chip(state, **more).id == said
