#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every path and operation of the description that a real node serves is called, and answers as described."""

from __future__ import annotations

import json
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from schema import resolve, troubles  # noqa: E402
from web import Answer, Web, WebCluster  # noqa: E402

TRANSACTION = {
    "compares": [{"key": "txn/a", "target": "version", "number": 0}],
    "operations": [
        {"op": "put", "key": "txn/a", "value_base64": "AP8="},
        {"op": "increment", "key": "txn/n", "delta": "5"},
        {"op": "append", "key": "txn/s", "value": "x", "return_previous": True},
        {"op": "expire", "key": "txn/s", "ttl_ms": 3600000},
        {"op": "persist", "key": "txn/s"},
        {"op": "get", "key": "txn/a"},
        {"op": "get", "key": "txn/absent"},
        {"op": "scan", "prefix": "txn/", "limit": 1},
        {"op": "delete", "key": "txn/s", "return_previous": True},
        {"op": "delete_range", "prefix": "txn/none", "limit": 10},
    ],
    "otherwise": [{"op": "scan", "prefix": "txn/", "count": True, "limit": 10}],
}
BATCH = {"operations": [{"op": "put", "key": "batch", "value": "text"}, {"op": "increment", "key": "batch"}]}
# By operation: a body, and one that is refused.
BODIES: dict[str, tuple[object, object]] = {
    "putKey": (b"\x00\xff", None),
    "publish": (b"\xff", None),
    "runTransaction": (TRANSACTION, {"operations": [{"op": "frobnicate"}]}),
    "runBatch": (BATCH, {"operations": "none"}),
    "setCompatible": ({"key": "old", "value": "v"}, {"key": ""}),
}


