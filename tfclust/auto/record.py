"""What `cluster_rows` did, in plain words."""

SURE = ((0.9, "very sure"), (0.75, "fairly sure"), (0.5, "not very sure"), (-1.0, "unsure"))


def summary(record):
    """A few lines that say what was done, what was chosen, and how sure that is.

    Args:
        record: of a `Clustering`.

    Returns:
        A str of several lines.
    """
    lines = [
        f"{record['rows']:,} rows of {record['columns']:,} values: "
        f"{record.get('preparation', 'scaled as asked')}.",
        _codes(record),
        _heading(record),
        *(f"  {_line(tried, record['chosen'])}" for tried in record["tried"]),
        f"Kept {_words(record)}: {record['reason']}.",
    ]
    if record["agreement"] is not None:
        lines.append(_sureness(record))
    lines.append(
        f"In one forward pass, the model gives {record['fidelity']:.1%} of the rows that cluster; "
        "labels are those that it gives."
    )
    return "\n".join(lines)


def _codes(record):
    if any(tried["way"].startswith("codes") for tried in record["tried"]):
        return f"{record['autoencoders']} autoencoders were trained, each from other weights."
    return "The rows are too few for an autoencoder to say more than they do."


def _heading(record):
    known = any(tried["assortativity"] is not None for tried in record["tried"])
    neighbours = " and neighbouring rows stay together" if known else ""
    return f"Tried, with how well the seeds agree{neighbours} (1: entirely), and the sizes:"


def _line(tried, chosen):
    agreement = "one seed" if tried["agreement"] is None else f"{tried['agreement']:.2f}"
    if tried["assortativity"] is not None:
        agreement += f", {tried['assortativity']:.2f}"
    sizes = ", ".join(f"{size:,}" for size in sorted(tried["sizes"], reverse=True)[:10])
    more = ", ..." if len(tried["sizes"]) > 10 else ""
    mark = "*" if tried["way"] == chosen else " "
    empty = "; a cluster is empty" if tried["degenerate"] else ""
    return f"{mark} {tried['words']}: {agreement}; {sizes}{more}{empty}"


def _words(record):
    return next(way["words"] for way in record["tried"] if way["way"] == record["chosen"])


def _sureness(record):
    sure = next(words for least, words in SURE if record["agreement"] >= least)
    anew = "" if record["chosen"].startswith("codes") else ", which start anew on the same rows,"
    return f"The seeds{anew} are {sure} of the clusters."
