#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What tools/compare makes of Redis and Tenon under redis-benchmark."""
import sys
import unittest
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from compare_lib import redis_benchmark, redis_figures, redis_server  # noqa: E402
from compare_lib.errors import CompareError  # noqa: E402
from compare_lib.figures import Measured  # noqa: E402
from compare_lib.load_generator import LoadShape  # noqa: E402
from compare_lib.redis_benchmark import Programs, RedisLoad  # noqa: E402
from compare_lib.redis_figures import ROWS, RedisFigures  # noqa: E402

SHAPE = LoadShape(16, 256, 10_000, 1.0, 5.0, "leader")
PROGRAMS = Programs(Path("redis-benchmark"), Path("redis-cli"))
HEADER = ('"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms",'
          '"max_latency_ms"\n')  # fmt: skip
REDIS_PER_SECOND = 10_000.0


def measured(per_second: float) -> Measured:
    return Measured(per_second, 1000.0, 2000.0, {})


def figures(share: float = 0.7, rounds: int = 3) -> RedisFigures:
    """In which Tenon reaches this share of every target."""
    found = RedisFigures(redis_version="Redis 7.0.15")
    for row in ROWS:
        found.redis[row.load] = [measured(REDIS_PER_SECOND)] * rounds
        found.tenon[row.name] = [measured(share * row.target * REDIS_PER_SECOND)] * rounds
    return found


class Verdicts(unittest.TestCase):
    def passed(self, found: RedisFigures) -> list[bool]:
        return [one.passed for one in redis_figures.verdicts(found)]

    def test_every_row_passes_at_its_share_of_the_target(self) -> None:
        self.assertEqual(self.passed(figures(0.7001)), [True] * len(ROWS))

    def test_every_row_fails_alone(self) -> None:
        for number, row in enumerate(ROWS):
            found = figures(0.7001)
            found.tenon[row.name] = [measured(0.69 * row.target * REDIS_PER_SECOND)] * 3
            self.assertEqual(self.passed(found), [one != number for one in range(len(ROWS))])

    def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds(self) -> None:
        found = figures()
        row = ROWS[0]
        found.redis[row.load] = [measured(100), measured(1000), measured(10)]
        found.tenon[row.name] = [measured(300), measured(1000), measured(20)]
        self.assertEqual(found.ratios(row), [3.0, 1.0, 2.0])
        self.assertEqual(redis_figures.verdicts(found)[0].found, "2.00")

    def test_a_verdict_names_the_target_and_the_share_of_it_that_is_wanted(self) -> None:
        self.assertEqual(redis_figures.verdicts(figures())[0].wanted, ">= 0.63, which is 0.7 of 0.9")

    def test_a_round_in_which_redis_did_nothing_has_no_ratio(self) -> None:
        found = figures()
        found.redis[ROWS[0].load] = [measured(0)] * 3
        with self.assertRaisesRegex(CompareError, "in which Redis did nothing"):
            redis_figures.verdicts(found)

    def test_a_run_with_a_slow_redis_is_invalid(self) -> None:
        found = figures()
        self.assertEqual(redis_figures.why_invalid(found), [])
        found.redis[redis_figures.WRITE_64.load] = [measured(4999.0)] * 3
        self.assertRegex(redis_figures.why_invalid(found)[0], "4999 writes/s")

    def test_the_table_has_both_systems_in_every_row(self) -> None:
        lines = redis_figures.text(figures()).splitlines()
        for row in ROWS:
            for system in ("tenon", "redis"):
                self.assertEqual(sum(line.startswith(f"{row.name}: {system} ") for line in lines), 1)

    def test_what_is_kept_has_every_round_of_every_row(self) -> None:
        kept = redis_figures.as_json(figures(rounds=2))["rows"]
        assert isinstance(kept, dict)
        self.assertEqual(list(kept), [row.name for row in ROWS])
        self.assertTrue(all(len(row["tenon"]) == len(row["redis"]) == 2 for row in kept.values()))

    def test_a_lease_is_asked_for_only_where_the_row_says_so(self) -> None:
        by_reads = {reads: [row.name for row in ROWS if row.reads == reads] for reads in redis_figures.SETTINGS}
        self.assertEqual(sum(map(len, by_reads.values())), len(ROWS))
        self.assertTrue(all("lease" in name for name in by_reads[redis_figures.LEASE]))
        self.assertNotIn("raft.lease_reads", redis_figures.SETTINGS[redis_figures.LINEARIZABLE])


class Reading(unittest.TestCase):
    def test_a_result_is_read_by_the_names_of_its_columns(self) -> None:
        text = HEADER + '"SET","8957.00","7.1","1.0","7.535","11.0","12.2","20.0"\n'
        self.assertEqual(redis_benchmark.parse(text, ""), Measured(8957.0, 7535.0, 12200.0, {}))

    def test_what_is_no_result_is_refused(self) -> None:
        line = '"SET","8957.00","7.1","1.0","7.535","11.0","12.2","20.0"\n'
        for text, said in (("", ""), (HEADER, ""), (HEADER + line + line, ""), (HEADER + '"SET","x"\n', ""),
                           (HEADER + line, "WARNING: Could not fetch server CONFIG")):  # fmt: skip
            with self.assertRaisesRegex(CompareError, "redis-benchmark"):
                redis_benchmark.parse(text, said)

    def test_both_systems_get_the_same_words_but_for_the_port_and_how_often(self) -> None:
        load = RedisLoad("get", 64, 16)
        one = redis_benchmark.command(PROGRAMS, 1, load, SHAPE, 100)
        other = redis_benchmark.command(PROGRAMS, 2, load, SHAPE, 200)
        self.assertEqual([(a, b) for a, b in zip(one, other, strict=True) if a != b], [("1", "2"), ("100", "200")])
        self.assertEqual(one[5:15], ["-t", "get", "-c", "64", "-P", "16", "-d", "256", "-r", "10000"])

    def test_a_benchmark_that_fails_is_an_error_with_what_it_said(self) -> None:
        failing = replace(PROGRAMS, benchmark=Path("/bin/false"))
        with self.assertRaisesRegex(CompareError, "ended with 1"):
            redis_benchmark.run(failing, 1, RedisLoad("set", 1, 1), SHAPE)

    def test_redis_is_told_to_sync_every_write(self) -> None:
        words = redis_server.server_command(Path("redis-server"), Path("/d"), 7)
        self.assertEqual(words[-4:], ["--appendonly", "yes", "--appendfsync", "always"])


if __name__ == "__main__":
    unittest.main()
