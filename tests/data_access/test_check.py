"""What ``yanpan check`` says of a database: right ones, and each way of being wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.engine import URL

from data_access import contract, replica
from data_access.check import Report, check
from data_access.demo.embedded import Server
from tests import databases

# One city, two counties, a township each, one row in every table.
CITY = """
insert into rpt.region values
    ('430200000000', '株洲市', 3, null, 'county', 3900000, null, null),
    ('430281000000', '醴陵市', 2, '430200000000', 'county', 880000, null, null),
    ('430281101000', '某镇', 1, '430281000000', 'county', null, null, null),
    ('430202000000', '荷塘区', 2, '430200000000', 'urban', 330000, null, null),
    ('430202101000', '某街道', 1, '430202000000', 'urban', null, null, null);
insert into rpt.organ values ('o1', '某局', 2, 'responsible', 'county_group', '430281000000');
insert into rpt.category values ('land', '土地', 'land');
insert into rpt.petition values
    (1, now(), '430281101000', 'visit', 'appeal', 'land', 3, 1, 'o1', 1, 1, 'petition_procedure',
     null, null, null, null, false, null, null, now());
insert into rpt.mediation values
    (1, now(), '430281101000', 'direct', 'township', 'land', null, null, null, null, null, null, null, null, now());
insert into rpt.supervision_order values (1, 'prompt', '430281000000', 'o1', current_date, current_date, null, now());
insert into rpt.backlog_case values
    (1, '第一批', '430281000000', 'land', current_date, current_date, null, true, now());
insert into rpt.risk_issue values (1, '430281000000', 'land', 'low', 2, current_date, null, now());
insert into rpt.deduction values
    (1, current_date, '430281000000', null, 'county_group', 'late', 0.5, 'final', null, now());
