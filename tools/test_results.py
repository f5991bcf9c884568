#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Keeps what the steps of tools/test.sh ended with, one JSON object a line, and reports it.

  test_results.py record RESULTS NAME ok|fail [LOG]   one step; LOG holds its output
  test_results.py collect RESULTS TESTLOG CODE        the tests of one `meson test`, which ended with CODE
  test_results.py report RESULTS                      what failed, with the end of its output, and the count

The report ends with the line `N passed, N failed, N skipped`, and with exit code 1 when a test failed or none ran.
"""
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

TAIL_LINES = 40
# Of Meson's words; any other, such as one of a later version, counts as a failure.
PASSED = ("OK", "EXPECTEDFAIL")
SKIPPED = ("SKIP", "IGNORED")


@dataclass(frozen=True)
class Result:
    name: str
    outcome: str  # passed, failed or skipped
    why: str = ""
    output: str = ""


def append(results: Path, new: list[Result]) -> None:
    with results.open("a") as file:
        for result in new:
            file.write(json.dumps(asdict(result)) + "\n")


def record(results: Path, name: str, outcome: str, log: Path | None) -> None:
    output = log.read_text(errors="replace") if log else ""
    append(results, [Result(name, {"ok": "passed", "fail": "failed"}[outcome], "", output)])


def collect(results: Path, test_log: Path, code: int) -> None:
    lines = test_log.read_text(errors="replace").splitlines() if test_log.exists() else []
    found = [from_meson(json.loads(line)) for line in lines if line.strip()]
    if not found:
        why = f"meson test ended with {code} and ran no test; wanted: at least one"
        found = [Result("meson test", "failed", why)]
    elif code != 0 and all(result.outcome != "failed" for result in found):
        found.append(Result("meson test", "failed", f"ended with {code}, though no test failed"))
    append(results, found)


def from_meson(entry: dict[str, object]) -> Result:
    word = str(entry["result"])
    outcome = "passed" if word in PASSED else "skipped" if word in SKIPPED else "failed"
    output = "\n".join(str(entry[stream]) for stream in ("stdout", "stderr") if entry.get(stream))
    return Result(str(entry["name"]), outcome, f"{word}, exit code {entry.get('returncode')}", output)


def report(results: Path) -> int:
    lines = results.read_text().splitlines() if results.exists() else []
    found = [Result(**json.loads(line)) for line in lines]
    failed = [result for result in found if result.outcome == "failed"]
    for result in failed:
        print(f"\nfailed: {result.name}" + (f" ({result.why})" if result.why else ""))
        for line in result.output.splitlines()[-TAIL_LINES:]:
            print(f"  {line}")
    if failed:
        print("\nfailed: " + ", ".join(result.name for result in failed))
    if not found:
        print("no test ran; wanted: at least one")
    count = Counter(result.outcome for result in found)
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not failed else 1


def main(arguments: list[str]) -> int:
    match arguments:
        case ["record", results, name, ("ok" | "fail") as outcome, *log] if len(log) <= 1:
            record(Path(results), name, outcome, Path(log[0]) if log else None)
            return 0
        case ["collect", results, test_log, code]:
            collect(Path(results), Path(test_log), int(code))
            return 0
        case ["report", results]:
            return report(Path(results))
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
