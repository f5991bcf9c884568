# SPDX-License-Identifier: MIT
"""Many seeds on several cores: every process takes each n-th of them. Adds up what they report, and says loudly which
kinds of faults never happened."""
from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from pathlib import Path

from .shrinking import Failure, Shrinking

ENOUGH_RUNS = 20  # that may have had a kind of fault; fewer say nothing


class Report:
    """The sums of what processes print at their end."""

    def __init__(self) -> None:
        self.runs = 0
        self.events = 0
        self.hours = 0.0
        self.cpu_minutes = 0.0
        self.counts: Counter[str] = Counter()
        self.possible: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()

    def add(self, text: str) -> None:
        head = re.search(r"^runs (\d+), events (\d+), simulated hours (\S+), (\S+) for each minute of CPU$", text, re.M)
        if head is None:
            raise ValueError(f"the simulator ended without a report: {text[-500:]}")
        self.runs += int(head[1])
        self.events += int(head[2])
        self.hours += float(head[3])
        self.cpu_minutes += float(head[3]) / float(head[4]) if float(head[4]) > 0 else 0.0
        for what, times in re.findall(r"^  (.+) (\d+)$", text, re.M):
            self.counts[what] += int(times)
        for kind, runs, times in re.findall(r"^fault: (.+), possible in (\d+) runs, (\d+) times$", text, re.M):
            self.possible[kind] += int(runs)
            self.happened[kind] += int(times)

    def missing(self) -> list[str]:
        """Kinds of faults that many runs may have had, and none had."""
        return [kind for kind, runs in self.possible.items() if runs >= ENOUGH_RUNS and self.happened[kind] == 0]

    def text(self) -> str:
        pace = self.hours / self.cpu_minutes if self.cpu_minutes > 0 else 0.0
        lines = [f"  {what} {times}" for what, times in sorted(self.counts.items()) if what not in self.possible]
        lines.append("faults by kind:")
        for kind in self.possible:
            lines.append(f"  {kind}: {self.happened[kind]} times, possible in {self.possible[kind]} runs")
        lines += [f"NEVER HAPPENED: {kind}, possible in {self.possible[kind]} runs" for kind in self.missing()]
        lines.append(f"{self.runs} seeds, {self.events} events, {self.hours:.2f} simulated hours, "
                     f"{pace:.2f} for each minute of CPU")
        return "\n".join(lines)


class Campaign:
    def __init__(self, program: Path, minutes: int, seed: int, jobs: int, others: list[str]) -> None:
        self.commands = [
            [str(program), "--minutes", str(minutes), "--seed", str(seed + job), "--step", str(jobs), *others]
            for job in range(jobs)
        ]
        self.program = program
        self.seed = seed
        self.others = others

    def run(self) -> int:
        print(f"first seed {self.seed}", flush=True)
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                     for command in self.commands]
        texts, failed = self.wait(processes)
        if failed is not None:
            return self.failed(processes[failed].returncode, texts[failed])
        report = Report()
        for text in texts:
            report.add(text)
        print(report.text(), flush=True)
        return 0

    @staticmethod
    def wait(processes: list[subprocess.Popen[str]]) -> tuple[list[str], int | None]:
        """The output of each, and the first that fails, which ends the others."""
        texts = [""] * len(processes)
        failed = None
        waiting = set(range(len(processes)))
        while waiting:
            for number in sorted(waiting):
                try:
                    texts[number] = processes[number].communicate(timeout=0.2)[0]
                except subprocess.TimeoutExpired:
                    continue
                waiting.discard(number)
                if processes[number].returncode == 0 or failed is not None:
                    continue
                failed = number
                for other in waiting:
                    processes[other].terminate()
            time.sleep(0.05)
        return texts, failed

    def failed(self, exit_code: int, text: str) -> int:
        print(text, flush=True)
        failure = Failure.found_in(text)
        if failure is not None:
            Shrinking(self.program, failure.seed, self.others).run()
        else:
            print(f"simulate: a process ended with {exit_code} and no word; wanted: its report")
        return exit_code if exit_code > 0 else 1
