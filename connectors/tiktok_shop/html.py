"""Descriptions: plain text with line breaks here, HTML there (tiktok_shop.md 8).

The platform may write our HTML anew, so both sides are compared as text.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

_BLOCKS = frozenset({"p", "div", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section"})
_LINES = frozenset({"br", "li", "tr"})
_HIDDEN = frozenset({"script", "style"})
_TAG = re.compile(r"<[a-zA-Z/!]")


def canonical(value: str) -> str:
    """Return text with trimmed lines, single spaces, and at most one empty line between paragraphs."""
    lines = [" ".join(line.split()) for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def to_html(value: str) -> str:
    """Return canonical text as paragraphs with line breaks."""
    paragraphs = [escape(part, quote=False).replace("\n", "<br>") for part in value.split("\n\n") if part]
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def to_text(value: str) -> str:
    """Return a description there as canonical text; one without any tag is text already."""
    if not _TAG.search(value):
        reader = _Reader()
        reader.feed(value.replace("\n", "<br>"))
    else:
        reader = _Reader()
        reader.feed(value)
    reader.close()
    return canonical("".join(reader.parts))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag in _BLOCKS:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")
