"""Everything about one region: its headline figures against its peers."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import answers, bar
from dashboard.address import Switch
from dashboard.page import Page
from dashboard.panels.frame import changes, panel, running
from dashboard.shell import headline
from dashboard.views import profile
from data_access.regions import LEVEL_LABELS, Region
from metrics.core.query import Query
from metrics.labels import PEER_GROUP_LABELS
from metrics.registry import metrics

#: With fewer of its own kind a region is held against all.
_FEWEST_PEERS = 3
AGAINST = Switch("against", "对照", {"group": "同类", "all": "全部"})


def finding(page: Page, keys: Sequence[str]) -> None:
    """The page's title: by how many of its figures the region stands apart from its peers."""
    lines, _, group = _lines(page, keys)
    level = LEVEL_LABELS[page.region.level]
    where = f"{level}，{PEER_GROUP_LABELS.get(page.region.peer_group, page.region.peer_group)}"
    people = f"，常住人口 {page.region.population:,} 人" if page.region.population else ""
    headline(page, _said(page, lines, group), f"{where}{people}。{bar.span_label(page)}{running(page)}。")


def _said(page: Page, lines: Sequence[profile.Line], group: str) -> str:
    if page.region.parent is None:
        spread = [line for line in lines if any(row.get("verdict") is not None for row in line.rows)]
        return f"{page.region.name} {len(lines)} 项指标，{len(spread)} 项有单位显著偏离全体"
    apart = profile.standing_apart(lines, page.region.code)
    words = {"better": "好于", "worse": "差于"}
    said = [f"{words[verdict]}同类 {len(found)} 项" for verdict, found in apart.items() if found]
    others = len(lines) - sum(map(len, apart.values()))
    doubtful = sum(not profile.comparable(line, page.region.code) for line in lines)
    if doubtful:
        said.append(f"{doubtful} 项样本不足或未定义")
    rest = f"其余 {others - doubtful} 项差异不显著" if said else "各项差异均不显著"
    return f"{page.region.name}与{group}比：{'，'.join([*said, rest])}"


def profile_panel(page: Page, keys: Sequence[str]) -> None:
    """A line per metric; a click on one shows it in map and trend."""
    lines, names, group = _lines(page, keys)
    with panel("profile", f"{page.region.name}与{group}", f"{bar.span_label(page)}；点一行，右边看它的地图和走势"):
        table = profile.payload(lines, page.region.code, names, selected=page.metric.key, group=group)
        chosen = profile.show(table, key="profile")
    if chosen is not None:
        page.measure(chosen)


def _lines(page: Page, keys: Sequence[str]) -> tuple[list[profile.Line], dict[str, str], str]:
    """The lines, the names of the peers, and what the peers are called."""
    peers, group = _peers(page)
    lines = [line for key in keys if (line := _line(page, key, peers)) is not None]
    return lines, {peer.code: peer.name for peer in (page.region, *peers)}, group


def _peers(page: Page) -> tuple[list[Region], str]:
    """The regions beside the selected one, of its own kind or all; under the root its parts, which it is made of."""
    region = page.region
    if region.parent is None:
        below = page.level_below(region)
        parts = [] if below is None else page.tree.at_level(region.code, below)
        return parts, f"各{LEVEL_LABELS[below].split('(')[0]}" if below is not None else "下级"
    level = LEVEL_LABELS[region.level].split("(")[0]
    everyone = page.tree.at_level(region.parent, region.level)
    alike = [peer for peer in everyone if peer.peer_group == region.peer_group]
    if page.switch(AGAINST) == "all" or len(alike) < _FEWEST_PEERS:
        return everyone, f"全部{level}"
    return alike, f"{PEER_GROUP_LABELS.get(region.peer_group, '同类')}{level}"


def _line(page: Page, key: str, peers: Sequence[Region]) -> profile.Line | None:
    metric, region = metrics()[key], page.region
    if not metric.measured_at(region.level, page.tree.root.level):
        return None
    level = region.level if region.parent is not None or not peers else peers[0].level
    query = Query((key,), region.parent or region.code, level, page.period)
    (asked,) = page.narrowed(query)
    members = frozenset(peer.code for peer in peers)
    frame = answers.league(page.snapshot, asked, page.grain, page.compare, members, page.scope)
    own = page.compared([key]).row(0, named=True)
    rows = frame.rows(named=True)
    if region.parent is None:
        rows = [own, *rows]
    centre = next((row["centre"] for row in rows if row.get("centre") is not None), None)
    return profile.Line(metric, rows, centre, changes(page, own, metric))
