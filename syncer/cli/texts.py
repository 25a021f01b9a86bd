"""The language of the command line: help and messages in Bahasa Indonesia or English."""

from __future__ import annotations

import re
from typing import Any

from syncer.domain.words import Words

_BETWEEN = "\x1f"
#: Typer's own options.
_COMPLETION = {
    "install_completion": ("Pasang pelengkap perintah untuk shell ini.", "Install completion for this shell."),
    "show_completion": ("Tunjukkan pelengkap itu, untuk disalin.", "Show that completion, to be copied."),
}
#: What a remedy promises on behalf of the daemon.
_ITSELF = re.compile(r"(^|; )Syncer (?:(?:mencoba|melihat) lagi sendiri|(?:tries|looks) again by itself)")
_language = "id"


def set_language(language: str) -> None:
    """Choose the language of everything that is printed from now on ("id" or "en")."""
    global _language  # noqa: PLW0603 - one process speaks one language
    _language = "en" if language == "en" else "id"


def language() -> str:
    """Return the language in use."""
    return _language


def say(words: Words) -> str:
    """Return the sentence in the language in use."""
    return words.in_language(_language)


def word(indonesian: str, english: str) -> str:
    """Return the one of two texts that fits the language in use."""
    return english if _language == "en" else indonesian


def once(remedy: Words) -> Words:
    """Return a remedy as a command says it that has ended: nothing tries again for it."""
    indonesian = "Coba lagi sebentar lagi dengan perintah yang sama", "lalu jalankan lagi perintah ini"
    english = "Try again in a moment with the same command", "then run this command again"
    return Words(
        _ITSELF.sub(lambda found: f"; {indonesian[1]}" if found[1] else indonesian[0], remedy.id),
        _ITSELF.sub(lambda found: f"; {english[1]}" if found[1] else english[0], remedy.en),
    )


def many(n: int, one: str, more: str = "") -> str:
    """Return a number with its English noun: ``1 piece``, ``2 pieces``; ``more`` is an uncommon plural."""
    return f"{n} {one if n == 1 else more or one + 's'}"


def both(indonesian: str, english: str) -> str:
    """Return a help text that holds both languages; :func:`localise` picks one when the help is shown."""
    return f"{indonesian}{_BETWEEN}{english}"


def pick(text: str) -> str:
    """Return the half of a text made by :func:`both` that fits the language in use; other texts as they are."""
    indonesian, found, english = text.partition(_BETWEEN)
    return word(indonesian, english).strip() if found else text


def localise(command: Any) -> Any:
    """Let a command, its options and its sub-commands speak the language in use; returns the same command."""
    for name in ("help", "short_help", "epilog"):
        text = getattr(command, name, None)
        if text:
            setattr(command, name, pick(text))
    for parameter in getattr(command, "params", ()):
        for name in ("help", "metavar"):
            text = getattr(parameter, name, None)
            if text:
                setattr(parameter, name, pick(text))
        fixed = _COMPLETION.get(getattr(parameter, "name", ""))
        if fixed:
            parameter.help = word(*fixed)
    for inner in getattr(command, "commands", {}).values():
        localise(inner)
    return command
