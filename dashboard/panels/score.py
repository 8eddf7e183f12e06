"""What the assessment finds, and how one region's score comes about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from dashboard import answers, bar
from dashboard.look import count, exact, number, parts, signed_zero, state_label, state_reason, unit_of, with_unit
from dashboard.panels import trial
from dashboard.panels.frame import panel, running
from dashboard.panels.scheme import Standing
from dashboard.shell import headline
from dashboard.views import table
from data_access.regions import LEVEL_LABELS
from metrics.core.period import GRAIN_LABELS
from metrics.core.scheme import NegativeItem, Scheme, scheme_in_force
from metrics.registry import metrics

_MOST_NAMED = 3
_HEADS = ("分项", "权重", "本期", "分子/分母", "达成度", "得分")
#: The columns that only a weighted part fills.
_OF_PARTS = ("权重", "分子/分母", "达成度")


def finding(found: Standing) -> None:
    """The page's title: who stands apart under the scheme, as far as the intervals say it."""
    headline(found.page, conclusion(found), detail(found))


def conclusion(found: Standing) -> str:
    """Who stands apart from the mean, by the verdicts and never by the order alone."""
    label = LEVEL_LABELS[found.level]
    group = found.peers.words or f"各{label}"
    if not found.ranked:
        return f"{group}的样本都不足，本期不打分"
    if not found.chosen.parts:
        return _by_decision(found, label)
    lower, higher = (
        [found.names[row["region_code"]] for row in rows if row["verdict"] == verdict]
        for rows, verdict in ((found.ranked[::-1], "worse"), (found.ranked, "better"))
    )
    if not lower and not higher:
        return f"{len(found.ranked)} 个{label}得分与{group}平均的差异都不显著"
    said = [f"{_named(names)}{words}" for names, words in ((lower, "低于"), (higher, "高于")) if names]
    others = len(found.ranked) - len(lower) - len(higher)
    rest = f"，其余 {others} 个差异不显著" if others else ""
    first, *more = said
    return f"{first}{group}平均" + "".join(f"，{words}平均" for words in more) + rest


def detail(found: Standing) -> str:
    """Quietly: of when, how it is made and read, and what must be said of the scheme."""
    page, chosen = found.page, found.chosen
    said = [
        f"{bar.span_label(page)}{running(page)}",
        *_at_township(found),
        f"{chosen.label}方案 v{chosen.version}，{chosen.since} 起",
    ]
    if chosen.parts:
        said.append("点为得分，横条为 90% 区间，虚线为平均")
    without = [found.names[row["region_code"]] for row in found.league.rows(named=True) if row["state"] != "ok"]
    said += [f"{_named(without)}{state_label('small_n')}，不排名"] if without else []
    if page.grain is not chosen.grain:
        said.append(f"本方案按{GRAIN_LABELS[chosen.grain]}考核，此处按所选期间合算")
    if chosen.example:
        said.append("示例方案，权重未经本地确定，不得据以考核")
    in_force = scheme_in_force()
    if chosen.name != in_force.name:
        said.append(f"现行为{in_force.label}方案，导出按现行")
    return " · ".join(said + ([chosen.caution] if chosen.caution else []))


def _at_township(found: Standing) -> list[str]:
    page = found.page
    inside = found.focus is not None and page.region.level < found.level
    return [f"考核到县区为止，{page.region.name}看{found.focus.name}"] if inside and found.focus else []


def whole_words(found: Standing) -> str:
    """Why the score of the whole is not the mean of its parts, with the score; empty where it has none."""
    page, chosen = found.page, found.chosen
    whole = page.compared_region_of(found.metric)
    query = found.query_of(whole.code, page.period)
    cell = answers.scored(page.snapshot, chosen, query, page.scope).row(0, named=True)
    if not chosen.parts or cell["state"] != "ok" or whole.level == found.level:
        return ""
    label = LEVEL_LABELS[found.level]
    said = f"{whole.name} {cell['value']:.1f} 分按合计件数计，不是各{label}得分的平均：件数多的分量大"
    own = answers.score_parts(page.snapshot, chosen, query, page.scope)
    theirs = answers.score_parts(page.snapshot, chosen, replace(query, level=found.level), page.scope)
    pooled = counted_only_together(own, theirs)
    return f"{said}；{label}件数不足、不计的{_named(pooled)}，合计后计入。" if pooled else f"{said}。"


