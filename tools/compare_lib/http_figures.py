# SPDX-License-Identifier: MIT
"""HTTP: Tenon beside etcd's JSON gateway under wrk; how fast /metrics of a leader answers while it is written to; and
what dashboards that are left open take of a leader's writes."""

from __future__ import annotations

import http.client
import shutil
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cluster_lib.node_config import HOST
from compare_lib import etcd_cluster, http_systems, load_generator, wrk
from compare_lib.dashboards import Dashboards
from compare_lib.errors import CompareError
from compare_lib.etcd_cluster import EtcdCluster
from compare_lib.figures import WRITE_64, Measured, Spread, Verdict, median, spread
from compare_lib.http_systems import Load
from compare_lib.report import align, latency, per_second
from compare_lib.state_figures import Plan
from compare_lib.tenon_cluster import TenonCluster

DASHBOARDS = 200
DASHBOARD_COST_MAX = 0.1  # of the writes
METRICS_MS_MAX = 50.0
METRICS_PAUSE_SECONDS = 0.02
SETTLE_SECONDS = 3.0  # until dashboards have been told what is kept for those that come
ASK_SECONDS = 30.0
WRITE = f"PUT, {wrk.CONNECTIONS} connections"
READ = f"linearizable GET, {wrk.CONNECTIONS} connections"
ROWS = (WRITE, READ)
SYSTEMS = ("tenon", "etcd")
OVER_THRIFT = "writes over Thrift, 64 clients"
OVER_HTTP = f"writes over HTTP, {wrk.CONNECTIONS} connections"
LOADS = (OVER_THRIFT, OVER_HTTP)
# Whether dashboards are open, in the turns of a round. A machine that becomes slower or faster meanwhile, be it ever
# more so, does it to both in equal parts.
TURNS = (False, True, True, False, True, False, False, True)
PAIRS = len(TURNS) // 2


@dataclass
class HttpFigures:
    loads: dict[str, dict[str, list[Measured]]] = field(default_factory=dict)  # by system, row and round
    metrics_ms: list[float] = field(default_factory=list)  # of every answer, in all rounds
    without: dict[str, list[Measured]] = field(default_factory=dict)  # dashboards; by load, PAIRS for each round
    with_open: dict[str, list[Measured]] = field(default_factory=dict)
    events_per_second: list[float] = field(default_factory=list)  # that all dashboards together were told of
    etcd_version: str = ""

    def add(self, system: str, row: str, found: Measured) -> None:
        self.loads.setdefault(system, {}).setdefault(row, []).append(found)

    def ratios(self, row: str) -> list[float]:
        """Tenon's requests a second over etcd's, of each round."""
        return [_share(tenon.per_second, etcd.per_second, f"etcd under '{row}'")
                for tenon, etcd in zip(self.loads["tenon"][row], self.loads["etcd"][row], strict=True)]  # fmt: skip

    def shares(self, load: str) -> list[float]:
        """Of the writes without dashboards, what is left with them, of each round."""
        both = zip(_by_round(self.with_open[load]), _by_round(self.without[load]), strict=True)
        return [_share(with_open, without, f"Tenon under '{load}'") for with_open, without in both]

    def errors(self) -> int:
        every = [*self.loads.get("tenon", {}).values(), *self.without.values(), *self.with_open.values()]
        return sum(count for rounds in every for one in rounds for count in one.errors.values())


def _share(some: float, whole: float, of: str) -> float:
    """Of what was done a second."""
    if whole <= 0:
        raise CompareError(f"found a round in which nothing was done by {of}, expected requests")
    return some / whole


def _by_round(measured: list[Measured]) -> list[float]:
    """What was done a second in the turns of each round."""
    rounds = [measured[begin : begin + PAIRS] for begin in range(0, len(measured), PAIRS)]
    return [sum(one.per_second for one in turns) / PAIRS for turns in rounds]


def percentile(values: list[float], share: float) -> float:
    """The least value that so many of them do not exceed."""
    if not values:
        raise CompareError("found no answer, expected some")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]


class Bench:
    """Puts loads on a system that runs."""

    def __init__(self, plan: Plan, name: str, port: int) -> None:
        self.plan, self.name, self.port = plan, name, port
        self.program = wrk.find_program()

    def run(self, row: str, load: Load) -> Measured:
        shape = self.plan.shape
        requests = self.plan.directory / "requests.txt"
        wrk.write_requests(requests, load.requests)
        found = wrk.run(self.program, self.port, load.method, requests, shape.warmup_seconds, shape.duration_seconds)
        self.plan.say(f"  {self.name}: {row}: {found.per_second:.0f}/s")
        return found


