"""What one figure is, in words, in a formula with today's numbers, and in its worked example. HTML, all data escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from dashboard.look import DASH, MINUS, STATE_LABELS, STATE_REASONS, Change, count, exact, unit_of
from metrics.core.model import Count, Metric, Population, Ratio, WorkedExample
from metrics.wording import COLUMN_LABELS, TABLE_LABELS, value_words
from metrics.worked import Side, Term

_WITHOUT_VALUE = ("suppressed", "not_measured")


@dataclass(frozen=True)
class Box:
    """One figure of an equation: ``figure`` as text, ``words`` what it is, ``detail`` of which rows, ``sign`` before it."""

    figure: str
    words: str
    detail: str = ""
    sign: str = ""


def boxes(metric: Metric, terms: Sequence[Term], row: Mapping[str, Any]) -> list[Box]:
    """The left side of the equation, in the order in which it is read. ``row``: the metric's observation."""
    kind = metric.kind
    above = _side(terms, "numerator")
    if not isinstance(kind, Ratio):
        divisor = kind.divisor if isinstance(kind, Count) else 1
        return above if divisor == 1 else [*above, Box(f"{divisor:,}", "换算", sign="÷")]
    if isinstance(kind.denominator, Population):
        population = row["denominator"]
        below = [Box(count(population) if population else "未填", "常住人口")]
    else:
        below = _side(terms, "denominator")
    scale = [Box(f"{kind.scale:,}", "每万人", sign="×")] if kind.scale != 1 else []
    return [*_bracketed(above), *_bracketed(below, "÷"), *scale]


def sentence(metric: Metric, terms: Sequence[Term], row: Mapping[str, Any]) -> str:
    """The equation as one line: ``按期答复率 = 2,047 ÷ 2,113 = 96.9%``; without a value why there is none."""
    if row["state"] in _WITHOUT_VALUE:
        return f"{metric.label}：{STATE_LABELS[row['state']]}（{STATE_REASONS[row['state']]}）"
    left = "".join(f" {box.sign} {box.figure}" if box.sign else f" {box.figure}" for box in boxes(metric, terms, row))
    if len(terms) == 1 and left.strip() == exact(row["value"], metric):
        return f"{metric.label} = {result(metric, row)}"
    return f"{metric.label} ={left} = {result(metric, row)}" if left else f"{metric.label} = {result(metric, row)}"


def result(metric: Metric, row: Mapping[str, Any]) -> str:
    """The value with its unit and, where it is in doubt, how."""
    if row["value"] is None:
        return STATE_LABELS.get(row["state"], DASH)
    unit = unit_of(metric)
    text = exact(row["value"], metric) + (unit if unit == "%" or not unit else f" {unit}")
    return text + (f"（{STATE_LABELS['small_n']}）" if row["state"] == "small_n" else "")


def equation(metric: Metric, terms: Sequence[Term], row: Mapping[str, Any], changes: Sequence[Change]) -> str:
    """The equation as boxes, the value at its end with its comparisons and its state (HTML)."""
    if row["state"] in _WITHOUT_VALUE:
        return _without(row["state"])
    left = boxes(metric, terms, row)
    plain = len(left) == 1 and left[0].figure == exact(row["value"], metric)
    said = "".join(map(_box, left))
    return (
        f'<div class="yp-eq" role="img" aria-label="{escape(sentence(metric, terms, row))}">'
        f'{"" if plain else said}<div class="yp-step">{"" if plain else _sign("=")}{_value(metric, row, changes)}</div></div>'
    )


def value_only(metric: Metric, row: Mapping[str, Any], changes: Sequence[Change]) -> str:
    """The value of a score, whose parts stand in a table below (HTML)."""
    if row["state"] in _WITHOUT_VALUE:
        return _without(row["state"])
    return f'<div class="yp-eq">{_value(metric, row, changes)}</div>'


def heading(metric: Metric, family: str, marks: Iterable[str]) -> str:
    """Name, code and the short marks of a metric, over its definition (HTML)."""
    tags = "".join(f'<span class="yp-mark">{escape(mark)}</span>' for mark in marks)
    return (
        f'<div class="yp-def-head"><b>{escape(metric.label)}</b><span class="yp-code">代码 {escape(metric.key)}</span>'
        f'<span class="yp-marks-row"><span class="yp-mark">{escape(family)}</span>{tags}</span></div>'
        f'<p class="yp-def-text">{escape(metric.definition)}</p>'
    )


def facts(rows: Mapping[str, str], cautions: Iterable[str] = ()) -> str:
    """Names and texts as a list of two columns; those in ``cautions`` in the colour of caution (HTML)."""
    warned = frozenset(cautions)
    body = "".join(
        f"<dt>{escape(name)}</dt><dd{_class('caution', name in warned)}>{escape(text)}</dd>"
        for name, text in rows.items()
    )
    return f'<dl class="yp-facts">{body}</dl>'


