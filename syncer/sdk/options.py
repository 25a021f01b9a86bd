"""Typed options of an account. CLI flags, ``.env`` names, docs and redaction are all generated from them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from syncer.domain.words import SyncerError, Words


class BadOptions(SyncerError):
    """The options of an account can't be used; the sentence names the option and what to write."""


class Options(BaseModel):
    """Base of a connector's options. Secrets are ``SecretStr`` fields; descriptions become help texts.

    The first sentence of a description is the flag's help (below 80 characters). Unknown names are refused.
    Descriptions are in English; ``help_id`` says the same in Bahasa Indonesia, by the option's name.
    """

    help_id: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Return validated options from a JSON object. Raises :class:`BadOptions`; never shows a value."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors(include_input=False, include_context=False, include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"]) or "?"
            raise BadOptions(_option_words(name, str(first["type"]), cls)) from None

    def public(self) -> dict[str, Any]:
        """Return the options that are not secret, as JSON."""
        secret = {option.name for option in describe(type(self)) if option.secret}
        return {key: value for key, value in self.model_dump(mode="json").items() if key not in secret}

    def secrets(self) -> dict[str, str]:
        """Return the secret options in plain text, to be sealed at once and never shown."""
        found: dict[str, str] = {}
        for option in describe(type(self)):
            value = getattr(self, option.name)
            if option.secret and value is not None:
                found[option.name] = value.get_secret_value()
        return found


def _web_address(value: str) -> str:
    address = value.rstrip("/")
    if not address.startswith(("https://", "http://")):
        raise ValueError("not a web address")
    return address


def _web_address_or_none(value: str) -> str:
    return _web_address(value) if value else ""


def _aware(value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value is not None and value.tzinfo is None else value


def _pairs(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    found = [part.partition("=") for part in value.split(";") if part.strip()]
    return {name.strip(): wanted.strip() for name, _, wanted in found}


#: An address with its scheme, kept without slashes at its end.
WebAddress = Annotated[str, AfterValidator(_web_address)]
#: A :data:`WebAddress`, or "" where the connector knows the address itself.
WebAddressOrNone = Annotated[str, AfterValidator(_web_address_or_none)]
#: A moment in ISO 8601, or null; one without a zone is taken as UTC.
AwareTimeOrNone = Annotated[dt.datetime | None, AfterValidator(_aware)]
#: Texts by name: a JSON object (or its text), or ``Material=Wood; Gender=Unisex``.
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs)]


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option as people meet it: ``flag`` for the command line, ``env`` for ``.env`` files.

    ``help`` is its description in English, ``words`` in both languages.
    """

    name: str
    flag: str
    env: str
    help: str
    type: str
    required: bool
    secret: bool
    default: str
    words: Words


def describe(options: type[Options], *, prefix: str = "SYNCER") -> tuple[OptionInfo, ...]:
    """Return every option of a connector in order; the source of flags, ``.env`` names, docs and redaction."""
    return tuple(_describe_all(options, prefix))


def _describe_all(options: type[Options], prefix: str) -> Iterator[OptionInfo]:
    for name, field in options.model_fields.items():
        secret = "SecretStr" in str(field.annotation)
        value = None if field.is_required() or secret else field.get_default(call_default_factory=True)
        default = "" if value in (None, "") else json.dumps(value, default=str)
        yield OptionInfo(
            name=name,
            flag="--" + name.replace("_", "-"),
            env=f"{prefix}_{name.upper()}",
            help=field.description or "",
            type="secret" if secret else getattr(field.annotation, "__name__", "text"),
            required=field.is_required(),
            secret=secret,
            default=default,
            words=Words(options.help_id.get(name) or field.description or "", field.description or ""),
        )


def options_table(options: type[Options], *, prefix: str = "SYNCER") -> str:
    """Return the options as a Markdown table for a connector's README (a test keeps both equal)."""
    rows = ["| option | `.env` name | required | meaning |", "|---|---|---|---|"]
    for option in describe(options, prefix=prefix):
        needed = "yes" if option.required else (f"no ({option.default})" if option.default else "no")
        mark = " (secret)" if option.secret else ""
        rows.append(f"| `{option.name}`{mark} | `{option.env}` | {needed} | {option.help} |")
    return "\n".join(rows)


def _option_words(name: str, kind: str, options: type[Options]) -> Words:
    known = ", ".join(options.model_fields)
    if kind == "missing":
        return Words(f'Pilihan "{name}" belum diisi.', f'The option "{name}" is missing.')
    if kind == "extra_forbidden":
        return Words(
            f'Pilihan "{name}" tidak dikenal. Yang ada: {known}.',
            f'The option "{name}" is unknown. There are: {known}.',
        )
    field = options.model_fields.get(name)
    choices = [str(one) for one in get_args(field.annotation)] if field is not None and kind == "literal_error" else []
    if choices and field is not None:
        listed = ", ".join(choices)
        english = field.description or ""
        return Words(
            f'Isi pilihan "{name}" tidak cocok. Tulis salah satu: {listed}. {options.help_id.get(name, "")}'.strip(),
            f'The value of the option "{name}" does not fit. Write one of: {listed}. {english}'.strip(),
        )
    return Words(
        f'Isi pilihan "{name}" tidak cocok. Periksa dan tulis ulang.',
        f'The value of the option "{name}" does not fit. Check it and write it again.',
    )


__all__ = [
    "AwareTimeOrNone",
    "BadOptions",
    "OptionInfo",
    "Options",
    "Pairs",
    "SecretStr",
    "WebAddress",
    "WebAddressOrNone",
    "describe",
    "options_table",
]
