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
    from tfclust.demo import report, training
    from tfclust.demo.contenders import CONTENDERS

    data = datasets.load("digits", flatten=True)
    print(f"{len(data.x)} images of handwritten digits, {data.n_classes} clusters, no labels.")
    seeds = range(arguments.seeds)
    results = [training.compete(contender, data, seeds) for contender in CONTENDERS]
    _print_table(results)
    print(f"\nReport: {report.write(results, data, arguments.out).resolve()}")
    return 0


def _print_table(results):
    width = max(len(result.contender.name) for result in results)
    print(f"\n{'model':{width}}    ACC    NMI    ARI  seconds")
    for result in results:
        scores = "".join(f"{100 * result.best.scores[name]:7.1f}" for name in SCORES)
        print(f"{result.contender.name:{width}}{scores}  {result.seconds:7.1f}")


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tfclust.demo",
        description="Cluster scikit-learn's digits with every model and write a report.",
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
