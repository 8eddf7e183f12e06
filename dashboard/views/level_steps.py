"""How many went above to each level, 市、省、国家, side by side; a bar under each figure is as long as the figure is large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.look import STATE_LABELS, STATE_REASONS, Change, number, parts
from dashboard.views.component import component, opened
from metrics.core.model import Metric

_COMPONENT = component("level_steps")
#: Fewer than so many expected: a change is likelier chance than anything else.
FEW = 5.0
FEW_WORDS = "发生数少"
FEW_REASON = "参照期平均不足 5，升降多为偶然，不宜据以判断"
Row = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One level. Each row an observation with value, numerator, denominator, state and its ``previous`` and ``year_ago``.

    ``code``: what a click gives back; ``share``: over-level among all visits to that level.
    """

    code: str
    name: str
    batches: Row
    persons: Row
    share: Row
    changes: Sequence[Change]
    selected: bool = False


def few(row: Row) -> bool:
    """Whether fewer than five were to be expected: by the mean of the compared periods, else by the figure itself.

    Never of a figure that is hidden or not measured.
    """
    if not _known(row):
        return False
    known: list[float] = [row[name] for name in ("previous", "year_ago") if row.get(name) is not None]
    known = known or [row["value"]]
    return sum(known) / len(known) < FEW


def payload(steps: Sequence[Step], batches: Metric, persons: Metric) -> dict[str, Any]:
    """What the browser is sent, the lowest level first."""
    most = max((step.batches["value"] for step in steps if _known(step.batches)), default=0.0)
    return {
        "steps": [_entry(step, batches, persons) | {"bar": _bar(step, most)} for step in steps],
        "label": alt(steps, batches, persons),
        "foot": f"{FEW_WORDS}：{FEW_REASON}。" if any(few(step.batches) for step in steps) else "",
        "empty": "本期没有可列出的层级。",
    }


def show(picture: dict[str, Any], *, key: str) -> str | None:
    """Draw the steps; the code of the level opened in this run (click or Enter), else None. Needs a Streamlit session."""
    result = _COMPONENT(key=key, data=picture, on_opened_change=lambda: None)
    return opened(result, {step["code"] for step in picture["steps"]})


def alt(steps: Sequence[Step], batches: Metric, persons: Metric) -> str:
    """The steps as one sentence."""
    said = [
        f"{step.name} {_figure(step.batches, batches)} {batches.unit}、{_figure(step.persons, persons)} {persons.unit}"
        if _known(step.batches) and _known(step.persons)
        else f"{step.name}{_state(step.batches)}"
        for step in steps
    ]
    return f"越级走访按接访层级：{'，'.join(said)}。"


def per_batch(batches: Row, persons: Row) -> str:
    """How many came together, on average; empty without a batch."""
    if not (_known(batches) and _known(persons)) or not batches["value"]:
        return ""
    return f"{persons['value'] / batches['value']:.1f}"


def _entry(step: Step, batches: Metric, persons: Metric) -> dict[str, Any]:
    known = _known(step.batches)
    size = per_batch(step.batches, step.persons)
    return {
        "code": step.code,
        "name": step.name,
        "value": _figure(step.batches, batches),
        "unit": batches.unit if known else "",
        "persons": f"{_figure(step.persons, persons)} {persons.unit}"
        if known
        else STATE_REASONS.get(step.batches["state"], ""),
        "size": f"每批 {size} 人" if size else "",
        "share": _share(step.share) if known else "",
        "changes": [asdict(item) for item in step.changes] if known else [],
        "few": FEW_WORDS if known and few(step.batches) else "",
        "reason": FEW_REASON,
        "selected": step.selected,
        "title": alt([step], batches, persons),
    }


def _bar(step: Step, most: float) -> float:
    return step.batches["value"] / most if _known(step.batches) and most else 0.0


def _share(row: Row) -> str:
    if not row["denominator"] or row["state"] not in ("ok", "small_n"):
        return ""
    return f"占该级来访 {parts(row['numerator'], row['denominator'])}"


def _known(row: Row) -> bool:
    return row["state"] in ("ok", "small_n") and row["value"] is not None


def _figure(row: Row, metric: Metric) -> str:
    return number(row["value"], metric) if _known(row) else _state(row)


def _state(row: Row) -> str:
    return STATE_LABELS.get(row["state"], STATE_LABELS["undefined"])
