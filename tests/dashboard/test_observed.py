"""What an operator's systems see: readiness, figures for monitoring, and the log, from a real server."""

from __future__ import annotations

import json
import logging
import shutil
import time
from pathlib import Path
from signal import SIGTERM

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import URL

from dashboard import logs
from data_access.settings import PROJECT, SettingsError
from tests import databases, small_city
from tests.dashboard.test_server import Site, serving


def figures(site: Site) -> dict[str, float]:
    """Every figure of /metrics by name and labels, as Prometheus' own parser reads it."""
    families = text_string_to_metric_families(site.get("/metrics").text)
    return {
        sample.name + "".join(f"/{value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def _config(folder: Path, limits: str) -> Path:
    """The project's configuration with other limits of the clocks."""
    config = folder / "config"
    shutil.copytree(PROJECT / "config", config)
    (config / "replica.toml").write_text(limits, encoding="utf-8")
    return config


@pytest.fixture
def city(database: URL) -> URL:
    return databases.reader(small_city.fill(database))


def test_ready_tells_the_clocks_and_metrics_the_figures(tmp_path: Path, city: URL) -> None:
    with serving(tmp_path / "home", city) as site:
        ready = json.loads(site.await_status("/readyz", 200).content)
        told = figures(site)
    assert (ready["status"], ready["snapshot"]) == ("ready", 1)
    assert ready["replica"]["words"] == "同步"
    assert ready["picture"]["level"] == "in_order"
    # The small city's newest event is of spring.
    assert (ready["business"]["level"], ready["level"]) == ("broken", "broken")
    assert ready["taken_at"] == ready["read_at"]
    assert told["yanpan_snapshot_number"] == 1
    assert 0 <= told["yanpan_snapshot_age_seconds"] < 120
    assert told["yanpan_sync_seconds_count"] == 1
    assert told["yanpan_sync_rows_total"] == told["yanpan_source_rows_total"] > 30
    assert told["yanpan_clock_level/business"] == 3
    assert told["yanpan_replica_answers"] == 1
    assert told["yanpan_errors_total/refresh"] == 0
    assert not any(name.endswith("_created") for name in told)


def test_an_old_snapshot_is_not_ready(tmp_path: Path, city: URL) -> None:
    """The database goes away and the snapshot ages; the pages go on, a load balancer is told."""
    config = _config(tmp_path, "ready_max_age_hours = 0.001\nlook_seconds = 1\n")
    with serving(tmp_path / "home", city, YANPAN_CONFIG=str(config), YANPAN_SYNC_SECONDS="864000") as site:
        site.await_status("/readyz", 200)
        stale = json.loads(site.await_status("/readyz", 503).content)
        assert (stale["status"], stale["snapshot"]) == ("stale", 1)
        assert site.get("/healthz").status == 200
        assert site.get("/export?metric=petition_volume&from=2026-01-01&to=2026-03-31").status == 200


def test_a_database_that_goes_away_is_seen_by_watch_and_figures(tmp_path: Path, city: URL) -> None:
    config = _config(tmp_path, "look_seconds = 1\n")
    with serving(tmp_path / "home", city, YANPAN_CONFIG=str(config), YANPAN_SYNC_SECONDS="864000") as site:
        site.await_status("/readyz", 200)
        assert figures(site)["yanpan_replica_answers"] == 1
        administrator = city.set(username="postgres", database="postgres")
        databases.execute(administrator, f"alter database {city.database} with allow_connections false")
        databases.execute(
            administrator, f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{city.database}'"
        )
        deadline = time.monotonic() + 30
        while figures(site)["yanpan_replica_answers"] == 1:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        told = json.loads(site.get("/readyz").content)
        assert (told["status"], told["replica"]["words"]) == ("ready", "未知")
        assert any(note.startswith("库没有回答：") for note in told["replica"]["notes"])
        assert "yanpan_replica_lag_seconds" not in figures(site)
        assert figures(site)["yanpan_errors_total/look"] > 0


def test_the_log_as_json_lines(tmp_path: Path, city: URL) -> None:
    with serving(tmp_path / "home", city, YANPAN_LOG="json") as site:
        site.await_status("/readyz", 200)
        site.end(SIGTERM)
        text = site.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert len(lines) > 3
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in lines)
    [made] = [line for line in lines if line["message"].startswith("snapshot 1 made")]
    assert (made["logger"], made["snapshot"]) == ("yanpan.refresher", 1)
    assert made["seconds"] > 0
    # Nothing but Streamlit's greeting is said in another form.
    rest = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("{")]
    assert all(
        line.startswith(("You can now view", "URL:", "Local URL:", "Network URL:", "Stopping")) for line in rest
    ), rest


def test_a_record_with_fields_and_a_trace_is_one_line() -> None:
    try:
        raise ValueError("第一行\n第二行")
    except ValueError as error:
        record = logging.LogRecord(
            "yanpan.page", logging.ERROR, __file__, 1, "页 %s", ("甲",), (ValueError, error, error.__traceback__)
        )
    record.number = "A1B2C3"
    line = logs.JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["message"], told["number"]) == ("error", "页 甲", "A1B2C3")
    assert told["error"].endswith("第二行")


def test_a_wrong_form_of_the_log_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YANPAN_LOG", "xml")
    with pytest.raises(SettingsError, match="允许：text、json"):
        logs.configure()
