"""Webhooks over real HTTP: in order, signed, stored, and believed in nothing."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from config.settings import load_settings
from syncer.catalogue.edit import save_product
from syncer.channels import lifecycle
from syncer.channels.accounts import reconnect
from syncer.channels.connectors import open_connector
from syncer.channels.old_key import forget_old_key
from syncer.channels.records import Account, load_account
from syncer.domain.product import Product, Variant
from syncer.domain.words import Words
from syncer.housekeeping import tidy
from syncer.orders.apps import Apps
from syncer.orders.webhooks import Delivery, process, store
from syncer.sdk.contract import Connector
from syncer.store.engine import read, write
from syncer.store.order_tables import order_hint, webhook_delivery
from syncer.store.tables import account, listing
from syncer.sync.service import Deps
from syncer.web.policy import Policy, PolicyMissing, check_policies, policy
from syncer.web.server import WebAddressProblem
from syncer.web.serving import Serving, start_web
from syncer.web.webhooks import BAD_A_MINUTE, SUSPECTS_AT_ONCE, BadSenders
from tests.sync.world import wait_until
from tests.web.conftest import KEY, PUBLIC, Post
from tests.web.post_office import sign


def order(number: str, shop: str = "7001", **more: Any) -> dict[str, Any]:
    return {"about": "order", "shop": shop, "id": number, **more}


@pytest.mark.rule("W1")
@pytest.mark.rule("W3")
def test_a_signed_delivery_is_stored_answered_as_declared_and_looked_at(post: Post) -> None:
    answer = post.send(order("240001"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(post.stored()) == 1
    wait_until(lambda: post.hints() == [(1, "240001")])
    assert post.stored() == ["done"]


@pytest.mark.rule("W3")
def test_the_shop_inside_says_which_account_is_meant(post: Post) -> None:
    post.send(order("1", "7002"))
    post.send(order("2", "9999"))
    wait_until(lambda: sorted(post.stored()) == ["done", "stranger"])
    assert post.hints() == [(2, "1")]


@pytest.mark.rule("K4")
def test_the_body_is_sealed_at_rest(post: Post) -> None:
    post.send(order("KANARI-240001"))
    sealed = post.rows(webhook_delivery.c.sealed_body)[0].sealed_body
    assert "KANARI" not in sealed
    assert sealed.startswith("s1.")


@pytest.mark.rule("W2")
def test_the_same_delivery_ten_times_is_one(post: Post) -> None:
    for _ in range(10):
        assert post.send(order("1", delivery="d-1")).status_code == 204
    assert [row.times for row in post.rows(webhook_delivery.c.times)] == [10]
    same = order("2")
    for _ in range(3):
        post.send(same)
    assert sorted(row.times for row in post.rows(webhook_delivery.c.times)) == [3, 10]


@pytest.mark.rule("W1")
def test_one_flipped_bit_anywhere_is_refused(post: Post) -> None:
    body = json.dumps(order("1")).encode()
    good = sign(KEY, f"{PUBLIC}/webhooks/post/app-1", body)
    wrong = [good[:-1] + ("0" if good[-1] != "0" else "1"), "", good.upper(), "\N{SNOWMAN}".encode().decode("latin-1")]
    for signature in wrong:
        assert post.post(body, **{"X-Sign": signature}).status_code == 401
    for place in range(0, len(body), 7):
        flipped = bytearray(body)
        flipped[place] ^= 1
        assert post.post(bytes(flipped), **{"X-Sign": good}).status_code == 401
    again = json.dumps(json.loads(body), separators=(",", ":")).encode()
    assert post.post(again, **{"X-Sign": good}).status_code == 401
    assert post.stored() == []
    assert post.hints() == []


def test_an_unknown_app_is_not_found(post: Post) -> None:
    assert post.send(order("1"), app="app-2").status_code == 404


@pytest.mark.rule("W1")
def test_what_is_too_large_is_not_read(post: Post, serving: Serving) -> None:
    parts = urlsplit(serving.server.address)
    head = (
        "POST /webhooks/post/app-1 HTTP/1.1\r\nHost: syncer.example.org\r\n"
        "Content-Length: 900000000\r\nContent-Type: application/json\r\n\r\n"
    )
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as raw:
        raw.sendall(head.encode())
        assert raw.recv(200).startswith(b"HTTP/1.1 413")
    chunks = (b"x" * 65_536 for _ in range(10))
    assert post.post(chunks).status_code == 413
    assert post.stored() == []


@pytest.mark.rule("W5")
def test_nobody_is_limited_for_being_right(post: Post, serving: Serving) -> None:
    for number in range(BAD_A_MINUTE):
        assert post.send(order(str(number)), key="salah").status_code == 401
    assert post.send(order("x"), key="salah").status_code == 429
    # The platform comes from the same address, where the proxy in front tells no other; else from its own.
    assert post.send(order("x")).status_code == 204
    assert post.send(order("y"), **{"X-Forwarded-For": "203.0.113.9"}).status_code == 204
    wait_until(lambda: post.stored() == ["done", "done"])


@pytest.mark.rule("W5")
def test_a_flood_from_its_own_address_keeps_no_good_delivery_out(post: Post) -> None:
    for number in range(BAD_A_MINUTE):
        post.send(order(str(number)), key="salah")

    def send(number: int) -> int:
        return post.send(order(str(number)), key=KEY if number % 20 == 0 else "salah").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(200)))
    assert answers == [204 if number % 20 == 0 else 429 for number in range(200)]


@pytest.mark.rule("W5")
def test_what_finds_no_place_in_a_flood_is_answered_unread(post: Post, serving: Serving) -> None:
    for number in range(BAD_A_MINUTE):
        post.send(order(str(number)), key="salah")
    parts = urlsplit(serving.server.address)
    head = b"POST /webhooks/post/app-1 HTTP/1.1\r\nHost: syncer.example.org\r\nContent-Length: 5\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(SUSPECTS_AT_ONCE):
            raw = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60))
            raw.sendall(head)
        # Even a good one, since it isn't read; it comes again, and is taken.
        wait_until(lambda: post.send(order("x")).status_code == 429)
    wait_until(lambda: post.send(order("x")).status_code == 204)


def test_the_minute_of_a_bad_sender_ends() -> None:
    clock = [0.0]
    bad = BadSenders(lambda: clock[0])
    for _ in range(BAD_A_MINUTE):
        bad.count("a")
    assert bad.too_many("a")
    assert not bad.too_many("b")
    clock[0] = 61.0
    assert not bad.too_many("a")
    for number in range(10_000):
        bad.count(str(number))
    assert len(bad._seen) < 5_000


def _deliver(deps: Deps, *told: dict[str, Any]) -> None:
    """Store deliveries as the server would; nothing is done with them yet."""
    with write(deps.engine) as connection:
        for number, one in enumerate(told):
            body = json.dumps(one).encode()
            store(connection, deps.keys, Delivery("post", "app-1", f"k{number}", {}, body), dt.datetime.now(dt.UTC))


def _states_and_hints(deps: Deps) -> tuple[list[str], list[tuple[int, str]]]:
    with read(deps.engine) as connection:
        states = connection.execute(select(webhook_delivery.c.state).order_by(webhook_delivery.c.id)).scalars().all()
        hints = connection.execute(select(order_hint.c.account_id, order_hint.c.remote_id)).tuples().all()
        return list(states), sorted(hints)


def _apps(deps: Deps) -> Apps:
    def opened(one: Account) -> Connector:
        return open_connector(one, engine=deps.engine, keys=deps.keys, home=deps.home, load=deps.load)

    return Apps(deps.engine, opened)


@pytest.mark.parametrize("how", ["remove", "disconnect"])
def test_a_delivery_for_a_shop_that_went_a_moment_ago_stops_no_other(deps: Deps, how: str) -> None:
    apps = _apps(deps)
    assert apps.find("post", "app-1") is not None
    with write(deps.engine) as connection:
        gone = load_account(connection, 1)
        lifecycle.remove(connection, gone, force=True) if how == "remove" else lifecycle.disconnect(connection, gone)
    _deliver(deps, order("1"), order("2", "7002"), {"about": "account", "shop": "7001"})
    assert process(deps.engine, deps.keys, apps) == 3
    assert _states_and_hints(deps) == (["stranger", "done", "stranger"], [(2, "2")])


def test_a_bug_in_one_delivery_parks_it_alone(deps: Deps) -> None:
    with write(deps.engine) as connection:
        connection.execute(text(_REFUSE_BAD[connection.dialect.name]))
    _deliver(deps, order("1"), order("bad"), order("2", "7002"))
    assert process(deps.engine, deps.keys, _apps(deps)) == 3
    assert _states_and_hints(deps) == (["done", "parked", "done"], [(1, "1"), (2, "2")])


_REFUSE_BAD = {
    "sqlite": "CREATE TRIGGER no_bad BEFORE INSERT ON order_hint WHEN NEW.remote_id = 'bad' "
    "BEGIN SELECT RAISE(ABORT, 'bad'); END",
    "postgresql": "ALTER TABLE order_hint ADD CONSTRAINT no_bad CHECK (remote_id <> 'bad')",
}


def test_what_nobody_understands_is_parked_and_the_next_one_goes_on(post: Post) -> None:
    for body in (b"", b"\xff\xfe", b"[]", b"{", b'{"about": 1}', json.dumps({"about": "order"}).encode()):
        assert post.send(body).status_code == 204
    post.send(order("1"))
    post.send({"about": "weather"})
    wait_until(lambda: "waiting" not in post.stored())
    assert post.hints() == [(1, "1")]
    assert post.stored().count("parked") == 5


@pytest.mark.rule("W2")
def test_an_old_delivery_only_wakes_the_poll(post: Post) -> None:
    for hours in (-25.0, 0.2):
        at = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)).timestamp()
        post.send(order("1", "7002", at=at))
    wait_until(lambda: post.stored() == ["done", "done"])
    assert post.hints() == []
    assert post.reads_due() == {2}


def test_what_was_stored_before_a_crash_is_taken_up(post: Post, serving: Serving, deps: Deps) -> None:
    post.send(order("1"))
    wait_until(lambda: post.stored() == ["done"])
    with write(deps.engine) as connection:
        connection.execute(webhook_delivery.update().values(state="waiting"))
        from syncer.store.order_tables import order_hint

        connection.execute(order_hint.delete())
    serving.stop()
    settings = load_settings({"SYNCER_HOME": str(deps.home), "SYNCER_WEB_PORT": "0"})
    again = start_web(settings, deps)
    assert again is not None
    wait_until(lambda: post.hints() == [(1, "1")])
    again.stop()


@pytest.mark.rule("W6")
def test_it_is_not_taken_when_it_cannot_be_stored(post: Post, deps: Deps) -> None:
    with write(deps.engine) as other:
        if other.dialect.name == "postgresql":
            other.execute(text("LOCK TABLE webhook_delivery IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        assert post.send(order("1")).status_code == 503
        assert time.monotonic() - began < 8.0, "it doesn't wait as long as the engine does"
    assert post.send(order("1")).status_code == 204
    wait_until(lambda: post.hints() == [(1, "1")])


@pytest.mark.rule("W6")
def test_other_hosts_methods_and_pages_get_nothing(post: Post) -> None:
    get, url = post.session.get, post.address
    assert get(f"{url}/healthz", timeout=60).text == "ok"
    assert get(f"{url}/readyz", timeout=60).text == "ok"
    assert get(f"{url}/healthz", headers={"Host": "evil.example"}, timeout=60).status_code == 400
    assert get(f"{url}/webhooks/post/app-1", timeout=60).status_code == 405
    for path in ("/", "/docs", "/openapi.json", "/webhooks/post", "/webhooks/post/app-1/", "/webhooks/../healthz/x"):
        assert get(f"{url}{path}", timeout=60).status_code == 404, path
    assert "set-cookie" not in post.send(order("1")).headers


def test_a_port_in_use_stops_the_start_only_where_webhooks_are_expected(deps: Deps, serving: Serving) -> None:
    port = str(urlsplit(serving.server.address).port)
    alone = load_settings({"SYNCER_HOME": str(deps.home), "SYNCER_WEB_PORT": port})
    assert start_web(alone, deps) is None
    public = load_settings({"SYNCER_HOME": str(deps.home), "SYNCER_WEB_PORT": port, "SYNCER_PUBLIC_URL": PUBLIC})
    with pytest.raises(WebAddressProblem, match="SYNCER_WEB_PORT"):
        start_web(public, deps)


@pytest.mark.parametrize("url", ["http://syncer.example.org", "ftp://x", "https://", "https://a@b.c", "https://a/?q=1"])
def test_a_public_address_is_https(url: str) -> None:
    with pytest.raises(Exception, match="SYNCER_PUBLIC_URL"):
        load_settings({"SYNCER_PUBLIC_URL": url})


@pytest.mark.rule("W6")
def test_a_mix_of_deliveries_loses_none_and_takes_no_forged_one(post: Post) -> None:
    """Half are duplicates, a tenth forged, some are large; more of them in the long form."""
    _mixed(post, 300)


@pytest.mark.long
def test_ten_thousand_deliveries_in_a_row(post: Post) -> None:
    """Memory stays flat: nothing is kept of a delivery once it is stored."""
    import resource

    _mixed(post, 1_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _mixed(post, 10_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def _mixed(post: Post, count: int) -> None:
    mark = str(time.monotonic_ns())

    def send(number: int) -> tuple[int, int]:
        headers = {"X-Forwarded-For": f"198.51.100.{number % 200}"}
        told = order(f"{mark}-{number // 2}", delivery=f"{mark}-{number // 2}")
        if number % 10 == 9:
            return number, post.send(order(f"forged-{number}"), key="salah", **headers).status_code
        if number % 50 == 3:
            return number, post.post(b"x" * 1_048_577, **headers).status_code
        return number, post.send(told, **headers).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = dict(pool.map(send, range(count)))
    expected = {n: 401 if n % 10 == 9 else 413 if n % 50 == 3 else 204 for n in range(count)}
    # An address that was wrong sixty times in this minute is told so; what is right is taken all the same.
    wrong = {n: code for n, code in answers.items() if code != expected[n]}
    assert {n: code for n, code in wrong.items() if (expected[n], code) != (401, 429)} == {}
    orders = {f"{mark}-{n // 2}" for n in range(count) if expected[n] == 204 and answers[n] == 204}
    wait_until(lambda: "waiting" not in post.stored(), 60.0)
    assert {remote_id for _, remote_id in post.hints() if remote_id.startswith(mark)} == orders
    assert not any(remote_id.startswith("forged") for _, remote_id in post.hints())


@pytest.mark.rule("B1")
def test_a_route_without_a_policy_stops_the_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/open")
    @policy(Policy.PUBLIC)
    async def opened() -> str:
        return "ok"

    assert check_policies(app) == {"/open": Policy.PUBLIC}

    @app.get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    with pytest.raises(PolicyMissing, match="/forgotten"):
        check_policies(app)


def test_a_listing_is_looked_at_but_our_own_echo_is_not(post: Post, deps: Deps) -> None:
    now = dt.datetime.now(dt.UTC)
    with write(deps.engine) as connection:
        for number, minutes in (("1", 0.1), ("2", 5.0)):
            product_id = save_product(
                connection, Product(number, number, variants=(Variant(number, Decimal(1000)),)), now=now
            ).product_id
            seen = now - dt.timedelta(minutes=minutes)
            row = {"account_id": 1, "product_id": product_id, "remote_id": number, "acknowledged_at": seen}
            connection.execute(listing.insert().values(**row, due_at=now, created_at=now))
    for _ in range(20):
        for number in ("1", "2", "3"):
            post.send({"about": "listing", "shop": "7001", "id": number, "delivery": f"{time.monotonic_ns()}"})
    wait_until(lambda: post.stored().count("done") == 60)
    looked_at = {row.remote_id: row.settle_at for row in post.rows(listing.c.remote_id, listing.c.settle_at)}
    assert looked_at["1"] is None
    assert looked_at["2"] is not None


NEW = "kunci-baru"


def _change_key(deps: Deps, account_id: int, **old_key: Any) -> tuple[Words, ...]:
    with read(deps.engine) as connection:
        known = load_account(connection, account_id)
    now, options = dt.datetime.now(dt.UTC), {"key": NEW}
    return reconnect(
        deps.engine, deps.keys, known, home=deps.home, load=deps.load, options=options, now=now, **old_key
    ).notes


def _signed_by(deps: Deps, key: str) -> bool:
    """Whether the door would believe ``key`` now."""
    app = _apps(deps).find("post", "app-1")
    address = f"{PUBLIC}/webhooks/post/app-1"
    return app is not None and app.is_signed(address, {"x-sign": sign(key, address, b"{}")}, b"{}")


@pytest.mark.rule("W4")
def test_while_an_apps_key_is_changed_the_old_one_is_believed_too(post: Post, deps: Deps) -> None:
    assert post.send(order("1"), key=NEW).status_code == 401
    for account_id in (1, 2):
        said = " ".join(note.en for note in _change_key(deps, account_id))
        assert "forget-old-key" in said
    # The running server learns of it by itself; what was signed before the change is still taken.
    elsewhere = (f"203.0.113.{number % 250}" for number in itertools.count())

    def is_taken() -> bool:
        return post.send(order("2"), key=NEW, **{"X-Forwarded-For": next(elsewhere)}).status_code == 204

    wait_until(is_taken, 30.0)
    assert post.send(order("3")).status_code == 204
    assert post.send(order("4"), key="salah").status_code == 401
    with read(deps.engine) as connection:
        kept = connection.execute(select(account.c.sealed_old_options)).scalars().all()
        shown = repr(load_account(connection, 1)) + repr(_apps(deps).find("post", "app-1"))
    assert all(one.startswith("s1.") and KEY not in one for one in kept)
    assert not any(secret in shown for secret in (KEY, NEW, *kept))


@pytest.mark.rule("W4")
def test_the_old_key_ends_when_a_person_says_so_or_its_time_is_over(deps: Deps) -> None:
    _change_key(deps, 1)
    _change_key(deps, 2, old_key_for=dt.timedelta(0))
    assert _signed_by(deps, KEY)
    _change_key(deps, 1, old_key_for=dt.timedelta(0))  # the same key again ends nothing
    assert _signed_by(deps, KEY)
    with write(deps.engine) as connection:
        assert forget_old_key(connection, load_account(connection, 1))
    assert (_signed_by(deps, KEY), _signed_by(deps, NEW)) == (False, True)

    with write(deps.engine) as connection:
        connection.execute(account.update().values(sealed_old_options=account.c.sealed_options))
        connection.execute(account.update().values(old_options_until=dt.datetime.now(dt.UTC)))
    assert not find_old_key_until(deps)
    tidy(deps.engine, dt.datetime.now(dt.UTC))
    with read(deps.engine) as connection:
        assert connection.execute(select(account.c.sealed_old_options)).scalars().all() == ["", ""]


@pytest.mark.rule("W4")
def test_a_shop_that_is_disconnected_has_no_old_key(deps: Deps) -> None:
    _change_key(deps, 1)
    with write(deps.engine) as connection:
        lifecycle.disconnect(connection, load_account(connection, 1))
        assert load_account(connection, 1).sealed_old_options == ""


def find_old_key_until(deps: Deps) -> dt.datetime | None:
    app = _apps(deps).find("post", "app-1")
    assert app is not None
    return app.old_key_until
