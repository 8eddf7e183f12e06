"""Under which scheme the page assesses, how everyone stands under it, and what another scheme would say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from dashboard import answers
from dashboard.address import Switch
from dashboard.look import DASH, state_label
from dashboard.page import Page
from dashboard.panels.cards import SPARK_BUCKETS
from dashboard.panels.frame import panel
from dashboard.panels.league import Figures, Peers, peers_of
from dashboard.span import buckets_back
from dashboard.views import table
from data_access.regions import Region
from metrics.assessment import IN_FORCE, under
from metrics.core.compare import reference_period
from metrics.core.model import Metric
from metrics.core.period import GRAIN_LABELS, Grain, Period
from metrics.core.query import Query
from metrics.core.scheme import Scheme, scheme, scheme_in_force, schemes
from metrics.registry import metrics

#: The calendars that schemes are made for.
GRAINS = (Grain.month, Grain.quarter, Grain.year)
_EXAMPLE = "（示例）"


def scheme_switch() -> Switch:
    """Every scheme of config/assessment, the one in force first."""
    first = scheme_in_force().name
    names = [first, *(name for name in schemes() if name != first)]
    return Switch("scheme", "方案", {name: scheme(name).label for name in names}, picked=True)


def default_grain() -> Grain:
    """The calendar of the scheme in force."""
    return scheme_in_force().grain


def shown_metrics() -> tuple[str, ...]:
    """The score, and every rate that a scheme weighs: what the league can show."""
    parts = [part.metric for name in scheme_switch().choices for part in scheme(name).parts]
    return tuple(dict.fromkeys([IN_FORCE, *parts]))


@dataclass(frozen=True)
class Standing:
    """How the regions stand under a scheme. ``metric``: the score as it is said under it."""

    page: Page
    chosen: Scheme
    metric: Metric

    @cached_property
    def peers(self) -> Peers:
        """Who is held against whom."""
        return peers_of(self.page, self.metric)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Names of the members by code."""
        return {place.code: place.name for place in self.peers.members}

    @property
    def level(self) -> int:
        """The level that is assessed."""
        return self.page.compared_level_of(self.metric)

    @cached_property
    def before(self) -> Period | None:
        """The span that the period is held against."""
        return reference_period(self.page.period, self.page.grain, "previous")

    @cached_property
    def league(self) -> pl.DataFrame:
        """See ``answers.scheme_league``."""
        return self.league_under(self.chosen, self.page.period)

    @cached_property
    def ranked(self) -> list[dict[str, Any]]:
        """The rows of those that have a place, the highest score first."""
        known = self.league.filter(pl.col("state") == "ok", pl.col("rank_low").is_not_null())
        return known.sort("value", "region_code", descending=[True, False]).rows(named=True)

    @property
    def figures(self) -> Figures:
        """What the league is drawn from."""
        before = self.before
        places = None if before is None else self.league_under(self.chosen, before)
        known = self.league["previous"].is_not_null().any()
        focus = self.focus.code if self.focus else ""
        return Figures(self.metric, self.league, places if known else None, self._history(), focus)

    def league_under(self, other: Scheme, period: Period) -> pl.DataFrame:
        """The league of the same regions under any scheme, in any span of the page's calendar."""
        page, codes = self.page, self.peers.codes
        members = None if codes is None else frozenset(codes)
        return answers.scheme_league(
            page.snapshot, other, self._query(period), page.grain, page.compare, members, page.scope
        )

    def query_of(self, code: str, period: Period) -> Query:
        """The score of one region."""
        return Query((self.metric.key,), code, self.page.tree.get(code).level, period)

    def _query(self, period: Period) -> Query:
        return Query((self.metric.key,), self.page.compared_region_of(self.metric).code, self.level, period)

    def _history(self) -> pl.DataFrame:
        page = self.page
        span = buckets_back(page.period.last, page.trend_grain, SPARK_BUCKETS)
        begun = answers.scheme_begins(page.snapshot, self.chosen) or page.period.last
        asked = replace(self._query(span), grain=page.trend_grain)
        return answers.scored(page.snapshot, self.chosen, asked, page.scope).filter(pl.col("period") >= begun)

    @property
    def selected(self) -> Region | None:
        """The selected region of the assessed level, or the one that holds the selected place."""
        path = self.page.tree.path(self.page.region.code)
        return next((place for place in path if place.level == self.level), None)

    @cached_property
    def focus(self) -> Region | None:
        """The one region that waterfall, parts and ledger speak of; None where there is none at all."""
        if self.selected is not None or self._picked is None:
            return self.selected or next(iter(self.peers.members), None)
        return self.page.tree.get(self._picked[0])

    @property
    def why_focus(self) -> str:
        """Why that one is shown, where nobody has chosen it; empty where it is selected."""
        return "" if self.selected or self._picked is None else f"未选定，先看{self._picked[1]}的"

    @cached_property
    def _picked(self) -> tuple[str, str] | None:
        """The region to speak of while none is selected, and why: the lowest of those called lower, else the one that moved
        most, else the lowest."""
        if not self.ranked:
            return None
        lower = [row for row in self.ranked if row["verdict"] == "worse"]
        if lower:
            return lower[-1]["region_code"], "得分最低"
        moved = [row for row in self.ranked if row["previous"] is not None]
        if moved:
            most = max(moved, key=lambda row: abs(row["value"] - row["previous"]))
            return most["region_code"], "得分变化最大"
        return self.ranked[-1]["region_code"], "得分最低"


