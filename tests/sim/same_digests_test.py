#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""That a seed is the same run wherever it runs: same_digests_test.py [--runs N] SIMULATE..

Runs the same seeds with each of the programs, which may have been built by different compilers, as they come, without
randomized addresses, and with memory that is filled before and after use; and compares the digests seed by seed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys

RUNS_IN_FULL = 200
WAYS: tuple[tuple[str, list[str], dict[str, str]], ...] = (
    ("as it comes", [], {}),
    ("without randomized addresses", ["setarch", "--addr-no-randomize"], {}),
    ("with memory that is filled", [], {"MALLOC_PERTURB_": "165", "MALLOC_ARENA_MAX": "1"}),
)


def digests(command: list[str], environment: dict[str, str]) -> dict[str, str]:
    done = subprocess.run(
        command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return dict(re.findall(r"^seed (\d+) digest ([0-9a-f]+)$", done.stdout, re.MULTILINE))


def main() -> int:
    parser = argparse.ArgumentParser()
    share = int(os.environ.get("TENON_CAMPAIGN_PERCENT", "5"))
    parser.add_argument("--runs", type=int, default=max(1, RUNS_IN_FULL * share // 100))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    expected: dict[str, str] = {}
    for program in arguments.programs:
        for way, prefix, environment in WAYS:
            command = [*prefix, program, "--digest", "--seed", str(arguments.seed), "--runs", str(arguments.runs)]
            found = digests(command, environment)
            if len(found) != arguments.runs:
                sys.exit(f"{program}, {way}: found {len(found)} digests, expected {arguments.runs}")
            expected = expected or found
            other = [seed for seed in expected if found.get(seed) != expected[seed]]
            if other:
                sys.exit(f"{program}, {way}: another run than the first for the seeds {', '.join(other)}")
            print(f"{program}, {way}: {len(found)} seeds, no digest differs", flush=True)
    if len(set(expected.values())) != len(expected):
        sys.exit("different seeds have one digest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
