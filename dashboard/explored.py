"""The answer to a free question as one table: a row for each place, bucket and break-down, the metrics side by side.

It is made once, kept for a few questions, and given out by pages: a browser never receives more than ``PAGE_ROWS`` rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from dashboard import answers, exploring
from dashboard.exploring import ExploreQuery
from data_access.regions import RegionTree
from data_access.snapshot import Snapshot
from metrics.core.compare import SMALL_BASE, Reference, reference_period
from metrics.core.evaluate import evaluate
from metrics.core.model import Metric
from metrics.core.period import Grain, bucket_start
from metrics.core.query import EVERYTHING, Query, Scope
from metrics.registry import metrics

PAGE_ROWS = 200
#: Places × buckets × metrics that one question may fill; more belongs into ``yanpan export``.
MOST_CELLS = 1_500_000
_KEPT = 6
FIGURES = ("value", "numerator", "denominator", "state")


@dataclass(frozen=True)
class Answer:
    """A question to a snapshot, which together say everything of its table. ``calendar``: of the span that the query's
    period belongs to; ``references``: the spans that totals are held against, as columns ``previous`` and ``other``."""

    snapshot: Snapshot
    query: Query
    calendar: Grain = Grain.total
    references: tuple[Reference, ...] = ()
    scope: Scope = EVERYTHING

    @property
    def places(self) -> bool:
        """Whether its rows are places below the region, and not the region itself."""
        return self.query.level != self.snapshot.regions.get(self.query.region).level


def refusal(query: Query, tree: RegionTree) -> str | None:
    """Why the question is too much for a screen, in Chinese; None where it is not."""
    places, buckets = len(tree.at_level(query.region, query.level)), len(query.period.buckets(query.grain))
    cells = places * buckets * len(query.metrics)
    if cells <= MOST_CELLS:
        return None
    return (
        f"这样要算 {cells:,} 格（{places:,} 个区划 × {buckets:,} 期 × {len(query.metrics)} 项指标），"
        f"超出屏幕上的上限 {MOST_CELLS:,} 格。请缩短期间、放粗粒度或层级、减少指标；确需全量，请用命令 yanpan export。"
    )


@lru_cache(maxsize=_KEPT)
def observations(snapshot: Snapshot, query: Query, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """As ``evaluate``, remembered for the last few questions only: an answer may have a million rows."""
    return evaluate(query, snapshot, answers.Recorded(snapshot, query.region), scope)


@lru_cache(maxsize=_KEPT)
def table(answer: Answer) -> pl.DataFrame:
    """period, region_code, the break-downs, and for each metric ``KEY.value``, ``.numerator``, ``.denominator``, ``.state``,
    with references also ``.previous`` and ``.other``. In the order of the export."""
    query = answer.query
    frame = observations(answer.snapshot, query, answer.scope)
    keys = ["period", "region_code", *query.by]
    parts = frame.partition_by("metric", as_dict=True, maintain_order=True, include_key=False)
    empty = frame.clear().drop("metric")
    named = {key: _named(parts.get((key,), empty), key) for key in query.metrics}
    first, *others = query.metrics
    wide = named[first]
    for key in others:
        # Without a break-down every metric fills the same grid, in the same order.
        wide = _joined(wide, named[key], keys) if query.by else wide.hstack(named[key].drop(keys))
    if query.by and others:
        wide = _completed(wide, query, answer.snapshot).sort(keys, nulls_last=False)
    return _held_against(wide, answer) if answer.references else wide


@lru_cache(maxsize=4 * _KEPT)
def ordered(answer: Answer, column: str, descending: bool, find: str) -> pl.Series:
    """The numbers of the table's rows that contain ``find``, sorted by the column's word (see ``exploring.sortable``)."""
    rows = table(answer).with_row_index("row")
    if find:
        rows = rows.filter(_containing(rows, answer, find))
    if column:
        rows = rows.select("row", last=_last(answer, column), by=_sort_key(answer, column))
        rows = rows.sort("last", "by", descending=[False, descending], nulls_last=True, maintain_order=True)
    return rows["row"]


def page(answer: Answer, asked: ExploreQuery) -> tuple[pl.DataFrame, int, int]:
    """The rows of the page asked for (the last one where there is none), how many there are, and the page's number."""
    rows = ordered(answer, *exploring.order_of(asked), asked.find)
    pages = max(1, -(-len(rows) // PAGE_ROWS))
    number = min(asked.page, pages)
    return table(answer)[rows.slice((number - 1) * PAGE_ROWS, PAGE_ROWS)], len(rows), number


def code_names(answer: Answer, dimension: str) -> dict[str | None, str]:
    """The names of the codes of the dimension that the table holds."""
    known = answers.names(answer.snapshot)
    return {code: known.of(dimension, code) for code in table(answer)[dimension].unique().to_list()}


@lru_cache(maxsize=_KEPT)
def told_apart(answer: Answer, key: str) -> pl.DataFrame:
    """One metric's observations with a column ``series`` that tells place and break-downs apart, in words."""
    frame, tree, query = table(answer), answer.snapshot.regions, answer.query
    names = []
    if answer.places or not query.by:
        names.append(_in_words("region_code", _place_names(tree, frame["region_code"].unique().to_list())))
    names += [_in_words(name, _distinct(code_names(answer, name))) for name in query.by]
    figures = [pl.col(f"{key}.{name}").alias(name) for name in FIGURES]
    return frame.select("period", "region_code", *query.by, *figures, series=pl.concat_str(names, separator=" · "))


@lru_cache(maxsize=_KEPT)
def lines(answer: Answer, key: str, most: int) -> tuple[pl.DataFrame, int]:
    """The so many series with the highest last figures, and how many are left out. With break-downs a bucket without the
    combination has its row too: a count is 0 there, a ratio undefined."""
    query, metric = answer.query, metrics()[key]
    frame = told_apart(answer, key)
    last = (
        frame.filter(pl.col("value").is_not_null())
        .sort("period", maintain_order=True)
        .group_by("series", maintain_order=True)
        .agg(pl.col("value").last(), pl.col("period").last())
        .sort("period", "value", "series", descending=[True, True, False])
    )
    kept = last["series"].head(most)
    chosen = frame.filter(pl.col("series").is_in(kept.to_list()))
    if query.by:
        periods = [bucket_start(bucket.start, query.grain) for bucket in query.period.buckets(query.grain)]
        grid = pl.DataFrame({"period": periods}, schema={"period": pl.Date}).join(kept.to_frame(), how="cross")
        nothing = _state_of_nothing(key, query, answer.snapshot)
        absent, nought = pl.col("state").is_null(), pl.lit(0.0 if metric.additive else None, pl.Float64)
        chosen = grid.join(chosen, on=["period", "series"], how="left", maintain_order="left").with_columns(
            value=pl.when(absent).then(nought).otherwise(pl.col("value")), state=pl.col("state").fill_null(nothing)
        )
    return chosen, last.height - len(kept)


def forget() -> None:
    """Let go of every table, as ``answers.forget`` does: a newer snapshot is in use."""
    for remembered in (observations, table, ordered, told_apart, lines):
        remembered.cache_clear()


# Making the table -----------------------------------------------------------------------------------------------------


def _named(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    return frame.rename({name: f"{key}.{name}" for name in FIGURES})


def _joined(one: pl.DataFrame, other: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return one.join(other, on=keys, how="full", nulls_equal=True, coalesce=True)


def _completed(wide: pl.DataFrame, query: Query, snapshot: Snapshot) -> pl.DataFrame:
    """What one metric leaves out beside another: nothing happened, so a count is 0 and a ratio undefined."""
    for key in query.metrics:
        metric = metrics()[key]
        absent = pl.col(f"{key}.state").is_null()
        nought = pl.lit(0.0) if metric.additive else pl.lit(None, pl.Float64)
        wide = wide.with_columns(
            pl.when(absent).then(nought).otherwise(pl.col(f"{key}.value")).alias(f"{key}.value"),
            pl.when(absent).then(pl.lit(0)).otherwise(pl.col(f"{key}.numerator")).alias(f"{key}.numerator"),
            pl.col(f"{key}.state").fill_null(_state_of_nothing(key, query, snapshot)),
        )
    return wide


def _state_of_nothing(key: str, query: Query, snapshot: Snapshot) -> str:
    metric = answers.Recorded(snapshot, query.region)[key]
    if not metric.measured_at(query.level, snapshot.regions.root.level):
        return "not_measured"
    return "ok" if metric.additive else "undefined"


def _held_against(wide: pl.DataFrame, answer: Answer) -> pl.DataFrame:
    """With the values of the other spans; unknown (null) before the data begins."""
    keys = ["region_code", *answer.query.by]
    for name, reference in zip(("previous", "other"), answer.references, strict=False):
        span = reference_period(answer.query.period, answer.calendar, reference)
        for key in answer.query.metrics:
            metric = metrics()[key]
            column = f"{key}.{name}"
            begun = answers.begins(answer.snapshot, metric)
            if span is None or begun is None or span.start < begun:
                wide = wide.with_columns(pl.lit(None, pl.Float64).alias(column))
                continue
            query = replace(answer.query, metrics=(key,), period=span)
            before = observations(answer.snapshot, query, answer.scope).select(*keys, pl.col("value").alias(column))
            wide = wide.join(before, on=keys, how="left", nulls_equal=True, maintain_order="left")
            if answer.query.by and metric.additive:
                # A combination that did not occur then is left out there: it was nothing, not unknown.
                wide = wide.with_columns(pl.col(column).fill_null(0.0))
    return wide


def _in_words(column: str, words: Mapping[str | None, str]) -> pl.Expr:
    return pl.col(column).replace_strict(list(words), list(words.values()), return_dtype=pl.String)


def _place_names(tree: RegionTree, codes: Sequence[str]) -> dict[str | None, str]:
    """The places' names; of several that bear one name each with the place above it."""
    times = Counter(tree.get(code).name for code in codes)
    found: dict[str | None, str] = {}
    for place in map(tree.get, codes):
        above = "" if times[place.name] == 1 or place.parent is None else f"{tree.get(place.parent).name} "
        found[place.code] = f"{above}{place.name}"
    return _distinct(found)


def _distinct(words: Mapping[str | None, str]) -> dict[str | None, str]:
    """No two codes may be called the same: the code stands behind such names."""
    times = Counter(words.values())
    return {code: word if times[word] == 1 else f"{word}（{code}）" for code, word in words.items()}


# Finding and sorting --------------------------------------------------------------------------------------------------


def _containing(frame: pl.DataFrame, answer: Answer, find: str) -> pl.Expr:
    """Whether a row contains every word, each in any of its places, days, kinds, or their codes."""
    found = pl.lit(True)
    for word in find.casefold().split():
        found &= pl.any_horizontal(
            pl.col(name).is_in(codes, nulls_equal=True) for name, codes in _matching(frame, answer, word).items()
        )
    return found


def _matching(frame: pl.DataFrame, answer: Answer, word: str) -> dict[str, pl.Series]:
    tree = answer.snapshot.regions
    matching = {}
    for column in ["period", "region_code", *answer.query.by]:
        codes = frame[column].unique()
        if column == "region_code":
            texts = [f"{code} {tree.get(code).name}" for code in codes]
        elif column == "period":
            texts = [
                f"{day:%Y-%m-%d %Y年}{day.month}月" if answer.query.grain is not Grain.total else "" for day in codes
            ]
        else:
            names = code_names(answer, column)
            texts = [f"{code or ''} {names[code]}" for code in codes]
        kept = pl.Series([word in text.casefold() for text in texts], dtype=pl.Boolean)
        matching[column] = codes.filter(kept)
    return matching


def _sort_key(answer: Answer, column: str) -> pl.Expr:
    if column == "region":
        return pl.col("region_code")
    if column in answer.query.by:
        listed = answers.codes(answer.snapshot, column)
        return pl.col(column).replace_strict(listed, range(len(listed)), default=len(listed), return_dtype=pl.Int64)
    key, _, held = column.partition(".")
    if held:
        return _change(metrics()[key], pl.col(f"{key}.value"), pl.col(f"{key}.{held}"))
    return pl.col(f"{key}.value") if key in answer.query.metrics else pl.col(column)


def _last(answer: Answer, column: str) -> pl.Expr:
    """Figures of too few cases are not ranked: they stand after the others."""
    return pl.col(f"{column}.state") != "ok" if column in answer.query.metrics else pl.lit(False)


def _change(metric: Metric, now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """What ``metrics.core.compare.difference`` says, as a number; a count on a base too small for a percentage has none."""
    if metric.percent or not metric.additive:
        return now - before
    return pl.when(before >= SMALL_BASE).then((now - before) / before)
