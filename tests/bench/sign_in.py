"""Whether the time of a refused sign-in tells an unknown card from a wrong password.

    python3 tests/bench/sign_in.py

200 samples of each in an order of chance, the two medians, and a rank test (Mann and Whitney, two-sided, normal approximation): how probable such
a difference of ranks is when there is none. What is promised is counted by a test (`an_unknown_card_and_a_wrong_password_take_the_same_way`);
this is the look at the clock beside it.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ["cargo", "run", "--quiet", "--locked", "--package", "yujie-tests", "--example", "sign_in_times"]


def samples() -> dict[str, list[int]]:
    told: dict[str, list[int]] = {"unknown": [], "wrong": []}
    run = subprocess.run(COMMAND, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    for line in run.stdout.splitlines():
        # The function writes its metrics there, too.
        kind, _, nanoseconds = line.partition(" ")
        if kind in told:
            told[kind].append(int(nanoseconds))
    return told


def rank_test(a: list[int], b: list[int]) -> tuple[float, float]:
    """The share of pairs in which one of `a` is the greater (a half when there is no difference), and its two-sided p."""
    n, m = len(a), len(b)
    greater = sum((x > y) + (x == y) / 2 for x in a for y in b)
    z = (greater - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return greater / (n * m), math.erfc(abs(z) / math.sqrt(2))


def main() -> int:
    told = samples()
    for kind, times in told.items():
        quarters = statistics.quantiles(times, n=4)
        print(f"{kind:8} {len(times)} samples, median {quarters[1] / 1e6:.3f} ms, quartiles {quarters[0] / 1e6:.3f}-{quarters[2] / 1e6:.3f} ms")
    share, p = rank_test(told["unknown"], told["wrong"])
    print(f"an unknown card takes longer in {share:.1%} of the pairs, p = {p:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
