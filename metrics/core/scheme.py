"""Assessment schemes: config/assessment/*.toml, checked before anything is scored by them.

A wrong file is refused whole, with all that is wrong in it and in the other files at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_access import settings
from data_access.settings import SettingsError
from metrics.core.model import POLARITY_LABELS, Count, Metric, Ratio, Score, Stock
from metrics.core.period import Grain

LEDGER_METRIC = "deduction_points"
#: The level of the regions that the ledger's county group speaks of.
COUNTY_LEVEL = 2
#: How many people petition and where they go: to be seen, not to be judged by. A test walks all metrics against this list.
CONTEXT_METRICS = frozenset(
    {
        "petition_volume",
        "petition_persons",
        "petition_per_10k",
        "first_petitions",
        "frequent_repeats",
        "visit_batches",
        "visit_persons",
        "group_visit_batches",
        "group_visit_persons",
        "group_visit_city_batches",
        "group_visit_county_batches",
        "over_level_batches",
        "over_level_persons",
        "over_level_share",
        "over_level_per_10k",
        "province_visit_batches",
        "province_visit_persons",
        "national_visit_batches",
        "national_visit_persons",
        # Steps of one registered cohort: counts that grow with it.
        "cohort_accepted",
        "cohort_accepted_on_time",
        "cohort_accepted_late",
        "cohort_to_reply",
        "cohort_replied",
        "cohort_replied_on_time",
        "cohort_replied_late",
        "cohort_evaluable",
        "cohort_evaluated",
        "cohort_satisfied",
    }
)
CONTEXT_CAUTION = (
    "本方案把信访数量或越级走访列入考核：国家信访局已于2013年停止按此类数量给地方排名；"
    "数量下降可能只是登记或渠道变化，不等于问题减少，不宜据以追责。"
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Participation(_Strict):
    """A second rate that scales the first: × min(1, rate / target)."""

    metric: str
    target: float = Field(gt=0, le=1)


class SchemePart(_Strict):
    """One weighted part: worth 0 at ``floor``, its full weight at ``target``, straight in between (``curve`` linear)."""

    label: str
    metric: str
    weight: float = Field(gt=0, le=1)
    floor: float
    target: float
    curve: Literal["linear"] = "linear"
    participation: Participation | None = None


class Ledger(_Strict):
    """Whether the final points of the deduction ledger come off the score, at most ``cap`` of them."""

    deducted: bool = False
    cap: float = Field(default=20.0, ge=0, le=100)


class NegativeItem(_Strict):
    """One line of a negative list: ``points`` off for each of what the metric counts, at most ``cap`` in all."""

    label: str
    metric: str
    points: float = Field(gt=0, le=100)
    cap: float = Field(gt=0, le=100)


class Veto(_Strict):
    """Applies when the metric reaches ``threshold`` from below (``at_least``) or above (``at_most``).

    The score is capped at ``cap``, or only flagged. ``label``: how the flag reads, by default the metric's key.
    """

    metric: str
    threshold: float
    effect: Literal["cap", "flag"]
    cap: float = Field(default=0.0, ge=0, le=100)
    when: Literal["at_least", "at_most"] = "at_least"
    label: str = ""

    @property
    def flag(self) -> str:
        """The word that a struck cell carries."""
        return self.label or self.metric


class SchemeFields(_Strict):
    """What a file of config/assessment may say; see ``Scheme``."""

    name: str
    label: str
    version: int = Field(default=1, ge=1)
    since: str
    period: Literal["month", "quarter", "year"]
    group: Literal["county_group", "dept_group"]
    minimum_n: int = Field(default=15, ge=1)
    source: str
    example: bool = False
    base: float | None = Field(default=None, gt=0, le=100)
    parts: tuple[SchemePart, ...] = ()
    ledger: Ledger = Ledger()
    negative: tuple[NegativeItem, ...] = ()
    veto: tuple[Veto, ...] = ()


class Scheme(SchemeFields):
    """How a score is made: from weighted ``parts``, or from a start value ``base`` that only deductions lower.

    ``period``: the span it is meant for; ``source``: where its weights come from; ``example``: they come from nowhere.
    """

    @model_validator(mode="after")
    def _fits_together(self) -> Scheme:
        faults = list(_inner_faults(self.model_dump()))
        if faults:
            raise ValueError("；".join(faults))
        return self

    @property
    def grain(self) -> Grain:
        """The calendar that the scheme is meant for."""
        return Grain(self.period)

    @property
    def metric_keys(self) -> tuple[str, ...]:
        """Every metric that the scheme reads, except the ledger, which is read for its group only."""
        return tuple(dict.fromkeys(key for _, key in _metrics_read(self.model_dump())))

    @property
    def reads(self) -> tuple[str, ...]:
        """Every metric that moves the score: those of ``metric_keys``, and the ledger where it is deducted."""
        return (*self.metric_keys, LEDGER_METRIC) if self.ledger.deducted else self.metric_keys

    @property
    def caution(self) -> str | None:
        """What must be said wherever the scheme's scores are shown, from what it reads; None: nothing."""
        return CONTEXT_CAUTION if CONTEXT_METRICS & set(self.metric_keys) else None

    @property
    def definition(self) -> str:
        """The scheme in one sentence."""
        if self.parts:
            total = sum(part.weight for part in self.parts)
            said = "、".join(f"{part.label}{part.weight / total:.0%}" for part in self.parts)
            made = f"{said}加权，100分"
        else:
            made = f"起始{self.base:g}分"
        ledger = f"，减台账已定扣分（至多{self.ledger.cap:g}分）" if self.ledger.deducted else ""
        negative = f"，减负面清单（{'、'.join(item.label for item in self.negative)}）" if self.negative else ""
        veto = f"；否决规则：{'、'.join(rule.flag for rule in self.veto)}" if self.veto else ""
        return f"{self.label}方案：{made}{ledger}{negative}，0–100分{veto}。"

    def with_weights(self, weights: Mapping[str, float]) -> Scheme:
        """The scheme with other weights for the parts of these labels, everything else and the file untouched.

        A weight of 0 leaves the part out. Raises SettingsError naming every unknown label and every weight outside 0–1,
        or when no part is left.
        """
        labels = [part.label for part in self.parts]
        faults = [f"没有考核项 {label}；可选：{'、'.join(labels)}" for label in weights if label not in labels]
        faults += [
            f"{label} 的权重 {weight} 不在 0–1 之间" for label, weight in weights.items() if not 0 <= weight <= 1
        ]
        kept = [part for part in self.parts if weights.get(part.label, part.weight) != 0]
        if not kept:
            faults.append("至少要有一项的权重大于 0")
        if faults:
            raise SettingsError(f"{self.label}的试算权重有误：{'；'.join(faults)}")
        parts = tuple(part.model_copy(update={"weight": weights.get(part.label, part.weight)}) for part in kept)
        return self.model_copy(update={"label": f"{self.label}（试算）", "parts": parts})