def counted_only_together(whole: pl.DataFrame, members: pl.DataFrame) -> list[str]:
    """The parts that count for the whole but for not a single one of its members: ``score_parts`` of both."""
    alone = set(members.filter("counted")["part"])
    return [part for part in whole.filter("counted")["part"] if part not in alone]


def _by_decision(found: Standing, label: str) -> str:
    """Of a scheme that only takes points off: a decision is no sample, so nothing is significant."""
    lowest = found.ranked[-1]["value"]
    names = [found.names[row["region_code"]] for row in found.ranked if row["value"] == lowest]
    if lowest == found.ranked[0]["value"]:
        return f"{len(found.ranked)} 个{label}得分相同，均为 {lowest:.1f} 分"
    return f"{_named(names)}扣分最多，得 {lowest:.1f} 分；扣分是研判决定，没有抽样误差"


def _named(names: list[str]) -> str:
    return "、".join(names[:_MOST_NAMED]) + (f"等 {len(names)} 个" if len(names) > _MOST_NAMED else "")


# How one score comes about --------------------------------------------------------------------------------------------


def score_panel(found: Standing) -> None:
    """Each part of the focused region's score with its weight, figure and worth; a click on a part shows its league."""
    if found.focus is None:
        return
    chosen = found.chosen
    mark = "（示例）" if chosen.example and "示例" not in chosen.label else ""
    with panel(
        "score",
        f"{found.focus.name}：怎么算的",
        f"{chosen.label}方案{mark}",
        found.metric,
        controls=lambda: trial.trial_popover(found),
    ):
        opened = table.show(_score_table(found), key="score")
    if opened is not None:
        found.page.show(replace(found.page.selection, metric=opened))


def _score_table(found: Standing) -> dict[str, Any]:
    page, focus, chosen = found.page, found.focus, found.chosen
    assert focus is not None
    query = found.query_of(focus.code, page.period)
    explained = answers.score_parts(page.snapshot, chosen, query, page.scope)
    cell = answers.scored(page.snapshot, chosen, query, page.scope).row(0, named=True)
    off = answers.score_deductions(page.snapshot, chosen, query, page.scope)
    rows = [_part_row(row, page.metric.key, page.spec.metrics) for row in explained.iter_rows(named=True)]
    rows += [_base_row(chosen)] if chosen.base is not None else []
    rows += list(_deduction_rows(chosen, cell, off))
    columns = [index for index in range(len(_HEADS)) if chosen.parts or _HEADS[index] not in _OF_PARTS]
    shown = [replace(row, cells=[row.cells[index] for index in columns]) for row in [*rows, _total_row(cell)]]
    return table.payload(
        [table.Column(_HEADS[index], right=index > 0) for index in columns],
        shown,
        label=f"{focus.name}得分的构成，共 {len(rows)} 项",
        empty="本期没有可计分的项目。",
        foot=_foot(chosen, cell, explained),
        dense=True,
    )


def _part_row(row: Mapping[str, Any], shown: str, offered: tuple[str, ...]) -> table.Row:
    """A part that has too few cases is named and stands without points."""
    counted, metric = row["counted"], metrics()[row["metric"]]
    cells = [
        table.Cell(row["part"], title=metric.label),
        table.Cell(f"{row['weight']:.2f}".removeprefix("0"), "muted"),
        _figure(row),
        table.Cell(parts(row["numerator"], row["denominator"]), "muted"),
        table.Cell(
            f"{100 * row['worth']:.0f}%" if counted else state_label("small_n"), "neutral" if counted else "muted"
        ),
        table.Cell(f"{row['contribution']:.1f}" if counted else "不计"),
    ]
    return table.Row(
        row["metric"], cells, open=row["metric"] in offered, selected=row["metric"] == shown, quiet=not counted
    )


