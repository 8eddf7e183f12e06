"""The league table: places in order, with the doubt and the comparison beside every figure; a click on a row drills down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from dashboard.look import (
    DASH,
    STATE_LABELS,
    STATE_REASONS,
    WAN,
    WAN_FROM,
    Tone,
    change,
    count,
    decimals_of,
    exact,
    parts,
    shown,
    signed_zero,
    unit_of,
    with_unit,
)
from dashboard.views.component import component, opened
from metrics.core.model import Metric, Population, Ratio, Score

_COMPONENT = component("league")
REST = "rest"
#: With more rows than this the table scrolls, and says how many there are.
_MANY = 12
_LATIN_BELOW = 0x2E80
#: When a row is coloured: the verdicts of ``metrics.core.score_interval`` and of ``metrics.core.fairness``.
_COLOURED = {"score": "着色的在 99% 的把握上高于或低于平均", "rate": "着色的超出 99.8% 控制限"}
_LAST = ("small_n", "undefined", "suppressed", "not_measured")
Row = dict[str, Any]


@dataclass(frozen=True)
class Comparisons:
    """What stands beside the figures, each keyed by region_code: frames of the same columns as the observations.

    ``previous`` 环比, ``year_ago`` the second comparison, 同比 by default; ``history``: several periods per region, oldest
    first, for the spark lines; ``places``: the league of the period before, with its ``rank_low`` and ``rank_high``.
    ``judged``: whether a change may be called good or bad, which it is not while the period is running.
    """

    previous: pl.DataFrame | None = None
    year_ago: pl.DataFrame | None = None
    history: pl.DataFrame | None = None
    places: pl.DataFrame | None = None
    previous_label: str = "环比"
    year_ago_label: str = "同比"
    judged: bool = True


NO_COMPARISONS = Comparisons()


@dataclass(frozen=True)
class _Axis:
    """Shared drawing scale of a column: raw values at its left and right edge."""

    first: float
    last: float

    def share(self, value: float | None) -> float | None:
        """Where the value stands, 0 left to 1 right; None for none."""
        if value is None:
            return None
        return round(min(max((value - self.first) / ((self.last - self.first) or 1.0), 0.0), 1.0), 4)


def payload(
    frame: pl.DataFrame,
    metric: Metric,
    names: Mapping[str, str],
    *,
    compare: Comparisons = NO_COMPARISONS,
    selected: str | None = None,
    clickable: Collection[str] | None = None,
    rest: pl.DataFrame | None = None,
    mean: float | None = None,
    mean_label: str = "所列合计",
    place_label: str = "县区",
    value_label: str = "",
    note: str = "",
    empty: str = "本期没有可列出的区划。",
) -> dict[str, Any]:
    """The table of one period's observations as plain values, one row per region_code.

    Optional columns of ``frame``: ``lower``/``upper`` (an interval in the value's unit, then drawn with its point and
    ``mean``, the group's own value), ``rank_low``/``rank_high`` (the place as a range), ``verdict`` (better, worse).
    ``clickable``: codes that open something, all by default. ``rest``: the single observation 未细分, coded above this
    level. A neutral metric gets no place. ``value_label``: the head of the figures, by default the metric with its unit;
    ``note`` stands first in the foot; ``empty``: why there is no row and what to do.
    """
    rows = _ordered(frame.rows(named=True), metric)
    ranks = _ranks(rows, metric)
    axis = _axis(rows, mean)
    before, ago = _by_region(compare.previous), _by_region(compare.year_ago)
    sparks = _sparks(compare.history)
    moves = _moves(rows, compare.places, metric) if ranks else {}
    in_wan = not metric.percent and any(abs(row["value"]) >= WAN_FROM for row in rows if _plain(row))
    lines = []
    for row in [*rows, *(rest.rows(named=True) if rest is not None else [])]:
        code = str(row["region_code"])
        is_rest = row not in rows
        opens = not is_rest and (clickable is None or code in clickable)
        line = _line(row, metric, axis, in_wan)
        line |= {
            "code": REST if is_rest else code,
            "name": "未细分" if is_rest else names.get(code, code),
            "open": opens,
        }
        line |= {
            "rank": "" if is_rest else ranks.get(code, ""),
            "value": line["value"] if is_rest or _plain(row) else _state_word(row),
            "spark": [] if is_rest else sparks.get(code, []),
            "move": None if is_rest else moves.get(code),
        }
        line["changes"] = _changes(row, before, ago, metric, compare.judged) if not is_rest else {}
        line |= {"quiet": True, "at": None} if is_rest else {}
        line["alt"] = _row_alt(line, row, metric)
        lines.append(line)
    heads = _Heads(place_label, value_label or _value_label(metric, in_wan), _spark_label(compare.history))
    return {
        "columns": _columns(rows, metric, compare, ranks, heads),
        "rows": lines,
        "mean": axis.share(mean) if _intervals(rows) else None,
        "selected": selected or "",
        "label": alt(frame, metric, names),
        "empty": empty,
        "foot": _foot(rows, metric, _mean_words(rows, metric, mean, mean_label), note, rest is not None),
        "widest": max((text_width(line["name"]) for line in lines), default=0.0),
    }


def text_width(text: str) -> float:
    """About how wide a text is, in widths of one Chinese character."""
    return sum(0.56 if ord(letter) < _LATIN_BELOW else 1.0 for letter in text)


def show(table: dict[str, Any], *, key: str) -> str | None:
    """Draw the table; the region_code of the row opened in this run (click or Enter), else None."""
    result = _COMPONENT(key=key, data=table, on_opened_change=lambda: None)
    return opened(result, {row["code"] for row in table["rows"] if row["open"]})


def alt(frame: pl.DataFrame, metric: Metric, names: Mapping[str, str]) -> str:
    """The table as one sentence: first, last, and how many are not ranked."""
    rows = _ordered(frame.rows(named=True), metric)
    plain = [row for row in rows if _plain(row)]
    without = len(rows) - len(plain)
    rest = f"；{without} 个不排名" if without and metric.polarity != "neutral" else ""
    if not plain:
        return f"{metric.label}列表：没有可排列的数值。"
    said = [
        f"{names.get(row['region_code'], row['region_code'])} {with_unit(row['value'], metric)}"
        for row in (plain[0], plain[-1])
    ]
    first, last = ("首位", "末位") if metric.polarity != "neutral" else ("最多", "最少")
    tail = f"，{last}{said[1]}" if len(plain) > 1 else ""
    return f"{metric.label}列表，共 {len(rows)} 个：{first}{said[0]}{tail}{rest}。"


def _plain(row: Row) -> bool:
    return row["state"] == "ok" and row["value"] is not None


def _state(row: Row) -> str:
    return row["state"] if row["state"] in STATE_LABELS else "undefined"


def _state_word(row: Row) -> str:
    return "" if _plain(row) else STATE_LABELS[_state(row)]


def _ordered(rows: list[Row], metric: Metric) -> list[Row]:
    sign = 1 if metric.polarity == "less" else -1
    plain = sorted((row for row in rows if _plain(row)), key=lambda row: (sign * row["value"], row["region_code"]))
    others = sorted(
        (row for row in rows if not _plain(row)), key=lambda row: (_LAST.index(_state(row)), row["region_code"])
    )
    return plain + others


def _ranks(rows: list[Row], metric: Metric) -> dict[str, str]:
    """Places as ranges, where the frame brings them; a bare order of figures is no ranking and gets no numbers."""
    if metric.polarity == "neutral":
        return {}
    return {row["region_code"]: _range(row) for row in rows if _ranked(row)}


def _intervals(rows: list[Row]) -> bool:
    return any(row.get("lower") is not None and row.get("upper") is not None for row in rows)


def _doubted(rows: list[Row]) -> bool:
    """Whether any interval has a width: what is decided, as the points of a ledger, has none."""
    return any(
        row["lower"] < row["upper"] for row in rows if row.get("lower") is not None and row.get("upper") is not None
    )


def _axis(rows: list[Row], mean: float | None) -> _Axis:
    plain = [row for row in rows if _plain(row)]
    values = [row["value"] for row in plain]
    if not _intervals(rows):
        return _Axis(min([0.0, *values]), max([0.0, *values]))
    ends = [row[name] for row in plain for name in ("lower", "upper", "value") if row.get(name) is not None]
    ends += [mean] if mean is not None else []
    room = (max(ends) - min(ends)) * 0.04
    return _Axis(min(ends) - room, max(ends) + room)


def _line(row: Row, metric: Metric, axis: _Axis, in_wan: bool) -> Row:
    plain = _plain(row)
    value = row["value"] if plain else None
    return {
        "value": _written(value, metric, in_wan),
        "sign": "%" if plain and metric.percent else "",
        "exact": with_unit(None, metric) if value is None else f"{exact(value, metric)}{unit_of(metric)}",
        "at": axis.share(value),
        "low": axis.share(row.get("lower")) if plain else None,
        "high": axis.share(row.get("upper")) if plain else None,
        "n": count(row["denominator"]) if row["denominator"] is not None and row["state"] != "suppressed" else "",
        "parts": parts(row["numerator"], row["denominator"]) if row["state"] != "suppressed" else "",
        "range": _range_words(row, metric) if plain else "",
        "tone": _tone(row) if plain else "neutral",
        "quiet": not plain,
    }


def _range_words(row: Row, metric: Metric) -> str:
    if row.get("lower") is None or row.get("upper") is None:
        return ""
    verdict = {"better": "好于", "worse": "差于"}.get(_tone(row))
    said = f"；{verdict}全体" if verdict else ""
    return f"{_interval_label(metric)} {exact(row['lower'], metric)}–{with_unit(row['upper'], metric)}{said}"


def _written(value: float | None, metric: Metric, in_wan: bool) -> str:
    if value is None:
        return DASH
    return signed_zero(value / WAN, 1) if in_wan else signed_zero(shown(value, metric), decimals_of(metric))


def _tone(row: Row) -> Tone:
    """Better or worse only by the verdict of the group's limits, never by the order or by overlapping intervals."""
    verdict = row.get("verdict")
    return verdict if verdict in ("better", "worse") else "neutral"


def _by_region(frame: pl.DataFrame | None) -> dict[str, float | None] | None:
    if frame is None:
        return None
    return {row["region_code"]: row["value"] if _plain(row) else None for row in frame.iter_rows(named=True)}


def _changes(
    row: Row, before: dict[str, float | None] | None, ago: dict[str, float | None] | None, metric: Metric, judged: bool
) -> dict[str, object]:
    now = row["value"] if _plain(row) else None
    found: dict[str, object] = {}
    for key, label, past in (("previous", "环比", before), ("year_ago", "同比", ago)):
        if past is not None:
            item = asdict(change(label, now, past.get(row["region_code"]), metric))
            tone = item["tone"] if judged else "neutral"
            found[key] = item | {"text": item["text"].removesuffix(" 百分点"), "tone": tone}
    return found


def _sparks(history: pl.DataFrame | None) -> dict[str, list[float | None]]:
    if history is None:
        return {}
    sparks: dict[str, list[float | None]] = {}
    for row in history.sort("region_code", "period").iter_rows(named=True):
        sparks.setdefault(row["region_code"], []).append(row["value"] if _plain(row) else None)
    return sparks


def _moves(rows: list[Row], before: pl.DataFrame | None, metric: Metric) -> dict[str, Row]:
    """How far each place by value has moved among the regions that are ranked in both periods; up is positive.

    A move is never coloured: the ranges say whether it means anything.
    """
    past = [] if before is None else [row for row in before.rows(named=True) if _ranked(row)]
    now = [row for row in rows if _ranked(row)]
    both = {row["region_code"] for row in past} & {row["region_code"] for row in now}
    old = {row["region_code"]: row for row in past}
    places, places_before = (
        _places([row for row in group if row["region_code"] in both], metric) for group in (now, past)
    )
    return {
        row["region_code"]: _move(
            places_before[row["region_code"]] - places[row["region_code"]], old[row["region_code"]], row
        )
        for row in now
        if row["region_code"] in both
    }


def _move(steps: int, past: Row, now: Row) -> Row:
    overlap = past["rank_low"] <= now["rank_high"] and now["rank_low"] <= past["rank_high"]
    doubt = bool(steps) and overlap
    words = "；两期位次区间有重叠，变动可能只是偶然" if doubt else ""
    return {
        "text": str(abs(steps)) if steps else DASH,
        "direction": (steps > 0) - (steps < 0),
        "detail": f"此前第 {_range(past)} 位{words}",
        "doubt": doubt,
    }


def _places(rows: list[Row], metric: Metric) -> dict[str, int]:
    """Places by value, 1 the best; equal values share the better one."""
    sign = 1 if metric.polarity == "less" else -1
    keys = sorted(sign * row["value"] for row in rows)
    return {row["region_code"]: 1 + keys.index(sign * row["value"]) for row in rows}


def _ranked(row: Row) -> bool:
    return _plain(row) and row.get("rank_low") is not None and row.get("rank_high") is not None


def _range(row: Row) -> str:
    low, high = row["rank_low"], row["rank_high"]
    return f"{low}–{high}" if low != high else str(low)


@dataclass(frozen=True)
class _Heads:
    """What stands over the columns whose heads depend on the figures."""

    place: str
    value: str
    spark: str


def _value_label(metric: Metric, in_wan: bool) -> str:
    unit = ("万" if in_wan else "") + (metric.unit if not metric.percent else "")
    return f"{metric.label}（{unit}）" if unit else metric.label


def _spark_label(history: pl.DataFrame | None) -> str:
    """Empty where there is no line to draw."""
    periods = 0 if history is None else history["period"].n_unique()
    return f"近 {periods} 期" if periods > 1 else ""


def _columns(
    rows: list[Row], metric: Metric, compare: Comparisons, ranks: Mapping[str, str], heads: _Heads
) -> list[dict[str, object]]:
    points = "（百分点）" if metric.percent else ""
    wanted: list[tuple[bool, str, str, bool, bool]] = [
        (bool(ranks), "rank", "位次", False, False),
        (True, "name", heads.place, False, False),
        (True, "value", heads.value, True, False),
        (True, "axis", _interval_label(metric) if _doubted(rows) else "", False, True),
        (any(row["denominator"] is not None for row in rows if _plain(row)), "n", _of(metric), True, False),
        (compare.previous is not None, "previous", f"{compare.previous_label}{points}", True, False),
        (compare.year_ago is not None, "year_ago", f"{compare.year_ago_label}{points}", True, False),
        (bool(heads.spark), "spark", heads.spark, False, True),
        (bool(ranks) and compare.places is not None, "move", "位次变化", True, False),
    ]
    return [
        {"key": key, "label": label, "right": right, "picture": picture}
        for use, key, label, right, picture in wanted
        if use
    ]


def _interval_label(metric: Metric) -> str:
    return "90% 区间" if isinstance(metric.kind, Score) else "95% 区间"


def _of(metric: Metric) -> str:
    """What the figure is divided by."""
    per_head = isinstance(metric.kind, Ratio) and isinstance(metric.kind.denominator, Population)
    return "常住人口" if per_head else "分母"


def _mean_words(rows: list[Row], metric: Metric, mean: float | None, label: str) -> str:
    return f"虚线为{label} {with_unit(mean, metric)}" if mean is not None and _intervals(rows) else ""


def _foot(rows: list[Row], metric: Metric, mean: str, note: str, has_rest: bool) -> str:
    said = [words for words in (note, f"共 {len(rows)} 个" if len(rows) > _MANY else "", mean) if words]
    if metric.polarity == "neutral":
        said.append("此项不分好坏，不排名")
    elif any(row.get("rank_low") is not None for row in rows):
        said.append("位次为区间，区间重叠的不分先后")
    if metric.polarity != "neutral" and any(row["state"] == "small_n" for row in rows):
        said.append("样本不足不排名")
    said += [
        f"{STATE_LABELS[state]}：{STATE_REASONS[state]}"
        for state in ("undefined", "suppressed", "not_measured")
        if any(_state(row) == state and not _plain(row) for row in rows)
    ]
    said += ["未细分：只记到上级区划的部分"] if has_rest else []
    if any(_tone(row) != "neutral" for row in rows if _plain(row)):
        said.append(_COLOURED["score" if isinstance(metric.kind, Score) else "rate"])
    return "；".join(said) + "。" if said else ""


def _row_alt(line: Row, row: Row, metric: Metric) -> str:
    if not _plain(row):
        return f"{line['name']}，{_state_word(row)}"
    place = f"，第 {line['rank']} 位" if line["rank"] else ""
    return f"{line['name']}，{with_unit(row['value'], metric)}{place}"
