"""The Markdown of the pages as HTML."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup


def to_html(text: str) -> Markup:
    """Return Markdown, as code hosts read it, as HTML; what looks like HTML in it stays text.

    Example:
        >>> from reproduce.report.markdown import to_html
        >>> print(to_html("**Figure 1.** `a < b`"), end="")
        <p><strong>Figure 1.</strong> <code>a &lt; b</code></p>
    """
    return Markup(MarkdownIt("js-default").render(text))