class Assessment(_Strict):
    """config/assessment.toml: which scheme ``assessment_score`` goes by."""

    scheme: str = "balanced"


def scheme_in_force() -> Scheme:
    """The scheme that config/assessment.toml names. Raises SettingsError."""
    return scheme(settings.read_config("assessment.toml", Assessment).scheme)


@cache
def schemes() -> Mapping[str, Scheme]:
    """All schemes of config/assessment by name. Raises SettingsError with every fault of every file."""
    refuse(None)
    return {path.stem: settings.validated(path, Scheme, _content(path)) for path in _files()}


def scheme(name: str) -> Scheme:
    """The scheme of that name. Raises SettingsError that names those there are."""
    known = schemes()
    if name not in known:
        raise SettingsError(f"config/assessment 里没有考核方案 {name}；现有：{'、'.join(known) or '无'}")
    return known[name]


def check_metrics(chosen: Scheme, metrics: Mapping[str, Metric]) -> None:
    """The scheme reads metrics that exist and fit: see ``_metric_faults``. Raises SettingsError with all faults."""
    faults = list(_metric_faults(chosen.model_dump(), metrics))
    if faults:
        raise SettingsError(f"{chosen.name}.toml 有误：{'；'.join(faults)}")


def refuse(metrics: Mapping[str, Metric] | None) -> None:
    """Raises SettingsError when a file is wrong in any way: one line per file, with all its faults.

    ``metrics``: what a scheme may read; None leaves that question out.
    """
    refused = [said for path in _files() if (said := _file_fault(path, metrics))]
    if refused:
        raise SettingsError("\n".join(refused))


def _file_fault(path: Path, metrics: Mapping[str, Metric] | None) -> str:
    """All that is wrong with a file; empty for a right one."""
    try:
        content = _content(path)
    except SettingsError as error:
        return str(error)
    others = [*_name_faults(path, content), *_inner_faults(content)]
    others += [] if metrics is None else _metric_faults(content, metrics)
    try:
        settings.validated(path, SchemeFields, content)
    except SettingsError as error:
        return "；另外：".join([str(error), *(["；".join(others)] if others else [])])
    return f"{path.name} 有误：{'；'.join(others)}" if others else ""


