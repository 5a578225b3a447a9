import numpy as np
import pytest
from PIL import Image
from refusals import mistake

from tfclust.cli.reading import Known, Options, read, read_labels, sha256


@pytest.fixture
def folder(tmp_path):
    """Two folders with grey images of 3 x 2, each of the shade of its number."""
    for i, name in enumerate(("cats/1.png", "cats/2.PNG", "dogs/0.png")):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (3, 2), 51 * i).save(path)
    (tmp_path / "images" / "notes.txt").write_text("no image")
    return tmp_path / "images"


def test_images_are_read_in_the_order_of_their_names(folder):
    samples = read(folder, Options(label_column="folder"))
    assert samples.files == ["cats/1.png", "cats/2.PNG", "dogs/0.png"]
    assert samples.labels.tolist() == ["cats", "cats", "dogs"]
    assert samples.image_shape == (2, 3)
    np.testing.assert_allclose(samples.x[:, 0, 0], [0.0, 0.2, 0.4], rtol=1e-6)
    assert samples.notes == []


def test_what_macos_writes_beside_images_is_no_image(folder):
    before = sha256(folder)
    for name in ("cats/._1.png", "__MACOSX/2.png", ".thumbnails/3.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\0\5\x16\7")
    samples = read(folder)
    assert samples.files == ["cats/1.png", "cats/2.PNG", "dogs/0.png"]
    assert samples.notes == []
    assert sha256(folder) == before


def cut(path):
    """Leave the first half of an image of noise, whose header is whole."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3), "uint8")
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:50])


@pytest.mark.parametrize("damage", [cut, lambda path: path.write_bytes(b"")])
def test_damaged_images_are_left_out_by_name(folder, damage):
    damage(folder / "cats" / "2.PNG")
    samples = read(folder, Options(label_column="folder"))
    assert samples.notes == ["1 damaged image is left out: cats/2.PNG"]
    assert samples.files == ["cats/1.png", "dogs/0.png"]
    assert samples.labels.tolist() == ["cats", "dogs"]
    assert samples.left_out == [1]
    assert read_labels(folder).tolist() == ["cats", "cats", "dogs"]  # of all, as those of a table
    np.testing.assert_allclose(samples.x[:, 0, 0], [0.0, 0.4], rtol=1e-6)
    for path in ("cats/1.png", "dogs/0.png"):
        damage(folder / path)
    assert "where all are damaged" in mistake(folder)


def test_an_image_that_may_not_be_read_is_no_damaged_one(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuse)
    assert "Permission denied" in mistake(folder)


def test_one_image_of_colours_makes_all_of_them_coloured(folder):
    Image.new("RGBA", (3, 2), (255, 0, 51, 9)).save(folder / "red.png")
    samples = read(folder)
    assert samples.image_shape == (2, 3, 3)
    np.testing.assert_allclose(samples.x[-1, 0, 0], [1.0, 0.0, 0.2], rtol=1e-6)


def test_new_images_are_read_in_the_colours_of_the_run(folder):
    grey = read(folder).known
    assert read(folder, known=Known(**read(folder).known.to_json())).image_shape == (2, 3)
    assert read(folder, known=Known(colour=True)).image_shape == (2, 3, 3)
    Image.new("RGB", (3, 2), (255, 255, 255)).save(folder / "white.png")
    samples = read(folder, known=grey)
    assert samples.image_shape == (2, 3)
    assert samples.x[-1].tolist() == np.ones((2, 3)).tolist()
    assert samples.notes == ["1 of the images has colours and is read as grey, as in the run"]


def test_arrays_of_images_settle_the_colours_too(tmp_path):
    for shape, colour in (((2, 3), False), ((2, 3, 1), False), ((2, 3, 3), True)):
        np.save(tmp_path / "data.npy", np.zeros((4, *shape), "uint8"))
        assert read(tmp_path / "data.npy").known.colour is colour


def test_images_of_other_sizes_are_named(folder):
    Image.new("L", (5, 5)).save(folder / "odd.png")
    assert "most here are of 3 x 2. Received: odd.png of 5 x 5" in mistake(folder)


def test_bad_folders_of_images_are_mistakes(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "must hold images" in mistake(tmp_path / "empty")
    assert "--label-column folder" in mistake(folder, label_column="kind")
    assert "must be read without --columns" in mistake(folder, columns=("a",))
    Image.fromarray(np.zeros((2, 3), "int32")).save(folder / "deep.tif")
    assert "8 bits" in mistake(folder)
