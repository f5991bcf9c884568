#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/compare by itself: its arithmetic, what it reads and says, and what it refuses. No server runs here."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from compare_lib import command_line, disk_probe, etcd_cluster, figures  # noqa: E402
from compare_lib import load_generator, plugin_figures, report, state_figures, tenon_cluster  # noqa: E402
from compare_lib.errors import CompareError  # noqa: E402
from compare_lib.plugin_figures import OTHER_STORAGE, OTHER_TRANSPORT, USUAL, Heartbeats, PluginFigures  # noqa: E402
from compare_lib.state_figures import StateFigures  # noqa: E402
from compare_lib.figures import READ_64, ROWS, WRITE_1, WRITE_64, Measured, Round, Spread  # noqa: E402

SHAPE = load_generator.LoadShape(16, 256, 10_000, 0.5, 2.0, "leader")


def measured(per_second: float, p50_us: float = 1000.0, p99_us: float = 2000.0, **errors: int) -> Measured:
    return Measured(per_second, p50_us, p99_us, dict(errors))


def one_round(tenon: float = 50_000, etcd: float = 5_000) -> Round:
    """Every row alike: Tenon with p50 1 ms and p99 2 ms, etcd with 5 and 20."""
    return Round({row.name: measured(tenon) for row in ROWS},
                 {row.name: measured(etcd, 5000.0, 20_000.0) for row in ROWS}, 100.0, 200.0, 0.25)  # fmt: skip


def with_row(one: Round, system: str, row: figures.Row, value: Measured) -> Round:
    return replace(one, **{system: {**getattr(one, system), row.name: value}})


class Statistics(unittest.TestCase):
    def test_the_median_of_an_odd_count_is_the_middle_and_of_an_even_one_the_mean_of_two(self) -> None:
        self.assertEqual(figures.median([9, 1, 5]), 5)
        self.assertEqual(figures.median([4, 1, 2, 9]), 3)

    def test_nothing_measured_is_an_error_and_not_zero(self) -> None:
        with self.assertRaisesRegex(CompareError, "found no measurement"):
            figures.median([])

    def test_a_spread_has_the_lowest_the_median_and_the_highest(self) -> None:
        self.assertEqual(figures.spread([7, 1, 4]), Spread(1, 4, 7))

    def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds(self) -> None:
        # The ratio of the medians would be 30 / 5 = 6.
        rounds = [one_round(10, 1), one_round(30, 5), one_round(40, 20)]
        self.assertEqual(figures.ratios(rounds, WRITE_64), [10, 6, 2])
        self.assertEqual(figures.spread(figures.ratios(rounds, WRITE_64)), Spread(2, 6, 10))

    def test_a_round_in_which_etcd_did_nothing_has_no_ratio(self) -> None:
        with self.assertRaisesRegex(CompareError, "etcd did nothing"):
            figures.ratios([one_round(10, 0)], WRITE_64)

    def test_errors_are_added_up_by_class(self) -> None:
        one = with_row(one_round(), "tenon", WRITE_1, measured(1, lost=2, busy=1))
        other = with_row(one_round(), "tenon", READ_64, measured(1, lost=3))
        self.assertEqual(figures.errors_of([one, other], "tenon"), {"lost": 5, "busy": 1})
        self.assertEqual(figures.errors_of([one, other], "etcd"), {})


