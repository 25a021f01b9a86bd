"""A shop that is a folder of files: no sign-in page, no loopback address, a fixed key; and its connector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from syncer.domain.listing import Json, RemoteListing, Rendered, Status, WantedListing
from syncer.domain.taxonomy import RemoteAttribute, RemoteCategory
from syncer.domain.words import Words
from syncer.sdk.contract import Budget, Context, Identity, Info
from syncer.sdk.errors import AccountStopped, Gone
from syncer.sdk.operations import Kind, ListingRef, Operation, Page, Result
from syncer.sdk.options import Options, SecretStr


class FolderOptions(Options):
    folder: Path
    key: SecretStr
    base_url: str = ""


class FolderConnector:
    """Reads and writes ``*.json`` in a folder; ``shop.json`` says whose shop it is and what its key is."""

    info: ClassVar[Info] = Info(name="folder", label="Folder", operations=frozenset({Kind.CREATE, Kind.HIDE}))
    options_type: ClassVar[type[Options]] = FolderOptions

    def __init__(self, options: FolderOptions, context: Context) -> None:
        self._folder = options.folder
        self._key = options.key
        self.context = context

    def check(self) -> Identity:
        shop = json.loads((self._folder / "shop.json").read_text())
        if shop["key"] != self._key.get_secret_value():
            raise AccountStopped("wrong_key", Words("Kunci toko ini salah.", "The key of this shop is wrong."))
        return Identity(shop["id"], shop["name"], currency=shop.get("currency", ""))

    def budgets(self) -> Sequence[Budget]:
        return ()

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        return Rendered(fields={"title": listing.title}, offers=(), live=listing.live)

    def apply(self, batch: Sequence[Operation]) -> Sequence[Result]:
        return [self._apply(operation) for operation in batch]

    def _apply(self, operation: Operation) -> Result:
        live = operation.kind is not Kind.HIDE
        state = {"title": operation.rendered.fields["title"], "live": live}
        (self._folder / f"{operation.ref.marker}.json").write_text(json.dumps(state))
        return Result(proved=self.fetch_listing(operation.ref.marker))

    def find_listing(self, ref: ListingRef) -> Sequence[RemoteListing]:
        return [self.fetch_listing(ref.marker)] if (self._folder / f"{ref.marker}.json").exists() else []

    def fetch_listing(self, remote_id: str) -> RemoteListing:
        path = self._folder / f"{remote_id}.json"
        if not path.exists():
            raise Gone("no_file", Words("Berkas ini tidak ada.", "There is no such file."))
        state = json.loads(path.read_text())
        status = Status.LIVE if state["live"] else Status.HIDDEN
        return RemoteListing(remote_id, status, remote_id, {"title": state["title"]}, offers_complete=True)

    def fetch_listings(self, cursor: str | None) -> Page:
        names = sorted(path.stem for path in self._folder.glob("*.json") if path.stem != "shop")
        return Page(tuple(self.fetch_listing(name) for name in names))

    def fetch_categories(self) -> Sequence[RemoteCategory]:
        return (
            RemoteCategory("1", "", "Rumah & Dapur", usable=False),
            RemoteCategory("2", "1", "Keranjang Anyaman", usable=True),
            RemoteCategory("3", "1", "Peralatan Makan", usable=True),
            RemoteCategory("4", "", "Fashion", usable=False),
            RemoteCategory("5", "4", "Kain Batik", usable=True),
        )

    def fetch_attributes(self, category_id: str) -> Sequence[RemoteAttribute]:
        return (RemoteAttribute("bahan", "Bahan", mandatory=True, own_text=True),)


def make_shop(folder: Path, *, shop_id: str, currency: str = "IDR", listings: Sequence[str] = ()) -> dict[str, str]:
    """Open a shop in ``folder`` and return the options for it."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = {"id": shop_id, "name": f"Toko {shop_id}", "key": "kunci-folder", "currency": currency}
    (folder / "shop.json").write_text(json.dumps(shop))
    for name in listings:
        (folder / f"{name}.json").write_text(json.dumps({"title": name, "live": True}))
    return {"folder": str(folder), "key": "kunci-folder"}
