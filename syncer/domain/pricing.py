"""How a channel's price follows from the base price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from syncer.domain.money import quantize
from syncer.domain.words import SyncerError, Words


class RateMissing(SyncerError):
    """The channel sells in another currency than the catalogue and no dated rate is given."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``factor`` units of the channel's currency for one unit of the catalogue's, as of ``day``."""

    factor: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class PriceRule:
    """Markup in percent, then a fixed fee (channel currency), then tax, then rounding up to a step or an ending.

    ``round_to`` 0 leaves the currency's own rounding; 100, 500 or 1,000 rounds up to that step.
    ``ending`` such as 900 lifts to the next amount that ends so (only with ``round_to`` 1,000 or more).
    ``tax_percent`` is added where the channel shows prices with tax and ours are without.
    """

    markup_percent: Decimal = Decimal(0)
    fixed_fee: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)
    round_to: int = 0
    ending: int | None = None

    def apply(self, base: Decimal, *, catalogue_currency: str, currency: str, rate: Rate | None) -> Decimal:
        """Return the channel's price for ``base``; raises :class:`RateMissing` where a rate is needed."""
        amount = base
        if currency != catalogue_currency:
            if rate is None:
                raise RateMissing(
                    Words(
                        f"Toko ini menjual dalam {currency}, katalog dalam {catalogue_currency}. "
                        "Isi kurs beserta tanggalnya pada akun toko.",
                        f"This shop sells in {currency}, the catalogue is in {catalogue_currency}. "
                        "Set a dated rate on the account.",
                    )
                )
            amount *= rate.factor
        amount = amount * (100 + self.markup_percent) / 100 + self.fixed_fee
        amount = amount * (100 + self.tax_percent) / 100
        return self._rounded(amount, currency)

    def _rounded(self, amount: Decimal, currency: str) -> Decimal:
        if self.ending is not None and self.round_to > 0:
            step, end = Decimal(self.round_to), Decimal(self.ending)
            lifted = ((amount - end) / step).to_integral_value(rounding=ROUND_CEILING) * step + end
            return quantize(max(lifted, end), currency)
        if self.round_to > 0:
            step = Decimal(self.round_to)
            return quantize((amount / step).to_integral_value(rounding=ROUND_CEILING) * step, currency)
        return quantize(amount.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP), currency)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that :meth:`from_json` reads back."""
        return {
            "markup_percent": str(self.markup_percent),
            "fixed_fee": str(self.fixed_fee),
            "tax_percent": str(self.tax_percent),
            "round_to": self.round_to,
            "ending": self.ending,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PriceRule:
        """Read what :meth:`to_json` wrote; missing keys take their defaults."""
        return cls(
            markup_percent=Decimal(str(value.get("markup_percent", 0))),
            fixed_fee=Decimal(str(value.get("fixed_fee", 0))),
            tax_percent=Decimal(str(value.get("tax_percent", 0))),
            round_to=int(value.get("round_to", 0)),
            ending=None if value.get("ending") is None else int(value["ending"]),
        )
