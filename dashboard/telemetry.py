"""What the server tells a monitoring system: how fresh the data is, what a sync and a page cost, what went wrong.

Prometheus' text form on /metrics. No label or value ever comes from the data: pages, kinds of fault and states only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from dashboard import current, freshness
from data_access import traffic
from data_access.clocks import LEVELS, Clock
from data_access.reference import LOCAL

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_PAGE_BUCKETS = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 5.0, 10.0)
_SYNC_BUCKETS = (1, 2, 5, 10, 20, 40, 80, 160, 320)

disable_created_metrics()  # type: ignore[no-untyped-call]
_registry = CollectorRegistry()
_page_seconds = Histogram(
    "yanpan_page_seconds", "Time of one run of a page's script", ["page"], registry=_registry, buckets=_PAGE_BUCKETS
)
_sync_seconds = Histogram(
    "yanpan_sync_seconds", "Time of one sync that ended well", registry=_registry, buckets=_SYNC_BUCKETS
)
_sync_rows = Counter("yanpan_sync_rows", "Rows fetched by syncs", registry=_registry)
_errors = Counter("yanpan_errors", "Faults by where they happened", ["where"], registry=_registry)
for _where in ("page", "refresh", "look"):
    _errors.labels(_where)


@contextmanager
def page_run(page: str) -> Iterator[None]:
    """Take the time of one run of a page's script, however it ends."""
    with _page_seconds.labels(page).time():
        yield


@contextmanager
def sync_run() -> Iterator[None]:
    """Take the time and the rows of one sync; of one that fails only the rows."""
    begun, rows = time.monotonic(), traffic.total().rows
    try:
        yield
    finally:
        _sync_rows.inc(traffic.total().rows - rows)
    _sync_seconds.observe(time.monotonic() - begun)


def failed(where: str) -> None:
    """Count a fault. ``where``: page, refresh or look."""
    _errors.labels(where).inc()


def exposition() -> bytes:
    """All figures as Prometheus reads them."""
    return generate_latest(_registry)


class _State(Collector):
    """What stands in ``current`` and in the account of the traffic, at the moment of asking."""

    def collect(self) -> Iterable[Metric]:
        yield from _of_snapshot(datetime.now(tz=LOCAL))
        yield from _of_database()
        yield from _of_traffic()


def _of_snapshot(now: datetime) -> Iterator[Metric]:
    loaded, read_at = current.snapshot(), current.read_at()
    yield GaugeMetricFamily("yanpan_snapshot_loaded", "1: a snapshot is in use", value=float(loaded is not None))
    if loaded is None:
        return
    made = loaded.provenance
    yield GaugeMetricFamily("yanpan_snapshot_number", "Number of the snapshot in use", value=float(made.number or 0))
    age = (now - made.taken_at).total_seconds()
    yield GaugeMetricFamily("yanpan_snapshot_age_seconds", "Since the snapshot in use was taken", value=age)
    if read_at is not None:
        since = (now - read_at).total_seconds()
        yield GaugeMetricFamily(
            "yanpan_source_read_age_seconds", "Since the source was last read to the end", value=since
        )
    known = freshness.clocks(made, now)
    levels = GaugeMetricFamily("yanpan_clock_level", "0 in order, 1 unknown, 2 caution, 3 broken", labels=["clock"])
    for name, clock in (("business", known.business), ("replica", known.replica), ("picture", known.picture)):
        levels.add_metric([name], float(LEVELS.index(clock.level)))
    yield levels


def _of_database() -> Iterator[Metric]:
    seen = current.seen()
    if seen is None:
        return
    yield GaugeMetricFamily(
        "yanpan_replica_answers", "1: a server answered the last look", value=float(seen.host is not None)
    )
    lag = _lag(seen.clock)
    if lag is not None:
        yield GaugeMetricFamily("yanpan_replica_lag_seconds", "How late the replica is, or cut off since", value=lag)


def _lag(clock: Clock) -> float | None:
    """None where it is not known."""
    if clock.status == "in_step":
        return 0.0
    return clock.age.total_seconds() if clock.status in ("late", "cut_off") and clock.age is not None else None


def _of_traffic() -> Iterator[Metric]:
    told = traffic.total()
    yield CounterMetricFamily("yanpan_source_connections", "Connections made to the database", value=told.connections)
    yield CounterMetricFamily("yanpan_source_statements", "Statements sent to the database", value=told.statements)
    yield CounterMetricFamily(
        "yanpan_source_busy_seconds", "Waited for answers of the database", value=told.busy_seconds
    )
    yield CounterMetricFamily("yanpan_source_rows", "Rows fetched from the database", value=told.rows)
    yield CounterMetricFamily("yanpan_source_bytes", "Bytes fetched from the database", value=told.octets)
    yield CounterMetricFamily(
        "yanpan_source_silent", "Connections closed because the server was silent", value=told.cut
    )


_registry.register(_State())
ProcessCollector(registry=_registry)
