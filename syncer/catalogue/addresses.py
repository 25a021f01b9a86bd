"""Fetch what a person's address points at, and nothing that is ours (security.md H2, H4, H5).

The name is looked up once, the answer must be public, and the connection goes to exactly that address. Redirects
are followed by hand, each through the same checks. Size and time are bounded while reading.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from syncer.domain.words import SyncerError, Words
from syncer.sdk.deadline import bound

_LOG = logging.getLogger(__name__)
# It would write a line of its own to the terminal; ours is below.
logging.getLogger("requests_hardened").setLevel(logging.CRITICAL + 1)

CONNECT_S = 5.0
READ_S = 15.0
WHOLE_S = 60.0
HOPS = 3
#: What ``requests-hardened`` 1.3 lets through: IPv4 written as IPv6 without mark, and old site-local addresses.
_MORE_PRIVATE = tuple(ipaddress.ip_network(net) for net in ("::/96", "fec0::/10"))
_PORTS = {"https": 443, "http": 80}

#: True allows any private address (for a sandbox); a collection of ``host:port`` allows those, by http too.
AllowPrivate = bool | Collection[str]


class AddressRefused(SyncerError):
    """An address that is not fetched, or did not give what was asked. ``again`` tells that it may work later."""

    def __init__(self, words: Words, *, again: bool = False) -> None:
        super().__init__(words)
        self.again = again


class _Guard(IPFilterAdapter):  # type: ignore[misc] # the package has no types
    """An adapter for one scheme that connects to public addresses only."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[Any, Any]:
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        address = ipaddress.ip_address(str(host_params["host"]).strip("[]"))
        if not address.is_global or any(address in net for net in _MORE_PRIVATE if net.version == address.version):
            raise InvalidIPAddress(address)
        return host_params, pool_kwargs


