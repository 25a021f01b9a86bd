"""Pictures: what is taken, and what the window shows (shopee.md 5.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client, picture


def upload(client: Client, files: Any) -> dict[str, Any]:
    return client.raw("POST", "media_space/upload_image", public=True, files=files).json()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (picture(16, 16), "too small"),
        (picture(300, 300, "GIF"), "unsupported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported"),
        (picture()[:200], "unsupported"),
        (b"\xff\xd8\xff" + b"0" * (10 * 1024 * 1024), "size"),
    ],
)
def test_refused_by_content_and_size(client: Client, content: bytes, text: str) -> None:
    answer = upload(client, {"image": ("foto.png", content, "image/png")})
    assert answer["error"] == "product.error_param"
    assert text in answer["message"]


def test_kept_and_shown_byte_for_byte(client: Client) -> None:
    content = picture(kind="JPEG")
    answer = upload(client, {"image": ("foto.png", content, "image/png")})["response"]
    url = answer["image_info"]["image_url_list"][0]["image_url"]
    shown = client.http.get(url)
    assert shown.content == content
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert answer["image_info_list"][0]["image_info"] == answer["image_info"]
    assert client.http.get(f"{client.running.base_url}/file/id-none").status_code == 404


def test_several_files_fail_one_by_one(client: Client) -> None:
    files = [("image", ("a.png", picture())), ("image", ("b.png", picture(16, 16)))]
    answer = upload(client, files)
    assert answer["error"] == ""
    errors = [row["error"] for row in answer["response"]["image_info_list"]]
    assert errors == ["", "error_param"]
    ten = [("image", (f"{n}.png", picture())) for n in range(10)]
    assert upload(client, ten)["error"] == "product.error_param"


def test_the_field_is_named_image(client: Client) -> None:
    assert "Image" in upload(client, {"file": ("a.png", picture())})["message"]
    assert client.raw("POST", "media_space/upload_image", public=True, body={"image": "x"}).json()["error"]
