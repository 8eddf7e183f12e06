"""What the newest snapshot says differently of days already closed, and which snapshots there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import current
from dashboard.current import Restated, Version
from dashboard.look import MINUS
from dashboard.page import Page
from dashboard.panels.frame import panel
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from metrics.wording import FACT_DIVISORS, FACT_LABELS

_MOST_ROWS = 60


def restated_panel(page: Page) -> None:
    """Fact by region and month: before, now, and what came and went."""
    known = current.findings().restated
    title, detail = _words(known)
    with panel("restated", title, detail):
        columns = (
            Column("事项"),
            Column("区划"),
            Column("月份"),
            *(Column(name, right=True) for name in ("之前", "现在", "差")),
        )
        frame = None if known is None else known.frame
        rows = [] if frame is None else [_row(page, row) for row in frame.head(_MOST_ROWS).iter_rows(named=True)]
        more = (
            ""
            if frame is None or frame.height <= _MOST_ROWS
            else f"另有 {frame.height - _MOST_ROWS} 行变动较小，未列。"
        )
        drawn = table.payload(columns, rows, label=title, empty=_empty(known), foot=more, height=25)
        table.show(drawn, key="restated")


def changed_months(known: Restated | None) -> int:
    """How many cells of fact, region and month a newer snapshot tells otherwise."""
    return 0 if known is None or known.frame is None else known.frame.height


def versions_panel(page: Page) -> None:
    """The snapshots of the archive, the newest first."""
    listed = current.findings().versions
    with panel("versions", "快照版本", "一个快照是一次一致的读取，整体替换"):
        columns = (
            Column("编号"),
            Column("取数时间"),
            Column("业务日期"),
            Column("库的状态", wrap=True),
            Column("变动文件", right=True),
            Column("状态"),
        )
        rows = [_version(version, page.snapshot.provenance.number) for version in listed]
        drawn = table.payload(columns, rows, label="快照版本", empty="后台还没有清点快照，请稍候。", height=15)
        table.show(drawn, key="versions")


def _words(known: Restated | None) -> tuple[str, str]:
    if known is None or known.before is None:
        return "迟到与改动", "新旧两个快照之间，已过去的日子有没有变"
    detail = f"№{known.before} → №{known.after}"
    if known.closed is None:
        return "迟到与改动", detail
    cells = changed_months(known)
    title = f"已过去的日子有 {cells} 处变动" if cells else "已过去的日子没有变动"
    return title, f"{detail} · {known.closed:%m-%d} 及以前"


def _empty(known: Restated | None) -> str:
    if known is None:
        return "后台还没有比较新旧快照，请稍候。"
    if known.fault is not None:
        return f"没有比成：{known.fault}"
    if known.before is None:
        return "只有一个快照，还没有上一版可比；下一个快照启用后这里列出变动。"
    return "两个快照对已过去各日的记载完全相同，没有迟到登记，也没有改动。"


def _row(page: Page, row: Mapping[str, Any]) -> Row:
    code = row["region_code"]
    place = "不在区划树中" if code is None else page.tree.get(code).name if code in page.tree else code
    difference = row["after"] - row["before"]
    fact = row["fact"]
    cells = [
        Cell(FACT_LABELS.get(fact, fact)),
        Cell(place, tone="muted" if code is None else "neutral"),
        Cell(f"{row['month']:%Y-%m}"),
        Cell(_figure(fact, row["before"]), tone="muted"),
        Cell(_figure(fact, row["after"])),
        Cell(
            _signed(fact, difference),
            tone="caution",
            strong=True,
            title=f"增 {_figure(fact, row['added'])}，减 {_figure(fact, row['removed'])}",
        ),
    ]
    return Row(f"{fact}:{code}:{row['month']}", cells)


def _figure(fact: str, amount: int) -> str:
    divisor = FACT_DIVISORS.get(fact, 1)
    return f"{amount:,}" if divisor == 1 else f"{amount / divisor:,.2f}"


def _signed(fact: str, amount: int) -> str:
    if amount == 0:
        return "移动"
    return f"{'+' if amount > 0 else MINUS}{_figure(fact, abs(amount))}"


def _version(version: Version, used: int | None) -> Row:
    own = version.number == used
    state = "在用" if own else "可用" if version.readable else "另一版口径"
    cells = [
        Cell(f"№{version.number}", strong=own),
        Cell(f"{version.taken_at:%m-%d %H:%M}", title=f"{version.taken_at:%Y-%m-%d %H:%M:%S}"),
        Cell(f"{version.business_date:%Y-%m-%d}", title=f"最新事件 {version.newest_event or '无'}"),
        Cell(version.replica),
        Cell("—" if version.changed is None else f"{version.changed:,}", title=f"共 {version.files:,} 个月份文件"),
        Cell(state, tone="accent" if own else "muted"),
    ]
    return Row(str(version.number), cells, selected=False, quiet=not own)
