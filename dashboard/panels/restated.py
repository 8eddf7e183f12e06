"""What the newest snapshot says differently of days already closed, and which snapshots there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import current, steps
from dashboard.address import Switch
from dashboard.current import Restated, Version
from dashboard.look import MINUS
from dashboard.page import Page
from dashboard.panels.frame import panel
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from metrics.wording import FACT_DIVISORS, FACT_LABELS

_MOST_ROWS = 60


#: Against which snapshot the newest is held: that of the last meeting, or the one before it.
AGAINST = Switch("against", "与之比较", {"meeting": "上次例会", "previous": "上一快照"})


def restated_panel(page: Page) -> None:
    """Fact by region and month: before, now, and what came and went since the last meeting or the snapshot before."""
    known = chosen(page)
    title, detail = _words(known)
    with panel("restated", title, detail, controls=lambda: _against(page)):
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


def chosen(page: Page) -> Restated | None:
    """What the page is to show: held against the last meeting, or against the snapshot before."""
    found = current.findings()
    return found.since_meeting if page.switch(AGAINST) == "meeting" else found.restated


def _against(page: Page) -> None:
    key = "restated-against"
    st.session_state[key] = page.switch(AGAINST)

    def chosen() -> None:
        value = st.session_state[key] or AGAINST.default
        steps.write(page.selection.switched(AGAINST, value), page.default)

    st.segmented_control(
        AGAINST.label,
        list(AGAINST.choices),
        format_func=AGAINST.choices.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
        width="content",
    )


def changed_months(known: Restated | None) -> int:
    """How many cells of fact, region and month a newer snapshot tells otherwise."""
    return 0 if known is None or known.frame is None else known.frame.height


def versions_panel(page: Page) -> None:
    """The snapshots of the archive, the newest first; a click shows every page as of that one."""
    found = current.findings()
    newest = current.snapshot()
    used = page.snapshot.provenance.number if newest is None else newest.provenance.number
    with panel("versions", "快照版本", "一个快照是一次一致的读取，整体替换；点一行按当时查看各页"):
        columns = (
            Column("编号"),
            Column("取数时间"),
            Column("业务日期"),
            Column("库的状态", wrap=True),
            Column("变动文件", right=True),
            Column("留存"),
            Column("状态"),
        )
        rows = [_version(version, used, page.selection.snapshot) for version in found.versions]
        more = f"另有 {found.unlisted} 个近期或每小时的快照未列，清单见 yanpan snapshots。" if found.unlisted else ""
        empty = "后台还没有清点快照，请稍候。"
        drawn = table.payload(columns, rows, label="快照版本", empty=empty, foot=more, height=15)
        opened = table.show(drawn, key="versions")
    if opened is not None:
        page.show(replace(page.selection, snapshot=None if int(opened) == used else int(opened)))


def _words(known: Restated | None) -> tuple[str, str]:
    if known is None or known.before is None:
        return "迟到与改动", "新旧两个快照之间，已过去的日子有没有变"
    since = "" if known.meeting is None else f"{known.meeting:%m-%d %H:%M} 例会所用 "
    detail = f"{since}№{known.before} → №{known.after}"
    if known.closed is None:
        return "迟到与改动", detail
    cells = changed_months(known)
    title = f"已过去的日子有 {cells} 处变动" if cells else "已过去的日子没有变动"
    return title, f"{detail} · {known.closed:%m-%d} 及以前"


def _empty(known: Restated | None) -> str:
    if known is None:
        return "后台还没有比较新旧快照，请稍候。"
    if known.fault is not None:
        when = "" if known.meeting is None else f"上次例会（{known.meeting:%m-%d %H:%M}）"
        return f"没有比成：{when}{known.fault}。可改看与上一快照相比。" if when else f"没有比成：{known.fault}"
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


def _version(version: Version, used: int | None, seen: int | None) -> Row:
    own = version.number == used
    shown = version.number == (used if seen is None else seen)
    state = "在用" if own else "按当时查看" if version.readable else "另一版口径"
    state = "正在查看" if shown and not own else state
    cells = [
        Cell(f"№{version.number}", strong=own),
        Cell(f"{version.taken_at:%m-%d %H:%M}", title=f"{version.taken_at:%Y-%m-%d %H:%M:%S}"),
        Cell(f"{version.business_date:%Y-%m-%d}", title=f"最新事件 {version.newest_event or '无'}"),
        Cell(version.replica),
        Cell("—" if version.changed is None else f"{version.changed:,}", title=f"共 {version.files:,} 个月份文件"),
        Cell(version.kept or "待清理", tone="muted"),
        Cell(state, tone="accent" if own or version.readable else "muted"),
    ]
    alt = f"快照 №{version.number}，{version.taken_at:%m-%d %H:%M} 取数，{version.kept}，{state}"
    can_open = version.readable and not shown
    return Row(str(version.number), cells, open=can_open, selected=shown and not own, quiet=not own, alt=alt)
