"""Assessment schemes: config/assessment/*.toml, checked before anything is scored by them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_access import settings
from data_access.settings import SettingsError
from metrics.core.model import Metric, Ratio


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Participation(_Strict):
    """A second rate that scales the first: × min(1, rate / target)."""

    metric: str
    target: float = Field(gt=0, le=1)


class SchemePart(_Strict):
    """One weighted part: worth 0 at ``floor``, its full weight at ``target``, straight in between."""

    label: str
    metric: str
    weight: float = Field(gt=0, le=1)
    floor: float
    target: float
    participation: Participation | None = None

    @model_validator(mode="after")
    def _floor_differs_from_target(self) -> SchemePart:
        if self.floor == self.target:
            raise ValueError("floor 与 target 不能相同")
        return self


class Ledger(_Strict):
    """Whether the final points of the deduction ledger come off the score, at most ``cap`` of them."""

    deducted: bool = False
    cap: float = Field(default=20.0, ge=0, le=100)


class Veto(_Strict):
    """Applies when the metric reaches ``threshold``: the score is capped at ``cap``, or only flagged."""

    metric: str
    threshold: float
    effect: Literal["cap", "flag"]
    cap: float = Field(default=0.0, ge=0, le=100)


class Scheme(_Strict):
    """How a score is made. ``period``: the span it is meant for; ``source``: where its weights come from."""

    name: str
    label: str
    version: int = Field(default=1, ge=1)
    since: str
    period: Literal["month", "quarter", "year"]
    group: Literal["county_group", "dept_group"]
    minimum_n: int = Field(default=15, ge=1)
    source: str
    example: bool = False
    parts: tuple[SchemePart, ...] = Field(min_length=1)
    ledger: Ledger = Ledger()
    veto: tuple[Veto, ...] = ()

    @model_validator(mode="after")
    def _labels_differ(self) -> Scheme:
        labels = [part.label for part in self.parts]
        doubles = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
        if doubles:
            raise ValueError(f"parts 的 label 重复：{'、'.join(doubles)}；各项须不同名")
        return self

    @property
    def metric_keys(self) -> tuple[str, ...]:
        """Every metric that the scheme reads, except the ledger, which is read for its group only."""
        keys = [part.metric for part in self.parts]
        keys += [part.participation.metric for part in self.parts if part.participation]
        keys += [rule.metric for rule in self.veto]
        return tuple(dict.fromkeys(keys))


LEDGER_METRIC = "deduction_points"


@cache
def schemes() -> Mapping[str, Scheme]:
    """All schemes of config/assessment by name. Raises SettingsError that names file, key and what is allowed."""
    folder = settings.config_folder() / "assessment"
    found = {}
    for path in sorted(folder.glob("*.toml")):
        scheme = _read(path)
        if scheme.name != path.stem:
            raise SettingsError(f"{path.name} 有误：name 是 {scheme.name!r}，必须与文件名相同：{path.stem!r}")
        found[scheme.name] = scheme
    return found


def scheme(name: str) -> Scheme:
    """The scheme of that name. Raises SettingsError that names those there are."""
    known = schemes()
    if name not in known:
        raise SettingsError(f"config/assessment 里没有考核方案 {name}；现有：{'、'.join(known) or '无'}")
    return known[name]


def check_metrics(chosen: Scheme, metrics: Mapping[str, Metric]) -> None:
    """Every part reads a known ratio, with floor and target on the sides that its polarity asks. Raises SettingsError."""
    ratios = "、".join(key for key, metric in metrics.items() if isinstance(metric.kind, Ratio))
    for part in chosen.parts:
        for key in (part.metric, part.participation.metric if part.participation else part.metric):
            if key not in metrics or not isinstance(metrics[key].kind, Ratio):
                raise SettingsError(f"{chosen.name}.toml 有误：parts 的 metric = {key!r} 不是比率指标；可选：{ratios}")
        if (metrics[part.metric].polarity == "less") != (part.floor > part.target):
            raise SettingsError(
                f"{chosen.name}.toml 有误：{part.metric} 的 floor {part.floor} 与 target {part.target} 方向不对；"
                "越高越好的指标 floor 要小于 target，越低越好的相反"
            )
    for rule in chosen.veto:
        if rule.metric not in metrics:
            raise SettingsError(
                f"{chosen.name}.toml 有误：veto 的 metric = {rule.metric!r} 不存在；可选：{'、'.join(metrics)}"
            )


def _read(path: Path) -> Scheme:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"读不懂 {path.name}：{error}") from None
    return settings.validated(path, Scheme, content)
