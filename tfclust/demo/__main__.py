"""`python -m tfclust.demo`: a table in the terminal and a page to look at."""

import argparse
from pathlib import Path

from tfclust.startup import start_tensorflow

SCORES = ("acc", "nmi", "ari")


def main(argv=None):
    """Runs the demo and returns its exit status."""
    arguments = _parser().parse_args(argv)
    print("Starting TensorFlow ...", flush=True)
    start_tensorflow()  # after it, so that help answers without it:
    from tfclust import datasets
    from tfclust.demo import report, results

    data = datasets.load("digits", flatten=True)
    print(f"{len(data.x)} images of handwritten digits, {data.n_classes} clusters, no labels.")
    seeds = range(arguments.seeds)
    found = [results.train(recipe, data, seeds) for recipe in results.recipes()]
    _print_table(found)
    print(f"\nReport: {report.write(found, data, arguments.out).resolve()}")
    return 0


def _print_table(results):
    width = max(len(result.recipe.model) for result in results)
    print(f"\n{'model':{width}}    ACC    NMI    ARI  seconds")
    for result in results:
        of_best = result.scores[result.best.seed]
        scores = "".join(f"{100 * of_best[name]:7.1f}" for name in SCORES)
        print(f"{result.recipe.model:{width}}{scores}  {result.seconds:7.1f}")


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tfclust.demo",
        description="Cluster scikit-learn's digits with every model that takes seconds and write a "
        "report.",
    )
    parser.add_argument(
        "--seeds", type=_positive, default=3, help="runs a model; default: %(default)s"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("demo/report.html"), help="page; default: %(default)s"
    )
    return parser


def _positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer. Received: {text!r}")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
