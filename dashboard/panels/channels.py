"""Success and days by channel: each channel against itself, because their populations are not alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dashboard import answers, bar
from dashboard.look import (
    DASH,
    STATE_REASONS,
    change,
    count,
    decimals_of,
    number,
    parts,
    shown,
    state_label,
    state_reason,
    tone,
    unit_of,
)
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel, previous_label
from dashboard.views import intervals
from dashboard.views.intervals import Axis, Column, Range, Row, Text
from metrics.core.compare import reference_period
from metrics.core.fairness.bounds import Bounded, side_of
from metrics.core.fairness.cases import family_of
from metrics.core.fairness.funnel import OUTER
from metrics.core.fairness.intervals import COVERAGE
from metrics.core.model import Metric
from metrics.core.period import Period
from metrics.core.query import FilterValue, Query
from metrics.registry import metrics

DIMENSION = "channel"
_RATE, _OF_ACCEPTED, _DAYS = "mediation_success_rate", "mediation_success_of_accepted", "mediation_mean_days"
_ALL = "all"
_FOOT = "渠道间不宜互比，合计随渠道结构变化。横条 95% 区间，空心点为上期；环比（百分点、天）超出 99.8% 才着色。点击按渠道筛选。"


@dataclass(frozen=True)
class Moved:
    """One channel's figure: ``row`` an observation with lower and upper, ``before`` the same of the previous period, and
    which way it moved beyond chance (at 99.8 %): 1, −1, or 0."""

    row: dict[str, Any]
    before: dict[str, Any] | None
    side: int


def channels_panel(page: Page) -> None:
    """The rate and the mean days of every channel, the blended ones below them; a click filters by the channel."""
    rate, days = channel_rate(page), metrics()[_DAYS]
    rates, durations = by_channel(page, rate), by_channel(page, days)
    detail = f"{page.region.name} · {bar.span_label(page)}{narrowed(all_channels(page), rate)}"
    with panel("channels", finding(page, rate, rates), detail, rate):
        table = intervals.payload(
            _columns(rate, days, rates, durations, previous_label(page)),
            [_row(page, code, rates, durations, rate, days) for code in _order(page, rates)] if len(rates) > 1 else [],
            label=_label(page, rate, rates),
            empty="本期没有办结的调解。请改选更长的期间，或取消筛选。",
            foot=_FOOT,
            compact=True,
        )
        opened = intervals.show(table, key="channels")
    if opened is not None:
        page.show(page.selection.filtered(DIMENSION, _toggled(page, opened)))


def channel_rate(page: Page) -> Metric:
    """The page's metric where it is a rate that knows channels, else the success rate.

    Not the rate of the accepted: a month whose cases are half open has not fallen behind the ripe month before it.
    """
    own = page.metric
    if own.key == _OF_ACCEPTED:
        return metrics()[_RATE]
    return own if family_of(own) == "binomial" and DIMENSION in own.dimensions else metrics()[_RATE]


def all_channels(page: Page) -> Page:
    """The page as it is without a filter by channel."""
    return replace(page, selection=page.selection.filtered(DIMENSION, ()))


def by_channel(page: Page, metric: Metric) -> dict[FilterValue, Moved]:
    """The metric of each channel and, under ``all``, of them together; the chosen channel does not narrow it."""
    now, wide_now = (_figures(page, metric, page.period, coverage) for coverage in (COVERAGE, OUTER))
    span = previous_period(page, metric)
    before = {} if span is None else _figures(page, metric, span, COVERAGE)
    wide_before = {} if span is None else _figures(page, metric, span, OUTER)
    return {
        code: Moved(row, before.get(code), _side(wide_now[code], wide_before.get(code))) for code, row in now.items()
    }


def previous_period(page: Page, metric: Metric) -> Period | None:
    """The period of 环比, None where the metric's data do not reach back to it."""
    span = reference_period(page.period, page.grain, "previous")
    begun = answers.begins(page.snapshot, metric)
    return span if span is not None and begun is not None and span.start >= begun else None


