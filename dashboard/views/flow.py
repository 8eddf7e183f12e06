"""A step flow: one cohort from step to step, each a box with its count, what is still open, and its rate with both figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dashboard.look import STATE_LABELS, STATE_REASONS, State, count, parts, signed_zero
from dashboard.views.component import component, opened

_COMPONENT = component("flow")
#: done 按期 or simply done, late done too late, overdue open and too late, open nobody can blame yet, rest what leaves the way.
SegmentKind = Literal["done", "late", "overdue", "open", "rest"]


@dataclass(frozen=True)
class Segment:
    """A part of a step's base, in the order in which it is drawn. ``label`` such as 未到期; without one it is not named."""

    kind: SegmentKind
    count: int
    label: str = ""


@dataclass(frozen=True)
class Rate:
    """A share in words: ``按期受理率 98.2%（1,627/1,656）``. ``state`` as of an observation of that ratio."""

    label: str
    numerator: int | None
    denominator: int | None
    state: State = "ok"

    @property
    def value(self) -> float | None:
        """The fraction; None where it may not or cannot be said."""
        if self.state not in ("ok", "small_n") or self.numerator is None or not self.denominator:
            return None
        return self.numerator / self.denominator


@dataclass(frozen=True)
class Step:
    """One step. ``count``: what has got there; ``base``: how many could, which is the whole length of the bar;
    ``base_label`` such as 应答复; ``of_first``: its share of the first step. A ``state`` other than ok hides all figures.
    ``open``: a click on it is told by its ``key``."""

    key: str
    label: str
    count: int | None
    base: int | None = None
    base_label: str = ""
    of_first: Rate | None = None
    segments: Sequence[Segment] = ()
    rates: Sequence[Rate] = ()
    state: State = "ok"
    open: bool = False
    title: str = ""


def rate(label: str, numerator: int, denominator: int, minimum: int = 0) -> Rate:
    """The rate in the state that its denominator allows; ``minimum``: below it 样本不足."""
    state: State = "undefined" if denominator == 0 else "small_n" if denominator < minimum else "ok"
    return Rate(label, numerator, denominator, state)


def payload(steps: Sequence[Step], *, unit: str = "件", empty: str = "", foot: str = "") -> dict[str, Any]:
    """What the browser is sent. ``empty``: why there is no flow and what to do, shown when no step has a count;
    ``foot``: said under the boxes."""
    shown = any(step.count for step in steps) or any(step.state != "ok" for step in steps)
    return {
        "steps": [_entry(step, unit) for step in steps] if shown else [],
        "label": alt(steps, unit) if shown else empty,
        "empty": empty,
        "foot": foot,
    }


def show(drawn: dict[str, Any], *, key: str) -> str | None:
    """Draw the flow; the key of the step that was clicked in this run, else None. Needs a Streamlit session."""
    result = _COMPONENT(key=key, data=drawn, on_opened_change=lambda: None)
    return opened(result, {step["key"] for step in drawn["steps"] if step["open"]})


def alt(steps: Sequence[Step], unit: str = "件") -> str:
    """The flow as one sentence."""
    return "；".join(_said(step, unit) for step in steps) + "。"


def percent(value: float | None) -> str:
    """A fraction as the screen writes it."""
    return "—" if value is None else f"{signed_zero(100 * value, 1)}%"


def _said(step: Step, unit: str) -> str:
    if step.state != "ok" or step.count is None:
        return f"{step.label}{STATE_LABELS.get(step.state, STATE_LABELS['undefined'])}"
    rates = [*([step.of_first] if step.of_first else []), *step.rates]
    said = [f"{step.label} {count(step.count)} {unit}", *map(_rate_words, rates)]
    said += [f"{part.label} {count(part.count)} {unit}" for part in step.segments if part.label and part.count]
    return "，".join(said)


def _rate_words(item: Rate) -> str:
    if item.value is None:
        return f"{item.label}{STATE_LABELS.get(item.state, STATE_LABELS['undefined'])}"
    doubt = f"，{STATE_LABELS['small_n']}" if item.state == "small_n" else ""
    return f"{item.label} {percent(item.value)}（{parts(item.numerator, item.denominator)}{doubt}）"


def _entry(step: Step, unit: str) -> dict[str, Any]:
    hidden = step.state != "ok" or step.count is None
    state = step.state if step.state != "ok" else "undefined"
    return {
        "key": step.key,
        "label": step.label,
        "value": STATE_LABELS[state] if hidden else count(step.count),
        "unit": "" if hidden else unit,
        "note": STATE_REASONS[state] if hidden else "",
        "base": "" if hidden or step.base is None or not step.base_label else f"{step.base_label} {count(step.base)}",
        "of_first": None if hidden or step.of_first is None else _rate_entry(step.of_first),
        "rates": [] if hidden else [_rate_entry(item) for item in step.rates],
        "segments": [] if hidden else _segments(step),
        "open": step.open,
        "hidden": hidden,
        "title": step.title,
        "alt": _said(step, unit),
    }


def _rate_entry(item: Rate) -> dict[str, Any]:
    known = item.value is not None
    return {
        "label": item.label,
        "value": percent(item.value) if known else STATE_LABELS.get(item.state, STATE_LABELS["undefined"]),
        "parts": parts(item.numerator, item.denominator) if known else "",
        "doubt": STATE_LABELS["small_n"] if item.state == "small_n" else "",
        "known": known,
        "title": STATE_REASONS.get(item.state, ""),
    }


def _segments(step: Step) -> list[dict[str, Any]]:
    whole = step.base or sum(part.count for part in step.segments)
    return [
        {
            "tone": part.kind,
            "label": part.label,
            "share": round(part.count / whole, 5),
            "text": f"{count(part.count)}",
            "percent": percent(part.count / whole),
        }
        for part in step.segments
        if part.count > 0 and whole
    ]
