"""What is said of files that are refused."""

import pytest

from tfclust.cli.messages import UserError
from tfclust.cli.reading import Options, read


def mistake(path, known=None, **options):
    """What `read` says of a file that it refuses."""
    with pytest.raises(UserError) as error:
        read(path, Options(**options), known)
    return str(error.value)
