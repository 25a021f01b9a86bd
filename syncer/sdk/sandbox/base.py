"""What a connector's sandbox is: the platform's truth, kept in memory, answering the platform's API.

The base brings the web server, faults, call log, movable clock, control API and shop window. A connector
subclasses `Sandbox`, says which operations there are and what they answer, and registers the class under
the entry point group `syncer.sandboxes`.

All methods of a sandbox run on one event loop, one after another: state needs no locks, and one call is
applied as a whole or not at all.

How to write one, in an order in which it can be tried at each step (`koperasi/sandbox.py` in the tests is the
smallest whole example):

1. **Name and theme**: `name` is the connector's, `theme` how the window looks. Numbers and switches of the platform
   are a subclass of `Limits`; its fields can be set with `--set` and over the control API. Rates that nobody
   publishes and behaviours that nobody confirms belong there, so that tests try both.
2. **State**: plain dictionaries, of shops, of items by id, of pictures. Time is `self.clock.now()`, never the
   machine's: tests move it. Ids look like the platform's, and differ between shops.
3. **Addresses**: `operation` finds the `Operation` behind a method and a path (mark `writes`, `lists` and `batch`
   truly: faults and the conformance suite go by them), `unknown` answers the rest as the platform does. `/`,
   `/favicon.ico`, and `/control`, `/shop` and `/file` with everything below are the sandbox's own: it doesn't start if
   `operation` claims one. A platform with such addresses is served below a prefix: take `/api` off in `operation`,
   and hand out `self.base_url + "/api"` in `account_options`.
4. **The door**: `admit` checks signature, token and rate in the platform's own order, and sets `call.account`.
5. **Handlers**: one a call, taking a `Call`, returning an `Answer` with the platform's envelope. Check the whole
   request first, then change state, so that a refusal changes nothing; raise an exception of your own for refusals and
   let `failure` turn it into the error's form. Each check names its line of the documents. Refuse what the platform
   refuses, even where it would be easy to be kind: a bug of the connector must not pass here.
6. **Faults**: most work by themselves. Honour `call.as_of` (answer from that moment's state), `call.hide_newer_than`
   (lists leave out what is newer) and `call.partial` (fail part of the batch); `struck` is the error answers' form.
   What `call.as_of` looks into is a history of your own, and each change enters it: also what `edit`, `decide` and
   orders change, not only the API's writes.
7. **Control**: `account_options` (what `syncer account add` needs), `listings`, `edit`, `decide`, `clear`; tokens,
   consent and further shops where the platform has them.
8. **Window**: `window` and `window_product` show what a buyer can see, `file` gives a picture's bytes. Call
   `self.touched()` after each change: open pages follow.
9. **Memory**: `changes` and `take_back` keep the shop over a restart (`--state`); end your constructor with
   `self.restore()`.
10. **Selling**, if the connector reads orders: see `selling.py`.

Then run the conformance suite against it, and a client of the platform that somebody else wrote.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from syncer.sdk.sandbox.calls import CallLog
from syncer.sdk.sandbox.clock import Clock
from syncer.sdk.sandbox.exchange import Answer, Call, Operation
from syncer.sdk.sandbox.faults import Fault, FaultQueue
from syncer.sdk.sandbox.history import History
from syncer.sdk.sandbox.limits import Limits
from syncer.sdk.sandbox.selling import Selling
from syncer.sdk.sandbox.state import StateFile

if TYPE_CHECKING:
    from syncer.sdk.sandbox.server import RunningSandbox


class ControlError(ValueError):
    """An order to the control API cannot be carried out. The text is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """How the shop window looks: the platform's name as a person knows it, its colours (CSS), its currency.

    `place` names the storefront where a shop has several. `dark` turns the page dark: then `accent_dark` is the
    colour of text on dark ground, and `tint` the ground.
    """

    shop: str
    tagline: str
    accent: str
    accent_dark: str
    tint: str
    currency: str = "IDR"
    place: str = ""
    dark: bool = False


@dataclass(frozen=True, slots=True)
class WindowOffer:
    """One buyable version in the window. `label` is empty for a product without variants; `id` the platform's own."""

    label: str
    sku: str
    price: int | float
    stock: int
    image: str | None = None
    id: str = ""

    @property
    def name(self) -> str:
        """What the buy button names it by: its id, else its SKU."""
        return self.id or self.sku


