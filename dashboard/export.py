"""Tables that leave the house: CSV, XLSX and Parquet of observations, with where they come from.

The header comes first and nothing stands before it. Synthetic data says so in a last column ``data``, in the 说明 sheet,
in Parquet's metadata and in the file's name.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
import xlsxwriter

from dashboard.remainder import Remainder
from data_access.regions import RegionTree
from data_access.store import Provenance
from metrics.core.model import Count, Metric, Stock
from metrics.core.query import BadQuery, Query

Layout = Literal["tidy", "wide"]
Format = Literal["csv", "xlsx", "parquet"]
LAYOUTS: tuple[Layout, ...] = ("tidy", "wide")
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "parquet")
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# A spreadsheet would take a text cell that begins so for a formula; the apostrophe makes it plain text.
_FORMULA = r"^[=+\-@\t\r＝＋－＠]"
_CHUNK = 50_000
SHEET_ROWS = 2**20 - 1  # below the header


@dataclass(frozen=True)
class Export:
    """Observations with everything that their table needs. ``observations``: as ``evaluate`` gives them; ``then``: asked as
    of that snapshot (按当时), which its name says; ``unplaced``: what is coded above the level and so in no row."""

    query: Query
    observations: pl.DataFrame
    metrics: Mapping[str, Metric]
    tree: RegionTree
    provenance: Provenance
    then: bool = False
    unplaced: tuple[Remainder, ...] = ()

    def table(self, layout: Layout) -> pl.DataFrame:
        """The table with its types: period as a date, codes as text, figures as numbers (null where empty)."""
        names = pl.DataFrame(
            {"region_code": [region.code for region in self.tree], "region_name": [r.name for r in self.tree]}
        )
        named = self._shown().join(names, on="region_code", how="left", maintain_order="left")
        keys = ["period", "region_code", "region_name", *self.query.by]
        if layout == "tidy":
            frame = named.select(*keys, "metric", "value", "numerator", "denominator")
        else:
            frame = named.pivot("metric", index=keys, values="value", maintain_order=True)
            absent = [pl.lit(None, pl.Float64).alias(key) for key in self.query.metrics if key not in frame.columns]
            # A combination that one metric leaves out beside another did not occur: a count of it is 0, as on the screen.
            nought = [pl.col(key).fill_null(0) for key in self.query.metrics if self.metrics[key].additive]
            frame = frame.with_columns(absent).with_columns(nought)
            frame = frame.select(*keys, *self.query.metrics).sort(keys[:2] + keys[3:])
        mark = self.provenance.synthetic
        return frame.with_columns(data=pl.lit(mark)) if mark else frame

    def _shown(self) -> pl.DataFrame:
        """The observations, a count's numerator in its own unit: hundredths of points as points, then as Float64."""
        divided = {key: kind.divisor for key in self.query.metrics if (kind := _divided(self.metrics[key])) is not None}
        if not divided:
            return self.observations
        divisor = pl.col("metric").replace_strict(divided, default=1, return_dtype=pl.Int64)
        return self.observations.with_columns(numerator=pl.col("numerator") / divisor)

    def refuse_oversize(self, kind: Format) -> None:
        """Raises BadQuery for a workbook with more rows than a sheet can hold, which would be cut without a word."""
        if kind == "xlsx" and self.observations.height > SHEET_ROWS:
            raise BadQuery(f"共 {self.observations.height} 行，xlsx 一张表最多 {SHEET_ROWS} 行；请用 csv 或 parquet")

    def text_table(self, layout: Layout) -> pl.DataFrame:
        """The table as it stands in a CSV file: every cell text, text cells made harmless, null for an empty cell."""
        frame = self.table(layout)
        text = ("region_code", "region_name", *self.query.by)
        columns = [harmless(pl.col(name)) if name in text else pl.col(name) for name in frame.columns]
        frame = frame.with_columns(columns).with_columns(pl.col("period").dt.to_string("%Y-%m-%d"))
        if layout == "tidy":
            return frame.with_columns(self._figure("value"), self._figure("numerator"), _whole(pl.col("denominator")))
        return frame.with_columns(_figure_text(pl.col(key), self.metrics[key]) for key in self.query.metrics)

    def _figure(self, column: str) -> pl.Expr:
        cell = pl.col(column)
        text: pl.Expr = cell.cast(pl.String) if column == "value" else _whole(cell)
        for key in self.query.metrics:
            metric = self.metrics[key]
            if column == "value":
                shown = _figure_text(cell, metric)
            elif _divided(metric) is not None:
                shown = _hundredths((cell * 100).round())
            else:
                continue
            text = pl.when(pl.col("metric") == key).then(shown).otherwise(text)
        return text.alias(column)

    @property
    def file_stem(self) -> str:
        """指标_区域_期间_截至, and the mark where the data is made up."""
        first = self.metrics[self.query.metrics[0]].label
        what = first if len(self.query.metrics) == 1 else f"{first}等{len(self.query.metrics)}项"
        period = self.query.period
        span = f"{period.start:%Y%m%d}-{period.last:%Y%m%d}"
        parts = [what, self.tree.get(self.query.region).name, span, f"截至{self.provenance.business_date:%Y%m%d}"]
        if self.then:
            parts.append(f"按快照{self.provenance.number}")
        if self.unplaced:
            # A CSV file has no other place to say it: what is cut is said in the name.
            alone = self.unplaced[0].metric.additive and len(self.query.metrics) == 1
            parts.append(f"不含未细分{self.unplaced[0].amount().replace(' ', '') if alone else ''}")
        if self.provenance.synthetic:
            parts.append("演示数据合成")
        return "_".join(part.replace("/", "-") for part in parts)

    def _unplaced_words(self) -> str:
        rule = "只记到所列层级以上区划的，不在各行之内"
        counted = "、".join(remainder.words() for remainder in self.unplaced)
        return f"{rule}：{counted}。" if counted else f"{rule}；本表没有这样的，或不能相加。"

    def description(self) -> list[tuple[str, str]]:
        """What a reader must know of the table: definitions, filters, snapshot, clocks, rows."""
        query, source = self.query, self.provenance
        lines = [
            ("区域", f"{query.region} {self.tree.get(query.region).name}"),
            ("期间", f"{query.period.start} 至 {query.period.last}（含首尾两日）"),
            ("粒度", query.grain.value),
            ("细分", "、".join(query.by) or "无"),
            (
                "筛选",
                "；".join(f"{name}={'|'.join(v or '(空)' for v in values)}" for name, values in query.where) or "无",
            ),
            ("快照", f"№{source.number}{'（按当时）' if self.then else ''}" if source.number else "直接查询数据库"),
            ("取数时间", source.taken_at.isoformat(timespec="seconds")),
            ("业务日期", str(source.business_date)),
            ("行数", str(self.observations.height)),
        ]
        if query.level < self.tree.get(query.region).level:
            lines.append(("未细分", self._unplaced_words()))
        lines += [
            (self.metrics[key].label, f"{key} v{self.metrics[key].version}：{self.metrics[key].definition}")
            for key in query.metrics
        ]
        lines.append(("说明", "聚合数据，不含个人信息。比率为 0–1 的小数；分母为 0 时为空。"))
        return [*lines, ("数据", source.synthetic)] if source.synthetic else lines


