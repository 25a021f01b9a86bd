"""The options of a shop from a file, from flags, from the environment, or asked for: made from the connector's own."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from syncer.cli import out
from syncer.cli.kit import UsageProblem
from syncer.cli.reading import json_object
from syncer.cli.texts import once, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.sdk.errors import ConnectorError

#: Commands that are about an account which is kept.
_OF_AN_ACCOUNT = re.compile(r"(?:use |run |jalankan )?`syncer account (?:resume|reconnect)[^`]*`")


def gather(
    connector: str, source: str | None, flags: Sequence[str], allowed: frozenset[str], *, ask: bool = True
) -> dict[str, Any]:
    """Return the options of a new account: the file first, then the environment, flags over both.

    ``source`` is a JSON file or ``-``; a sandbox's first line is taken too. What is required and still missing is
    asked for on a terminal (``ask``). Raises UsageProblem, UnknownConnector.
    """
    known = _known(connector, allowed)
    values = _from_file(source, known) if source else {}
    values |= {name: value for name, value in _from_environment(known).items() if name not in values}
    values |= _from_flags(flags, known, connector)
    if ask and source is None and sys.stdin.isatty():
        values |= _asked(values, known)
    return values


def print_options(connector: str | None) -> None:
    """Print the options of a connector below the help of ``account add``; silently nothing for an unknown one."""
    from syncer.cli.desk import open_desk
    from syncer.domain.words import SyncerError

    if connector is None:
        return
    try:
        known = _known(connector, open_desk().connectors)
    except SyncerError as error:
        out.line(say(error.words))
        return
    title = word(f"Pilihan {connector}", f"Options of {connector}")
    rows = [[_flag(one), one.env, _meaning(one)] for one in known.values()]
    out.line(f" {title}")
    out.table(["", word("di .env", "in .env"), word("arti", "meaning")], rows)


def _meaning(one: Any) -> str:
    extra = word("wajib", "required") if one.required else one.default and f"{one.default}"
    return f"{say(one.words)} ({extra})" if extra else say(one.words)


def _flag(one: Any) -> str:
    # A secret on the command line would be seen by everybody on the machine.
    return word("(rahasia)", "(secret)") if one.secret else str(one.flag)


def _known(connector: str, allowed: frozenset[str]) -> dict[str, Any]:
    from syncer.channels.connectors import connector_class
    from syncer.sdk.options import describe

    found = connector_class(connector, allowed=allowed)
    return {one.name: one for one in describe(found.options_type, prefix=f"SYNCER_{connector.upper()}")}


def _from_file(source: str, known: Mapping[str, Any]) -> dict[str, Any]:
    values = json_object(source, Words("Isi --options", "What --options gives"))
    account = values.get("account")
    if isinstance(account, dict) and isinstance(account.get("options"), dict):
        return dict(account["options"])  # the first line of a sandbox
    if "options" not in known and isinstance(values.get("options"), dict):
        return dict(values["options"])  # what a sandbox answers that was asked for one more shop
    return values


def not_kept(error: ConnectorError) -> Words:
    """Return what to say when a shop can't be added: nothing was kept, so there is nothing to resume or reconnect."""
    remedy = once(error.remedy)
    if error.remedy == type(error).default_remedy and _OF_AN_ACCOUNT.search(error.remedy.en):
        remedy = Words(
            "Periksa kunci dan izinnya di --options, lalu jalankan lagi perintah ini.",
            "Check the keys and the sign-in in --options, then run this command again.",
        )
    else:
        remedy = Words(
            _OF_AN_ACCOUNT.sub("jalankan lagi perintah ini", remedy.id),
            _OF_AN_ACCOUNT.sub("run this command again", remedy.en),
        )
    return Words(
        f"{error.words.id} Akun ini belum disimpan. {remedy.id}",
        f"{error.words.en} The account was not added. {remedy.en}",
    )


def _from_environment(known: Mapping[str, Any]) -> dict[str, Any]:
    from config.settings import option_values

    names = {one.env: one.name for one in known.values()}
    return {names[env]: _parsed(value) for env, value in option_values(names).items()}


def _from_flags(flags: Sequence[str], known: Mapping[str, Any], connector: str) -> dict[str, Any]:
    by_flag = {one.flag: one for one in known.values()}
    values: dict[str, Any] = {}
    rest = list(flags)
    while rest:
        flag, given, value = rest.pop(0).partition("=")
        option = by_flag.get(flag)
        if option is None:
            raise _unknown(flag, connector)
        if option.secret:
            raise _secret(option)
        if not given:
            if not rest or rest[0].startswith("--"):
                raise UsageProblem(Words(f"Pilihan {flag} perlu sebuah nilai.", f"The option {flag} needs a value."))
            value = rest.pop(0)
        values[option.name] = _parsed(value)
    return values


def _parsed(value: str) -> Any:
    """Lists and objects are written as JSON; everything else is text that the connector's own types read."""
    if value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _asked(values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    import getpass

    answers: dict[str, Any] = {}
    for one in known.values():
        if not one.required or one.name in values:
            continue
        label = f"{one.name} ({say(one.words)}) "
        answer = getpass.getpass(label, sys.stderr) if one.secret else _ask(label)
        if answer.strip():
            answers[one.name] = answer.strip()
    return answers


def _ask(label: str) -> str:
    sys.stderr.write(out.clean(label))
    sys.stderr.flush()
    return sys.stdin.readline()


def _unknown(flag: str, connector: str) -> UsageProblem:
    return UsageProblem(
        Words(
            f"Pilihan {flag[:40]} tidak ada. Lihat `syncer account add {connector} --help`.",
            f"There is no option {flag[:40]}. See `syncer account add {connector} --help`.",
        )
    )


def _secret(option: Any) -> UsageProblem:
    return UsageProblem(
        Words(
            f"{option.flag} adalah rahasia, dan baris perintah bisa dibaca orang lain di mesin ini. Tulis di berkas "
            f"untuk --options, atau di .env sebagai {option.env}.",
            f"{option.flag} is a secret, and others on this machine can read the command line. Put it into a file for "
            f"--options, or into .env as {option.env}.",
        )
    )
