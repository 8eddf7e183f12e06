"""Parts = total: every additive metric from the selected region down to the townships, and what stands in no region."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import answers, bar
from dashboard.look import exact
from dashboard.page import Page
from dashboard.panels.frame import panel
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from data_access.changes import EVENTS
from data_access.regions import LEVEL_LABELS
from metrics.core.model import Count, Metric
from metrics.core.query import Query
from metrics.reconciled import Reconciled, Step
from metrics.registry import metrics
from metrics.wording import FACT_DIVISORS, FACT_LABELS


def reconciled(page: Page) -> tuple[Reconciled, ...]:
    """Every additive metric of the selected region and period."""
    query = Query((), page.region.code, page.region.level, page.period)
    return answers.reconciled(page.snapshot, query, page.scope)


def reconciliation_panel(page: Page, found: Sequence[Reconciled]) -> None:
    """The table of all of them, what does not add up first."""
    title = _title(found)
    detail = f"{page.region.name} · {bar.span_label(page)} · 未细分按行自身的区划另行清点"
    with panel("reconciliation", title, detail):
        levels = [step.level for step in found[0].steps] if found else []
        columns = [Column("指标"), Column(page.region.name, right=True)]
        for level in levels:
            columns += [Column(f"各{LEVEL_LABELS[level]}合计", right=True), Column("未细分", right=True)]
        rows = [_row(one) for one in sorted(found, key=lambda one: one.holds)] if levels else []
        drawn = table.payload(
            [*columns, Column("核对")],
            rows,
            label=title,
            empty=f"{page.region.name}下面没有乡镇或县区，没有分项可加。请在上方选市或县区。",
            foot="未细分：只记到上一级的件，不属于下面任何一个区划；分项加未细分应等于合计。" if rows else "",
            height=24,
        )
        table.show(drawn, key="reconciliation")


def _title(found: Sequence[Reconciled]) -> str:
    wrong = sum(not one.holds for one in found)
    if wrong:
        return f"分项 = 合计：{wrong} 项不符"
    compared = any(one.steps for one in found)
    return f"分项 = 合计：{len(found)} 项全部相符" if compared else "分项 = 合计"


def unplaced_panel(page: Page) -> None:
    """What the snapshot left out, because its code has no path to the root."""
    lost = page.snapshot.unplaced
    events = {fact.name: lost[fact.name] for fact in EVENTS if fact.name in lost}
    title = "有数不在任何区划里" if events else "没有数落在区划之外"
    with panel("unplaced", title, "区划代码到不了根的行，不计入任何区划"):
        rows = [
            Row(name, [Cell(FACT_LABELS[name]), Cell(_amount(name, count), tone="caution", strong=True)])
            for name, count in events.items()
        ]
        drawn = table.payload(
            (Column("事项"), Column("未计入", right=True)),
            rows,
            label=title,
            empty="全部行的区划代码都在区划树里。",
            foot="请补区划表或改正代码；列在约定核对的「到不了根」里。" if rows else "",
        )
        table.show(drawn, key="unplaced")


def _amount(fact: str, count: int) -> str:
    divisor = FACT_DIVISORS.get(fact, 1)
    return f"{count:,}" if divisor == 1 else f"{count / divisor:,.2f}"


def _row(one: Reconciled) -> Row:
    metric = metrics()[one.metric]
    cells = [Cell(metric.label, title=metric.definition), Cell(_figure(metric, one.whole), unit=metric.unit)]
    for step in one.steps:
        cells += _step(metric, step)
    verdict = Cell("相符", tone="muted") if one.holds else Cell("不符", tone="worse", strong=True, title=_wrong(one))
    return Row(one.metric, [*cells, verdict])


def _step(metric: Metric, step: Step) -> tuple[Cell, Cell]:
    parts = Cell(_figure(metric, step.parts)) if step.measured else Cell("该级不统计", tone="muted")
    rest = _figure(metric, step.unspecified)
    return parts, Cell(rest, tone="neutral" if step.unspecified else "muted")


def _figure(metric: Metric, amount: int) -> str:
    divisor = metric.kind.divisor if isinstance(metric.kind, Count) else 1
    return exact(amount / divisor, metric)


def _wrong(one: Reconciled) -> str:
    return "、".join(code for step in one.steps for code in step.wrong)
