"""The declared papers, one file each."""

from reproduce.experiments import aecm, baselines, damic, gumbel, mixae, practical

PAPERS = {
    module.PAPER.name: module.PAPER for module in (aecm, mixae, damic, gumbel, baselines, practical)
}
