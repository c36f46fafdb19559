"""What a proxy counts, as Prometheus text: Spawn's names, with the labels and the latency histogram that Spawn leaves out.

Counting happens on the server's loop and costs a dictionary look-up; the metrics library is loaded at the first scrape.
Labels are templates and declared actions only, so their number stays bounded whatever clients send.
"""

from __future__ import annotations

import bisect
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from runtime.api import SystemStatus
from runtime.drivers.thread_driver import ThreadDriver

if TYPE_CHECKING:
    from prometheus_client.core import Metric

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_OF_TEMPLATES: tuple[tuple[str, str, Callable[[TemplateLoad], float]], ...] = (
    ("spawn_actors_active", "Actors in memory.", lambda load: load.active),
    ("spawn_actor_message_queue_len", "Messages in mailboxes.", lambda load: load.waiting),
    ("spawn_actor_memory", "Bytes of the committed states in memory.", lambda load: load.state_bytes),
)
_LABELS = ("system", "actor", "action", "outcome")


class _Series:
    """One histogram."""

    __slots__ = ("buckets", "count", "total_s")

    def __init__(self) -> None:
        self.count, self.total_s = 0, 0.0
        self.buckets = [0] * (len(BUCKETS_S) + 1)

    def add(self, seconds: float) -> None:
        self.count += 1
        self.total_s += seconds
        self.buckets[bisect.bisect_left(BUCKETS_S, seconds)] += 1

    def cumulative(self) -> list[tuple[str, float]]:
        edges, running = [], 0
        for edge, count in zip((*map(str, BUCKETS_S), "+Inf"), self.buckets, strict=True):
            running += count
            edges.append((edge, float(running)))
        return edges


Key = tuple[str, str, str]
"""Template, action, outcome."""


class Metrics:
    """The counts of one proxy.  Belongs to the server's loop."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._invokes: dict[Key, _Series] = {}
        self._host_calls: dict[Key, _Series] = {}
        self.inflight = 0
        """Invocations taken over HTTP and not yet answered."""

    def invoked(self, actor: str, action: str, outcome: str, seconds: float) -> None:
        """An invocation was answered.  `outcome` is `ok` or an error's code; unknown names are empty."""
        key = (actor, action, outcome)
        (self._invokes.get(key) or self._invokes.setdefault(key, _Series())).add(seconds)

    def host_called(self, actor: str, action: str, outcome: str, seconds: float) -> None:
        """A host answered, or did not."""
        key = (actor, action, outcome)
        (self._host_calls.get(key) or self._host_calls.setdefault(key, _Series())).add(seconds)

    def text(self, status: SystemStatus, loads: Mapping[str, TemplateLoad], ready: int) -> bytes:
        """Everything as Prometheus text, with what the system says of itself and of each template; `ready` actors wait to run."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector([*self._metrics(status, ready), *self._by_template(loads)]))
        return generate_latest(registry)

    def _by_template(self, loads: Mapping[str, TemplateLoad]) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        for name, help_text, value_of in _OF_TEMPLATES:
            family = GaugeMetricFamily(name, help_text, labels=("system", "actor"))
            for template, load in loads.items():
                family.add_metric([self._system, template], value_of(load))
            yield family

    def _metrics(self, status: SystemStatus, ready: int) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric

        # Spawn's name for the number of invocations; a counter without `_total`, which the library would insist on.
        counter = Metric("spawn_invoke_stop_duration", "Invocations over HTTP that were answered.", "unknown")
        invokes = HistogramMetricFamily("spawn_invoke_duration_seconds", "From request to answer.", labels=_LABELS)
        for key, series in list(self._invokes.items()):
            labels = dict(zip(_LABELS, (self._system, *key), strict=True))
            counter.add_sample("spawn_invoke_stop_duration", labels, series.count)
            invokes.add_metric(list(labels.values()), series.cumulative(), series.total_s)
        yield counter
        yield invokes
        calls = HistogramMetricFamily("spawn_host_call_duration_seconds", "Calls of actor hosts.", labels=_LABELS)
        for key, series in list(self._host_calls.items()):
            calls.add_metric([self._system, *key], series.cumulative(), series.total_s)
        yield calls
        for name, help_text, value in self._gauges(status, ready):
            family = GaugeMetricFamily(name, help_text, labels=("system",))
            family.add_metric([self._system], value)
            yield family

    def _gauges(self, status: SystemStatus, ready: int) -> Iterator[tuple[str, str, float]]:
        cores = os.cpu_count() or 1
        yield "spawn_actor_inflight_messages_messages", "Invocations under way.", self.inflight
        yield "spawn_turns_finished", "Sequence of the last finished turn.", status.sequence
        yield "spawn_turns_unwritten", "Finished turns that are not on disk yet.", status.sequence - status.committed
        yield "spawn_store_up", "1 while the state store can be written.", 0 if status.store_error else 1
        yield (
            "vm_system_info_process_count",
            "Actors in memory, which are the processes of Spawn's virtual machine.",
            status.actors,
        )
        yield "vm_system_info_schedulers", "Processor cores.", cores
        yield "vm_system_info_schedulers_online", "Processor cores.", cores
        yield "vm_system_info_thread_pool_size", "Threads of this process.", threading.active_count()
        yield "vm_total_run_queue_lengths_total", "Actors that are ready and wait for a thread.", ready
        yield "vm_total_run_queue_lengths_cpu", "Actors that are ready and wait for a thread.", ready
        yield "vm_memory_total", "Bytes of memory in use by this process.", _memory_bytes()


def metric_families() -> list[tuple[str, str, tuple[str, ...], str]]:
    """Name, kind, labels and meaning of everything that is counted."""
    status = SystemStatus(system="", store="", running=True)
    empty = Metrics("")
    found = [*empty._metrics(status, 0), *empty._by_template({})]
    return [(each.name, each.type, tuple(getattr(each, "_labelnames", ())), each.documentation) for each in found]


class _Collector:
    """What the library calls to collect."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._found = metrics

    def collect(self) -> Iterable[Metric]:
        return self._found


def _memory_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - a file of the kernel
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


# --- Load of each template --------------------------------------------------------------------------------------------
# What the actors of each template take, for metrics: as labels templates are few, where actors may be a million.


class TemplateLoad(msgspec.Struct):
    """The active actors that run one template's code."""

    active: int = 0
    waiting: int = 0
    """Messages in their mailboxes."""
    state_bytes: int = 0
    """Their committed states, encoded."""


def template_loads(driver: ThreadDriver) -> tuple[dict[str, TemplateLoad], int]:
    """By template name; and how many actors are ready and wait for a thread."""
    active, ready = driver.look(lambda engine, _: (list(engine.directory.active.values()), len(engine.ready)))
    loads: dict[str, TemplateLoad] = {}
    for each in active:  # without the engine's lock: turns go on meanwhile
        load = loads.get(each.parent)
        if load is None:
            load = loads[each.parent] = TemplateLoad()
        load.active += 1
        load.waiting += each.waiting
        state = each.state
        load.state_bytes += len(state.value.data) if state is not None else 0
    return loads, ready
