"""Text of logs and people → what is safe and honest to show."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Controls, and what makes text look other than it is: zero width, and changes of direction."""


def visible(text: str) -> str:
    """``text`` with what cannot be seen named by its code point, so that no log looks other than it is."""
    return _UNSEEN.sub(lambda found: f"⟨{ord(found[0]):04X}⟩", text)


def plain(text: str) -> str:
    """Several lines of text, made visible line by line."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def megabytes(number: int) -> str:
    """A number of bytes in megabytes, with as many digits as say something."""
    return f"{number / 1_000_000:,.0f}" if number >= 10_000_000 else f"{number / 1_000_000:.2g}"


def coded(text: str) -> Markup:
    """A sentence of ours whose backticks are code."""
    parts = escape(text).split("`")
    return Markup("").join(Markup("<code>%s</code>") % part if place % 2 else part for place, part in enumerate(parts))


def web_address(url: str) -> str | None:
    """``url`` if a browser may follow it: of the web, and of a host."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and host and visible(url) == url else None


def prose(text: str) -> Markup:
    """Paragraphs, lists and code of a cause or a fix. Nothing in it links: what a log gave may stand there too."""
    # The renderer escapes every text, and knows no HTML of the text's own.
    return Markup(_markdown().render(plain(text)))


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False})
    return reader.disable(
        ["image", "link", "autolink", "html_inline", "html_block", "reference", "heading", "lheading"]
    )
