"""Koperasi on this machine: a real server with the platform's forms, answers, limits and moods.

There is no other source for this made-up platform than its handbook, which is this text:

1. Sign-in: `Authorization: Basic` with the stall's number and key; a wrong pair is 401, a closed stall 403.
2. Limit: 60 calls in each window of 2 seconds; beyond it 429 with `Retry-After`.
3. A listing is written whole. A line without `cents` or `count` keeps what it has; a line without `no` is new; a
   line that isn't named is gone. Lines are refused one by one (`refused`), everything else as a whole (`fault`).
   A line with count 0 can't be bought; a listing off the shelf can't be seen; a deleted one is gone for good.
4. Creating twice with the same `Idempotency-Key` gives the first listing, while it exists. `/v1/refs` is exact at
   once; walks and `/v1/codes` may lag up to 2 seconds, and reads may be up to 2 seconds old. A write whose answer
   was lost lands within 3 seconds.
5. Answers are XML turned into JSON: one entry is an object, several are a list, none is an empty text.
6. Sales are told by their numbers, upwards, 20 a page, by when they changed or only the open ones; up to 2 seconds
   late. A sale takes its pieces off the shelf when it is paid, and puts them back when it is called off.
7. Each change of a sale is noted to the stall's address: JSON, marked in `X-Koperasi-Mark` with the base64 of
   HMAC-SHA512 over the body. It wants `202 noted` back.
"""

from __future__ import annotations

import base64
import copy
import itertools
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from koperasi.sandbox_sales import SWITCHES, WORDS, entries, note, sale_json

from syncer.sdk.sandbox import (
    Address,
    Answer,
    Call,
    ControlError,
    Fault,
    ForSale,
    Letter,
    Limits,
    Operation,
    OrderError,
    OrderWords,
    Sandbox,
    SoldOrder,
    Theme,
    WindowOffer,
    WindowProduct,
)

STALL, SHOP, COIN = "K-7", "Lapak Kanaria", "EUR"
_SHELVES = {"live": "on", "hidden": "off", "rejected": "barred", "deleted": "gone"}
_STATUSES = {shelf: status for status, shelf in _SHELVES.items()}


