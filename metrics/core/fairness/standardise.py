"""Direct standardisation: the rate a region would have with the group's own mix of cases, and why it differs.

A region's crude rate less the group's is what its mix of strata (category × channel, say) explains, plus what its rates
within the strata explain. Direct, because indirectly standardised figures cannot be held against each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from metrics.core.fairness.intervals import COVERAGE, wilson

_SUMS = [pl.col("numerator").sum(), pl.col("denominator").sum()]


def standardised(
    frame: pl.DataFrame, strata: Sequence[str], standard: pl.DataFrame | None = None, coverage: float = COVERAGE
) -> pl.DataFrame:
    """One row per region_code: what its mix and what its rates make of its difference from the standard.

    ``frame``: observations of one rate in one period, broken down by all of ``strata`` (names of dimensions);
    ``standard``: observations broken down alike whose mix and rates are the measure, by default the frame pooled.

    Columns, fractions 0–1: crude, standard (crude rate of the standard), standardised (the region's rates over the
    standard's mix), lower, upper (``coverage``, Wilson at the effective number of cases), mix_effect = crude − standardised,
    rate_effect = standardised − standard; the two add up to crude − standard. covered: share of the standard's cases in
    strata where the region has cases; elsewhere it is taken at the standard's rate, neither better nor worse.
    Regions without cases are left out; a standard without cases gives no rows.
    """
    effects = strata_effects(frame, strata, standard)
    if effects.is_empty():
        return _EMPTY.clone()
    regions = effects.group_by("region_code", maintain_order=True).agg(
        crude=pl.col("numerator").sum() / pl.col("denominator").sum(),
        standard=(pl.col("standard_share") * pl.col("standard_rate")).sum(),
        standardised=(pl.col("standard_share") * pl.col("rate")).sum(),
        covered=pl.col("standard_share").filter(pl.col("denominator") > 0).sum(),
        mix_effect=pl.col("mix_effect").sum(),
        rate_effect=pl.col("rate_effect").sum(),
        variance=_variance(),
        cases=pl.col("denominator").sum(),
    )
    return _with_interval(regions, coverage).select(_EMPTY.columns)


def strata_effects(frame: pl.DataFrame, strata: Sequence[str], standard: pl.DataFrame | None = None) -> pl.DataFrame:
    """As ``standardised``, one row per region_code and stratum: which of them the difference comes from.

    Columns: region_code, the strata, numerator, denominator, share (of the region's cases), rate (the standard's where
    the region has no case), standard_share, standard_rate, mix_effect, rate_effect. A stratum that the standard lacks
    has the region's own rate for standard. Sorted by region_code and strata.
    """
    names = list(strata)
    own = frame.filter(pl.col("denominator") > 0).group_by("region_code", *names).agg(_SUMS)
    pooled = (frame if standard is None else standard).filter(pl.col("denominator") > 0).group_by(names).agg(_SUMS)
    measure = pooled.select(
        *names,
        standard_share=pl.col("denominator") / pl.col("denominator").sum(),
        standard_rate=pl.col("numerator") / pl.col("denominator"),
    )
    if measure.is_empty():
        own = own.clear()
    every = pl.concat([own.select(names), measure.select(names)]).unique()
    cells = (
        own.select("region_code")
        .unique()
        .join(every, how="cross")
        .join(own, on=["region_code", *names], how="left", nulls_equal=True)
        .join(measure, on=names, how="left", nulls_equal=True)
        .with_columns(pl.col("numerator", "denominator", "standard_share").fill_null(0))
    )
    return _effects(cells).sort("region_code", *names, nulls_last=False)


def _effects(cells: pl.DataFrame) -> pl.DataFrame:
    own_rate = pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator"))
    return (
        cells.with_columns(share=pl.col("denominator") / pl.col("denominator").sum().over("region_code"))
        .with_columns(rate=own_rate.fill_null(pl.col("standard_rate")))
        .with_columns(standard_rate=pl.col("standard_rate").fill_null(pl.col("rate")))
        .with_columns(
            mix_effect=(pl.col("share") - pl.col("standard_share")) * pl.col("rate"),
            rate_effect=pl.col("standard_share") * (pl.col("rate") - pl.col("standard_rate")),
        )
    )


def _variance() -> pl.Expr:
    """Σ share² · rate·(1 − rate) / n, at the standard's rates: a handful of cases without failure is not certain."""
    rate = pl.col("standard_rate")
    term = pl.col("standard_share") ** 2 * rate * (1 - rate) / pl.col("denominator")
    return term.filter(pl.col("denominator") > 0).sum()


def _with_interval(regions: pl.DataFrame, coverage: float) -> pl.DataFrame:
    """Wilson's interval at as many cases as would give a plain rate the same variance, at most as many as there are."""
    plain = pl.col("standard") * (1 - pl.col("standard"))
    effective = pl.when(pl.col("variance") > 0).then(plain / pl.col("variance")).fill_null(float("inf"))
    sizes = regions.select(pl.min_horizontal(effective, pl.col("cases").cast(pl.Float64))).to_series().to_numpy()
    rates = regions["standardised"].clip(0.0, 1.0).to_numpy()
    lower, upper = wilson(rates * sizes, sizes, coverage)
    return regions.with_columns(lower=pl.Series(lower), upper=pl.Series(upper))


_EMPTY = pl.DataFrame(
    schema={
        "region_code": pl.String,
        **dict.fromkeys(
            ("crude", "standard", "standardised", "lower", "upper", "mix_effect", "rate_effect", "covered"), pl.Float64
        ),
    }
)
