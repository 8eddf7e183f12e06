"""Assessment schemes: those that the project brings, and what is said of one that cannot be used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_access import settings
from data_access.settings import SettingsError
from metrics.core.scheme import Scheme, check_metrics, scheme, schemes
from metrics.registry import metrics

_BALANCED = (settings.PROJECT / "config" / "assessment" / "balanced.toml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """config/assessment of a deployment of its own, with the project's schemes in it."""
    shutil.copytree(settings.PROJECT / "config" / "assessment", tmp_path / "assessment")
    monkeypatch.setenv("YANPAN_CONFIG", str(tmp_path))
    schemes.cache_clear()
    yield tmp_path / "assessment"
    schemes.cache_clear()


def _changed(old: str, new: str) -> str:
    assert old in _BALANCED
    return _BALANCED.replace(old, new, 1)


def test_balanced() -> None:
    balanced = scheme("balanced")
    assert [(part.metric, part.weight, part.floor, part.target) for part in balanced.parts] == [
        ("accept_on_time_rate", 0.15, 0.90, 1.0),
        ("reply_on_time_rate", 0.20, 0.85, 1.0),
        ("satisfaction_rate", 0.15, 0.70, 0.98),
        ("mediation_success_rate", 0.20, 0.60, 0.98),
        ("backlog_clear_rate", 0.15, 0.30, 1.0),
        ("orders_on_time_rate", 0.10, 0.60, 1.0),
    ]
    participations = [part.participation for part in balanced.parts if part.participation]
    assert [(second.metric, second.target) for second in participations] == [("evaluation_rate", 0.40)]
    assert (balanced.minimum_n, balanced.ledger.deducted, balanced.veto, balanced.example) == (15, False, (), False)
    assert balanced.metric_keys[-1] == "evaluation_rate"


def test_peace_index_says_that_it_is_an_example() -> None:
    peace = scheme("peace_index")
    assert peace.example
    assert "示例" in peace.label
    assert "示例" in peace.source


@pytest.mark.parametrize("name", schemes())
def test_the_projects_schemes_read_metrics_that_exist(name: str) -> None:
    check_metrics(scheme(name), metrics())
    contextual = {"petition_volume", "petition_per_10k", "over_level_share", "over_level_per_10k", "over_level_batches"}
    assert not contextual & set(scheme(name).metric_keys)


def test_unknown_scheme_names_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"没有考核方案 nowhere；现有：.*balanced.*peace_index"):
        scheme("nowhere")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minimum_n = 15", "minimum_m = 15", ["minimum_m", "允许的键：", "minimum_n"]),
        ("minimum_n = 15", "minimum_n = 0", ["minimum_n", "不得小于 1", "0"]),
        ("weight = 0.15", "wieght = 0.15", ["parts.0.wieght", "parts.0.weight", "允许的键：label、metric、weight"]),
        ("weight = 0.15", "weight = 1.5", ["parts.0.weight", "不得大于 1", "1.5"]),
        ("weight = 0.15", 'weight = "heavy"', ["parts.0.weight", "'heavy'"]),
        ("floor = 0.90", "floor = 1.0", ["parts.0", "floor 与 target 不能相同"]),
        ("target = 0.40", "traget = 0.40", ["parts.2.participation.traget", "允许的键：metric、target"]),
        ('period = "quarter"', 'period = "week"', ["period", "'month', 'quarter' or 'year'", "'week'"]),
        ('group = "county_group"', 'group = "all"', ["group", "'county_group' or 'dept_group'", "'all'"]),
        ("cap = 20.0", "cap = 101.0", ["ledger.cap", "不得大于 100"]),
        ("deducted = false", "subtracted = false", ["ledger.subtracted", "允许的键：deducted、cap"]),
        ('label = "按期答复"', 'label = "按期受理"', ["label 重复：按期受理"]),
        ('since = "2026-01"', "", ["since", "允许的键："]),
        ("[ledger]", "[ledger", ["读不懂 balanced.toml"]),
        ('name = "balanced"', 'name = "even"', ["name 是 'even'", "必须与文件名相同：'balanced'"]),
    ],
)
def test_faults_are_named(old: str, new: str, said: list[str], folder: Path) -> None:
    (folder / "balanced.toml").write_text(_changed(old, new), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        schemes()
    for words in ["balanced.toml", *said]:
        assert words in str(caught.value)


def test_a_scheme_without_parts(folder: Path) -> None:
    head = _BALANCED[: _BALANCED.index("[[parts]]")]
    (folder / "balanced.toml").write_text(f"{head}\nparts = []\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"balanced\.toml 有误：parts：至少要有 1 项"):
        schemes()


def test_a_veto_of_unknown_effect(folder: Path) -> None:
    veto = '\n[[veto]]\nmetric = "orders_overdue"\nthreshold = 1\neffect = "punish"\n'
    (folder / "balanced.toml").write_text(_BALANCED + veto, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"balanced\.toml 有误：veto\.0\.effect：.*'cap' or 'flag'.*'punish'"):
        schemes()


def test_text_that_is_no_utf_8(folder: Path) -> None:
    (folder / "balanced.toml").write_bytes(_BALANCED.encode("gb18030"))
    with pytest.raises(SettingsError, match=r"读不懂 balanced\.toml"):
        schemes()


def test_the_same_name_twice(folder: Path) -> None:
    (folder / "copy.toml").write_text(_BALANCED, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"copy\.toml 有误：name 是 'balanced'，必须与文件名相同：'copy'"):
        schemes()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"accept_on_time_rate"', '"nonsense"', ["parts", "'nonsense'", "不是比率指标；可选：", "reply_on_time_rate"]),
        ('"accept_on_time_rate"', '"open_petitions"', ["'open_petitions'", "不是比率指标"]),
        ('metric = "evaluation_rate"', 'metric = "nonsense"', ["'nonsense'", "可选：", "evaluation_rate"]),
        ("floor = 0.90\ntarget = 1.0", "floor = 1.0\ntarget = 0.90", ["accept_on_time_rate", "方向不对", "1.0", "0.9"]),
        ('"accept_on_time_rate"', '"repeat_share"', ["repeat_share", "方向不对", "越低越好的相反"]),
    ],
)
def test_parts_that_read_the_wrong_metric(old: str, new: str, said: list[str], folder: Path) -> None:
    (folder / "balanced.toml").write_text(_changed(old, new), encoding="utf-8")
    _assert_refused(scheme("balanced"), ["balanced.toml", *said])


def test_a_veto_on_an_unknown_metric(folder: Path) -> None:
    veto = '\n[[veto]]\nmetric = "nonsense"\nthreshold = 1\neffect = "flag"\n'
    (folder / "balanced.toml").write_text(_BALANCED + veto, encoding="utf-8")
    _assert_refused(scheme("balanced"), ["balanced.toml", "veto", "'nonsense'", "可选：", "orders_overdue"])


def test_a_neutral_metric_is_read_as_more_is_better(folder: Path) -> None:
    (folder / "balanced.toml").write_text(_changed('"accept_on_time_rate"', '"web_share"'), encoding="utf-8")
    check_metrics(scheme("balanced"), metrics())


def _assert_refused(chosen: Scheme, said: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        check_metrics(chosen, metrics())
    for words in said:
        assert words in str(caught.value)
