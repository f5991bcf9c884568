# SPDX-License-Identifier: MIT
"""A disk whose power can be cut: ext4 on an image behind a loop device. Needs root.

The kernel's own switch is thrown (EXT4_IOC_SHUTDOWN, without flushing the journal): every later call fails with EIO,
and what was neither synced nor written back is gone when the image is mounted again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path

EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_JOURNAL = 2
IMAGE_BYTES = 1 << 30
PROGRAMS = ("mkfs.ext4", "mount", "umount")


def why_not_here() -> str | None:
    """Why this machine cannot have such a disk; None: it can, as far as one sees without trying."""
    if os.geteuid() != 0:
        return "mounting a disk needs root"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if "ext4" not in Path("/proc/filesystems").read_text().split():
        return "the kernel has no ext4"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices"
    return None


class PowerCutDisk:
    """Mounted while it is entered; what it has set up it takes down, also after a failure. The kernel ends its loop
    device with the mount."""

    def __init__(self, directory: Path, image_bytes: int = IMAGE_BYTES) -> None:
        self.image = directory / "disk.image"
        self.mount_point = directory / "disk"
        self.image_bytes = image_bytes
        self.is_mounted = False

    def __enter__(self) -> "PowerCutDisk":
        self.mount_point.mkdir()
        with self.image.open("wb") as image:
            image.truncate(self.image_bytes)
        try:
            run("mkfs.ext4", "-q", "-F", str(self.image))
            self.mount()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_mounted:
            # Lazily: a process that a failed test has left behind must not keep it.
            subprocess.run(["umount", "--lazy", str(self.mount_point)], check=False)
            self.is_mounted = False

    def mount(self) -> None:
        run("mount", "-t", "ext4", "-o", "loop", str(self.image), str(self.mount_point))
        self.is_mounted = True

    def cut_power(self) -> None:
        descriptor = os.open(self.mount_point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("=I", WITHOUT_FLUSHING_THE_JOURNAL))
        finally:
            os.close(descriptor)

    def restore_power(self) -> None:
        """Needs: the power was cut, and no process uses the disk."""
        run("umount", str(self.mount_point))
        self.is_mounted = False
        self.mount()


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
