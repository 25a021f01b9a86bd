"""Run a market: real sandboxes, the daemon as a process of its own, buyers everywhere, and trouble."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from syncer.catalogue.edit import save_product
from syncer.channels.connectors import open_connector
from syncer.channels.joining import add_account
from syncer.channels.publishing import publish
from syncer.channels.records import Account
from syncer.domain.product import Product
from syncer.inventory.ledger import set_on_hand
from syncer.orders.reading import load_read
from syncer.sdk import registry
from syncer.store.engine import read, write
from syncer.store.sealed import Keys, open_keys
from syncer.store.tables import listing
from tests.market.goods import goods
from tests.market.history import Down, History
from tests.sync.world import Control, wait_until

#: What is minutes in life is parts of a second here, and each shop may be called as often as needed.
QUICK = {
    "calls_per_s": 200,
    "review_check_s": 0.2,
    "late_write_s": 0.6,
    "search_lag_s": 0.2,
    "read_lag_s": 0.1,
    "orders_lag_s": 0.0,
}
MORE: dict[str, dict[str, Any]] = {
    "shopee": {"variation_pause_s": 0.1},
    "tiktok_shop": {"writes_per_s": 200, "listings_per_s": 200},
}
LIMITS: dict[str, dict[str, Any]] = {"shopee": {"burst_per_s": 5000, "review_delay_s": 0.05, "variation_wait_s": 0.05}}
LIMITS["tiktok_shop"] = {"burst_per_s": 5000, "review_delay_s": 0.05}


#: Longer than a thread waits where machines are merely busy.
_STALL_S = 0.25


@dataclass(frozen=True, slots=True)
class Attempt:
    """A buyer who came; ``order_id`` is empty if the shop had not enough."""

    t: float
    account: str
    sku: str
    quantity: int
    order_id: str


@dataclass(slots=True)
class Shop:
    """One account and its side of the sandbox. ``front`` is where its buyers are."""

    account: Account
    control: Control
    shop_id: str
    skus: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.account.name

    def buy(self, sku: str, quantity: int = 1, status: str | None = None) -> str | None:
        """Buy as a buyer does; the order's id, or nothing if the shop has not enough."""
        try:
            line = {"sku": sku, "quantity": quantity, "shop_id": self.shop_id}
            return str(self.control.ask("POST", "orders", {"lines": [line], "status": status})["order_id"])
        except OSError:
            return None

    def moves_its_number(self, lowers: str, gives_back: bool) -> None:
        """Set when the shop lowers its number (placed, paid, shipped, or never), and whether a cancel gives it back."""
        words = self.control.ask("GET", "settings")["words"]
        lowers_at = {words[lowers]: True} if lowers != "never" else {}
        order = {"lowers_at": lowers_at, "gives_back_at": {words["cancelled"]: gives_back}}
        self.control.ask("POST", "settings", order)

    def shown(self) -> dict[str, int]:
        """What the shop shows of each SKU that is on sale."""
        rows = self.control.ask("GET", f"listings?shop_id={self.shop_id}")
        live = [row for row in rows if row["status"] == "live"]
        return {offer["sku"]: int(offer["stock"]) for row in live for offer in row["offers"]}