def example(metric: Metric, worked: WorkedExample) -> str:
    """The worked example: its little tables in words, and what comes out (HTML)."""
    tables = "".join(_table(name, text) for name, text in worked.tables.items())
    return f'<div class="yp-example">{tables}<p class="yp-outcome">{escape(outcome(metric, worked))}</p></div>'


def outcome(metric: Metric, worked: WorkedExample) -> str:
    """What the worked example gives, in one line."""
    value = "未定义（分母为零）" if worked.value is None else exact(worked.value, metric)
    unit = unit_of(metric) if worked.value is not None else ""
    parts = [
        f"{name} {count(figure)}"
        for name, figure in (("分子", worked.numerator), ("分母", worked.denominator))
        if figure is not None and worked.denominator is not None
    ]
    said = "，".join([*parts, f"得 {value}{'' if unit == '%' else ' '}{unit}".rstrip()])
    return f"{worked.first} 至 {worked.last}：{said}"


def example_rows(text: str) -> tuple[list[str], list[list[str]]]:
    """The columns and rows of one little table, as the declaration writes them."""
    lines = [line.split() if "  " not in line.strip() else _cells(line) for line in text.strip().splitlines()]
    return lines[0], lines[1:]


def _cells(line: str) -> list[str]:
    """Columns are parted by two spaces or more: a moment has one space inside."""
    return [cell.strip() for cell in line.strip().split("  ") if cell.strip()]


def _table(name: str, text: str) -> str:
    columns, rows = example_rows(text)
    head = "".join(
        f'<th title="{escape(column)}">{escape(COLUMN_LABELS.get(column, column))}</th>' for column in columns
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape(value_words(column, cell))}</td>" for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    title = f"<b>{escape(TABLE_LABELS.get(name, name))}</b><span>rpt.{escape(name)}</span>"
    return f'<div class="yp-mini"><p>{title}</p><div><table><tr>{head}</tr>{body}</table></div></div>'


def _side(terms: Sequence[Term], side: Side) -> list[Box]:
    own = [term for term in terms if term.side == side]
    return [_term(term, first=place == 0) for place, term in enumerate(own)]


def _term(term: Term, *, first: bool) -> Box:
    sign = MINUS if term.sign < 0 else ("" if first else "+")
    words = f"累计{term.words}" if term.cumulative else term.words
    return Box(count(term.figure), words, term.condition, sign)


def _bracketed(side: Sequence[Box], sign: str = "") -> list[Box]:
    """The boxes with ``sign`` before the first; several in brackets, so that the line reads as it is computed."""
    first, *rest = side
    if not rest:
        return [Box(first.figure, first.words, first.detail, sign or first.sign)]
    *middle, last = rest
    opened = Box(f"({first.figure}", first.words, first.detail, sign or first.sign)
    return [opened, *middle, Box(f"{last.figure})", last.words, last.detail, last.sign)]


def _box(box: Box) -> str:
    detail = f"<i>{escape(box.detail)}</i>" if box.detail else ""
    words = f"<b>{escape(box.figure)}</b><span>{escape(box.words)}</span>{detail}"
    return f'<div class="yp-step">{_sign(box.sign)}<div class="yp-box">{words}</div></div>'


def _sign(sign: str) -> str:
    return f'<span class="yp-sign">{escape(sign)}</span>' if sign else ""


def _value(metric: Metric, row: Mapping[str, Any], changes: Sequence[Change]) -> str:
    if row["value"] is None:
        why = STATE_REASONS.get(row["state"], "")
        body = f'<b class="word">{escape(STATE_LABELS.get(row["state"], DASH))}</b><span>{escape(why)}</span>'
        return f'<div class="yp-box yp-result">{body}</div>'
    doubt = f"<em>{STATE_LABELS['small_n']}</em>" if row["state"] == "small_n" else ""
    compared = "".join(_change(item) for item in changes)
    return (
        f'<div class="yp-box yp-result"><b>{escape(exact(row["value"], metric))}<small>{escape(unit_of(metric))}</small>'
        f"{doubt}</b><span>{compared}</span></div>"
    )


def _change(item: Change) -> str:
    arrow = {1: "▲", -1: "▼"}.get(item.direction, "")
    return (
        f'<span class="yp-change" title="{escape(item.detail)}">{escape(item.label)} '
        f'<span class="{item.tone}">{arrow}{escape(item.text)}</span></span>'
    )


def _without(state: str) -> str:
    return (
        f'<div class="yp-eq"><div class="yp-box yp-result"><b class="word">{escape(STATE_LABELS[state])}</b>'
        f"<span>{escape(STATE_REASONS[state])}，请在上方区划中选上一级</span></div></div>"
        if state == "not_measured"
        else f'<div class="yp-eq"><div class="yp-box yp-result"><b class="word">{escape(STATE_LABELS[state])}</b>'
        f"<span>{escape(STATE_REASONS[state])}</span></div></div>"
    )


def _class(name: str, wanted: bool) -> str:
    return f' class="{name}"' if wanted else ""
