"""Pages: one HTML file each, with its pictures inside."""

import base64
import io
from pathlib import Path

import jinja2
import numpy as np


def write(path, package, template, **content):
    """Writes a page and returns its path.

    The template extends `page.html.j2`, the frame and the style of every page, and fills its
    blocks `title` and `content`. Text is escaped; a name that `content` lacks is an error.

    Args:
        path: of the page; its folder is made.
        package: that has the template, in its folder `templates`.
        template: name of the file.
        **content: what the template shows.

    Raises:
        OSError: the folder cannot be written.

    Example:

    ```python
    from tfclust.pages import write

    write("page.html", "tfclust", "page.html.j2")  # the frame alone
    ```
    """
    loaders = [jinja2.PackageLoader(package), jinja2.PackageLoader("tfclust")]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(environment.get_template(template).render(content), encoding="utf-8")
    return path


def picture(figure):
    """A matplotlib figure as the `data:` address of a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return _address(buffer)


def image(pixels):
    """Pixels in [0, 1], `(height, width)` or `(height, width, 3)`, as the address of a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(pixels, 0.0, 1.0) * 255)).save(buffer, format="png")
    return _address(buffer)


def _address(buffer):
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
