"""An opened page: the snapshot, what is selected, and the questions that its panels ask.

The address bar holds what is selected; every step is one change of the address, which the browser keeps in its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import groupby

import polars as pl
import streamlit as st

from dashboard import answers, explored, exploring, routes, steps
from dashboard.address import Selection, Switch, Where
from dashboard.exploring import ExploreQuery
from dashboard.export import FORMATS, LAYOUTS, Format, Layout
from dashboard.span import PICKABLE, Span, buckets_back
from dashboard.views.screen import Screen
from data_access.regions import TOWNSHIP, Region, RegionTree
from data_access.snapshot import Snapshot
from metrics.core.compare import Reference
from metrics.core.model import Metric
from metrics.core.period import Grain, Period
from metrics.core.query import EVERYTHING, FilterValue, Query, Scope
from metrics.labels import PEER_GROUP_LABELS, Names
from metrics.registry import metrics

#: How many buckets a trend shows, by the grain of the page's period.
TREND_BUCKETS = {Grain.day: 63, Grain.week: 53, Grain.month: 25, Grain.quarter: 13, Grain.year: 6}

PEERS = Switch("peers", "同类", {"all": "全部", **PEER_GROUP_LABELS}, shared=True)
MAP = Switch("map", "地图", {"flat": "平面", "columns": "立柱"}, shared=True)
#: What every page with map and league lets be switched.
SHARED_SWITCHES = (PEERS, MAP)


@dataclass(frozen=True)
class PageSpec:
    """What a page is about.

    ``path``: its address; ``metrics``: the choices for map, trend and league, the first is the default; ``grain``: the
    default period's calendar; ``since_meeting``: its default period is instead all days since the last meeting day;
    ``switches``: its own, besides those that all pages share; ``grains``: the calendars that its picker offers. ``free``: it
    asks freely, see ``dashboard/exploring.py``: ``metrics`` are what it begins with, all others may be chosen, and map and
    league are its own.
    """

    path: str
    metrics: tuple[str, ...]
    grain: Grain
    since_meeting: bool = False
    switches: tuple[Switch, ...] = field(default=())
    grains: tuple[Grain, ...] = tuple(PICKABLE)
    free: bool = False

    @property
    def all_switches(self) -> tuple[Switch, ...]:
        """The common switches and the page's own."""
        return self.switches if self.free else (*SHARED_SWITCHES, *self.switches)


