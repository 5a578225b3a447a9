"""The declared papers, one file each."""

from reproduce.experiments import aecm

PAPERS = {paper.name: paper for paper in (aecm.PAPER,)}
