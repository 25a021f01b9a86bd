"""The daemon as people meet it: changes follow at once, it ends when told, and it heals when killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from syncer.catalogue.artwork import draw, jpeg
from syncer.catalogue.edit import save_product
from syncer.catalogue.media import PhotoStore, record_media
from syncer.catalogue.read import load_products
from syncer.domain.product import Photo
from syncer.store.engine import open_engine, read, write
from tests.cli.conftest import CATALOGUE
from tests.end_to_end.conftest import House, wait_until


def with_catalogue(house: House, text: str = CATALOGUE) -> None:
    """Import a catalogue and give every product the same photo."""
    (house.home / "katalog.csv").write_text(text, "utf-8")
    house.run("import", "katalog.csv")
    engine = open_engine(house.url, home=house.home)
    now = dt.datetime.now(dt.UTC)
    with PhotoStore(house.home) as store:
        info = store.add(jpeg(draw("pola batik", "x", size=(500, 500))))
    with read(engine) as connection:
        products = load_products(connection, range(1, 500))
    with write(engine) as connection:
        record_media(connection, [info], now)
        for product in products.values():
            save_product(connection, replace(product, photos=(Photo(info.sha256),)), now=now)
    engine.dispose()


def live(house: House, count: int) -> bool:
    rows = house.json("listings")
    return len(rows) == count and all(row["synced"] for row in rows)


def took(work: Callable[[], object]) -> float:
    """How long ``work`` takes, in seconds."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def at_once(commands: list[float], followed: list[float]) -> bool:
    """Whether what commands did was there in a second after them; on a slow machine, in the time that they take.

    The middle ones count, because machines stall and other tests run beside this one.
    """
    return sorted(followed)[len(followed) // 2] < max(1.0, sorted(commands)[len(commands) // 2])


def test_changes_follow_within_a_second(house: House) -> None:
    with_catalogue(house)
    house.open_shop()
    daemon = house.daemon()
    said = house.run("publish", "--all", "--account", "Orange").stdout
    assert "on their way" in said
    wait_until(lambda: live(house, 2), "all live")
    commands, followed = [], []
    for number in (2, 0, 7):
        commands.append(took(lambda n=number: house.run("stock", "set", "MK-1", str(n))))
        followed.append(wait_until(lambda n=number: (house.offer("MK-1") or {}).get("stock") == n, "the stock follows"))
    assert at_once(commands, followed), (commands, followed)
    house.run("price", "set", "MK-1", "99000")
    wait_until(lambda: int((house.offer("MK-1") or {})["price"]) == 99000, "the price follows")
    before = len([call for call in house.calls() if call["method"] == "POST"])
    assert "0 writes" in house.run("sync").stdout, "nothing changed, nothing sent"
    assert len([call for call in house.calls() if call["method"] == "POST"]) == before
    wait_until(lambda: house.json("status")[0]["budget"], "the daemon says how much of the quota is free")
    wait_until(lambda: looked_beside_the_daemon(house), "a look beside the daemon finds what was changed there")
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(60) == 0
    assert house.log("stopped")


def looked_beside_the_daemon(house: House) -> bool:
    """Whether a look now, while the daemon runs, finds a title that somebody changes in the shop."""
    (remote_id,) = [one["remote_id"] for title, one in house.listings().items() if "Selendang" in title]
    body = json.dumps({"remote_id": remote_id, "title": f"Selendang Diubah {time.monotonic()}"}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"{house.shop['control_url']}/edit", data=body, headers=headers, method="POST"),
        timeout=60,
    ).close()
    found = json.loads(house.run("drift", "--look", "--json", code=None).stdout)
    # What we wrote ourselves must have settled before a change there counts as somebody else's.
    return any(row["field"] == "title" and "Diubah" in str(row["seen"]) for row in found)


def test_one_daemon_a_home(sqlite_house: House) -> None:
    first = sqlite_house.daemon()
    second = sqlite_house.run("run", code=1)
    assert second.stderr.count("\n") == 1
    assert "already" in second.stderr
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 0
    third = sqlite_house.daemon()
    third.send_signal(signal.SIGTERM)
    assert third.wait(60) == 0


