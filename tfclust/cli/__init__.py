"""`tfclust`: the command on a user's own file."""

from tfclust.cli.command import main

__all__ = ["main"]
