"""按当时: a page, its exports and the way to other pages, by a snapshot that the address names."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import address, answers, current, history, looking_back
from dashboard.address import Offer, Selection
from dashboard.page import SHARED_SWITCHES
from dashboard.span import Span
from data_access import replica, retention, source
from data_access.archive import Archive
from data_access.demo.embedded import Server
from data_access.reference import LOCAL
from data_access.snapshot import Snapshot, sync
from data_access.snapshot_policy import Keep
from metrics.core.period import Grain
from tests import databases, small_city
from tests.pages import drawn
from tests.small_city import LILING

NEW_TOWN = "430281109000"
pytestmark = pytest.mark.usefixtures("archive")


@pytest.fixture(scope="module")
def engine(primary: Server) -> Iterator[Engine]:
    owner = small_city.fill(databases.fresh_database(primary))
    engine = replica.connect(databases.reader(owner))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def two(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots: then one petition of January more and one town less."""
    archive = Archive(tmp_path_factory.mktemp("two"))
    sync(engine, archive)
    databases.execute(
        engine.url.set(username=databases.OWNER),
        "delete from rpt.petition where petition_id = 3;"
        f"insert into rpt.region values ('{NEW_TOWN}', '新镇', 1, '{LILING}', 'county')",
    )
    sync(engine, archive)
    return archive.folder


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, two: Path) -> Archive:
    """The configured source's, with the two snapshots; the second one is in use."""
    monkeypatch.setenv("YANPAN_HOME", str(tmp_path))
    monkeypatch.setattr(current, "_current", current._Current())
    history._loaded.clear()
    found = source.archive()
    shutil.copytree(two, found.folder)
    current.install(Snapshot(found, found.manifest()))
    answers.forget()
    return found


def opened(name: str = "volume", **words: str) -> AppTest:
    run = drawn.opened(name, period="2026-01", **words)
    assert not run.exception
    return run


def petitions(run: AppTest) -> str:
    card = drawn.component(run, "yanpan_kpi")["cards"][0]
    return f"{card['label']} {card['value']}"


def strip_of(run: AppTest) -> str:
    return next((text for text in drawn.readable(run) if "按快照" in text), "")


def test_a_page_is_seen_by_the_snapshot_that_its_address_names() -> None:
    now, then = opened(), opened(snapshot="1")
    assert strip_of(now) == ""
    assert (petitions(now), petitions(then)) == ("信访总量 1", "信访总量 2")
    assert "按快照 №1" in strip_of(then)
    assert "非最新" in strip_of(then)
    assert any("按当时 快照 №1" in " ".join(text.split()) for text in drawn.readable(then))
    # And by the newest again, which is none the worse for it.
    assert petitions(opened()) == petitions(now)


def test_back_to_the_newest() -> None:
    run = opened(snapshot="1", region=LILING)
    run.button(key="yp-newest").click().run()
    assert not run.exception
    assert dict(run.query_params) == {"period": "2026-01", "region": LILING}
    assert petitions(run) == petitions(opened(region=LILING))


def test_an_address_may_name_a_moment(archive: Archive) -> None:
    first = archive.manifest(1).provenance.taken_at
    moment = (first + timedelta(microseconds=1)).isoformat()
    assert "按快照 №1" in strip_of(opened(as_of=moment))
    later = (datetime.now(tz=LOCAL) + timedelta(minutes=1)).isoformat()
    assert "目前就是最新" in strip_of(opened(as_of=later))


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ({"snapshot": "9"}, "没有快照 №9；现有 №1–№2"),
        ({"snapshot": "<b>"}, "snapshot=<b> 不可用"),
        ({"snapshot": "99999999999"}, "不可用"),
        ({"as_of": "2001-01-01T08:30"}, "2001-01-01 08:30 及以前没有留下快照"),
        ({"as_of": "yesterday"}, "不是时刻"),
    ],
)
def test_what_cannot_be_had_is_a_quiet_note_and_the_newest(words: dict[str, str], note: str) -> None:
    run = opened(**words)
    assert [note in caption.value for caption in run.caption] == [True]
    assert "画面是最新的 №2" in run.caption[0].value
    assert strip_of(run) == ""
    assert petitions(run) == petitions(opened())


def test_a_collected_or_damaged_snapshot_is_a_note_too(archive: Archive) -> None:
    with archive.writing():
        retention.set_aside(archive, 1)
    assert "已不在（按保留规定清理）" in opened(snapshot="1").caption[0].value


def test_what_may_be_chosen_is_what_there_was() -> None:
    now, then = opened(region=NEW_TOWN), opened(region=NEW_TOWN, snapshot="1")
    assert not now.caption
    assert "区划 「430281109000」 不存在" in then.caption[0].value


def test_it_goes_along_to_other_pages() -> None:
    words = {"snapshot": ["1"], "as_of": ["2026-11-20T08:30"], "region": [LILING], "find": ["x"]}
    assert address.carried(words, SHARED_SWITCHES) == {name: words[name] for name in ("snapshot", "as_of", "region")}
    run = opened(snapshot="1")
    links = [node.proto.query_string for node in drawn._nodes(run) if node.type == "page_link"]
    assert links
    assert all("snapshot=1" in link for link in links)


