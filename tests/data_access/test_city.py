"""The synthetic city: reproducible, the same whether filled day by day or at once, and within the base rates."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine, Table, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import contract
from data_access.demo import city, places, seasons
from data_access.demo.embedded import Server
from tests import databases

SINCE, UNTIL = date(2023, 11, 21), date(2026, 11, 20)
SHORT = date(2026, 3, 25)
DUE_COLUMNS = {"accept_due_on", "reply_due_on", "performance_due_on", "due_on"}
Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def three_years() -> Tables:
    return city.generate("430200", 1, SINCE, UNTIL)


@pytest.fixture
def another_database(primary: Server) -> URL:
    return databases.fresh_database(primary)


@contextmanager
def opened(url: URL) -> Iterator[Engine]:
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


def content(engine: Engine) -> dict[str, bytes]:
    """Every table as CSV, ordered by its key."""
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        cursor = driver.cursor()
        return {
            table.name: _csv(cursor, table.fullname, ", ".join(table.primary_key.columns.keys())) for table in tables()
        }


def _csv(cursor: Any, name: str, keys: str) -> bytes:
    buffer = io.BytesIO()
    cursor.copy_expert(f"copy (select * from {name} order by {keys}) to stdout (format csv)", buffer)
    return buffer.getvalue()


def tables() -> list[Table]:
    return contract.metadata.sorted_tables


def scalar(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(query))


def test_same_seed_same_rows_and_another_seed_other_rows() -> None:
    first, again, other = (city.generate("430200", seed, SHORT, date(2026, 4, 30)) for seed in (5, 5, 6))
    for name, frame in first.items():
        assert_frame_equal(frame, again[name])
    assert not first["petition"].equals(other["petition"])


def test_a_day_is_the_same_whichever_days_are_made_with_it(three_years: Tables) -> None:
    short = city.generate("430200", 1, SHORT, UNTIL)
    for name in ("petition", "mediation", "dispute_inflow"):
        entered = {"petition": "registered_at", "mediation": "accepted_at", "dispute_inflow": "day"}[name]
        kept = three_years[name].filter(pl.col(entered).dt.date() >= date(2026, 4, 20))
        same = short[name].filter(pl.col(entered).dt.date() >= date(2026, 4, 20))
        keys = contract.metadata.tables[f"rpt.{name}"].primary_key.columns.keys()
        assert_frame_equal(kept.sort(keys), same.sort(keys))


def test_day_by_day_gives_the_same_database_as_at_once(database: URL, another_database: URL) -> None:
    with opened(database) as grown, opened(another_database) as fresh:
        for until in (date(2026, 7, 9), date(2026, 7, 10), date(2026, 8, 2)):
            assert city.fill(grown, since=SHORT, until=until) > 0
        city.fill(fresh, since=SHORT, until=date(2026, 8, 2))
        assert content(grown) == content(fresh)
        assert scalar(grown, MARK) == scalar(fresh, MARK)


MARK = "select obj_description('rpt'::regnamespace, 'pg_namespace')"


def test_fills_every_table_marks_the_database_and_has_nothing_to_do_the_second_time(database: URL) -> None:
    heard: list[str] = []
    with opened(database) as engine:
        written = city.fill(engine, since=SHORT, until=date(2026, 5, 5), progress=heard.append)
        assert written == sum(int(str(scalar(engine, f"select count(*) from {table.fullname}"))) for table in tables())
        assert all(scalar(engine, f"select exists (select from {table.fullname})") for table in tables())
        assert scalar(engine, MARK) == "演示数据·合成 city=430200 seed=1 since=2026-03-25 until=2026-05-05"
        assert city.fill(engine, until=date(2026, 5, 5)) == 0
        assert heard[0] == "正在生成演示数据：株洲市，2026-03-25 至 2026-05-05"


def test_the_default_end_is_yesterday(database: URL) -> None:
    yesterday = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    with opened(database) as engine:
        city.fill(engine, since=yesterday - timedelta(days=40))
        assert scalar(engine, "select max(day) from rpt.feed_receipt") == yesterday


def test_makes_the_tables_where_there_are_none(database: URL) -> None:
    with opened(database) as engine:
        with engine.begin() as connection:
            connection.execute(text("drop schema rpt cascade"))
        assert city.fill(engine, city="620700", since=SHORT, until=date(2026, 4, 5)) > 0
        assert scalar(engine, "select name from rpt.region where parent_code is null") == "张掖市"


def test_refuses_rows_of_another_origin_and_leaves_them_alone(database: URL) -> None:
    with opened(database) as engine:
        with engine.begin() as connection:
            connection.execute(text("insert into rpt.category values ('1', '甲', 'land')"))
        with pytest.raises(city.NotEmpty, match=r"已有数据（category）"):
            city.fill(engine, since=SHORT, until=date(2026, 4, 5))
        assert scalar(engine, "select count(*) from rpt.category") == 1
        assert scalar(engine, "select count(*) from rpt.petition") == 0
        assert scalar(engine, MARK) is None


def test_refuses_another_city_seed_or_beginning(database: URL) -> None:
    with opened(database) as engine:
        city.fill(engine, since=SHORT, until=date(2026, 4, 5))
        before = content(engine)
        with pytest.raises(city.NotEmpty, match="另一座演示城市"):
            city.fill(engine, seed=2, until=date(2026, 4, 9))
        with pytest.raises(city.NotEmpty, match="city=430200 seed=1"):
            city.fill(engine, city="620400", until=date(2026, 4, 9))
        with pytest.raises(city.NotEmpty):
            city.fill(engine, since=date(2026, 1, 1), until=date(2026, 4, 9))
        assert content(engine) == before


def test_unknown_city_and_wrong_order_are_named() -> None:
    with pytest.raises(city.UnknownCity, match="可选：430200 株洲市"):
        city.generate("110000", 1, SHORT, UNTIL)
    with pytest.raises(ValueError, match="晚于"):
        city.generate("430200", 1, UNTIL, SHORT)


def test_every_available_city_can_be_made() -> None:
    assert {"430200", "620400", "620700", "620100"} <= set(city.available_cities())
    for code in ("620200", "620400", "620700"):
        made = city.generate(code, 3, date(2026, 1, 1), date(2026, 2, 3))
        assert set(made) == {table.name for table in tables()}
        assert all(frame.height for frame in made.values())


def test_columns_and_codes_are_the_contracts(three_years: Tables) -> None:
    for table in tables():
        frame = three_years[table.name]
        assert set(frame.columns) == set(table.columns.keys())
        keys = table.primary_key.columns.keys()
        assert frame.select(keys).is_duplicated().sum() == 0
        required = [column.name for column in table.columns if not column.nullable]
        assert sum(frame.select(required).null_count().row(0)) == 0
        for column, known in contract.CODES.get(table.name, {}).items():
            assert set(frame[column].cast(pl.String).drop_nulls()) == set(known) - UNUSED.get(
                f"{table.name}.{column}", set()
            )


UNUSED = {"risk_issue.domain": {"other"}}


def test_every_code_used_is_declared(three_years: Tables) -> None:
    for column, home in (("region_code", "region"), ("organ_code", "organ"), ("category", "category")):
        declared = set(three_years[home][column])
        for name, frame in three_years.items():
            if column in frame.columns:
                assert set(frame[column].drop_nulls()) <= declared, (name, column)
    region = three_years["region"]
    assert set(region["parent_code"].drop_nulls()) <= set(region["region_code"])
    assert region["region_code"].str.len_chars().unique().to_list() == [12]


def test_the_region_tree_of_zhuzhou(three_years: Tables) -> None:
    region = three_years["region"]
    counts = dict(region.group_by("level").len().rows())
    # 105 townships, and the former code of one of them.
    assert (counts[3], counts[2], counts[1]) == (1, 9, 106)
    assert 1_800 < counts[0] < 2_200
    children = (
        region.filter(pl.col("parent_code").is_not_null()).group_by("parent_code").agg(pl.col("population").sum())
    )
    both = region.join(children, left_on="region_code", right_on="parent_code")
    assert (both["population"] == both["population_right"]).all()
    assert region.filter(pl.col("level") == 1)["longitude"].null_count() == 1
    assert region.filter(pl.col("level") == 0)["name"].str.starts_with("示范").all()


@pytest.mark.parametrize("until", [UNTIL, date(2025, 9, 30)])
def test_nothing_but_due_dates_lies_after_the_end(until: date) -> None:
    for name, frame in city.generate("430200", 1, until - timedelta(days=200), until).items():
        for column in frame.select(pl.selectors.temporal()).columns:
            if column not in DUE_COLUMNS:
                assert not (frame[column].cast(pl.Date) > until).any(), (name, column)


def test_updated_at_never_precedes_what_the_row_says(three_years: Tables) -> None:
    for name, frame in three_years.items():
        for column in set(frame.select(pl.selectors.temporal()).columns) - DUE_COLUMNS:
            assert (frame[column].cast(pl.Date) <= frame["updated_at"].cast(pl.Date)).all(), (name, column)


def test_petition_base_rates(three_years: Tables) -> None:
    rows = three_years["petition"]
    assert 17_000 < rows.height / 3 < 24_000
    shares = dict(rows["channel"].value_counts(normalize=True).rows())
    assert shares["web"] == pytest.approx(0.52, abs=0.06)
    assert shares["visit"] == pytest.approx(0.28, abs=0.05)
    visits = rows.filter(channel="visit")
    assert 0.04 < share(visits, pl.col("received_level") - pl.col("handling_level") >= 2) < 0.14
    assert 70 < visits.filter(pl.col("received_level") == 3).height / 36 < 125
    assert 0.35 < share(visits.filter(pl.col("received_level") == 3), pl.col("persons") >= 5) < 0.60
    assert 100 < visits.filter(pl.col("received_level") == 5)["persons"].sum() / 3 < 300
    assert 0.30 < share(rows, pl.col("repeat_no") > 1) < 0.55
    assert 0.02 < share(rows, pl.col("region_code").str.ends_with("000000")) < 0.04
    assert share(rows.filter(pl.col("accept_due_on") <= UNTIL), pl.col("accepted_on") <= pl.col("accept_due_on")) > 0.97
    assert 0.93 < on_time(rows) < 0.995
    evaluated = rows.filter(pl.col("evaluation").is_not_null())
    assert 0.87 < share(evaluated, pl.col("evaluation") != "dissatisfied") < 0.96


def test_the_week_and_the_spring_festival_show(three_years: Tables) -> None:
    visits = three_years["petition"].filter(channel="visit").group_by(day=pl.col("registered_at").dt.date()).len()
    per_day = dict(visits.rows())
    days = [SINCE + timedelta(days=n) for n in range((UNTIL - SINCE).days + 1)]
    mean = {kind: average([per_day.get(day, 0) for day in days if seasons.kind_of(day) == kind]) for kind in KINDS}
    assert mean["first"] > mean["workday"] > 5 * mean["weekend"]
    assert mean["workday"] > 10 * mean["holiday"]
    february = three_years["petition"].group_by(month=pl.col("registered_at").dt.month()).len().sort("len")["month"][0]
    assert february == 2


KINDS = ("workday", "makeup", "weekend", "holiday", "first")


def test_mediation_base_rates(three_years: Tables) -> None:
    rows = three_years["mediation"].filter(pl.col("outcome").is_not_null())
    rate = dict(rows.group_by("channel").agg((pl.col("outcome") == "succeeded").mean()).rows())
    expected = {
        "court_delegated": 0.66,
        "petition": 0.87,
        "police": 0.80,
        "admin": 0.98,
        "guided": 0.96,
        "direct": 0.965,
    }
    assert {key: rate[key] for key in expected} == pytest.approx(expected, abs=0.035)
    lag = (pl.col("concluded_on") - pl.col("accepted_at").dt.date()).dt.total_days()
    assert rows.filter(channel="direct").select(lag.median()).item() in (2, 3)
    assert rows.filter(channel="court_delegated").select(lag.max()).item() <= 30
    level = dict(three_years["region"].select("region_code", "level").rows())
    villages = rows.filter(committee_kind="village")["region_code"].replace_strict(level)
    assert villages.unique().to_list() == [0]


def test_one_county_does_clearly_worse(three_years: Tables) -> None:
    poor = pl.col("region_code").str.starts_with("430281")
    petitions, mediations = three_years["petition"], three_years["mediation"].filter(pl.col("outcome").is_not_null())
    assert on_time(petitions.filter(~poor)) - on_time(petitions.filter(poor)) > 0.04
    succeeded = pl.col("outcome") == "succeeded"
    assert share(mediations.filter(~poor), succeeded) - share(mediations.filter(poor), succeeded) > 0.03


def test_most_counties_have_an_inverted_pyramid_and_a_few_an_upright_one(three_years: Tables) -> None:
    county = pl.col("region_code").str.slice(0, 6).alias("county")
    base = three_years["mediation"].filter(pl.col("committee_kind").is_in(["village", "township"]), outcome="succeeded")
    counts = base.group_by(county).agg(base=pl.len())
    inflow = three_years["dispute_inflow"].group_by(county, "source").agg(pl.col("items").sum())
    above = inflow.pivot("source", index="county", values="items")
    upright = counts.join(above, on="county").filter(
        (pl.col("base") > pl.col("police_call")) & (pl.col("police_call") > pl.col("civil_filing"))
    )
    assert 2 <= upright.height <= 3


def test_planted_truth_is_in_the_rows(three_years: Tables) -> None:
    truth = city.planted("430200", 1, SINCE, UNTIL)
    rows = three_years["petition"].with_columns(day=pl.col("registered_at").dt.date())
    kinds = [str(fault["kind"]) for fault in truth]
    assert kinds.count("web_surge") >= 3
    assert 18 <= kinds.count("group_burst") <= 40
    assert kinds.count("code_change") == 1
    for fault in truth:
        during = rows.filter(pl.col("day").is_between(pl.lit(fault["first_day"]), pl.lit(fault["last_day"])))
        here = during.filter(pl.col("region_code").str.starts_with(str(fault["region_code"]).rstrip("0")))
        if fault["kind"] == "web_surge":
            assert here.filter(channel="web", category="170000").height >= 200
        if fault["kind"] == "group_burst":
            crowds = here.filter(pl.col("persons") >= 5, channel="visit", category=fault["category"])
            assert crowds.height >= int(str(fault["items"]))
        if fault["kind"] == "feed_gap":
            assert here.height == 0
            assert during.height > 0


def test_a_township_changes_its_code(three_years: Tables) -> None:
    change = next(row for row in city.planted("430200", 1, SINCE, UNTIL) if row["kind"] == "code_change")
    days = three_years["petition"].select("region_code", day=pl.col("registered_at").dt.date())
    former = days.filter(pl.col("region_code") == change["former_code"])["day"]
    current = days.filter(pl.col("region_code") == change["region_code"])["day"]
    assert former.max() < places.CODE_CHANGED_ON <= current.min()  # type: ignore[operator]


def test_feed_receipts_count_what_arrived(three_years: Tables) -> None:
    receipts, petitions = three_years["feed_receipt"], three_years["petition"]
    assert receipts.filter(source="petition_system")["records"].sum() == petitions.height
    assert receipts.height == 6 * ((UNTIL - SINCE).days + 1)


def test_late_registrations_come_in_days_after_their_date() -> None:
    early = city.generate("430200", 1, date(2026, 5, 1), date(2026, 6, 30))["petition"]
    later = city.generate("430200", 1, date(2026, 5, 1), date(2026, 7, 31))["petition"]
    backdated = later.filter(pl.col("registered_at") < datetime(2026, 7, 1)).join(early, on="petition_id", how="anti")  # noqa: DTZ001
    assert 0 < backdated.height < 0.02 * early.height


def test_the_calendar_goes_on_beyond_the_announced_years() -> None:
    assert seasons.kind_of(date(2030, 10, 2)) == "holiday"
    assert seasons.kind_of(date(2030, 2, 4)) == "holiday"
    assert seasons.kind_of(date(2030, 6, 12)) == "workday"
    assert seasons.kind_of(date(2030, 10, 8)) == "first"


def test_a_point_inside_a_cell_with_a_hole() -> None:
    outer = [[0.0, 0.0], [10.0, 0.0], [10.0, 4.0], [0.0, 4.0], [0.0, 0.0]]
    hole = [[1.0, 1.0], [1.0, 3.0], [5.0, 3.0], [5.0, 1.0], [1.0, 1.0]]
    longitude, latitude = places.inside_point({"type": "Polygon", "coordinates": [outer, hole]})
    assert (longitude, latitude) == (7.5, 2.0)


def share(rows: pl.DataFrame, condition: pl.Expr) -> float:
    return float(rows.select(condition.fill_null(False).mean()).item())


def on_time(rows: pl.DataFrame) -> float:
    due = rows.filter(pl.col("reply_due_on") <= UNTIL, procedure_route="petition_procedure")
    return share(due, pl.col("replied_on") <= pl.col("reply_due_on"))


def average(values: list[int]) -> float:
    return sum(values) / len(values)
