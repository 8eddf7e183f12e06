"""What needs action now, by place: overdue first, then what falls due within three and seven days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.look import STATE_LABELS, count
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel
from dashboard.panels.quality_cells import count_cell
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from data_access.regions import LEVEL_LABELS
from metrics.core.query import Query
from metrics.registry import metrics

KEYS = ("overdue_petitions", "reply_due_in_3_days", "reply_due_in_7_days", "open_petitions")
_OVERDUE, _IN_3, _IN_7, _OPEN = KEYS
#: Of more places than the first number only the second is listed, the rest summed up.
MOST_ROWS, LISTED_ROWS = 10, 7
REST, TOTAL = "rest", "total"


@dataclass(frozen=True)
class Place:
    """One place or sum of places; ``counts`` by metric key, None where it may not be said."""

    code: str
    name: str
    counts: Mapping[str, int | None]
    open: bool = True

    def __getitem__(self, key: str) -> int | None:
        return self.counts[key]


def due_panel(page: Page) -> None:
    """Overdue and due soon of the compared places at the period's last day; a click on a row opens the place."""
    metric = metrics()[_OVERDUE]
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    query = Query(KEYS, region.code, level, page.period)
    names = {place.code: place.name for place in page.tree.at_level(region.code, level)}
    found = _places(page, query, names)
    whole = _places(page, Query(KEYS, region.code, region.level, page.period), {region.code: region.name})[0]
    rows = listed(found, whole)
    label = LEVEL_LABELS[level].split("(")[0]
    with panel("due", f"{region.name}{finding(found, whole)}", narrowed(page, metric).lstrip("，"), metric):
        drawn = table.payload(
            _columns(label),
            [_row(place, found, page.region.code) for place in rows],
            label=f"{region.name}{finding(found, whole)}。{'；'.join(said(place) for place in rows)}。",
            empty="没有可列出的区划。",
            foot=f"{page.period.last:%m-%d} 当日；三日、七日为其后几日内到期的。",
        )
        opened = table.show(drawn, key="due")
    if opened is not None:
        page.go(opened)


def listed(places: Sequence[Place], whole: Place) -> list[Place]:
    """The places in the order of action, those beyond the first few summed up, what is coded above them, and the sum of all."""
    ordered = sorted(places, key=lambda place: (-(place[_OVERDUE] or 0), -(place[_IN_7] or 0), place.code))
    shown = ordered if len(ordered) <= MOST_ROWS else ordered[:LISTED_ROWS]
    rows = list(shown)
    if len(shown) < len(ordered):
        rest = ordered[len(shown) :]
        rows.append(Place(REST, f"其余 {len(rest)} 个", _summed(rest), open=False))
    unplaced = {key: _minus(whole[key], _summed(places)[key]) for key in KEYS}
    if len(places) > 1 and any(unplaced.values()):
        rows.append(Place(REST, "未细分", unplaced, open=False))
    return [*rows, Place(TOTAL, "合计", whole.counts, open=False)] if len(places) > 1 else rows


def finding(places: Sequence[Place], whole: Place) -> str:
    """Who has most of what is overdue."""
    total = whole[_OVERDUE]
    if total is None or not places:
        return "到期与超期"
    if total == 0:
        soon = whole[_IN_7]
        return f"没有超期未答复{f'，七日内到期 {count(soon)} 件' if soon else ''}"
    first = max(places, key=lambda place: (place[_OVERDUE] or 0, place.code))
    most = first[_OVERDUE] or 0
    alone = len(places) == 1 or most == 0
    return f"超期 {count(total)} 件" + ("" if alone else f"，{first.name} {count(most)} 件最多")


def said(place: Place) -> str:
    """The row as a screen reader says it."""
    return f"{place.name}超期 {count(place[_OVERDUE])}，七日内到期 {count(place[_IN_7])}，在办 {count(place[_OPEN])}"


def _places(page: Page, query: Query, names: Mapping[str, str]) -> list[Place]:
    found: dict[str, dict[str, int | None]] = {code: dict.fromkeys(KEYS) for code in names}
    for code, key, number, state in page.ask(query).select("region_code", "metric", "numerator", "state").iter_rows():
        found[code][key] = number if state == "ok" else None
    return [Place(code, names[code], counts) for code, counts in found.items()]


def _summed(places: Sequence[Place]) -> dict[str, int | None]:
    sums: dict[str, int | None] = {}
    for key in KEYS:
        numbers = [place[key] for place in places]
        sums[key] = None if None in numbers else sum(number for number in numbers if number is not None)
    return sums


def _minus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other


def _columns(label: str) -> list[Column]:
    return [
        Column(label),
        Column("超期", right=True),
        Column("", width="26%"),
        Column("三日", right=True),
        Column("七日", right=True),
        Column("在办", right=True),
    ]


def _row(place: Place, places: Sequence[Place], selected: str) -> Row:
    most = max((other[_OVERDUE] or 0 for other in places), default=0)
    overdue = place[_OVERDUE]
    share = overdue / most if overdue and most and place.open else None
    hidden = STATE_LABELS["suppressed"] if overdue is None else ""
    cells = [
        Cell(place.name, strong=place.code == TOTAL),
        count_cell(overdue, strong=True, title=hidden),
        Cell("", "worse", bar=share),
        count_cell(place[_IN_3]),
        count_cell(place[_IN_7]),
        count_cell(place[_OPEN]),
    ]
    return Row(place.code, cells, place.open, place.code == selected, not place.open, said(place))
