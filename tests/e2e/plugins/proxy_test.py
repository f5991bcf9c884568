#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Three nodes on the WebSocket transport, one of which its peers reach only through nginx."""

from __future__ import annotations

import subprocess
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import ENVIRONMENT, TENONCTL, Client, Node, free_port, run, temporary_directory  # noqa: E402

from tenon_kv.ttypes import GetRequest, PutRequest, TransferLeadershipRequest  # noqa: E402

NGINX = "/usr/sbin/nginx"
WAIT_SECONDS = 60.0
PROXIED = 1  # this node
# The proxy gives up a connection on which nothing comes for this long; pings come more often.
PROXY_READ_SECONDS = 1
PING_INTERVAL = "300ms"

NGINX_CONFIG = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log info;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /node-{node}/ {{
      proxy_pass http://127.0.0.1:{upstream}/;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout {read_seconds}s;
      proxy_send_timeout {read_seconds}s;
    }}
  }}
}}
"""


class Proxy:
    def __init__(self, directory: Path, upstream: int) -> None:
        self.port = free_port()
        self.logger_file = directory / "nginx.log"
        self.config_file = directory / "nginx.conf"
        self.config_file.write_text(
            NGINX_CONFIG.format(
                directory=directory, port=self.port, upstream=upstream, node=PROXIED, read_seconds=PROXY_READ_SECONDS
            )
        )
        self.process: subprocess.Popen[bytes] | None = None

    def url(self) -> str:
        return f"websocket://127.0.0.1:{self.port}/node-{PROXIED}/"

    def start(self) -> None:
        words = [NGINX, "-c", str(self.config_file), "-e", str(self.logger_file)]
        self.process = subprocess.Popen(words, env=ENVIRONMENT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None


def wait_for(look: Callable[[], bool], what: str, nodes: dict[int, Node]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    problem: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if look():
                return
        except Exception as error:  # noqa: BLE001  a node that is starting or has lost its leader
            problem = error
        time.sleep(0.02)
    texts = "\n".join(f"node {number}:\n{node.logger_text()[-3000:]}" for number, node in nodes.items())
    raise AssertionError(f"{what}: not within {WAIT_SECONDS:g} s ({problem})\n{texts}")


class BehindAProxy(unittest.TestCase):
    def setUp(self) -> None:
        temporary = temporary_directory()
        self.addCleanup(temporary.cleanup)
        directory = Path(temporary.name)
        ports = {number: free_port() for number in (1, 2, 3)}
        self.proxy = Proxy(directory, ports[PROXIED])
        self.addCleanup(self.proxy.kill)
        self.nodes = {}
        for number in ports:
            peers = {other: f"websocket://127.0.0.1:{port}" for other, port in ports.items()}
            if number != PROXIED:
                peers[PROXIED] = self.proxy.url()
            settings: dict[str, str | None] = {
                "node.id": str(number),
                "cluster.initial_members": "1,2,3",
                "cluster.peers": ", ".join(f"{other}={url}" for other, url in peers.items()),
                "raft.heartbeat_interval": "50ms",
                "raft.election_timeout_min": "400ms",
                "raft.election_timeout_max": "800ms",
                "transport.plugin": "websocket",
                "transport.websocket.listen": f"127.0.0.1:{ports[number]}",
                "transport.websocket.ping_interval": PING_INTERVAL,
                "transport.websocket.reconnect_max": "200ms",
            }
            self.nodes[number] = Node(directory / f"node-{number}", settings)
        for node in self.nodes.values():
            node.launch()
            self.addCleanup(node.__exit__)

    def wait_for(self, look: Callable[[], bool], what: str) -> None:
        wait_for(look, what, self.nodes)

    def leader_of(self, number: int) -> int:
        with Client(self.nodes[number].port) as client:
            return int(client.cluster.status().leader)

    def put(self, number: int, key: bytes) -> bool:
        with Client(self.nodes[number].port) as client:
            client.kv.put(PutRequest(key=key, value=b"value of " + key))
        return True

    def has(self, number: int, key: bytes) -> bool:
        with Client(self.nodes[number].port) as client:
            record = client.kv.get(GetRequest(key=key)).record
            return record is not None and bool(record.value == b"value of " + key)

    def metric(self, number: int, name: str) -> float:
        """The sum over all labels."""
        endpoint = f"127.0.0.1:{self.nodes[number].port}"
        text = run(str(TENONCTL), "--endpoints", endpoint, "metrics").stdout.decode()
        lines = [line for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name]
        self.assertTrue(lines, f"{name} is not among the metrics:\n{text}")
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def lead_elsewhere(self) -> None:
        """Has node 2 lead, so that node 1 hears of writes through the proxy."""

        def transferred() -> bool:
            if self.leader_of(2) == 2:
                return True
            with Client(self.nodes[self.leader_of(2)].port) as client:
                client.cluster.transferLeadership(TransferLeadershipRequest(target=2))
            return False

        self.wait_for(transferred, "node 2 leads")

    def test_a_node_behind_nginx_takes_part_and_comes_back_after_nginx_and_after_itself(self) -> None:
        self.proxy.start()
        for number in self.nodes:
            self.wait_for(lambda number=number: self.leader_of(number) != 0, f"node {number} has a leader")
        self.lead_elsewhere()
        self.wait_for(lambda: self.metric(2, "tenon_transport_lanes_up") == 4, "all lanes of node 2 up")
        self.wait_for(lambda: self.metric(3, "tenon_transport_lanes_up") == 4, "all lanes of node 3 up")
        self.wait_for(lambda: self.put(PROXIED, b"through"), "a write through node 1")
        for number in self.nodes:
            self.wait_for(lambda number=number: self.has(number, b"through"), f"the write at node {number}")

        self.stay_connected_in_silence()
        self.lose_the_proxy()
        self.lose_the_node()

    def stay_connected_in_silence(self) -> None:
        # Node 3 has nothing to say to node 1, and on the bulk lane nobody has.
        before = {number: self.metric(number, "tenon_transport_lanes_down_total") for number in self.nodes}
        time.sleep(4 * PROXY_READ_SECONDS)
        after = {number: self.metric(number, "tenon_transport_lanes_down_total") for number in self.nodes}
        self.assertEqual(after, before, self.proxy.logger_file.read_text())

    def lose_the_proxy(self) -> None:
        self.proxy.kill()
        self.wait_for(lambda: self.metric(2, "tenon_transport_lanes_up") == 2, "node 2 knows that node 1 is away")
        self.wait_for(lambda: self.put(2, b"without the proxy"), "a write that node 1 cannot hear of")
        self.proxy.start()
        self.wait_for(lambda: self.metric(2, "tenon_transport_lanes_up") == 4, "node 2 reaches node 1 again")
        self.wait_for(lambda: self.has(PROXIED, b"without the proxy"), "node 1 has caught up")

    def lose_the_node(self) -> None:
        self.nodes[PROXIED].kill()
        self.wait_for(lambda: "HTTP 502" in self.nodes[2].logger_text(), "node 2 says what nginx says")
        self.wait_for(lambda: self.put(2, b"without the node"), "a write without node 1")
        self.nodes[PROXIED].launch()
        self.wait_for(lambda: self.has(PROXIED, b"without the node"), "node 1 is back")


if __name__ == "__main__":
    unittest.main(verbosity=2)
