"""The declared papers, one file each."""

from reproduce.experiments import aecm, damic, gumbel, mixae

PAPERS = {paper.name: paper for paper in (aecm.PAPER, mixae.PAPER, damic.PAPER, gumbel.PAPER)}
