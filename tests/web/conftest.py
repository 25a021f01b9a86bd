"""A web server of the daemon on a free port, before a fresh database with two shops of one app."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from config.settings import load_settings
from syncer.channels.accounts import add_account
from syncer.store.engine import Engine, read
from syncer.store.order_tables import order_hint, order_read, webhook_delivery
from syncer.store.sealed import Keys, new_key
from syncer.sync.service import Deps
from syncer.sync.shop import Timing
from syncer.web.serving import Serving, start_web
from tests.web.post_office import PostConnector, sign

KEY = "kunci-rahasia"
PUBLIC = "https://syncer.example.org"


class Post:
    """The platform's side: sends signed deliveries to our server, as if through the public address."""

    def __init__(self, serving: Serving, engine: Engine) -> None:
        self._serving, self.engine = serving, engine
        self.session = requests.Session()
        self.session.trust_env = False

    @property
    def address(self) -> str:
        return self._serving.server.address

    def send(self, told: Any, *, app: str = "app-1", key: str = KEY, **headers: str) -> requests.Response:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        signature = sign(key, f"{PUBLIC}/webhooks/post/{app}", body)
        return self.post(body, app=app, **{"X-Sign": signature, **headers})

    def post(self, body: Any, *, app: str = "app-1", **headers: str) -> requests.Response:
        url = f"{self.address}/webhooks/post/{app}"
        return self.session.post(url, data=body, headers={"Host": "syncer.example.org", **headers}, timeout=60)

    def rows(self, *columns: Any) -> list[Any]:
        with read(self.engine) as connection:
            return list(connection.execute(select(*columns)).all())

    def stored(self) -> list[str]:
        return [row.state for row in self.rows(webhook_delivery.c.state)]

    def hints(self) -> list[tuple[int, str]]:
        return [tuple(row) for row in self.rows(order_hint.c.account_id, order_hint.c.remote_id)]

    def reads_due(self) -> set[int]:
        return {row.account_id for row in self.rows(order_read.c.account_id, order_read.c.due_at) if row.due_at}


@pytest.fixture
def deps(engine: Engine, home: Path) -> Deps:
    keys = Keys([new_key()])
    made = Deps(engine, keys, home, Timing(), load=lambda _name: PostConnector)
    for shop in ("7001", "7002"):
        options = {"key": KEY, "shop": shop, "base_url": "http://127.0.0.1:9"}
        add_account(
            engine,
            keys,
            connector="post",
            name=f"Pos {shop}",
            options=options,
            home=home,
            load=made.load,
            now=dt.datetime.now(dt.UTC),
        )
    return made


@pytest.fixture
def serving(deps: Deps) -> Iterator[Serving]:
    settings = load_settings({"SYNCER_HOME": str(deps.home), "SYNCER_WEB_PORT": "0", "SYNCER_PUBLIC_URL": PUBLIC})
    found = start_web(replace(settings), deps)
    assert found is not None
    yield found
    found.stop()


@pytest.fixture
def post(serving: Serving, engine: Engine) -> Post:
    return Post(serving, engine)
