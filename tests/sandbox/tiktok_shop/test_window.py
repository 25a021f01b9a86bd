"""Two windows of one shop: Tokopedia and TikTok Shop."""

from __future__ import annotations

import re

from syncer.sdk.sandbox.server import describe
from tests.sandbox.tiktok_shop.client import Client

SCRIPT = "<script>alert(1)</script>"
TIKTOK = "?on=tiktok_shop"


def page(client: Client, path: str = "") -> str:
    answer = client.http.get(f"{client.running.window_url}{path}", timeout=60)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert len(answer.content) < 100_000
    return answer.text


def test_each_storefront_shows_its_own(client: Client) -> None:
    title = "Keranjang Anyaman {} Bundar"
    green = client.made(listing_platforms=["TOKOPEDIA"], title=title.format("Pandan"))
    dark = client.made(listing_platforms=["TIKTOK_SHOP"], title=title.format("Mendong"))
    client.made(title=title.format("Rotan"))
    tokopedia, tiktok = page(client), page(client, TIKTOK)
    assert [name in tokopedia for name in ("Pandan", "Mendong", "Rotan")] == [True, False, True]
    assert [name in tiktok for name in ("Pandan", "Mendong", "Rotan")] == [False, True, True]
    assert "di Tokopedia" in tokopedia
    assert "di TikTok Shop" in tiktok
    assert "tidak dijual" in page(client, f"/{green}{TIKTOK}")
    assert "Mendong" in page(client, f"/{dark}{TIKTOK}")
    assert "tidak dijual" in page(client, f"/{dark}")


def test_the_windows_lead_to_each_other_and_keep_the_shop(client: Client) -> None:
    other = client.control("POST", "shops", {"name": "Toko Kedua"})["options"]
    product_id = Client(client.running, other).made()
    html = page(client, f"?shop_id={other['shop_id']}")
    assert "Toko Kedua" in html
    links = re.findall(r'href="(/shop[^"]*)"', html)
    for link in (
        f"/shop?shop_id={other['shop_id']}&amp;on=tiktok_shop",
        f"/shop/{product_id}?shop_id={other['shop_id']}",
    ):
        assert link in links
    dark = page(client, f"{TIKTOK}&shop_id={other['shop_id']}")
    assert f"/shop/{product_id}?shop_id={other['shop_id']}&amp;on=tiktok_shop" in dark
    assert '<input type="hidden" name="on" value="tiktok_shop">' in dark
    assert "Rak masih kosong" in page(client)


def test_themes(client: Client) -> None:
    light = client.http.get(f"{client.running.window_url}/theme.css", timeout=60).text
    dark = client.http.get(f"{client.running.window_url}/theme.css{TIKTOK}", timeout=60).text
    assert "color-scheme:dark" in dark
    assert "color-scheme" not in light
    assert client.http.get(f"{client.running.window_url}/theme.css?on=other", timeout=60).text == light


def test_a_product_page(client: Client) -> None:
    skus = client.skus("Natural", "Hijau")
    product_id = client.made(
        skus=skus,
        description="<p>Dianyam <b>tangan</b>.</p><ul><li>Kuat</li></ul>" + SCRIPT,
        package_dimensions={"length": "30", "width": "20", "height": "10", "unit": "CENTIMETER"},
    )
    html = page(client, f"/{product_id}")
    for text in ("Natural", "Hijau", "Rp 185.000", "Stok 5", "Dianyam tangan.", "• Kuat", "0,6 kg", "30 × 20 × 10 cm"):
        assert text in html
    assert "<b>tangan" not in html
    assert "<script>alert" not in html


def test_what_buyers_do_not_see(client: Client) -> None:
    hidden, deleted = client.made(), client.made()
    client.life("deactivate", hidden, listing_platforms=client.platforms)
    client.delete(deleted)
    client.made(save_mode="AS_DRAFT")
    client.limits(review=True, review_delay_s=60)
    client.made()
    for path in ("", TIKTOK):
        assert "Rak masih kosong" in page(client, path)
    client.advance(61)
    assert "1 barang" in page(client)


def test_a_new_version_under_audit_is_badged_and_not_shown(client: Client) -> None:
    product_id = client.made()
    client.limits(review=True, review_delay_s=60)
    client.partial(product_id, {"title": "Keranjang Anyaman Rotan Lonjong"})
    html = page(client)
    assert "Sedang ditinjau" in html
    assert "Bundar" in html
    assert "Lonjong" not in html


def test_search_and_pages(client: Client) -> None:
    uri = client.upload()["uri"]
    for number in range(50):
        client.made(main_images=[{"uri": uri}], title=f"Keranjang Anyaman Rotan {number:03}")
    assert "Keranjang Anyaman Rotan 007" in page(client, "?q=007+rotan")
    last = page(client, f"{TIKTOK}&page=2")
    assert "Rotan 000" in last
    assert "Halaman 2 dari 2" in last
    assert "on=tiktok_shop&amp;page=1" in last


def test_pages_need_nothing_from_elsewhere(client: Client) -> None:
    product_id = client.made()
    for path in ("", TIKTOK, f"/{product_id}{TIKTOK}"):
        html = page(client, path)
        assert not re.search(r"\b(?:src|href)=[\"'](?:https?:)?//", html)
        assert not re.search(r"\son\w+=[\"']|\sstyle=|<script>", html)
    assert client.http.get(f"{client.running.window_url}/icon.svg{TIKTOK}", timeout=60).status_code == 200


def test_the_first_line_names_both_windows(client: Client) -> None:
    told = describe(client.running.sandbox)
    assert told["window_url"] == client.running.window_url
    assert told["windows"] == {
        "Tokopedia": client.running.window_url,
        "TikTok Shop": f"{client.running.window_url}{TIKTOK}",
    }
