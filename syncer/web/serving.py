"""Put the web server together for the daemon: the door, its inbox, the apps behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from config.settings import Settings
from syncer.channels.connectors import open_connector
from syncer.channels.records import Account
from syncer.orders.apps import Apps
from syncer.orders.webhooks import Inbox
from syncer.sdk.contract import Connector
from syncer.store.engine import read
from syncer.store.errors import StoreError
from syncer.web.app import make_app
from syncer.web.server import WebAddressProblem, WebServer, listen
from syncer.web.webhooks import WebhookDoor

if TYPE_CHECKING:
    from syncer.sync.service import Deps

_LOG = structlog.get_logger("syncer.web")


@dataclass(frozen=True, slots=True)
class Serving:
    """A web server at work. ``public_url`` is where the platforms find it."""

    server: WebServer
    inbox: Inbox
    public_url: str

    def stop(self) -> None:
        """Answer what is under way, store what came, and end."""
        self.server.stop()
        self.inbox.stop()


def start_web(settings: Settings, deps: Deps) -> Serving | None:
    """Serve on SYNCER_WEB_HOST and SYNCER_WEB_PORT.

    Without a public address nothing is sent here from outside, so that a port in use is only said, and orders are
    read by polling alone (then ``None`` is returned). With one it raises :class:`~syncer.web.server.WebAddressProblem`.
    """
    try:
        where = listen(settings.web_host, settings.web_port)
    except WebAddressProblem as problem:
        if settings.public_url:
            raise
        _LOG.warning("no web server", problem=problem.words.en)
        return None
    host, port = where.getsockname()[:2]
    public_url = settings.public_url or f"http://{host}:{port}"

    def opened(account: Account) -> Connector:
        return open_connector(
            account, engine=deps.engine, keys=deps.keys, home=deps.home, allowed=deps.allowed, load=deps.load
        )

    def is_ready() -> bool:
        try:
            with read(deps.engine) as connection:
                connection.execute(text("SELECT 1"))
        except StoreError:
            return False
        return True

    apps = Apps(deps.engine, opened)
    inbox = Inbox(deps.engine, deps.keys, apps)
    app = make_app(WebhookDoor(apps, inbox, public_url), public_url=public_url, is_ready=is_ready)
    serving = Serving(WebServer(app, where, proxies=settings.web_proxies), inbox, public_url)
    inbox.start()
    serving.server.start()
    _LOG.info("web", address=serving.server.address, public_url=public_url)
    return serving
