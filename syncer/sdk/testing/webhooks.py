"""Checks of webhooks: only what the platform signed is believed to be its own, and it is a hint at most."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from syncer.sdk.contract import About, Hint, TakesWebhooks
from syncer.sdk.testing.bench import Bench
from syncer.sdk.testing.checks import check, implements
from syncer.sdk.testing.orders import SELLS, buy, only, published
from syncer.sdk.testing.wishes import Wishes

#: Nobody listens there: the sandbox's log shows what would have come.
_ADDRESS = "http://127.0.0.1:9/webhooks/uji"
_TAKES = implements(TakesWebhooks)
_HUGE = 2 * 1024 * 1024
_APP = re.compile(r"[A-Za-z0-9_-]{1,80}")

#: No platform sends these; none may do harm.
BROKEN = (b"", b"[]", b"null", b"\xff\xfe\x00", b"{", b'{"data": 7}', b"[" * 50_000, b'{"a": ' + b"9" * 5000 + b"}")


def _tells(connector: Any) -> bool:
    """Apply to connectors that sell and take webhooks."""
    return SELLS(connector) and _TAKES(connector)


class WebhookChecks(Wishes):
    """Signatures, broken bodies, and what a webhook tells us to look at."""

    @check("webhook facts are sound", _TAKES)
    def test_webhook_facts(self, bench: Bench) -> None:
        facts, connector = bench.info.webhooks, bench.connector()
        assert facts is not None, "a connector that takes webhooks says in info.webhooks how they are answered"
        assert 200 <= facts.status < 300
        assert 200 <= facts.refused_status < 500
        assert 0 < facts.deadline_s <= 60
        assert 0 < facts.most_bytes <= 1024 * 1024
        app = connector.webhook_app()
        assert _APP.fullmatch(app), f"{app!r} can't stand in an address"
        assert not any(secret in app for secret in bench.secrets), "a secret stands in the webhook's address"
        assert not bench.platform_calls(), "webhook_app made a call"

    @check("an order's webhook is signed and understood", _tells)
    def test_webhook_order(self, bench: Bench) -> None:
        key, letters = self.ordered(bench)
        connector = bench.connector()
        for headers, body in letters:
            assert connector.is_signed(_ADDRESS, headers, body), "what the platform signed was refused"
        hints = [hint for headers, body in letters for hint in connector.read_webhook(headers, body)]
        about = [hint for hint in hints if hint.about is About.ORDER]
        assert about, "no webhook told of the order"
        assert {hint.remote_id for hint in about} == {key}
        assert {hint.shop_id for hint in about} == {bench.identity.shop_id}, "Identity.shop_id says whose it is"
        assert all(hint.at is None or hint.at.tzinfo is not None for hint in about), "times are aware UTC"
        assert only(connector.fetch_orders_by_id([about[0].remote_id]), key)

    @check("each change of an order is told", _tells)
    def test_webhook_changes(self, bench: Bench) -> None:
        key, _ = self.ordered(bench)
        connector = bench.connector()
        for step in ("ship", "cancel"):
            before = sent(bench)[-1]["n"]
            bench.control.post(f"orders/{key}/{step}")
            told = [hint for one in sent(bench, before) for hint in connector.read_webhook(*_letter(one))]
            assert key in {hint.remote_id for hint in told}, f"nothing was told when the order came to: {step}"

    @check("a repeated webhook is the same", _tells)
    def test_webhook_repeated(self, bench: Bench) -> None:
        _, letters = self.ordered(bench)
        first, again = ([bench.connector().read_webhook(headers, body) for headers, body in letters] for _ in range(2))
        assert first == again

    @check("a forged webhook is refused", _tells)
    def test_webhook_forged(self, bench: Bench) -> None:
        """One bit flipped, nothing, very much, written anew, wrong signatures: never good, and never an exception."""
        _, letters = self.ordered(bench)
        connector = bench.connector()
        headers, body = letters[0]
        for place in range(0, len(body) * 8, 13):
            spoiled = bytearray(body)
            spoiled[place // 8] ^= 1 << place % 8
            assert not connector.is_signed(_ADDRESS, headers, bytes(spoiled)), f"bit {place} may be flipped"
        anew = json.dumps(json.loads(body), indent=1).encode()
        for other in (b"", body + b" ", anew, body * (_HUGE // len(body))):
            began = time.perf_counter()
            assert not connector.is_signed(_ADDRESS, headers, other)
            assert time.perf_counter() - began < 10, "a huge body takes too long"
        assert not connector.is_signed(_ADDRESS, {}, body), "without a signature it must be refused"
        for wrong in (lambda value: "", lambda value: value[:-1], lambda value: f"é{value}", lambda _: "0" * 64):
            others = {name: wrong(value) for name, value in headers.items()}
            assert not connector.is_signed(_ADDRESS, others, body), f"a wrong signature was taken: {others}"

    @check("a broken webhook does no harm", _TAKES)
    def test_webhook_broken(self, bench: Bench) -> None:
        connector = bench.connector()
        for body in BROKEN:
            try:
                found = connector.read_webhook({}, body)
            except ValueError:
                continue
            assert all(isinstance(hint, Hint) for hint in found)
        assert not bench.platform_calls(), "reading a webhook made a call"

    def ordered(self, bench: Bench) -> tuple[str, list[tuple[dict[str, str], bytes]]]:
        """Place an order; return its id, and the webhooks that told of it."""
        sku = published(bench, self.listing(bench)).offers[0].sku
        bench.control.post("webhooks", {"url": _ADDRESS})
        log = sent(bench)
        before = int(log[-1]["n"]) if log else 0
        key = buy(bench, [(sku, 1)])
        letters = [_letter(one) for one in sent(bench, before)]
        assert letters, "the sandbox sent no webhook"
        return key, letters


def sent(bench: Bench, after: int = 0) -> list[dict[str, Any]]:
    """Return the webhooks that the sandbox sent after number ``after``."""
    found: list[dict[str, Any]] = bench.control.get("webhooks", after=after)["sent"]
    return found


def _letter(one: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """Return headers (names in lower case, as the engine gives them) and body."""
    return {name.lower(): str(value) for name, value in one["headers"].items()}, str(one["body"]).encode()
