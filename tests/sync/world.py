"""A small world for engine tests: a real sandbox over HTTP, a real database, and products with pictures."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import Engine, insert, or_, select, update

from syncer.catalogue.edit import delete_product, edit_product, rename_sku, save_product, set_price
from syncer.catalogue.media import media_path
from syncer.catalogue.read import find_product, load_product
from syncer.channels.connectors import open_connector
from syncer.channels.joining import accept_shop, add_account
from syncer.channels.publishing import publish, withdraw
from syncer.channels.records import Account, State, load_accounts
from syncer.channels.sign_in import SignIn
from syncer.domain.product import Photo, Product, Variant
from syncer.inventory.ledger import set_on_hand
from syncer.store.engine import read, write
from syncer.store.sealed import Keys, open_keys
from syncer.store.tables import account as account_table
from syncer.store.tables import listing, listing_event, media
from syncer.sync.hand_over import count_moving
from syncer.sync.service import Deps, Service
from syncer.sync.shop import Timing
from tests.sync.stall import Stall
from tests.sync.truth import Truth, compare, wanted

#: Times of the engine in tests: everything that is minutes in life is parts of a second here.
FAST = Timing(
    poll_s=0.25,
    lease_s=4.0,
    call_deadline_s=1.5,
    backoff_s=0.02,
    backoff_most_s=0.2,
    urgent_most_s=0.1,
    strike_s=0.05,
    late_write_s=0.4,
    search_lag_s=0.3,
    young_token_s=0.0,
    refresh_lost_s=1.0,
    refresh_recover_s=0.2,
)


#: How long anything may take, in seconds: it costs nothing where it happens, and machines may be slow, and stall.
PATIENCE_S = 60.0


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Control:
    """The sandbox's control API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/{path}", data=data, method=method, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def listings(self) -> dict[str, dict[str, Any]]:
        """Listings that aren't deleted, by title (titles are unique in tests)."""
        rows = self.ask("GET", "listings")
        found: dict[str, dict[str, Any]] = {}
        for row in rows:
            if row["status"] != "deleted":
                assert row["title"] not in found, f"two listings called {row['title']}"
                found[row["title"]] = row
        return found

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"calls?after={after}"))

    def last_call(self) -> int:
        calls = self.calls()
        return calls[-1]["n"] if calls else 0

    def writes(self, after: int = 0) -> list[dict[str, Any]]:
        return [
            call
            for call in self.calls(after)
            if call["method"] == "POST" and "upload" not in call["path"] and "auth" not in call["path"]
        ]

    def fault(self, **fault: Any) -> None:
        self.ask("POST", "faults", fault)

    def heal(self) -> None:
        self.ask("DELETE", "faults")

    def limits(self, **limits: Any) -> None:
        self.ask("POST", "limits", limits)


