"""The words of messages: counts, values, and what a mistyped name may have meant."""

import difflib

SHOWN = 5  # of several things, that a message names


def counted(n, noun):
    """A count and its noun, whose plural ends in "s": "1 row", "1,797 rows"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def first_of(texts):
    """The first of several texts, and how many there are besides: "a, b, c, d, e and 3 more"."""
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


def listed(names):
    """The first of several names, each in quotes, and how many there are besides."""
    return first_of(list(map(repr, names)))


def number(value):
    """A number of three digits or all before the point, as people write it: 27,500 or 0.0123."""
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e15 else f"{value:.3g}"


def did_you_mean(name, names):
    """The end of a message, " Did you mean 'alpha'?"; empty where none of `names` is close."""
    known = {other.lower(): other for other in names}
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f" Did you mean {known[close[0]]!r}?" if close else ""


def set_value(value):
    """A value as `--set NAME=VALUE` takes it."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
