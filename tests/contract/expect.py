#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs tenon-plugin-check on a plugin and compares what it says with what is expected.

expect.py TOOL PLUGIN pass [CHECK..]             every check named passes; without names, every check of the suite
expect.py TOOL PLUGIN fail|crash|hang CHECK WORDS  this check ends so, and its reason has these words
"""
import os
import subprocess
import sys


def run(tool: str, plugin: str, checks: list[str]) -> tuple[int, str]:
    done = subprocess.run([tool, plugin, *checks], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout)
    return done.returncode, done.stdout


def verdict_of(output: str, check: str) -> str:
    for line in output.splitlines():
        words = line.split()
        if len(words) >= 2 and words[1] == check:
            return words[0].lower()
    return "no verdict"


def main() -> int:
    tool, plugin, expected, *rest = sys.argv[1:]
    if expected == "pass":
        # A campaign, which runs whole only where all campaigns do.
        if int(os.environ.get("TENON_CAMPAIGN_PERCENT", "5")) >= 100:
            rest += ["--suite", "full"]
        status, output = run(tool, plugin, rest)
        passes = status == 0 and " 0 passed" not in output and not output.startswith("0 passed")
        if not passes:
            print(f"found exit status {status}; expected every check to pass")
        return 0 if passes else 1
    check, words = rest
    status, output = run(tool, plugin, [check])
    found = verdict_of(output, check)
    if found != expected:
        print(f"found {found} of {check}; expected {expected}")
    if words not in output:
        print(f"found no '{words}' in the report; expected these words")
    return 0 if status != 0 and found == expected and words in output else 1


if __name__ == "__main__":
    sys.exit(main())
