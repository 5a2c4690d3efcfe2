"""`make bench`: every benchmark, or those named; each prints what it measures.

Options after the names go to the benchmarks: `python -m benchmarks crashes --kills 50`.
"""

import subprocess
import sys
from itertools import takewhile

BENCHMARKS = (
    "clustering",
    "growth",
    "sample_difficulty",
    "art",
    "evidence",
    "learning_speed",
    "presets",
    "demo",
    "scale",
    "whole_run",
    "crashes",
    "review",
    "loop",
    "atlas",
)


def main() -> None:
    """Run them one after the other, each in a process of its own."""
    named = list(takewhile(lambda word: not word.startswith("-"), sys.argv[1:]))
    options = sys.argv[1 + len(named) :]
    if unknown := set(named) - set(BENCHMARKS):
        sys.exit(f"There is no benchmark {', '.join(unknown)}; known are {', '.join(BENCHMARKS)}.")
    for name in named or BENCHMARKS:
        print(f"== {name}", flush=True)
        # Not runpy: the workers of a benchmark find its functions by its own name.
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=True)


if __name__ == "__main__":
    main()
