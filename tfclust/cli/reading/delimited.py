"""Reads text files of separated columns as Arrow tables: CSV and its kin."""

import codecs
import csv
import io
import re
from dataclasses import dataclass

import pyarrow
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from tfclust.cli.messages import UserError

SEPARATORS = {",": ",", ";": ";", "tab": "\t", "|": "|", "space": " "}
SAMPLE = 1 << 16  # bytes, and lines of them, that the separator is found by
FEWEST_LINES, MOST_ROWS = 3, 50
BLOCK = 1 << 20  # bytes that pyarrow parses together, which must hold a row
CHUNK = 1 << 22  # bytes whose encoding is looked at together
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WITHOUT_MARK = "cp1252"  # what is neither marked nor UTF-8; in it, Latin-1 reads alike
MISSING = [*ConvertOptions().null_values, "?", "<NA>", "None"]
YES = ["true", "True", "TRUE", "yes", "Yes", "YES"]
NO = ["false", "False", "FALSE", "no", "No", "NO"]
NUMBER = re.compile(
    r"\s*[+-]?(?:\d+(?:[.,]\d+)*\.?|[.,]\d+|nan|inf)(?:e[+-]?\d+)?\s*", re.IGNORECASE
)
NEWLINE = r"(?:\r\n|\r|\n)"
ABOVE = re.compile(rf"(?: *{NEWLINE})*(?:sep=(.){NEWLINE})?")
COMMENT = re.compile(r"^#[ \t]*(?=[^\s,;|])")  # a mark alone is a name
BEYOND_64_BITS = re.compile(r"\s*[+-]?\d{19,}\s*")
UNNAMED = "Unnamed: {}"  # as pandas calls a column without a name
FEWEST_COUNTED = 3  # columns whose names 0, 1, 2 are a header rather than a row of numbers


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out.

    Args:
        encoding: as Python calls it.
        separator: a character.
        names: of the columns; `UNNAMED` and its place for one without a name.
        has_header: whether the first row holds the names.
        n_above: lines above the first row.
        longest: bytes that hold a row, if they all are like the first ones.
        long_integers: names of the columns whose integers are too long for 64 bits. They are read
            as text, of which no digit is lost.
    """

    encoding: str
    separator: str
    names: tuple[str, ...]
    has_header: bool
    n_above: int
    longest: int
    long_integers: tuple[str, ...]

    @property
    def notes(self):
        """Sentences on what a person may want to know of it."""
        if self.encoding != WITHOUT_MARK:
            return []
        return ["the text is not UTF-8 and read as Windows-1252; --encoding names another"]


def look(path, options):
    """The `Layout` of the file at `path`: what the `Options` say, and else what its start does.

    A file has a header, unless its first row is all numbers: columns are then named by their
    places, from 0.

    Raises:
        UserError: the encoding is another, or it is not clear what separates the columns or
            whether there is a header.
    """
    encoding = options.encoding or _encoding(path)
    start, is_whole = _start(path)
    # What is cut in two at the end is left out, here and of the rows.
    text, n_above, said = _below(codecs.getincrementaldecoder(encoding)().decode(start))
    separator = said or _separator(path, text, is_whole, options)
    rows = _rows(text, separator, is_whole)
    if not rows:
        raise UserError(f"the file must have rows. Received: {path}, which is empty")
    has_header = _has_header(rows[0]) if options.header is None else options.header
    names = [name.strip() for name in rows[0]] if has_header else map(str, range(len(rows[0])))
    if has_header and _lacks_name_of_index(rows):
        names = ["", *names]
    names = tuple(name or UNNAMED.format(i) for i, name in enumerate(names))
    columns = zip(names, zip(*rows[1:], strict=False), strict=False)
    long = tuple(name for name, cells in columns if any(map(BEYOND_64_BITS.fullmatch, cells)))
    return Layout(encoding, separator, names, has_header, n_above, len(start), long)


def read(path, layout, columns, as_text, decimal, missing=True):
    """The Arrow table of the file at `path`.

    Args:
        path: of the file.
        layout: its `Layout`.
        columns: names of those to read, each once in the layout; None for all there are.
        as_text: names of those whose values stay text, whatever they look like.
        decimal: mark of decimals.
        missing: whether text such as "NA" is a missing value; False leaves it as it is.
    """
    source, encoding, n_above = str(path), layout.encoding, layout.n_above
    if layout.separator == " ":  # any number of them separates
        with _open(path) as file:
            text, _, _ = _below(file.read().decode(encoding))
        source, encoding, n_above = io.BytesIO(_squeezed(text).encode()), "utf-8", 0
    return read_csv(
        source,
        ReadOptions(
            block_size=max(BLOCK, 2 * layout.longest),
            column_names=layout.names,
            skip_rows=n_above,
            skip_rows_after_names=int(layout.has_header),
            encoding=encoding,
        ),
        ParseOptions(delimiter=layout.separator, newlines_in_values=True),
        ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys((*as_text, *layout.long_integers), pyarrow.string()),
            null_values=MISSING,
            strings_can_be_null=missing,
            true_values=YES,
            false_values=NO,
            decimal_point=decimal,
        ),
    )


def _open(path):
    """The bytes of a file, as they were before it was compressed."""
    return pyarrow.input_stream(str(path), compression="detect")


def _start(path):
    """The first bytes of a file, some whole lines of them, and whether they are all there are."""
    with _open(path) as file:
        start = file.read(SAMPLE)
        while len(start.splitlines()) <= FEWEST_LINES and (more := file.read(len(start))):
            start += more  # of a table of very many columns
        return start, not file.read(1)


def _encoding(path):
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open(path) as file:
        chunk = file.read(CHUNK)
        for mark, encoding in MARKS.items():
            if chunk.startswith(mark):
                return encoding
        if b"\0" in chunk:
            raise UserError(
                f"--encoding must name that of a text with zero bytes, such as utf-16-le. "
                f"Received: {path}"
            )
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return WITHOUT_MARK
    return "utf-8"


def _below(text):
    """The text from its first row on, the number of lines above, and the separator they say.

    Blank lines stand there, and `sep=;`, as Excel writes it. The mark of a comment before the first
    name, as NumPy writes it, goes too.
    """
    above = ABOVE.match(text.removeprefix("\ufeff"))
    rows = above.string[above.end() :]
    return COMMENT.sub("", rows), len(re.findall(NEWLINE, above[0])), above[1]


def _separator(path, text, is_whole, options):
    """What separates the columns: what splits the rows alike, and most of them into numbers."""
    if options.separator is not None:
        return SEPARATORS[options.separator]
    if ".tsv" in path.suffixes:
        return "\t"
    shares = {}
    for separator in SEPARATORS.values():
        rows = _rows(text, separator, is_whole)
        if rows and _are_alike(rows):
            shares[separator] = _share_of_numbers(rows[1:] or rows)
    if shares.get(" ", 1.0) < 0.5:  # words of a text rather than columns
        del shares[" "]
    best = [name for name, share in shares.items() if share == max(shares.values())]
    if len(best) > 1 and " " in best:  # as after a comma
        best.remove(" ")
    if len(best) > 1:
        raise UserError(
            f"--separator must say what separates the columns of {path}. "
            f"Received: rows that {' and '.join(map(repr, best))} divide alike"
        )
    if best:
        return best[0]
    line = text.partition("\n")[0]  # of a damaged file, whose reader says where; or of one column
    return max((s for s in ",;\t|" if s != options.decimal), key=line.count)


def _rows(text, separator, is_whole):
    """The first rows of a text, without blank ones."""
    if separator == " ":
        text = _squeezed(text)
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) == MOST_ROWS:
                return rows
    except csv.Error:  # a quote that does not end
        return []
    return rows if is_whole or len(rows) < 2 else rows[:-1]


def _squeezed(text):
    """The text with one space in place of several, and none around a line."""
    return re.sub(" +", " ", re.sub(r"(?m)^ +| +(?=\r?$)", "", text))


def _are_alike(rows):
    widths = set(map(len, rows))
    return (len(widths) == 1 and widths != {1}) or _lacks_name_of_index(rows)


def _lacks_name_of_index(rows):
    """Whether the names are one fewer than the columns, the first of which R gave none."""
    widths = set(map(len, rows[1:]))
    return (
        widths == {len(rows[0]) + 1}
        and len(rows[0]) > 1
        and any(row[-1].strip() for row in rows[1:])  # else rows end with a separator
    )


def _share_of_numbers(rows):
    cells = [cell for row in rows for cell in row]
    return sum(map(_is_number, cells)) / len(cells)


def _is_number(text):
    """Whether a cell is a number, whatever its marks."""
    return NUMBER.fullmatch(text) is not None


def _has_header(row):
    """Whether the first row holds names: text, or 0, 1, 2 and on, as pandas names columns."""
    if all(map(_is_number, row)):
        return len(row) >= FEWEST_COUNTED and row == list(map(str, range(len(row))))
    decimals = [cell for cell in row if _is_number(cell) and not cell.strip().isdecimal()]
    if decimals:
        raise UserError(
            "--header or --no-header must say whether the first row holds names. "
            f"Received: text and numbers, such as {decimals[0]!r}"
        )
    return True
