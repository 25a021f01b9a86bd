"""What is forgotten in time (security.md P2), what is finished, and whose sign-in ends; on both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from syncer.catalogue.edit import delete_product, save_product
from syncer.daemon import CallLog
from syncer.domain.product import Product, ProductStatus, Variant
from syncer.housekeeping import EVENTS_KEPT, set_meta, sign_in_notices, tidy
from syncer.sdk.http import CallRecord
from syncer.store import tables as t
from syncer.store.engine import Engine, read, write

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def days(number: float) -> dt.datetime:
    return NOW - dt.timedelta(days=number)


@pytest.fixture
def shop_id(engine: Engine) -> int:
    with write(engine) as connection:
        return int(
            connection.execute(
                insert(t.account)
                .values(
                    name="Orange",
                    connector="shopee",
                    options={},
                    budget_group="x",
                    currency="IDR",
                    price_rule={},
                    field_owners={},
                    settings={},
                    package_defaults={},
                    brake={},
                    created_at=NOW,
                )
                .returning(t.account.c.id)
            ).scalar_one()
        )


def product(engine: Engine, name: str = "MK") -> int:
    from decimal import Decimal

    value = Product(name, "Mangkuk Tanah", category_key="selendang", variants=(Variant(f"{name}-1", Decimal(1000)),))
    with write(engine) as connection:
        return save_product(connection, value, now=NOW).product_id


def listing(engine: Engine, account_id: int, product_id: int, **values: Any) -> int:
    row = {"account_id": account_id, "product_id": product_id, "due_at": NOW, "created_at": NOW} | values
    with write(engine) as connection:
        return int(connection.execute(insert(t.listing).values(row).returning(t.listing.c.id)).scalar_one())


def count(engine: Engine, table: Any) -> int:
    with read(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_old_records_go_and_young_ones_stay(engine: Engine, shop_id: int) -> None:
    calls = [{"account_id": shop_id, "at": days(age), "operation": "x", "status": 200, "ms": 1.0} for age in (13, 15)]
    with write(engine) as connection:
        connection.execute(insert(t.call_log), calls + calls[1:] * 2500)
        connection.execute(
            insert(t.account_fact),
            [
                {"account_id": shop_id, "key": key, "value": {}, "fetched_at": days(age)}
                for key, age in (("young", 1), ("old", 31), ("category_tree", 300))
            ],
        )
        connection.execute(
            insert(t.import_run),
            [
                {
                    "at": days(age),
                    "file_name": "x",
                    "file_sha256": "0" * 64,
                    "format": "x",
                    "counts": {},
                    "failed_file": b"x",
                }
                for age in (6, 8)
            ],
        )
        connection.execute(
            insert(t.question),
            [
                {
                    "account_id": shop_id,
                    "kind": "drift",
                    "topic": f"{state}{age}",
                    "detail": {},
                    "state": state,
                    "asked_at": days(200),
                    "answered_at": days(age) if state != "open" else None,
                }
                for state, age in (("open", 200), ("confirmed", 10), ("rejected", 91))
            ],
        )
        connection.execute(
            insert(t.sign_in_request),
            [
                {"state": "old", "account_id": shop_id, "until": days(0.1)},
                {"state": "new", "account_id": shop_id, "until": days(-0.1)},
            ],
        )
    gone = tidy(engine, NOW)
    assert (gone["calls"], gone["facts"], gone["files"], gone["questions"], gone["consents"]) == (2501, 1, 1, 1, 1)
    assert count(engine, t.call_log) == 1
    with read(engine) as connection:
        kept = connection.execute(select(t.account_fact.c.key).order_by(t.account_fact.c.key)).scalars().all()
        files = connection.execute(select(t.import_run.c.failed_file).order_by(t.import_run.c.at)).scalars().all()
    assert list(kept) == ["category_tree", "young"]
    assert files == [None, b"x"]
    assert not any(tidy(engine, NOW).values()), "a second time there is nothing to do"


def test_a_timeline_keeps_its_newest_entries(engine: Engine, shop_id: int) -> None:
    long = listing(engine, shop_id, product(engine))
    short = listing(engine, shop_id, product(engine, "SL"))
    with write(engine) as connection:
        rows = [
            {"listing_id": one, "at": NOW, "kind": "sent", "detail": {"n": number}}
            for one, most in ((long, 120), (short, 3))
            for number in range(most)
        ]
        connection.execute(insert(t.listing_event), rows)
    assert tidy(engine, NOW)["events"] == 120 - EVENTS_KEPT
    with read(engine) as connection:
        query = select(t.listing_event.c.detail).where(t.listing_event.c.listing_id == long)
        numbers = sorted(row["n"] for row in connection.execute(query).scalars())
    assert numbers == list(range(120 - EVENTS_KEPT, 120))
    assert count(engine, t.listing_event) == EVENTS_KEPT + 3


def test_a_product_that_is_gone_everywhere_is_archived(engine: Engine, shop_id: int) -> None:
    product_id = product(engine)
    listing_id = listing(engine, shop_id, product_id, remote_id="7", state="live")
    with write(engine) as connection:
        assert delete_product(connection, "MK", now=NOW).withdrawing == 1
    assert tidy(engine, NOW)["archived"] == 0
    with write(engine) as connection:
        connection.execute(
            update(t.listing).where(t.listing.c.id == listing_id).values(due=0, state="deleted", remote_id=None)
        )
    assert tidy(engine, NOW)["archived"] == 1
    with read(engine) as connection:
        assert connection.execute(select(t.product.c.status)).scalar_one() == ProductStatus.ARCHIVED


def test_a_sign_in_that_ends_is_told_once_a_stage(
    engine: Engine, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr("syncer.housekeeping._LOG.warning", lambda _event, **fields: lines.append(fields))
    with write(engine) as connection:
        connection.execute(
            insert(t.sign_in).values(
                account_id=shop_id,
                sealed_tokens="",
                access_until=days(-300),
                consent_until=NOW + dt.timedelta(days=20),
            )
        )
    told = []
    for passed in range(21):
        if sign_in_notices(engine, NOW + dt.timedelta(days=passed, hours=1)):
            told.append(passed)
    assert [line["account"] for line in lines] == ["Orange"] * 5
    assert told == [6, 13, 17, 19, 20]


def test_the_call_log_is_written_in_bunches(engine: Engine, shop_id: int) -> None:
    from syncer.channels.records import load_accounts

    with read(engine) as connection:
        account = load_accounts(connection)[0]
    log = CallLog(most=10)
    log.flush(engine)
    for number in range(15):
        log.add(account, CallRecord("op" * 60, "GET", "h", "/p", number % 2 == 0, 200, 1.5, 0, 0))
    assert count(engine, t.call_log) == 0
    log.flush(engine)
    assert count(engine, t.call_log) == 10, "the newest are dropped when the database can't keep up"
    with read(engine) as connection:
        assert {row.outcome for row in connection.execute(select(t.call_log))} == {"read", "write"}


def test_meta_values_are_replaced(engine: Engine) -> None:
    for value in ("a", "b"):
        with write(engine) as connection:
            set_meta(connection, "k", value)
    with read(engine) as connection:
        assert connection.execute(select(t.meta.c.value).where(t.meta.c.key == "k")).scalar_one() == "b"
