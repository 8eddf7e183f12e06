"""What is planted in the synthetic city, so that tests of alerts and data checks know the truth.

Per calendar year: six to ten group events (3 to 15 visit batches within 2 to 4 weeks in one township), one surge of web petitions of
one template (210 to 260 in three days) and one gap of a county's feed (two days). Besides, one township changes its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data_access.demo.places import CATEGORIES, CODE_CHANGED_ON, Places

_STREAM = 2
_CATEGORY_INDEX = {code: index for index, (code, *_) in enumerate(CATEGORIES)}
# Unfinished housing, restructured firms, finance with many investors.
_BURST_CATEGORIES = tuple(_CATEGORY_INDEX[code] for code in ("170000", "130000", "110000", "111000"))
_SURGE_CATEGORY = _CATEGORY_INDEX["170000"]


@dataclass(frozen=True)
class Burst:
    """Extra petitions of one township: ``days`` holds one entry per petition, ascending."""

    kind: str
    township: int
    category: int
    days: tuple[date, ...]


@dataclass(frozen=True)
class Gap:
    """A county whose petitions of these days never arrived."""

    county: int
    days: tuple[date, date]


def bursts(places: Places, seed: int, year: int) -> list[Burst]:
    """The bursts that begin in ``year``."""
    random = np.random.default_rng([seed, year, _STREAM])
    share = places.township_population / places.township_population.sum()
    found = []
    for _ in range(int(random.integers(6, 11))):
        start, length = int(random.integers(0, 365)), int(random.integers(14, 29))
        offsets = np.sort(start + random.integers(0, length, int(random.integers(3, 16))))
        township, category = int(random.choice(len(share), p=share)), int(random.choice(_BURST_CATEGORIES))
        found.append(Burst("group_burst", township, category, _days(year, offsets)))
    start, items = int(random.integers(0, 365)), int(random.integers(210, 261))
    offsets = np.sort(start + random.choice(3, items, p=(0.5, 0.3, 0.2)))
    found.append(Burst("web_surge", int(random.choice(len(share), p=share)), _SURGE_CATEGORY, _days(year, offsets)))
    return found


def gap(places: Places, seed: int, year: int) -> Gap:
    """The feed gap of ``year``: a Tuesday and Wednesday of one county, away from the holidays."""
    random = np.random.default_rng([seed, year, _STREAM, 1])
    first = date(year, 3, 20) + timedelta(days=int(random.integers(0, 180)))
    first += timedelta(days=(1 - first.weekday()) % 7)
    return Gap(int(random.integers(len(places.counties))), (first, first + timedelta(days=1)))


def listed(places: Places, seed: int, since: date, until: date) -> list[dict[str, object]]:
    """Ground truth between two days, both included: kind, first and last day, region_code, items, category (null where none)."""
    rows = [
        _row(burst.kind, days[0], days[-1], places.townships[burst.township], len(days), CATEGORIES[burst.category][0])
        for year in range(since.year - 1, until.year + 1)
        for burst in bursts(places, seed, year)
        if (days := [day for day in burst.days if since <= day <= until and not _lost(places, seed, burst, day)])
    ]
    for year in range(since.year, until.year + 1):
        fault = gap(places, seed, year)
        if since <= fault.days[0] and fault.days[1] <= until:
            rows.append(_row("feed_gap", *fault.days, places.counties[fault.county], None, None))
    if since < CODE_CHANGED_ON <= until:
        code = places.townships[places.changed_township]
        rows.append(
            _row("code_change", CODE_CHANGED_ON, CODE_CHANGED_ON, code, None, None)
            | {"former_code": places.former_code}
        )
    return sorted(rows, key=lambda row: (str(row["first_day"]), str(row["kind"])))


def _lost(places: Places, seed: int, burst: Burst, day: date) -> bool:
    fault = gap(places, seed, day.year)
    return day in fault.days and places.township_county[burst.township] == fault.county


def _row(
    kind: str, first: date, last: date, region_code: str, items: int | None, category: str | None
) -> dict[str, object]:
    return {
        "kind": kind,
        "first_day": first,
        "last_day": last,
        "region_code": region_code,
        "items": items,
        "category": category,
        "former_code": None,
    }


def _days(year: int, offsets: np.typing.NDArray[np.int64]) -> tuple[date, ...]:
    first = date(year, 1, 1)
    return tuple(first + timedelta(days=int(offset)) for offset in offsets)
