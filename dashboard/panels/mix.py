"""Why a region's rate differs: what its mix of channels explains, and what remains when like is held against like."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard import bar
from dashboard.look import Tone, count, number, shown, signed, state_label, unit_of
from dashboard.page import Page
from dashboard.panels.channels import DIMENSION, all_channels, channel_rate
from dashboard.panels.frame import narrowed, panel
from dashboard.panels.league import peers_of
from dashboard.views import intervals
from dashboard.views.intervals import Cell, Column, Range, Row, Sides, Text
from data_access.regions import LEVEL_LABELS
from data_access.settings import thresholds
from metrics.core.fairness.funnel import OUTER
from metrics.core.fairness.standardise import standardised
from metrics.core.model import Metric
from metrics.core.query import Query

_MOST_NAMED = 3
#: A region must have cases in channels that make up this much of all cases, or too much of its figure is the standard's.
_COVERED = 0.5
Difference = dict[str, Any]


def mix_panel(page: Page, height: float = 24.0) -> None:
    """The compared regions: their difference from all together, split into mix and like for like; a click opens the region.

    ``height``: rem from which on the table scrolls.
    """
    metric = channel_rate(page)
    rows = differences(page, metric)
    level = LEVEL_LABELS[page.compared_level_of(metric)]
    detail = f"{metric.label} · 百分点 · {bar.span_label(page)}{narrowed(all_channels(page), metric)}"
    with panel("mix", finding(page, rows, metric, level), detail, metric):
        opened = intervals.show(_table(page, rows, metric, level, height), key="mix")
    if opened is not None:
        page.go(opened)


def differences(page: Page, metric: Metric) -> list[Difference]:
    """One row per region with cases: the columns of ``standardised``, cases, wide_lower and wide_upper (99.8 %), and
    ``verdict`` better or worse where like for like differs beyond chance; the largest like-for-like effect first."""
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    where = all_channels(page).where(metric)
    query = Query((metric.key,), region.code, level, page.period, by=(DIMENSION,), where=where)
    frame = page.observations(query)
    codes = peers_of(page, metric).codes
    if codes is not None:
        frame = frame.filter(pl.col("region_code").is_in(list(codes)))
    wide = standardised(frame, [DIMENSION], coverage=OUTER).select(
        "region_code", wide_lower="lower", wide_upper="upper"
    )
    cases = frame.group_by("region_code").agg(cases=pl.col("denominator").sum())
    joined = standardised(frame, [DIMENSION]).join(wide, on="region_code").join(cases, on="region_code")
    rows = [row | {"verdict": _verdict(row, metric)} for row in joined.iter_rows(named=True)]
    return sorted(rows, key=lambda row: (not comparable(row), -row["rate_effect"], row["region_code"]))


def comparable(row: Difference) -> bool:
    """Whether the region has enough cases, in enough of the channels, to be held against the others."""
    return bool(row["cases"] >= thresholds().minimum_denominator and row["covered"] >= _COVERED)


def finding(page: Page, rows: list[Difference], metric: Metric, level: str) -> str:
    """Who differs like for like, with both parts of the difference where it is one alone."""
    if metric.polarity == "neutral":
        return f"各{level}{metric.label}：渠道结构与同渠道比较"
    said = []
    for side, word in (("worse", "低于"), ("better", "高于")):
        found = [row for row in rows if row["verdict"] == side]
        names = [page.tree.get(row["region_code"]).name for row in found]
        if len(names) == 1:
            row = found[0]
            effects = f"结构 {_points(row['mix_effect'])}，同渠道 {_points(row['rate_effect'])} 百分点"
            said.append(f"{names[0]}同渠道{word}全体（{effects}）")
        elif names:
            more = f"等 {len(names)} 个" if len(names) > _MOST_NAMED else ""
            said.append(f"{'、'.join(names[:_MOST_NAMED])}{more}同渠道{word}全体")
    return "，".join(said) or f"剔除渠道结构后，各{level}差异不显著"


def _verdict(row: Difference, metric: Metric) -> str | None:
    if metric.polarity == "neutral" or not comparable(row):
        return None
    above, below = row["wide_lower"] > row["standard"], row["wide_upper"] < row["standard"]
    if not above and not below:
        return None
    return "better" if above == (metric.polarity == "more") else "worse"


def _table(page: Page, rows: list[Difference], metric: Metric, level: str, height: float) -> dict[str, Any]:
    plain = [row for row in rows if comparable(row)]
    effects = [100 * row[name] for row in plain for name in ("mix_effect", "rate_effect")]
    sides = intervals.axis_over(effects, holds=0.0)
    ends = [shown(row[name], metric) for row in plain for name in ("lower", "upper")]
    standard = shown(rows[0]["standard"], metric) if rows else None
    columns = [
        Column(level),
        Column("件数", right=True),
        Column(metric.label, right=True),
        Column("渠道结构影响", right=True),
        Column("", width="17%", axis=sides),
        Column("同渠道比较", right=True),
        Column("", width="17%", axis=sides),
        Column("剔除结构后", right=True),
        Column("", width="17%", axis=intervals.axis_over(ends, unit="%", most=3), mean=standard),
    ]
    return intervals.payload(
        columns,
        [_row(page, row, metric) for row in rows],
        label=_label(page, rows, level),
        empty="本期没有办结的调解。请改选更长的期间，或取消筛选。",
        foot="两项相加等于该地与合计之差：渠道结构影响来自诉调等渠道所占比重不同，同渠道比较来自各渠道内的成效。"
        "剔除结构后：按合计的渠道结构重算，横条 95% 区间，虚线为合计；超出 99.8% 区间才着色。",
        compact=True,
        height=height,
    )


def _row(page: Page, row: Difference, metric: Metric) -> Row:
    name, plain = page.tree.get(row["region_code"]).name, comparable(row)
    crude = Text(number(row["crude"], metric), unit_of(metric))
    head: list[Cell] = [Text(name), Text(count(row["cases"]), tone="muted"), crude]
    effects = f"渠道结构影响 {_points(row['mix_effect'])}，同渠道比较 {_points(row['rate_effect'])} 百分点"
    return Row(
        row["region_code"],
        head + (_compared_cells(row, metric) if plain else _doubtful_cells()),
        open=True,
        selected=row["region_code"] == page.region.code,
        quiet=not plain,
        alt=f"{name}{metric.label} {number(row['crude'], metric)}%，{effects if plain else state_label('small_n')}",
    )


def _doubtful_cells() -> list[Cell]:
    doubt, none = Text(state_label("small_n"), tone="muted", title="件数过少或渠道不全，不作比较"), Text("")
    return [doubt, Sides(None), none, Sides(None), none, Range(None)]


def _compared_cells(row: Difference, metric: Metric) -> list[Cell]:
    judged: Tone | None = row["verdict"]
    effect = Text(_points(row["rate_effect"]), tone=judged or "neutral", strong=judged is not None)
    standardised, lower, upper = (shown(row[column], metric) for column in ("standardised", "lower", "upper"))
    return [
        Text(_points(row["mix_effect"]), tone="muted"),
        Sides(100 * row["mix_effect"]),
        effect,
        Sides(100 * row["rate_effect"], judged or "muted"),
        Text(number(row["standardised"], metric), unit_of(metric)),
        Range(standardised, lower, upper, tone=judged or "neutral"),
    ]


def _points(effect: float) -> str:
    return signed(100 * effect, 1)


def _label(page: Page, rows: list[Difference], level: str) -> str:
    said = [
        f"{page.tree.get(row['region_code']).name}结构 {_points(row['mix_effect'])}、同渠道 {_points(row['rate_effect'])}"
        for row in rows
        if comparable(row)
    ]
    return f"各{level}与合计之差的两个来源（百分点）：{'；'.join(said) or '没有可比较的数值'}。"