class World:
    """One catalogue, one engine and any number of accounts on one sandbox."""

    def __init__(self, engine: Engine, home: Path, running: Any) -> None:
        self.engine, self.home, self.running = engine, home, running
        self.keys: Keys = open_keys(engine, home)
        self.control = Control(running.control_url)
        self.limits_for_tests()
        self.timing = FAST
        self.load: Any = None
        self.allowed = frozenset({"syncer"})
        self.truth = Truth()

    def deps(self, timing: Timing | None = None) -> Deps:
        return Deps(self.engine, self.keys, self.home, timing or self.timing, allowed=self.allowed, load=self.load)

    def limits_for_tests(self) -> None:
        """What is minutes in life is parts of a second here, and nothing is limited unless a test says so."""
        self.control.limits(burst_per_s=10_000, review_delay_s=0.03, variation_wait_s=0.05)

    def account(self, name: str = "Toko Orange", **options: Any) -> Account:
        values = {
            **self.running.account_options,
            "calls_per_s": 1000,
            "variation_pause_s": 0.06,
            "review_check_s": 0.08,
            **options,
        }
        return add_account(
            self.engine, self.keys, home=self.home, connector="shopee", name=name, options=values, now=now()
        ).account

    def stall(self, stall: Stall, name: str = "Kios", **options: Any) -> Account:
        """Add an account on a platform in memory."""
        self.load = stall.load
        return add_account(
            self.engine,
            self.keys,
            home=self.home,
            connector="stall",
            name=name,
            options=options,
            now=now(),
            load=stall.load,
        ).account

    def picture(self, name: str) -> str:
        """Store a picture file, and return its sha256."""
        shade = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
        picture = Image.new("RGB", (600, 600), (shade >> 16 & 255, shade >> 8 & 255, shade & 255))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=60, comment=name.encode())
        data = buffer.getvalue()
        sha = hashlib.sha256(data).hexdigest()
        path = media_path(self.home, sha)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        with write(self.engine) as connection:
            if not connection.execute(select(media.c.sha256).where(media.c.sha256 == sha)).first():
                connection.execute(
                    insert(media).values(
                        sha256=sha, mime="image/jpeg", width=600, height=600, size_bytes=len(data), created_at=now()
                    )
                )
        return sha

    def product(
        self,
        handle: str,
        *,
        sizes: tuple[str, ...] = (),
        price: int = 100_000,
        stock: int = 5,
        picture: str = "",
        **fields: Any,
    ) -> Product:
        """Save a product (with a variant for each of ``sizes``), its picture and its stock."""
        skus = [f"{handle}-{size}" for size in sizes] or [handle]
        variants = tuple(
            Variant(sku=sku, price=Decimal(price), option_values=(size,) if size else (), weight_g=400)
            for sku, size in zip(skus, sizes or ("",), strict=True)
        )
        product = Product(
            handle=handle,
            title=fields.pop("title", f"Mangkuk kayu {handle}"),
            description="Mangkuk kayu jati buatan tangan dari Serpong, halus dan kuat.",
            category_key=fields.pop("category_key", "batik-tulis"),
            option_names=("Ukuran",) if sizes else (),
            variants=variants,
            photos=(Photo(picture or self.picture(handle)),),
            **fields,
        )
        with write(self.engine) as connection:
            saved = save_product(connection, product, now=now())
            self.truth.note(connection, saved.product_id)
            for sku in skus:
                set_on_hand(connection, sku, stock, now=now())
            self.truth.note(connection, saved.product_id)
        return product

    def publish(self, account: Account, *handles: str) -> None:
        with write(self.engine) as connection:
            ids = [find_product(connection, handle) for handle in handles]
            publish(connection, account, ids, now=now())

    def stock(self, sku: str, number: int) -> None:
        with write(self.engine) as connection:
            set_on_hand(connection, sku, number, now=now())
            self.truth.note(connection, find_product(connection, sku))

    def title(self, handle: str, title: str) -> None:
        with write(self.engine) as connection:
            edit_product(connection, handle, title=title, now=now())
            self.truth.note(connection, find_product(connection, handle))

    def price(self, sku: str, price: int) -> None:
        with write(self.engine) as connection:
            set_price(connection, sku, Decimal(price), now=now())
            self.truth.note(connection, find_product(connection, sku))

    def rename(self, sku: str, new: str) -> None:
        with write(self.engine) as connection:
            rename_sku(connection, sku, new, now=now())
            self.truth.note(connection, find_product(connection, new))

    def variants(
        self, handle: str, change: Callable[[tuple[Variant, ...]], tuple[Variant, ...]], stock: int = 1
    ) -> None:
        """Add, drop or change variants; new ones get ``stock`` pieces."""
        with write(self.engine) as connection:
            before = load_product(connection, handle)
            save_product(connection, replace(before, variants=change(before.variants)), now=now())
            self.truth.note(connection, before.id)
            known = {variant.sku for variant in before.variants}
            for variant in load_product(connection, handle).variants:
                if variant.sku not in known:
                    set_on_hand(connection, variant.sku, stock, now=now())
            self.truth.note(connection, before.id)

    def withdraw(self, account: Account, handle: str) -> None:
        with write(self.engine) as connection:
            withdraw(connection, account, find_product(connection, handle), now=now())

    def delete(self, handle: str) -> None:
        with write(self.engine) as connection:
            delete_product(connection, handle, now=now())

    def sync(self, timing: Timing | None = None, horizon_s: float = 5.0) -> int:
        """Run the engine until nothing is due, as ``syncer sync`` does."""
        service = Service(self.deps(timing))
        service.start()
        try:
            return service.run_until_idle(horizon_s=horizon_s)
        finally:
            service.stop()

    def settle(self, timeout_s: float = PATIENCE_S) -> None:
        """Run the engine until nothing is due and nothing is to be read again: what late writes did is mended."""
        service = Service(self.deps())
        service.start()
        try:
            self.until_settled(timeout_s)
        finally:
            service.stop()

    @contextmanager
    def at_work(self, timing: Timing | None = None, stop_s: float = 30.0) -> Iterator[Service]:
        """Keep an engine running, as the daemon does; at the end it has ``stop_s`` seconds for its last calls."""
        service = Service(self.deps(timing))
        service.start()
        try:
            yield service
        finally:
            service.stop(stop_s)

    def hurry(self) -> None:
        """What waits for a moment is due now: a back-off, a platform's pause, a second look."""
        with write(self.engine) as connection:
            connection.execute(update(listing).where(listing.c.due != 0).values(due_at=now(), not_before=None))
            connection.execute(update(listing).where(listing.c.settle_at.is_not(None)).values(settle_at=now()))

    def row(self, handle: str) -> Any:
        """The listing of a product on the only account."""
        with read(self.engine) as connection:
            where = listing.c.product_id == find_product(connection, handle)
            return connection.execute(select(listing).where(where)).one()

    def control_of(self, account: Account) -> Control:
        """The sandbox where this account's shop is."""
        return self.control

    def sign_in_again(self) -> int:
        """Do what a person does whom an account asks for: consent anew. Returns how many accounts had asked."""
        with read(self.engine) as connection:
            asking = [one for one in load_accounts(connection) if one.state is State.SIGN_IN_NEEDED]
        for account in asking:
            control = self.control_of(account)
            control.heal()
            answer = control.ask("POST", "consents", {"shop_id": account.shop_id})
            connector = open_connector(account, engine=self.engine, keys=self.keys, home=self.home)
            consent = SignIn(self.keys).take_code(connector, {name: str(value) for name, value in answer.items()})
            accept_shop(self.engine, self.keys, account, connector, consent, now=now())
        return len(asking)

    def only_account(self) -> Account:
        with read(self.engine) as connection:
            return load_accounts(connection)[0]

    def there(self, handle: str) -> dict[str, Any]:
        """What the shop shows of a product, as the control API tells it."""
        remote_id = self.row(handle).remote_id
        return next(one for one in self.control.ask("GET", "listings") if one["remote_id"] == remote_id)

    def until_settled(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until :meth:`settled`; fail with what is not."""
        end = time.monotonic() + timeout_s
        while not self.settled():
            if time.monotonic() > end:
                raise AssertionError("\n".join(["not at rest:", *self.unrest()]))
            time.sleep(0.01)

    def unrest(self) -> list[str]:
        """Return what is due or to be read again, and accounts that don't work: for a failed test's message."""
        names: tuple[str, ...] = ("id", "account_id", "state", "wanted", "due", "lane", "due_at", "not_before")
        names += ("settle_at", "claim")
        names += ("seeking", "late", "unknown", "stop_by", "tries", "strikes", "problem", "version")
        with read(self.engine) as connection:
            accounts = list(connection.execute(select(account_table).where(account_table.c.state != "active")))
        rows = [row for row in self.rows() if row.due or row.settle_at is not None or row.claim]
        return [str({name: getattr(row, name) for name in names}) for row in rows] + [
            f"{row.name}: {row.state} {row.problem}" for row in accounts
        ]

    def settled(self) -> bool:
        """Whether nothing is due, nothing is to be read again, and no piece is on its way."""
        busy = or_(listing.c.due != 0, listing.c.settle_at.is_not(None), listing.c.claim.is_not(None))
        with read(self.engine) as connection:
            if count_moving(connection):
                return False
            return connection.execute(select(listing.c.id).where(busy).limit(1)).first() is None

    def product_now(self, handle: str) -> Product:
        with read(self.engine) as connection:
            return load_product(connection, handle)

    def check(self, account: Account, shop_id: str | None = None) -> None:
        """Fail unless the shop shows what the catalogue says, and never showed anything that it didn't say."""
        with read(self.engine) as connection:
            wishes = wanted(connection, account.id)
        of_shop = f"?shop_id={shop_id}" if shop_id else ""
        compare(wishes, self.control.ask("GET", f"listings{of_shop}"))
        self.truth.check_history(self.control.ask("GET", "history"))

    def rows(self) -> list[Any]:
        with read(self.engine) as connection:
            return list(connection.execute(select(listing).order_by(listing.c.id)))

    def events(self, listing_id: int) -> list[str]:
        with read(self.engine) as connection:
            query = select(listing_event.c.kind).where(listing_event.c.listing_id == listing_id)
            return list(connection.execute(query.order_by(listing_event.c.id)).scalars())


def wait_until(condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    """Wait until ``condition`` gives something true; return that, or fail."""
    end = time.monotonic() + timeout_s
    while True:
        late = time.monotonic() > end
        found = condition()
        if found:
            return found
        if late:
            raise AssertionError(f"not within {timeout_s} s: {condition}")
        time.sleep(0.01)


def until_calm(count: Callable[[], int], for_s: float = 0.4) -> int:
    """Wait until ``count`` stays as it is for a while; return it. It fails if that never comes."""

    def stayed() -> tuple[int] | None:
        before = count()
        time.sleep(for_s)
        return (before,) if count() == before else None

    return int(wait_until(stayed)[0])


def offers_of(row: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Return (price, stock) by SKU of a listing as the control API shows it."""
    return {offer["sku"]: (int(offer["price"]), int(offer["stock"])) for offer in row["offers"]}
