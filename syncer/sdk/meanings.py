"""What a platform's error codes mean, as data, and the errors that are made of them."""

from __future__ import annotations

from dataclasses import dataclass

from syncer.domain.problem import Who
from syncer.domain.words import Words
from syncer.sdk.errors import AccountStopped, Blocked, ConnectorError, SignInNeeded, Transient, Unclassified

_LOOK_AGAIN_S = 300.0


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """One meaning: the error class (what the engine does next), what happened, and what goes with it.

    ``after_s`` is when to try again, in seconds. ``quote`` adds the platform's own sentence, where it says more.
    """

    kind: type[ConnectorError]
    words: Words
    remedy: Words | None = None
    who: Who | None = None
    field: str | None = None
    after_s: float | None = None
    quote: bool = False

    def told(self, place: str, message: str) -> Words:
        """Return the words, with the platform's own (cleaned) ``message`` if this meaning quotes it."""
        return quoted(self.words, place, message) if self.quote else self.words


def quoted(words: Words, place: str, message: str) -> Words:
    """Return ``words`` with what the platform called ``place`` says itself; unchanged if it says nothing."""
    if not message:
        return words
    return Words(f'{words.id} Kata {place}: "{message}"', f'{words.en} {place} says: "{message}"')


def unknown_code(
    place: str, code: str, message: str, *, request_id: str | None = None, sku: str | None = None
) -> Unclassified:
    """Return the error for a code that no meaning is known of: it parks, and asks an administrator."""
    words = Words(
        f"{place} menjawab dengan kesalahan yang belum kita kenal.",
        f"{place} answered with an error that we don't know yet.",
    )
    told = quoted(words, place, message)
    return Unclassified(code or "failed", told, who=Who.ADMINISTRATOR, request_id=request_id, sku=sku)


def not_signed_in(place: str) -> SignInNeeded:
    """Return the error for an account that was never signed in."""
    return SignInNeeded(
        "not_signed_in", Words(f"Toko ini belum masuk ke {place}.", f"This shop isn't signed in to {place} yet.")
    )


def orders_not_permitted(error: AccountStopped) -> Blocked:
    """Return the error for a seller who let us write listings and not read orders: looked at again later.

    Stock must go on falling there, so the account isn't stopped.
    """
    words = Words(
        "Toko ini belum memberi aplikasi kita izin membaca pesanan.",
        "This shop hasn't granted our app to read its orders.",
    )
    return Blocked(
        error.code, words, remedy=error.remedy, who=error.who, after_s=_LOOK_AGAIN_S, request_id=error.request_id
    )


def order_unreadable(order_id: str) -> Unclassified:
    """Return the error for an order that is there, and isn't understood."""
    words = Words(f"Pesanan {order_id} tidak dapat dipahami Syncer.", f"Syncer can't understand order {order_id}.")
    return Unclassified("order_unreadable", words)


def pages_repeat(place: str) -> Transient:
    """Return the error for a list of orders whose next page is said to be the same one."""
    words = Words(f"Daftar pesanan {place} tidak berakhir.", f"{place}'s list of orders doesn't end.")
    return Transient("pages_repeat", words)