def tenon(plan: Plan, directory: Path) -> TenonCluster:
    return TenonCluster(plan.build, directory, plan.settings, apis=("thrift", "http"))


def measure_tenon(plan: Plan, figures: HttpFigures) -> None:
    system = tenon(plan, plan.directory / "tenon")
    try:
        system.start()
        port = system.leader_port("http")
        http_systems.fill(port, http_systems.tenon_fill(plan.shape))
        bench = Bench(plan, "tenon", port)
        figures.add("tenon", WRITE, bench.run(WRITE, http_systems.tenon_writes(plan.shape)))
        figures.add("tenon", READ, bench.run(READ, http_systems.tenon_reads(plan.shape)))
    finally:
        system.stop()
        shutil.rmtree(system.directory, ignore_errors=True)


def measure_etcd(plan: Plan, figures: HttpFigures) -> None:
    system = EtcdCluster(etcd_cluster.find_server(), plan.directory / "etcd")
    try:
        system.start()
        port = http_systems.etcd_leader(system.ports[: etcd_cluster.MEMBERS])
        http_systems.fill(port, http_systems.etcd_fill(plan.shape))
        bench = Bench(plan, "etcd", port)
        figures.add("etcd", WRITE, bench.run(WRITE, http_systems.etcd_writes(plan.shape)))
        figures.add("etcd", READ, bench.run(READ, http_systems.etcd_reads(plan.shape)))
    finally:
        system.stop()
        shutil.rmtree(system.directory, ignore_errors=True)


