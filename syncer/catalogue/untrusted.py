"""Files of strangers are opened in a child process with limits; this is the parent's side (security.md F1).

One child serves a whole batch, because starting one costs more than a picture. A child that dies or is too slow
takes only its own file with it: the next file gets a new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from syncer.domain.words import SyncerError, Words

_CHILD = Path(__file__).with_name("untrusted_child.py")
PICTURE_S = 30.0
SHEET_S = 120.0
_CHUNK = 2**16
_MOST_ANSWER = 256 * 2**20
_ONE_AT_A_TIME = threading.Lock()


class FileRefused(SyncerError):
    """A file that can't be used. ``code`` names the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(_WORDS.get(code, _WORDS["unreadable"]))
        self.code = code


class Answer(NamedTuple):
    """What the child found: facts, and bytes."""

    facts: dict[str, Any]
    payload: bytes


class Child:
    """A child for one batch: ``with Child() as child: child.ask("picture", data, longest=2000)``.

    However many batches there are in this process, one file is open at a time.
    """

    def __init__(self, *, picture_s: float = PICTURE_S, sheet_s: float = SHEET_S) -> None:
        self._deadlines = {"picture": picture_s, "sheet": sheet_s}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, kind: str, data: bytes, **job: int) -> Answer:
        """Have one file opened; raises :class:`FileRefused`, also when the child died of it or was too slow."""
        with _ONE_AT_A_TIME:
            found = self._exchange(kind, data, job)
        if "refused" in found.facts:
            raise FileRefused(str(found.facts["refused"]))
        return found

    def _exchange(self, kind: str, data: bytes, job: dict[str, int]) -> Answer:
        process = self._start()
        header = json.dumps({"kind": kind, "size": len(data), **job}).encode() + b"\n"
        try:
            return _Exchange(process, header + data, time.monotonic() + self._deadlines[kind]).run()
        except (OSError, EOFError, ValueError, TimeoutError):
            self._end(kill=True)
            raise FileRefused("unreadable") from None

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TZ")}
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
                [sys.executable, "-I", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                close_fds=True,
            )
        return self._process

    def _end(self, *, kill: bool = False) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Exchange:
    """One question and its answer over the pipes, never blocking past the deadline."""

    def __init__(self, process: subprocess.Popen[bytes], question: bytes, deadline: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._out, self._in = process.stdin.fileno(), process.stdout.fileno()
        self._left = memoryview(question)
        self._deadline = deadline
        self._got = bytearray()

    def run(self) -> Answer:
        os.set_blocking(self._out, False)
        os.set_blocking(self._in, False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._in, selectors.EVENT_READ)
            selector.register(self._out, selectors.EVENT_WRITE)
            while (found := self._answer()) is None:
                left_s = self._deadline - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                for key, _events in selector.select(left_s):
                    if key.fd == self._in:
                        self._read()
                    elif self._write():
                        selector.unregister(self._out)
        return found

    def _write(self) -> bool:
        """Send a piece; return whether all is sent."""
        self._left = self._left[os.write(self._out, self._left[:_CHUNK]) :]
        return not self._left

    def _read(self) -> None:
        piece = os.read(self._in, _CHUNK)
        if not piece:
            raise EOFError
        self._got += piece
        if len(self._got) > _MOST_ANSWER:
            raise ValueError

    def _answer(self) -> Answer | None:
        end = self._got.find(b"\n", 0, _CHUNK)
        if end < 0:
            return None
        facts = json.loads(bytes(self._got[:end]))
        if len(self._got) < end + 1 + int(facts["size"]):
            return None
        return Answer(facts, bytes(memoryview(self._got)[end + 1 :]))


_WORDS = {
    "unreadable": Words(
        "Berkas ini tidak bisa dibaca. Coba simpan ulang, lalu kirim lagi.",
        "This file can't be read. Save it again, then send it once more.",
    ),
    "damaged": Words(
        "Berkas ini rusak atau terpotong. Ambil atau simpan ulang, lalu kirim lagi.",
        "This file is damaged or cut off. Take or save it again, then send it once more.",
    ),
    "too_many_pixels": Words(
        "Foto ini terlalu besar ukurannya (JPEG paling banyak 64 megapiksel, PNG dan WebP 25). Perkecil dulu.",
        "This picture has too many pixels (JPEG at most 64 megapixels, PNG and WebP 25). Make it smaller first.",
    ),
    "too_large_unpacked": Words(
        "Isi berkas ini terlalu besar untuk dibuka. Bagi menjadi beberapa berkas.",
        "What this file holds is too large to open. Split it into several files.",
    ),
    "too_many_rows": Words(
        "Lembar ini punya terlalu banyak baris. Bagi menjadi beberapa berkas.",
        "This sheet has too many rows. Split it into several files.",
    ),
    "heic": Words(
        "Foto HEIC belum bisa dipakai. Simpan sebagai JPEG, lalu kirim lagi.",
        "HEIC pictures can't be used. Save it as JPEG, then send it again.",
    ),
    "old_or_encrypted": Words(
        "Berkas ini dikunci kata sandi atau berformat lama (.xls). Simpan sebagai .xlsx tanpa kata sandi.",
        "This file has a password or an old format (.xls). Save it as .xlsx without a password.",
    ),
    "macros": Words(
        "Berkas ini berisi makro. Simpan sebagai .xlsx biasa.",
        "This file holds macros. Save it as a plain .xlsx.",
    ),
    "no_sheet": Words(
        "Berkas ini bukan lembar kerja .xlsx. Simpan sebagai .xlsx atau .csv.",
        "This file is no .xlsx workbook. Save it as .xlsx or .csv.",
    ),
    "forbidden_xml": Words(
        "Berkas ini berisi bagian yang berbahaya dan tidak dibuka. Simpan ulang dari program lembar kerja.",
        "This file holds a dangerous part and was not opened. Save it anew from a spreadsheet program.",
    ),
    "no_defused_xml": Words(
        "Pustaka defusedxml tidak terpasang. Pasang ulang Syncer.",
        "The library defusedxml is missing. Install Syncer again.",
    ),
    **{
        kind: Words(
            f"{kind.upper()} tidak bisa dipakai sebagai foto. Simpan sebagai JPEG atau PNG.",
            f"{kind.upper()} can't be used as a picture. Save it as JPEG or PNG.",
        )
        for kind in ("gif", "pdf", "tiff", "bmp", "svg")
    },
    "no_picture": Words(
        "Berkas ini bukan foto. Kirim JPEG, PNG, atau WebP.",
        "This file is no picture. Send JPEG, PNG or WebP.",
    ),
}