def standing(page: Page) -> Standing:
    """How the page's regions stand under its scheme."""
    chosen = scheme(page.switch(scheme_switch()))
    return Standing(page, chosen, under(metrics()[IN_FORCE], chosen))


def schemes_panel(found: Standing) -> None:
    """The rank ranges of everyone under every scheme side by side, and whether their conclusions agree."""
    page = found.page
    leagues = {name: found.league_under(scheme(name), page.period) for name in scheme_switch().choices}
    with panel("schemes", "换一种方案会怎样", f"同一时期，{len(leagues)} 套方案的位次区间"):
        opened = table.show(_comparison(found, leagues), key="schemes")
    if opened is not None:
        page.go(opened)


def _comparison(found: Standing, leagues: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    by_code = {name: {row["region_code"]: row for row in league.rows(named=True)} for name, league in leagues.items()}
    order = [row["region_code"] for row in found.ranked]
    order += [code for code in found.names if code not in order]
    selected = found.focus.code if found.focus else ""
    rows = [
        table.Row(
            code,
            [
                table.Cell(found.names[code]),
                *(_place(rows[code], name == found.chosen.name) for name, rows in by_code.items()),
            ],
            open=True,
            selected=code == selected,
        )
        for code in order
    ]
    heads = [table.Column(_head(scheme(name), found.page.grain), right=True, width="20%") for name in leagues]
    said = agreement({name: league.rows(named=True) for name, league in leagues.items()}, found.names)
    return table.payload(
        [table.Column(""), *heads],
        rows,
        label=f"各方案下的位次区间。{said}",
        empty="没有可比较的区划。",
        foot=f"{said}{_marks()}",
        dense=True,
    )


def _head(other: Scheme, grain: Grain) -> str:
    """The scheme's name, with its own calendar where that is not the page's."""
    name = other.label.removesuffix(_EXAMPLE)
    return name if other.grain is grain else f"{name}（按{GRAIN_LABELS[other.grain]}）"


def _place(row: Mapping[str, Any], strong: bool) -> table.Cell:
    """The rank range under one scheme; a veto that capped is said, one that only flags is a quiet mark."""
    if row["state"] != "ok" or row["rank_low"] is None:
        words = DASH if row["state"] == "ok" else state_label(row["state"])
        return table.Cell(words, "muted")
    low, high, flags = row["rank_low"], row["rank_high"], row["flags"]
    capped = row["ceiling"] < 100
    return table.Cell(
        f"{low}–{high}" if low != high else str(low),
        "worse" if capped else "neutral",
        unit="否决" if capped else ("提示" if flags else ""),
        title="；".join([f"得分 {row['value']:.1f}", *flags]),
        strong=strong,
    )


def agreement(leagues: Mapping[str, list[dict[str, Any]]], names: Mapping[str, str]) -> str:
    """Whether the schemes lead to the same conclusions, by the rank ranges: who is in the first or the last half of the
    places whatever the scheme."""
    if len(leagues) < 2:
        return "只有一套方案。"
    halves = {code: {_half(league, code) for league in leagues.values()} for code in names}
    last = [names[code] for code, found in halves.items() if found == {"last"}]
    first = [names[code] for code, found in halves.items() if found == {"first"}]
    against = [names[code] for code, found in halves.items() if {"first", "last"} <= found]
    agreed = [f"都靠后的有{_listed(last)}"] if last else []
    agreed += [f"都靠前的有{_listed(first)}"] if first else []
    said = (
        f"{len(leagues)} 套方案下{'，'.join(agreed)}" if agreed else f"没有区划在 {len(leagues)} 套方案下都靠前或都靠后"
    )
    turned = f"；{_listed(against)}换一套方案就由前半变后半，不宜只凭一套下结论" if against else ""
    others = len(names) - len(last) - len(first) - len(against)
    rest = f"；其余 {others} 个的次序随方案变化" if agreed and others else ""
    return f"{said}{turned}{rest}。"


def _half(league: list[dict[str, Any]], code: str) -> str:
    """``first`` or ``last`` where the whole rank range lies in that half of the places; else ``open``."""
    placed = {row["region_code"]: row for row in league if row["state"] == "ok" and row["rank_low"] is not None}
    row, middle = placed.get(code), (len(placed) + 1) / 2
    if row is None:
        return "open"
    return "first" if row["rank_high"] < middle else "last" if row["rank_low"] > middle else "open"


def _listed(names: list[str]) -> str:
    return "、".join(names[:3]) + (f"等 {len(names)} 个" if len(names) > 3 else "")


def _marks() -> str:
    """What is said of the schemes themselves."""
    examples = [other.label.removesuffix(_EXAMPLE) for other in map(scheme, scheme_switch().choices) if other.example]
    return f"{'、'.join(examples)}为示例方案。" if examples else ""
