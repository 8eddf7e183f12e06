"""市直单位组: ledger points and due rates by organ, beside the counties and never mixed with them; no composite score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dashboard import answers
from dashboard.look import exact, parts, signed_zero, state_label, state_reason
from dashboard.page import Page
from dashboard.panels.frame import panel
from dashboard.views import table
from metrics.core.query import Forbidden
from metrics.departments import departments
from metrics.registry import metrics

_RATES = {"reply": "reply_on_time_rate", "orders": "orders_on_time_rate"}


def departments_panel(page: Page, height: float = 0, controls: Callable[[], None] | None = None) -> None:
    """The departments of the root, the most points first."""
    root = page.tree.root
    with panel("departments", f"{root.name.removesuffix('市')}市直单位组", "", controls=controls):
        table.show(_table(page, height), key="departments")


def _table(page: Page, height: float) -> dict[str, Any]:
    try:
        frame = departments(page.snapshot.organs, page.tree.root, page.period, answers.asker(page.snapshot, page.scope))
    except Forbidden:
        frame = None
    found = [] if frame is None else sorted(frame.rows(named=True), key=_order)
    heads = ("单位", "扣分", "按期答复", "督办按期")
    return table.payload(
        [table.Column(head, right=index > 0) for index, head in enumerate(heads)],
        [table.Row(row["organ_code"] or "", _cells(row), quiet=row["organ_code"] is None) for row in found],
        label=f"市直单位组，共 {len(found)} 行",
        empty="没有登记为市直单位组的单位。" if frame is not None else "没有查看全市的权限，市直单位组不显示。",
        foot="不与县区同排，不合成总分；扣分为台账已定，率旁为分子/分母，无到期事项的为未定义。",
        height=height,
        dense=True,
    )


def _order(row: Mapping[str, Any]) -> tuple[bool, float, str]:
    """The most points first; what names no organ last."""
    return row["organ_code"] is None, -row["points"], row["organ_code"] or ""


def _cells(row: Mapping[str, Any]) -> list[table.Cell]:
    name = "未注明单位" if row["organ_code"] is None else row["name"] or row["organ_code"]
    return [
        table.Cell(_short(name), title=name),
        table.Cell(signed_zero(row["points"], 2), strong=row["points"] > 0),
        *(_rate(row, prefix, key) for prefix, key in _RATES.items()),
    ]


def _short(name: str) -> str:
    """Without the name of the city, which all of them carry."""
    return name.partition("市")[2] or name


def _rate(row: Mapping[str, Any], prefix: str, key: str) -> table.Cell:
    """The rate with its parts; the word of the state where it may not be compared."""
    state, value = row[f"{prefix}_state"], row[f"{prefix}_on_time_rate"]
    of = parts(row[f"{prefix}_on_time"], row[f"{prefix}_due"])
    if value is None or state != "ok":
        counted = of if state == "small_n" else ""
        return table.Cell(state_label(state), "muted", unit=counted, title=state_reason(state))
    return table.Cell(f"{exact(value, metrics()[key])}%", unit=of)
