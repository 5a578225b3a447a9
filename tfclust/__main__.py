"""`python -m tfclust` is the command `tfclust`."""

from tfclust.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
