"""The ways of searching."""

ALGORITHMS = {
    "bayesian": "a Gaussian process proposes what it expects most of",
    "hyperband": "many short trials, then longer ones of the settings that did best",
    "random": "every setting is drawn",
}
