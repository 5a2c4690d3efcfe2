"""`python -m vsig_core`: the command, where its script is not on the path."""

from vsig_core.cli import main

if __name__ == "__main__":
    main()
