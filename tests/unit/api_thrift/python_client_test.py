#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The stock Python library against the plugin: python_client_test.py SERVER GENERATED_DIRECTORY DOCUMENT."""

import io
import re
import subprocess
import sys
import unittest
from contextlib import redirect_stdout

server_path, generated, document = sys.argv[1:4]
sys.path.insert(0, generated)

from tenon_kv import Cluster, Kv  # noqa: E402
from tenon_kv.ttypes import (  # noqa: E402
    ChangeKind, Compare, CompareRelation, CompareTarget, ErrorCode, GetRequest, Operation, Outcome, PutRequest,
    RemoveRequest, ScanRequest, TenonError, TransactionRequest, WatchRequest)
from thrift.protocol import TBinaryProtocol, TMultiplexedProtocol  # noqa: E402
from thrift.transport import TSocket, TTransport  # noqa: E402


class PythonClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = subprocess.Popen([server_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.server.stdout.readline())
        self.transport = TTransport.TFramedTransport(TSocket.TSocket('127.0.0.1', self.port))
        self.protocol = TBinaryProtocol.TBinaryProtocol(self.transport)
        self.transport.open()
        self.kv = Kv.Client(self.protocol)

    def tearDown(self) -> None:
        self.transport.close()
        self.server.communicate(timeout=30)
        self.assertEqual(self.server.returncode, 0)

    def test_put_get_scan_and_remove(self) -> None:
        key, value = b'\x00\xff key', bytes(range(256))
        self.assertEqual(self.kv.put(PutRequest(key, value)).revision, 1)
        previous = self.kv.put(PutRequest(key, b'second', return_previous=True)).previous
        self.assertEqual((previous.key, previous.value, previous.version), (key, value, 1))
        record = self.kv.get(GetRequest(key)).record
        self.assertEqual((record.value, record.create_revision, record.mod_revision, record.version),
                         (b'second', 1, 2, 2))
        self.assertEqual([one.key for one in self.kv.scan(ScanRequest(prefix=b'\x00')).records], [key])
        self.assertTrue(self.kv.remove(RemoveRequest(key)).removed)
        self.assertFalse(self.kv.remove(RemoveRequest(key)).removed)
        self.assertIsNone(self.kv.get(GetRequest(key)).record)

    def test_a_large_value_comes_back(self) -> None:
        value = bytes(1024 * 1024)
        self.kv.put(PutRequest(b'large', value))
        self.assertEqual(self.kv.get(GetRequest(b'large')).record.value, value)

    def test_transaction(self) -> None:
        absent = Compare(b'k', CompareTarget.VERSION, CompareRelation.EQUAL, number=0)
        request = TransactionRequest([absent], [Operation(put=PutRequest(b'k', b'v'))],
                                     [Operation(get=GetRequest(b'k'))])
        self.assertTrue(self.kv.transaction(request).succeeded)
        second = self.kv.transaction(request)
        self.assertFalse(second.succeeded)
        self.assertEqual(second.replies[0].get.record.value, b'v')

    def test_errors_are_typed(self) -> None:
        with self.assertRaises(TenonError) as caught:
            self.kv.scan(ScanRequest(prefix=b'a', end_key=b'b'))
        self.assertEqual((caught.exception.code, caught.exception.outcome), (ErrorCode.INVALID, Outcome.REFUSED))

    def test_the_cluster_service_shares_the_connection(self) -> None:
        cluster = Cluster.Client(TMultiplexedProtocol.TMultiplexedProtocol(self.protocol, 'Cluster'))
        self.assertEqual(cluster.getInfo().protocol_version, 1)
        status = cluster.status()
        self.assertEqual((status.node_id, status.role, status.keys), (7, 'leader', 0))

    def test_a_watch_brings_changes_and_where_to_go_on(self) -> None:
        begun = self.kv.watch(WatchRequest(prefix=b'w'))
        self.assertEqual((begun.next_revision, begun.changes), (1, []))
        self.kv.put(PutRequest(b'w1', b'v'))
        self.kv.put(PutRequest(b'other', b'v'))
        self.kv.remove(RemoveRequest(b'w1'))
        first = self.kv.watch(WatchRequest(prefix=b'w', from_revision=1, wait_ms=60_000, limit=1))
        self.assertEqual([(one.kind, one.record.key, one.record.value) for one in first.changes],
                         [(ChangeKind.PUT, b'w1', b'v')])
        second = self.kv.watch(WatchRequest(prefix=b'w', from_revision=first.next_revision, wait_ms=60_000))
        self.assertEqual([(one.kind, one.record.mod_revision) for one in second.changes], [(ChangeKind.REMOVED, 3)])
        third = self.kv.watch(WatchRequest(prefix=b'w', from_revision=second.next_revision, wait_ms=50))
        self.assertEqual((third.next_revision, third.changes), (4, []))

    def test_the_example_of_the_document_runs(self) -> None:
        with open(document, encoding='utf-8') as file:
            example = re.search(r'```python\n(.*?)```', file.read(), re.DOTALL).group(1)
        self.assertIn('7101', example)
        output = io.StringIO()
        with redirect_stdout(output):
            exec(example.replace('7101', str(self.port)), {})  # the document is ours
        self.assertEqual(output.getvalue(), "b'world'\n")


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
