import json
import math

import numpy as np
import pytest

from tfclust.models import CM
from tfclust.recipes import RECIPES, find_recipe, read_settings
from tfclust.tuning import Range


def settings_of(found):
    return [trial.settings for trial in found.trials]


def test_every_trial_has_the_same_seeds_and_what_is_fixed(call, trainer):
    found = call(fixed={"batch_size": 50}, seed=2, epochs=7)
    assert len(found.trials) == 6
    for recipe, seeds in trainer.asked:
        assert (recipe.n_clusters, recipe.settings["batch_size"]) == (3, 50)
        assert (seeds, recipe.epochs) == ((6, 7, 8), 7)
    assert len({recipe.settings["alpha"] for recipe, _ in trainer.asked}) == 6


def test_the_best_trial_is_that_of_best_score(call):
    found = call()
    assert found.best.score == min(trial.score for trial in found.trials)
    assert found.best_settings == found.best.settings
    other = call(objective="stability")
    assert other.best.score == max(trial.score for trial in other.trials)


def test_the_same_search_makes_the_same_trials_and_another_seed_others(call):
    first, again, other = (settings_of(call(seed=seed, max_trials=3)) for seed in (0, 0, 1))
    assert first == again != other


def test_a_search_that_was_cut_off_goes_on_to_the_trials_of_one_that_was_not(
    call, trainer, tmp_path
):
    whole = call(algorithm="bayesian")
    trainer.asked.clear()
    trainer.stop_at = 6  # four are drawn, the fifth is the first that the process proposes
    with pytest.raises(KeyboardInterrupt):
        call(algorithm="bayesian", directory=tmp_path)
    assert len(trainer.asked) == 6
    resumed = call(algorithm="bayesian", directory=tmp_path)
    assert settings_of(resumed) == settings_of(whole)
    assert [trial.score for trial in resumed.trials] == [trial.score for trial in whole.trials]
    assert len(trainer.asked) - 1 == len(whole.trials)  # no finished trial is trained again


def test_a_finished_search_trains_no_more_and_a_longer_one_the_rest(call, trainer, tmp_path):
    call(directory=tmp_path, max_trials=3)
    again = call(directory=tmp_path, max_trials=3)
    assert (len(again.trials), len(trainer.asked)) == (3, 3)
    assert len(call(directory=tmp_path, max_trials=5).trials) == 5
    assert len(trainer.asked) == 5


def test_settings_that_diverge_or_collapse_are_bad_and_the_search_goes_on(call, trainer, tmp_path):
    trainer.diverges = lambda settings: settings["alpha"] > 100
    trainer.collapses = lambda settings: settings["alpha"] < 10
    found = call(directory=tmp_path, max_trials=8)
    assert len(found.trials) == 8
    assert 10 <= found.best.settings["alpha"] <= 100
    for trial in found.trials:
        sound = 10 <= trial.settings["alpha"] <= 100
        assert math.isfinite(trial.score) == sound
        assert trial.diverged == (trial.settings["alpha"] > 100)
    again = call(directory=tmp_path, max_trials=8)
    assert (again.trials, again.best) == (found.trials, found.best)
    assert "diverged" in found.table()


def test_a_score_that_is_nan_is_bad_and_the_search_goes_on(call, trainer, tmp_path, monkeypatch):
    whole = trainer.run

    def run(settings, seed, n):
        made = whole(settings, seed, n)
        if settings["alpha"] < 30:
            made.criteria["l_sp"] = math.nan
        return made

    monkeypatch.setattr(trainer, "run", run)
    found = call(directory=tmp_path, max_trials=8)
    assert found.best.settings["alpha"] >= 30
    assert {math.isfinite(trial.score) for trial in found.trials} == {True, False}
    assert call(directory=tmp_path, max_trials=8).best == found.best


def test_another_error_than_a_diverging_loss_ends_the_search(call, trainer):
    def fails(settings):
        raise NotImplementedError("no such layer")

    trainer.collapses = fails
    with pytest.raises(NotImplementedError, match="no such layer"):
        call()
    assert len(trainer.asked) == 1


def test_where_nothing_is_sound_the_trial_of_fewest_empty_clusters_stands_first(call, trainer):
    trainer.collapses = lambda settings: True
    found = call(max_trials=4)
    assert found.best.score == math.inf
    assert found.best.empty_clusters == 2
    assert found.plot().axes


def test_labels_are_scored_for_the_record_and_change_no_trial(call, labels):
    without, with_labels = call(), call(y=labels)
    assert settings_of(without) == settings_of(with_labels)
    assert without.best.mean_score("ari") is None
    assert 0 < with_labels.best.mean_score("ari") <= 1
    assert "purity" in with_labels.table()
    assert "purity" not in without.table()


def test_labels_choose_where_supervised_is_said(call, labels):
    found = call(y=labels, objective="ari", supervised=True, max_trials=3)
    means = [np.mean([run["scores"]["ari"] for run in trial.runs]) for trial in found.trials]
    assert found.best.score == max(means)


def test_hyperband_says_how_long_its_trials_are(call, trainer):
    call(algorithm="hyperband", epochs=9)
    assert {recipe.epochs for recipe, _ in trainer.asked} <= {1, 3, 9}


def test_the_table_lists_trials_from_best_to_worst(call):
    found = call()
    head, *lines = found.table().splitlines()
    assert head.split()[:4] == ["trial", "alpha", "batch_size", "l_sp"]
    scores = [trial.score for trial in found.trials]
    order = [found.trials[i].number for i in np.argsort(scores)]
    assert [int(line.split()[0]) for line in lines] == order


