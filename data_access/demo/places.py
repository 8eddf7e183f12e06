"""The ground of the synthetic city: real prefecture, counties and township codes; made-up villages, organs and tendencies.

Populations are rounded and for demonstration. Villages are called 示范一村 and the like, so that nobody takes them for real.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from data_access import contract
from data_access.demo.chance import Children, Floats, Ints

GEO = Path(__file__).resolve().parents[1] / "geo"

# The planted change of a township's code takes effect on this day.
CODE_CHANGED_ON = date(2025, 7, 1)

_PLACES_STREAM = 1
_COUNTY_BOUNDARIES = ("430200_county", "420800_county", "620400_county", "620700_county", "620000_county_lite")
# Permanent residents, rounded, from general knowledge of the census; only for demonstration.
_POPULATIONS = {
    "430202": 330_000, "430203": 300_000, "430204": 270_000, "430211": 500_000, "430212": 260_000, "430281": 880_000,
    "430223": 650_000, "430224": 490_000, "430225": 160_000,
    "620402": 330_000, "620403": 200_000, "620421": 380_000, "620422": 400_000, "620423": 200_000,
    "620702": 520_000, "620721": 27_000, "620722": 190_000, "620723": 116_000, "620724": 125_000, "620725": 150_000,
}  # fmt: skip
_UNKNOWN_POPULATION_PER_TOWNSHIP = 18_000
# Districts that are mostly countryside, and townships that house the development zone.
_RURAL_DISTRICTS = {"430212"}
_DEVELOPMENT_ZONE = {"430211003"}
_COUNTY_ORGANS = (
    "自然资源局", "住房和城乡建设局", "人力资源和社会保障局", "农业农村局", "公安局", "民政局", "卫生健康局", "市场监督管理局", "教育局",
)  # fmt: skip
_CITY_ORGANS = (*_COUNTY_ORGANS, "交通运输局", "生态环境局", "国有资产监督管理委员会", "退役军人事务局")
# code, name, domain, share of petitions in per mille, index of the responsible county organ
CATEGORIES = (
    ("010000", "农业农村", "livelihood", 110, 3),
    ("020000", "自然资源", "land", 150, 0),
    ("030000", "城乡建设", "demolition", 90, 1),
    ("040000", "劳动和社会保障", "labour", 105, 2),
    ("050000", "卫生健康", "medical", 30, 6),
    ("060000", "民政应急", "livelihood", 60, 5),
    ("070000", "教育文体", "livelihood", 32, 8),
    ("080000", "政法", "sensitive_case", 150, 4),
    ("090000", "交通运输", "transport", 22, 1),
    ("100000", "生态环境", "livelihood", 22, 0),
    ("110000", "经济金融", "mass_finance", 15, 7),
    ("111000", "非法集资", "illegal_fundraising", 6, 4),
    ("120000", "市场监管", "livelihood", 30, 7),
    ("130000", "国资国企", "legacy", 15, 2),
    ("140000", "组织人事", "petition_work", 9, 5),
    ("150000", "纪检监察", "petition_work", 7, 4),
    ("160000", "军队退役", "legacy", 50, 5),
    ("170000", "房地产", "real_estate", 50, 1),
    ("180000", "欠薪", "labour", 38, 2),
    ("990000", "其他", "other", 9, 5),
)
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Tendencies:
    """How counties truly differ: one number per county, shape (counties,). Rates are fractions of 1."""

    volume: Floats
    accept_on_time: Floats
    reply_on_time: Floats
    satisfaction: Floats
    participation: Floats
    mediation_shift: Floats
    order_on_time: Floats
    backlog_speed: Floats
    deductions: Floats
    police: Floats
    filings: Floats
    grassroots: Floats
    web: Floats


@dataclass(frozen=True)
class Places:
    """Counties, townships and villages by index; villages and townships are sorted by their parent."""

    city: str
    counties: list[str]
    county_names: list[str]
    county_population: Ints
    townships: list[str]
    township_county: Ints
    townships_of: Children
    township_population: Ints
    villages: list[str]
    village_township: Ints
    villages_of: Children
    changed_township: int
    former_code: str
    tendencies: Tendencies
    region: pl.DataFrame
    organ: pl.DataFrame

    @property
    def root(self) -> str:
        """The region code of the prefecture."""
        return padded(self.city)

    @property
    def poorest(self) -> int:
        """Index of the county that does clearly worse than the others: the most populous one."""
        return int(np.argmax(self.county_population))

    def codes(self) -> list[str]:
        """Every code an event may carry: root, counties, townships, villages, the former township code."""
        return [self.root, *self.counties, *self.townships, *self.villages, self.former_code]

    def county_at(self, county: Ints) -> Ints:
        """Positions in ``codes`` of counties."""
        return 1 + county

    def township_at(self, township: Ints, day: Ints) -> Ints:
        """Positions in ``codes`` of townships on ``day`` (ordinals): before the change, one has its former code."""
        former = (township == self.changed_township) & (day < CODE_CHANGED_ON.toordinal())
        return np.where(former, len(self.codes()) - 1, 1 + len(self.counties) + township)

    def village_at(self, village: Ints) -> Ints:
        """Positions in ``codes`` of villages."""
        return 1 + len(self.counties) + len(self.townships) + village


def padded(code: str) -> str:
    """The code as 12 digits."""
    return code.ljust(12, "0")


@cache
def available_cities() -> dict[str, str]:
    """Prefectures of which the project holds county boundaries and township codes: adcode to name."""
    names = {row["adcode"]: row["name"] for row in _regions() if row["level"] == "prefecture"}
    with_townships = {row["county_code"] for row in _township_rows()}
    by_prefecture: dict[str, set[str]] = {}
    for county, prefecture in _bounded_counties():
        by_prefecture.setdefault(prefecture, set()).add(county)
    ready = {code for code, counties in by_prefecture.items() if counties <= with_townships and code in names}
    return {code: names[code] for code in sorted(ready)}


@cache
def places(city: str, seed: int) -> Places:
    """The ground of ``city``; KeyError when it is not among ``available_cities``."""
    name = available_cities()[city]
    random = np.random.default_rng([seed, int(city), _PLACES_STREAM])
    counties = sorted(code for code, prefecture in _bounded_counties() if prefecture == city)
    rows = sorted((row for row in _township_rows() if row["county_code"] in counties), key=lambda row: row["code9"])
    county_names = [_named()[code]["name"] for code in counties]
    township_county = np.array([counties.index(row["county_code"]) for row in rows])
    size = np.bincount(township_county)
    population = np.array(
        [_POPULATIONS.get(code, _UNKNOWN_POPULATION_PER_TOWNSHIP * int(size[n])) for n, code in enumerate(counties)]
    )
    weight = np.array([_SIZE_OF_KIND[row["kind"]] for row in rows]) * random.lognormal(0, 0.3, len(rows))
    township_population = _shared(population, township_county, weight)
    villages = _villages(rows, township_population, random)
    changed = int(random.integers(len(rows)))
    former = _free_code(rows, changed)
    region = _region_table(
        _upper_places(city, counties, population),
        _township_places(rows, township_population),
        [_former_place(former, rows[changed])],
        [
            _place(code, label, 0, rows[n]["code9"], _township_peers(rows[n]), people)
            for code, label, n, people in villages
        ],
    )
    village_township = np.array([n for _, _, n, _ in villages])
    return Places(
        city=city,
        counties=[padded(code) for code in counties],
        county_names=county_names,
        county_population=population,
        townships=[row["code12"] for row in rows],
        township_county=township_county,
        townships_of=Children.of(township_county, township_population.astype(np.float64)),
        township_population=township_population,
        villages=[code for code, _, _, _ in villages],
        village_township=village_township,
        villages_of=Children.of(village_township, np.array([float(n) for *_, n in villages])),
        changed_township=changed,
        former_code=padded(former),
        tendencies=_tendencies(population, random),
        region=region,
        organ=_organ_table(city, name, counties, county_names),
    )


def category_table() -> pl.DataFrame:
    """rpt.category."""
    return pl.DataFrame(
        [(code, name, domain) for code, name, domain, _, _ in CATEGORIES],
        schema=["category", "name", "domain"],
        orient="row",
    )


def county_organs() -> int:
    """How many responsible organs each county has, its petition department not counted."""
    return len(_COUNTY_ORGANS)


def city_organs() -> int:
    """How many city departments there are, the city's petition department not counted."""
    return len(_CITY_ORGANS)


