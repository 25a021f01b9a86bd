"""What the demo draws: both shops side by side, on small screens too."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from syncer.channels.chips import chip
from syncer.channels.listings import ListingRow, OfferRow
from syncer.cli.demo.check import State
from syncer.cli.demo.shops import SHOPS, OpenShop, opened
from syncer.cli.demo.view import going_on, lines, live_table, plain_table, summary
from syncer.cli.texts import set_language
from syncer.store.marks import Due

NOW = dt.datetime.now(dt.UTC)
TITLE = "Kain Batik Tulis Motif Rumah Blandongan Pewarna Soga"


def row(number: int, shop: str, state: str = "live", *, synced: bool = True, price: int = 98_000) -> ListingRow:
    known = state not in ("waiting", "fix")
    offers = tuple(OfferRow(f"SRP-KRM-{number:03}-{one}", "1", Decimal(price), 5, certain=True) for one in ("PTL", "B"))
    return ListingRow(
        id=number,
        account=shop,
        currency="IDR",
        product_id=number,
        handle=f"SRP-KRM-{number:03}",
        title=f"{TITLE} {number}",
        state=state,
        wanted="live",
        chip=chip(state, due=not synced),
        synced=synced,
        due=Due(0),
        due_at=NOW,
        remote_id="1" if known else None,
        prices=(Decimal(price), Decimal(price + 7000)) if known else None,
        quantity=10 if known else None,
        offers=offers if known else (),
        problem=None,
        held=None,
        acknowledged_at=NOW - dt.timedelta(seconds=100 - number) if known else None,
        verified_at=None,
    )


def state(number: int, rows: list[ListingRow]) -> State:
    live = [one for one in rows if one.synced and one.state == "live"]
    stuck = [one for one in rows if one.state == "fix"]
    return State(SHOPS[number], rows, live, [one for one in rows if one not in live and one not in stuck], stuck, [])


def both() -> list[State]:
    orange = [row(number, "Toko Orange") for number in range(40)]
    hijau = [row(number, "Toko Hijau") for number in range(40)]
    orange[38], hijau[39] = row(38, "Toko Orange", "fix", synced=False), row(39, "Toko Hijau", synced=False)
    return [state(0, orange), state(1, hijau)]


def windows() -> list[OpenShop]:
    addresses = [{"Shopee": "http://127.0.0.1:43191/shop"}, {"Tokopedia": "http://127.0.0.1:35553/shop"}]
    addresses[1]["TikTok Shop"] = "http://127.0.0.1:35553/shop?on=tiktok_shop"
    return [OpenShop(shop, {}, "", tuple(found.items())) for shop, found in zip(SHOPS, addresses, strict=True)]


def drawn(width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, record=True)
    console.print(live_table(both(), windows(), Path.cwd() / ".demo", width=width, height=height))
    return console.export_text().splitlines()


@pytest.fixture(params=["id", "en"], autouse=True)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    set_language(request.param)
    yield request.param
    set_language("id")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (110, 40), (140, 50)])
def test_the_table_fits_its_screen(width: int, height: int) -> None:
    found = drawn(width, height)
    assert len(found) < height, "the last row is the terminal's own"
    assert max(map(len, found)) <= width
    text = "\n".join(found)
    for _, address in (window for one in windows() for window in one.windows):
        assert any(line.rstrip().endswith(f"  {address}") for line in found), "an address stands in one row, whole"
    assert "Toko Orange   " in text
    assert "stock set SRP-BTK-003-BTU 3" in text
    assert "problems" in text
    assert "Beli sesuatu" in text or "Buy something" in text
    assert sum(TITLE[:15] in line for line in found) >= height - 19


def test_going_on_is_one_command_to_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(Path.cwd() / ".venv/bin/python"))
    monkeypatch.setenv("PATH", "/nowhere")
    program = ".venv/bin/syncer" if (Path.cwd() / ".venv/bin/syncer").exists() else "syncer"
    assert going_on(Path.cwd() / ".demo") == f"{program} demo --keep"
    assert going_on(Path("/tempat lain")) == f"{program} demo --keep --home '/tempat lain'"


def test_both_shops_stand_in_one_row(language: str) -> None:
    mending, changing = {"id": ("perlu diperbaiki", "mengubah"), "en": ("needs mending", "changing")}[language]
    live = {"id": "tayang", "en": "live"}[language]
    found = {line.split("  ")[0].strip(): line.split() for line in drawn(140, 60)}
    assert " ".join(found[f"{TITLE} 38"]).endswith(f"{mending} {live}")
    assert " ".join(found[f"{TITLE} 39"]).endswith(f"{live} {changing}"), "a change on its way is not called live"
    assert "Rp 98.000 – 105.000" in " ".join(found[f"{TITLE} 37"])


def test_the_numbers_are_those_acknowledged_last() -> None:
    old, new = row(1, "Toko Orange", price=50_000), row(1, "Toko Hijau", price=60_000)
    late = [row(1, "Toko Orange", price=50_000), row(1, "Toko Hijau", "waiting", synced=False)]
    assert lines([state(0, [late[0]]), state(1, [late[1]])])[0].price(short=True) == "Rp 50.000+"
    newer = dt.timedelta(seconds=5)
    object.__setattr__(new, "acknowledged_at", NOW + newer)
    assert lines([state(0, [old]), state(1, [new])])[0].price(short=True) == "Rp 60.000+"


def test_a_product_may_be_in_one_shop_only(capsys: pytest.CaptureFixture[str]) -> None:
    plain_table([state(0, [row(1, "Toko Orange"), row(2, "Toko Orange")]), state(1, [row(2, "Toko Hijau")])])
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.split()[-4:] == ["TOKO", "ORANGE", "TOKO", "HIJAU"]
    assert second.endswith("-")
    assert not third.endswith("-")


def test_the_summary_counts_what_a_review_holds_as_on_its_way(language: str) -> None:
    shown = summary(state(1, [row(1, "x"), row(2, "x", "review"), row(3, "x", "fix", synced=False)]))
    assert shown == {
        "id": "Toko Hijau: 1 dari 3 produk tayang, 1 di jalan, 1 perlu Anda.",
        "en": "Toko Hijau: 1 of 3 products are live, 1 on their way, 1 need you.",
    }[language]  # fmt: skip


def test_a_sandbox_with_one_window_is_named_by_its_kind() -> None:
    told = {
        "window_url": "http://127.0.0.1:1/shop",
        "control_url": "http://127.0.0.1:1/control",
        "account": {"options": {"calls_per_s": 1, "partner_id": 7}},
    }
    found = opened(SHOPS[0], told)
    assert found.windows == (("Shopee", "http://127.0.0.1:1/shop"),)
    assert found.options["partner_id"] == 7
    assert found.options["calls_per_s"] > 1