class Verdicts(unittest.TestCase):
    def passed(self, rounds: list[Round]) -> list[bool]:
        return [one.passed for one in figures.verdicts(rounds)]

    def test_all_figures_pass_when_they_are_reached_exactly(self) -> None:
        self.assertEqual(self.passed([one_round(40_000, 5_000)]), [True] * 4)

    def test_each_figure_fails_alone(self) -> None:
        good = one_round()
        self.assertEqual(self.passed([with_row(good, "tenon", WRITE_64, measured(39_999))]), [False, True, True, True])
        self.assertEqual(self.passed([with_row(good, "tenon", READ_64, measured(39_999))]), [True, False, True, True])
        slow = measured(50_000, 1000.0, 5000.0)  # as slow as etcd's p50 is not below it
        self.assertEqual(self.passed([with_row(good, "tenon", WRITE_64, slow)]), [True, True, False, True])
        failing = measured(50_000, unknown=1)
        self.assertEqual(self.passed([with_row(good, "tenon", WRITE_1, failing)]), [True, True, True, False])

    def test_one_bad_round_of_three_does_not_decide(self) -> None:
        self.assertEqual(self.passed([one_round(), one_round(1_000), one_round()]), [True] * 4)
        self.assertEqual(self.passed([one_round(1_000), one_round(1_000), one_round()]), [False, False, True, True])

    def test_a_run_with_a_slow_etcd_is_invalid(self) -> None:
        self.assertEqual(figures.why_invalid([one_round(50_000, 3_000)]), [])
        reasons = figures.why_invalid([one_round(50_000, 2_999)])
        self.assertEqual(len(reasons), 1)
        self.assertIn("found etcd at 2999 writes/s", reasons[0])

    def test_a_run_with_errors_of_etcd_is_invalid(self) -> None:
        reasons = figures.why_invalid([with_row(one_round(), "etcd", WRITE_64, measured(5_000, timeout=7))])
        self.assertEqual(len(reasons), 1)
        self.assertIn("7 x timeout", reasons[0])


class StateVerdicts(unittest.TestCase):
    def figures(self) -> StateFigures:
        """Each of them just good enough."""
        mib = 1 << 20
        return StateFigures(alone=[measured(1, p99_us=1000.0)] * 3, with_images=[measured(1, p99_us=2000.0)] * 3,
                            images_taken=9, restart_seconds=[4.0, 3.0, 5.0], replay_commands=800_000,
                            replay_entries=80_000, replay_seconds=[2.0], transfer_bytes=1024 * mib,
                            transfer_seconds=9.0, transfer_state_bytes=1100 * mib, sender_bytes=64 * mib,
                            receiver_bytes=1 * mib, without_expiry=[measured(1, p99_us=1000.0)] * 3,
                            with_expiry=[measured(1, p99_us=1990.0)] * 3)  # fmt: skip

    def passed(self, **changed: object) -> list[bool]:
        return [one.passed for one in state_figures.verdicts(replace(self.figures(), **changed))]

    def test_each_figure_fails_alone(self) -> None:
        self.assertEqual(self.passed(), [True] * 5)
        self.assertEqual(self.passed(with_images=[measured(1, p99_us=2001.0)] * 3), [False, True, True, True, True])
        self.assertEqual(self.passed(restart_seconds=[4.1]), [True, False, True, True, True])
        self.assertEqual(self.passed(replay_seconds=[2.1]), [True, True, False, True, True])
        self.assertEqual(self.passed(receiver_bytes=(64 << 20) + 1), [True, True, True, False, True])
        self.assertEqual(self.passed(with_expiry=[measured(1, p99_us=2000.0)] * 3), [True, True, True, True, False])

    def test_the_ratio_is_that_of_each_round(self) -> None:
        alone = [measured(1, p99_us=value) for value in (1000.0, 2000.0, 4000.0)]
        during = [measured(1, p99_us=value) for value in (3000.0, 2000.0, 4000.0)]
        self.assertEqual(replace(self.figures(), alone=alone, with_images=during).image_ratios(), [3.0, 1.0, 1.0])

    def test_the_text_has_what_each_cost(self) -> None:
        text = state_figures.text(self.figures())
        self.assertIn("write p99 1.00 ms without, 2.00 ms while all nodes take one after the other", text)
        self.assertIn("in 80000 entries, 10.0 each: 2.00 s with the start of the process, 400000 writes/s", text)
        self.assertIn("64 MiB of the sender, 1 MiB of the receiver", text)