_SIZE_OF_KIND = {"街道": 1.7, "镇": 1.0, "乡": 0.5, "民族乡": 0.5}


def _tendencies(population: Ints, random: np.random.Generator) -> Tendencies:
    count = len(population)
    poorest = int(np.argmax(population))

    def spread(middle: float, deviation: float, poor: float | None = None, high: float = 0.999) -> Floats:
        values = np.clip(
            random.normal(middle, deviation, count), middle - 2 * deviation, min(high, middle + 2 * deviation)
        )
        if poor is not None:
            values[poorest] = poor
        return np.asarray(values, dtype=np.float64)

    upright = random.permutation(count)[: max(1, count // 4)]
    police, filings, grassroots = (random.lognormal(0, 0.18, count) for _ in range(3))
    police[upright] *= 0.24
    filings[upright] *= 0.20
    grassroots[upright] *= 1.25
    volume = random.lognormal(0, 0.25, count)
    return Tendencies(
        volume=volume / np.average(volume, weights=population),
        accept_on_time=spread(0.993, 0.003, 0.960),
        reply_on_time=spread(0.978, 0.012, 0.900),
        satisfaction=spread(0.935, 0.018, 0.850, 0.98),
        participation=spread(0.45, 0.04, 0.35),
        mediation_shift=spread(0.12, 0.15, -0.60, 9.0),
        order_on_time=spread(0.90, 0.035, 0.74, 0.98),
        backlog_speed=spread(1.0, 0.12, 0.66, 9.0),
        deductions=spread(1.4, 0.4, 3.0, 9.0),
        police=police,
        filings=filings,
        grassroots=grassroots,
        web=spread(0.52, 0.06, None, 0.70),
    )


def _shared(total: Ints, parent: Ints, weight: Floats) -> Ints:
    """Whole numbers that add up to each parent's total, in proportion to ``weight``."""
    shares = np.zeros(len(parent), dtype=np.int64)
    for index, amount in enumerate(total):
        mine = np.flatnonzero(parent == index)
        edges = np.floor(np.cumsum(weight[mine]) / weight[mine].sum() * amount + 1e-6).astype(np.int64)
        edges[-1] = amount
        shares[mine] = np.diff(edges, prepend=0)
    return shares


def _villages(
    rows: list[dict[str, str]], population: Ints, random: np.random.Generator
) -> list[tuple[str, str, int, int]]:
    """(code, name, index of the township, residents) of each made-up village."""
    counts = np.clip(population // 1_900, 6, 45)
    parent = np.repeat(np.arange(len(rows)), counts)
    residents = _shared(population, parent, random.lognormal(0, 0.35, len(parent)))
    villages = []
    for index, (township, people) in enumerate(zip(parent, residents, strict=True)):
        number = index - int(np.searchsorted(parent, township)) + 1
        urban = rows[township]["kind"] == "街道"
        code = f"{rows[township]['code9']}{number if urban else 200 + number:03d}"
        villages.append((code, f"示范{_chinese(number)}{'社区' if urban else '村'}", int(township), int(people)))
    return villages


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


def _free_code(rows: list[dict[str, str]], changed: int) -> str:
    taken = {row["code9"] for row in rows}
    own = rows[changed]["code9"]
    first = 50 if own[6] == "0" else 180
    return next(code for n in range(first, 1000) if (code := f"{own[:6]}{n:03d}") not in taken)


def _peers(code: str, name: str) -> str:
    return "urban" if name.endswith("区") and code not in _RURAL_DISTRICTS else "county"


def _township_peers(row: dict[str, str]) -> str:
    if row["code9"] in _DEVELOPMENT_ZONE:
        return "devzone"
    return "urban" if row["kind"] == "街道" else "county"


_Place = tuple[str, str, int, str | None, str, int | None, float | None, float | None]


def _place(
    code: str,
    name: str,
    level: int,
    parent: str | None,
    peers: str,
    population: int | None,
    point: dict[str, str] | None = None,
) -> _Place:
    known = point or {}
    longitude, latitude = known.get("label_lon"), known.get("label_lat")
    return (
        padded(code),
        name,
        level,
        None if parent is None else padded(parent),
        peers,
        population,
        float(longitude) if longitude else None,
        float(latitude) if latitude else None,
    )


def _upper_places(city: str, counties: list[str], population: Ints) -> list[_Place]:
    root = _named()[city]
    rows = [_place(city, root["name"], 3, None, "urban", int(population.sum()), root)]
    for code, residents in zip(counties, population, strict=True):
        row = _named()[code]
        rows.append(_place(code, row["name"], 2, city, _peers(code, row["name"]), int(residents), row))
    return rows


def _township_places(rows: list[dict[str, str]], population: Ints) -> list[_Place]:
    return [
        _place(row["code9"], row["name"], 1, row["county_code"], _township_peers(row), int(residents), _point(row))
        for row, residents in zip(rows, population, strict=True)
    ]


def _former_place(code: str, row: dict[str, str]) -> _Place:
    return _place(code, f"{row['name']}（原代码）", 1, row["county_code"], _township_peers(row), None)


def _region_table(*parts: list[_Place]) -> pl.DataFrame:
    kinds = (pl.String, pl.String, pl.Int16, pl.String, pl.String, pl.Int32, pl.Float64, pl.Float64)
    schema = dict(zip(contract.region.columns.keys(), kinds, strict=True))
    return pl.DataFrame([row for part in parts for row in part], schema=schema, orient="row")


def _organ_table(city: str, name: str, counties: list[str], county_names: list[str]) -> pl.DataFrame:
    rows = [(f"{city}-{0:02d}", f"{name}信访局", 3, "petition_dept", "dept_group", padded(city))]
    rows += [
        (f"{city}-{n:02d}", f"{name}{organ}", 3, "responsible", "dept_group", padded(city))
        for n, organ in enumerate(_CITY_ORGANS, 1)
    ]
    for code, county in zip(counties, county_names, strict=True):
        rows.append((f"{code}-00", f"{county}信访局", 2, "petition_dept", "county_group", padded(code)))
        rows += [
            (f"{code}-{n:02d}", f"{county}{organ}", 2, "responsible", "county_group", padded(code))
            for n, organ in enumerate(_COUNTY_ORGANS, 1)
        ]
    return pl.DataFrame(rows, schema=contract.organ.columns.keys(), orient="row")


@cache
def _regions() -> list[dict[str, str]]:
    return _read_csv("regions.csv")


@cache
def _named() -> dict[str, dict[str, str]]:
    return {row["adcode"]: row for row in _regions()}


@cache
def _township_rows() -> list[dict[str, str]]:
    return [row for row in _read_csv("townships.csv") if row["kind"] in _SIZE_OF_KIND]


def _read_csv(name: str) -> list[dict[str, str]]:
    with (GEO / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _bounded_counties() -> frozenset[tuple[str, str]]:
    return frozenset(
        (feature["properties"]["adcode"], feature["properties"]["parent"])
        for name in _COUNTY_BOUNDARIES
        for feature in json.loads((GEO / f"{name}.geojson").read_text(encoding="utf-8"))["features"]
        if feature["properties"]["level"] == "county"
    )


def _point(row: dict[str, str]) -> dict[str, str]:
    """The township's known point, else one inside its schematic cell, else nothing."""
    if row["lon"]:
        return {"label_lon": row["lon"], "label_lat": row["lat"]}
    inside = _schematic_points().get(row["code9"])
    return {} if inside is None else {"label_lon": str(inside[0]), "label_lat": str(inside[1])}


@cache
def _schematic_points() -> dict[str, tuple[float, float]]:
    points = {}
    for path in sorted(GEO.glob("*_township_schematic.geojson")):
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            points[feature["properties"]["adcode"]] = inside_point(feature["geometry"])
    return points


def inside_point(geometry: dict[str, object]) -> tuple[float, float]:
    """A point inside a GeoJSON polygon: the middle of the widest stretch at half its height (degrees, 4 decimals)."""
    rings = list(_rings(geometry))
    latitudes = [point[1] for ring in rings for point in ring]
    # A line a little off the middle meets no vertex, so every crossing is a clean one.
    height = (min(latitudes) + max(latitudes)) / 2 + 1e-7
    crossings = sorted(
        a[0] + (height - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        for ring in rings
        for a, b in pairwise(ring)
        if (a[1] > height) != (b[1] > height)
    )
    left, right = max(zip(crossings[::2], crossings[1::2], strict=True), key=lambda pair: pair[1] - pair[0])
    return round((left + right) / 2, 4), round(height, 4)


def _rings(geometry: dict[str, object]) -> Iterator[list[list[float]]]:
    coordinates = geometry["coordinates"]
    assert isinstance(coordinates, list)
    for part in coordinates if geometry["type"] == "MultiPolygon" else [coordinates]:
        yield from part
