"""The little Markdown that captions are written in, as HTML."""

from __future__ import annotations

import re

from markupsafe import Markup, escape


def to_html(text: str) -> Markup:
    """Return paragraphs, tables of pipes, `**bold**` and code in backticks as HTML, all else as is.

    Example:
        >>> from reproduce.report.markdown import to_html
        >>> to_html("**Figure 1.** `a < b`")
        Markup('<p><strong>Figure 1.</strong> <code>a &lt; b</code></p>')
    """
    blocks = re.split(r"\n\s*\n", text.strip())
    return Markup("\n").join(_table(block) or _paragraph(block) for block in blocks if block)


def _paragraph(block: str) -> Markup:
    return Markup("<p>{}</p>").format(_inline(block))


def _table(block: str) -> Markup | None:
    """A table, whose second line rules off the head; None if the block is none."""
    lines = [line.strip() for line in block.splitlines()]
    if len(lines) < 2 or not re.fullmatch(r"\|(\s*:?-+:?\s*\|)+", lines[1]):
        return None
    head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    rows = [_row("th", head), *(_row("td", cells) for cells in body)]
    return Markup('<div class="scroll"><table>{}</table></div>').format(Markup("").join(rows))


def _row(tag: str, cells: list[str]) -> Markup:
    cell = Markup(f"<{tag}>{{}}</{tag}>")
    return Markup("<tr>{}</tr>").format(Markup("").join(cell.format(_inline(c)) for c in cells))


def _inline(text: str) -> Markup:
    """Text with its code and its bold words marked; what is code is left as it is."""
    words, *rest = text.split("`")
    if len(rest) % 2:  # a backtick that none closes
        return _bold(text)
    marked = [_bold(words)]
    for code, words in zip(rest[::2], rest[1::2], strict=True):
        marked += [Markup("<code>{}</code>").format(code), _bold(words)]
    return Markup("").join(marked)


def _bold(text: str) -> Markup:
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(text)), flags=re.S))
