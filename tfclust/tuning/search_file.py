"""The one file in which a search keeps all it needs to go on."""

import contextlib
import json
import os
from pathlib import Path

NAME = "search.json"


class SearchFile:
    """A search's state on the disk, replaced as a whole so that no moment sees half of it.

    Args:
        directory: folder of the search, made when needed; None keeps nothing.
        search: what identifies the search, plain JSON.

    Raises:
        ValueError: the folder holds another search, or a file that cannot be read as one.
    """

    def __init__(self, directory, search):
        self.path = None if directory is None else Path(directory) / NAME
        self.search = json.loads(json.dumps(search))
        self._state = self._read()

    @contextlib.contextmanager
    def taken_up(self):
        """The state that was written last, or None, for whoever goes on from it.

        Raises:
            ValueError: the state is damaged, which shows as it is taken up.
        """
        try:
            yield self._state
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error):
        return ValueError(
            f"`directory` must be empty or hold a search. Received: {self.path}, which cannot be "
            f"read as one ({type(error).__name__}: {error}). Remove it to begin anew"
        )

    def _read(self):
        if self.path is None or not self.path.exists():
            return None
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            found, state = dict(content["search"]), dict(content["state"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._unreadable(error) from error
        if found != self.search:
            names = sorted({*found, *self.search})
            differences = (
                f"{name}={found.get(name)!r} there, {self.search.get(name)!r} here"
                for name in names
                if found.get(name) != self.search.get(name)
            )
            raise ValueError(
                "`directory` must be empty or hold this very search. "
                f"Received: {self.path}, a search with {'; '.join(differences)}"
            )
        return state

    def write(self, state):
        """Replaces the state, plain JSON."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"search": self.search, "state": state}), encoding="utf-8")
        os.replace(part, self.path)