def _figure(row: Mapping[str, Any]) -> table.Cell:
    """The part's own rate, and beside it how many took part where that scales it."""
    metric = metrics()[row["metric"]]
    if row["value"] is None or not row["denominator"]:
        return table.Cell(state_label("undefined"), "muted", title=state_reason("undefined"))
    if row["participation"] is None:
        return table.Cell(number(row["value"], metric), unit=unit_of(metric))
    own = row["numerator"] / row["denominator"]
    taking_part = exact(row["participation"], metrics()["evaluation_rate"])
    return table.Cell(
        f"{number(own, metric)}%×{taking_part}",
        unit="%",
        title=f"{metric.label} {with_unit(own, metric)}，参评率 {taking_part}%；折算后 {with_unit(row['value'], metric)}",
    )


def _base_row(chosen: Scheme) -> table.Row:
    return _plain_row("起始分", "", f"{chosen.base:.1f}")


def _deduction_rows(chosen: Scheme, cell: Mapping[str, Any], off: pl.DataFrame) -> Iterator[table.Row]:
    """What comes off: the ledger where the scheme takes it, and each line of the negative list."""
    if chosen.ledger.deducted and cell["deducted"] is not None:
        yield _plain_row("台账扣分", f"已定 {signed_zero(cell['points'], 2)} 分", signed_zero(-cell["deducted"], 1))
    lines = {row["label"]: row for row in off.iter_rows(named=True)}
    for item in chosen.negative:
        row = lines.get(item.label)
        if row is not None:
            yield _negative_row(item, row)
    if cell["ceiling"] < 100:
        yield _plain_row("一票否决", "；".join(cell["flags"]), f"封顶 {cell['ceiling']:g}")


def _negative_row(item: NegativeItem, row: Mapping[str, Any]) -> table.Row:
    happened = None if row["count"] is None else round(row["count"])
    rule = f"每件 −{item.points:g}，至多 {item.cap:g}"
    return _plain_row(item.label, f"{count(happened)} 件", signed_zero(-(row["off"] or 0.0), 1), rule)


def _plain_row(label: str, figure: str, points: str, rule: str = "") -> table.Row:
    cells = [
        table.Cell(label, title=label),
        table.Cell("", "muted"),
        table.Cell(figure, title=rule),
        table.Cell("", "muted"),
        table.Cell("", "muted"),
        table.Cell(points),
    ]
    return table.Row(label, cells)


def _total_row(cell: Mapping[str, Any]) -> table.Row:
    known = cell["state"] == "ok" and cell["value"] is not None
    value = f"{cell['value']:.1f}" if known else state_label(cell["state"] if cell["state"] != "ok" else "small_n")
    blanks = [table.Cell("") for _ in range(4)]
    return table.Row("total", [table.Cell("得分", strong=True), *blanks, table.Cell(value, strong=True)])


def _foot(chosen: Scheme, cell: Mapping[str, Any], explained: pl.DataFrame) -> str:
    said = ["得分 = 100×权重×达成度÷计分项权重之和"] if chosen.parts else []
    if not explained["counted"].all():
        said.append(f"不足 {chosen.minimum_n} 件的不计，权重由其余项分担")
    if not chosen.ledger.deducted and cell["points"] is not None:
        said.append(f"台账已定扣分 {signed_zero(cell['points'], 2)}，本方案不减，另列")
    if cell["flags"] and cell["ceiling"] == 100:
        said.append(f"提示：{'、'.join(cell['flags'])}")
    if chosen.caution is None:
        said.append("不计信访总量与越级走访数")
    return "；".join(said) + "。"
