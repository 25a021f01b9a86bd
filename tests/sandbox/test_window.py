"""The shop window: a person recognises a shop, and nobody can smuggle anything into it."""

from __future__ import annotations

import re

import pytest

from syncer.sdk.sandbox.window import amount, money
from tests.sandbox.client import Client

SCRIPT = "<script>alert(1)</script>"


def test_money() -> None:
    assert money(185000, "IDR") == "Rp 185.000"
    assert money(1234.5, "EUR") == "EUR 1.234,50"
    assert (amount(195000, "IDR"), amount(1234.5, "EUR")) == ("195.000", "1.234,50")


def page(client: Client, path: str = "") -> str:
    answer = client.http.get(f"{client.running.window_url}{path}")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert len(answer.content) < 100_000
    return answer.text


def test_empty_shop_says_so(client: Client) -> None:
    assert "Rak masih kosong" in page(client)


def test_shop_and_product_page(client: Client) -> None:
    item_id = client.add()
    client.vary(item_id)
    shop = page(client)
    assert "Tas Anyaman Rotan Bundar" in shop
    assert "Rp 185.000" in shop
    assert "2 pilihan" in shop
    assert re.search(r"Rp 185.000</span> <span[^>]*>– 195.000</span>", shop)
    product = page(client, f"/{item_id}")
    for text in ("Natural", "Cokelat", "Rp 195.000", "Stok 5", "perajin kampung"):
        assert text in product
    assert "Tidak ada" in page(client, "/999")


def test_price_and_stock_follow_at_once(client: Client) -> None:
    item_id = client.add()
    before = client.http.get(f"{client.running.window_url}/pulse").json()["revision"]
    client.set_price(item_id, {0: 99000})
    client.set_stock(item_id, 0)
    shop = page(client)
    assert "Rp 99.000" in shop
    assert "Stok habis" in shop
    assert client.http.get(f"{client.running.window_url}/pulse").json()["revision"] > before


def test_search(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    client.add(image=image)
    client.add(item_name="Mangkuk Gerabah", image=image)
    found = page(client, "?q=gerabah+mangkuk")
    assert "Mangkuk" in found
    assert "Rotan" not in found
    assert "Belum ketemu" in page(client, "?q=zzz")


def test_skus_are_shown_and_found(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    one = client.add(item_name="Mangkuk Gerabah", item_sku="MGK-007", image=image)
    varied = client.add(item_name="Tas Rotan", item_sku="TAS-9", image=image)
    client.vary(varied)
    assert "SKU MGK-007" in page(client, f"/{one}")
    skus = re.findall(r'<small class="sku">([^<]+)</small>', page(client, f"/{varied}"))
    assert len(skus) == 2
    for search, name, other in (("mgk-0", "Mangkuk", "Tas Rotan"), (skus[1], "Tas Rotan", "Mangkuk")):
        found = page(client, f"?q={search}")
        assert name in found
        assert other not in found
    assert "Belum ketemu" in page(client, "?q=GK-007")


def test_hidden_rejected_and_deleted_items_are_not_shown(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    hidden = client.add(item_status="UNLIST", item_name="Barang sembunyi", image=image)
    banned = client.add(item_name="Barang kena larang", image=image)
    client.control("POST", f"items/{banned}", {"status": "rejected"})
    deleted = client.add(item_name="Barang dihapus", image=image)
    client.post("product/delete_item", {"item_id": deleted})
    assert "Rak masih kosong" in page(client)
    assert all("Tidak ada" in page(client, f"/{item}") for item in (hidden, banned, deleted))


def test_item_under_a_second_review_stays_visible_with_a_badge(client: Client) -> None:
    item_id = client.add()
    client.limits(review=True, review_delay_s=60)
    first = client.add(item_name="Barang baru ditinjau", item_sku="B")
    client.post("product/update_item", {"item_id": item_id, "item_name": "Tas Rotan Baru"})
    shop = page(client)
    assert "Sedang ditinjau" in shop
    assert "Tas Rotan Baru" in shop
    assert "Barang baru" not in shop
    assert "Tidak ada" in page(client, f"/{first}")


def test_many_items_are_paged(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    for number in range(100):
        client.add(item_name=f"Mangkuk nomor {number:03}", image=image)
    first, last = page(client), page(client, "?page=3")
    assert "Mangkuk nomor 099" in first
    assert "Mangkuk nomor 000" not in first
    assert "Mangkuk nomor 000" in last
    assert "Halaman 3 dari 3" in page(client, "?page=77")
    assert "Halaman 1 dari 3" in page(client, "?page=x")


@pytest.mark.parametrize("path", ["?q=" + SCRIPT, "?shop_id=" + SCRIPT, "/" + SCRIPT])
@pytest.mark.rule("D3")
def test_addresses_are_escaped(client: Client, path: str) -> None:
    assert SCRIPT not in client.http.get(client.running.window_url + path).text


def test_text_of_items_is_escaped(client: Client) -> None:
    item_id = client.add(item_name="Tas " + SCRIPT, description='"><img src=x onerror=alert(1)> tas rotan asli')
    client.control("POST", "shops", {"shop_id": 7, "name": SCRIPT})
    for html in (page(client), page(client, f"/{item_id}"), page(client, "?shop_id=7")):
        assert "<script>alert" not in html
        assert "<img src=x" not in html


@pytest.mark.rule("D3")
@pytest.mark.rule("P5")
def test_pages_need_nothing_from_elsewhere_and_run_nothing_inline(client: Client) -> None:
    item_id = client.add()
    for path in ("", f"/{item_id}"):
        html = page(client, path)
        assert not re.search(r"\b(?:src|href)=[\"'](?:https?:)?//", html)
        assert not re.search(r"\son\w+=|\sstyle=|<script>", html)
    for name in ("style.css", "theme.css", "live.js", "icon.svg"):
        answer = client.http.get(f"{client.running.window_url}/{name}")
        assert answer.status_code == 200
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_window_is_no_call_of_the_platform(client: Client) -> None:
    page(client)
    client.http.get(f"{client.running.base_url}/favicon.ico")
    client.http.get(client.running.base_url)
    assert client.control("GET", "calls") == []


def test_each_shop_has_its_own_window(client: Client) -> None:
    client.add()
    other = client.control("POST", "shops", {"name": "Toko Dua"})["options"]["shop_id"]
    html = page(client, f"?shop_id={other}")
    assert "Toko Dua" in html
    assert "Rak masih kosong" in html
