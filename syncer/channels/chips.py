"""The one word per channel that a crafter reads: live, waiting, being sent, to be mended."""

from __future__ import annotations

from collections.abc import Mapping

from syncer.domain.words import Words

#: Every state of a listing, as people read it.
CHIPS: Mapping[str, Words] = {
    "waiting": Words("menunggu", "waiting"),
    "sending": Words("mengirim", "sending"),
    "live": Words("tayang", "live"),
    "hidden": Words("disembunyikan", "hidden"),
    "review": Words("ditinjau", "in review"),
    "fix": Words("perlu diperbaiki", "needs mending"),
    "parked": Words("menunggu admin", "held for the administrator"),
    "blocked": Words("tertahan di toko", "held up by the shop"),
    "gone": Words("hilang di toko", "gone from the shop"),
    "deleted": Words("dihapus", "deleted"),
    "asking": Words("menunggu jawaban Anda", "waits for your answer"),
}
_LEAVING = Words("sedang ditarik", "being withdrawn")
_CHANGING = Words("tayang, perubahan menunggu", "live, a change is waiting")
_READ_ONLY = Words("hanya dibaca", "read-only")
_STANDS_STILL = Words("toko tidak aktif", "shop is not active")
_UNKNOWN = Words("tidak diketahui", "unknown")


def chip(state: str, *, wanted: str = "live", due: bool = False, sends: bool = True, read_only: bool = False) -> Words:
    """Return the words for a listing in ``state``.

    ``due`` says that something waits to be sent, ``sends`` that its account sends now. A live listing with a change
    waiting says both, because "live" alone would say that the shop shows what we show.
    """
    if state == "waiting" and not sends:
        return _READ_ONLY if read_only else _STANDS_STILL
    if state in ("live", "waiting", "sending", "review") and wanted != "live":
        return _LEAVING
    if state == "live" and due:
        return _CHANGING
    return CHIPS.get(state, _UNKNOWN)
