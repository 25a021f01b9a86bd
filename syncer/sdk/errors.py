"""Every error that a connector may raise, named by what the engine does next.

A connector translates each answer of its platform into one of these. Messages are for people: plain words
in both languages, the remedy, and who can apply it. They never hold a response body, a header or an address
with its query: those can carry secrets.
"""

from __future__ import annotations

from enum import StrEnum

from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words


class Recovery(StrEnum):
    """What happens next after an error (design: errors by recovery)."""

    RETRY = "retry"
    RETRY_AT = "retry_at"
    READ_BACK = "read_back"
    WAIT_STATE = "wait_state"
    GONE = "gone"
    FIX_LISTING = "fix_listing"
    SIGN_IN_AGAIN = "sign_in_again"
    STOP_ACCOUNT = "stop_account"
    PARK = "park"


_TRY_LATER = Words("Syncer mencoba lagi sendiri.", "Syncer tries again by itself.")
_ASK_SUPPORT = Words(
    "Lihat `syncer problems`, lalu pilih `syncer retry` atau hubungi admin.",
    "See `syncer problems`, then use `syncer retry` or ask the administrator.",
)


class ConnectorError(Exception):
    """Base of all connector errors. Raise one of the subclasses.

    ``code`` is the platform's own code (or ours), ``words`` what happened, ``remedy`` what to do, ``who`` can do
    it. ``after_s`` is when to look again, in seconds from now (required for RETRY_AT; a hint for WAIT_STATE).
    ``field`` and ``sku`` name what is at fault, where that is known. ``request_id`` is for the platform's support.
    """

    recovery: Recovery = Recovery.PARK
    default_remedy: Words = _ASK_SUPPORT
    default_who: Who = Who.ADMINISTRATOR

    def __init__(
        self,
        code: str,
        words: Words,
        *,
        remedy: Words | None = None,
        who: Who | None = None,
        after_s: float | None = None,
        field: str | None = None,
        sku: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {words.en}")
        self.code = code
        self.words = words
        self.remedy = remedy or self.default_remedy
        self.who = who or self.default_who
        self.after_s = after_s
        self.field = field
        self.sku = sku
        self.request_id = request_id

    def problem(self) -> Problem:
        """Return this error as a problem to show to a person."""
        return Problem(self.code, self.words, self.remedy, self.who, self.field, self.sku)


class Transient(ConnectorError):
    """RETRY: a passing fault; nothing was changed there. Repeated with capped backoff for as long as it takes."""

    recovery = Recovery.RETRY
    default_remedy = _TRY_LATER
    default_who = Who.NOBODY


class PictureGone(Transient):
    """RETRY: the channel no longer has an uploaded picture. Forget its ids of this listing's pictures, upload again."""


class RateLimited(ConnectorError):
    """RETRY_AT: refused for its rate; nothing was changed. ``after_s`` says when; the budget pauses until then.

    ``budget`` names the budget that is used up (``Budget.name``); ``None`` pauses all of the account's budgets.
    """

    recovery = Recovery.RETRY_AT
    default_remedy = _TRY_LATER
    default_who = Who.NOBODY
    budget: str | None = None


class OutcomeUnknown(ConnectorError):
    """READ_BACK: the write may or may not have happened (time-out, broken answer). Look before sending again."""

    recovery = Recovery.READ_BACK
    default_remedy = _TRY_LATER
    default_who = Who.NOBODY


class Blocked(ConnectorError):
    """WAIT_STATE: healthy, but blocked there now by a promotion, a review or a holiday. Looked at again later."""

    recovery = Recovery.WAIT_STATE
    default_remedy = _TRY_LATER
    default_who = Who.NOBODY


class Gone(ConnectorError):
    """GONE: the listing or offer was deleted or hidden there. A person decides; never recreated by itself."""

    recovery = Recovery.GONE
    default_remedy = Words(
        "Pilih: terbitkan lagi (`syncer retry`) atau tarik dari toko itu (`syncer withdraw`).",
        "Choose: publish it again (`syncer retry`) or withdraw it from that shop (`syncer withdraw`).",
    )


class Rejected(ConnectorError):
    """FIX_LISTING: the content was refused; a person edits the product."""

    recovery = Recovery.FIX_LISTING
    default_remedy = Words("Perbaiki produk ini, lalu simpan.", "Edit this product and save it.")
    default_who = Who.CRAFTER


class SignInNeeded(ConnectorError):
    """SIGN_IN_AGAIN: the access is refused. The engine refreshes once; after that a person signs in again."""

    recovery = Recovery.SIGN_IN_AGAIN
    default_remedy = Words(
        "Masuk lagi ke toko ini: `syncer account reconnect`.", "Sign in again: `syncer account reconnect`."
    )


class AccountStopped(ConnectorError):
    """STOP_ACCOUNT: nothing of this account can work (banned, wrong key, missing permission)."""

    recovery = Recovery.STOP_ACCOUNT
    default_remedy = Words(
        "Perbaiki akun toko ini, lalu `syncer account resume`.", "Mend this account, then `syncer account resume`."
    )


class Unclassified(ConnectorError):
    """PARK: an answer that the connector does not know. This one listing is held for a person."""

    recovery = Recovery.PARK
