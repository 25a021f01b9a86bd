"""Starting and stopping: the first line, a port in use, signals, and a truth that survives."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.shopee.sandbox import ShopeeSandbox
from syncer.sdk.sandbox import PortInUseError, SandboxError, run_sandbox, sandbox_class, sandbox_names
from tests.sandbox.client import Client
from tests.sandbox.conftest import QUICK

COMMAND = [sys.executable, "-m", "syncer.sdk.sandbox"]


def test_found_by_entry_point() -> None:
    assert "shopee" in sandbox_names()
    assert sandbox_class("shopee") is ShopeeSandbox
    with pytest.raises(SandboxError, match="shopee"):
        sandbox_class("none")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_first_line_is_enough_to_connect_and_a_signal_ends_it(number: signal.Signals) -> None:
    with subprocess.Popen([*COMMAND, "shopee"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        assert set(first) == {"connector", "base_url", "window_url", "control_url", "account"}
        assert first["connector"] == "shopee"
        assert first["base_url"].startswith("http://127.0.0.1:")
        options = first["account"]["options"]
        assert {"base_url", "partner_id", "partner_key", "shop_id", "access_token", "refresh_token"} <= set(options)
        assert requests.get(first["window_url"], timeout=60).status_code == 200
        assert requests.get(f"{first['control_url']}/listings", timeout=60).json() == []
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_port_in_use_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)):
            ShopeeSandbox.start(port)
        done = subprocess.run(
            [*COMMAND, "shopee", "--port", str(port)], check=False, capture_output=True, text=True, timeout=60
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_setting_and_unknown_name() -> None:
    for arguments in (["shopee", "--set", "burst=1"], ["none"]):
        done = subprocess.run([*COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr


@pytest.mark.rule("X4")
def test_refuses_a_production_home() -> None:
    with pytest.raises(SandboxError, match="SYNCER_HOME"):
        run_sandbox("shopee", production=True)


def test_stopping_frees_the_port() -> None:
    first = ShopeeSandbox.start()
    port = int(first.base_url.rsplit(":", 1)[1])
    first.stop()
    with ShopeeSandbox.start(port) as second:
        assert requests.get(second.window_url, timeout=60).status_code == 200


@pytest.mark.rule("E4")
def test_listens_on_loopback_only() -> None:
    with ShopeeSandbox.start() as running:
        assert running._listener.getsockname()[0] == "127.0.0.1"


def test_state_file_brings_everything_back(tmp_path: Path) -> None:
    state = tmp_path / "orange.db"
    with ShopeeSandbox.start(limits=QUICK, state=state) as running:
        client = Client(running)
        plain = client.add()
        varied = client.add(item_sku="V")
        models = client.vary(varied)
        client.set_stock(varied, 3, models[0])
        client.control("POST", "promotions", {"sku": "TAS-1-C", "reserved": 1})
        gone = client.add(item_sku="G")
        client.post("product/delete_item", {"item_id": gone})
        client.advance(60)
        before, options = client.control("GET", "listings"), client.options
        read = client.models(varied)
    assert state.stat().st_mode & 0o077 == 0
    with ShopeeSandbox.start(limits=QUICK, state=state) as running:
        again = Client(running, {**options, "base_url": running.base_url})
        after = again.control("GET", "listings")
        for listing in (*before, *after):
            listing["images"] = [url.rsplit("/", 1)[1] for url in listing["images"]]
        assert after == before
        assert again.models(varied) == read
        assert again.control("GET", "clock")["offset_s"] == 60
        assert again.http.get(f"{running.base_url}/file/{after[0]['images'][0]}").status_code == 200
        assert again.add(item_sku="N") > max(plain, varied, gone)
        assert again.running.account_options["refresh_token"] == options["refresh_token"]


def test_write_is_on_disk_before_its_answer(tmp_path: Path) -> None:
    state = tmp_path / "orange.db"
    settings = [f"--set={key}={json.dumps(value)}" for key, value in QUICK.items()]
    with subprocess.Popen(
        [*COMMAND, "shopee", "--state", str(state), *settings], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        with ShopeeSandbox.start(limits=QUICK) as helper:
            client = Client(helper, first["account"]["options"])
            item_id = client.add()
            client.set_stock(item_id, 2)
        process.kill()
        process.wait()
    with ShopeeSandbox.start(state=state) as running:
        assert [o["stock"] for o in running.sandbox.listings()[0]["offers"]] == [2]


def test_thousands_of_items_stay_fast() -> None:
    with ShopeeSandbox.start(limits=QUICK) as running:
        client = Client(running)
        image = {"image_id_list": [client.upload()]}
        body = client.item(image=image)
        sandbox = running.sandbox
        from syncer.sdk.sandbox import Call

        def quickest(get: Callable[[], object], tries: int) -> float:
            """How long it takes where nothing else comes between."""
            times = []
            for _ in range(tries):
                started = time.monotonic()
                get()
                times.append(time.monotonic() - started)
            return min(times)

        empty = quickest(lambda: client.get("shop/get_shop_info"), 50)
        operation = sandbox.operation("POST", "/api/v2/product/add_item")
        assert operation
        for number in range(2000):
            call = Call("POST", "/x", body=json.dumps({**body, "item_sku": f"S-{number}"}).encode())
            call.account = str(client.options["shop_id"])
            operation.handler(call)
        simple = quickest(lambda: client.get("shop/get_shop_info"), 50)
        pages: list[Any] = []
        state = ["NORMAL", "UNLIST"]
        listing = quickest(
            lambda: pages.append(client.get("product/get_item_list", offset=1900, page_size=100, item_status=state)), 5
        )
        assert len(pages[0]["response"]["item"]) == 100
        assert simple < 5 * empty
        assert listing < 100 * empty
