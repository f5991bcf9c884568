#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/setup.sh against an apt and a dpkg of the test's own: what it asks of them, and what it leaves behind."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "tools" / "setup.sh"
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'

# Each writes down how it was called. apt-get also writes down whether a service could have started, and fails as often
# as the test wants.
FAKE_APT = """#!/bin/bash
echo "apt-get $*" >>"$FAKE/calls"
case "$*" in
  *update*) touch "$FAKE/updated" ;;
  *--simulate*)
    [[ ! -e $FAKE/lists-are-old || -e $FAKE/updated ]] || { echo "E: Unable to locate package"; exit 100; }
    cat "$FAKE/simulation"
    ;;
  *install*)
    "$TENON_SETUP_ROOT/usr/sbin/policy-rc.d"; echo "policy $?" >>"$FAKE/calls"
    [[ ! -e $FAKE/install-fails ]] || exit 100
    echo "$MISSING" >>"$FAKE/installed"
    ;;
esac
"""
FAKE_DPKG = """#!/bin/bash
for package in "${@:3}"; do
  if [[ $package != "$MISSING" ]] || grep --quiet "^$MISSING$" "$FAKE/installed"; then echo "installed $package"; fi
done
"""
FAKE_SUDO = '#!/bin/bash\n"$@"\n'


class Setup(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.policy = self.root / "usr/sbin/policy-rc.d"
        for name in ("etc", "usr/sbin", "bin", "fake"):
            (self.root / name).mkdir(parents=True)
        for name, text in (("apt-get", FAKE_APT), ("dpkg-query", FAKE_DPKG), ("sudo", FAKE_SUDO)):
            (self.root / "bin" / name).write_text(text)
            (self.root / "bin" / name).chmod(0o755)
        (self.root / "etc/os-release").write_text(DEBIAN)
        self.fake("installed", "")
        self.fake("calls", "")
        self.fake("simulation", "Inst gcovr (5.2-1 Debian:12/stable [all])\nConf gcovr (5.2-1)\n")

    def fake(self, name: str, text: str) -> None:
        (self.root / "fake" / name).write_text(text)

    def calls(self) -> list[str]:
        return (self.root / "fake/calls").read_text().splitlines()

    def run_setup(
        self, *arguments: str, missing: str = "gcovr", path: str = os.environ["PATH"]
    ) -> tuple[int, str]:
        environment = {
            "PATH": f"{self.root / 'bin'}:{path}",
            "TENON_SETUP_ROOT": str(self.root),
            "FAKE": str(self.root / "fake"),
            "MISSING": missing,
        }
        done = subprocess.run([str(SETUP), *arguments], env=environment, stdout=-1, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def assert_nothing_installed(self) -> None:
        self.assertEqual([call for call in self.calls() if "--simulate" not in call], [])
        self.assertFalse(self.policy.exists())

    def test_with_nothing_missing_it_says_so_in_one_line_and_asks_apt_nothing(self) -> None:
        self.assertEqual(self.run_setup("build", missing="gcovr"), (0, "setup: nothing to install for build\n"))
        self.assertEqual(self.calls(), [])

    def test_a_dry_run_says_what_would_be_installed_and_installs_nothing(self) -> None:
        code, output = self.run_setup("--dry-run", "test")
        self.assertEqual(code, 0)
        self.assertIn("setup: missing for test: gcovr\n", output)
        self.assertIn("setup: apt would install: gcovr\n", output)
        self.assert_nothing_installed()

    def test_it_wants_node_only_where_there_is_none_of_any_origin(self) -> None:
        programs = self.root / "programs"
        programs.mkdir()
        for program in Path("/usr/bin").iterdir():
            if program.name not in ("node", "npm"):
                (programs / program.name).symlink_to(program)
        without = self.run_setup("--dry-run", "test", missing="nodejs", path=str(programs))
        self.assertIn("setup: missing for test: nodejs\n", without[1])
        for name in ("node", "npm"):
            (programs / name).symlink_to("/bin/true")
        self.assertEqual(self.run_setup("--dry-run", "test", missing="nodejs", path=str(programs)),
                         (0, "setup: nothing to install for test\n"))  # fmt: skip

    def test_it_installs_what_is_missing_while_services_may_not_start(self) -> None:
        code, output = self.run_setup()
        self.assertEqual(code, 0, output)
        self.assertEqual(
            self.calls(),
            [
                "apt-get --simulate --no-install-recommends install gcovr",
                "apt-get --quiet --yes --no-remove --no-install-recommends install gcovr",
                "policy 101",
            ],
        )
        self.assertFalse(self.policy.exists())

    def test_it_stops_when_something_would_be_removed(self) -> None:
        self.fake("simulation", "Remv libboost1.74-dev [1.74]\nRemv other [1]\nInst gcovr (5.2-1)\n")
        code, output = self.run_setup("test")
        self.assertEqual(code, 1)
        self.assertIn("apt would remove: libboost1.74-dev other\n", output)
        self.assert_nothing_installed()

    def test_it_updates_the_lists_only_when_apt_does_not_know_a_package(self) -> None:
        self.fake("lists-are-old", "")
        code, output = self.run_setup("test")
        self.assertEqual(code, 0, output)
        self.assertEqual([call for call in self.calls() if "update" in call], ["apt-get --quiet update"])

    def test_a_policy_that_was_there_is_there_again(self) -> None:
        for fails in (False, True):
            with self.subTest(fails=fails):
                self.policy.write_text("#!/bin/sh\nexit 104\n")
                self.fake("installed", "")
                if fails:
                    self.fake("install-fails", "")
                self.assertEqual(self.run_setup("test")[0], 1 if fails else 0)
                self.assertIn("policy 101", self.calls())
                self.assertEqual(self.policy.read_text(), "#!/bin/sh\nexit 104\n")
                self.assertEqual([path.name for path in self.policy.parent.iterdir()], ["policy-rc.d"])

    def test_a_policy_saved_by_a_run_that_was_killed_is_restored(self) -> None:
        self.policy.write_text("#!/bin/sh\nexit 101\n")
        self.policy.with_name("policy-rc.d.before-tenon-setup").write_text("#!/bin/sh\nexit 104\n")
        self.assertEqual(self.run_setup("test")[0], 0)
        self.assertEqual(self.policy.read_text(), "#!/bin/sh\nexit 104\n")

    def test_another_system_is_refused_by_its_name(self) -> None:
        (self.root / "etc/os-release").write_text('PRETTY_NAME="Ubuntu 24.04 LTS"\nVERSION_ID="24.04"\nID=ubuntu\n')
        code, output = self.run_setup("build")
        self.assertEqual(code, 1)
        self.assertIn("this is Ubuntu 24.04 LTS; the package lists are for Debian 12", output)
        self.assertIn("libthrift-dev", output)
        (self.root / "etc/os-release").unlink()
        self.assertIn("this is a system that does not name itself", self.run_setup("build")[1])

    def test_an_unknown_purpose_is_usage(self) -> None:
        code, output = self.run_setup("everything")
        self.assertEqual(code, 64)
        self.assertIn("unknown argument 'everything'\nusage: tools/setup.sh", output)


if __name__ == "__main__":
    unittest.main()
