"""Amounts of money: exact decimals with their currency, and how many minor digits each one shows."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from syncer.domain.words import SyncerError, Words

#: Minor digits in use; IDR, JPY, KRW and VND are sold in whole units. Everything else shows two.
_WHOLE = frozenset({"IDR", "JPY", "KRW", "VND"})
PRICE_MAX = Decimal(1_000_000_000)
_CURRENCY = re.compile(r"[A-Z]{3}")
#: Digits in groups of three by one sign, or in no groups; then at most one decimal sign, another one.
_NUMBER = re.compile(
    r"[0-9]{1,15}(?:[.,][0-9]{1,15})?"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]{1,15})?"
    r"|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,15})?"
)


class BadAmount(SyncerError):
    """An amount that is no number, or outside 1 to 1,000,000,000."""


class BrokenAmount(BadAmount):
    """An amount with a part of a unit, in a currency that has whole units only."""


def minor_digits(currency: str) -> int:
    """Return how many digits after the point prices in ``currency`` show."""
    return 0 if currency in _WHOLE else 2


def quantize(amount: Decimal, currency: str) -> Decimal:
    """Return ``amount`` rounded half up to what ``currency`` can show."""
    step = Decimal(1).scaleb(-minor_digits(currency))
    return amount.quantize(step, rounding=ROUND_HALF_UP)


def check_currency(value: str) -> str:
    """Return ``value`` as three capital letters; raise :class:`BadAmount` otherwise."""
    code = value.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise BadAmount(
            Words(
                f'Mata uang "{value[:10]}" tidak dikenal. Tulis tiga huruf, misalnya IDR.',
                f'The currency "{value[:10]}" is unknown. Write three letters, such as IDR.',
            )
        )
    return code


def parse_price(text: str, currency: str = "IDR") -> Decimal:
    """Read a price as people type it: ``Rp 1.250.000``, ``1250000``, ``12.50``, ``1,234.50``.

    A point or comma followed by exactly three digits groups thousands; the last one followed by one or
    two digits is the decimal sign. For currencies without minor units ``1.250`` is always 1250, ``1250,00`` is
    1250, and ``12,75`` is refused rather than rounded.
    Returns a positive ``Decimal`` of at most 1,000,000,000, rounded to the currency.
    Raises :class:`BadAmount`, or its :class:`BrokenAmount` for a part of a unit that the currency hasn't got.
    """
    raw = re.sub(r"(?i)^\s*(rp\.?|idr|usd|eur|us\$|[$€£])\s*", "", text.strip()).replace("\u00a0", "").replace(" ", "")
    raw = re.sub(r"(?i)(idr|usd|eur|[$€£]|,-)$", "", raw)
    if not _NUMBER.fullmatch(raw):
        raise _bad_price(text)
    exact = Decimal(_plain_number(raw))
    amount = quantize(exact, currency)
    if minor_digits(currency) == 0 and exact != amount:
        raise _broken_price(text, currency)
    if not 0 < amount <= PRICE_MAX:
        raise _bad_price(text)
    return amount


def _plain_number(raw: str) -> str:
    """Return ``raw`` with thousands signs removed and a point as decimal sign."""
    parts = re.split(r"[.,]", raw)
    if len(parts) == 1:
        return raw
    signs = re.findall(r"[.,]", raw)
    decimal_last = len(parts[-1]) != 3 or (len(set(signs)) == 2 and signs[-1] not in signs[:-1])
    if decimal_last and len(signs) > 1 and len(set(signs)) == 1:
        decimal_last = False
    if decimal_last:
        return "".join(parts[:-1]) + "." + parts[-1]
    return "".join(parts)


def _bad_price(text: str) -> BadAmount:
    shown = text.strip()[:30]
    return BadAmount(
        Words(
            f'Harga "{shown}" tidak bisa dibaca. Tulis angka dari 1 sampai 1.000.000.000, misalnya 185000.',
            f'The price "{shown}" can\'t be read. Write a number from 1 to 1,000,000,000, such as 185000.',
        )
    )


def _broken_price(text: str, currency: str) -> BrokenAmount:
    shown = text.strip()[:30]
    return BrokenAmount(
        Words(
            f'Harga "{shown}" memakai pecahan, padahal {currency} tidak punya sen. Tulis angka bulat, misalnya 185000.',
            f'The price "{shown}" has a fraction, but {currency} has no cents. Write a whole number, such as 185000.',
        )
    )


def format_money(amount: Decimal, currency: str) -> str:
    """Return ``amount`` as people of the currency write it: ``Rp 1.250.000`` or ``USD 12.50``."""
    rounded = quantize(amount, currency)
    if currency == "IDR":
        return f"Rp {int(rounded):,}".replace(",", ".")
    return f"{currency} {rounded:,.{minor_digits(currency)}f}"
