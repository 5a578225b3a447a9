"""What a person asks for when a file is read."""

from dataclasses import asdict, dataclass, fields

from tfclust.cli.messages import UserError


@dataclass(frozen=True)
class Options:
    """The options of the command line that say how a file is read; a run keeps them.

    A word of `columns`, `drop` and `one_hot` is a name, or several with commas between them.

    Args:
        columns: to take, in this order; all but the others named here where empty.
        drop: to leave out.
        label_column: what holds labels: a column of a table, another array of an `.npz` file, or
            "folder" for the names of the folders of images. Kept out of the samples.
        id_column: of a table, kept out of the samples and written beside their clusters.
        missing: "drop" leaves rows with missing values out, "median" fills them; None refuses them.
        one_hot: columns of categories, each of which becomes a column of 0 and 1.
        dates: whether dates are taken as days since 1970; else they are refused.
        header: whether the first row of a text file holds the names of its columns; None finds out.
        separator: between the columns of a text file; None finds it.
        decimal: mark of decimals in a text file, "." or ",".
        thousands: mark between thousands in a text file; None for none.
        encoding: of a text file; None finds it.
    """

    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    label_column: str | None = None
    id_column: str | None = None
    missing: str | None = None
    one_hot: tuple[str, ...] = ()
    dates: bool = False
    header: bool | None = None
    separator: str | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str | None = None

    def __post_init__(self):
        if self.decimal == self.thousands:
            raise UserError(
                "--decimal and --thousands must be different marks. "
                f"Received: {self.decimal!r} for both"
            )

    @classmethod
    def of(cls, source):
        """The options in the arguments of a command, or in what `to_json` gave."""
        values = source if isinstance(source, dict) else vars(source)
        # A run of an earlier version lacks the options that came later; it was read without them.
        given = {field.name: values.get(field.name, field.default) for field in fields(cls)}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})

    def given(self):
        """Name -> value of the options that differ from the defaults."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }

    def words(self):
        """What to type for them on the command line."""
        words = []
        for name, value in self.given().items():
            words.append(f"--{'no-' if value is False else ''}{name.replace('_', '-')}")
            if not isinstance(value, bool):
                words += value if isinstance(value, tuple) else [value]
        return words

    def to_json(self):
        """What `run.json` holds of them; `of` takes it."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def allow_only(self, names, what):
        """Raises `UserError` where an option is given that is of no use for a kind of file."""
        others = [name for name in self.given() if name not in names]
        if others:
            raise UserError(
                f"{what} must be read without --{others[0].replace('_', '-')}. "
                f"Received: {self.given()[others[0]]!r}"
            )