class PluginVerdicts(unittest.TestCase):
    def figures(self, transport: float = 9000.0, late: int = 1, **errors: int) -> PluginFigures:
        """Each of them just good enough."""
        loads = {USUAL: 10_000.0, OTHER_STORAGE: 1.0, OTHER_TRANSPORT: transport}
        rounds = {
            one.name(): [{row.name: measured(value, **errors) for row in plugin_figures.ROWS}] * 3
            for one, value in loads.items()
        }
        good = Heartbeats({0.02: 50, 0.05: 99, 0.1: 100}, 100, 9.0)
        return PluginFigures(rounds, {"thrift": good, "websocket": replace(good, within={0.05: 100 - late, 0.1: 100})})

    def passed(self, figures: PluginFigures) -> list[bool]:
        return [one.passed for one in plugin_figures.verdicts(figures)]

    def test_each_figure_fails_alone(self) -> None:
        self.assertEqual(self.passed(self.figures()), [True] * 5)
        self.assertEqual(self.passed(self.figures(transport=8999.0)), [False, False, True, True, True])
        self.assertEqual(self.passed(self.figures(late=2)), [True, True, True, False, True])
        self.assertEqual(self.passed(self.figures(unknown=1)), [True, True, True, True, False])

    def test_the_ratio_is_that_of_the_medians(self) -> None:
        found = self.figures()
        found.loads[OTHER_TRANSPORT.name()] = [
            {row.name: measured(value) for row in plugin_figures.ROWS} for value in (1.0, 9_500.0, 20_000.0)
        ]
        self.assertEqual(found.ratio(OTHER_TRANSPORT, WRITE_1), 0.95)

    def test_heartbeats_are_those_of_the_peer_and_of_the_time_between(self) -> None:
        text = """tenon_raft_heartbeat_duration_seconds_bucket{peer="2",le="0.05"} 7
tenon_raft_heartbeat_duration_seconds_bucket{peer="3",le="0.02"} 10
tenon_raft_heartbeat_duration_seconds_bucket{peer="3",le="0.05"} 20
tenon_raft_heartbeat_duration_seconds_bucket{peer="3",le="+Inf"} 21
tenon_raft_heartbeat_duration_seconds_sum{peer="3"} 0.7
tenon_raft_heartbeat_duration_seconds_count{peer="3"} 21
"""
        after = plugin_figures.parse_heartbeats(text, 3)
        self.assertEqual(after, ({0.02: 10, 0.05: 20}, 21))
        found = plugin_figures.difference(({0.02: 1, 0.05: 1}, 1), after, 9.0)
        self.assertEqual((found.within, found.count), ({0.02: 9, 0.05: 19}, 20))
        self.assertEqual(found.p99_seconds(), float("inf"))
        self.assertEqual(plugin_figures.difference(({}, 0), ({0.02: 10, 0.05: 20}, 20), 9.0).p99_seconds(), 0.05)
        with self.assertRaisesRegex(CompareError, "found no heartbeat that was answered"):
            plugin_figures.difference(after, after, 9.0)

    def test_the_table_has_every_combination(self) -> None:
        lines = plugin_figures.text(self.figures()).splitlines()
        row = next(line for line in lines if line.startswith("write, 64 clients: filewal, websocket"))
        self.assertEqual(row.split()[-4:], ["(9000-9000)", "1.000", "2.000", "0.90"])
        self.assertIn("99 of 100 of 100 were answered within 50 ms", lines[-1])


