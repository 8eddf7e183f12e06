"""Two snapshots side by side: the sums of the events that both hold, read from the files in which they differ.

Files are named by their content, so a month that stands under the same name in both manifests is the same in both.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import polars as pl

from data_access import facts
from data_access.facts import Fact
from data_access.snapshot import Archive, Manifest, SnapshotError

#: What is compared: things that happened on a day, each once, and the measure that counts them. Stocks and cohorts follow
#: from these; a cohort's success "so far" changes every day by its nature and is no late entry.
EVENTS: Mapping[Fact, str] = {
    facts.petition_registered: "items",
    facts.petition_replied: "items",
    facts.petition_evaluated: "evaluated",
    facts.mediation_accepted: "items",
    facts.mediation_concluded: "items",
    facts.order_issued: "items",
    facts.order_closed: "items",
    facts.backlog_cleared: "items",
    facts.risk_closed: "items",
    facts.deduction_final: "hundredths",
    facts.dispute_inflow: "items",
    facts.village_status: "villages",
    facts.feed_receipt: "records",
}
_SCHEMA = {"fact": pl.String, "day": pl.Date, "region_code": pl.String, "items": pl.Int64}


def changed_files(before: Manifest, after: Manifest) -> int:
    """In how many monthly files of facts and registers the two differ."""
    return sum(
        before_months.get(month) != after_months.get(month)
        for after_months, before_months in _side_by_side(before, after)
        for month in {*before_months, *after_months}
    )


def sums_of_changed(archive: Archive, before: Manifest, after: Manifest) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sums of every fact of EVENTS whose files differ, of both snapshots: fact, day, region_code, items.

    Facts without a difference are left out of both. Raises SnapshotError where the two were made by other definitions, so
    that a difference would be one of counting, or where a file is lost.
    """
    if before.definitions != after.definitions:
        raise SnapshotError(f"快照 №{before.number} 与 №{after.number} 的口径不同，不能逐日相比")
    frames: dict[str, pl.DataFrame] = {}
    sides: tuple[list[pl.DataFrame], list[pl.DataFrame]] = ([], [])
    for fact, measure in EVENTS.items():
        months = [manifest.facts.get(fact.name, {}) for manifest in (before, after)]
        if months[0] == months[1]:
            continue
        for side, files in zip(sides, months, strict=True):
            side.append(_sums(fact, [_read(archive, file, measure, frames) for file in files.values()]))
    return _together(sides[0]), _together(sides[1])


def _side_by_side(before: Manifest, after: Manifest) -> Iterable[tuple[Mapping[str, str], Mapping[str, str]]]:
    for now, then in ((after.facts, before.facts), (after.registers, before.registers)):
        yield from ((now.get(name, {}), then.get(name, {})) for name in {*now, *then})


def _read(archive: Archive, file: str, measure: str, known: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Day, place and measure of one file, which both snapshots may name: it is read once."""
    if file not in known:
        content = io.BytesIO(archive.read(file))
        frame = pl.read_parquet(content, columns=["day", "region_code", measure])
        known[file] = frame.group_by("day", "region_code").agg(items=pl.col(measure).sum())
    return known[file]


def _sums(fact: Fact, months: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat([pl.DataFrame(schema={name: kind for name, kind in _SCHEMA.items() if name != "fact"}), *months])
    summed = whole.group_by("day", "region_code").agg(pl.col("items").sum())
    return summed.select(pl.lit(fact.name).alias("fact"), "day", "region_code", "items")


def _together(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *frames])