def harmless(cell: pl.Expr) -> pl.Expr:
    """Text that no spreadsheet takes for a formula."""
    return pl.when(cell.str.contains(_FORMULA)).then(pl.format("'{}", cell)).otherwise(cell)


def csv_chunks(export: Export, layout: Layout) -> Iterator[bytes]:
    """RFC 4180 text in pieces, header first; UTF-8 without a byte-order mark."""
    table = export.text_table(layout)
    for offset in range(0, max(table.height, 1), _CHUNK):
        part = table.slice(offset, _CHUNK)
        yield part.write_csv(include_header=offset == 0, line_terminator="\r\n").encode()


def xlsx_bytes(export: Export, layout: Layout) -> bytes:
    """A workbook: the table, and the sheet 说明."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(buffer, options) as book:
        # The clock of the file is the snapshot's: the same snapshot and query give the same bytes.
        book.set_properties({"created": export.provenance.taken_at.replace(tzinfo=None), "title": export.file_stem})
        head = book.add_format({"bold": True})
        _fill_sheet(book.add_worksheet("数据"), export.table(layout), head)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 14)
        notes.set_column(1, 1, 100)
        for row, (name, text) in enumerate(export.description()):
            notes.write_string(row, 0, name, head)
            notes.write_string(row, 1, text)
    return buffer.getvalue()


def parquet_bytes(export: Export, layout: Layout) -> bytes:
    """A Parquet file whose metadata ``yanpan`` holds the description as JSON."""
    buffer = io.BytesIO()
    metadata = {"yanpan": json.dumps(dict(export.description()), ensure_ascii=False)}
    export.table(layout).write_parquet(buffer, metadata=metadata)
    return buffer.getvalue()


def _fill_sheet(sheet: Any, table: pl.DataFrame, head: Any) -> None:
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, name, head)
        sheet.set_column(column, column, 14)
    for number, row in enumerate(table.iter_rows(), start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, int | float):
                sheet.write_number(number, column, cell)
            elif cell is not None:
                sheet.write_string(number, column, str(cell))


def _figure_text(cell: pl.Expr, metric: Metric) -> pl.Expr:
    """Counts as integers, points with two decimals, all else as the shortest text that gives the same double."""
    kind = metric.kind
    if _divided(metric) is not None:
        return _hundredths((cell * 100).round())
    return _whole(cell) if isinstance(kind, Stock | Count) else cell.cast(pl.String)


def _divided(metric: Metric) -> Count | None:
    """The kind of a metric that is summed as hundredths."""
    kind = metric.kind
    return kind if isinstance(kind, Count) and kind.divisor == 100 else None


def _whole(cell: pl.Expr) -> pl.Expr:
    return cell.cast(pl.Int64).cast(pl.String)


def _hundredths(cell: pl.Expr) -> pl.Expr:
    """Integer hundredths as text with two decimals."""
    size = cell.cast(pl.Int64).abs()
    sign = pl.when(cell < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.format("{}{}.{}", sign, size // 100, (size % 100).cast(pl.String).str.zfill(2))
