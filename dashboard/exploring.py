"""What a page that asks freely asks for besides region, period, comparison and filters: read from the address, checked.

The words are ``metric`` (once for each), ``level``, ``grain``, ``by`` (once for each), ``changes``, ``show``, ``sort``, ``find`` and
``page``. What is unknown or does not fit the metrics is passed over with a quiet note, as in ``dashboard/address.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dashboard.address import Where, quoted
from dashboard.span import Span
from data_access.regions import COUNTY, LEVEL_KEYS, LEVEL_LABELS, TOWNSHIP, Region, RegionTree
from metrics.core.model import Metric
from metrics.core.period import DAY, GRAIN_LABELS, Grain, Period
from metrics.core.query import Query
from metrics.labels import DIMENSION_LABELS

Words = tuple[tuple[str, tuple[str, ...]], ...]
Parameters = Mapping[str, Sequence[str]]
MOST_METRICS, MOST_BY, MOST_LETTERS = 8, 3, 40
#: How the answer is laid out: the address word and its name. Without a word a map where there can be one, else a picture.
SHOWN: Mapping[str, str] = {"chart": "表和图", "map": "表和地图", "table": "只看表", "picture": "只看图"}
#: The address words that belong to such a page alone.
OWN_WORDS = ("metric", "level", "grain", "by", "changes", "show", "sort", "find", "page")
_KEY_OF_LEVEL = {level: key for key, level in LEVEL_KEYS.items()}
_MOST_PAGES = 1_000_000


@dataclass(frozen=True)
class ExploreQuery:
    """``level`` None: the level below the region at which all metrics are measured. ``changes``: with the columns 环比 and
    of the second comparison, where ``grain`` is total. ``sort``: a column's word, ``-`` before it for the greatest first,
    empty for the order of the export. ``find``: letters that a row must contain. ``page``: from 1."""

    metrics: tuple[str, ...]
    level: int | None = None
    grain: Grain = Grain.total
    by: tuple[str, ...] = ()
    changes: bool = False
    show: str = ""
    sort: str = ""
    find: str = ""
    page: int = 1

    def words(self, default: ExploreQuery) -> Words:
        """The address words; what equals the default is left out."""
        found: dict[str, tuple[str, ...]] = {
            "metric": self.metrics,
            "level": () if self.level is None else (_KEY_OF_LEVEL[self.level],),
            "grain": (self.grain.value,),
            "by": self.by,
            "changes": ("on",) if self.changes else (),
            "show": (self.show,) if self.show else (),
            "sort": (self.sort,) if self.sort else (),
            "find": (self.find,) if self.find else (),
            "page": (str(self.page),),
        }
        left_out = {"metric": default.metrics, "grain": (default.grain.value,), "page": ("1",)}
        return tuple((name, values) for name, values in found.items() if values and left_out.get(name) != values)

    def asking(self, **changes: Any) -> ExploreQuery:
        """With these fields instead, on the first page."""
        return replace(self, **({"page": 1} | changes))

    def toggled_metric(self, key: str, known: Mapping[str, Metric]) -> ExploreQuery:
        """With the metric, or without it where it stands; the last one stays. Break-downs that do not fit are let go."""
        others = tuple(name for name in self.metrics if name != key)
        chosen = others if key in self.metrics else (*self.metrics, key)[:MOST_METRICS]
        chosen = chosen or self.metrics
        fitting = common_dimensions([known[name] for name in chosen])
        by = tuple(name for name in self.by if name in fitting)
        return self.asking(metrics=chosen, by=by, sort="" if _column(self.sort) == key else self.sort)

    def toggled_by(self, dimension: str) -> ExploreQuery:
        """With the break-down, or without it where it stands."""
        others = tuple(name for name in self.by if name != dimension)
        by = others if dimension in self.by else (*self.by, dimension)[:MOST_BY]
        return self.asking(by=by, sort="" if _column(self.sort) == dimension else self.sort)


def read(
    parameters: Parameters, default: ExploreQuery, known: Mapping[str, Metric], tree: RegionTree, region: Region
) -> tuple[ExploreQuery, list[str]]:
    """What the parameters ask for, and Chinese notes on what was passed over."""
    notes: list[str] = []
    last = {name: values[-1] for name, values in parameters.items() if values}
    keys = _metrics(parameters.get("metric", ()), default, known, notes)
    chosen = [known[key] for key in keys]
    by = _by(parameters.get("by", ()), chosen, notes)
    grain = _one_of(last.get("grain"), [grain.value for grain in Grain], default.grain.value, "粒度", notes)
    found = ExploreQuery(
        keys,
        _level(last.get("level"), chosen, tree, region, notes),
        Grain(grain),
        by,
        _one_of(last.get("changes"), ["on", "off"], "off", "对比列", notes) == "on",
        _one_of(last.get("show"), list(SHOWN), default.show, "呈现方式", notes),
        find="".join(letter for letter in last.get("find", "") if letter.isprintable())[:MOST_LETTERS].strip(),
    )
    page = last.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    sort = last.get("sort", "")
    if sort and _column(sort) not in sortable(found):
        notes.append(f"没有可排序的列 {quoted(sort)}，已忽略")
        sort = ""
    return replace(found, sort=sort, page=min(max(number, 1), _MOST_PAGES)), notes


def sortable(query: ExploreQuery) -> list[str]:
    """The words of the columns by which the answer may be sorted."""
    held_against = [f"{key}.{other}" for key in query.metrics for other in ("previous", "other")]
    compared = held_against if query.changes and query.grain is Grain.total else []
    time = [] if query.grain is Grain.total else ["period"]
    return [*time, "region", *query.by, *query.metrics, *compared]


def order_of(query: ExploreQuery) -> tuple[str, bool]:
    """The column by which the answer is sorted and whether the greatest stands first; an empty word for the export's order.

    By default the places or kinds of a total stand by their first figure, a series by its days.
    """
    word = query.sort or (f"-{query.metrics[0]}" if query.grain is Grain.total else "")
    return _column(word), word.startswith("-")


# What fits the metrics ------------------------------------------------------------------------------------------------


def common_dimensions(chosen: Sequence[Metric]) -> tuple[str, ...]:
    """The dimensions that all the metrics know, in the order of the first."""
    return tuple(name for name in chosen[0].dimensions if all(name in metric.dimensions for metric in chosen))


def missing_dimensions(chosen: Sequence[Metric]) -> dict[str, list[Metric]]:
    """The dimensions that only some of the metrics know, with the metrics that do not."""
    every = dict.fromkeys(name for metric in chosen for name in metric.dimensions)
    lacking = {name: [metric for metric in chosen if name not in metric.dimensions] for name in every}
    return {name: without for name, without in lacking.items() if without}


def levels(chosen: Sequence[Metric], tree: RegionTree, region: Region) -> list[int]:
    """The levels of the region and below at which all the metrics are measured, the coarsest first."""
    return [level for level in tree.levels_below(region.code) if not unmeasured(chosen, level, tree)]


def unmeasured(chosen: Sequence[Metric], level: int, tree: RegionTree) -> list[Metric]:
    """The metrics that are not measured at the level."""
    return [metric for metric in chosen if not metric.measured_at(level, tree.root.level)]


def level_shown(query: ExploreQuery, known: Mapping[str, Metric], tree: RegionTree, region: Region) -> int:
    """The level that the answer lists: as asked, else the next one below that is measured, else the region's own."""
    if query.level is not None:
        return query.level
    offered = levels([known[key] for key in query.metrics], tree, region)
    return max((level for level in offered if TOWNSHIP <= level < region.level), default=region.level)


