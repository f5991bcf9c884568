# SPDX-License-Identifier: MIT
"""Runs scenarios, and commands drawn by chance, against two servers of which the first is the truth, and compares every
reply."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from likeness import alike
from random_commands import Generator
from script import ONLY_RESP2, Scenario, Step, parse
from wire import Closed, Connection, NoReply, NotRedis, Reply, command

SHOWN_BYTES = 300
SCRIPTS = Path(__file__).with_name("scripts")
PROTOCOLS = (2, 3)
COMMANDS_SHOWN = 30
# After a reply that did not come, the next ones are not waited for as long.
IMPATIENT_SECONDS = 0.2


@dataclass(frozen=True)
class Silence:
    """What there is in place of a reply."""

    what: str


@dataclass(frozen=True)
class End:
    """All bytes until the connection was closed, or was not."""

    data: bytes
    closed: bool


Answer = Reply | Silence | End
CLOSED = Silence("closed")


@dataclass(frozen=True)
class Difference:
    scenario: str
    protocol: int
    step: Step
    wanted: Answer
    found: Answer

    def __str__(self) -> str:
        return (f"{self.step.place} RESP{self.protocol} [{self.scenario}] {self.step.text}\n"
                f"  reference: {shown(self.wanted)}\n  found:     {shown(self.found)}")  # fmt: skip


def shown(answer: Answer) -> str:
    if isinstance(answer, Silence):
        return f"({answer.what})"
    data = answer.raw if isinstance(answer, Reply) else answer.data
    text = f"{data[:SHOWN_BYTES]!r}" + (f" and {len(data) - SHOWN_BYTES} bytes more" if len(data) > SHOWN_BYTES else "")
    return text if isinstance(answer, Reply) else f"{text}, then {'closed' if answer.closed else 'not closed'}"


class Player:
    """One server's side of a scenario."""

    def __init__(self, port: int, protocol: int) -> None:
        self.port = port
        self.protocol = protocol
        self.connections: dict[str, Connection] = {}

    def play(self, scenario: Scenario) -> list[tuple[Step, Answer]]:
        with Connection(self.port) as connection:
            connection.call(b"FLUSHALL")
        try:
            answers = [(step, answer) for step in scenario.steps for answer in self._answers(step)]
            # What a server has sent beyond its replies is found here.
            for name, connection in sorted(self.connections.items()):
                answers.append((Step("at the end", f"{name}: QUIT", name, "raw-closed", [], {}), self._end(connection)))
            return answers
        finally:
            for connection in self.connections.values():
                connection.close()

    def _connection(self, name: str) -> Connection:
        if name not in self.connections:
            self.connections[name] = Connection(self.port)
            if self.protocol == 3:
                self.connections[name].call(b"HELLO", b"3")
        return self.connections[name]

    def _answers(self, step: Step) -> list[Answer]:
        if step.action == "wait":
            time.sleep(int(step.words[0]) / 1000)
            return []
        connection = self._connection(step.connection)
        try:
            if step.action == "command":
                connection.send(command(*step.words))
            elif step.action in ("raw", "raw-closed"):
                connection.send(b"".join(step.words))
        except Closed:
            return [CLOSED] * step.replies()
        if step.action == "raw-closed":
            return [End(*connection.read_until_closed())]
        answers = [_read(connection) for _ in range(step.replies())]
        return sorted(answers, key=shown) if "any-order" in step.marks else answers

    @staticmethod
    def _end(connection: Connection) -> Answer:
        try:
            connection.send(command(b"QUIT"))
        except Closed:
            return End(b"", True)
        return End(*connection.read_until_closed())


def _read(connection: Connection) -> Answer:
    try:
        return connection.read()
    except NoReply:
        connection.reply_seconds = IMPATIENT_SECONDS
        return Silence("no reply")
    except Closed:
        return CLOSED
    except NotRedis as error:
        return Silence(f"no reply of the protocol: {error}")


def same(wanted: Answer, found: Answer, step: Step) -> bool:
    """What the reference leaves unanswered is a fault of the script."""
    if isinstance(wanted, Silence) and wanted != CLOSED:
        return False
    if isinstance(wanted, Reply) and isinstance(found, Reply):
        return alike(wanted, found, step.marks)
    return wanted == found


def compare(reference: int, subject: int, scenario: Scenario, protocol: int) -> list[Difference]:
    """The servers are named by their ports; `protocol` is 2 or 3."""
    if protocol == 3 and scenario.title.endswith(ONLY_RESP2):
        return []
    with ThreadPoolExecutor(2) as pool:
        pending = [pool.submit(Player(port, protocol).play, scenario) for port in (reference, subject)]
        wanted, found = (one.result() for one in pending)
    return [
        Difference(scenario.title, protocol, step, one, other)
        for (step, one), (_, other) in zip(wanted, found, strict=True)
        if not same(one, other, step)
    ]


def every_scenario() -> list[Scenario]:
    """Of servers that are alone."""
    return [scenario for path in sorted(SCRIPTS.glob("*.txt")) for scenario in parse(path)]


def cluster_scenarios(role: str) -> list[Scenario]:
    """For the master or a replica of a cluster."""
    return list(parse(SCRIPTS / "cluster" / f"{role}.txt"))


def differences(reference: int, subject: int, scenarios: list[Scenario]) -> list[Difference]:
    """The servers are named by their ports."""
    found: list[Difference] = []
    for scenario in scenarios:
        for protocol in PROTOCOLS:
            found += compare(reference, subject, scenario, protocol)
    return found


def first_random_difference(reference: int, subject: int, seed: int, count: int) -> str:
    """Of so many commands drawn by chance; empty: there is none."""
    generator = Generator(seed)
    with Connection(reference) as one, Connection(subject) as other:
        for connection in (one, other):
            connection.call(b"FLUSHALL")
        last: deque[list[bytes]] = deque(maxlen=COMMANDS_SHOWN)
        for number in range(count):
            drawn = generator.draw()
            last.append(drawn.words)
            wanted, found = one.call(*drawn.words), other.call(*drawn.words)
            if not alike(wanted, found, drawn.marks):
                commands = "\n".join(repr(words) for words in last)
                return (f"seed {seed}, command {number}, behind\n{commands}\n"
                        f"reference: {wanted.raw!r}\nfound:     {found.raw!r}")  # fmt: skip
    return ""


def told(found: list[Difference]) -> str:
    return f"{len(found)} replies differ\n" + "\n".join(map(str, found))