def finding(page: Page, metric: Metric, figures: dict[FilterValue, Moved]) -> str:
    """Which channels moved beyond chance, as the panel's title."""
    channels = {code: moved for code, moved in figures.items() if code != _ALL}
    if not any(moved.row["state"] == "ok" for moved in channels.values()):
        return f"分渠道{metric.label}：{state_label('small_n')}，不作比较"
    if not any(moved.before for moved in channels.values()):
        return f"分渠道{metric.label}"
    said = []
    for side, word in ((-1, "下降"), (1, "上升")):
        names = [page.names.of(DIMENSION, code) for code in _order(page, channels) if channels[code].side == side]
        said += [f"{'、'.join(names)}{word}"] if names else []
    if not said:
        return f"各渠道{metric.label}较上期变化不显著"
    return f"{metric.label}：{'，'.join(said)}，其余渠道变化不显著"


def _figures(page: Page, metric: Metric, period: Period, coverage: float) -> dict[FilterValue, dict[str, Any]]:
    where = all_channels(page).where(metric)
    found: dict[FilterValue, dict[str, Any]] = {}
    for by in ((DIMENSION,), ()):
        query = Query((metric.key,), page.region.code, page.region.level, period, by=by, where=where)
        frame = answers.bounded(page.snapshot, query, coverage, page.scope)
        found |= {row.get(DIMENSION) if by else _ALL: row for row in frame.iter_rows(named=True)}
    return found


def _side(now: dict[str, Any], before: dict[str, Any] | None) -> int:
    if before is None or now["state"] != "ok" or before["state"] != "ok":
        return 0
    return side_of(*(Bounded(row["value"], row["lower"], row["upper"]) for row in (now, before)))


def _order(page: Page, figures: dict[FilterValue, Moved]) -> list[FilterValue]:
    """As the list of channels has them, unknown codes and 未填 behind, all together last."""
    listed = {code: place for place, code in enumerate(page.names.listed(DIMENSION))}
    return sorted(
        figures, key=lambda code: (code == _ALL, code is None, listed.get(code or "", len(listed)), code or "")
    )


def _toggled(page: Page, opened: str) -> tuple[FilterValue, ...]:
    wanted = opened.removeprefix("code:") or None
    chosen = dict(page.selection.where).get(DIMENSION, ())
    return () if opened == _ALL or chosen == (wanted,) else (wanted,)


# The table --------------------------------------------------------------------------------------------------------


def _columns(
    rate: Metric, days: Metric, rates: dict[FilterValue, Moved], durations: dict[FilterValue, Moved], before: str
) -> list[Column]:
    return [
        Column("渠道"),
        Column("占比", right=True),
        Column(rate.label, right=True),
        Column("", width="27%", axis=_axis(rate, rates)),
        Column("分子/分母", right=True),
        Column(before, right=True),
        Column("平均天数", right=True),
        Column("", width="18%", axis=_axis(days, durations)),
        Column(before, right=True),
    ]


def _axis(metric: Metric, figures: dict[FilterValue, Moved]) -> Axis:
    """Over the intervals of all figures that are not in doubt; a handful of cases would flatten the others."""
    known = [moved.row for moved in figures.values() if moved.row["state"] in ("ok", "small_n")]
    rows = [row for row in known if row["state"] == "ok"] or known
    ends = [row[name] for row in rows for name in ("lower", "upper", "value") if row[name] is not None]
    # An interval of a few durations reaches below nothing, where no duration is.
    floor = 0.0 if all((row["value"] or 0.0) >= 0 for row in rows) else float("-inf")
    return intervals.axis_over(
        [shown(max(end, floor), metric) for end in ends], unit="%" if metric.percent else "", most=3
    )


