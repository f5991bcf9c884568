# SPDX-License-Identifier: MIT
"""Clusters whose nodes also serve HTTP, and a client of the standard library."""

from __future__ import annotations

import http.client
import json
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cluster_harness import RunningCluster  # noqa: E402
from harness import STORAGES  # noqa: E402


@dataclass
class Answer:
    status: int
    fields: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json()["error"]["code"]


class Web:
    """A connection that is kept open."""

    def __init__(self, port: int, timeout_seconds: float = 30.0) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)

    def call(self, method: str, target: str, body: bytes | str | dict | None = None, **fields: str) -> Answer:
        """Underscores in the names of fields stand for dashes."""
        sent = {name.replace("_", "-"): value for name, value in fields.items()}
        if isinstance(body, dict):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        self.connection.request(method, target, body, sent)
        reply = self.connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class WebCluster(RunningCluster):
    def __init__(self, settings: dict[str, str] | None = None, nodes: int = 3, storages: str = STORAGES) -> None:
        super().__init__(settings, nodes, storages, apis="thrift,http")

    def web(self, node: int) -> Web:
        return Web(self.port(node, "http"))

    def leader_and_follower(self) -> tuple[int, int]:
        leader = self.wait_for_leader()
        return leader, self.others(leader)[0]