class Reading(unittest.TestCase):
    RESULT = {
        "clients": 64, "connections": 8, "value_bytes": 256, "seconds": 2.0,
        "put": {"count": 10, "per_second": 5.5, "p50_us": 1.5, "p90_us": 2, "p99_us": 2.5, "p999_us": 3, "max_us": 4},
        "get": {"count": 0, "per_second": 0.0, "p50_us": 0, "p90_us": 0, "p99_us": 0, "p999_us": 0, "max_us": 0},
        "errors": {"refused: busy": 3},
    }  # fmt: skip

    def test_a_result_gives_the_figures_of_its_kind(self) -> None:
        found = load_generator.parse(json.dumps(self.RESULT), WRITE_64)
        self.assertEqual(found, Measured(5.5, 1.5, 2.5, {"refused: busy": 3}))
        self.assertEqual(load_generator.parse(json.dumps(self.RESULT), READ_64).per_second, 0.0)

    def test_what_is_no_result_is_refused_with_its_beginning(self) -> None:
        incomplete = {name: value for name, value in self.RESULT.items() if name != "errors"}
        for text in ("", "put 5/s", "[]", "7", "{}", json.dumps(incomplete), json.dumps({**self.RESULT, "put": 7})):
            with self.assertRaisesRegex(CompareError, "expected its line of JSON"):
                load_generator.parse(text, WRITE_64)

    def test_the_result_of_another_load_is_refused(self) -> None:
        with self.assertRaisesRegex(CompareError, "found a result of 64 clients, expected 1"):
            load_generator.parse(json.dumps(self.RESULT), WRITE_1)

    def test_both_load_generators_get_the_same_flags(self) -> None:
        words = load_generator.command(Path("/x/bench"), ["a:1", "b:2"], READ_64, SHAPE)
        self.assertEqual(words[:6], ["/x/bench", "--endpoints=a:1,b:2", "--target=leader", "--clients=64",
                                     "--connections=8", "--key-bytes=16"])  # fmt: skip
        self.assertEqual(words[-4:], ["--read-share=1", "--warmup=500ms", "--duration=2000ms", "--json"])
        self.assertIn("--connections=1", load_generator.command(Path("/x/bench"), ["a:1"], WRITE_1, SHAPE))

    def test_a_load_generator_that_fails_is_an_error_with_what_it_said(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "bench"
            program.write_text("#!/bin/sh\necho no leader >&2\nexit 7\n")
            program.chmod(0o755)
            with self.assertRaisesRegex(CompareError, "ended with 7: no leader"):
                load_generator.run(program, ["a:1"], WRITE_64, SHAPE)

    def test_the_file_system_is_that_of_the_nearest_mount(self) -> None:
        mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/my\\040disk xfs rw 0 0\nbroken\n"
        for directory, kind in (("/var/tmp", "ext4"), ("/tmp", "tmpfs"), ("/tmp/a", "tmpfs"), ("/tmpfoo", "ext4"),
                                ("/tmp/my disk/a", "xfs")):  # fmt: skip
            self.assertEqual(command_line.file_system_of(Path(directory), mounts), kind)

    def test_processor_times_count_waiting_for_the_disk_as_idle(self) -> None:
        self.assertEqual(command_line.processor_times("cpu  10 1 5 80 4 0 0 0 0 0\ncpu0 1 1 1 1\n"), (100, 84))

    def test_the_disk_probe_measures_and_leaves_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertGreater(disk_probe.sync_p50_us(Path(folder), 2), 0)
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_an_etcd_member_is_told_its_place_and_nothing_about_speed(self) -> None:
        words = etcd_cluster.member_command(Path("/usr/bin/etcd"), Path("/d/m2"), 1, [1, 2, 3, 11, 12, 13])
        self.assertEqual(words[:3], ["/usr/bin/env", "--ignore-environment", "/usr/bin/etcd"])
        flags = dict(word[2:].split("=", 1) for word in words[3:])
        self.assertEqual((flags["name"], flags["data-dir"]), ("m2", "/d/m2"))
        self.assertEqual(flags["listen-client-urls"], "http://127.0.0.1:2")
        self.assertEqual(flags["listen-peer-urls"], "http://127.0.0.1:12")
        self.assertEqual(flags["initial-cluster"],
                         "m1=http://127.0.0.1:11,m2=http://127.0.0.1:12,m3=http://127.0.0.1:13")  # fmt: skip
        self.assertEqual(
            sorted(flags),
            ["advertise-client-urls", "data-dir", "initial-advertise-peer-urls", "initial-cluster",
             "initial-cluster-state", "initial-cluster-token", "listen-client-urls", "listen-peer-urls", "name"],
        )  # fmt: skip


class Builds(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        for name in ("server/tenond", "tools/bench/tenon-bench", "meson-info/intro-buildoptions.json"):
            (self.build / name).parent.mkdir(parents=True, exist_ok=True)
            (self.build / name).touch()

    def describe(self, **options: str) -> None:
        entries = [{"name": name, "value": value} for name, value in options.items()]
        (self.build / "meson-info" / "intro-buildoptions.json").write_text(json.dumps(entries))

    def test_an_optimised_build_is_described(self) -> None:
        self.describe(optimization="3", b_sanitize="none", b_ndebug="false")
        self.assertEqual(tenon_cluster.check_build(self.build), "optimization=3, b_ndebug=false")

    def test_builds_that_measure_something_else_are_refused(self) -> None:
        for optimization, sanitize in (("0", "none"), ("g", "none"), ("2", "thread")):
            self.describe(optimization=optimization, b_sanitize=sanitize, b_ndebug="false")
            with self.assertRaisesRegex(CompareError, f"optimization={optimization} and b_sanitize={sanitize}"):
                tenon_cluster.check_build(self.build)

    def test_a_directory_that_is_no_build_is_refused(self) -> None:
        with self.assertRaisesRegex(CompareError, "does not say how it was built"):
            tenon_cluster.check_build(self.build)
        (self.build / "tools" / "bench" / "tenon-bench").unlink()
        with self.assertRaisesRegex(CompareError, "found no .*tenon-bench"):
            tenon_cluster.check_build(self.build)


class Reports(unittest.TestCase):
    def finish(self, rounds: list[Round], check: bool) -> tuple[int, str]:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            try:
                code = command_line.conclude(command_line.tell(rounds, {"load": "of a test"}, {}), check)
            except command_line.Invalid:
                code = command_line.EXIT_INVALID
        return code, output.getvalue()

    def test_the_exit_code_tells_done_failed_and_invalid_apart(self) -> None:
        self.assertEqual(self.finish([one_round()], True)[0], 0)
        self.assertEqual(self.finish([one_round(1_000)], False)[0], 0)
        self.assertEqual(self.finish([one_round(1_000)], True)[0], command_line.EXIT_FAIL)
        self.assertEqual(self.finish([one_round(1_000, 100)], True)[0], command_line.EXIT_INVALID)
        self.assertEqual(self.finish([one_round(1_000, 100)], False)[0], command_line.EXIT_INVALID)

    def test_an_invalid_run_has_no_verdicts(self) -> None:
        text = self.finish([one_round(50_000, 100)], True)[1]
        self.assertIn("INVALID: found etcd at 100 writes/s", text)
        self.assertNotIn("PASS", text)

    def test_the_table_has_both_systems_with_medians_and_ranges(self) -> None:
        lines = self.finish([one_round(30_000), one_round(50_000), one_round(60_000)], True)[1].splitlines()
        self.assertIn("load: of a test", lines)
        row = next(line for line in lines if line.startswith("write, 64 clients: tenon"))
        self.assertEqual(row.split()[4:], ["50000", "(30000-60000)", "1.000", "2.000", "10.00", "(6.00-12.00)"])
        row = next(line for line in lines if line.startswith("write, 64 clients: etcd"))
        self.assertEqual(row.split()[4:], ["5000", "(5000-5000)", "5.000", "20.0"])
        self.assertTrue(any("5.00 times the latter" in line for line in lines))
        self.assertEqual([line.split()[0] for line in lines[-4:]], ["PASS"] * 4)

    def test_errors_are_shown_by_system_and_class(self) -> None:
        text = self.finish([with_row(one_round(), "tenon", WRITE_1, measured(1, busy=4))], True)[1]
        self.assertIn("tenon: 4 x busy", text)
        self.assertIn("FAIL  requests that Tenon did not serve: found 4, wanted 0", text)

    def test_what_is_kept_has_every_round_the_summary_and_the_verdicts(self) -> None:
        found: dict[str, object] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            command_line.tell([one_round(), one_round(1_000)], {}, found)
        found = json.loads(json.dumps(found))
        self.assertEqual(len(found["rounds"]), 2)
        self.assertEqual(found["summary"][WRITE_64.name]["ratio"], {"low": 0.2, "middle": 5.1, "high": 10.0})
        self.assertEqual([one["passed"] for one in found["verdicts"]], [False, False, True, True])
        self.assertEqual(found["invalid"], [])

    def test_numbers_of_milliseconds_keep_three_digits(self) -> None:
        self.assertEqual([report.latency(value) for value in (70.4, 1234, 9_999, 10_000)],
                         ["0.070", "1.234", "9.999", "10.0"])  # fmt: skip


class CommandLine(unittest.TestCase):
    def refused(self, part: str, *arguments: str) -> None:
        done = subprocess.run([str(TOOLS / "compare"), *arguments], capture_output=True, text=True, timeout=60,
                              check=False)  # fmt: skip
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(part, done.stderr)

    def test_what_cannot_be_measured_is_refused_before_anything_starts(self) -> None:
        self.refused("--rounds: found 0, expected 1 to 100", "--rounds", "0")
        self.refused("--duration: found 0, expected 0.1 to 3600", "--duration", "0")
        self.refused("--warmup: found -1, expected 0 to 3600", "--warmup", "-1")
        self.refused("--dir: found no directory /nonexistent", "--dir", "/nonexistent")
        self.refused("--set: found 'x', expected", "--set", "x")
        if Path("/dev/shm").is_dir():
            self.refused("--dir: found /dev/shm on tmpfs", "--dir", "/dev/shm")


if __name__ == "__main__":
    unittest.main()
