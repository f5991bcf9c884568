# SPDX-License-Identifier: MIT
"""What `meson install` puts into a prefix, staged with DESTDIR and then moved to where nobody configured it for, and
what a stranger does with it.

TENON_BUILD_DIRECTORY names the build that is installed. Builds are left with the flags of nobody: the environment's
CFLAGS and the like are not passed on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BUILD_DIRECTORY = Path(os.environ["TENON_BUILD_DIRECTORY"]).resolve()
TREE = Path(__file__).resolve().parents[2]
TEMPLATE = TREE / "subprojects" / "plugin-template"
COMMAND_SECONDS = 300.0
_NOT_PASSED_ON = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "DESTDIR")


def clean_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_PASSED_ON and not name.startswith(("TENON", "MESON"))
    }


class Failed(AssertionError):
    pass


def run(command: list[str | Path], environment: dict[str, str], directory: Path | None = None) -> str:
    """What the command says. Throws Failed, with that, when it fails."""
    done = subprocess.run(
        [str(word) for word in command], env=environment, cwd=directory, text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"{' '.join(str(word) for word in command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Prefix:
    """An installation, in a temporary directory of its own that only this user may write to."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="tenon-install-")
        self.room = Path(self._directory.name)
        self.path = self.room / "moved" / "tenon"
        staged = self.room / "staged"
        run(["meson", "install", "-C", BUILD_DIRECTORY, "--no-rebuild", "--quiet", "--destdir", staged],
            clean_environment())  # fmt: skip
        self.path.parent.mkdir()
        shutil.move(str(next(staged.glob("**/bin")).parent), str(self.path))
        self._make_private()
        self.environment = clean_environment()
        self.environment["PKG_CONFIG_PATH"] = str(self.find("pkgconfig/tenon-plugin.pc").parent)
        self.environment["CMAKE_PREFIX_PATH"] = str(self.path)
        self.environment["PATH"] = f"{self.path / 'bin'}:{self.environment['PATH']}"

    def _make_private(self) -> None:
        """Whatever umask the build ran under: a plugin that others may write to is refused."""
        for path in [self.path, *self.path.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o022)

    def cleanup(self) -> None:
        self._directory.cleanup()

    def files(self) -> set[str]:
        return {str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file()}

    def find(self, ending: str) -> Path:
        found = [path for path in self.path.rglob("*") if str(path).endswith("/" + ending)]
        if len(found) != 1:
            raise AssertionError(f"found {len(found)} files {ending} below {self.path}, wanted one")
        return found[0]

    def plugin_directory(self) -> Path:
        return self.find("tenon/plugins")

    def pkg_config(self, *flags: str) -> list[str]:
        return run(["pkg-config", *flags, "tenon-plugin"], self.environment).split()

    def run(self, *command: str | Path, directory: Path | None = None, **variables: str) -> str:
        return run(list(command), {**self.environment, **variables}, directory)
