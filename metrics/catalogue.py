"""The catalogue as text, from the declarations alone: what `yanpan metrics` prints and docs/metrics.md holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_access.regions import LEVEL_LABELS
from data_access.settings import thresholds
from metrics.core.model import POLARITY_LABELS, Count, Metric, Population, Ratio, Score, Stock, Total, WorkedExample
from metrics.core.scheme import scheme
from metrics.registry import families

DOCUMENT_HEAD = """# 指标口径

由 `metrics/` 里的声明生成（`yanpan metrics --markdown > docs/metrics.md`），请勿手改；过时则测试不通过。

比率在导出里是 0–1 的小数，在屏幕上是百分数；分母为 0 时未定义，不是 0。两个日期都计入。
"""


def overview() -> Iterator[str]:
    """One line per metric, by family."""
    for family, members in families().items():
        yield f"{family}"
        for metric in members:
            yield f"  {metric.key:<32}{metric.label}（{metric.unit}，{POLARITY_LABELS[metric.polarity]}）"


def described(metric: Metric) -> Iterator[str]:
    """Everything that a reader must know of one metric, line by line."""
    yield f"{metric.key}  {metric.label}"
    for name, text in facts_of(metric).items():
        yield f"  {name}：{text}"
    if metric.example is not None:
        yield "  算例："
        for line in _example_lines(metric.example):
            yield f"    {line}"


def markdown() -> str:
    """The whole catalogue as one Markdown document."""
    lines = [DOCUMENT_HEAD]
    for family, members in families().items():
        lines += [f"## {family}", ""]
        for metric in members:
            lines += _section(metric)
    return "\n".join(lines).rstrip() + "\n"


def matching(sought: str) -> Mapping[str, tuple[Metric, ...]]:
    """The families with the metrics in whose key, name, family, unit or definition every word of ``sought`` occurs.

    Words are parted by spaces; upper and lower case are one. Families without a match are left out; nothing sought: all.
    """
    words = sought.casefold().split()
    found = {
        family: tuple(metric for metric in members if all(word in _text_of(family, metric) for word in words))
        for family, members in families().items()
    }
    return {family: members for family, members in found.items() if members}


def _text_of(family: str, metric: Metric) -> str:
    return " ".join((metric.key, metric.label, family, metric.unit, metric.definition)).casefold()


def facts_of(metric: Metric) -> Mapping[str, str]:
    """What the declaration says, by its Chinese name, in reading order."""
    return {
        "口径": metric.definition,
        "算法": formula(metric),
        "单位": metric.unit,
        "方向": POLARITY_LABELS[metric.polarity],
        "最小样本": _least(metric),
        "为何看": metric.why,
        "注意": metric.caution,
        "来源": metric.source,
        "维度": "、".join(metric.dimensions) or "无",
        "最细层级": "只有根区划" if metric.root_only else LEVEL_LABELS[metric.finest_level],
        "版本": f"v{metric.version}，{metric.since} 起，{metric.owner}",
    }


def _least(metric: Metric) -> str:
    """From how many cases on a figure may be judged."""
    if isinstance(metric.kind, Score):
        return f"分母不足 {scheme(metric.kind.scheme).minimum_n} 的分项不计分，权重由其余分项分担"
    if isinstance(metric.kind, Ratio) and not isinstance(metric.kind.denominator, Population):
        return f"分母不足 {thresholds().minimum_denominator} 的标为样本不足，不排名"
    return "无"


def formula(metric: Metric) -> str:
    """How the figure is computed, in words a reader can check."""
    kind = metric.kind
    if isinstance(kind, Score):
        return f"按考核方案 {kind.scheme}（config/assessment/{kind.scheme}.toml）计分，0–100"
    if isinstance(kind, Count):
        return _total(kind.total) + (f" ÷ {kind.divisor}" if kind.divisor != 1 else "")
    if isinstance(kind, Stock):
        return _part(kind)
    over = "常住人口" if isinstance(kind.denominator, Population) else " + ".join(map(_part, kind.denominator))
    scale = f" × {kind.scale}" if kind.scale != 1 else ""
    return f"（{' + '.join(map(_part, kind.numerator))}）÷（{over}）{scale}"


def _part(part: Total | Stock) -> str:
    if isinstance(part, Total):
        return _total(part)
    left = "" if part.left is None else f" − 累计离开 {_total(part.left)}"
    return f"期末累计进入 {_total(part.entered)}{left}"


def _total(total: Total) -> str:
    where = f"，条件 {total.condition}" if total.condition else ""
    return f"Σ {total.fact.name}.{total.measure}{where}"


def _section(metric: Metric) -> list[str]:
    lines = [f"### {metric.label} `{metric.key}`", ""]
    lines += [f"- {name}：{text}" for name, text in facts_of(metric).items()]
    if metric.example is not None:
        lines += ["", "```text", *_example_lines(metric.example), "```"]
    return [*lines, ""]


def _example_lines(example: WorkedExample) -> Iterator[str]:
    for table, rows in example.tables.items():
        yield f"rpt.{table}"
        yield from (line for line in rows.strip().splitlines())
    value = "未定义" if example.value is None else f"{example.value:.6g}"
    parts = [
        f"{name} {figure}"
        for name, figure in (("分子", example.numerator), ("分母", example.denominator))
        if figure is not None
    ]
    yield f"{example.first} 至 {example.last}：{'，'.join([*parts, f'值 {value}'])}"
