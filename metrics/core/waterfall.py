"""What moved a score since the period before, step by step, adding up exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace

import polars as pl

from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.core.scheme import Scheme
from metrics.core.scoring import Evaluate, figures_of, negative_points, score_cells, score_parts

_SCHEMA = {
    "region_code": pl.String,
    "step": pl.Int64,
    "kind": pl.String,
    "label": pl.String,
    "metric": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "change": pl.Float64,
}


def waterfall(chosen: Scheme, query: Query, before: Period, evaluate: Evaluate) -> pl.DataFrame:
    """From the score of ``before`` to that of ``query.period``, each taken as one span; ``query.grain`` is not read.

    One row per step and region that has a score in both, sorted by region_code and step (0, 1, …). kind ``start``: the score
    before; ``part``: what the part's own figure moved; ``weights``: what it moved that parts came in, dropped out or shared
    out their weight; ``ledger`` (where it is deducted) and ``negative``: points off; ``bounds``: what 0, 100 and vetoes took
    or gave back; ``end``: the score now. Columns: region_code, step, kind, label, metric (null where there is none), before,
    after (the step's points in the two scores, negative for what comes off; null for ``weights``), change (null for
    ``start`` and ``end``): all changes add up to the score now minus the score before.

    A part stands with 100·ω·g points: ω its weight over the weights that count (0 where it has too few cases), g its worth.
    Where it counts in both periods its own change is taken at the mean weight, 100·ω̄·Δg. The rest, and all of a part that
    counts in one period only, is ``weights``. So the order of parts does not matter, and none is praised because another
    one is missing.
    """
    old, new = (_accounts(chosen, query, span, evaluate) for span in (before, query.period))
    rows = [
        (code, number, *astuple(step))
        for code in sorted(old.keys() & new.keys())
        for number, step in enumerate(_steps(chosen, old[code], new[code]))
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


@dataclass(frozen=True)
class _Step:
    kind: str
    label: str
    metric: str | None
    before: float | None
    after: float | None
    change: float | None


@dataclass(frozen=True)
class _Part:
    """A part that counts: its effective weight and its worth, both 0–1."""

    weight: float
    worth: float


@dataclass(frozen=True)
class _Account:
    """What the score of one region is made of. ``parts``: by label, those that count; ``negative``: points off by label."""

    value: float
    weighted: float
    deducted: float
    parts: Mapping[str, _Part]
    negative: Mapping[str, float]

    @property
    def bounds(self) -> float:
        """What 0, 100 and vetoes did to the score."""
        return self.value - (self.weighted - self.deducted - sum(self.negative.values()))

    def points(self, label: str) -> float:
        """The points of a part in the score."""
        part = self.parts.get(label)
        return 100 * part.weight * part.worth if part else 0.0


def _accounts(chosen: Scheme, query: Query, span: Period, evaluate: Evaluate) -> dict[str, _Account]:
    """By region, those that have a score."""
    figures = figures_of(chosen, replace(query, period=span, grain=Grain.total), evaluate)
    parts: dict[str, dict[str, tuple[float, float]]] = {}
    for row in score_parts(chosen, figures).filter(pl.col("counted")).iter_rows(named=True):
        parts.setdefault(row["region_code"], {})[row["part"]] = (row["weight"], row["worth"])
    negative: dict[str, dict[str, float]] = {}
    for row in negative_points(chosen, figures).iter_rows(named=True):
        negative.setdefault(row["region_code"], {})[row["label"]] = row["off"] or 0.0
    scored = score_cells(chosen, figures).filter(pl.col("value").is_not_null())
    return {
        row["region_code"]: _Account(
            row["value"],
            row["weighted"],
            row["deducted"],
            _effective(parts.get(row["region_code"], {})),
            negative.get(row["region_code"], {}),
        )
        for row in scored.iter_rows(named=True)
    }


def _effective(parts: Mapping[str, tuple[float, float]]) -> dict[str, _Part]:
    whole = sum(weight for weight, _ in parts.values())
    return {label: _Part(weight / whole, worth) for label, (weight, worth) in parts.items()}


def _steps(chosen: Scheme, old: _Account, new: _Account) -> Iterator[_Step]:
    yield _Step("start", "上期得分", None, old.value, old.value, None)
    parts = [_part_step(part.label, part.metric, old, new) for part in chosen.parts]
    yield from parts
    if parts:
        own = sum(step.change or 0.0 for step in parts)
        yield _Step("weights", "计分项增减与权重分摊", None, None, None, new.weighted - old.weighted - own)
    if chosen.ledger.deducted:
        yield _moved("ledger", "台账扣分", None, -old.deducted, -new.deducted)
    for item in chosen.negative:
        off = (-account.negative.get(item.label, 0.0) for account in (old, new))
        yield _moved("negative", item.label, item.metric, *off)
    yield _moved("bounds", "封顶、封底与否决", None, old.bounds, new.bounds)
    yield _Step("end", "本期得分", None, new.value, new.value, None)


def _part_step(label: str, metric: str, old: _Account, new: _Account) -> _Step:
    one, other = old.parts.get(label), new.parts.get(label)
    own = 0.0
    if one and other:
        own = 100 * (one.weight + other.weight) / 2 * (other.worth - one.worth)
    return _Step("part", label, metric, old.points(label), new.points(label), own)


def _moved(kind: str, label: str, metric: str | None, before: float, after: float) -> _Step:
    return _Step(kind, label, metric, before, after, after - before)
