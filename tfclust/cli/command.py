"""The command line: what it takes, and what it says where something goes wrong."""

import argparse
import codecs
import importlib
import math
import os
import re
import sys
from pathlib import Path

from tfclust.auto.effort import EFFORT, EFFORTS
from tfclust.checks import did_you_mean
from tfclust.cli.messages import UserError
from tfclust.randomness import LARGEST_SEED
from tfclust.recipes import RECIPES
from tfclust.tuning import ALGORITHMS, LABEL_FREE
from tfclust.version import __version__

SCALES = {
    "standard": "each column to mean 0 and variance 1",
    "minmax": "each column to [0, 1]",
    "max_abs": "each column divided by its largest magnitude",
    "max": "all divided by the largest value",
    "rms": "all divided by the root of their mean square",
    "l2": "each row to length 1",
    "sqrt_dim": "all times the root of the number of columns",
}
SEPARATORS = (",", ";", "|", "tab", "space")
THOUSANDS = (",", ".", "'", " ")
GOES_ON = {
    "fit": "; the same command with --resume goes on",
    "tune": "; the same command goes on",
}


def main(argv=None):
    """Runs one command; returns 0, 1 for a failure, 2 for bad input, 130 where it was stopped."""
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = _parse(argv)
    try:
        # Imported here so that help answers without what the commands need.
        return importlib.import_module(f"tfclust.cli.{arguments.command}").run(arguments)
    except UserError as error:
        print(f"tfclust: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read what is printed has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImportError, OSError, RuntimeError) as error:
        print(f"tfclust: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        goes_on = GOES_ON.get(arguments.command, "")
        print(f"\ntfclust: stopped{goes_on}", file=sys.stderr)
        return 130


def _parse(argv):
    """The arguments; ends the process with the usage of the very command where they are wrong."""
    arguments, unknown = _parser().parse_known_args(argv, argparse.Namespace(argv=argv))
    if unknown:
        name = unknown[0].partition("=")[0]
        options = re.findall(r"--[a-z-]+", arguments.parser.format_help())
        said = did_you_mean(name, options) if name.startswith("-") else ""
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}{said and '.' + said}")
    if getattr(arguments, "data", "") is None:
        arguments.data = _taken_by_names(arguments)
    return arguments


def _taken_by_names(arguments):
    """The file that an option of several names has taken, as in `--columns a b data.csv`."""
    names = [getattr(arguments, option) for option in ("columns", "drop", "one_hot")]
    candidates = [words for words in names if len(words) > 1]
    if not candidates:
        arguments.parser.error("the following arguments are required: DATA")
    candidates.sort(key=lambda words: not Path(words[-1]).exists())
    return Path(candidates[0].pop())


def _parser():
    parser = argparse.ArgumentParser(
        prog="tfclust", description="Cluster a file with deep clustering models."
    )
    parser.add_argument("--version", action="version", version=f"tfclust {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_fit(commands)
    _add_tune(commands)
    predict = _command(commands, "predict", "find the clusters of the rows of another file")
    _add_run(predict)
    predict.add_argument("data", type=Path, metavar="DATA", help="file or folder, as for fit")
    predict.add_argument(
        "--out",
        type=Path,
        help="folder for labels.csv, memberships.npy and embedding.npy; without it the labels are "
        "printed",
    )
    _add_join(predict)
    export = _command(commands, "export", "write the model for TensorFlow Serving")
    _add_run(export)
    export.add_argument("--to", type=Path, required=True, help="folder of the versions")
    export.add_argument("--version", type=_positive, help="number; default: the next one")
    export.add_argument(
        "--warmup",
        action="store_true",
        help="add requests that the server answers before it takes those of clients",
    )
    evaluate = _command(commands, "evaluate", "score a run against labels")
    _add_run(evaluate)
    evaluate.add_argument(
        "--labels",
        type=Path,
        required=True,
        help=".csv, .parquet, .npy or .npz file with a label for each row, or the folder of the "
        "images, whose folders are the labels",
    )
    evaluate.add_argument("--label-column", metavar="NAME", help="of several columns, or arrays")
    _command(commands, "models", "list the models and their default settings")
    return parser


def _command(commands, name, text):
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(parser=command)
    return command


def _add_choice(group, option, choices, **kwargs):
    """Adds an option of few values; a mistyped one is answered by the closest."""

    def parse(text):
        if text not in choices:
            raise argparse.ArgumentTypeError(
                f"must be one of {', '.join(choices)}. Received: {text!r}."
                f"{did_you_mean(text, choices)}"
            )
        return text

    group.add_argument(option, type=parse, metavar=f"{{{','.join(choices)}}}", **kwargs)


def _add_run(command):
    command.add_argument("run", type=Path, metavar="RUN", help="folder that fit --out wrote")


def _add_join(command):
    command.add_argument(
        "--join",
        action="store_true",
        help="also write a table's columns, with what is found of each row as further ones: "
        "to joined.csv, or to the screen without --out",
    )


def _add_fit(commands):
    fit = _command(commands, "fit", "cluster a file and write a report")
    fit.add_argument(
        "-k",
        "--clusters",
        type=_clusters_or_several,
        required=True,
        metavar="K",
        help="number of clusters; or auto, or several such as 2-12, of which the one is taken that "
        "the rows speak for",
    )
    _add_data(fit)
    fit.add_argument("--out", type=Path, required=True, help="new folder for the results")
    _add_join(fit)
    _add_choice(
        fit,
        "--effort",
        EFFORTS,
        help=f"how much is tried where no model is named; default: {EFFORT}",
    )
    _add_choice(
        fit,
        "--model",
        RECIPES,
        help="default: that of --settings; aecm, where an option below is given; else what to do "
        "is chosen for the data, without labels",
    )
    training = fit.add_argument_group("training of a model")
    training.add_argument("--epochs", type=_positive, help="default: see tfclust models")
    training.add_argument("--batch-size", type=_positive, help="default: by rows, at most 256")
    training.add_argument("--seed", type=_seed, default=0, help="default: %(default)s")
    training.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings.json that tfclust tune wrote"
    )
    training.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="argument of the model's constructor, such as alpha=20 or hidden_units=64,64",
    )
    training.add_argument(
        "--pretrain",
        action=argparse.BooleanOptionalAction,
        help="start from a pretrained model; default: where the model has it",
    )
    training.add_argument("--pretrain-epochs", type=_positive, help="default: see tfclust models")
    training.add_argument(
        "--resume", action="store_true", help="go on where this command was cut off"
    )