insert into rpt.dispute_inflow values (current_date, '430281000000', 'police_call', 3, now());
insert into rpt.village_status values (current_date, '430281101000', true, true, true, now());
insert into rpt.feed_receipt values (current_date, 'police', 10, now());
"""


@pytest.fixture
def city(database: URL) -> URL:
    """A database that keeps the contract, with a few rows in every table."""
    databases.execute(database, CITY)
    return database


def _check(url: URL) -> Report:
    engine = replica.connect(url)
    try:
        return check(engine)
    finally:
        engine.dispose()


def _said(url: URL) -> tuple[bool, str]:
    report = _check(databases.reader(url))
    return report.ok, "\n".join(report.lines())


def test_a_right_database_is_said_to_be_right(city: URL) -> None:
    ok, said = _said(city)
    assert ok
    assert "提醒" not in said
    assert said.splitlines()[0].startswith("数据库：主库（非备库）（PostgreSQL ")
    assert said.splitlines()[0].endswith("用户 reader）")
    assert said.splitlines()[-1] == "结论：可以同步"
    for table in contract.metadata.tables.values():
        assert f"rpt.{table.name}：{5 if table.name == 'region' else 1} 行，正常" in said


def test_the_state_of_a_standby_stands_first(primary: Server, standby: Server, city: URL) -> None:
    databases.await_replay(primary, standby)
    report = _check(databases.reader_over_tcp(standby, city.database))
    assert report.ok
    assert report.lines()[0].startswith("数据库：备库，同步（")


def test_a_synthetic_database_bears_its_mark(city: URL) -> None:
    databases.execute(city, "comment on schema rpt is '演示数据·合成'")
    assert "数据：演示数据·合成" in _said(city)[1]


STOPPING = [
    ("drop table rpt.feed_receipt", "rpt.feed_receipt：未读\n  错误：没有这张表"),
    ("alter table rpt.petition drop column persons, drop column purpose", "错误：缺列 purpose、persons"),
    ("alter table rpt.petition alter persons type text", "列 persons 的类型是 text，应为 integer"),
    (
        "alter table rpt.petition alter registered_at type timestamp",
        "列 registered_at 的类型是 timestamp without time zone，应为 timestamp with time zone",
    ),
    ("alter table rpt.mediation alter concluded_on type timestamptz", "列 concluded_on 的类型是 timestamp with"),
    ("alter table rpt.backlog_case alter leader_led type text", "列 leader_led 的类型是 text，应为 boolean"),
    ("alter table rpt.deduction alter points type double precision", "列 points 的类型是 double precision"),
    ("revoke select on rpt.mediation from reader", "rpt.mediation：未读\n  错误：读不到：没有 SELECT 权限"),
    (
        "revoke select on rpt.category from reader; grant select (category, name) on rpt.category to reader",
        "错误：列 domain 读不到",
    ),
    ("revoke usage on schema rpt from reader", "错误：没有用模式 rpt 的权限"),
    ("drop schema rpt cascade", '错误：没有模式 rpt（schema "rpt" does not exist）'),
    ("delete from rpt.region", "错误：区划表没有数据（no rows"),
    ("update rpt.region set parent_code = null where level = 2", "3 个根，只能有一个（several roots）：430200000000、"),
    (
        "update rpt.region set parent_code = '430281101000' where region_code = '430281000000'",
        "成环（cycle）：430281000000、430281101000",
    ),
    ("update rpt.region set parent_code = '430000000000' where level = 3", "区划没有根"),
    (
        "alter table rpt.region drop constraint region_level_check; update rpt.region set level = 9 where level = 1",
        "2 个区划的 level 不在 0 到 5 之间：430202101000、430281101000",
    ),
    (
        "alter table rpt.petition alter region_code drop not null; update rpt.petition set region_code = null",
        "错误：列 region_code 有 1 行为空",
    ),
    (
        "alter table rpt.petition alter registered_at drop not null; update rpt.petition set registered_at = null",
        "错误：列 registered_at 有 1 行为空",
    ),
    ("update rpt.supervision_order set issued_on = 'infinity'", "错误：列 issued_on 有 1 行不是公历日期"),
    (
        "alter table rpt.petition drop constraint petition_pkey; insert into rpt.petition select * from rpt.petition",
        "错误：1 行的主键 petition_id 重复",
    ),
    (
        "alter table rpt.dispute_inflow drop constraint dispute_inflow_pkey;"
        "insert into rpt.dispute_inflow select * from rpt.dispute_inflow",
        "错误：1 行的主键 day、region_code、source 重复",
    ),
    (
        "alter table rpt.category rename to hidden;"
        "create view rpt.category as select category, name, (1 / (length(name) - 2))::text as domain from rpt.hidden;"
        "grant select on rpt.category to reader",
        "错误：读不出来：division by zero",
    ),
]


@pytest.mark.parametrize(("change", "words"), STOPPING)
def test_what_stops_or_falsifies_a_sync_is_an_error(city: URL, change: str, words: str) -> None:
    databases.execute(city, change)
    ok, said = _said(city)
    assert words in said
    assert not ok
    assert said.splitlines()[-1].startswith("结论：不能同步，错误 ")


WARNING = [
    (
        "update rpt.petition set channel = 'fax', received_level = 7",
        "提醒：列 channel 有 1 行是未知代码（unknown code）：fax 1 行\n  提醒：列 received_level 有 1 行",
    ),
    ("update rpt.deduction set status = ''", "未知代码（unknown code）：（空串） 1 行"),
    (
        "insert into rpt.feed_receipt values ('2020-01-01', 'x', 1, 'infinity')",
        "提醒：列 updated_at 有 1 行不是公历日期",
    ),
    (
        "update rpt.petition set registered_at = '2026-03-10 00:30+08', replied_on = '2026-03-09'",
        "提醒：1 行的 replied_on 早于 registered_at，天数为负（negative duration）",
    ),
    (
        "insert into rpt.mediation select n, '2026-03-10 00:30+08', '430281101000', 'direct', 'township', 'land', 'failed',"
        " date '2026-03-09' + n, null, null, null, null, null, null, now() from generate_series(10, 11) n;"
        "update rpt.mediation set concluded_on = '2026-03-09' where mediation_id = 10;"
        "update rpt.mediation set concluded_on = '2026-03-10' where mediation_id = 11",
        "提醒：1 行的 concluded_on 早于 accepted_at，天数为负",
    ),
    ("update rpt.petition set category = 'noise'", "1 行的 category 不在 rpt.category 中，领域为空：noise 1 行"),
    ("update rpt.backlog_case set category = 'noise'", "1 行的 category 不在 rpt.category 中"),
    (
        "update rpt.petition set region_code = '990000000000'",
        "1 行的 region_code 到不了根（no path to the root），不计入任何区划：990000000000 1 行",
    ),
    (
        "update rpt.region set parent_code = '990000000000' where region_code = '430281000000'",
        "2 个区划到不了根，上级不在表中（dangling）：430281000000、430281101000",
    ),
    (
        "update rpt.region set parent_code = '430281000000' where region_code = '430202101000'",
        "1 个区划的 parent_code 与代码的位数不合，以 parent_code 为准：430202101000",
    ),
    (
        "update rpt.region set level = 2 where region_code = '430202101000'",
        "1 个区划的 level 不低于其上级：430202101000",
    ),
    (
        "alter table rpt.petition alter persons drop not null; update rpt.petition set persons = null",
        "提醒：列 persons 有 1 行为空，约定不为空（null）",
    ),
    ("delete from rpt.mediation", "rpt.mediation：0 行\n  提醒：没有数据（no rows）"),
    ("grant insert, update (name), truncate on rpt.organ to reader", "用户 reader 有 INSERT 权限：organ；只读足够"),
    ("grant update (name) on rpt.organ to reader", "用户 reader 有 UPDATE 权限：organ；只读足够"),
    ("grant create on schema rpt to reader", "用户 reader 可在模式 rpt 里建表（CREATE）"),
    (
        "alter table rpt.petition enable row level security; create policy all_rows on rpt.petition using (true)",
        "行级安全对用户 reader 生效，可能只看得到一部分行（row security）：petition",
    ),
]


@pytest.mark.parametrize(("change", "words"), WARNING)
def test_what_the_product_can_live_with_is_a_warning(city: URL, change: str, words: str) -> None:
    databases.execute(city, change)
    ok, said = _said(city)
    assert words in said
    assert ok, said
    assert said.splitlines()[-1].startswith("结论：可以同步，提醒 ")


def test_a_database_without_events_can_be_synced_and_says_so(city: URL) -> None:
    for table in contract.metadata.tables:
        if table.split(".")[1] not in ("region", "organ", "category"):
            databases.execute(city, f"delete from {table}")
    ok, said = _said(city)
    assert ok
    assert "提醒：所有事件表都没有数据（no rows）" in said


def test_more_codes_than_a_line_holds_are_counted(city: URL) -> None:
    databases.execute(
        city,
        "insert into rpt.mediation select n, now(), '430281101000', 'c' || mod(n, 12), 'township', 'x', null, null, null, null,"
        " null, null, null, null, now() from generate_series(10, 1509) n",
    )
    assert "列 channel 有 1,500 行是未知代码（unknown code）：c0 125 行、" in _said(city)[1]
    assert " 等 12 个" in _said(city)[1]


def _as_view(table: str, columns: str) -> str:
    return (
        f"alter table rpt.{table} rename to {table}_base; create view rpt.{table} as select {columns} from rpt.{table}_base;"
        f"grant select on rpt.{table} to reader; revoke all on rpt.{table}_base from reader;"
    )


def test_views_with_types_of_one_family_count_as_tables(city: URL) -> None:
    """How a deployment looks: views over other tables, with wider types, domains and another order of columns."""
    databases.execute(city, "create domain rpt.code as varchar(40); create domain rpt.place as rpt.code")
    databases.execute(
        city,
        _as_view(
            "region",
            "name, region_code::rpt.place, level::bigint, parent_code::text, peer_group::char(20),"
            " population::bigint, longitude::numeric, latitude::real, 1 as more",
        ),
    )
    databases.execute(
        city,
        _as_view(
            "deduction",
            "deduction_id, month, region_code, organ_code, assess_group, reason,"
            " points::integer, status, document_no, updated_at",
        ),
    )
    ok, said = _said(city)
    assert ok, said
    assert "提醒" not in said


def test_foreign_partitioned_and_materialised_relations_count_as_tables(city: URL) -> None:
    databases.execute(
        city,
        "alter table rpt.organ rename to organ_base; create materialized view rpt.organ as select * from rpt.organ_base;"
        "alter table rpt.feed_receipt rename to feed_base;"
        "create table rpt.feed_receipt (like rpt.feed_base including all) partition by range (day);"
        "create table rpt.feed_all partition of rpt.feed_receipt default;"
        "insert into rpt.feed_receipt select * from rpt.feed_base;"
        "grant select on rpt.organ, rpt.feed_receipt to reader",
    )
    ok, said = _said(city)
    assert ok, said
    assert "rpt.organ：1 行，正常" in said
    assert "rpt.feed_receipt：1 行，正常" in said


def test_other_faults_of_one_table_are_seen_beside_a_missing_column(city: URL) -> None:
    databases.execute(city, "alter table rpt.petition drop column persons; update rpt.petition set channel = 'fax'")
    _, said = _said(city)
    assert "缺列 persons" in said
    assert "fax 1 行" in said


def test_an_owner_and_a_superuser_have_more_than_they_need(primary: Server, city: URL) -> None:
    owner = "\n".join(_check(city).lines())
    assert "提醒：用户 owner 是所有者（owner）：backlog_case、category" in owner
    superuser = "\n".join(_check(primary.url(city.database or "")).lines())
    assert "提醒：用户 postgres 有管理权 SUPERUSER" in superuser
    assert "INSERT" not in superuser


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda url: url.set(password="no-such-word"), "错误：用户 reader 的密码不对"),
        (lambda url: url.set(port=1), "错误：连不上 127.0.0.1:1"),
        (lambda url: url.set(database="nowhere"), "错误：没有数据库 nowhere"),
    ],
)
def test_a_database_out_of_reach_is_one_clear_line(primary: Server, wrong: Callable[[URL], URL], words: str) -> None:
    report = _check(wrong(databases.reader_over_tcp(primary, "postgres")))
    assert not report.ok
    lines = report.lines()
    assert lines[0].startswith(words)
    assert lines[1:] == ["结论：不能同步，错误 1 处"]
