"""`make bench`: every benchmark, or those named; each prints what it measures."""

import runpy
import sys

BENCHMARKS = ("clustering", "growth", "sample_difficulty", "art", "demo", "scale", "crashes")


def main() -> None:
    """Run them one after the other."""
    names = sys.argv[1:] or BENCHMARKS
    if unknown := set(names) - set(BENCHMARKS):
        sys.exit(f"There is no benchmark {', '.join(unknown)}; known are {', '.join(BENCHMARKS)}.")
    for name in names:
        print(f"== {name}", flush=True)
        sys.argv = [name]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