def _add_tune(commands):
    tune = _command(commands, "tune", "search the settings of a model without labels")
    tune.add_argument(
        "-k", "--clusters", type=_clusters, required=True, metavar="K", help="number of clusters"
    )
    _add_data(tune)
    tune.add_argument(
        "--out", type=Path, required=True, help="folder of the search; the same command goes on"
    )
    _add_choice(tune, "--model", RECIPES, default="aecm", help="default: %(default)s")
    search = tune.add_argument_group("search")
    _add_choice(search, "--objective", LABEL_FREE, default="stability", help="default: %(default)s")
    search.add_argument("--trials", type=_positive, default=25, help="default: %(default)s")
    search.add_argument(
        "--runs", type=_positive, default=3, help="seeds of each trial; default: %(default)s"
    )
    _add_choice(
        search,
        "--algorithm",
        ALGORITHMS,
        default="bayesian",
        help="default: %(default)s",
    )
    search.add_argument(
        "--epochs", type=_positive, help="of each training; default: see tfclust models"
    )
    search.add_argument("--seed", type=_seed, default=0, help="default: %(default)s")


def _add_data(command):
    command.add_argument(
        "data",
        type=Path,
        metavar="DATA",
        help="text file of columns (.csv, .tsv, .txt, .gz of them), .parquet, .npy, .npz or .mtx "
        "file, or folder of images",
    ).required = False  # an option of several names may have taken it
    data = command.add_argument_group(
        "data", "NAMES is a,b,c or several words; the columns of an array are numbered from 0."
    )
    for option, text in (
        ("--columns", "columns to cluster by; default: all"),
        ("--drop", "columns to leave out"),
        ("--one-hot", "columns of categories; each category becomes a column of 0 and 1"),
    ):
        data.add_argument(
            option, nargs="+", action="extend", default=[], metavar="NAMES", help=text
        )
    data.add_argument(
        "--id-column", metavar="NAME", help="column to keep in labels.csv, not to cluster by"
    )
    data.add_argument(
        "--label-column",
        metavar="NAME",
        help="column of known labels, kept out of the training and scored in the report of fit; of "
        "a .npz file, another array; of images, `folder`",
    )
    data.add_argument(
        "--missing",
        choices=("drop", "median"),
        help="drop: leave rows with missing values out; median: fill them; default: refuse them",
    )
    data.add_argument("--dates", action="store_true", help="take dates as days since 1970")
    data.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first row of a text file holds names; default: unless it is all numbers",
    )
    for option, choices, text in (
        ("--separator", SEPARATORS, "between the columns of a text file: , ; | tab or space"),
        ("--decimal", (".", ","), "mark of decimals in a text file: . or ,"),
        ("--thousands", THOUSANDS, "mark between thousands in a text file: , . ' or a space"),
    ):
        default = "." if option == "--decimal" else None
        data.add_argument(option, choices=choices, default=default, metavar="MARK", help=text)
    data.add_argument(
        "--encoding", type=_encoding, help="of a text file, such as latin-1; default: detected"
    )
    scaling = data.add_mutually_exclusive_group()
    scaling.add_argument(
        "--standardize",
        dest="scale",
        action="store_const",
        const="standard",
        help="the same as --scale standard",
    )
    _add_choice(
        scaling,
        "--scale",
        SCALES,
        help="; ".join(f"{name}: {text}" for name, text in SCALES.items()),
    )


def _encoding(text):
    try:
        return codecs.lookup(text).name
    except LookupError as error:
        raise argparse.ArgumentTypeError(
            f"must be an encoding that Python knows. Received: {text!r}"
        ) from error


def _integer(minimum, maximum=math.inf):
    def parse(text):
        if not text.isdecimal() or not minimum <= int(text) <= maximum:
            bounds = (
                f"of at least {minimum}" if maximum == math.inf else f"from {minimum} to {maximum}"
            )
            raise argparse.ArgumentTypeError(f"must be an integer {bounds}. Received: {text!r}")
        return int(text)

    return parse


_seed, _positive, _clusters = _integer(0, LARGEST_SEED), _integer(1), _integer(2)


def _clusters_or_several(text):
    first, dash, last = text.partition("-")
    if text == "auto":
        return text
    if not dash:
        return _clusters(text)
    several = range(_clusters(first), _clusters(last) + 1)
    if len(several) < 2:
        raise argparse.ArgumentTypeError(f"must rise, as in 2-12. Received: {text!r}")
    return several
