# SPDX-License-Identifier: MIT
"""Names that the deterministic rooms must not use: what they do follows from their input alone, so that a simulation
can repeat it. Durations of std::chrono are values and are allowed."""
import re
from collections.abc import Iterator

from tidy_checks.rooms import DETERMINISTIC, is_below
from tidy_checks.statics import mutable_statics
from tidy_checks.tree import File, Finding, Tree

_TIME = "the time that the event brings"
_THREAD = "one owner and no thread; core/host has the thread"
_FILE = "the storage that it is handed"
_SOCKET = "the effects that a transport performs"
_UNORDERED = "an ordered container"
_RANDOM = "the injected generator"

_HEADERS = {
    _TIME: "ctime time.h sys/time.h sys/timerfd.h",
    _THREAD: "thread mutex shared_mutex condition_variable atomic future stop_token semaphore latch barrier "
    "pthread.h threads.h stdatomic.h semaphore.h",
    _FILE: "fstream filesystem fcntl.h unistd.h dirent.h sys/stat.h sys/mman.h sys/file.h sys/uio.h aio.h",
    _SOCKET: "sys/socket.h sys/un.h netdb.h poll.h sys/epoll.h sys/eventfd.h sys/select.h "
    "netinet/in.h netinet/ip.h netinet/tcp.h arpa/inet.h net/if.h ifaddrs.h",
    _UNORDERED: "unordered_map unordered_set",
    _RANDOM: "random sys/random.h",
}
_WANTED_OF_HEADER = {name: wanted for wanted, names in _HEADERS.items() for name in names.split()}

_NAMES = (
    (_TIME, r"\b(?:system|steady|high_resolution|utc|tai|gps|file)_clock\b"),
    (_TIME, r"\b\w+::now\s*\("),
    (_TIME, r"(?:\bstd|(?<!\w))::(?:time|clock)\s*\(|\btime\s*\(\s*(?:nullptr|NULL|0|&)"),
    (_TIME, r"\b(?:timespec_get|gettimeofday)\b|\bclock_\w+(?=\s*\()"),
    (_TIME, r"\b(?:nano|u)sleep\s*\(|\b(?:local|gm)time(?:_r)?\s*\("),
    (_THREAD, r"\bstd::(?:jthread|thread|async|future|promise|packaged_task|call_once|once_flag|this_thread)\b"),
    (_THREAD, r"\bstd::\w*(?:mutex|atomic|lock_guard|_lock|condition_variable|semaphore|latch|barrier)\w*\b"),
    (_THREAD, r"\bpthread_\w+|\bthread_local\b"),
    (_FILE, r"\bstd::(?:filesystem|[io]?fstream|basic_[io]?fstream)\b|\b(?:f|fd|fre)open\s*\("),
    (_FILE, r"\bcreat\s*\(|\bopenat\s*\("),
    (_SOCKET, r"(?<!\w)::(?:socket|connect|bind|listen|accept4?|send\w*|recv\w*|poll|select)\s*\("),
    (_SOCKET, r"(?<![\w.>])socket\s*\(|\bepoll_\w+|\beventfd\s*\("),
    (_UNORDERED, r"\bunordered_(?:multi)?(?:map|set)\b"),
    (_RANDOM, r"\brandom_device\b|(?<![\w.>:])s?rand(?:om)?\s*\(|\bstd::s?rand\b|\bgetrandom\s*\(|\barc4random\w*"),
    (_RANDOM, r"\bstd::(?:mt19937(?:_64)?|default_random_engine|minstd_rand0?|\w+_distribution)\b"),
)
# A snapshot of the state is read and released on other threads. The flag that says so decides when memory is freed, and
# nothing that anybody can see.
_ALLOWED = {"core/kv/memory": ("atomic", "std::atomic")}
_PATTERNS = [(wanted, re.compile(pattern)) for wanted, pattern in _NAMES]
_OPEN = re.compile(r"\bopen\s*\(")
_DECLARED_OR_MEMBER = re.compile(r"(?:\.|->|[>&*~]|\w::|\w)\s*$")
_KEYWORD = re.compile(r"\b(?:return|else|do|co_return|co_await)\s*$")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        if file.is_cpp and any(is_below(file.path, room) for room in DETERMINISTIC):
            yield from _headers(file)
            yield from _names(file)
            for line, declaration in mutable_statics(file.code):
                text = f"state that outlives its owner: {declaration}; wanted: a member, or a constant"
                yield Finding(file.path, line, text)


def _headers(file: File) -> Iterator[Finding]:
    for include in file.includes:
        wanted = _WANTED_OF_HEADER.get(include.name)
        if wanted and not _is_allowed(file, include.name):
            yield Finding(file.path, include.line, f"<{include.name}> in a deterministic room; wanted: {wanted}")


def _names(file: File) -> Iterator[Finding]:
    for number, line in enumerate(file.code.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            continue
        found = [(match[0], wanted) for wanted, pattern in _PATTERNS for match in pattern.finditer(line)]
        found += [(match[0], _FILE) for match in _OPEN.finditer(line) if _is_call(line[: match.start()])]
        for name, wanted in found:
            if _is_allowed(file, name):
                continue
            yield Finding(file.path, number, f"{name.rstrip('( &')} in a deterministic room; wanted: {wanted}")


def _is_allowed(file: File, name: str) -> bool:
    return any(is_below(file.path, folder) and name in names for folder, names in _ALLOWED.items())


def _is_call(before: str) -> bool:
    """Whether `open(` after this text opens a file: not a declaration, and not a member of something."""
    return _KEYWORD.search(before) is not None or _DECLARED_OR_MEMBER.search(before) is None
