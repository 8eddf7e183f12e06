"""考核扣分台账, row by row, for display: a page reads it beside the score. What counts is ``deduction_points``, not this."""

from __future__ import annotations

import polars as pl

from data_access.regions import UnknownRegion
from data_access.store import Store
from metrics.core.period import Period
from metrics.core.query import EVERYTHING, BadQuery, Forbidden, Scope
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
    regions = _codes(store, region, scope)
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


def _codes(store: Store, region: str, scope: Scope) -> dict[str, str]:
    """Code and name of the regions that the viewer may see, in the subtree of ``region``."""
    try:
        subtree = store.regions.subtree(region)
    except UnknownRegion as error:
        raise BadQuery(str(error)) from None
    if not scope.covers(store.regions, region):
        raise Forbidden(f"没有查看 {subtree[0].name} 的权限")
    return {place.code: place.name for place in subtree}
