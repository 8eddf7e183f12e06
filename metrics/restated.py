"""What a newer snapshot says differently of days that were already over: late entries, changed dates, withdrawn rows."""

from __future__ import annotations

from datetime import date

import polars as pl

#: The columns of the sums that are compared: which fact, on which day, coded where, how much.
SUMS = {"fact": pl.String, "day": pl.Date, "region_code": pl.String, "items": pl.Int64}
RESTATED = {
    "fact": pl.String,
    "region_code": pl.String,
    "month": pl.Date,
    "before": pl.Int64,
    "after": pl.Int64,
    "added": pl.Int64,
    "removed": pl.Int64,
}


def restated(before: pl.DataFrame, after: pl.DataFrame, closed: date, places: pl.DataFrame) -> pl.DataFrame:
    """The months of days up to ``closed`` of which ``after`` says something else than ``before``.

    Both have the columns of SUMS, one or more rows per day and code. ``places``: region_code → ancestor, under whose code
    a row is told; what has none is told under null (coded nowhere in the tree). Returned, the greatest change first:
    columns of RESTATED. ``before`` and ``after`` are the whole months' sums; ``added`` and ``removed`` (≥ 0) what days and
    places gained and lost, so that a row moved to another day of the month is seen though the sum stands. ``after`` −
    ``before`` is always ``added`` − ``removed``.
    """
    cells = pl.concat([_marked(before, "before"), _marked(after, "after")]).filter(pl.col("day") <= closed)
    moved = (
        cells.group_by("fact", "day", "region_code")
        .agg(pl.col("before", "after").sum())
        .with_columns(difference=pl.col("after") - pl.col("before"))
    )
    months = (
        moved.join(places.select("region_code", "ancestor"), on="region_code", how="left")
        .group_by("fact", region_code="ancestor", month=pl.col("day").dt.truncate("1mo"))
        .agg(
            pl.col("before", "after").sum(),
            added=pl.col("difference").clip(lower_bound=0).sum(),
            removed=(-pl.col("difference")).clip(lower_bound=0).sum(),
        )
    )
    changed = months.filter((pl.col("added") > 0) | (pl.col("removed") > 0)).select(list(RESTATED))
    size = pl.col("added") + pl.col("removed")
    return changed.sort([-size, "month", "fact", "region_code"], descending=[False, True, False, False]).cast(
        RESTATED  # type: ignore[arg-type]
    )


def _marked(sums: pl.DataFrame, name: str) -> pl.DataFrame:
    """With the items under ``name`` and nothing under the other name."""
    nothing = pl.lit(0, pl.Int64)
    named = {other: pl.col("items") if other == name else nothing for other in ("before", "after")}
    return sums.select("fact", "day", "region_code", **named)