@dataclass(frozen=True)
class Page:
    """An opened page.

    ``visit`` counts the changes of view in this session. A picture keeps what was clicked on it; by the visit a click that
    has been followed is told from a new one, also after Back and on the same place.
    """

    title: str
    spec: PageSpec
    snapshot: Snapshot
    selection: Selection
    default: Selection
    screen: Screen
    visit: int
    scope: Scope = EVERYTHING
    #: What a page that asks freely asks for; None on every other page.
    asked: ExploreQuery | None = None

    # What is selected -------------------------------------------------------------------------------------------------

    @property
    def tree(self) -> RegionTree:
        """The region tree of the snapshot."""
        return self.snapshot.regions

    @property
    def region(self) -> Region:
        """The selected region."""
        return self.tree.get(self.selection.region)

    @property
    def business_date(self) -> date:
        """The last day that figures may speak of."""
        return self.snapshot.provenance.business_date

    @property
    def metric(self) -> Metric:
        """The metric of map, trend and league."""
        return metrics()[self.selection.metric]

    @property
    def grain(self) -> Grain:
        """The calendar of the selected period."""
        return self.selection.span.grain

    @property
    def trend_grain(self) -> Grain:
        """How the trend is cut: as the period's calendar; a free range by day."""
        return Grain.day if self.grain is Grain.total else self.grain

    @cached_property
    def period(self) -> Period:
        """The selected days up to the business date."""
        shown = self.selection.span.until(self.business_date)
        return shown if shown is not None else Period.inclusive(self.business_date, self.business_date)

    @property
    def unfinished(self) -> bool:
        """Whether the selected period is still running."""
        return self.period.stop < self.selection.span.whole.stop

    @property
    def compare(self) -> Reference:
        """The second comparison, beside 环比."""
        return self.selection.compare

    def switch(self, switch: Switch) -> str:
        """The value of one of the page's switches."""
        return dict(self.selection.switches).get(switch.name, switch.default)

    @cached_property
    def names(self) -> Names:
        """Chinese names of codes."""
        return answers.names(self.snapshot)

    # The filters ------------------------------------------------------------------------------------------------------

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions by which the page may be filtered: those of its metric, or of all metrics that it asks freely."""
        return self.metric.dimensions if self.asked is None else exploring.common_dimensions(self.chosen)

    @property
    def chosen(self) -> tuple[Metric, ...]:
        """The metrics of the page's table: the one of map and league, or those that it asks freely."""
        if self.asked is None:
            return (self.metric,)
        return tuple(self.recorded[key] for key in self.asked.metrics)

    @property
    def recorded(self) -> Mapping[str, Metric]:
        """The metrics as they are measured in the selected region."""
        return answers.Recorded(self.snapshot, self.region.code)

    def where(self, metric: Metric) -> Where:
        """The chosen filters as far as the metric knows their dimensions."""
        return tuple(pair for pair in self.selection.where if pair[0] in metric.dimensions)

    def unfiltered(self, metric: Metric) -> tuple[str, ...]:
        """The dimensions of chosen filters that this metric cannot follow; a panel that shows it says so."""
        return tuple(name for name, _ in self.selection.where if name not in metric.dimensions)

    # Which places stand side by side ----------------------------------------------------------------------------------

    @cached_property
    def compared_region(self) -> Region:
        """The region whose parts map and league show: the selected one, or above it where it has no parts to show."""
        return self.compared_region_of(self.metric)

    @cached_property
    def compared_level(self) -> int:
        """The level that map and league show."""
        return self.compared_level_of(self.metric)

    def compared_region_of(self, metric: Metric) -> Region:
        """As ``compared_region``, for another metric of the page."""
        region = self.region
        while region.parent is not None and self._measured_below(region, metric) is None:
            region = self.tree.get(region.parent)
        return region

    def compared_level_of(self, metric: Metric) -> int:
        """As ``compared_level``, for another metric of the page."""
        region = self.compared_region_of(metric)
        level = self._measured_below(region, metric)
        return region.level if level is None else level

    def level_below(self, region: Region) -> int | None:
        """The coarsest level below the region that a page can step to; None for a township."""
        below = [level for level in self.tree.levels_below(region.code) if TOWNSHIP <= level < region.level]
        return max(below, default=None)

    def _measured_below(self, region: Region, metric: Metric) -> int | None:
        """The level below, unless the metric is not measured there: such a level is not offered."""
        level = self.level_below(region)
        measured = level is not None and self.measured(metric, region.code, level)
        return level if measured else None

    def measured(self, metric: Metric, code: str, level: int) -> bool:
        """Whether the figure of the region's parts at that level, or of itself, is known: no zero where it is not."""
        known = metric.measured_at(level, self.tree.root.level)
        return known and not answers.recorded_above(self.snapshot, metric.key, code, level, self.business_date)

    # Questions --------------------------------------------------------------------------------------------------------

    def observations(self, query: Query) -> pl.DataFrame:
        """As ``evaluate``, in the viewer's scope."""
        return answers.observations(self.snapshot, query, self.scope)

    def ask(self, query: Query) -> pl.DataFrame:
        """Observations of the query's metrics, each narrowed by the chosen filters that it knows; see ``measured``."""
        return self._as_measured(query, pl.concat(self.observations(part) for part in self.narrowed(query)))

    def narrowed(self, query: Query) -> Iterator[Query]:
        """The query in parts of metrics that follow the same chosen filters, its own ``where`` kept."""
        own = {name for name, _ in query.where}

        def chosen(key: str) -> Where:
            return tuple(pair for pair in self.where(metrics()[key]) if pair[0] not in own)

        for where, keys in groupby(query.metrics, chosen):
            yield Query(
                tuple(keys),
                query.region,
                query.level,
                query.period,
                query.grain,
                query.by,
                (*query.where, *where),
            )

    def compared(
        self, keys: Sequence[str], period: Period | None = None, by: tuple[str, ...] = (), where: Where = ()
    ) -> pl.DataFrame:
        """The selected region's own figures with columns ``previous`` and ``other`` (the second comparison).

        Another period than the page's is a free range.
        """
        query = Query(tuple(keys), self.region.code, self.region.level, period or self.period, by=by, where=where)
        return self._compared(query, self.grain if period is None else Span.over(period).grain)

    def parts(self, key: str, peers: Iterable[str] | None = None, period: Period | None = None) -> pl.DataFrame:
        """The figures of the compared level, by region code: ``previous``, ``other`` and what may fairly be said.

        ``peers``: the regions that are held against each other, by default all; ``period``: another span of the page's
        calendar.
        """
        metric, period = metrics()[key], period or self.period
        query = Query((key,), self.compared_region_of(metric).code, self.compared_level_of(metric), period)
        (asked,) = self.narrowed(query)
        chosen = None if peers is None else frozenset(peers)
        return answers.league(self.snapshot, asked, self.grain, self.compare, chosen, self.scope)

    def whole(self, key: str) -> pl.DataFrame:
        """The figure of the compared region itself, what the parts add up to, as ``compared``."""
        region = self.compared_region_of(metrics()[key])
        return self._compared(Query((key,), region.code, region.level, self.period), self.grain)

    def series(
        self, keys: Sequence[str], code: str, level: int, buckets: int, grain: Grain | None = None
    ) -> pl.DataFrame:
        """Observations by bucket up to the period's last day; each metric from where its data begins."""
        grain = grain or self.trend_grain
        frame = self.ask(Query(tuple(keys), code, level, buckets_back(self.period.last, grain, buckets), grain))
        begun = {key: answers.begins(self.snapshot, metrics()[key]) or self.period.last for key in keys}
        first = pl.col("metric").replace_strict(begun, return_dtype=pl.Date)
        return frame.filter(pl.col("period") >= first)

    def signals(self, query: Query) -> pl.DataFrame | None:
        """Bands and verdicts of the query's days or weeks, narrowed by the filters; see ``answers.signals``."""
        judged = [answers.signals(self.snapshot, part, self.scope) for part in self.narrowed(query)]
        known = [frame for frame in judged if frame is not None]
        return pl.concat(known) if known else None

    def _compared(self, query: Query, grain: Grain) -> pl.DataFrame:
        references: tuple[Reference, ...] = ("previous", self.compare)
        frames = [answers.compared(self.snapshot, part, grain, references, self.scope) for part in self.narrowed(query)]
        return self._as_measured(query, pl.concat(frames).rename({self.compare: "other"}))

    def _as_measured(self, query: Query, frame: pl.DataFrame) -> pl.DataFrame:
        """Without a value where the source does not tell the region's cases apart."""
        unknown = [key for key in query.metrics if not self.measured(metrics()[key], query.region, query.level)]
        if not unknown:
            return frame
        ours = pl.col("metric").is_in(unknown)
        return frame.with_columns(
            value=pl.when(~ours).then("value"), state=pl.when(ours).then(pl.lit("not_measured")).otherwise("state")
        )

    # Steps: each is one change of the address, and one step back in the browser ---------------------------------------

    def show(self, selection: Selection) -> None:
        """Show that instead, if it is something else. Ends the run."""
        if selection != self.selection:
            steps.write(selection, self.default)
            st.rerun()

    def go(self, code: str) -> None:
        """Narrow or widen the page to another region."""
        if code in self.tree:
            self.show(self.selection.in_region(code))

    def asking(self, query: ExploreQuery) -> Selection:
        """The selection of a page that asks freely, with another question."""
        return replace(self.selection, metric=query.metrics[0], own=query.words(ExploreQuery((self.default.metric,))))

    def at(self, span: Span) -> None:
        """Show another period."""
        self.show(replace(self.selection, span=span))

    def measure(self, key: str) -> None:
        """Show another of the page's metrics in map, trend and league."""
        if key in self.spec.metrics:
            self.show(replace(self.selection, metric=key))

    def narrow(self, *filters: tuple[str, FilterValue]) -> None:
        """Narrow by one code of each dimension."""
        selection = self.selection
        for dimension, code in filters:
            selection = selection.filtered(dimension, (code,))
        self.show(selection)

    # The table that leaves the page -----------------------------------------------------------------------------------

    @cached_property
    def exported(self) -> Query:
        """What the export asks for: the table behind map and league, or that of a page that asks freely."""
        if self.asked is not None:
            return exploring.question(
                self.asked, self.recorded, self.tree, self.region, self.period, self.selection.where
            )
        key, metric = self.metric.key, self.metric
        return Query((key,), self.compared_region.code, self.compared_level, self.period, where=self.where(metric))

    @cached_property
    def exported_below(self) -> Query | None:
        """The same table one level deeper, of counties the townships; None where there is none, or with a filter: so few
        cases of a township are not taken apart."""
        below = [level for level in self.tree.levels_below(self.exported.region) if level < self.exported.level]
        level = max((level for level in below if level >= TOWNSHIP), default=None)
        if level is None or self.asked is not None or self.selection.where:
            return None
        return replace(self.exported, level=level) if self.measured(self.metric, self.exported.region, level) else None

    @cached_property
    def export_rows(self) -> int | None:
        """How many rows the export has; None where that is too much to be counted on the way."""
        query = self.exported
        if not query.by:
            places, buckets = len(self.tree.at_level(query.region, query.level)), query.period.buckets(query.grain)
            return places * len(buckets) * len(query.metrics)
        if explored.refusal(query, self.tree) is not None:
            return None
        return explored.observations(self.snapshot, query, self.scope).height

    def export_link(self, kind: Format = FORMATS[0], layout: Layout = LAYOUTS[0], query: Query | None = None) -> str:
        """The address of the page's table, or of another one, as a file."""
        return routes.address_of(query or self.exported, kind, layout, self.selection.snapshot)