def _row(
    page: Page,
    code: FilterValue,
    rates: dict[FilterValue, Moved],
    durations: dict[FilterValue, Moved],
    rate: Metric,
    days: Metric,
) -> Row:
    moved, lasted = rates[code], durations.get(code)
    name = "合计" if code == _ALL else page.names.of(DIMENSION, code)
    plain = moved.row["state"] == "ok"
    return Row(
        key=_ALL if code == _ALL else f"code:{code or ''}",
        cells=[
            Text(name),
            _share(moved.row, rates[_ALL].row),
            _value(moved.row, rate),
            _range(moved, rate),
            Text(parts(moved.row["numerator"], moved.row["denominator"]), tone="muted"),
            _change(moved, rate),
            *([_value(lasted.row, days), _range(lasted, days), _change(lasted, days)] if lasted else [Text("")] * 3),
        ],
        open=True,
        selected=code != _ALL and dict(page.selection.where).get(DIMENSION) == (code,),
        total=code == _ALL,
        quiet=not plain,
        alt=f"{name}{rate.label} {number(moved.row['value'], rate)}{unit_of(rate)}，{_doubt(moved.row)}",
    )


def _share(row: dict[str, Any], whole: dict[str, Any]) -> Text:
    if not row["denominator"] or not whole["denominator"]:
        return Text(DASH, tone="muted")
    return Text(
        f"{100 * row['denominator'] / whole['denominator']:.0f}", "%", "muted", title=f"{count(row['denominator'])} 件"
    )


def _value(row: dict[str, Any], metric: Metric) -> Text:
    if row["value"] is None or row["state"] != "ok":
        return Text(state_label(row["state"]), tone="muted", title=state_reason(row["state"]))
    return Text(number(row["value"], metric), unit_of(metric), strong=True, title=_doubt(row))


def _range(moved: Moved, metric: Metric) -> Range:
    def at(row: dict[str, Any] | None, name: str) -> float | None:
        usable = row is not None and row["state"] in ("ok", "small_n") and row[name] is not None
        return shown(row[name], metric) if usable and row is not None else None

    row = moved.row
    lower, upper = at(row, "lower"), at(row, "upper")
    digits = decimals_of(metric)
    said = "" if lower is None or upper is None else f"95% 区间 {lower:.{digits}f}–{upper:.{digits}f}{unit_of(metric)}"
    previous = at(moved.before, "value")
    before = "" if previous is None else f"；上期 {previous:.{digits}f}{unit_of(metric)}"
    return Range(
        at(row, "value"), lower, upper, previous, tone(moved.side, metric), row["state"] == "small_n", said + before
    )


def _change(moved: Moved, metric: Metric) -> Text:
    doubtful = moved.row["state"] != "ok" or moved.before is None or moved.before["state"] != "ok"
    if doubtful or moved.before is None:
        return Text(DASH, tone="muted", title="一期样本不足或没有可比的数，不作比较")
    item = change("", moved.row["value"], moved.before["value"], metric)
    words = "" if moved.side else "，变化不显著"
    return Text(
        item.text.removesuffix(" 百分点"),
        tone=tone(moved.side, metric) if moved.side else "muted",
        direction=moved.side,
        title=f"{item.detail}（{parts(moved.before['numerator'], moved.before['denominator'])} 为上期）{words}",
    )


def _doubt(row: dict[str, Any]) -> str:
    return STATE_REASONS.get(row["state"], f"分母 {count(row['denominator'])}")


def _label(page: Page, rate: Metric, rates: dict[FilterValue, Moved]) -> str:
    said = [
        f"{'合计' if code == _ALL else page.names.of(DIMENSION, code)} "
        + (
            f"{number(moved.row['value'], rate)}{unit_of(rate)}"
            if moved.row["value"] is not None
            else state_label("undefined")
        )
        for code, moved in ((code, rates[code]) for code in _order(page, rates))
    ]
    return f"分渠道{rate.label}：{'，'.join(said)}。"