class Scraper:
    """Asks for /metrics again and again, as long as it is entered, and keeps how long each answer took."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.milliseconds: list[float] = []
        self.trouble: Exception | None = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Scraper:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()

    def found(self) -> list[float]:
        if self.trouble is not None:
            raise CompareError(f"/metrics did not answer as it should: {self.trouble!r}")
        return self.milliseconds

    def _run(self) -> None:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ASK_SECONDS)
        try:
            while not self.is_over.wait(METRICS_PAUSE_SECONDS):
                begin = time.monotonic()
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                text = answer.read()
                self.milliseconds.append((time.monotonic() - begin) * 1000)
                if answer.status != 200 or b"tenon_revision " not in text:
                    raise CompareError(f"found status {answer.status}, expected metrics")
        except (OSError, http.client.HTTPException, CompareError) as error:
            self.trouble = error
        finally:
            connection.close()


def measure_loads_with(plan: Plan, system: TenonCluster, found: dict[str, list[Measured]], name: str) -> None:
    shape = plan.shape
    over_thrift = load_generator.run(plan.bench(), system.endpoints(), WRITE_64, shape)
    plan.say(f"  {name}: {OVER_THRIFT}: {over_thrift.per_second:.0f}/s")
    found.setdefault(OVER_THRIFT, []).append(over_thrift)
    bench = Bench(plan, name, system.leader_port("http"))
    found.setdefault(OVER_HTTP, []).append(bench.run(OVER_HTTP, http_systems.tenon_writes(shape)))


def measure_without(plan: Plan, system: TenonCluster, figures: HttpFigures) -> None:
    measure_loads_with(plan, system, figures.without, "without dashboards")


def measure_with(plan: Plan, system: TenonCluster, figures: HttpFigures) -> None:
    home = system.leader_port("http")
    others = [port for port in system.ports("http") if port != home]
    with Dashboards(home, others, DASHBOARDS) as open_pages:
        time.sleep(SETTLE_SECONDS)
        begin, before = time.monotonic(), open_pages.events()
        measure_loads_with(plan, system, figures.with_open, f"{DASHBOARDS} dashboards")
        figures.events_per_second.append((open_pages.events() - before) / (time.monotonic() - begin))


def measure_watched(plan: Plan, figures: HttpFigures) -> None:
    """One cluster for all rounds: what is compared follows each other closely."""
    system = tenon(plan, plan.directory / "watched")
    try:
        system.start()
        http_systems.fill(system.leader_port("http"), http_systems.tenon_fill(plan.shape))
        for number in range(plan.rounds):
            plan.say(f"dashboards and metrics, round {number + 1} of {plan.rounds}")
            for is_with in TURNS:
                (measure_with if is_with else measure_without)(plan, system, figures)
            port = system.leader_port("http")
            with Scraper(port) as scraper:
                Bench(plan, "scraped", port).run(WRITE, http_systems.tenon_writes(plan.shape))
            figures.metrics_ms += scraper.found()
    finally:
        system.stop()
        shutil.rmtree(system.directory, ignore_errors=True)


def find_programs() -> None:
    """Raises CompareError for one that is missing."""
    wrk.find_program()
    etcd_cluster.find_server()


def check_plugin(build: Path) -> None:
    plugin = build / "plugins" / "tenon-api-http.so"
    if not plugin.is_file():
        raise CompareError(f"found no {plugin}, expected a build with it; run `ninja -C {build} product`")


def measure(plan: Plan) -> HttpFigures:
    """The system that begins changes with the round."""
    check_plugin(plan.build)
    find_programs()
    figures = HttpFigures(etcd_version=etcd_cluster.version(etcd_cluster.find_server()))
    turns = [measure_tenon, measure_etcd]
    for number in range(plan.rounds):
        plan.say(f"http, round {number + 1} of {plan.rounds}")
        for turn in turns if number % 2 == 0 else reversed(turns):
            turn(plan, figures)
    measure_watched(plan, figures)
    return figures


def verdicts(figures: HttpFigures) -> list[Verdict]:
    slow = percentile(figures.metrics_ms, 0.99)
    found = [Verdict("/metrics of a leader that is written to: p99", f"{slow:.1f} ms", f"< {METRICS_MS_MAX:g} ms",
                     slow < METRICS_MS_MAX)]  # fmt: skip
    for load in LOADS:
        cost = 1 - median(figures.shares(load))
        found.append(Verdict(f"{load}: cost of {DASHBOARDS} open dashboards", f"{100 * cost:.1f} %",
                             f"< {100 * DASHBOARD_COST_MAX:g} %", cost < DASHBOARD_COST_MAX))  # fmt: skip
    failed = figures.errors()
    found.append(Verdict("requests that Tenon did not serve over HTTP", str(failed), "0", failed == 0))
    return found


def as_json(figures: HttpFigures) -> dict[str, object]:
    return {
        **asdict(figures),
        "ratios": {row: asdict(spread(figures.ratios(row))) for row in ROWS},
        "shares": {load: asdict(spread(figures.shares(load))) for load in LOADS},
    }


def _line(name: str, measured: list[Measured], ratio: Spread | None) -> list[str]:
    return [
        name,
        per_second(spread([one.per_second for one in measured])),
        latency(median([one.p50_us for one in measured])),
        latency(median([one.p99_us for one in measured])),
        f"{ratio.middle:.2f} ({ratio.low:.2f}-{ratio.high:.2f})" if ratio else "",
    ]


def text(figures: HttpFigures) -> str:
    lines = [["", "ops/s (range)", "p50 ms", "p99 ms", "ratio (range)"]]
    for row in ROWS:
        for system in SYSTEMS:
            ratio = spread(figures.ratios(row)) if system == "tenon" else None
            lines.append(_line(f"{row}: {system}", figures.loads[system][row], ratio))
    watched = [["", "ops/s (range)", "p50 ms", "p99 ms", "ratio (range)"]]
    for load in LOADS:
        watched.append(_line(f"{load}: none open", figures.without[load], None))
        shares = spread(figures.shares(load))
        watched.append(_line(f"{load}: {DASHBOARDS} dashboards", figures.with_open[load], shares))
    answers = figures.metrics_ms
    told = spread(figures.events_per_second)
    return "\n".join([
        f"wrk on three Tenon nodes, and on three members of {figures.etcd_version} by their JSON gateway",
        align(lines),
        align(watched),
        f"{DASHBOARDS} dashboards were told of {told.middle:.0f} events a second",
        f"/metrics of a leader that is written to over HTTP: {len(answers)} answers, p50 "
        f"{percentile(answers, 0.5):.1f} ms, p90 {percentile(answers, 0.9):.1f} ms, p99 "
        f"{percentile(answers, 0.99):.1f} ms, max {max(answers):.1f} ms",
    ])  # fmt: skip
