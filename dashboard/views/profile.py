"""One region's figures against its peers: a line per metric with the peers as ticks, the group dashed, the region as a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.look import STATE_LABELS, STATE_REASONS, Change, Tone, exact, number, parts, unit_of, with_unit
from dashboard.views.component import component, opened
from metrics.core.model import Metric, Score

_COMPONENT = component("profile")
Row = Mapping[str, Any]
_VERDICTS = {"better": "好于同类", "worse": "差于同类"}


@dataclass(frozen=True)
class Line:
    """One metric. ``rows``: the judged observations of the peers, the region among them; ``mean``: the group's own value;
    ``changes``: of the region."""

    metric: Metric
    rows: Sequence[Row]
    mean: float | None
    changes: tuple[Change, ...]


_PLACED = "；好于、差于按99.8%控制限判断，位次为区间；中性指标不分好坏。"
_WHOLE = "；本地的得分按合计件数同样计算，不是各单位得分的平均。"


def payload(lines: Sequence[Line], own: str, names: Mapping[str, str], *, selected: str, group: str) -> dict[str, Any]:
    """``own``: code of the region; ``names`` of all peers; ``selected``: the metric that the other pictures show."""
    entries = [_entry(line, own, names) for line in lines]
    placed = any(entry["place"] or entry["verdict"] for entry in entries)
    return {
        "lines": entries,
        "placed": placed,
        "selected": selected,
        "label": alt(lines, own, names, group),
        "group": group,
        "foot": f"细竖线为{group}各单位，虚线为其合计（得分为平均），圆点为本地"
        + (_PLACED if placed else _whole(lines, own)),
    }


def _whole(lines: Sequence[Line], own: str) -> str:
    """Said of a score that is held against its parts."""
    scored = any(isinstance(line.metric.kind, Score) and comparable(line, own) for line in lines)
    return _WHOLE if scored else "。"


def show(table: dict[str, Any], *, key: str) -> str | None:
    """Draw it; the key of the metric chosen in this run (click or Enter), else None."""
    result = _COMPONENT(key=key, data=table, on_opened_change=lambda: None)
    return opened(result, {line["key"] for line in table["lines"]})


def alt(lines: Sequence[Line], own: str, names: Mapping[str, str], group: str) -> str:
    """How many figures stand apart from the peers, and which."""
    apart = standing_apart(lines, own)
    said = [f"{_VERDICTS[verdict]} {len(found)} 项（{'、'.join(found)}）" for verdict, found in apart.items() if found]
    rest = "，".join(said) if said else "各项差异均不显著"
    return f"{names.get(own, own)}与{group}比，{len(lines)} 项指标：{rest}。"


def standing_apart(lines: Sequence[Line], own: str) -> dict[str, list[str]]:
    """The labels of the metrics that are better, and worse, than the peers by more than chance."""
    apart: dict[str, list[str]] = {"better": [], "worse": []}
    for line in lines:
        verdict = (_own(line, own) or {}).get("verdict")
        if verdict in apart:
            apart[str(verdict)].append(line.metric.label)
    return apart


def comparable(line: Line, own: str) -> bool:
    """Whether the region has a figure of the metric that may be held against others."""
    return _plain(_own(line, own))


def _own(line: Line, own: str) -> Row | None:
    return next((row for row in line.rows if row["region_code"] == own), None)


def _plain(row: Row | None) -> bool:
    return row is not None and row["state"] == "ok" and row["value"] is not None


def _entry(line: Line, own: str, names: Mapping[str, str]) -> dict[str, Any]:
    metric, row = line.metric, _own(line, own)
    values = [peer["value"] for peer in line.rows if _plain(peer)] + ([line.mean] if line.mean is not None else [])
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    room = (high - low) or abs(high) or 1.0

    def share(value: float | None) -> float | None:
        return None if value is None else round((value - low + 0.06 * room) / (1.12 * room), 4)

    peers = [
        {
            "at": share(peer["value"]),
            "title": f"{names.get(peer['region_code'], '')} {with_unit(peer['value'], metric)}",
        }
        for peer in line.rows
        if _plain(peer) and peer["region_code"] != own
    ]
    plain = _plain(row)
    tone: Tone = row["verdict"] if row is not None and plain and row.get("verdict") in _VERDICTS else "neutral"
    state = row["state"] if row is not None else "not_measured"
    return {
        "key": metric.key,
        "label": metric.label,
        "value": number(row["value"], metric) if row is not None and plain else STATE_LABELS.get(state, "未定义"),
        "unit": unit_of(metric) if plain else "",
        "title": _title(row, metric) if row is not None and plain else STATE_REASONS.get(state, ""),
        "plain": plain,
        "tone": tone,
        "at": share(row["value"]) if row is not None and plain else None,
        "mean": share(line.mean),
        "mean_title": f"{'平均' if isinstance(metric.kind, Score) else '合计'} {with_unit(line.mean, metric)}",
        "peers": peers,
        "place": _place(row) if row is not None and plain else "",
        "verdict": _verdict(row, tone),
        "changes": [asdict(change) for change in line.changes] if plain else [],
        "alt": f"{metric.label} {with_unit(row['value'], metric) if row is not None and plain else STATE_LABELS.get(state, '')}",
    }


def _verdict(row: Row | None, tone: Tone) -> str:
    """Nothing where nothing was judged: neutral metrics, scores, a region without peers."""
    judged = row is not None and row.get("band") is not None
    return _VERDICTS.get(tone, "差异不显著" if judged else "")


def _title(row: Row, metric: Metric) -> str:
    counted = parts(row["numerator"], row["denominator"])
    return f"{exact(row['value'], metric)} {unit_of(metric)}" + (f"，分子/分母 {counted}" if counted else "")


def _place(row: Row) -> str:
    low, high = row.get("rank_low"), row.get("rank_high")
    if low is None or high is None:
        return ""
    return f"{low}" if low == high else f"{low}–{high}"