def test_the_plot_has_a_line_a_trial_and_an_axis_a_setting(call):
    found = call(max_trials=3)
    [ax] = found.plot("silhouette").axes
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == ["alpha", "batch size", "silhouette"]
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert len(lines) == 3
    assert sum(line.get_linestyle() == "--" for line in lines) == 1
    with pytest.raises(ValueError, match=r"`score` must be one of .*Received: score='loss'"):
        found.plot("loss")


def test_the_settings_file_holds_the_recipe_that_was_found(call, tmp_path):
    found = call(fixed={"learning_rate": 0.01}, algorithm="hyperband", epochs=9)
    path = tmp_path / "new" / "settings.json"
    found.save_settings(path)
    assert json.loads(path.read_text())["found_by"]["objective"] == "l_sp"
    recipe = read_settings(path)
    assert recipe.config() == found.best_recipe.config()
    assert recipe.epochs == found.best.epochs
    assert recipe.optimizer == {"learning_rate": 0.01}
    model = recipe.build(seed=4)
    assert isinstance(model, CM)
    assert (model.n_clusters, model.batch_size) == (3, found.best_settings["batch_size"])
    assert (model.alpha, model.seed) == (found.best_settings["alpha"], 4)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "write_settings"), ("{}", "without model, settings")]
)
def test_a_file_that_holds_no_settings_is_refused(tmp_path, text, message):
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_settings(tmp_path / "settings.json")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": "kmeans"},
            "`model` must be one of cm, aecm, .*gumbel.*'kmeans'",
        ),
        ({"objective": "lsp"}, "`objective` must be one of"),
        ({"objective": "acc"}, "`y` must be given"),
        ({"objective": "stability", "seeds_per_trial": 1}, "at least 2 for stability"),
        ({"algorithm": "grid"}, "`algorithm` must be one of bayesian, hyperband, random"),
        ({"space": []}, "must leave one setting at least to search. Received: an empty space"),
        ({"fixed": {"alpha": 1.0, "batch_size": 8}}, "Received: an empty space, fixed="),
        ({"space": [Range("gamma", 1, 2)]}, "must be among alpha, batch_size.*Received: gamma"),
        ({"fixed": {"seed": 3}}, "Received: seed"),
        ({"space": [Range("alpha", 1, 2)] * 2}, "name each setting once"),
        ({"n_clusters": 1}, "`n_clusters` must be an integer of at least 2"),
        ({"max_trials": 0}, "`max_trials` must be an integer of at least 1"),
        ({"seeds_per_trial": 0}, "`seeds_per_trial` must be"),
        ({"epochs": 0}, "`epochs` must be"),
        ({"seed": -1}, "`seed` must be"),
        ({"y": np.zeros(3, int)}, "one label for each of the 37 rows"),
        ({"x": np.full((9, 2), np.nan)}, "NaN or infinite"),
        ({"n_clusters": 50}, "as many rows as there are clusters"),
    ],
)
def test_what_is_wrong_is_said_before_any_training(call, trainer, changes, message):
    with pytest.raises(ValueError, match=message):
        call(**changes)
    assert not trainer.asked


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"objective": "stability"}, "objective='l_sp' there, 'stability' here"),
        ({"seed": 1}, "seed=0 there, 1 here"),
        ({"n_clusters": 4}, "n_clusters=3 there, 4 here"),
        ({"fixed": {"batch_size": 8}}, "'batch_size': 8"),
        ({"x": np.ones((37, 6), "float32")}, "data="),
        ({"space": [Range("alpha", 1.0, 9.0, whole=True)]}, "'whole': True"),
    ],
)
def test_a_folder_of_another_search_is_refused(call, trainer, tmp_path, changes, difference):
    call(directory=tmp_path, max_trials=1)
    with pytest.raises(
        ValueError, match=r"hold this very search. Received: .*search.json"
    ) as error:
        call(directory=tmp_path, **changes)
    assert difference in str(error.value)
    assert len(trainer.asked) == 1


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"search": {}})])
def test_a_folder_whose_search_cannot_be_read_is_refused(call, trainer, tmp_path, content):
    (tmp_path / "search.json").write_text(content)
    with pytest.raises(ValueError, match=r"`directory` must be empty or hold"):
        call(directory=tmp_path)
    assert not trainer.asked


DAMAGES = {
    "no state": lambda state: None,
    "no trials": lambda state: {"oracle": state["oracle"]},
    "no oracle": lambda state: {"trials": state["trials"]},
    "a trial without runs": lambda state: {**state, "trials": {"0": {"score": 1.0}}},
    "trials that are none": lambda state: {**state, "trials": 5},
    "an empty oracle": lambda state: {**state, "oracle": {}},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_folder_whose_state_is_damaged_is_refused(call, trainer, tmp_path, damage):
    call(directory=tmp_path, max_trials=2)
    path = tmp_path / "search.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "state": damage(content["state"])}))
    with pytest.raises(ValueError, match=r"search.json, which cannot be read as one .* Remove it"):
        call(directory=tmp_path, max_trials=3)
    assert len(trainer.asked) == 2


def test_what_is_shown_is_a_line_a_trial(call, capsys):
    call(verbose=True, max_trials=3)
    shown = capsys.readouterr()
    assert shown.out.count("l_sp=") == 3
    assert "best so far" in shown.out
    assert "search by l_sp" in shown.err


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_searched_are_settings_of_the_model(name):
    recipe = RECIPES[name]
    assert find_recipe(recipe.model_class()) is recipe
    values = {each.name: each.read(dict.fromkeys([each.name], 0)) for each in recipe.searched}
    assert recipe.changed(values).build(3).get_config()
