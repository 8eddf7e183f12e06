"""考核扣分台账, row by row, for display: a page reads it beside the score. What counts is ``deduction_points``, not this."""

from __future__ import annotations

import polars as pl

from data_access.store import Store
from metrics.core.period import Period
from metrics.core.query import EVERYTHING, Scope, visible_names
from metrics.labels import CODE_LABELS

STATUS_LABELS = {"final": "已定", "proposed": "拟定", "appealed": "申诉中", "revoked": "已撤销"}


def ledger_rows(
    store: Store, region: str, period: Period, scope: Scope = EVERYTHING, group: str | None = None
) -> pl.DataFrame:
    """The ledger's rows of a region's subtree whose month begins inside ``period``, the newest month first.

    ``group``: county_group or dept_group, by default both. Columns: month (Date), region_code, region_name, organ_code
    (null: the region as a whole), organ_name, assess_group, reason, reason_label, points (> 0 deduct, < 0 reward), status,
    status_label, counted (final: it is in the points), document_no. A code without a label stands as it is. Raises
    BadQuery, Forbidden.
    """
    regions = visible_names(store.regions, region, scope)
    rows = store.register("deduction").filter(
        pl.col("month").is_between(period.start, period.last), pl.col("region_code").is_in(list(regions))
    )
    if group is not None:
        rows = rows.filter(assess_group=group)
    organs = store.organs.select("organ_code", organ_name=pl.col("name"))
    return (
        rows.join(organs, on="organ_code", how="left", maintain_order="left")
        .sort("month", descending=True, maintain_order=True)
        .select(
            "month",
            "region_code",
            pl.col("region_code").replace_strict(regions, return_dtype=pl.String).alias("region_name"),
            "organ_code",
            "organ_name",
            "assess_group",
            "reason",
            pl.col("reason").replace(CODE_LABELS["reason"]).alias("reason_label"),
            (pl.col("hundredths") / 100).alias("points"),
            "status",
            pl.col("status").replace(STATUS_LABELS).alias("status_label"),
            (pl.col("status") == "final").alias("counted"),
            "document_no",
        )
    )
