# SPDX-License-Identifier: MIT
"""What Tenon and etcd are asked over HTTP for the same thing. etcd's gateway takes JSON with keys and values in base64
and always by POST; a key of both has the same bytes."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass

from cluster_lib.node_config import HOST
from compare_lib.errors import CompareError
from compare_lib.load_generator import LoadShape
from compare_lib.wrk import HttpRequest

ASK_SECONDS = 30.0
TENON_BATCH = 500
ETCD_BATCH = 100  # it takes 128 operations in a transaction by default
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Load:
    """One kind of request, with each key once."""

    method: str
    requests: list[HttpRequest]


def keys_of(shape: LoadShape) -> list[str]:
    """Of letters and digits, so that they stand in a path as they are."""
    return [f"{number:0{shape.key_bytes}}" for number in range(shape.keys)]


def value_of(shape: LoadShape, number: int) -> str:
    begin = number % len(LETTERS)
    turned = LETTERS[begin:] + LETTERS[:begin]
    return (turned * (shape.value_bytes // len(LETTERS) + 1))[: shape.value_bytes]


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def tenon_writes(shape: LoadShape) -> Load:
    return Load("PUT", [HttpRequest(f"/v1/kv/{key}", value_of(shape, number))
                        for number, key in enumerate(keys_of(shape))])  # fmt: skip


def tenon_reads(shape: LoadShape) -> Load:
    return Load("GET", [HttpRequest(f"/v1/kv/{key}") for key in keys_of(shape)])


def etcd_put(key: str, value: str) -> dict[str, str]:
    return {"key": base64_of(key), "value": base64_of(value)}


def etcd_writes(shape: LoadShape) -> Load:
    return Load("POST", [HttpRequest("/v3/kv/put", json.dumps(etcd_put(key, value_of(shape, number))))
                         for number, key in enumerate(keys_of(shape))])  # fmt: skip


def etcd_reads(shape: LoadShape) -> Load:
    """Linearizable, which it is by default."""
    return Load("POST", [HttpRequest("/v3/kv/range", json.dumps({"key": base64_of(key)})) for key in keys_of(shape)])


def tenon_fill(shape: LoadShape) -> Iterator[HttpRequest]:
    keys = keys_of(shape)
    for begin in range(0, len(keys), TENON_BATCH):
        puts = [{"op": "put", "key": key, "value": value_of(shape, begin + place)}
                for place, key in enumerate(keys[begin : begin + TENON_BATCH])]  # fmt: skip
        yield HttpRequest("/v1/batch", json.dumps({"operations": puts}))


def etcd_fill(shape: LoadShape) -> Iterator[HttpRequest]:
    keys = keys_of(shape)
    for begin in range(0, len(keys), ETCD_BATCH):
        puts = [{"request_put": etcd_put(key, value_of(shape, begin + place))}
                for place, key in enumerate(keys[begin : begin + ETCD_BATCH])]  # fmt: skip
        yield HttpRequest("/v3/kv/txn", json.dumps({"success": puts}))


def post(connection: http.client.HTTPConnection, request: HttpRequest) -> bytes:
    connection.request("POST", request.path, request.body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise CompareError(f"found status {answer.status} for POST {request.path}, expected 200: {body[:300]!r}")
    return body


def fill(port: int, requests: Iterator[HttpRequest]) -> None:
    """Writes every key once, so that a read finds it."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ASK_SECONDS)
    try:
        for request in requests:
            post(connection, request)
    except (OSError, http.client.HTTPException) as error:
        raise CompareError(f"the keys could not be written at port {port}: {error}") from error
    finally:
        connection.close()


def etcd_leader(ports: list[int]) -> int:
    """The port at which etcd's leader serves clients."""
    for port in ports:
        connection = http.client.HTTPConnection(HOST, port, timeout=ASK_SECONDS)
        try:
            told = json.loads(post(connection, HttpRequest("/v3/maintenance/status", "{}")))
            if told["leader"] == told["header"]["member_id"]:
                return port
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise CompareError(f"etcd at port {port} does not say who leads: {error!r}") from error
        finally:
            connection.close()
    raise CompareError("found no etcd member that leads, expected one; run again")
