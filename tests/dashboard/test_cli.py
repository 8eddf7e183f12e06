"""The ``yanpan`` command against a real standby: the whole way of a deployment, every refusal, every form of the table."""

from __future__ import annotations

import csv
import io
import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from sqlalchemy.engine import URL

from dashboard import cli
from data_access import settings
from data_access.demo.embedded import Server
from tests import databases, small_city
from tests.small_city import HETANG, LILING, QUARTER, ROOT, STREET, TOWN, yanpan

MONTHS = ("--level", "county", *QUARTER, "--grain", "month")
VOLUME = f"""period,region_code,region_name,metric,value,numerator,denominator
2026-01-01,{HETANG},'=荷塘区,petition_volume,0,0,
2026-01-01,{LILING},醴陵市,petition_volume,2,2,
2026-02-01,{HETANG},'=荷塘区,petition_volume,1,1,
2026-02-01,{LILING},醴陵市,petition_volume,0,0,
2026-03-01,{HETANG},'=荷塘区,petition_volume,1,1,
2026-03-01,{LILING},醴陵市,petition_volume,2,2,
""".replace("\n", "\r\n").encode()


@dataclass(frozen=True)
class Deployment:
    """A replica with the small city, its owner's address, and a state folder that holds snapshot 1."""

    owner: URL
    replica: URL
    home: Path
    check: subprocess.CompletedProcess[bytes]
    sync: subprocess.CompletedProcess[bytes]

    @property
    def environment(self) -> dict[str, str]:
        return small_city.environment(self.home, self.replica)