def test_its_export_is_of_that_snapshot_and_says_so() -> None:
    then = " ".join(drawn.markup(opened(snapshot="1")))
    assert "&amp;snapshot=1" in then
    assert "snapshot=" not in " ".join(drawn.markup(opened()))


def test_health_lists_the_versions_and_leads_to_each(archive: Archive) -> None:
    now = datetime.now(tz=LOCAL)
    listed, others = looking_back.versions(archive, now)
    current.found(versions=listed, unlisted=others)
    rows = {row["key"]: row for row in versions_of(opened("health"))}
    assert {key: (row["cells"][-1]["text"], row["open"]) for key, row in rows.items()} == {
        "2": ("在用", False),
        "1": ("按当时查看", True),
    }
    then = {row["key"]: row for row in versions_of(opened("health", snapshot="1"))}
    assert {key: (row["cells"][-1]["text"], row["open"]) for key, row in then.items()} == {
        "2": ("在用", True),
        "1": ("正在查看", False),
    }


def versions_of(run: AppTest) -> list[dict[str, Any]]:
    tables = [data for name, data in drawn.components(run) if name == "yanpan_table"]
    rows: list[dict[str, Any]] = next(table["rows"] for table in tables if table["label"] == "快照版本")
    return rows


def test_only_a_few_older_snapshots_stay_in_memory(archive: Archive, engine: Engine) -> None:
    for _ in range(history.REMEMBERED + 1):
        sync(engine, archive)
    for number in archive.numbers():
        history.snapshot_of(number)
    assert len(history._loaded) == history.REMEMBERED
    assert history.snapshot_of(2) is current.snapshot()


# --- the address ---------------------------------------------------------------------------------------------------------


def test_the_word_is_readable_and_stays_with_every_step(archive: Archive) -> None:
    found = Snapshot(archive, archive.manifest(1))
    default = Selection(
        found.regions.root.code, Span.holding(found.provenance.business_date, Grain.month), "petition_volume"
    )
    seen = replace(default, snapshot=7)
    assert seen.words(default) == {"snapshot": "7"}
    assert seen.in_region(LILING).words(default) == {"region": LILING, "snapshot": "7"}
    assert default.words(default) == {}
    offer = Offer(found.regions, found.provenance.business_date, ("petition_volume",), frozenset(), lambda _: ())
    read, notes = address.read({"snapshot": ["7"]}, seen, offer)
    assert (read.snapshot, notes) == (7, [])


# --- since the last meeting ------------------------------------------------------------------------------------------------


def test_since_the_last_meeting(archive: Archive) -> None:
    meeting = archive.manifest(1).provenance.taken_at.astimezone(LOCAL) + timedelta(microseconds=1)
    fresh = current.snapshot()
    assert fresh is not None
    told = looking_back.compared_with_meeting(archive, fresh, meeting)
    assert (told.before, told.after, told.fault) == (1, 2, None)
    assert told.frame is not None
    [row] = told.frame.filter(fact="petition_registered").iter_rows(named=True)
    assert row["before"] - row["after"] == 1
    current.found(since_meeting=told, restated=current.Restated(2, 1, told.closed, told.frame.clear()))
    assert f"{meeting:%m-%d %H:%M} 例会所用 №1 → №2" in " ".join(drawn.readable(opened("health")))
    assert "已过去的日子没有变动" in " ".join(drawn.readable(opened("health", against="previous")))


def test_before_the_first_snapshot_no_meeting_can_be_compared(archive: Archive) -> None:
    fresh = current.snapshot()
    assert fresh is not None
    meeting = datetime(2026, 1, 5, 8, 30, tzinfo=LOCAL)
    told = looking_back.compared_with_meeting(archive, fresh, meeting)
    assert (told.before, told.fault) == (None, "那时没有留下快照")
    current.found(since_meeting=told)
    assert "上次例会（01-05 08:30）那时没有留下快照" in " ".join(drawn.readable(opened("health")))


def test_what_was_in_use_at_a_meeting_is_kept_for_thirty_days(archive: Archive) -> None:
    meeting = archive.manifest(1).provenance.taken_at.astimezone(LOCAL) + timedelta(microseconds=1)
    with archive.writing():
        assert looking_back.keep_for_meeting(archive, meeting) == 1
        assert looking_back.keep_for_meeting(archive, meeting) is None, "it bears its mark"
    heads = archive.heads()
    kept = retention.reasons(heads, retention.pins(archive), Keep.model_validate({}), meeting + timedelta(days=29))
    assert [one.text for one in kept[1]] == ["最新", f"会议：{meeting:%m-%d} 例会"]
    gone = retention.reasons(heads, retention.pins(archive), Keep.model_validate({}), meeting + timedelta(days=31))
    assert [one.text for one in gone[1]] == ["最新"], "one of the newest two"