def question(
    query: ExploreQuery, known: Mapping[str, Metric], tree: RegionTree, region: Region, period: Period, where: Where
) -> Query:
    """What is asked of the facts. Of the filters only those that all the metrics can follow: one table, one selection."""
    fitting = common_dimensions([known[key] for key in query.metrics])
    held = tuple(pair for pair in where if pair[0] in fitting)
    return Query(
        query.metrics, region.code, level_shown(query, known, tree, region), period, query.grain, query.by, held
    )


def map_refusal(query: Query, region: Region) -> str:
    """Why the answer cannot be a map, and what to do; empty where it can."""
    if query.grain is not Grain.total:
        return "地图只画一个时段：请把粒度改为合计。"
    if query.by:
        return "地图不能分类：请去掉细分，或用筛选只留一类。"
    if query.level not in (COUNTY, TOWNSHIP) or query.level == region.level:
        return "地图要按县市区或乡镇列出：请在层级里选其一。"
    return ""


def layout_of(asked: ExploreQuery, query: Query, region: Region) -> str:
    """How the answer is laid out, a key of SHOWN."""
    return asked.show or ("chart" if map_refusal(query, region) else "map")


# Ready questions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ready:
    """A question that is often asked. ``span``: its days, of the last day that figures speak of; ``level`` None: the
    region's own. ``query`` leaves the level open."""

    label: str
    query: ExploreQuery
    span: Callable[[date], Span]
    level: int | None = None


def last_days(days: int) -> Callable[[date], Span]:
    """The span of so many days up to the last one."""
    return lambda last: Span.over(Period.inclusive(last - (days - 1) * DAY, last))


def this(grain: Grain) -> Callable[[date], Span]:
    """The running bucket of the calendar."""
    return lambda last: Span.holding(last, grain)


