import base64
import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

import tfclust
from tfclust.demo import __main__ as command
from tfclust.demo import report
from tfclust.demo import results as demo
from tfclust.recipes import RECIPES
from tfclust.selection import measure


def brief(recipe):
    """The recipe with no more training than it takes to call it that."""
    pretraining = recipe.pretraining and {name: 1 for name in recipe.pretraining}
    return recipe.changed(epochs=2, pretraining=pretraining)


@pytest.fixture(scope="module")
def digits():
    everything = tfclust.datasets.load("digits", flatten=True)
    return dataclasses.replace(everything, x=everything.x[:150], y=everything.y[:150])


@pytest.fixture(scope="module")
def results(digits):
    """Of a model of rows, of one with a start, and of one of images."""
    shown = [recipe for recipe in demo.recipes() if recipe.name in ("cm", "aecm", "mixae")]
    return [demo.train(brief(recipe), digits, seeds=[3]) for recipe in shown]


@pytest.fixture(scope="module")
def page(results, digits, tmp_path_factory):
    path = report.write(results, digits, tmp_path_factory.mktemp("demo") / "new" / "page.html")
    return path.read_text(encoding="utf-8")


def test_every_recipe_that_takes_seconds_is_shown():
    shown = [recipe.name for recipe in demo.recipes()]
    assert shown == [name for name in RECIPES if name != "clustergan"]


def test_models_are_trained_by_their_recipes(results, digits):
    for result in results:
        assert result.seconds > 0
        epochs = 3 if result.recipe.averages else 2
        assert {len(values) for values in result.histories[3].values()} == {epochs}
        assert sum(result.best.sizes) == len(digits.x)


@pytest.mark.parametrize("recipe", demo.recipes(), ids=lambda recipe: recipe.name)
def test_there_is_an_image_of_every_cluster_of_every_model(recipe, digits):
    model = recipe.build(10, seed=0)
    model.prepare(digits.x)
    [run] = measure([model], digits.x)
    _, images = report._images(run, digits)
    assert images.reshape(10, 8, 8).shape == (10, 8, 8)
    assert np.isfinite(images).all()


def test_a_result_has_a_run_for_every_seed(digits):
    result = demo.train(brief(demo.recipes()[0]), digits, seeds=[0, 5])
    assert [run.seed for run in result.runs] == list(result.scores) == [0, 5]
    assert not np.array_equal(result.runs[0].labels, result.runs[1].labels)


def test_report_shows_scores_and_pictures_of_the_models(results, page):
    for result in results:
        assert f"<h2>{result.recipe.model}</h2>" in page
        assert f"<td>{100 * result.scores[3]['acc']:.1f}</td>" in page
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == 4 * len(results)
    for picture in pictures:
        Image.open(io.BytesIO(base64.b64decode(picture))).verify()


def test_report_needs_no_other_file(page):
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


@pytest.mark.parametrize("empty", [True, False])
def test_report_warns_of_an_empty_cluster(results, digits, tmp_path, monkeypatch, empty):
    monkeypatch.setattr(report, "_pictures", lambda result, data: {})
    run = results[0].best
    labels = np.arange(len(digits.x)) % (9 if empty else 10)
    sizes = tuple(np.bincount(labels, minlength=10).tolist())
    changed = dataclasses.replace(run, labels=labels, sizes=sizes)
    result = dataclasses.replace(results[0], runs=[changed])
    changed_page = report.write([result], digits, tmp_path / "page.html").read_text()
    assert ('class="warning"' in changed_page) == empty


def test_every_cluster_has_a_number_in_the_pictures_even_an_empty_one(digits):
    without_4 = np.where(digits.y == 4, 5, digits.y)
    numbers = report._numbers_after_classes(without_4, digits)
    assert sorted(numbers) == list(range(10))
    assert numbers[7] == 7


def test_command_prints_the_table_and_the_path(digits, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tfclust.datasets, "load", lambda name, flatten: digits)
    shortened = [brief(recipe) for recipe in demo.recipes()[:1]]
    monkeypatch.setattr(demo, "recipes", lambda: shortened)
    path = tmp_path / "page.html"
    assert command.main(["--seeds", "1", "--out", str(path)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^model +ACC +NMI +ARI +seconds$", printed, re.MULTILINE)
    for recipe in shortened:
        assert re.search(rf"^{recipe.model} +(\d+\.\d +){{3}}\d+\.\d$", printed, re.MULTILINE)
    assert printed.rstrip().endswith(str(path))
    assert path.exists()


def test_command_states_what_it_takes(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--seeds", "0"])
    assert "must be a positive integer. Received: '0'" in capsys.readouterr().err
