"""The numbers and switches of a sandbox, readable and settable through the control API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from syncer.domain.words import Words


class BadLimitError(ValueError):
    """A limit is unknown or its value has the wrong type; the text (``words``: in both languages) says which."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


@dataclass(slots=True)
class Limits:
    """What all sandboxes share; a connector's sandbox adds its own by subclassing.

    `burst_per_s`: calls a second that one application may make (a token bucket of that size).
    `daily`: calls a day, None for no quota. `latency_ms`: added to every call.
    `review_delay_s`: how long the review of a new or edited listing takes. `orders_lag_s`: how late an order, or a
    change of one, shows up in the platform's own list of orders. `webhook_retry_s`: after how many seconds each a
    webhook that was not accepted is sent again; empty: never.
    """

    burst_per_s: float = 10.0
    daily: int | None = None
    latency_ms: float = 0.0
    review_delay_s: float = 0.3
    orders_lag_s: float = 0.0
    webhook_retry_s: list[float] = field(default_factory=list)

    def set(self, values: Mapping[str, Any]) -> None:
        """Change several limits at once, or none of them.

        Raises:
            BadLimitError: an unknown name or a value of another type.
        """
        defaults = {spec.name: getattr(type(self)(), spec.name) for spec in fields(self)}
        for name, value in values.items():
            if name not in defaults:
                known = ", ".join(sorted(defaults))
                raise BadLimitError(
                    Words(
                        f'Batas "{name[:40]}" tidak ada; yang ada: {known}.',
                        f'There is no limit "{name[:40]}"; there are: {known}.',
                    )
                )
            if not _same_type(value, defaults[name]):
                like = json.dumps(defaults[name], default=str)
                raise BadLimitError(
                    Words(
                        f"Isi {name} tidak cocok; tulis seperti {like}.",
                        f"The value of {name} does not fit; write it like {like}.",
                    )
                )
        for name, value in values.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Back to the defaults."""
        for name, value in asdict(type(self)()).items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """All limits by name."""
        return asdict(self)


def _same_type(value: object, default: object) -> bool:
    if default is None:
        return value is None or (isinstance(value, int) and not isinstance(value, bool))
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    return isinstance(value, type(default))
