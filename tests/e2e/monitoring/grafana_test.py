#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What deploy/grafana asks for, asked of a real Prometheus that reads the metrics of real nodes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "http"))

from harness import free_port  # noqa: E402
from web import WebCluster  # noqa: E402

GRAFANA = Path(__file__).resolve().parents[3] / "deploy" / "grafana"
START_SECONDS = 60.0
# What Grafana would put in, for a Prometheus that reads once a second.
VARIABLES = {"$__rate_interval": "4s", "$job": "tenon"}
METRIC = re.compile(r"\b(?:tenon|process)_[a-z_]+\b")
COMPARED = re.compile(r"^(.*) (?:==|>|<) [0-9.]+$", re.DOTALL)
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: tenon
    static_configs: [{{targets: {targets}}}]
"""


def dashboard_expressions() -> Iterator[tuple[str, str]]:
    """Title and expression of every query."""
    document = json.loads((GRAFANA / "tenon.json").read_text())
    for panel in document["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for note in document["annotations"]["list"]:
        yield note["name"], note["expr"]


def filled(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


class Prometheus:
    """Reads the metrics of these addresses once a second."""

    def __init__(self, targets: list[str]) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.port = free_port()
        place = Path(self.directory.name)
        config = place / "prometheus.yml"
        config.write_text(CONFIG.format(rules=json.dumps(str(GRAFANA / "alerts.yml")), targets=json.dumps(targets)))
        self.output = (place / "output").open("wb")
        words = ["/usr/bin/prometheus", f"--config.file={config}", f"--storage.tsdb.path={place / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self.port}"]  # fmt: skip
        self.process = subprocess.Popen(words, stdout=self.output, stderr=self.output)

    def ask(self, path: str, **parameters: str) -> dict:
        target = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(target, timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict]:
        return self.ask("query", query=expression)["result"]

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(START_SECONDS)
        self.output.close()
        self.directory.cleanup()


class Grafana(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = WebCluster()
        cls.enterClassContext(cls.cluster)
        leader, follower = cls.cluster.leader_and_follower()
        cls.prometheus = Prometheus([f"127.0.0.1:{cls.cluster.port(node, 'http')}" for node in cls.cluster.ids])
        cls.enterClassContext(cls.prometheus)
        deadline = time.monotonic() + START_SECONDS
        with cls.cluster.web(leader) as web, cls.cluster.web(follower) as other:
            # Until there are enough readings, of a cluster at work, for every rate that is asked for.
            while not cls.is_read_often_enough():
                assert time.monotonic() < deadline, "Prometheus has not read the metrics of three nodes"
                for one in (web, other):
                    one.call("PUT", "/v1/kv/key", "value")
                    one.call("GET", "/v1/kv/key")

    @classmethod
    def is_read_often_enough(cls) -> bool:
        try:
            return len(cls.prometheus.query("count_over_time(up[1m]) >= 6")) == len(cls.cluster.ids)
        except OSError:
            return False

    def test_every_metric_that_is_named_exists(self) -> None:
        there = set()
        for node in self.cluster.ids:
            with self.cluster.web(node) as web:
                there |= set(re.findall(r"^# TYPE (\S+)", web.call("GET", "/metrics").body.decode(), re.MULTILINE))
        texts = [text for _, text in dashboard_expressions()] + [rule["query"] for rule in self.rules()]
        for text in texts:
            for name in METRIC.findall(text):
                self.assertIn(name.removesuffix("_bucket"), there, text)
        self.assertGreater(len(texts), 30)

    def test_every_panel_shows_something_of_a_cluster_at_work(self) -> None:
        for title, expression in dashboard_expressions():
            found = COMPARED.match(expression)  # a comparison shows only what it holds for
            with self.subTest(title):
                self.assertTrue(self.prometheus.query(filled(found.group(1) if found else expression)), expression)

    def test_every_alert_looks_at_something_and_is_silent_about_a_cluster_that_is_well(self) -> None:
        done = subprocess.run(["/usr/bin/promtool", "check", "rules", str(GRAFANA / "alerts.yml")],
                              capture_output=True, text=True, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        for rule in self.rules():
            with self.subTest(rule["name"]):
                self.assertEqual((rule["health"], rule["alerts"]), ("ok", []), rule)
                for part in re.split(r"\s+or\s+", rule["query"]):
                    compared = COMPARED.match(part)
                    self.assertIsNotNone(compared, part)
                    self.assertTrue(self.prometheus.query(compared.group(1)), part)

    def rules(self) -> list[dict]:
        rules = [rule for group in self.prometheus.ask("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 10)
        return rules


class Outage(unittest.TestCase):
    def test_a_node_that_is_gone_is_told_of(self) -> None:
        with WebCluster() as cluster:
            leader, follower = cluster.leader_and_follower()
            targets = [f"127.0.0.1:{cluster.port(node, 'http')}" for node in cluster.ids]
            with Prometheus(targets) as prometheus:
                cluster.wait_for(lambda: len(prometheus.query("up == 1")) == 3, "three nodes to be read")
                cluster.kill(follower)

                def told() -> bool:
                    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
                    down = next(rule for rule in rules if rule["name"] == "TenonNodeDown")
                    places = [alert["labels"]["instance"] for alert in down["alerts"]]
                    return places == [f"127.0.0.1:{cluster.port(follower, 'http')}"]

                cluster.wait_for(told, "the alert")
                self.assertNotEqual(leader, follower)


if __name__ == "__main__":
    unittest.main(verbosity=2)