@dataclass(frozen=True, slots=True)
class WindowProduct:
    """A product as a buyer sees it. `images` are file ids. `badge` is a short remark or None."""

    id: str
    title: str
    description: str
    images: Sequence[str]
    offers: Sequence[WindowOffer]
    badge: str | None = None
    facts: Sequence[tuple[str, str]] = ()
    axes: Sequence[str] = ()

    @property
    def stock(self) -> int:
        """Pieces of all versions."""
        return sum(offer.stock for offer in self.offers)

    @property
    def lowest(self) -> int | float:
        """The lowest price of all versions."""
        return min((offer.price for offer in self.offers), default=0)

    @property
    def highest(self) -> int | float:
        """The highest price of all versions."""
        return max((offer.price for offer in self.offers), default=0)


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page that a sandbox shows besides its API (for example the consent page).

    `template` is a name known to the sandbox's template folder or to the base. `leaves_to` is an origin
    to which a form of the page may lead (it becomes part of `form-action`). `location` turns the answer
    into a redirect.
    """

    template: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    leaves_to: str | None = None
    location: str | None = None


class Sandbox(Selling, ABC):
    """A platform on this machine. See the module's text; the order of a call is in `app.py`."""

    name: ClassVar[str]
    """The connector's name, for example `shopee`."""
    theme: ClassVar[Theme]
    storefronts: ClassVar[Mapping[str, Theme]] = {}
    """Further windows of the same shops, by the name that stands in their addresses (`/shop?on=NAME`)."""
    limits_type: ClassVar[type[Limits]] = Limits
    templates: ClassVar[str | None] = None
    """Package that holds the sandbox's own page templates, if it has any."""

    def __init__(self, limits: Mapping[str, Any] | None = None, state: Path | None = None) -> None:
        self.base_url = "http://127.0.0.1"
        self.clock = Clock()
        self.faults = FaultQueue()
        self.calls = CallLog()
        self.history = History()
        self.limits = self.limits_type()
        self.limits.set(limits or {})
        self._initial_limits = self.limits.as_json()
        self.late_writes = 0
        self.revision = 0
        self.state_file = StateFile(state) if state else None
        self.begin_selling()

    @classmethod
    def start(
        cls,
        port: int = 0,
        *,
        limits: Mapping[str, Any] | None = None,
        state: Path | None = None,
        webhook: str | None = None,
    ) -> RunningSandbox:
        """Serve a new sandbox in a thread, on loopback. Use the result as a context manager.

        `webhook` is where its webhooks go.

        Raises:
            PortInUseError: another program listens on `port`.
            BadAddressError: `webhook` is not on this machine.
        """
        from syncer.sdk.sandbox.server import RunningSandbox

        sandbox = cls(limits, state)
        if webhook is not None:
            sandbox.set_webhook({"url": webhook})
        return RunningSandbox(sandbox, port)

    # The platform -------------------------------------------------------------------------------------

    @abstractmethod
    def operation(self, method: str, path: str) -> Operation | None:
        """The operation behind an address, None if the platform has none there."""

    @abstractmethod
    def unknown(self, call: Call) -> Answer:
        """The platform's answer to an address it does not have."""

    @abstractmethod
    def admit(self, call: Call, operation: Operation) -> Answer | None:
        """Check signature, token and limits, and set `call.account`. None lets the call in."""

    @abstractmethod
    def failure(self, call: Call, operation: Operation, error: Exception) -> Answer:
        """Turn an exception raised by a handler into the platform's error answer, or raise it again."""

    @abstractmethod
    def struck(self, call: Call, operation: Operation, fault: Fault) -> Answer:
        """The platform's answer for `rate_limited`, `token_revoked`, `error_before` and `error_after`.

        For `token_revoked` the token of the call must be dead afterwards, until it is refreshed.
        """

    # Control ------------------------------------------------------------------------------------------

    @abstractmethod
    def account_options(self, account: str | None = None) -> dict[str, Any]:
        """What `syncer account add` needs for the default shop, or for another."""

    @abstractmethod
    def listings(self, account: str | None = None) -> list[dict[str, Any]]:
        """All listings: `remote_id, title, status, images, offers: [sku, remote_id, price, currency, stock]`."""

    @abstractmethod
    def edit(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes title, price or stock in the seller centre. Returns the listing."""

    @abstractmethod
    def decide(self, remote_id: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """The platform rejects, bans, frees or deletes a listing (`status`, `reason`). Returns the listing."""

    @abstractmethod
    def clear(self) -> None:
        """Forget all listings; applications, shops and sign-ins stay."""

    def promote(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Start a promotion that locks or reserves."""
        raise ControlError(f"{self.name} has no promotions here")

    def revoke_tokens(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Make access tokens (and with `refresh: true` refresh tokens) of a shop invalid."""
        raise ControlError(f"{self.name} has no tokens here")

    def add_account(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Open another shop. Returns its account options."""
        raise ControlError(f"{self.name} has one shop here")

    def grant(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """A seller says yes on the consent page, without a browser."""
        raise ControlError(f"{self.name} has no consent page")

    def usage(self) -> dict[str, Any]:
        """How much of each budget is used, for `GET /control/limits`."""
        return {}

    def reset(self) -> None:
        """Start again with empty shops: listings, orders, faults, calls, writes and limits. Sign-ins stay."""
        self.clear()
        self.forget_orders()
        self.faults.clear()
        self.calls.clear()
        self.history.clear()
        self.limits.set(self._initial_limits)
        self.touched()

    # Window and pages ---------------------------------------------------------------------------------

    @abstractmethod
    def window(self, account: str | None, search: str) -> Sequence[WindowProduct]:
        """Products that a buyer can see, newest first; only those matching `search` unless it is empty."""

    @abstractmethod
    def window_product(self, account: str | None, product_id: str) -> WindowProduct | None:
        """One product that a buyer can see."""

    def window_on(self, storefront: str, account: str | None, search: str) -> Sequence[WindowProduct]:
        """As `window`, on one of `storefronts`."""
        return self.window(account, search)

    def window_product_on(self, storefront: str, account: str | None, product_id: str) -> WindowProduct | None:
        """As `window_product`, on one of `storefronts`."""
        return self.window_product(account, product_id)

    def window_name(self, account: str | None) -> str:
        """The shop's name in the window."""
        return self.theme.shop

    def file(self, file_id: str) -> tuple[bytes, str] | None:
        """Bytes and content type of an uploaded picture."""
        return None

    def buy(self, storefront: str | None, account: str | None, product_id: str, offer: str) -> str:
        """A person presses the window's buy button: one piece. Returns the order's id.

        Raises:
            OrderError: it cannot be bought (any more).
        """
        line = {"remote_id": product_id, "offer": offer, "quantity": 1}
        order = self.place_order({"lines": [line], "shop_id": account, "front": storefront})
        self.touched()
        return order.order_id

    def page(self, call: Call) -> Page | None:
        """A page of the platform that a person opens (consent), None if the address is not one."""
        return None

    # Keeping the truth --------------------------------------------------------------------------------

    def touched(self) -> None:
        """Note that something changed: the window follows, and the state file is written."""
        self.revision += 1
        self.keep()

    def keep(self) -> None:
        """Write what changed to the state file, if there is one, before the caller is answered."""
        if self.state_file is not None:
            self.state_file.save({"clock": self.clock.offset_s, **self.selling_changes(), **self.changes()})

    def changes(self) -> Mapping[str, Any]:
        """Pieces of state, by key and ready for JSON, that changed since the last call; None deletes one."""
        return {}

    def restore(self) -> None:
        """Take the state file's pieces back; called once, by the sandbox's own constructor at its end."""
        if self.state_file is not None:
            pieces = self.state_file.load()
            self.clock.offset_s = float(pieces.pop("clock", 0.0))
            self.take_selling_back(pieces)
            self.take_back(pieces)

    def take_back(self, pieces: Mapping[str, Any]) -> None:
        """Rebuild the state from the pieces that `changes` gave."""
        if pieces:
            raise ControlError(f"the {self.name} sandbox cannot take back {', '.join(pieces)}")