@pytest.fixture(scope="module")
def deployed(primary: Server, standby: Server, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """`yanpan check && yanpan sync --once` on a standby."""
    owner = small_city.fill(databases.fresh_database(primary))
    databases.await_replay(primary, standby)
    replica = databases.reader_over_tcp(standby, owner.database)
    home = tmp_path_factory.mktemp("home")
    env = small_city.environment(home, replica)
    return Deployment(owner, replica, home, yanpan("check", env=env), yanpan("sync", "--once", env=env))


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: bytes
    said: str


Run = Callable[..., Done]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The command in this very process, in the given environment."""

    def run(environment: dict[str, str], *words: str) -> Done:
        for name in ("YANPAN_HOME", "YANPAN_REPLICA_URL"):
            monkeypatch.setenv(name, environment[name])
        capfdbinary.readouterr()
        try:
            status = cli.main(words)
        except SystemExit as end:
            status = int(str(end.code or 0))
        out, said = capfdbinary.readouterr()
        return Done(status, out, said.decode())

    return run


@pytest.fixture
def export(deployed: Deployment, here: Run) -> Callable[..., bytes]:
    """The table that the words ask for, from the snapshot."""

    def run(*words: str) -> bytes:
        done = here(deployed.environment, "export", *words)
        assert (done.status, done.said) == (0, "")
        return done.out

    return run


def _rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))


# --- the whole way -----------------------------------------------------------------------------------------------------


def test_check_sync_and_export_of_a_standby(deployed: Deployment) -> None:
    assert deployed.check.returncode == 0, deployed.check.stderr.decode()
    said = deployed.check.stdout.decode()
    assert said.startswith("数据库：备库，同步（PostgreSQL ")
    assert "430999101000" in said, "the region that hangs on nothing is named"
    assert said.splitlines()[-1].startswith("结论：可以同步，提醒 ")
    assert deployed.sync.returncode == 0, deployed.sync.stderr.decode()
    assert deployed.sync.stdout.decode().startswith("快照 №1：业务日期 20")
    assert "最新事件 2026-03-31，备库，同步" in deployed.sync.stdout.decode()
    done = yanpan("export", "--metric", "petition_volume", *MONTHS, env=deployed.environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, VOLUME, b"")


def test_nothing_synthetic_is_said_of_real_rows(export: Callable[..., bytes]) -> None:
    assert b"data" not in export("--metric", "petition_volume", *QUARTER)


LIVE = [
    ("--metric", "petition_volume", "--metric", "repeat_share", *MONTHS),
    ("--metric", "petition_persons", "--level", "township", *QUARTER, "--grain", "day", "--by", "organ_code"),
    ("--metric", "petition_volume", *QUARTER, "--by", "domain", "--by", "repeat", "--grain", "week"),
    ("--metric", "deduction_points", "--metric", "orders_overdue", *MONTHS),
    ("--metric", "assessment_score", "--metric", "backlog_clear_rate", "--level", "county", *QUARTER),
    ("--metric", "petition_per_10k", "--level", "township", *QUARTER, "--layout", "wide"),
    ("--metric", "petition_volume", *QUARTER, "--level", "village"),
]


@pytest.mark.parametrize("words", LIVE, ids=lambda words: words[1])
def test_live_gives_the_bytes_of_the_snapshot(
    words: tuple[str, ...], deployed: Deployment, here: Run, export: Callable[..., bytes]
) -> None:
    live = here(deployed.environment, "export", *words, "--live")
    assert (live.status, live.said) == (0, "")
    assert live.out == export(*words)


# --- the table ---------------------------------------------------------------------------------------------------------


def test_a_ratio_without_cases_keeps_its_row(export: Callable[..., bytes]) -> None:
    rows = _rows(export("--metric", "repeat_share", *MONTHS))
    shown = [(row["period"], row["region_code"], row["value"], row["numerator"], row["denominator"]) for row in rows]
    assert shown[:2] == [("2026-01-01", HETANG, "", "0", "0"), ("2026-01-01", LILING, "0.5", "1", "2")]


def test_per_10k_without_population_keeps_its_numerator(export: Callable[..., bytes]) -> None:
    rows = _rows(export("--metric", "petition_per_10k", "--level", "county", *QUARTER))
    unknown, known = ((row["value"], row["numerator"], row["denominator"]) for row in rows)
    assert unknown == ("", "2", "")
    assert known == (str(4 * 10_000 / 880_000), "4", "880000")


def test_points_have_two_decimals_and_rewards_subtract(export: Callable[..., bytes]) -> None:
    assert [(r["value"], r["numerator"]) for r in _rows(export("--metric", "deduction_points", *QUARTER))] == [
        ("0.85", "0.85")
    ]
    by_group = _rows(export("--metric", "deduction_points", *QUARTER, "--by", "assess_group"))
    assert {row["assess_group"]: row["value"] for row in by_group} == {"county_group": "1.35", "dept_group": "-0.50"}


def test_no_figure_of_a_count_has_a_decimal_point(export: Callable[..., bytes]) -> None:
    keys = ("petition_persons", "open_petitions", "mediation_amount_yuan", "feed_records")
    words = [word for key in keys for word in ("--metric", key)]
    tidy, wide = _rows(export(*words, *QUARTER)), _rows(export(*words, *QUARTER, "--layout", "wide"))
    assert {row["metric"]: row["value"] for row in tidy} == {
        "petition_persons": "22",
        "open_petitions": "7",
        "mediation_amount_yuan": "100",
        "feed_records": "10",
    }
    assert [wide[0][key] for key in keys] == ["22", "7", "100", "10"]


def test_null_and_empty_text_are_two_things_and_formulas_harmless(export: Callable[..., bytes]) -> None:
    table = export("--metric", "petition_volume", *QUARTER, "--by", "organ_code")
    assert table.decode().split("\r\n")[1:-1] == [
        f"2026-01-01,{ROOT},株洲市,,petition_volume,2,2,",
        f'2026-01-01,{ROOT},株洲市,"",petition_volume,1,1,',
        f"2026-01-01,{ROOT},株洲市,'=1+1,petition_volume,1,1,",
        f"2026-01-01,{ROOT},株洲市,o1,petition_volume,2,2,",
    ]


def test_filters(export: Callable[..., bytes]) -> None:
    def volume(*filters: str) -> str:
        words = [word for item in filters for word in ("--where", item)]
        return _rows(export("--metric", "petition_volume", *QUARTER, *words))[0]["value"]

    assert volume() == "6"
    assert volume("organ_code=") == "2"
    assert volume("channel=visit") == "2"
    assert volume("channel=visit", "channel=web") == "4"
    assert volume("channel=visit", "channel=web", "organ_code=o1") == "2"
    assert volume("organ_code=", "organ_code==1+1") == "3"
    assert volume("over_level=true", "received_level=3") == "1"
    assert volume("domain=") == "1", "a category without a row has no domain"
    assert volume("channel=telepathy") == "0"


def test_weeks_begin_on_monday_and_other_buckets_on_their_first_day(export: Callable[..., bytes]) -> None:
    def periods(grain: str) -> list[str]:
        words = ("--from", "2025-12-31", "--to", "2026-01-12", "--grain", grain)
        return [row["period"] for row in _rows(export("--metric", "petition_volume", *words))]

    assert periods("week") == ["2025-12-29", "2026-01-05", "2026-01-12"]
    assert periods("month") == ["2025-12-01", "2026-01-01"]
    assert periods("quarter") == ["2025-10-01", "2026-01-01"]
    assert periods("year") == ["2025-01-01", "2026-01-01"]
    assert periods("total") == ["2025-12-31"]
    assert len(periods("day")) == 13


def test_what_is_coded_above_the_level_is_in_none_of_its_regions(export: Callable[..., bytes]) -> None:
    rows = _rows(export("--metric", "petition_volume", "--region", LILING, "--level", "township", *QUARTER))
    assert [(row["region_code"], row["value"]) for row in rows] == [(TOWN, "3")]
    assert _rows(export("--metric", "petition_volume", "--region", LILING, *QUARTER))[0]["value"] == "4"


def test_several_words_may_follow_one_option(export: Callable[..., bytes]) -> None:
    short = ("--metric", "petition_volume", "petition_persons", *QUARTER, "--by", "channel", "purpose")
    long = (
        "--metric",
        "petition_volume",
        "--metric",
        "petition_persons",
        *QUARTER,
        "--by",
        "channel",
        "--by",
        "purpose",
    )
    assert export(*short) == export(*long)
    wanted = ("--where", "channel=visit", "channel=web")
    assert export(*long, *wanted) == export(*long, "--where", "channel=visit", "--where", "channel=web")


def test_the_wide_layout_has_a_column_for_each_metric(export: Callable[..., bytes]) -> None:
    table = export("--metric", "repeat_share", "--metric", "petition_volume", *MONTHS, "--layout", "wide")
    lines = table.decode().split("\r\n")
    assert lines[0] == "period,region_code,region_name,repeat_share,petition_volume"
    assert lines[1] == f"2026-01-01,{HETANG},'=荷塘区,,0"
    assert lines[2] == f"2026-01-01,{LILING},醴陵市,0.5,2"
    assert len(lines) == 1 + 6 + 1
    split = export("--metric", "petition_volume", *QUARTER, "--by", "organ_code", "--layout", "wide")
    assert [line.split(",")[3] for line in split.decode().split("\r\n")[1:-1]] == ["", '""', "'=1+1", "o1"]


@pytest.mark.parametrize("layout", ["tidy", "wide"])
def test_no_rows_is_a_header(layout: str, export: Callable[..., bytes]) -> None:
    table = export("--metric", "petition_volume", *QUARTER, "--level", "village", "--layout", layout)
    assert table.decode().startswith("period,region_code,region_name,")
    assert table.count(b"\r\n") == 1
    split = export("--metric", "petition_volume", *QUARTER, "--by", "channel", "--where", "channel=x")
    assert split == b"period,region_code,region_name,channel,metric,value,numerator,denominator\r\n"


def test_a_file_has_the_byte_order_mark_and_takes_the_place_of_an_older_one(
    tmp_path: Path, export: Callable[..., bytes]
) -> None:
    out = tmp_path / "表.csv"
    out.write_text("older")
    link = tmp_path / "link.csv"
    link.symlink_to(out)
    assert export("--metric", "petition_volume", *MONTHS, "--out", str(link)) == b""
    assert out.read_bytes() == b"\xef\xbb\xbf" + VOLUME
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "表.csv"]


def test_a_device_is_written_to_and_not_replaced(export: Callable[..., bytes]) -> None:
    export("--metric", "petition_volume", *MONTHS, "--out", "/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_workbook(tmp_path: Path, export: Callable[..., bytes]) -> None:
    out = tmp_path / "t.xlsx"
    words = ("--metric", "repeat_share", "--metric", "deduction_points", *MONTHS, "--format", "xlsx")
    assert export(*words, "--out", str(out)) == b""
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["数据", "说明"]
    rows = list(book["数据"].iter_rows(values_only=True))
    assert rows[0] == ("period", "region_code", "region_name", "metric", "value", "numerator", "denominator")
    assert rows[1] == ("2026-01-01", HETANG, "=荷塘区", "repeat_share", None, 0, 0)
    assert rows[2] == ("2026-01-01", LILING, "醴陵市", "repeat_share", 0.5, 1, 2)
    assert ("2026-01-01", LILING, "醴陵市", "deduction_points", 1.35, 1.35, None) in rows
    assert {cell.data_type for cell in book["数据"]["C"]} == {"s"}, "no formula"
    notes = {row[0]: str(row[1]) for row in book["说明"].iter_rows(values_only=True)}
    assert notes["期间"] == "2026-01-01 至 2026-03-31（含首尾两日）"
    assert notes["快照"] == "№1"
    assert notes["行数"] == "12"
    assert "不在各行之内" in notes["未细分"]
    assert notes["重复信访率"].startswith("repeat_share v1：")
    assert "数据" not in notes
    assert export(*words) == out.read_bytes(), "the same snapshot and query give the same bytes"


def test_a_parquet_file(tmp_path: Path, export: Callable[..., bytes]) -> None:
    out = tmp_path / "t.parquet"
    export("--metric", "repeat_share", *MONTHS, "--by", "repeat", "--format", "parquet", "--out", str(out))
    table = pl.read_parquet(out)
    text = dict.fromkeys(("region_code", "region_name", "repeat", "metric"), pl.String())
    assert table.schema == pl.Schema(
        {"period": pl.Date(), **text, "value": pl.Float64(), "numerator": pl.Int64(), "denominator": pl.Int64()}
    )
    assert table["period"].unique().sort().to_list() == [date(2026, month, 1) for month in (1, 2, 3)]
    notes = json.loads(pl.read_parquet_metadata(out)["yanpan"])
    assert notes["区域"] == f"{ROOT} 株洲市"
    assert notes["细分"] == "repeat"


def test_synthetic_rows_are_marked_in_every_form(
    primary: Server, tmp_path: Path, here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = small_city.fill(databases.fresh_database(primary))
    small_city.mark_as_synthetic(owner)
    env = small_city.environment(tmp_path / "home", databases.reader(owner))
    words = ("export", "--metric", "petition_volume", *QUARTER, "--live")
    for layout in ("tidy", "wide"):
        lines = here(env, *words, "--layout", layout).out.decode().split("\r\n")
        assert lines[0].endswith(",data")
        assert lines[1].endswith(",演示数据·合成")
    monkeypatch.chdir(tmp_path)
    assert here(env, *words, "--format", "xlsx", "--out", "t.xlsx").status == 0
    notes = dict(openpyxl.load_workbook("t.xlsx")["说明"].iter_rows(values_only=True))
    assert notes["数据"] == "演示数据·合成"
    assert here(env, *words, "--format", "parquet", "--out", "t.parquet").status == 0
    assert json.loads(pl.read_parquet_metadata("t.parquet")["yanpan"])["数据"] == "演示数据·合成"


# --- refusals ----------------------------------------------------------------------------------------------------------

ASKED = ("--metric", "petition_volume", *QUARTER)
BAD = [
    (("--metric", "petitions", *QUARTER), "没有指标 petitions；可选：petition_volume、petition_persons、"),
    ((*ASKED, "--metric", "petition_volume"), "指标重复：petition_volume、petition_volume"),
    ((*ASKED, "--region", "430100000000"), f"没有代码为 430100000000 的区划；根区划是 {ROOT} 株洲市"),
    ((*ASKED, "--region", "430999101000"), "没有代码为 430999101000 的区划"),
    (
        (*ASKED, "--region", LILING, "--level", "prefecture"),
        "高于区划 醴陵市；可选：county 县市区、township 乡镇(街道)",
    ),
    ((*ASKED, "--level", "city"), "没有层级 city；可选：village、township、county、prefecture、province、nation"),
    ((*ASKED, "--by", "colour"), "指标 petition_volume 没有维度 colour；可选：channel、purpose、category、domain、"),
    ((*ASKED, "--metric", "orders_issued", "--by", "channel"), "指标 orders_issued 没有维度 channel；可选：kind、"),
    ((*ASKED, "--by", "channel", "--by", "channel"), "维度重复：channel、channel"),
    ((*ASKED, "--where", "colour=red"), "没有维度 colour；可选："),
    ((*ASKED, "--where", "channel"), "筛选 'channel' 写法不对；写法：维度=取值，例如 channel=visit"),
    ((*ASKED, "--where", "=visit"), "筛选 '=visit' 写法不对"),
    (("--metric", "assessment_score", *QUARTER, "--by", "channel"), "assessment_score 是得分，不能按维度细分或筛选"),
    (("--metric", "peace_index", *QUARTER, "--where", "channel=visit"), "peace_index 是得分，不能按维度细分或筛选"),
    ((*ASKED, "--grain", "hour"), "没有粒度 hour；可选：day、week、month、quarter、year、total"),
    ((*ASKED, "--layout", "long"), "没有版式 long；可选：tidy、wide"),
    ((*ASKED, "--format", "pdf"), "没有格式 pdf；可选：csv、xlsx、parquet"),
    (
        ("--metric", "petition_volume", "--from", "2026-03-02", "--to", "2026-03-01"),
        "2026-03-01 早于开始日期 2026-03-02",
    ),
    (("--metric", "petition_volume", "--from", "2026-02-29", "--to", "2026-03-01"), "开始日期 '2026-02-29' 不是日期"),
    (("--metric", "petition_volume", "--from", "2026-01-01", "--to", "20260301"), "结束日期 '20260301' 不是日期"),
    (("--metric", "petition_volume", "--from", "2026-W01-1", "--to", "2026-03-01"), "写法：YYYY-MM-DD"),
    (("--metric", "petition_volume", "--from", "0001-01-01", "--to", "2026-03-01"), "年份 1900–2999"),
    (("--metric", "petition_volume", "--from", "2026-01-01", "--to", "9999-12-31"), "年份 1900–2999"),
    (("--metric", "a\nb", *QUARTER), "没有指标 a b；可选："),
    (("--metric", "petition_volume"), "参数有误：缺少 --from, --to。用法见 yanpan export --help"),
    ((*ASKED, "--colour", "red"), "参数有误：不认识 --colour red。"),
    ((*ASKED, "--out"), "参数有误：--out 后面缺少取值。"),
    ((*ASKED, "--where", "channel=\udcff"), "参数里有不是 UTF-8 的字节"),
]


@pytest.mark.parametrize(("words", "sentence"), BAD, ids=[sentence[:24] for _, sentence in BAD])
def test_a_wrong_question_is_one_line_and_leaves_no_file(
    words: tuple[str, ...], sentence: str, deployed: Deployment, here: Run, tmp_path: Path
) -> None:
    out = ("--out", str(tmp_path / "t.csv")) if words[-1] != "--out" else ()
    done = here(deployed.environment, "export", *out, *words)
    assert (done.status, done.out) == (2, b"")
    assert sentence in done.said
    assert done.said.startswith("yanpan")
    assert done.said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "缺少 命令"),
        (("open",), "没有命令 open；可选：serve"),
        (("sync",), "缺少 --once"),
        (("demo", "--seed", "x"), "--seed 要一个整数，写的是 x"),
        (("demo", "--until", "tomorrow"), "--until 'tomorrow' 不是日期；写法：YYYY-MM-DD"),
        (("demo", "--until", "2999-12-31"), "--until 2999-12-31 太远；最晚 20"),
        (("demo", "--into", "mysql://x/y"), "--into 只支持 PostgreSQL，写的是 mysql"),
        (("demo", "--into", "nothing"), "--into 不是数据库地址；写法：postgresql://"),
        (("serve", "--port", "99999"), "--port 要 1–65535 的整数，写的是 99999"),
    ],
    ids=str,
)
def test_a_wrong_command(words: tuple[str, ...], sentence: str, deployed: Deployment, here: Run) -> None:
    done = here(deployed.environment, *words)
    assert done.status == 2
    assert sentence in done.said
    assert done.said.count("\n") == 1


@pytest.mark.parametrize("out", ["no/such/folder/t.csv", "", "."])
def test_a_place_that_cannot_be_written(
    out: str, deployed: Deployment, here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = here(deployed.environment, "export", *ASKED, "--out", out)
    assert done.status == 1
    assert done.said.startswith("yanpan：读写文件失败（")
    assert done.said.endswith(f"：{out or '.'}\n")
    assert done.said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_snapshot(deployed: Deployment, here: Run, tmp_path: Path) -> None:
    done = here(small_city.environment(tmp_path, deployed.replica), "export", *ASKED)
    assert (done.status, done.said) == (1, "yanpan：还没有快照。请先运行：yanpan sync --once\n")


Break = Callable[[URL, URL], URL]
COMMANDS = (("check",), ("sync", "--once"), ("export", *ASKED, "--live"))


def _emptied(statement: str) -> Break:
    def broken(owner: URL, replica: URL) -> URL:
        databases.execute(owner, statement)
        return replica

    return broken


UNUSABLE: list[tuple[Break, str]] = [
    (lambda _, replica: replica.set(port=databases.free_port()), "那里没有数据库在听（connection refused）"),
    (lambda _, replica: replica.set(host="no-such-host.invalid"), "找不到主机名 no-such-host.invalid"),
    (lambda _, replica: replica.set(password="wrong"), "用户 reader 的密码不对"),
    (lambda _, replica: replica.set(database="nowhere"), "没有数据库 nowhere（database does not exist）"),
    (_emptied("drop schema rpt cascade"), "rpt"),
    (_emptied("delete from rpt.region"), "区划表没有数据（no rows in rpt.region）"),
    (_emptied("revoke select on rpt.category from reader"), "category"),
    (_emptied(f"update rpt.region set parent_code = null where region_code = '{LILING}'"), "区划有 2 个根"),
]


@pytest.mark.parametrize(("spoil", "sentence"), UNUSABLE, ids=[sentence[:12] for _, sentence in UNUSABLE])
def test_a_database_that_cannot_be_used(
    spoil: Break, sentence: str, primary: Server, here: Run, tmp_path: Path
) -> None:
    owner = small_city.fill(databases.fresh_database(primary))
    env = small_city.environment(tmp_path, spoil(owner, databases.reader_over_tcp(primary, owner.database)))
    for command in COMMANDS:
        done = here(env, *command)
        assert done.status == 1, command
        assert sentence in (done.said or done.out.decode()), command
        assert "Traceback" not in done.said
        assert command == ("check",) or done.said.count("\n") == 1, done.said
    assert [path.name for path in tmp_path.rglob("*.json")] == [], "no snapshot"


SETTINGS = [
    ("group_visit_min_persons = ", "读不懂"),
    ("group_visit_min = 5", "thresholds.toml 有误：group_visit_min：", "允许的键：group_visit_min_persons、"),
    ('minimum_denominator = "many"', "thresholds.toml 有误：minimum_denominator：", "写的是 'many'"),
    ("minimum_denominator = 0", "thresholds.toml 有误：minimum_denominator："),
]


@pytest.mark.parametrize("case", SETTINGS, ids=lambda case: case[0])
def test_a_wrong_setting_names_file_and_key(case: tuple[str, ...], deployed: Deployment, tmp_path: Path) -> None:
    (tmp_path / "thresholds.toml").write_text(case[0])
    done = yanpan("export", *ASKED, env=deployed.environment | {"YANPAN_CONFIG": str(tmp_path)})
    said = done.stderr.decode()
    assert done.returncode == 2
    assert said.count("\n") == 1
    for part in case[1:]:
        assert part in said


def test_a_snapshot_of_other_thresholds_is_refused(deployed: Deployment, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(settings.PROJECT / "config", config)
    (config / "thresholds.toml").write_text("group_visit_min_persons = 7")
    env = deployed.environment | {"YANPAN_CONFIG": str(config)}
    words = ("export", "--metric", "group_visit_batches", *QUARTER)
    done = yanpan(*words, env=env)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == "yanpan：快照 №1 是按另一版口径做的。请重新运行：yanpan sync --once\n"
    live = yanpan(*words, "--live", env=env)
    assert _rows(live.stdout)[0]["value"] == "1", "of the visits of 6 and of 12 persons"


# --- pipes, help, demo -------------------------------------------------------------------------------------------------

LONG = ("export", "--metric", "petition_volume", "--level", "township", "--from", "2000-01-01", "--to", "2026-03-31")


def test_a_reader_that_leaves_early(deployed: Deployment) -> None:
    line = f"{small_city.YANPAN} {' '.join(LONG)} --grain day | head -1"
    done = subprocess.run(["bash", "-c", line], env=deployed.environment, capture_output=True, check=False)
    assert done.stdout == VOLUME[: VOLUME.index(b"\n") + 1]
    assert done.stderr == b""


def test_a_full_disk_under_the_output(deployed: Deployment) -> None:
    line = f"{small_city.YANPAN} {' '.join(LONG)} > /dev/full"
    done = subprocess.run(["bash", "-c", line], env=deployed.environment, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == "yanpan：读写文件失败（No space left on device）\n"


@pytest.mark.parametrize("command", [(), ("serve",), ("demo",), ("check",), ("sync",), ("export",)], ids=str)
def test_help_is_chinese(command: tuple[str, ...], deployed: Deployment, here: Run) -> None:
    done = here(deployed.environment, *command, "--help")
    text = done.out.decode()
    assert (done.status, done.said) == (0, "")
    assert text.startswith(f"用法：{' '.join(('yanpan', *command))} [-h]")
    for english in ("usage", "options", "positional", "show this"):
        assert english not in text
    said = text[text.index("选项:") :].partition("例：")[0].replace("nation\n", "")
    options = [line.strip() for line in said.splitlines() if line.strip().startswith("-")]
    assert all(any("一" <= letter <= "鿿" for letter in option) for option in options), options


def test_a_terminal_without_chinese_gets_every_line(deployed: Deployment) -> None:
    done = yanpan("export", "--metric", "x", *QUARTER, env=deployed.environment | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert done.stderr.startswith(b"yanpan\\uff1a")


def test_the_synthetic_city_goes_into_an_empty_database_only(primary: Server, tmp_path: Path) -> None:
    empty = databases.fresh_database(primary)
    databases.execute(empty, "drop schema rpt cascade")
    env = small_city.environment(tmp_path)
    done = yanpan("demo", "--into", small_city.address(empty), "--until", "2024-06-30", env=env)
    assert done.returncode == 0, done.stderr.decode()
    assert "行有变化" in done.stderr.decode()
    again = yanpan("demo", "--into", small_city.address(empty), "--until", "2024-06-30", env=env)
    assert (again.returncode, again.stderr.decode()) == (0, "完成：0 行有变化\n")
    there = env | {"YANPAN_REPLICA_URL": small_city.address(empty)}
    words = ("--from", "2024-06-28", "--to", "2024-07-02", "--grain", "day")
    table = yanpan("export", "--metric", "petition_volume", *words, "--live", env=there)
    rows = _rows(table.stdout)
    assert [int(row["value"]) > 0 for row in rows] == [True, True, True, False, False]
    assert {row["data"] for row in rows} == {"演示数据·合成"}


def test_the_synthetic_city_refuses_rows_of_others(deployed: Deployment, here: Run) -> None:
    done = here(deployed.environment, "demo", "--into", small_city.address(deployed.owner))
    assert done.status == 1
    assert "中已有数据" in done.said
    assert done.said.count("\n") == 1
    unknown = here(deployed.environment, "demo", "--into", small_city.address(deployed.owner), "--city", "999999")
    assert unknown.status == 2
    assert "没有 999999 的边界和乡镇代码；可选：" in unknown.said
    assert STREET in here(deployed.environment, "export", *ASKED, "--level", "township", "--live").out.decode()
