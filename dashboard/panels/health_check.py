"""The contract check as the background last ran it: table by table, with what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dashboard import current
from dashboard.panels.frame import panel
from dashboard.views import table
from dashboard.views.table import Cell, CellTone, Column, Row
from data_access import contract
from data_access.check import Report
from data_access.findings import Finding, Severity
from metrics.wording import COLUMN_LABELS, TABLE_LABELS

#: A gloss for the terminal, in English and in brackets.
_GLOSS = re.compile(r"（[a-zA-Z ]+）")
_NAMES = re.compile(rf" ?(?<![\w.])({'|'.join(sorted(COLUMN_LABELS, key=len, reverse=True))})(?![\w.]) ?")
_TONES: dict[Severity, CellTone] = {Severity.ERROR: "worse", Severity.WARNING: "caution"}


def check_panel() -> None:
    """The last result, tables with findings first."""
    examined = current.findings().examined
    detail = "每次换快照后由后台核对，点击不会去查库"
    with panel("check", _title(examined), _when(examined)):
        columns = (Column("表"), Column("行数", right=True), Column("发现", wrap=True))
        rows = [] if examined is None else list(rows_of(examined.report))
        empty = "还没有核对结果：快照启用后，后台在一分钟内核对一次。"
        drawn = table.payload(columns, rows, label="约定核对", empty=empty, foot=detail, height=34)
        table.show(drawn, key="check")


def rows_of(report: Report) -> Iterator[Row]:
    """One row per finding, under its table; a table without one is said to be in order."""
    for number, finding in enumerate(_sorted(report.findings, None)):
        yield _finding_row(f"database-{number}", Cell("数据库"), Cell(""), finding)
    names = [one.name for one in contract.metadata.tables.values()]
    found = {name: _sorted(report.findings, name) for name in names}
    for name in sorted(names, key=lambda name: (not found[name], names.index(name))):
        counted = Cell(f"{report.rows[name]:,}") if name in report.rows else Cell("未读", tone="muted")
        label = Cell(TABLE_LABELS.get(name, name), title=f"rpt.{name}")
        if not found[name]:
            # A table that was not read, because the database or an earlier table failed, is not thereby in order.
            said = "正常" if name in report.rows else "没有核对到"
            yield Row(name, [label, counted, Cell(said, tone="muted")], quiet=name not in report.rows)
        for number, finding in enumerate(found[name]):
            first = number == 0
            yield _finding_row(
                f"{name}-{number}", label if first else Cell(""), counted if first else Cell(""), finding
            )


def _finding_row(key: str, label: Cell, counted: Cell, finding: Finding) -> Row:
    words = f"{finding.severity.value}：{in_words(finding.text)}"
    return Row(key, [label, counted, Cell(words, tone=_TONES[finding.severity], title=finding.text)])


def in_words(text: str) -> str:
    """A finding without its English gloss, columns by their Chinese names: the cell's title keeps the text as it is."""
    return _NAMES.sub(lambda found: f"「{COLUMN_LABELS[found[1]]}」", _GLOSS.sub("", text))


def _sorted(findings: tuple[Finding, ...], table_name: str | None) -> list[Finding]:
    own = [finding for finding in findings if finding.table == table_name]
    return sorted(own, key=lambda finding: finding.severity is not Severity.ERROR)


def _title(examined: current.Examined | None) -> str:
    if examined is None:
        return "约定核对"
    errors = sum(finding.severity is Severity.ERROR for finding in examined.report.findings)
    warnings = len(examined.report.findings) - errors
    if errors:
        return f"约定核对：错误 {errors} 处"
    return f"约定核对：提醒 {warnings} 处" if warnings else "约定核对：全部相符"


def _when(examined: current.Examined | None) -> str:
    return "" if examined is None else f"{examined.at:%m-%d %H:%M} 核对，用时 {examined.seconds:.1f} 秒"