def _files() -> list[Path]:
    return sorted((settings.config_folder() / "assessment").glob("*.toml"))


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"读不懂 {path.name}：{error}") from None


# What follows asks a file before it is known to be well formed, so that nothing hides behind the first fault: whatever has
# not the expected type is passed over, because the fields' own check names it.


def _tables(content: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The tables of a list, each with its place: ``parts.0``."""
    found = content.get(key)
    listed = found if isinstance(found, list | tuple) else ()
    return [(f"{key}.{number}", table) for number, table in enumerate(listed) if isinstance(table, Mapping)]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _name_faults(path: Path, content: Mapping[str, Any]) -> Iterator[str]:
    name = content.get("name")
    if name is not None and name != path.stem:
        yield f"name 是 {name!r}，必须与文件名相同：{path.stem!r}"


def _inner_faults(content: Mapping[str, Any]) -> Iterator[str]:
    """What does not fit together inside one scheme."""
    parts = _tables(content, "parts")
    base = content.get("base")
    if not parts and base is None:
        yield "parts：至少要有 1 项，否则要写 base（起始分）"
    if parts and base is not None:
        yield "parts 与 base（起始分）只能有一种"
    ledger = content.get("ledger")
    deducted = isinstance(ledger, Mapping) and ledger.get("deducted")
    if base is not None and not parts and not deducted and not content.get("negative"):
        yield "base：只有起始分的方案须扣台账（ledger.deducted = true）或列负面清单（negative），否则人人同分"
    for place, part in parts:
        if _number(part.get("floor")) is not None and _number(part.get("floor")) == _number(part.get("target")):
            yield f"{place}：floor 与 target 不能相同"
    for key in ("parts", "negative"):
        labels = [table.get("label") for _, table in _tables(content, key) if isinstance(table.get("label"), str)]
        doubles = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
        if doubles:
            yield f"{key} 的 label 重复：{'、'.join(map(str, doubles))}；各项须不同名"


def _metrics_read(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The kind of entry and the key of every metric that is read, parts first."""
    parts = [part for _, part in _tables(content, "parts")]
    seconds = [part["participation"] for part in parts if isinstance(part.get("participation"), Mapping)]
    groups = {
        "parts": [*parts, *seconds],
        "negative": [table for _, table in _tables(content, "negative")],
        "veto": [table for _, table in _tables(content, "veto")],
    }
    for kind, tables in groups.items():
        for table in tables:
            if isinstance(table.get("metric"), str):
                yield kind, table["metric"]


def _metric_faults(content: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Iterator[str]:
    """Parts read ratios, negative lists counts or stocks, vetoes anything but scores and the ledger, each the right way round."""
    readable: Mapping[str, tuple[str, list[str]]] = {
        "parts": ("比率指标", [key for key, metric in metrics.items() if isinstance(metric.kind, Ratio)]),
        "negative": ("越低越好的数量指标", [key for key, metric in metrics.items() if _is_negative(metric)]),
        "veto": (
            "可用的指标（得分不可，台账扣分在 ledger 里）",
            [key for key, metric in metrics.items() if key != LEDGER_METRIC and not isinstance(metric.kind, Score)],
        ),
    }
    for kind, key in dict.fromkeys(_metrics_read(content)):
        wanted, allowed = readable[kind]
        if key not in allowed:
            yield f"{kind} 的 metric = {key!r} 不是{wanted}；可选：{'、'.join(allowed)}"
    yield from _direction_faults(content, metrics)


def _is_negative(metric: Metric) -> bool:
    counted = isinstance(metric.kind, Count | Stock)
    return counted and metric.key != LEDGER_METRIC and metric.polarity != "more"


def _direction_faults(content: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Iterator[str]:
    for _, part in _tables(content, "parts"):
        floor, target, metric = _number(part.get("floor")), _number(part.get("target")), metrics.get(_key(part))
        if metric is None or floor is None or target is None or floor == target:
            continue
        if (metric.polarity == "less") != (floor > target):
            yield (
                f"{metric.key} 的 floor {floor} 与 target {target} 方向不对；"
                "越高越好的指标 floor 要小于 target，越低越好的相反"
            )
    for place, rule in _tables(content, "veto"):
        metric, when = metrics.get(_key(rule)), rule.get("when", "at_least")
        wrong = {"more": "at_least", "less": "at_most"}.get(metric.polarity) if metric else None
        if metric is not None and when == wrong:
            yield f"{place}：{metric.key} {POLARITY_LABELS[metric.polarity]}，when 不能是 {when!r}"


def _key(table: Mapping[str, Any]) -> str:
    return str(table.get("metric"))
