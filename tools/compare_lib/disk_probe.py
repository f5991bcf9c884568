# SPDX-License-Identifier: MIT
"""How long the disk takes to make 4 KiB durable, alone and while two other processes ask the same of it.

No replicated write can be faster than that, so it says how much of a latency is the disk's.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

from compare_lib.errors import CompareError
from compare_lib.figures import median

BLOCK_BYTES = 4096
FILE_BYTES = 4 << 20
SYNCS = 300  # of each process
TIMEOUT_SECONDS = 120.0


def sync_times_us(path: Path, barrier: Barrier) -> list[float]:
    """Of writes one behind the other in a file whose blocks exist, as those of a preallocated log."""
    block = b"\xa5" * BLOCK_BYTES
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.pwrite(descriptor, bytes(FILE_BYTES), 0)
        os.fsync(descriptor)
        barrier.wait(TIMEOUT_SECONDS)
        times = []
        for number in range(SYNCS):
            begin = time.perf_counter()
            os.pwrite(descriptor, block, number * BLOCK_BYTES % FILE_BYTES)
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - begin) * 1e6)
        return times
    finally:
        os.close(descriptor)
        path.unlink()


def _run(path: Path, barrier: Barrier, results: "multiprocessing.SimpleQueue[list[float]]") -> None:
    results.put(sync_times_us(path, barrier))


def sync_p50_us(directory: Path, processes: int) -> float:
    """The median over all of them, each with a file of its own."""
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(processes)
    results = fork.SimpleQueue()
    children = [
        fork.Process(target=_run, args=(directory / f"disk-probe-{number}", barrier, results), daemon=True)
        for number in range(processes)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(TIMEOUT_SECONDS)
        if child.exitcode != 0:
            raise CompareError(f"the disk probe in {directory} did not end as expected (found {child.exitcode}); "
                               "is there room, and may this user write there?")  # fmt: skip
    return median([value for _ in children for value in results.get()])