class Description(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = WebCluster(nodes=1)
        cls.enterClassContext(cls.cluster)
        cls.cluster.wait_for_leader()
        with cls.cluster.web(1) as web:
            cls.document = web.call("GET", "/openapi.json").json()

    def setUp(self) -> None:
        self.web = self.cluster.web(1)
        self.addCleanup(self.web.close)
        self.web.call("PUT", "/v1/kv/users/1", "v")
        self.web.call("PUT", "/set", {"key": "old", "value": "v"})
        self.session = self.web.call("POST", "/v1/sessions").json()["session"]

    def operations(self) -> list[tuple[str, str, dict]]:
        return [(method.upper(), path, operation) for path, methods in self.document["paths"].items()
                for method, operation in methods.items()]  # fmt: skip

    def parameters(self, operation: dict, place: str) -> list[dict]:
        found = [resolve(self.document, one) for one in operation["parameters"]]
        return [one for one in found if one["in"] == place]

    def target(self, path: str, operation: dict, extra: str = "") -> str:
        for parameter in self.parameters(operation, "path"):
            value = self.session if parameter["name"] == "session" else parameter["example"]
            path = path.replace("{" + parameter["name"] + "}", value)
        words = {one["name"]: one["example"] for one in self.parameters(operation, "query") if one["required"]}
        name, _, value = extra.partition("=")
        words |= {name: value} if extra else {}
        return path + ("?" + urllib.parse.urlencode(words) if words else "")

    def call(self, method: str, target: str, operation: dict, refused: bool = False) -> Answer:
        body = BODIES.get(operation["operationId"], (None, None))[refused]
        if operation["operationId"] == "watchKeys":
            return self.watch(target)
        return self.web.call(method, target, body)

    def watch(self, target: str) -> Answer:
        """The first lines, for there is no end."""
        with self.cluster.web(1) as web:
            web.connection.request("GET", target)
            reply = web.connection.getresponse()
            body = reply.readline() if reply.status == 200 else reply.read()
            reply.close()
            return Answer(reply.status, reply.headers, body)

    def check(self, operation: dict, answer: Answer, what: str) -> None:
        described = operation["responses"].get(str(answer.status), operation["responses"].get("default"))
        self.assertIsNotNone(described, f"{what}: {answer.status} is not described")
        for field in described.get("headers", {}):
            if field != "X-Tenon-Expires-At-Ms":
                self.assertIn(field, answer.fields, what)
        content_type = answer.fields["Content-Type"]
        self.assertIn(content_type, described["content"], what)
        if content_type == "application/json":
            schema = described["content"][content_type]["schema"]
            self.assertEqual(troubles(self.document, schema, answer.json()), [], f"{what}: {answer.body!r}")

    def test_every_operation_answers_as_described(self) -> None:
        self.assertGreater(len(self.operations()), 15)
        for method, path, operation in self.operations():
            with self.subTest(operation=operation["operationId"]):
                answer = self.call(method, self.target(path, operation), operation)
                self.assertEqual(answer.status, 200, answer.body)
                self.check(operation, answer, operation["operationId"])

    def test_every_described_parameter_is_taken(self) -> None:
        for method, path, operation in self.operations():
            for parameter in self.parameters(operation, "query"):
                if "example" not in parameter or operation["operationId"] == "closeSession":
                    continue
                with self.subTest(operation=operation["operationId"], parameter=parameter["name"]):
                    for key in ("users/1", "old"):  # which an earlier call may have removed
                        self.assertEqual(self.web.call("PUT", f"/v1/kv/{key}", "v").status, 200)
                    target = self.target(path, operation, f"{parameter['name']}={parameter['example']}")
                    answer = self.call(method, target, operation)
                    self.assertEqual(answer.status, 200, answer.body)
                    self.check(operation, answer, target)

    def test_every_operation_refuses_what_it_does_not_know_as_described(self) -> None:
        for method, path, operation in self.operations():
            with self.subTest(operation=operation["operationId"]):
                target = self.target(path, operation, "frobnicate=1")
                answer = self.call(method, target, operation)
                self.assertEqual((answer.status, answer.code), (400, "unknown_parameter"))
                self.assertEqual(troubles(self.document, {"$ref": "#/components/schemas/Error"}, answer.json()), [])
                if BODIES.get(operation["operationId"], (None, None))[1] is not None:
                    refused = self.call(method, self.target(path, operation), operation, refused=True)
                    self.assertEqual(refused.status, 400, refused.body)
                    self.check(operation, refused, target)

    def test_every_body_that_is_sent_is_as_described(self) -> None:
        for _, _, operation in self.operations():
            body = BODIES.get(operation["operationId"], (None, None))[0]
            self.assertEqual(body is not None, "requestBody" in operation)
            if isinstance(body, dict):
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                self.assertEqual(troubles(self.document, schema, body), [])

    def test_a_transaction_happens_whole_or_not_at_all(self) -> None:
        self.web.call("POST", "/v1/batch", {"operations": [{"op": "delete_range", "prefix": "txn/"}]})
        first = self.web.call("POST", "/v1/txn", TRANSACTION).json()
        self.assertTrue(first["succeeded"])
        results = first["results"]
        self.assertEqual(results[1], {"op": "increment", "number": "5"})
        self.assertEqual(results[5]["record"]["value_base64"], "AP8=")
        self.assertIsNone(results[6]["record"])
        self.assertEqual(results[8]["previous"]["value"], "x")
        second = self.web.call("POST", "/v1/txn", TRANSACTION).json()
        self.assertEqual((second["succeeded"], second["results"]), (False, [{"op": "scan", "count": "2"}]))
        wrong = {"operations": [{"op": "put", "key": "txn/x", "value": "1"}, {"op": "increment", "key": "txn/a"}]}
        failed = self.web.call("POST", "/v1/txn", wrong)
        self.assertEqual((failed.status, failed.code), (409, "wrong_type"))
        self.assertEqual(self.web.call("GET", "/v1/kv/txn/x").status, 404)

    def test_a_batch_does_what_it_can(self) -> None:
        reply = self.web.call("POST", "/v1/batch", BATCH).json()
        self.assertEqual(reply["results"], [{"op": "put"}, {"op": "increment", "error": {"code": "wrong_type"}}])
        self.assertEqual(self.web.call("GET", "/v1/kv/batch").body, b"text")

    def test_a_key_that_comes_with_another_request_is_refused(self) -> None:
        key = f"{self.session}-1"
        self.assertEqual(self.web.call("PUT", "/v1/kv/reused", b"first", Idempotency_Key=key).status, 200)
        put = {"op": "put", "key": "reused", "value": "x"}
        others = [
            self.web.call("POST", "/v1/txn", {"operations": [put, put]}, Idempotency_Key=key),
            self.web.call("POST", "/v1/batch", {"operations": [put]}, Idempotency_Key=key),
            self.web.call("PUT", "/v1/kv/reused", b"second", Idempotency_Key=key),
            self.web.call("DELETE", "/v1/kv/reused", Idempotency_Key=key),
        ]
        for reply in others:
            self.assertEqual((reply.status, reply.code), (422, "idempotency_key_reused"))
            self.assertEqual(reply.json()["error"]["outcome"], "refused")
        self.assertEqual(self.web.call("GET", "/v1/kv/reused").body, b"first")
        self.assertEqual(self.web.call("PUT", "/v1/kv/reused", b"first", Idempotency_Key=key).status, 200)

    def test_a_write_that_is_tried_again_with_its_key_happens_once(self) -> None:
        increment = {"operations": [{"op": "increment", "key": "once/" + self.session}]}
        keys = [f"{self.session}-{sequence}" for sequence in (1, 1, 2, 1)]
        replies = [self.web.call("POST", "/v1/txn", increment, Idempotency_Key=key) for key in keys]
        self.assertEqual([one.json()["results"][0]["number"] for one in replies], ["1", "1", "2", "1"])
        self.assertEqual(self.web.call("DELETE", f"/v1/sessions/{self.session}").status, 200)
        late = self.web.call("POST", "/v1/txn", increment, Idempotency_Key=f"{self.session}-3")
        self.assertEqual((late.status, late.code), (410, "session_expired"))
        self.assertEqual(self.web.call("GET", "/v1/kv/once/" + self.session).body, b"2")


class Compatibility(unittest.TestCase):
    def test_the_old_paths_answer_as_of_old(self) -> None:
        with WebCluster() as cluster:
            leader, follower = cluster.leader_and_follower()
            with cluster.web(leader) as at_leader, cluster.web(follower) as at_follower:
                self.assertEqual(at_leader.call("PUT", "/set", {"key": "a", "value": "1"}).json()["ok"], True)
                self.assertEqual(at_follower.call("GET", "/get?key=a").json()["value"], "1")
                refused = at_follower.call("PUT", "/set", {"key": "a", "value": "2"})
                self.assertEqual(refused.status, 409)
                hint = refused.json()
                self.assertEqual((hint["ok"], hint["error"], hint["leaderId"]), (False, "not_leader", str(leader)))
                self.assertEqual(hint["leader"], f"http://127.0.0.1:{cluster.port(leader, 'http')}")
                self.assertEqual(at_follower.call("DELETE", "/delete?key=a").status, 409)
                self.assertEqual(at_leader.call("DELETE", "/delete?key=a").status, 200)
                self.assertEqual(at_leader.call("DELETE", "/delete?key=a").json()["error"], "key_not_found")
                self.assertEqual(at_follower.call("GET", "/get?key=a").status, 404)
                self.assertEqual(at_leader.call("PUT", "/set", {"key": "", "value": "1"}).status, 400)
                self.health(cluster, at_leader, at_follower, leader)

    def health(self, cluster: WebCluster, at_leader: Web, at_follower: Web, leader: int) -> None:
        health = at_follower.call("GET", "/health").json()
        self.assertEqual((health["state"], health["leaderId"], health["peersCount"]), ("Follower", str(leader), 2))
        self.assertIn(f"http://127.0.0.1:{cluster.port(leader, 'http')}", health["peers"])
        self.assertLess(health["lastHeartbeatAgoMs"], 30_000)
        status = at_leader.call("GET", "/raft/status").json()
        self.assertEqual((status["state"], status["leaderId"]), ("Leader", str(leader)))
        self.assertEqual(sorted(status["matchIndex"]), sorted(str(node) for node in cluster.others(leader)))
        self.assertGreaterEqual(status["lastLogIndex"], status["commitIndex"])


class Watch(unittest.TestCase):
    def events(self, reply: object, count: int) -> list[dict]:
        """So many that are no mark of progress."""
        found: list[dict] = []
        event: dict = {}
        while len(found) < count:
            line = reply.readline().decode().rstrip("\n")
            self.assertNotEqual(line + str(reply.isclosed()), "True")
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
                continue
            if event.get("event") not in (None, "progress"):
                found.append(event | {"data": json.loads(event["data"])})
            event = {}
        return found

    def test_changes_come_in_order_and_go_on_where_they_were_left_at_another_node(self) -> None:
        with WebCluster() as cluster:
            leader, follower = cluster.leader_and_follower()
            with cluster.web(leader) as writer, cluster.web(follower) as first, cluster.web(leader) as second:
                begin = int(writer.call("PUT", "/v1/kv/w/0", "0").json()["revision"])
                first.connection.request("GET", f"/v1/watch?prefix=w/&from_revision={begin + 1}&return_previous")
                reply = first.connection.getresponse()
                self.assertEqual(reply.headers["Content-Type"], "text/event-stream")
                for number in range(1, 6):
                    writer.call("PUT", f"/v1/kv/w/{number % 2}", str(number))
                    writer.call("PUT", "/v1/kv/other", "x")
                writer.call("DELETE", "/v1/kv/w/1")
                events = self.events(reply, 3)
                self.assertEqual([one["data"]["record"].get("value") for one in events], ["1", "2", "3"])
                self.assertEqual(events[1]["data"]["previous"]["value"], "0")
                second.connection.request("GET", "/v1/watch?prefix=w/", headers={"Last-Event-ID": events[2]["id"]})
                rest = self.events(second.connection.getresponse(), 3)
                self.assertEqual([one["event"] for one in rest], ["put", "put", "delete"])
                self.assertEqual([one["data"]["record"].get("value") for one in rest], ["4", "5", None])

    def test_a_watch_that_comes_too_late_is_told_where_it_can_begin(self) -> None:
        with WebCluster({"limits.watch_history_bytes": "64KiB"}, nodes=1) as cluster:
            cluster.wait_for_leader()
            with cluster.web(1) as web:
                for _ in range(100):
                    web.call("PUT", "/v1/kv/k", bytes(2000))
                late = web.call("GET", "/v1/watch?prefix=&from_revision=1")
                self.assertEqual((late.status, late.code), (410, "compacted"))
                self.assertEqual(late.json()["error"]["limit"]["name"], "oldest_revision")
                self.assertGreater(late.json()["error"]["limit"]["value"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