class Fetcher:
    """Fetches addresses of strangers, one after the other. Not to be shared by threads."""

    def __init__(
        self,
        *,
        allow_private: AllowPrivate = False,
        allow_http: bool = False,
        whole_s: float = WHOLE_S,
        timeouts: tuple[float, float] = (CONNECT_S, READ_S),
    ) -> None:
        self._allow_private = allow_private
        self._allow_http = allow_http
        self._whole_s = whole_s
        self._timeouts = timeouts
        self._public = _session(_Guard(is_https_proto=True), _Guard(is_https_proto=False))
        self._listed = _session(HTTPAdapter(), HTTPAdapter())
        self._deadline = time.monotonic() + whole_s
        for session in (self._public, self._listed):
            for adapter in session.adapters.values():
                bound(adapter.poolmanager, lambda: self._deadline - time.monotonic())  # type: ignore[attr-defined]

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_error: object) -> None:
        self._public.close()
        self._listed.close()

    def fetch(self, url: str, *, max_bytes: int) -> tuple[bytes, Mapping[str, str]]:
        """Return the body (at most ``max_bytes``, unpacked) and headers; raises :class:`AddressRefused`."""
        deadline = self._deadline = time.monotonic() + self._whole_s
        for _hop in range(HOPS + 1):
            with self._get(url, deadline) as answer:
                target = answer.headers.get("Location")
                if answer.is_redirect and target:
                    url = urljoin(url, target)
                    continue
                if answer.status_code != 200:
                    raise _status(answer.status_code)
                return _body(answer, max_bytes, deadline), answer.headers
        raise AddressRefused(_TOO_MANY_HOPS)

    def _get(self, url: str, deadline: float) -> requests.Response:
        session = self._session_for(url)
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise AddressRefused(_TOO_SLOW, again=True)
        connect_s, read_s = self._timeouts
        try:
            return session.get(
                url, stream=True, allow_redirects=False, timeout=(min(connect_s, left_s), min(read_s, left_s))
            )
        except InvalidIPAddress as refused:
            _LOG.info("address refused", extra={"host": urlsplit(url).hostname, "address": str(refused)})
            raise AddressRefused(_PRIVATE) from None
        except requests.exceptions.SSLError:
            raise AddressRefused(_BAD_CERTIFICATE) from None
        except (requests.exceptions.Timeout, requests.exceptions.ConnectionError):
            raise AddressRefused(_UNREACHABLE, again=True) from None
        except (requests.exceptions.RequestException, ValueError, UnicodeError):
            raise AddressRefused(_BAD_ADDRESS) from None

    def _session_for(self, url: str) -> requests.Session:
        """Check the address' form and return the session that may call it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise AddressRefused(_BAD_ADDRESS) from None
        host = parts.hostname or ""
        if parts.scheme not in _PORTS or not host or len(url) > 2000 or "\\" in url:
            raise AddressRefused(_BAD_ADDRESS)
        if parts.username is not None or parts.password is not None:
            raise AddressRefused(_USER_INFO)
        if self._allow_private is True or self._is_listed(host, port or _PORTS[parts.scheme]):
            return self._listed
        if parts.scheme == "http" and not self._allow_http:
            raise AddressRefused(_ONLY_HTTPS)
        if port not in (None, _PORTS[parts.scheme]):
            raise AddressRefused(_PORT)
        return self._public

    def _is_listed(self, host: str, port: int) -> bool:
        if isinstance(self._allow_private, bool):
            return False
        return f"{host}:{port}" in self._allow_private or f"[{host}]:{port}" in self._allow_private


def _session(https: HTTPAdapter, http: HTTPAdapter) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", https)
    session.mount("http://", http)
    session.headers["User-Agent"] = "Syncer (catalogue pictures)"
    session.headers["Accept"] = "image/jpeg, image/png, image/webp"
    return session


def _body(answer: requests.Response, max_bytes: int, deadline: float) -> bytes:
    found = bytearray()
    try:
        for piece in answer.iter_content(2**16):
            found += piece
            if len(found) > max_bytes:
                raise AddressRefused(_too_large(max_bytes))
            if time.monotonic() > deadline:
                raise AddressRefused(_TOO_SLOW, again=True)
    except (requests.exceptions.RequestException, OSError):
        late = time.monotonic() >= deadline
        raise AddressRefused(_TOO_SLOW if late else _UNREACHABLE, again=True) from None
    return bytes(found)


def _status(status: int) -> AddressRefused:
    later = status == 429 or status >= 500
    return AddressRefused(
        Words(
            f"Alamat foto menjawab dengan galat {status}. "
            + ("Akan dicoba lagi nanti." if later else "Periksa alamatnya, atau unggah fotonya."),
            f"The picture's address answers with error {status}. "
            + ("It will be tried again later." if later else "Check the address, or upload the picture."),
        ),
        again=later,
    )


def _too_large(max_bytes: int) -> Words:
    return Words(
        f"Foto di alamat itu lebih besar dari {max_bytes // 1_000_000} MB. Unggah foto yang lebih kecil.",
        f"The picture at that address is larger than {max_bytes // 1_000_000} MB. Upload a smaller one.",
    )


_PRIVATE = Words(
    "Alamat foto ini menunjuk ke komputer di jaringan sendiri, jadi tidak diambil. Unggah fotonya, "
    "atau izinkan alamatnya dengan SYNCER_ALLOW_PRIVATE_IMAGES.",
    "This picture's address points at a machine of the own network, so it is not fetched. Upload the picture, "
    "or allow the address with SYNCER_ALLOW_PRIVATE_IMAGES.",
)
_ONLY_HTTPS = Words(
    "Alamat foto harus diawali https://. Ganti alamatnya, atau unggah fotonya.",
    "A picture's address must begin with https://. Change the address, or upload the picture.",
)
_PORT = Words(
    "Alamat foto memakai port yang tidak lazim, jadi tidak diambil. Unggah fotonya.",
    "The picture's address has an unusual port, so it is not fetched. Upload the picture.",
)
_USER_INFO = Words(
    "Alamat foto berisi nama pengguna atau kata sandi, jadi tidak diambil. Unggah fotonya.",
    "The picture's address holds a user name or password, so it is not fetched. Upload the picture.",
)
_BAD_ADDRESS = Words(
    "Ini bukan alamat foto. Tulis alamat lengkap yang diawali https://.",
    "This is no address of a picture. Write a whole address that begins with https://.",
)
_BAD_CERTIFICATE = Words(
    "Situs foto ini tidak bisa dipercaya (sertifikatnya tidak sah). Unggah fotonya.",
    "The picture's site can't be trusted (its certificate is not valid). Upload the picture.",
)
_UNREACHABLE = Words(
    "Alamat foto tidak bisa dihubungi. Akan dicoba lagi nanti.",
    "The picture's address can't be reached. It will be tried again later.",
)
_TOO_SLOW = Words(
    "Foto terlalu lama datangnya. Akan dicoba lagi nanti.",
    "The picture takes too long to come. It will be tried again later.",
)
_TOO_MANY_HOPS = Words(
    "Alamat foto terlalu sering dialihkan. Tulis alamat akhirnya, atau unggah fotonya.",
    "The picture's address is redirected too often. Write its final address, or upload the picture.",
)
