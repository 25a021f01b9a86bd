"""Addresses that every sandbox keeps for itself: there the platform's own API would never be reached."""

from __future__ import annotations

from syncer.domain.words import Words
from syncer.sdk.sandbox.base import Sandbox

#: With everything below them.
FOLDERS = ("/control", "/shop", "/file")
PAGES = ("/", "/favicon.ico")

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PROBES = (*PAGES, *(folder + rest for folder in FOLDERS for rest in ("", "/", "/1", "/1/2", "/pulse", "/listings")))


class ReservedPathError(ValueError):
    """A platform has an operation where the sandbox has its own pages. ``words`` say so in both languages."""

    def __init__(self, name: str, method: str, path: str) -> None:
        kept = ", ".join((*PAGES, *(f"{folder}/..." for folder in FOLDERS)))
        where, prefix, base = f"{name}: {method} {path}", '"/api"', 'self.base_url + "/api"'
        self.words = Words(
            f"{where} adalah alamat milik toko contoh sendiri ({kept}), jadi API platform tidak akan pernah dicapai. "
            f"Taruh API di bawah awalan seperti {prefix}: lepaskan awalan itu di operation(), dan berikan "
            f"{base} sebagai base_url di account_options().",
            f"{where} is an address of the sandbox's own ({kept}), so the platform's API would never be reached. "
            f"Put the API below a prefix such as {prefix}: take the prefix off in operation(), and give "
            f"{base} as base_url in account_options().",
        )
        super().__init__(self.words.en)


def is_reserved(path: str) -> bool:
    """Return whether the sandbox answers this address itself."""
    return path in PAGES or any(path == folder or path.startswith(f"{folder}/") for folder in FOLDERS)


def refuse_reserved(sandbox: Sandbox) -> None:
    """Look whether the platform claims an address that is kept; at each call it is looked at again.

    Raises:
        ReservedPathError: it does.
    """
    for path in _PROBES:
        for method in _METHODS:
            if sandbox.operation(method, path) is not None:
                raise ReservedPathError(sandbox.name, method, path)
