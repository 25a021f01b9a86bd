"""What a person sets: read from the environment and from ``.env`` in the working directory, and nowhere else.

The table :data:`SETTINGS` is the one place: the typed :class:`Settings`, ``.env.example`` and the page of the
manual are made from it. The environment wins over ``.env``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from syncer.domain.words import SyncerError, Words

_KEY = "SYNCER_SECRET_KEY"


class BadSetting(SyncerError):
    """A setting has a value that cannot be used; ``name`` is the variable."""

    def __init__(self, name: str, words: Words) -> None:
        super().__init__(words)
        self.name = name


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, typed. Secrets do not show in its repr."""

    database_url: str = field(repr=False)
    home: Path
    secret_key: str | None = field(repr=False)
    secret_key_file: Path | None
    connectors: tuple[str, ...]
    catalogue_currency: str
    language: str
    log_level: str
    allow_private_images: bool
    web_host: str
    web_port: int
    web_proxies: str
    public_url: str
    order_poll_s: float
    sweep_s: float
    lease_s: float
    backup_folder: Path | None
    debug: bool
    warnings: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: where it goes, how it is read, what it means. ``default`` is text, as in ``.env``."""

    name: str
    attribute: str
    default: str
    parse: Callable[[str, str], Any]
    meaning: Words
    example: str = ""


def load_settings(environ: MutableMapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
    """Read all settings. Raises :class:`BadSetting` with one sentence that names the variable.

    ``environ`` is ``os.environ`` unless given; the secret key is taken out of it (K1), so that no child process
    inherits it. ``dotenv`` is ``.env`` in the working directory unless given; it need not exist. A ``.env`` that
    others can read is refused if it holds a secret, and only warned of otherwise (K5).

    To be called once in a process; a second call does not find the key any more. Who starts a child process that
    needs the key gives it by SYNCER_SECRET_KEY_FILE or in the child's own environment.
    """
    given = os.environ if environ is None else environ
    path = dotenv or Path(".env")
    from_file, warnings = _read_dotenv(path)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        raw = given.get(setting.name)
        if raw is None or not raw.strip():
            raw = from_file.get(setting.name) or setting.default
        values[setting.attribute] = setting.parse(setting.name, raw.strip())
    given.pop(_KEY, None)
    home = values["home"] or _default_home(given)
    values["home"] = home
    values["database_url"] = values["database_url"] or f"sqlite:///{home / 'syncer.db'}"
    return Settings(**values, warnings=tuple(warnings))


def option_values(
    names: Iterable[str], environ: MutableMapping[str, str] | None = None, dotenv: Path | None = None
) -> dict[str, str]:
    """Return those of the variables ``names`` that are set: options of a shop (the names come from its connector)."""
    given = os.environ if environ is None else environ
    wanted = list(names)
    found = {name: given[name] for name in wanted if given.get(name, "").strip()}
    missing = [name for name in wanted if name not in found]
    if missing:
        from_file, _warnings = _read_dotenv(dotenv or Path(".env"))
        found |= {name: from_file[name] for name in missing if name in from_file}
    return found


def prepare_home(home: Path) -> None:
    """Make SYNCER_HOME with mode 0700 if it is missing, and take away what others may do there (K5).

    Raises :class:`BadSetting`.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = home.stat()
        if status.st_mode & 0o077 and status.st_uid == os.geteuid():
            home.chmod(0o700)
        usable = os.access(home, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        raise BadSetting(
            "SYNCER_HOME",
            Words(
                id=f"Folder {home} tidak bisa dibuat atau ditulis. Periksa izinnya, atau ubah SYNCER_HOME.",
                en=f"The folder {home} cannot be made or written. Check its permissions, or change SYNCER_HOME.",
            ),
        )


# --- how values are read --------------------------------------------------------------------------------------


def _text(_name: str, raw: str) -> str:
    return raw


def _optional(_name: str, raw: str) -> str | None:
    return raw or None


def _path(_name: str, raw: str) -> Path | None:
    return Path(raw).expanduser().absolute() if raw else None


def _yes_no(name: str, raw: str) -> bool:
    word = raw.lower()
    if word in ("1", "true", "yes", "on", "ya"):
        return True
    if word in ("0", "false", "no", "off", "tidak", ""):
        return False
    raise _bad(name, "harus 1 (ya) atau 0 (tidak)", "must be 1 (yes) or 0 (no)")


def _number(low: float, high: float, kind: type[int] | type[float]) -> Callable[[str, str], Any]:
    def parse(name: str, raw: str) -> Any:
        try:
            value = kind(raw)
        except ValueError:
            value = kind(-1)
        if low <= value <= high:
            return value
        bounds = f"{low:g}", f"{high:g}"
        raise _bad(
            name,
            f"harus angka dari {bounds[0]} sampai {bounds[1]}",
            f"must be a number from {bounds[0]} to {bounds[1]}",
        )

    return parse


def _one_of(*choices: str) -> Callable[[str, str], str]:
    def parse(name: str, raw: str) -> str:
        for choice in choices:
            if raw.lower() == choice.lower():
                return choice
        options = ", ".join(choices)
        raise _bad(name, f"harus salah satu dari: {options}", f"must be one of: {options}")

    return parse


def _currency(name: str, raw: str) -> str:
    code = raw.upper()
    if len(code) == 3 and code.isascii() and code.isalpha():
        return code
    raise _bad(name, "harus kode mata uang tiga huruf, misalnya IDR", "must be a currency code, for example IDR")


def _public_url(name: str, raw: str) -> str:
    """Https, or http on this machine; a path in front is allowed, a query isn't."""
    parts = urlsplit(raw)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if not raw or (plain and parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and loopback))):
        return raw.rstrip("/")
    raise _bad(
        name,
        "harus alamat https, misalnya https://syncer.example.org",
        "must be an https address, for example https://syncer.example.org",
    )