class Market:
    """``shops`` accounts over both marketplaces, and a daemon that may be killed."""

    def __init__(self, engine: Engine, url: str, home: Path, *, poll_s: float = 2.0, call_s: float = 1.0) -> None:
        self.engine, self.url, self.home = engine, url, home
        self.keys: Keys = open_keys(engine, home)
        self.history = History(poll_s=poll_s, call_s=call_s)
        self.shops: list[Shop] = []
        self.attempts: list[Attempt] = []
        self._stack = ExitStack()
        self._daemon: subprocess.Popen[bytes] | None = None
        self._down_since = time.time()
        self._port = _free_port()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        #: When the daemon was killed, and when its successor answered.
        self.restarts: list[tuple[float, float]] = []

    def __enter__(self) -> Market:
        threading.Thread(target=self._watch_the_machine, name="machine-watch", daemon=True).start()
        return self

    def _watch_the_machine(self) -> None:
        """Note the spans in which this machine stood still: nobody could act in them."""
        before = time.time()
        while not self._ended.wait(0.02):
            now_s = time.time()
            if now_s - before > _STALL_S:
                with self._lock:
                    self.history.downs.append(Down(before, now_s))
            before = now_s

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
        self._stack.close()

    # Setting up

    def open_shops(
        self, connector: str, names: Sequence[str], *, apart: bool = False, more: Mapping[str, Any] | None = None
    ) -> None:
        """Open a sandbox of ``connector`` with one shop for each name; ``more`` options for each account.

        ``apart``: as a process of its own, so that it takes no time from buyers.
        """
        if apart:
            url, first = self._stack.enter_context(_sandbox_apart(connector))
        else:
            running = self._stack.enter_context(registry.load(connector, group=registry.SANDBOXES)().start())
            url, first = running.control_url, running.account_options
        control = Control(url)
        control.limits(**LIMITS[connector])
        options = [first]
        options += [control.ask("POST", "shops", {"name": name})["options"] for name in names[1:]]
        for name, one in zip(names, options, strict=True):
            account = add_account(
                self.engine,
                self.keys,
                home=self.home,
                connector=connector,
                name=name,
                options={**one, **QUICK, **MORE[connector], **(more or {})},
                now=now(),
            ).account
            self.shops.append(Shop(account, control, account.shop_id))

    def send_webhooks(self, *, on: bool = True) -> None:
        """Tell the platforms where webhooks go, or that there is no address for them."""
        for shop in self.shops:
            connector: Any = open_connector(shop.account, engine=self.engine, keys=self.keys, home=self.home)
            path = f"webhooks/{shop.account.connector}/{connector.webhook_app()}"
            shop.control.ask("POST", "webhooks", {"url": f"http://127.0.0.1:{self._port}/{path}" if on else None})

    def offer(self, pieces: dict[str, int]) -> None:
        """Make a product of each SKU, with so many pieces, and publish all of them everywhere."""
        products: list[Product] = goods(self.engine, self.home, list(pieces))
        with write(self.engine) as connection:
            ids = [save_product(connection, product, now=now()).product_id for product in products]
            for sku, number in pieces.items():
                set_on_hand(connection, sku, number, now=now())
            for shop in self.shops:
                publish(connection, shop.account, ids, now=now())
        self.history.stock |= pieces

    # The daemon

    def start(self) -> None:
        """Start the daemon; what it says goes to a file."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SYNCER_")}
        environment |= {
            "SYNCER_HOME": str(self.home),
            "SYNCER_DATABASE_URL": self.url,
            "SYNCER_WEB_PORT": str(self._port),
            "SYNCER_PUBLIC_URL": f"http://127.0.0.1:{self._port}",
            "SYNCER_ORDER_POLL_SECONDS": str(self.history.poll_s),
            "SYNCER_LEASE_SECONDS": "5",
            "SYNCER_LOG_LEVEL": "WARNING",
        }
        log = self._stack.enter_context((self.home / "run.log").open("ab"))
        self._daemon = subprocess.Popen(
            [sys.executable, "-m", "syncer.cli", "run"], env=environment, cwd=self.home, stdout=log, stderr=log
        )

    def kill(self) -> None:
        """Kill it as the kernel would, and start it again at once."""
        assert self._daemon is not None
        since = time.time()
        self._daemon.send_signal(signal.SIGKILL)
        self._daemon.wait()
        self.start()
        self._wait_for_web()
        with self._lock:
            self.history.kills.append(since)
            self.restarts.append((since, time.time()))

    def _wait_for_web(self) -> None:
        import socket

        def answers() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
            return False

        wait_until(answers, 60.0)

    @property
    def pid(self) -> int:
        """The daemon's process."""
        assert self._daemon is not None
        return self._daemon.pid

    def wait_until_open(self, timeout_s: float = 60.0) -> None:
        """Wait until every shop shows what is free, and the daemon is at rest."""
        self._wait_for_web()
        wait_until(self.at_rest, timeout_s)

    def at_rest(self) -> bool:
        """Whether nothing is due and nothing is to be looked at again soon."""
        with read(self.engine) as connection:
            # A listing that a webhook named after our own write is looked at a minute later: that is rest.
            soon = now() + dt.timedelta(seconds=5)
            busy = (listing.c.due != 0) | (listing.c.settle_at < soon) | listing.c.claim.is_not(None)
            if connection.execute(select(listing.c.id).where(busy).limit(1)).first() is not None:
                return False
            missing = connection.execute(select(func.count()).where(listing.c.remote_id.is_(None))).scalar_one()
        return not missing

    # Buyers and trouble

    def buyers(self, seconds: float, per_s: float, seed: int, *, skus: Sequence[str] = ()) -> None:
        """Let buyers come for a while, at random moments, everywhere; they like some pieces more than others."""
        chance = random.Random(seed)
        names = list(skus or self.history.stock)
        weights = [1 / (rank + 3) for rank in range(len(names))]
        unpaid = {shop.name: shop.control.ask("GET", "settings")["words"]["placed"] for shop in self.shops}
        end = time.time() + seconds
        at = time.time()
        while (at := at + chance.expovariate(per_s)) < end:
            time.sleep(max(at - time.time(), 0.0))
            shop = chance.choice(self.shops)
            sku = chance.choices(names, weights)[0]
            status = unpaid[shop.name] if chance.random() < 0.2 else None
            quantity = 2 if chance.random() < 0.1 else 1
            self.attempts.append(Attempt(at, shop.name, sku, quantity, shop.buy(sku, quantity, status) or ""))

    @contextlib.contextmanager
    def trouble(self, shop: Shop, **fault: Any) -> Iterator[None]:
        """Strike a shop's calls for a while, and note when nobody could act there."""
        since = time.time()
        [added] = shop.control.ask("POST", "faults", [fault])
        try:
            yield
        finally:
            shop.control.ask("DELETE", f"faults?id={added['id']}")
            with self._lock:
                for one in self.shops:
                    if one.control is shop.control:
                        self.history.downs.append(Down(since, time.time() + 2.0, one.name))

    def change_orders(self, seed: int, share: float = 0.3) -> None:
        """Pay, call off (also in part), split, ship or leave the orders that are there."""
        chance = random.Random(seed)
        for control in {id(shop.control): shop.control for shop in self.shops}.values():
            words = control.ask("GET", "settings")["words"]
            for order in control.ask("GET", "orders"):
                # What is on its way is not called off any more: it could only be sent back.
                if order["status"] in (words["shipped"], words["cancelled"]):
                    continue
                whats = ["pay"] if order["status"] == words["placed"] else []
                if chance.random() < share:
                    whats.append(chance.choice(("cancel", "ship", "split", "part")))
                for what in whats:
                    self._change_order(control, order, what)

    def _change_order(self, control: Control, order: dict[str, Any], what: str) -> None:
        line = order["lines"][0]
        body: dict[str, Any] = {"line_id": line["line_id"]} if what == "split" else {}
        if what == "part":
            what, body = "cancel", {"lines": [{"sku": line["sku"], "quantity": 1}]}
        # What an order does not allow (to split a single piece) does not happen.
        with contextlib.suppress(OSError):
            control.ask("POST", f"orders/{order['order_id']}/{what}", body)

    # The tale

    def settle(self, timeout_s: float = 60.0) -> None:
        """Let everything that is due end: two quiet looks, one poll of orders apart."""
        for _ in range(2):
            began = now()
            time.sleep(self.history.poll_s + 0.3)
            wait_until(lambda began=began: self._orders_read_since(began), timeout_s)
            wait_until(self.at_rest, timeout_s)

    def _orders_read_since(self, moment: dt.datetime) -> bool:
        with read(self.engine) as connection:
            reads = [load_read(connection, shop.account.id).read_began_at for shop in self.shops]
        return all(began is not None and began > moment for began in reads)

    def tell(self) -> History:
        """Return all that happened."""
        from tests.market.telling import tell

        return tell(self)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@contextlib.contextmanager
def _sandbox_apart(connector: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a sandbox as a process of its own; gives its control address and the options of its first shop."""
    arguments = [sys.executable, "-m", "syncer.sdk.sandbox", connector]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield said["control_url"], said["account"]["options"]
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    """Return a port that nobody gets by chance while the daemon that listens there starts, or starts again."""
    import socket

    while True:
        # Below the ports that connections get, on any system.
        port = random.SystemRandom().randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
