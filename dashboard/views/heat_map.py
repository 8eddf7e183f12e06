"""Two dimensions against each other: a table of cells in five classes of one colour, with the totals of rows and columns.

A click on a cell gives both codes back, one on the head of a row or column its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard.look import DASH, STATE_LABELS, STATE_REASONS, number, parts, with_unit
from dashboard.views.component import component, opened
from dashboard.views.scale import Scale
from data_access import settings
from metrics.core.model import Metric, Ratio
from metrics.core.query import FilterValue

_COMPONENT = component("heat_map", "scale")
MOST_ROWS = 12
Row = dict[str, Any]
Pairs = tuple[tuple[str, FilterValue], ...]
#: What a click may mean: the word that the browser sends back → dimension and code, one pair or two.
Meanings = dict[str, Pairs]


@dataclass(frozen=True)
class Side:
    """One dimension of the table. ``order``: the codes that come first, in this order; the others follow by their total.

    ``name``: a code in words; ``selected``: the codes that the page is narrowed to.
    """

    dimension: str
    label: str
    name: Callable[[FilterValue], str]
    order: Sequence[FilterValue] = ()
    selected: Sequence[FilterValue] = ()


@dataclass(frozen=True)
class Figures:
    """Observations of one metric in one region and period, each with its state.

    ``cells``: by both dimensions; ``rows`` and ``columns``: by one of them; ``whole``: the single one without a break-down. The totals
    are asked for and not added up, so that a rate's total is a rate and what is hidden stays hidden.
    """

    cells: pl.DataFrame
    rows: pl.DataFrame
    columns: pl.DataFrame
    whole: pl.DataFrame


@dataclass(frozen=True)
class HeatMap:
    """What the browser is sent, and what a click on it means."""

    data: dict[str, Any]
    meanings: Meanings


def build(figures: Figures, metric: Metric, rows: Side, columns: Side, *, most: int = MOST_ROWS) -> HeatMap:
    """The table. Of more than ``most`` rows the smallest are added up in one, 其余, where that can be said."""
    if figures.whole["state"].to_list() == ["not_measured"]:
        return HeatMap(
            {"rows": [], "columns": [], "empty": _not_measured(metric), "label": alt(figures, metric, rows, columns)},
            {},
        )
    table = _Table(figures, metric, rows, columns, most)
    return HeatMap(table.data(), table.meanings)


def show(picture: HeatMap, *, key: str) -> Pairs | None:
    """Draw the table; what was clicked in this run (click or Enter), else None. Needs a Streamlit session."""
    result = _COMPONENT(key=key, data=picture.data, on_opened_change=lambda: None)
    word = opened(result, set(picture.meanings))
    return None if word is None else picture.meanings[word]


def alt(figures: Figures, metric: Metric, rows: Side, columns: Side) -> str:
    """The table as one sentence: its highest cell."""
    head = f"{metric.label}按{rows.label}与{columns.label}"
    plain = [row for row in figures.cells.iter_rows(named=True) if _plain(row)]
    if not plain:
        return f"{head}：没有可显示的数值。"
    high = max(plain, key=lambda row: (row["value"], str(row[rows.dimension]), str(row[columns.dimension])))
    where = f"{rows.name(high[rows.dimension])}（{columns.name(high[columns.dimension])}）"
    return f"{head}：最高{where} {with_unit(high['value'], metric)}。"


def _plain(row: Row) -> bool:
    return row["state"] == "ok" and row["value"] is not None


def _not_measured(metric: Metric) -> str:
    return f"{metric.label}：{STATE_REASONS['not_measured']}。请在上方选择上一级区划。"


def pooled(rows: Sequence[Row], metric: Metric) -> Row:
    """Several observations as one: counts added up, a ratio divided anew. Hidden where one of them is hidden."""
    if any(row["state"] in ("suppressed", "not_measured") for row in rows):
        return {"value": None, "numerator": None, "denominator": None, "state": "suppressed"}
    numerator = sum(row["numerator"] or 0 for row in rows)
    if not isinstance(metric.kind, Ratio):
        return {
            "value": sum(row["value"] or 0.0 for row in rows),
            "numerator": numerator,
            "denominator": None,
            "state": "ok",
        }
    denominator = sum(row["denominator"] or 0 for row in rows)
    value = numerator * metric.kind.scale / denominator if denominator else None
    few = denominator < settings.thresholds().minimum_denominator
    return {
        "value": value,
        "numerator": numerator,
        "denominator": denominator,
        "state": "undefined" if value is None else "small_n" if few else "ok",
    }


class _Table:
    """The parts of one table, put together by ``data``."""

    def __init__(self, figures: Figures, metric: Metric, rows: Side, columns: Side, most: int) -> None:
        self.metric, self.rows, self.columns = metric, rows, columns
        self.figures = figures
        self.row_totals = _by(figures.rows, rows.dimension)
        self.column_totals = _by(figures.columns, columns.dimension)
        self.whole = figures.whole.row(0, named=True)
        self.cells = {(row[rows.dimension], row[columns.dimension]): row for row in figures.cells.iter_rows(named=True)}
        self.column_codes = _ordered(self.column_totals, columns.order, metric)
        ordered = _ordered(self.row_totals, rows.order, metric)
        # A single row too many stands by itself rather than as 其余 1 类.
        self.row_codes = ordered if len(ordered) <= most else ordered[: most - 1]
        self.left = ordered[len(self.row_codes) :]
        self.scale = Scale.of(
            [
                row["value"]
                for (code, _), row in self.cells.items()
                if code in self.row_codes and _plain(row) and row["value"]
            ],
            metric,
        )
        self.meanings: Meanings = {}

    def data(self) -> dict[str, Any]:
        lines = [self._line(code) for code in self.row_codes]
        lines += [self._rest()] if self.left else []
        return {
            "corner": self.rows.label,
            "columns": [self._head(code) for code in self.column_codes],
            "rows": lines,
            "totals": [self._cell(self.column_totals[code], "") for code in self.column_codes],
            "whole": self._cell(self.whole, ""),
            "shares": [self._share(self.column_totals[code]) for code in self.column_codes],
            "with_shares": self.metric.additive,
            "legend": self.scale.legend(),
            "words": [self.scale.method(), *self._states()],
            "label": alt(self.figures, self.metric, self.rows, self.columns),
            "empty": f"本期没有登记的{self.metric.label}。可换一个期间，或取消筛选。",
        }

    def _line(self, code: FilterValue) -> Row:
        cells = [self._crossed(code, column) for column in self.column_codes]
        return {
            "code": self._means((self.rows.dimension, code)),
            "name": self.rows.name(code),
            "selected": code in self.rows.selected,
            "cells": cells,
            "total": self._cell(self.row_totals[code], self.rows.name(code)),
            "share": self._share(self.row_totals[code]),
            "quiet": False,
        }

    def _rest(self) -> Row:
        """What is left, added up: shown without a shade, because it stands for several."""
        cells = []
        for column in self.column_codes:
            found = [self.cells[code, column] for code in self.left if (code, column) in self.cells]
            cells.append(self._cell(pooled(found, self.metric), self.columns.name(column)) | {"shade": -1})
        total = pooled([self.row_totals[code] for code in self.left], self.metric)
        return {
            "code": "",
            "name": f"其余 {len(self.left)} 类",
            "title": "、".join(self.rows.name(code) for code in self.left),
            "selected": False,
            "cells": cells,
            "total": self._cell(total, "其余"),
            "share": self._share(total),
            "quiet": True,
        }

    def _head(self, code: FilterValue) -> Row:
        return {
            "code": self._means((self.columns.dimension, code)),
            "name": self.columns.name(code),
            "selected": code in self.columns.selected,
        }

    def _crossed(self, row_code: FilterValue, column_code: FilterValue) -> Row:
        names = f"{self.rows.name(row_code)} · {self.columns.name(column_code)}"
        observed = self.cells.get((row_code, column_code)) or pooled([], self.metric)
        cell = self._cell(observed, names)
        if not observed["value"] and observed["state"] in ("ok", "undefined"):
            return cell
        chosen = self.rows.selected and self.columns.selected
        both = row_code in self.rows.selected and column_code in self.columns.selected
        word = self._means((self.rows.dimension, row_code), (self.columns.dimension, column_code))
        return cell | {"code": word, "selected": bool(chosen and both)}

    def _cell(self, row: Row, names: str) -> Row:
        plain = _plain(row)
        shaded = plain and bool(row["value"]) and names != "" and self.scale.classes.bounds
        return {
            "code": "",
            "text": number(row["value"], self.metric) if plain else _state_text(row, self.metric),
            "shade": self.scale.shade(row["value"]) if shaded else -1,
            "title": self._title(row, names),
            "selected": False,
            "quiet": not plain or not row["value"],
            "word": not plain and row["state"] != "small_n",
        }

    def _title(self, row: Row, names: str) -> str:
        head = f"{names}：" if names else ""
        if row["state"] != "ok" and row["state"] != "small_n":
            return f"{head}{STATE_LABELS[row['state']]}（{STATE_REASONS[row['state']]}）"
        counted = parts(row["numerator"], row["denominator"])
        said = f"{head}{with_unit(row['value'], self.metric)}" + (f"（{counted}）" if counted else "")
        share = self._share(row)
        said += f"，占 {share}" if share else ""
        return said + (f"；{STATE_LABELS['small_n']}" if row["state"] == "small_n" else "")

    def _share(self, row: Row) -> str:
        """Of the whole, for what adds up."""
        whole = self.whole["value"]
        if not self.metric.additive or not whole or not _plain(row) or not _plain(self.whole):
            return ""
        return f"{100 * row['value'] / whole:.1f}%"

    def _states(self) -> list[str]:
        found = {row["state"] for row in [*self.cells.values(), *self.row_totals.values()]}
        return [
            f"{mark}{STATE_LABELS[state]}：{STATE_REASONS[state]}"
            for state, mark in (("small_n", "灰字"), ("suppressed", ""), ("not_measured", ""))
            if state in found
        ]

    def _means(self, *pairs: tuple[str, FilterValue]) -> str:
        word = json.dumps(pairs, ensure_ascii=False)
        self.meanings[word] = pairs
        return word


def _by(frame: pl.DataFrame, dimension: str) -> Mapping[FilterValue, Row]:
    return {row[dimension]: row for row in frame.iter_rows(named=True)}


def _ordered(totals: Mapping[FilterValue, Row], first: Sequence[FilterValue], metric: Metric) -> list[FilterValue]:
    """The named ones first, then by total, the many before the few; 未填 last. Of a ratio the size is its denominator."""
    size = "denominator" if isinstance(metric.kind, Ratio) else "value"
    place = {code: index for index, code in enumerate(first)}
    return sorted(
        totals,
        key=lambda code: (code is None, place.get(code, len(place)), -(totals[code][size] or 0), code or ""),
    )


def _state_text(row: Row, metric: Metric) -> str:
    if row["state"] == "small_n" and row["value"] is not None:
        return number(row["value"], metric)
    return DASH if row["state"] == "undefined" else STATE_LABELS.get(row["state"], DASH)