def _names(name: str, raw: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in raw.split(",") if part.strip())
    if names and all(part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in names):
        return names
    raise _bad(
        name,
        "harus nama paket, dipisah koma, misalnya: syncer",
        "must be names of packages, separated by commas, for example: syncer",
    )


def _bad(name: str, indonesian: str, english: str) -> BadSetting:
    """The value is not repeated: it may be a secret put in the wrong place."""
    return BadSetting(
        name,
        Words(
            id=f"{name} {indonesian}. Perbaiki di .env atau di lingkungan (environment).",
            en=f"{name} {english}. Correct it in .env or in the environment.",
        ),
    )


# --- the table ------------------------------------------------------------------------------------------------

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "SYNCER_DATABASE_URL",
        "database_url",
        "",
        _text,
        Words(
            id="Basis data. Kosong: SQLite di SYNCER_HOME/syncer.db. PostgreSQL: postgresql://nama:sandi@server/basis.",
            en="The database. Empty: SQLite in SYNCER_HOME/syncer.db. PostgreSQL: postgresql://name:password@host/db.",
        ),
        example="sqlite:////home/sari/syncer/syncer.db",
    ),
    Setting(
        "SYNCER_HOME",
        "home",
        "",
        _path,
        Words(
            id="Folder untuk basis data, foto dan kunci. Kosong: ~/.local/share/syncer.",
            en="The folder of the database, photos and key. Empty: ~/.local/share/syncer.",
        ),
        example="/home/sari/syncer",
    ),
    Setting(
        "SYNCER_SECRET_KEY",
        "secret_key",
        "",
        _optional,
        Words(
            id="Kunci penyegel sandi toko: satu atau beberapa kunci Fernet, yang terbaru di depan, dipisah koma. "
            "Kosong: dibuat sekali di SYNCER_HOME/secret.key.",
            en="The key that seals shop sign-ins: one or more Fernet keys, newest first, separated by commas. "
            "Empty: made once in SYNCER_HOME/secret.key.",
        ),
    ),
    Setting(
        "SYNCER_SECRET_KEY_FILE",
        "secret_key_file",
        "",
        _path,
        Words(
            id="Berkas yang berisi kunci itu; lebih aman daripada SYNCER_SECRET_KEY.",
            en="A file that holds the key; safer than SYNCER_SECRET_KEY.",
        ),
        example="/run/credentials/syncer.service/secret_key",
    ),
    Setting(
        "SYNCER_CONNECTORS",
        "connectors",
        "syncer",
        _names,
        Words(
            id="Paket yang konektornya boleh dipakai, dipisah koma.",
            en="The packages whose connectors may be used, separated by commas.",
        ),
    ),
    Setting(
        "SYNCER_CATALOGUE_CURRENCY",
        "catalogue_currency",
        "IDR",
        _currency,
        Words(id="Mata uang harga di katalog.", en="The currency of the prices in the catalogue."),
    ),
    Setting(
        "SYNCER_LANGUAGE",
        "language",
        "id",
        _one_of("id", "en"),
        Words(
            id="Bahasa pesan: id (Bahasa Indonesia) atau en (Inggris).",
            en="The language of messages: id (Bahasa Indonesia) or en (English).",
        ),
    ),
    Setting(
        "SYNCER_LOG_LEVEL",
        "log_level",
        "INFO",
        _one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        Words(id="Seberapa banyak yang dicatat.", en="How much is logged."),
    ),
    Setting(
        "SYNCER_ALLOW_PRIVATE_IMAGES",
        "allow_private_images",
        "0",
        _yes_no,
        Words(
            id="1: foto boleh diambil dari alamat di jaringan sendiri (hanya untuk mencoba).",
            en="1: pictures may be fetched from addresses of the local network (for trying out only).",
        ),
    ),
    Setting(
        "SYNCER_WEB_HOST",
        "web_host",
        "127.0.0.1",
        _text,
        Words(id="Alamat halaman web.", en="The address of the web pages."),
    ),
    Setting(
        "SYNCER_WEB_PORT",
        "web_port",
        "8000",
        _number(0, 65535, int),
        Words(id="Port halaman web; 0: yang kosong.", en="The port of the web pages; 0: a free one."),
    ),
    Setting(
        "SYNCER_WEB_PROXIES",
        "web_proxies",
        "127.0.0.1",
        _text,
        Words(
            id="Alamat perantara (proxy) TLS yang keterangannya dipercaya, dipisah koma.",
            en="The addresses of the TLS proxy whose forwarding headers are believed, separated by commas.",
        ),
    ),
    Setting(
        "SYNCER_PUBLIC_URL",
        "public_url",
        "",
        _public_url,
        Words(
            id="Alamat Syncer dari internet; pasar mengirim kabar pesanan ke alamat ini + /webhooks/KONEKTOR/APP. "
            "Kosong: pesanan dibaca berkala saja.",
            en="Syncer's address on the internet; marketplaces send their webhooks to it + /webhooks/CONNECTOR/APP. "
            "Empty: orders are read by polling alone.",
        ),
        example="https://syncer.example.org",
    ),
    Setting(
        "SYNCER_ORDER_POLL_SECONDS",
        "order_poll_s",
        "60",
        _number(0.05, 86400, float),
        Words(id="Jarak antara dua pembacaan pesanan, detik.", en="The time between two readings of orders, seconds."),
    ),
    Setting(
        "SYNCER_SWEEP_SECONDS",
        "sweep_s",
        "3600",
        _number(0.05, 604800, float),
        Words(
            id="Jarak antara dua pemeriksaan seluruh toko, detik.",
            en="The time between two checks of a whole shop, seconds.",
        ),
    ),
    Setting(
        "SYNCER_LEASE_SECONDS",
        "lease_s",
        "60",
        _number(0.2, 3600, float),
        Words(
            id="Berapa lama satu proses memegang sebuah toko sebelum proses lain boleh mengambil alih, detik.",
            en="How long one process owns a shop before another one may take over, seconds.",
        ),
    ),
    Setting(
        "SYNCER_BACKUP_FOLDER",
        "backup_folder",
        "",
        _path,
        Words(
            id="Folder untuk cadangan tiap malam oleh `syncer run` (disimpan 35 hari). Kosong: tidak dicadangkan.",
            en="The folder of the nightly backups that `syncer run` makes (kept 35 days). Empty: none are made.",
        ),
        example="/home/sari/cadangan",
    ),
    Setting(
        "SYNCER_DEBUG",
        "debug",
        "0",
        _yes_no,
        Words(
            id="1: kesalahan di dalam program ditunjukkan lengkap, untuk dilaporkan.",
            en="1: faults inside the program are shown in full, to be reported.",
        ),
    ),
)