def last_year(last: date) -> Span:
    """The whole year before."""
    return Span.holding(date(last.year - 1, 1, 1), Grain.year)


def _three_years(last: date) -> Span:
    return Span.over(Period.inclusive(date(last.year - 2, 1, 1), last))


#: Quick choices of a free range, by their name.
RANGES: Mapping[str, Callable[[date], Span]] = {
    "近7日": last_days(7),
    "近28日": last_days(28),
    "近90日": last_days(90),
    "本年": this(Grain.year),
    "上年": last_year,
}
READY = (
    Ready(
        "上年各乡镇越级走访",
        ExploreQuery(("over_level_batches", "over_level_persons"), changes=True),
        last_year,
        TOWNSHIP,
    ),
    Ready(
        "本季各县区按期答复率",
        ExploreQuery(("reply_on_time_rate",), changes=True),
        this(Grain.quarter),
        COUNTY,
    ),
    Ready(
        "本年各渠道调解成功率",
        ExploreQuery(("mediation_success_rate", "mediation_concluded"), by=("channel",), changes=True),
        this(Grain.year),
    ),
    Ready("近90日每日信访量", ExploreQuery(("petition_volume",), grain=Grain.day), last_days(90)),
    Ready("近三年各月信访量", ExploreQuery(("petition_volume",), grain=Grain.month), _three_years),
    Ready("本年信访内容分类", ExploreQuery(("petition_volume",), by=("category",), changes=True), this(Grain.year)),
    Ready(
        "各县区积案化解率",
        ExploreQuery(("backlog_clear_rate", "backlog_open"), changes=True),
        this(Grain.month),
        COUNTY,
    ),
    Ready(
        "本年各单位督办销号",
        ExploreQuery(("orders_issued", "orders_closed", "orders_on_time_rate"), by=("organ_code",)),
        this(Grain.year),
    ),
)


def ready_for(known: Mapping[str, Metric], tree: RegionTree, region: Region) -> Iterator[tuple[Ready, ExploreQuery]]:
    """The ready questions that can be asked of the region, each with its level."""
    for ready in READY:
        level = region.level if ready.level is None else ready.level
        if level in levels([known[key] for key in ready.query.metrics], tree, region):
            yield ready, replace(ready.query, level=level)


# Reading ----------------------------------------------------------------------------------------------------------------


def _metrics(
    asked: Sequence[str], default: ExploreQuery, known: Mapping[str, Metric], notes: list[str]
) -> tuple[str, ...]:
    wanted = list(dict.fromkeys(asked))
    if strange := [key for key in wanted if key not in known]:
        notes.append(f"没有指标 {quoted(strange[0])}，已忽略")
    found = [key for key in wanted if key in known]
    if len(found) > MOST_METRICS:
        notes.append(f"最多同时看 {MOST_METRICS} 项指标，其余已忽略")
    return tuple(found[:MOST_METRICS]) or default.metrics


def _by(asked: Sequence[str], chosen: Sequence[Metric], notes: list[str]) -> tuple[str, ...]:
    fitting = common_dimensions(chosen)
    wanted = list(dict.fromkeys(asked))
    for name in wanted:
        if name not in fitting:
            words = (
                f"不是所选指标都有的细分：{DIMENSION_LABELS[name]}"
                if name in DIMENSION_LABELS
                else f"没有细分 {quoted(name)}"
            )
            notes.append(f"{words}，已忽略")
            break
    found = [name for name in wanted if name in fitting]
    if len(found) > MOST_BY:
        notes.append(f"最多细分 {MOST_BY} 层，其余已忽略")
    return tuple(found[:MOST_BY])


def _level(
    word: str | None, chosen: Sequence[Metric], tree: RegionTree, region: Region, notes: list[str]
) -> int | None:
    if word is None:
        return None
    level = LEVEL_KEYS.get(word)
    if level is None:
        notes.append(f"没有层级 {quoted(word)}，已改为默认层级")
        return None
    label = LEVEL_LABELS[level]
    if level not in tree.levels_below(region.code):
        notes.append(f"{region.name}不能按{label}列出，已改为默认层级")
        return None
    if without := unmeasured(chosen, level, tree):
        notes.append(f"{without[0].label}在{label}一级不统计，已改为默认层级")
        return None
    return level


def _one_of(word: str | None, allowed: Sequence[str], default: str, what: str, notes: list[str]) -> str:
    if word is None or word in allowed:
        return default if word is None else word
    notes.append(f"没有{what} {quoted(word)}，已改为默认")
    return default


def _column(sort: str) -> str:
    return sort.removeprefix("-")


def grain_labels() -> dict[Grain, str]:
    """The grains as a picker offers them, total first."""
    return {grain: GRAIN_LABELS[grain] for grain in (Grain.total, *[each for each in Grain if each is not Grain.total])}