def test_a_second_signal_ends_at_once(sqlite_house: House) -> None:
    house = sqlite_house
    with_catalogue(house)
    house.open_shop()
    daemon = house.daemon()
    # Each answer takes a minute, so that there is something to wait for.
    fault = {"path": "/api/", "fault": "latency", "ms": 60_000, "times": 50}
    request = urllib.request.Request(
        f"{house.shop['control_url']}/faults",
        data=json.dumps(fault).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=60).close()
    before = len(house.calls())
    house.run("publish", "--all", "--account", "Orange")
    wait_until(lambda: len(house.calls()) > before, "a call is under way")
    daemon.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert daemon.poll() is None, "it waits for the calls under way"

    def ended() -> bool:
        # Signals that come while nobody has looked at the first one are one: whoever is in a hurry presses again.
        daemon.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        return daemon.poll() is not None

    wait_until(ended, "it ends")
    assert daemon.returncode == 128 + signal.SIGTERM


def test_killed_in_the_middle_it_heals(house: House) -> None:
    rows = "".join(
        f"B-{n},B-{n},Barang Tenun Nomor {n},Tenun tangan yang rapi sekali.,katun,selendang,,,{9000 + n},{n % 7},99\n"
        for n in range(25)
    )
    with_catalogue(house, CATALOGUE + rows)
    house.open_shop()
    daemon = house.daemon()
    house.run("publish", "--all", "--account", "Orange")
    for _ in range(3):
        time.sleep(0.5)
        daemon.kill()
        daemon.wait()
        daemon = house.daemon()
    house.run("stock", "set", "MK-1", "4")
    wait_until(lambda: live(house, 27), "all live")
    shown = house.listings()
    assert len(shown) == 27
    titles = [one["title"] for one in shown.values()]
    assert len(titles) == len(set(titles)) == 27, "nothing twice"
    assert all(one["status"] == "live" for one in shown.values())
    assert (house.offer("MK-1") or {})["stock"] == 4


def test_a_backup_beside_the_daemon(house: House) -> None:
    with_catalogue(house)
    house.open_shop()
    house.daemon()
    house.run("publish", "--all", "--account", "Orange")
    house.run("db", "backup", "cadangan.zip")
    refused = house.run("db", "restore", "cadangan.zip", "--force", code=1)
    assert "syncer run" in refused.stderr
    wait_until(lambda: live(house, 2), "all live")


def test_sync_asks_the_daemon_and_waits_for_it(house: House) -> None:
    with_catalogue(house)
    house.open_shop()
    house.daemon()
    house.run("publish", "--all", "--account", "Orange")
    house.run("sync")
    assert all(one["status"] == "live" for one in house.listings().values())
    assert len(house.listings()) == 2


def test_a_stock_change_does_not_wait_for_an_import(sqlite_house: House) -> None:
    """Fifty thousand rows come in; a count from another process reaches the shop in under a second."""
    house = sqlite_house
    with_catalogue(house)
    house.open_shop()
    house.daemon()
    house.run("publish", "--all", "--account", "Orange")
    wait_until(lambda: live(house, 2), "all live")
    head = "sku,product_code,title,description,materials,category_key,price,stock\n"
    rows = (f"X-{n},X-{n},Barang Impor {n},Uraian panjang.,kayu,selendang,{5000 + n},{n % 9}\n" for n in range(50_000))
    (house.home / "besar.csv").write_text(head + "".join(rows), "utf-8")
    importing = house.start("import", "besar.csv")
    time.sleep(4.0)
    commands, followed = [], []
    for number in (3, 0, 6, 1, 4):
        assert importing.poll() is None, "the import is still running"
        commands.append(took(lambda n=number: house.run("stock", "set", "MK-1", str(n))))
        followed.append(wait_until(lambda n=number: (house.offer("MK-1") or {}).get("stock") == n, "it follows"))
    importing.terminate()
    assert at_once(commands, followed), (commands, followed)


def test_logs_are_json_without_secrets(sqlite_house: House) -> None:
    house = sqlite_house
    with_catalogue(house)
    house.open_shop()
    daemon = house.daemon()
    house.run("publish", "--all", "--account", "Orange")
    wait_until(lambda: live(house, 2), "all live")
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(60)
    text = (house.home / "run.log").read_text("utf-8")
    assert all(line.startswith("{") for line in text.splitlines())
    outcomes = house.log("outcome")
    assert {line["account"] for line in outcomes} == {"Orange"}
    options = house.shop["account"]["options"]
    for name in ("partner_key", "access_token", "refresh_token"):
        assert options[name] not in text
        for path in Path(house.home).rglob("*"):
            if path.is_file() and path.name != "sandbox.log":
                assert options[name].encode() not in path.read_bytes(), path
    assert os.stat(house.home / "run.log").st_size > 0
