# SPDX-License-Identifier: MIT
"""Makes a run that breaks a promise smaller: without one kind of fault after the other, with fewer clients and nodes
and less time, as long as a promise of the same kind is broken."""
from __future__ import annotations

import re
import shlex
import subprocess
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

SECONDS_MAX = 600.0  # for all attempts together
CLIENTS = (0, 1, 2, 4)
NODES = (1, 2, 3, 4, 5)
SECONDS = (1, 2, 3, 5, 8, 13, 21)


@dataclass(frozen=True)
class Failure:
    kind: str
    seed: int
    faults: tuple[str, ...]  # that the run may have had

    @staticmethod
    def found_in(text: str) -> Failure | None:
        kind = re.search(r"^FAIL kind=(\S+)", text, re.M)
        run = re.search(r"^seed (\d+): .*; faults: (.*)$", text, re.M)
        if kind is None or run is None:
            return None
        faults = () if run[2] == "none" else tuple(run[2].split(", "))
        return Failure(kind[1], int(run[1]), faults)


@dataclass(frozen=True)
class Size:
    """What a run is held to; None: whatever its seed says."""

    without: tuple[str, ...] = ()
    nodes: int | None = None
    clients: int | None = None
    seconds: int | None = None

    def arguments(self) -> list[str]:
        words = [word for kind in self.without for word in ("--without", kind)]
        for name in ("nodes", "clients", "seconds"):
            bound = getattr(self, name)
            if bound is not None:
                words += [f"--{name}", str(bound)]
        return words


@dataclass
class Shrinking:
    program: Path
    seed: int
    others: list[str]
    attempts: int = 0
    began: float = field(default_factory=time.monotonic)

    def run(self) -> int:
        first = self.attempt(Size())
        if first is None:
            print(f"shrink: seed {self.seed} breaks no promise; wanted: a run that fails")
            return 0
        size = self.shrink(Size(), first)
        print(f"shrunk in {self.attempts} attempts, still kind={first.kind}:")
        print("replay: tools/simulate " + shlex.join(["--seed", str(self.seed), *self.others, *size.arguments()]),
              flush=True)
        return 1

    def shrink(self, size: Size, wanted: Failure) -> Size:
        """Goes through all that may be left out until nothing more can."""
        while True:
            before = size
            for fault in wanted.faults:
                if fault not in size.without:
                    size = self.keep_if_same(size, replace(size, without=(*size.without, fault)), wanted)
            size = self.least(size, "seconds", SECONDS, wanted)
            size = self.least(size, "clients", CLIENTS, wanted)
            size = self.least(size, "nodes", NODES, wanted)
            if size == before or self.is_late():
                return size

    def least(self, size: Size, name: str, bounds: tuple[int, ...], wanted: Failure) -> Size:
        now = getattr(size, name)
        for bound in bounds:
            if now is not None and bound >= now:
                break
            tried = replace(size, **{name: bound})
            if self.keep_if_same(size, tried, wanted) == tried:
                return tried
        return size

    def keep_if_same(self, size: Size, tried: Size, wanted: Failure) -> Size:
        if self.is_late():
            return size
        found = self.attempt(tried)
        return tried if found is not None and found.kind == wanted.kind else size

    def attempt(self, size: Size) -> Failure | None:
        self.attempts += 1
        command = [str(self.program), "--seed", str(self.seed), *self.others, *size.arguments()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return Failure.found_in(done.stdout) if done.returncode != 0 else None

    def is_late(self) -> bool:
        return time.monotonic() - self.began > SECONDS_MAX