class Refused(Exception):
    """The platform refuses a call. ``status`` is HTTP's, ``code`` the platform's own."""

    def __init__(self, status: int, code: str, say: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.say = status, code, say


@dataclass(slots=True)
class Line:
    """One line of a listing."""

    no: str
    code: str
    cents: int
    count: int
    pick: str = ""
    grams: int = 0


@dataclass(slots=True)
class Good:
    """One listing."""

    no: str
    ref: str
    made: float
    text: dict[str, str] = field(default_factory=dict)
    shelf: str = "off"
    reason: str = ""
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class KoperasiLimits(Limits):
    """`window_calls` in each `window_s` seconds; `page_size` caps a page."""

    window_calls: int = 60
    window_s: float = 2.0
    page_size: int = 20


class KoperasiSandbox(Sandbox):
    """The stalls' platform, with one stall."""

    name: ClassVar[str] = "koperasi"
    theme: ClassVar[Theme] = Theme("Koperasi", "Lapak kecil, tangan trampil", "#0b6e4f", "#074c36", "#e8f5ef", "EUR")
    limits_type: ClassVar[type[Limits]] = KoperasiLimits
    order_words: ClassVar[OrderWords | None] = WORDS
    order_switches: ClassVar[Mapping[str, Mapping[str, bool]]] = SWITCHES

    def __init__(self, limits: Mapping[str, Any] | None = None, state: Any = None) -> None:
        super().__init__(limits, state)
        self._key = ""
        self._new_key()
        self._numbers = itertools.count(1)
        self._goods: dict[str, Good] = {}
        self._once: dict[str, str] = {}
        self._past: list[tuple[float, dict[str, Good]]] = []
        self._window = (0.0, 0)
        self.restore()

    # The platform

    def operation(self, method: str, path: str) -> Operation | None:
        """Find the operation by method and path."""
        parts = path.strip("/").split("/")
        if parts[:1] != ["v1"]:
            return None
        match method, parts[1:]:
            case "GET", ["shop"]:
                return Operation("shop.get", self._shop)
            case "GET", ["goods"]:
                return Operation("goods.list", self._list, lists=True)
            case "GET", ["goods", _]:
                return Operation("goods.get", self._get)
            case "GET", ["refs", _]:
                return Operation("goods.by_ref", self._by_ref)
            case "GET", ["codes", _]:
                return Operation("goods.by_code", self._by_code, lists=True)
            case "GET", ["sales"]:
                return Operation("sales.list", self._sales, lists=True)
            case "GET", ["sales", _]:
                return Operation("sales.get", self._sale)
            case "POST", ["goods"]:
                return Operation("goods.create", self._create, "POST", writes=True)
            case "PUT", ["goods", _]:
                return Operation("goods.put", self._put, "PUT", writes=True, batch=True)
            case "POST", ["goods", _, "shelf"]:
                return Operation("goods.shelf", self._shelve, "POST", writes=True)
            case "DELETE", ["goods", _]:
                return Operation("goods.delete", self._delete, "DELETE", writes=True)
        return None

    def unknown(self, call: Call) -> Answer:
        """Say that there is no such address."""
        return _fault(400, "E00", "no such address")

    def admit(self, call: Call, operation: Operation) -> Answer | None:
        """Check the pair in the header, then the window of calls."""
        pair = f"{STALL}:{self._key}".encode()
        if call.headers.get("authorization") != "Basic " + base64.b64encode(pair).decode():
            return _fault(401, "E01", "who are you?", refused="token")
        call.account = STALL
        limits = self._typed_limits
        start, used = self._window
        now = self.clock.now()
        if now - start >= limits.window_s:
            start, used = now, 0
        if used >= limits.window_calls:
            answer = _fault(429, "E02", "slowly", refused="rate")
            answer.headers["Retry-After"] = "2"
            return answer
        self._window = (start, used + 1)
        return None

    def failure(self, call: Call, operation: Operation, error: Exception) -> Answer:
        """Turn a refusal into the platform's answer."""
        if isinstance(error, Refused):
            return _fault(error.status, error.code, error.say, refused=error.code)
        raise error

    def struck(self, call: Call, operation: Operation, fault: Fault) -> Answer:
        """Answer as the platform does when the ordered fault strikes."""
        if fault.kind == "rate_limited":
            answer = _fault(429, "E02", "slowly", refused="fault")
            answer.headers["Retry-After"] = "2"
            return answer
        if fault.kind == "token_revoked":
            self._new_key()
            return _fault(401, "E01", "who are you?", refused="token")
        return Answer(fault.status, content=b"<h1>tea break</h1>", content_type="text/html", refused="fault")

    @property
    def _typed_limits(self) -> KoperasiLimits:
        if not isinstance(self.limits, KoperasiLimits):
            raise TypeError("KoperasiLimits expected")
        return self.limits

    def _new_key(self) -> None:
        self._key = "KANARI-kunci-" + secrets.token_hex(12)

    # Handlers

    def _shop(self, call: Call) -> Answer:
        return Answer(body={"shop": {"@id": STALL, "name": SHOP, "coin": COIN, "trial": "yes"}})

    def _list(self, call: Call) -> Answer:
        size = min(int(call.one("size") or "20"), self._typed_limits.page_size)
        goods = [good for good in self._seen(call).values() if good.shelf != "gone"]
        after = int(call.one("after") or "0")
        rest = [good for good in goods if int(good.no) > after]
        page = rest[:size]
        return Answer(body={"goods": _pack("good", page), "more": page[-1].no if len(rest) > size else ""})

    def _get(self, call: Call) -> Answer:
        good = self._seen(call).get(_last(call))
        if good is None or good.shelf == "gone":
            raise Refused(404, "E04")
        return Answer(body={"good": _good_json(good)})

    def _by_ref(self, call: Call) -> Answer:
        found = [good for good in self._goods.values() if good.ref == _last(call) and good.shelf != "gone"]
        return Answer(body={"goods": _pack("good", found)})

    def _by_code(self, call: Call) -> Answer:
        code = _last(call)
        found = [
            good
            for good in self._seen(call).values()
            if good.shelf != "gone" and any(line.code == code for line in good.lines)
        ]
        return Answer(body={"goods": _pack("good", found)})

    def _sales(self, call: Call) -> Answer:
        moments = [moment for moment in (call.as_of, call.hide_newer_than) if moment is not None]
        moments.append(self.clock.now() - self.limits.orders_lag_s)
        first, last = float(call.one("from") or 0), float(call.one("to") or "inf")
        after, size = int(call.one("after") or 0), self._typed_limits.page_size
        found = [
            order
            for order in self.book.all(STALL, min(moments))
            if int(order.order_id) > after
            and first <= order.updated <= last
            and (call.one("open") != "yes" or order.status in ("asked", "paid"))
        ]
        found.sort(key=lambda order: int(order.order_id))
        page = found[:size]
        sales = entries("sale", [sale_json(order) for order in page])
        return Answer(body={"sales": sales, "more": page[-1].order_id if len(found) > size else ""})

    def _sale(self, call: Call) -> Answer:
        order = self.book.get(_last(call), call.as_of)
        if order is None:
            raise Refused(404, "E04")
        return Answer(body={"sale": sale_json(order)})

    def _create(self, call: Call) -> Answer:
        once = call.headers.get("idempotency-key") or ""
        old = self._goods.get(self._once.get(once, ""))
        if old is not None and old.shelf != "gone":
            return Answer(body={"good": _good_json(old)})
        good = Good(str(next(self._numbers)), call.form.get("ref", ""), self.clock.now())
        good.text, good.lines = _content(call.form), []
        good.shelf = "off" if call.form.get("shelf") == "off" else "on"
        refused = self._write_lines(good, call)
        if refused:
            raise Refused(422, refused[0]["@code"])
        self._once[once] = good.no
        self._save(good, call)
        return Answer(body={"good": _good_json(good)})

    def _put(self, call: Call) -> Answer:
        good = copy.deepcopy(self._existing(call))
        good.text = _content(call.form)
        refused = self._write_lines(good, call)
        self._save(good, call)
        return Answer(body={"good": _good_json(good), "refused": entries("line", refused)})

    def _shelve(self, call: Call) -> Answer:
        good = copy.deepcopy(self._existing(call, part=-2))
        if good.shelf == "barred":
            raise Refused(422, "E40", good.reason)
        good.shelf = "on" if call.form.get("shelf") == "on" else "off"
        self._save(good, call)
        return Answer(body={"good": _good_json(good)})

    def _delete(self, call: Call) -> Answer:
        good = copy.deepcopy(self._existing(call))
        good.shelf = "gone"
        self._save(good, call)
        return Answer(body={"gone": good.no})

    def _write_lines(self, good: Good, call: Call) -> list[dict[str, str]]:
        """Replace the lines of ``good``; return those that were refused (they stay as they were)."""
        before = {line.no: line for line in good.lines}
        lines: list[Line] = []
        refused: list[dict[str, str]] = []
        rows = _rows(call.form)
        for n, row in enumerate(rows):
            old = before.get(row.get("no", ""))
            if row.get("no") and old is None:
                raise Refused(422, "E22", "no such line")
            if old is not None and call.partial and n % 2 == 0:
                lines.append(old)
                refused.append({"@no": old.no, "@code": "E30", "say": "busy"})
                continue
            lines.append(_line(row, old, old.no if old else f"{good.no}.{next(self._numbers)}"))
        if not lines or len(lines) > 20 or len({line.pick for line in lines}) != len(lines):
            raise Refused(422, "E22")
        if len({line.code for line in lines}) != len(lines):
            raise Refused(422, "E21")
        good.lines = lines
        return refused

    def _existing(self, call: Call, part: int = -1) -> Good:
        good = self._goods.get(call.path.strip("/").split("/")[part])
        if good is None or good.shelf == "gone":
            raise Refused(404, "E04")
        return good

    def _save(self, good: Good, call: Call) -> None:
        self._note(good, call.by)
        self._put_back(good)

    def _put_back(self, good: Good) -> None:
        self._past = [*self._past[-199:], (self.clock.now(), dict(self._goods))]
        self._goods[good.no] = good

    def _note(self, good: Good, by: str) -> None:
        old = self._goods.get(good.no)
        now = self.clock.now()
        if old is None or old.text["name"] != good.text["name"]:
            self.history.add(now, STALL, good.no, "title", good.text["name"], by=by)
        before = {line.no: line for line in old.lines} if old else {}
        for line in good.lines:
            was = before.get(line.no)
            for name, value, earlier in (
                ("price", line.cents / 100, was and was.cents / 100),
                ("stock", line.count, was and was.count),
            ):
                if value != earlier:
                    self.history.add(now, STALL, good.no, name, value, sku=line.code, offer_id=line.no, by=by)

    def _seen(self, call: Call) -> dict[str, Good]:
        """Return the listings as this call sees them: maybe old, maybe without the newest."""
        goods = self._goods
        if call.as_of is not None:
            goods = next((old for changed, old in self._past if changed > call.as_of), goods)
        if call.hide_newer_than is not None:
            goods = {no: good for no, good in goods.items() if good.made <= call.hide_newer_than}
        return goods

    # Control

    def account_options(self, account: str | None = None) -> dict[str, Any]:
        """Return what an account of this stall is set up with."""
        return {"base_url": self.base_url, "stall": STALL, "key": self._key}

    def listings(self, account: str | None = None) -> list[dict[str, Any]]:
        """Return all listings in the words of the control API."""
        return [self._as_listing(good) for good in self._goods.values()]

    def edit(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """Change title, price or stock as a person would."""
        good = copy.deepcopy(self._controlled(str(change.get("remote_id", ""))))
        if "title" in change:
            good.text["name"] = str(change["title"])
        for line in good.lines:
            if change.get("sku") in (None, line.code):
                line.cents = round(float(change["price"]) * 100) if "price" in change else line.cents
                line.count = int(change["stock"]) if "stock" in change else line.count
        self._note(good, "person")
        self._put_back(good)
        return self._as_listing(good)

    def decide(self, remote_id: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """Reject, hide, show or delete a listing on the platform's side."""
        good = copy.deepcopy(self._controlled(remote_id))
        status = str(order.get("status", ""))
        if status not in _SHELVES:
            raise ControlError(f"status must be one of: {', '.join(_SHELVES)}")
        good.shelf, good.reason = _SHELVES[status], str(order.get("reason", ""))
        self._put_back(good)
        return self._as_listing(good)

    def clear(self) -> None:
        """Empty the stall."""
        self._goods, self._once, self._past = {}, {}, []
        self._window = (0.0, 0)

    def _controlled(self, number: str) -> Good:
        good = self._goods.get(number)
        if good is None:
            raise ControlError(f"there is no listing {number}")
        return good

    def _as_listing(self, good: Good) -> dict[str, Any]:
        return {
            "remote_id": good.no,
            "title": good.text["name"],
            "status": _STATUSES[good.shelf],
            "images": good.text["photos"].split(),
            "offers": [
                {
                    "sku": line.code,
                    "remote_id": line.no,
                    "price": line.cents / 100,
                    "currency": COIN,
                    "stock": line.count,
                }
                for line in good.lines
            ],
        }

    # Sales

    def for_sale(self, wanted: Mapping[str, Any]) -> ForSale:
        """Return a line of a listing on the shelf."""
        for good in self._goods.values():
            for line in good.lines if good.shelf == "on" else ():
                if wanted.get("sku") == line.code or (
                    wanted.get("remote_id") == good.no and wanted.get("offer") in (line.no, line.code)
                ):
                    name = good.text["name"]
                    return ForSale(STALL, good.no, line.no, line.code, name, line.cents / 100, line.count, line.pick)
        raise OrderError("there is no such piece on the shelf")

    def move_stock(self, offer: ForSale, pieces: int) -> int:
        """Take pieces off the shelf, or put them back."""
        good = copy.deepcopy(self._controlled(offer.listing_id))
        line = next((line for line in good.lines if line.no == offer.offer_id), None)
        if line is None:
            return 0
        moved = max(pieces, -line.count)
        line.count += moved
        self._note(good, "order")
        self._put_back(good)
        return moved

    def order_letters(self, order: SoldOrder, address: Address) -> Sequence[Letter]:
        """Return the note about a sale."""
        return [note(order, STALL, self._key, next(self._numbers), address)]

    # Window

    def window(self, account: str | None, search: str) -> Sequence[WindowProduct]:
        """Return what a buyer sees, newest first."""
        shown = [good for good in reversed(self._goods.values()) if good.shelf == "on"]
        return [self._product(good) for good in shown if search.casefold() in good.text["name"].casefold()]

    def window_product(self, account: str | None, product_id: str) -> WindowProduct | None:
        """Return one listing that a buyer sees."""
        good = self._goods.get(product_id)
        return self._product(good) if good is not None and good.shelf == "on" else None

    def _product(self, good: Good) -> WindowProduct:
        offers = [
            WindowOffer(line.pick.replace(";", ", "), line.code, line.cents / 100, line.count) for line in good.lines
        ]
        return WindowProduct(good.no, good.text["name"], good.text["text"], (), offers)


def _fault(status: int, code: str, say: str, refused: str | None = None) -> Answer:
    return Answer(status, {"fault": {"@code": code, "say": say}}, refused=refused or code, code=code)


def _last(call: Call) -> str:
    return call.path.rsplit("/", 1)[-1]


def _pack(name: str, goods: Sequence[Good]) -> Any:
    return entries(name, [_good_json(good) for good in goods])


def _good_json(good: Good) -> dict[str, Any]:
    lines = [
        {
            "@no": line.no,
            "code": line.code,
            "cents": str(line.cents),
            "count": str(line.count),
            "pick": line.pick,
            "grams": str(line.grams),
        }
        for line in good.lines
    ]
    packed = entries("line", lines)
    return {"@no": good.no, "ref": good.ref, **good.text, "shelf": good.shelf, "reason": good.reason, "lines": packed}


def _content(form: Mapping[str, str]) -> dict[str, str]:
    if not 1 <= len(form.get("name", "")) <= 80:
        raise Refused(422, "E10")
    if not 1 <= len(form.get("text", "")) <= 4000:
        raise Refused(422, "E11")
    if not 1 <= len(form.get("photos", "").split()) <= 6:
        raise Refused(422, "E12")
    return {name: form.get(name, "") for name in ("name", "text", "kind", "photos", "maker", "used", "days")}


def _rows(form: Mapping[str, str]) -> list[dict[str, str]]:
    rows: dict[int, dict[str, str]] = {}
    for name, value in form.items():
        prefix, _, rest = name.partition(".")
        number, _, column = rest.partition(".")
        if prefix == "line" and number.isdigit():
            rows.setdefault(int(number), {})[column] = value
    return [rows[n] for n in sorted(rows)]


def _line(row: Mapping[str, str], old: Line | None, number: str) -> Line:
    if old is None and not {"cents", "count"} <= set(row):
        raise Refused(422, "E22", "a new line needs a price and a number")
    price = int(row["cents"]) if "cents" in row else old.cents if old else 0
    count = int(row["count"]) if "count" in row else old.count if old else 0
    if not 1 <= price <= 99_999_999:
        raise Refused(422, "E20")
    return Line(number, row.get("code", ""), price, count, row.get("pick", ""), int(row.get("grams") or 0))
