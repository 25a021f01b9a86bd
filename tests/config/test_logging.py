from __future__ import annotations

import datetime as dt
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from config.logging import redact, set_up_logging


class Lines:
    """What was logged, one JSON object a line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    names = ("urllib3", "requests", "uvicorn.access", "apscheduler", "alembic", "sqlalchemy", "asyncio")
    before = root.handlers[:], root.level
    others = {n: (logging.getLogger(n).handlers[:], logging.getLogger(n).propagate) for n in names}
    got = Lines()
    set_up_logging("INFO", got.stream)
    yield got
    root.handlers[:], level = before
    root.setLevel(level)
    for name, (handlers, propagate) in others.items():
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.mark.rule("G1")
def test_both_ways_of_logging_give_one_json_line_each(lines: Lines) -> None:
    logging.getLogger("syncer.sync").info("stock_written", extra={"account": "toko", "ms": 12.5, "sku": "KRJ-1"})
    structlog.get_logger("syncer.sync").info("stock_written", account="toko", ms=12.5, sku="KRJ-1")
    first, second = lines.read()
    for line in (first, second):
        assert (line["event"], line["account"], line["ms"], line["level"]) == ("stock_written", "toko", 12.5, "info")
        assert line["logger"] == "syncer.sync"
        at = dt.datetime.fromisoformat(line["at"])
        assert at.utcoffset() == dt.timedelta(0)
        assert abs(dt.datetime.now(dt.UTC) - at) < dt.timedelta(minutes=1)


def test_no_colours_of_a_terminal_come_along(lines: Lines) -> None:
    """Uvicorn adds to each line a copy of it with ANSI escapes."""
    extra = {"color_message": "Started server process [\x1b[36m%d\x1b[0m]"}
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7, extra=extra)
    assert lines.read()[0]["event"] == "Started server process [7]"
    assert "color_message" not in lines.stream.getvalue()


def test_the_level_holds_for_both(lines: Lines) -> None:
    logging.getLogger("syncer.x").debug("hidden")
    structlog.get_logger("syncer.x").debug("hidden")
    assert lines.read() == []


def test_letters_stay_letters(lines: Lines) -> None:
    logging.getLogger("syncer.x").info("kerajinan é 陶")
    assert "kerajinan é 陶" in lines.stream.getvalue()


@pytest.mark.rule("G3")
def test_tracebacks_carry_no_values(lines: Lines) -> None:
    """Rule G3: no locals; and secrets inside messages are hidden."""

    def fail(token: str) -> None:
        inner = token * 2
        raise ValueError(f"GET /api?access_token={token}&page=1 {len(inner)}")

    for log in (logging.getLogger("syncer.x"), structlog.get_logger("syncer.x")):
        try:
            fail("KANARI-token")
        except ValueError:
            log.exception("call_failed")
    assert "KANARI" not in lines.stream.getvalue()
    for line in lines.read():
        assert line["exception"][0]["exc_type"] == "ValueError"
        assert "access_token=***&page=1" in line["exception"][0]["exc_value"]
        assert line["exception"][0]["frames"]


@pytest.mark.parametrize("name", ["urllib3.connectionpool", "urllib3", "uvicorn.access", "requests"])
@pytest.mark.rule("G1")
@pytest.mark.rule("H7")
def test_talkative_libraries_are_silent(lines: Lines, name: str) -> None:
    """Rule H7: urllib3's lines hold the whole query."""
    logging.getLogger(name).error("GET /v2/shop?sign=KANARI")
    assert lines.stream.getvalue() == ""


@pytest.mark.parametrize(
    "name",
    "password token access_token refreshToken secret app_secret partner_key partnerKey sign code card cookie "
    "Authorization Set-Cookie api_key X-Api-Key SYNCER_SECRET_KEY sealed_tokens signature".split(),
)
@pytest.mark.rule("G2")
def test_fields_with_secret_names_are_hidden(name: str) -> None:
    """Rule G2."""
    got = redact(None, "info", {"event": "x", name: "KANARI", "nested": {"list": [{name: ["KANARI"]}]}})
    assert "KANARI" not in json.dumps(got)


@pytest.mark.parametrize("name", ["remote_code", "sku", "design", "sign_in_expires", "category_key", "keyboard"])
def test_fields_that_only_sound_alike_stay(name: str) -> None:
    assert redact(None, "info", {name: "visible"}) == {name: "visible"}


@pytest.mark.parametrize(
    "text",
    [
        "https://host/auth?code=KANARI-1&shop_id=5",
        "https://host/x?sign=KANARI&timestamp=1",
        "postgresql://sari:KANARI@db/syncer",
        "Authorization: Bearer KANARI.KANARI-123",
        "s1.0123abcd.KANARI-abc=",
        "gAAAAABKANARI0123456789012345678901234567890",
    ],
)
@pytest.mark.rule("G2")
def test_secrets_inside_texts_are_hidden(text: str) -> None:
    assert "KANARI" not in json.dumps(redact(None, "info", {"event": text}))


def test_strange_values_do_not_break_a_line(lines: Lines) -> None:
    loop: list[Any] = []
    loop.append(loop)
    values = {"loop": loop, "data": b"\x00KANARI", "when": dt.date(2026, 1, 2), "long": "x" * 100_000, "set": {1}}
    logging.getLogger("syncer.x").info("odd", extra=values)
    (line,) = lines.read()
    assert line["data"] == "<7 bytes>"
    assert line["when"] == "2026-01-02"
    assert len(line["long"]) < 5000
