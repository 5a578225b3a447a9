import pytest

from reproduce.report.notes import NOTES, tried


@pytest.fixture
def notes(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text(
        "dataset,method,init,epochs,profile,tried\n"
        'usps,cm,random,150,reference,"two more starts, to no avail"\n'
        "*,cm,*,*,*,a longer run\n"
    )
    return path


def test_the_first_line_that_fits_is_taken(notes, experiment):
    assert tried(experiment("usps"), notes) == "two more starts, to no avail"
    assert tried(experiment("mnist"), notes) == "a longer run"


def test_a_row_without_a_note_has_no_words(notes, experiment):
    assert tried(experiment(method="kmeans"), notes) == ""


def test_the_notes_of_the_project_have_the_columns(experiment):
    header = NOTES.read_text().splitlines()[0]
    assert header == "dataset,method,init,epochs,profile,tried"
    assert isinstance(tried(experiment()), str)
