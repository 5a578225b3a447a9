import base64
import io
import re
import sys

import jinja2
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tfclust import pages


def decoded(address):
    kind, data = address.split(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a template of its own."""
    (tmp_path / "shop" / "templates").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "templates" / "own.html.j2").write_text(
        '{% extends "page.html.j2" %}{% block title %}T{% endblock %}'
        "{% block content %}<p>{{ text }}</p>{% endblock %}"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "shop"
    sys.modules.pop("shop", None)


def test_a_page_has_the_common_frame_and_escapes_text(package, tmp_path):
    path = pages.write(tmp_path / "new" / "page.html", package, "own.html.j2", text="a < b")
    page = path.read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>T</title>" in page
    assert "<p>a &lt; b</p>" in page


def test_what_is_wider_than_the_page_scrolls_or_breaks(package, tmp_path):
    page = pages.write(tmp_path / "page.html", package, "own.html.j2", text="").read_text()
    rules = dict(re.findall(r"^(\w+) \{ (.*) \}$", page, re.MULTILINE))
    assert "max-width: 100%; overflow-x: auto" in rules["table"]
    assert "overflow-wrap: anywhere" in rules["body"]
    assert "max-width: 100%" in rules["img"]


def test_a_name_that_the_content_lacks_is_an_error(package, tmp_path):
    with pytest.raises(jinja2.UndefinedError, match="text"):
        pages.write(tmp_path / "page.html", package, "own.html.j2")


def test_figures_and_pixels_become_addresses_of_pngs():
    assert decoded(pages.picture(Figure(figsize=(2, 1)))).size == (200, 100)
    grey = np.array([[0.0, 1.0, 2.0], [-1.0, 0.2, 0.4]])
    np.testing.assert_array_equal(
        np.asarray(decoded(pages.image(grey))), [[0, 255, 255], [0, 51, 102]]
    )
    assert decoded(pages.image(np.zeros((2, 3, 3)))).mode == "RGB"