def example() -> str:
    """Return the text of ``.env.example``."""
    lines = ["# Salin ke .env lalu isi yang perlu / Copy to .env and fill in what you need.", "# chmod 600 .env", ""]
    for setting in SETTINGS:
        lines += [f"# {setting.meaning.id}", f"# {setting.meaning.en}"]
        lines += [f"#{setting.name}={setting.default or setting.example}", ""]
    return "\n".join(lines)


def manual() -> str:
    """Return the text of ``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "They come from the environment, or from a file `.env` in the working directory; the environment wins.",
        "This page is made from `config/settings.py` (`make settings`).",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.meaning.en} |" for s in SETTINGS]
    return "\n".join(lines) + "\n"


# --- where values come from -----------------------------------------------------------------------------------


def _read_dotenv(path: Path) -> tuple[dict[str, str], list[Words]]:
    try:
        mode = path.stat().st_mode
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError):
        raise BadSetting(
            ".env",
            Words(
                id=f"Berkas {path} tidak bisa dibaca. Periksa izinnya dan simpan sebagai teks UTF-8.",
                en=f"The file {path} cannot be read. Check its permissions, and save it as UTF-8 text.",
            ),
        ) from None
    import io

    from dotenv import dotenv_values

    found = {name: value for name, value in dotenv_values(stream=io.StringIO(content)).items() if value}
    if not mode & 0o077:
        return found, []
    words = Words(
        id=f"Berkas {path} bisa dibaca orang lain. Jalankan `chmod 600 {path}`.",
        en=f"The file {path} can be read by others. Run `chmod 600 {path}`.",
    )
    if found.get(_KEY) or "@" in (found.get("SYNCER_DATABASE_URL") or ""):
        raise BadSetting(".env", words)
    return found, [words]


def _default_home(environ: MutableMapping[str, str]) -> Path:
    base = environ.get("XDG_DATA_HOME", "").strip()
    if base and Path(base).is_absolute():
        return Path(base) / "syncer"
    try:
        return Path("~/.local/share/syncer").expanduser().absolute()
    except RuntimeError:  # neither HOME nor an entry in the user database
        return Path(".syncer").absolute()


if __name__ == "__main__":
    Path(".env.example").write_text(example(), encoding="utf-8")
    Path("docs", "settings.md").write_text(manual(), encoding="utf-8")
