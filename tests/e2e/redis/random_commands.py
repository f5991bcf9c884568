# SPDX-License-Identifier: MIT
"""Commands drawn by chance, over so few keys and values that they meet each other."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

KEYS = [b"k%d" % number for number in range(5)]
TEXTS = [b"", b"a", b"value", b"1.5", b"10", b"-7", b"9223372036854775807", b"abc def", b"\x00\xff\r\n", b"3.0e3"]
NUMBERS = [b"0", b"1", b"-1", b"5", b"-100", b"9223372036854775807", b"-9223372036854775808", b"abc", b"1.5", b""]
FLOATS = [b"0.5", b"-2", b"1e3", b"10", b"abc", b"3.25", b""]
OFFSETS = [b"0", b"1", b"-1", b"3", b"-3", b"100", b"-100", b"x"]
FAR_SECONDS = [b"33177117420", b"33177117421", b"33177117500"]  # so far that no clock comes near
NOT_A_TIME = [b"0", b"-1", b"abc"]
CONDITIONS = [b"NX", b"XX", b"GT", b"LT"]


@dataclass(frozen=True)
class Drawn:
    words: list[bytes]
    marks: dict[str, str] = field(default_factory=dict)  # as in script.py


class Generator:
    """The same seed draws the same commands."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.in_transaction = 0  # commands that are left of it
        self.makers: list[Callable[[], Drawn]] = [
            self._set, self._set, self._read, self._read, self._several, self._number, self._piece, self._names,
            self._times, self._times, self._ask_time, self._get_and, self._older,
        ]  # fmt: skip

    def draw(self) -> Drawn:
        if self.in_transaction:
            self.in_transaction -= 1
            if not self.in_transaction:
                return Drawn([self.random.choice([b"EXEC", b"EXEC", b"EXEC", b"DISCARD"])])
            while (drawn := self._one()).marks:  # what an EXEC contains is compared to the byte
                pass
            return drawn
        chance = self.random.random()
        if chance < 0.03:
            self.in_transaction = self.random.randrange(1, 8)
            return Drawn([b"MULTI"])
        if chance < 0.035:
            return Drawn([b"FLUSHALL"])
        if chance < 0.05:
            return Drawn([self.random.choice([b"DBSIZE", b"EXEC", b"DISCARD", b"UNWATCH", b"SCAN"])])
        if chance < 0.07:
            return Drawn([b"KEYS", self.random.choice([b"*", b"k?", b"k[0-2]", b"k[^1]", b"*1"])], {"sorted": ""})
        return self._one()

    def _one(self) -> Drawn:
        return self.random.choice(self.makers)()

    def _key(self) -> bytes:
        return self.random.choice(KEYS)

    def _keys(self) -> list[bytes]:
        return [self._key() for _ in range(self.random.randrange(1, 4))]

    def _seconds(self) -> bytes:
        """Hours at least, and hardly ever the same twice."""
        return b"%d" % self.random.randrange(10_000, 10_000_000)

    def _expiry(self) -> list[bytes]:
        choose = self.random.choice
        return choose([
            [b"EX", self._seconds()],
            [b"PX", self._seconds() + b"000"],
            [b"EXAT", choose(FAR_SECONDS)],
            [b"PXAT", choose(FAR_SECONDS) + b"123"],
        ])  # fmt: skip

    def _expiry_or_none(self) -> list[bytes]:
        choose = self.random.choice
        return self._expiry() if self.random.random() < 0.8 else [choose([b"EX", b"PX"]), choose(NOT_A_TIME)]

    def _set(self) -> Drawn:
        choices = ((0.3, self._expiry_or_none()), (0.1, [b"KEEPTTL"]), (0.15, [b"NX"]), (0.15, [b"XX"]),
                   (0.15, [b"GET"]))  # fmt: skip
        options = [one for chance, one in choices if self.random.random() < chance]
        self.random.shuffle(options)
        return Drawn([b"SET", self._key(), self.random.choice(TEXTS), *[word for one in options for word in one]])

    def _read(self) -> Drawn:
        return Drawn([self.random.choice([b"GET", b"STRLEN", b"EXISTS", b"TYPE", b"get"]), self._key()])

    def _several(self) -> Drawn:
        name = self.random.choice([b"MGET", b"DEL", b"UNLINK", b"EXISTS", b"TOUCH", b"MSET", b"MSETNX"])
        words = self._keys()
        if name.startswith(b"MSET"):
            words = [word for key in words for word in (key, self.random.choice(TEXTS))]
            words = words[: len(words) - (self.random.random() < 0.05)]
        return Drawn([name, *words])

    def _number(self) -> Drawn:
        name = self.random.choice([b"INCR", b"DECR", b"INCRBY", b"DECRBY", b"INCRBYFLOAT"])
        by = {b"INCRBY": NUMBERS, b"DECRBY": NUMBERS, b"INCRBYFLOAT": FLOATS}.get(name)
        return Drawn([name, self._key(), *([self.random.choice(by)] if by else [])])

    def _piece(self) -> Drawn:
        choose = self.random.choice
        return choose([
            Drawn([b"APPEND", self._key(), choose(TEXTS)]),
            Drawn([b"GETRANGE", self._key(), choose(OFFSETS), choose(OFFSETS)]),
            Drawn([b"SETRANGE", self._key(), choose(OFFSETS), choose(TEXTS)]),
        ])  # fmt: skip

    def _names(self) -> Drawn:
        choose = self.random.choice
        return choose([
            Drawn([choose([b"RENAME", b"RENAMENX"]), self._key(), self._key()]),
            Drawn([b"COPY", self._key(), self._key(), *choose([[], [b"REPLACE"], [b"DB", b"0"]])]),
        ])  # fmt: skip

    def _times(self) -> Drawn:
        choose = self.random.choice
        name = choose([b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"])
        time = choose(FAR_SECONDS) if name.endswith(b"AT") else self._seconds()
        if name.startswith(b"P"):
            time += b"000"
        if self.random.random() < 0.1:
            time = choose(NOT_A_TIME)
        conditions = [choose(CONDITIONS) for _ in range(choose([0, 0, 1, 1, 2]))]
        return choose([Drawn([name, self._key(), time, *conditions]), Drawn([b"PERSIST", self._key()])])

    def _ask_time(self) -> Drawn:
        name = self.random.choice([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"])
        return Drawn([name, self._key()], {"near": "60000" if name.startswith(b"P") else "60"})

    def _get_and(self) -> Drawn:
        choose = self.random.choice
        return choose([
            Drawn([b"GETDEL", self._key()]),
            Drawn([b"GETSET", self._key(), choose(TEXTS)]),
            Drawn([b"GETEX", self._key(), *choose([[], [b"PERSIST"], self._expiry()])]),
        ])  # fmt: skip

    def _older(self) -> Drawn:
        choose = self.random.choice
        return choose([
            Drawn([b"SETNX", self._key(), choose(TEXTS)]),
            Drawn([b"SETEX", self._key(), choose([self._seconds(), *NOT_A_TIME]), choose(TEXTS)]),
            Drawn([b"PSETEX", self._key(), choose([self._seconds() + b"000", *NOT_A_TIME]), choose(TEXTS)]),
        ])  # fmt: skip
