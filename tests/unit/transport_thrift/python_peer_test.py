#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The stock Python library as a peer of the plugin: python_peer_test.py PLUGIN_PROGRAM GENERATED_DIRECTORY."""

import subprocess
import sys
import unittest

program, generated = sys.argv[1:3]
sys.path.insert(0, generated)

from tenon_peer import Peer  # noqa: E402
from tenon_peer.constants import LANE_BULK, REFUSED_CLUSTER, VERSION  # noqa: E402
from tenon_peer.ttypes import Hello, Introduction  # noqa: E402
from thrift.protocol import TBinaryProtocol  # noqa: E402
from thrift.transport import TSocket, TTransport  # noqa: E402


class PythonPeerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.node = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.transport = TTransport.TFramedTransport(TSocket.TSocket('127.0.0.1', int(self.node.stdout.readline())))
        self.transport.open()
        self.peer = Peer.Client(TBinaryProtocol.TBinaryProtocol(self.transport))

    def tearDown(self) -> None:
        self.transport.close()
        self.node.communicate(timeout=30)
        self.assertEqual(self.node.returncode, 0)

    def hello(self, cluster: str) -> Hello:
        sender = Introduction(cluster, 2, bytes(range(16)), ['thrift://python:1'])
        return Hello(VERSION, sender, to=1, lane=LANE_BULK)

    def test_a_hello_is_accepted_and_frames_arrive(self) -> None:
        reply = self.peer.hello(self.hello('cluster-of-test'))
        self.assertIsNone(reply.refusal)
        self.assertEqual((reply.version, reply.sender.cluster, reply.sender.node), (1, 'cluster-of-test', 1))
        self.assertEqual(len(reply.sender.incarnation), 16)
        self.assertEqual(reply.sender.client_addresses, ['thrift://client-of-1:1'])
        self.peer.frame(b'first')
        self.peer.frame(b'x' * 1_000_000)
        self.assertEqual(self.node.stdout.readline(), '2 bulk 5 first\n')
        self.assertEqual(self.node.stdout.readline(), '2 bulk 1000000 ' + 'x' * 20 + '\n')

    def test_a_hello_of_another_cluster_is_refused(self) -> None:
        reply = self.peer.hello(self.hello('another'))
        self.assertEqual(reply.refusal, REFUSED_CLUSTER)
        self.assertIn('another', reply.reason)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
