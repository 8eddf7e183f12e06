"""Assessment schemes: those that the project brings, and what is said of one that cannot be used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_access import settings
from data_access.settings import SettingsError
from metrics.assessment import under
from metrics.core.model import Count, Metric, Population, Ratio, Score, Stock, Total
from metrics.core.scheme import (
    CONTEXT_CAUTION,
    CONTEXT_METRICS,
    Scheme,
    check_metrics,
    refuse,
    scheme,
    scheme_in_force,
    schemes,
)
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


@pytest.mark.parametrize("name", ["zhuzhou", "zhongxiang", "peace_index"])
def test_what_no_source_gives_says_that_it_is_an_example(name: str) -> None:
    chosen = scheme(name)
    assert chosen.example
    assert "示例" in chosen.label
    assert "示例" in chosen.source


def test_zhuzhou_and_zhongxiang() -> None:
    zhuzhou, zhongxiang = scheme("zhuzhou"), scheme("zhongxiang")
    assert (zhuzhou.base, zhuzhou.parts, zhuzhou.period, zhuzhou.ledger.deducted) == (100, (), "month", True)
    assert zhuzhou.reads == ("deduction_points",)
    assert (zhongxiang.period, len(zhongxiang.parts), len(zhongxiang.negative)) == ("quarter", 5, 2)
    assert {rule.effect for rule in zhongxiang.veto} == {"cap", "flag"}
    assert [scheme(name).caution for name in ("balanced", "zhuzhou", "peace_index")] == [None] * 3
    assert zhongxiang.caution == CONTEXT_CAUTION, "it flags visits to the capital"


# --- the caution -------------------------------------------------------------------------------------------------------


def _totals(metric: Metric) -> list[Total]:
    kind = metric.kind
    if isinstance(kind, Score):
        return []
    parts = list(kind.numerator) if isinstance(kind, Ratio) else [kind.total if isinstance(kind, Count) else kind]
    return [part.entered if isinstance(part, Stock) else part for part in parts]


def _counts_petitions(metric: Metric) -> bool:
    """Whether more people who petition, or who go over a level, move it: not so a share of them by kind."""
    registered = [total for total in _totals(metric) if total.fact.name == "petition_registered"]
    share = isinstance(metric.kind, Ratio) and not isinstance(metric.kind.denominator, Population)
    where_they_go = any({"over_level", "received_level"} & total.where_dimensions for total in registered)
    return bool(registered) and (where_they_go or not share)


def test_every_metric_of_volume_and_over_level_visits_is_known_as_such() -> None:
    assert {key for key, metric in metrics().items() if _counts_petitions(metric)} == CONTEXT_METRICS


def test_a_scheme_that_scores_them_carries_its_caution_whoever_writes_it(folder: Path) -> None:
    part = """
[[parts]]
label = "越级走访"
metric = "over_level_share"
weight = 0.3
floor = 0.2
target = 0.0
"""
    (folder / "balanced.toml").write_text(_BALANCED + part, encoding="utf-8")
    chosen = scheme("balanced")
    check_metrics(chosen, metrics())
    assert chosen.caution == CONTEXT_CAUTION
    assert "2013年停止" in CONTEXT_CAUTION
    # The metric that goes by the scheme says it too, in the catalogue and on the page.
    assert under(metrics()["assessment_score"], chosen).caution.startswith(CONTEXT_CAUTION)


# --- the scheme in force -----------------------------------------------------------------------------------------------


def test_balanced_is_in_force_without_a_file(folder: Path) -> None:
    assert not (folder.parent / "assessment.toml").exists()
    assert scheme_in_force().name == "balanced"


def test_another_scheme_in_force(folder: Path) -> None:
    (folder.parent / "assessment.toml").write_text('scheme = "zhuzhou"', encoding="utf-8")
    chosen = scheme_in_force()
    metric = under(metrics()["assessment_score"], chosen)
    assert isinstance(metric.kind, Score)
    assert (chosen.name, metric.kind.scheme, metric.example) == ("zhuzhou", "zhuzhou", None)
    assert metric.definition == "株洲（示例）方案：起始100分，减台账已定扣分（至多100分），0–100分。"
    assert "zhuzhou.toml" in metric.source


@pytest.mark.parametrize(
    ("written", "said"),
    [('scheme = "nowhere"', "没有考核方案 nowhere；现有："), ('skeme = "balanced"', "assessment.toml 有误：skeme")],
)
def test_a_scheme_in_force_that_is_none(written: str, said: str, folder: Path) -> None:
    (folder.parent / "assessment.toml").write_text(written, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        scheme_in_force()


def test_a_scheme_in_one_sentence() -> None:
    assert scheme("zhongxiang").definition == (
        "钟祥4+1（示例）方案：按期答复25%、调解成功20%、积案化解20%、领导包案15%、群众满意20%加权，100分，"
        "减负面清单（督办超期未销号、信访件超期未答复），0–100分；"
        "否决规则：督办超期10件以上，封顶59分、有进京走访，是否适用一票否决由会议研究。"
    )


# --- what-if -----------------------------------------------------------------------------------------------------------


def test_weights_changed_by_the_viewer() -> None:
    tried = scheme("balanced").with_weights({"按期受理": 0.5, "调解成功": 0})
    assert [(part.label, part.weight) for part in tried.parts] == [
        ("按期受理", 0.5),
        ("按期答复", 0.20),
        ("满意×参评", 0.15),
        ("积案化解", 0.15),
        ("督办按期", 0.10),
    ]


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"按期": 0.5, "按期受理": 1.2, "调解成功": float("nan")}, ["没有考核项 按期；可选：按期受理", "1.2", "nan"]),
        (dict.fromkeys(("按期受理", "按期答复", "满意×参评", "调解成功", "积案化解", "督办按期"), 0), ["至少要有一项"]),
    ],
)
def test_weights_that_cannot_be(weights: dict[str, float], said: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        scheme("balanced").with_weights(weights)
    for words in said:
        assert words in str(caught.value)


# --- faults ------------------------------------------------------------------------------------------------------------


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
        ("floor = 0.90", 'floor = 0.90\ncurve = "square"', ["parts.0.curve", "只能是 'linear'"]),
        ("floor = 0.90", "floor = nan", ["parts.0.floor"]),
        ("minimum_n = 15", "base = 100", ["parts 与 base", "只能有一种"]),
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


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            'metric = "orders_on_time_rate"',
            ["negative", "'orders_on_time_rate' 不是越低越好的数量指标", "orders_overdue"],
        ),
        ('metric = "deduction_points"', ["negative", "'deduction_points'"]),
        ('metric = "backlog_cleared"', ["negative", "'backlog_cleared'"]),
    ],
)
def test_a_negative_list_of_what_cannot_be_counted_off(more: str, said: list[str], folder: Path) -> None:
    item = f'\n[[negative]]\nlabel = "x"\n{more}\npoints = 1\ncap = 5\n'
    (folder / "balanced.toml").write_text(_BALANCED + item, encoding="utf-8")
    _assert_refused(scheme("balanced"), said)


@pytest.mark.parametrize(
    ("metric", "when", "fine"),
    [
        ("reply_on_time_rate", "at_least", False),
        ("reply_on_time_rate", "at_most", True),
        ("orders_overdue", "at_most", False),
        ("open_petitions", "at_most", True),
        ("open_petitions", "at_least", True),
        ("assessment_score", "at_most", False),
        ("deduction_points", "at_least", False),
    ],
)
def test_a_veto_the_wrong_way_round(metric: str, when: str, fine: bool, folder: Path) -> None:
    veto = f'\n[[veto]]\nmetric = "{metric}"\nthreshold = 1\neffect = "flag"\nwhen = "{when}"\n'
    (folder / "balanced.toml").write_text(_BALANCED + veto, encoding="utf-8")
    if fine:
        check_metrics(scheme("balanced"), metrics())
    else:
        _assert_refused(scheme("balanced"), ["balanced.toml", "veto", metric])


def test_a_start_value_that_nothing_lowers(folder: Path) -> None:
    text = (folder / "zhuzhou.toml").read_text(encoding="utf-8").replace("deducted = true", "deducted = false")
    (folder / "zhuzhou.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"zhuzhou\.toml 有误：base：只有起始分的方案须扣台账"):
        schemes()


def test_all_faults_of_all_files_at_once(folder: Path) -> None:
    """Wrong fields, parts that do not fit, metrics that do not exist, in two files, and one that is no TOML."""
    text = _changed("minimum_n = 15", 'minimum_n = "many"')
    text = text.replace("weight = 0.15", "weight = 1.5", 1).replace("floor = 0.85\n", "floor = 1.0\n")
    text = text.replace('label = "积案化解"', 'label = "调解成功"').replace('"orders_on_time_rate"', '"nonsense"')
    text = text.replace("floor = 0.60\ntarget = 0.98", "floor = 0.98\ntarget = 0.60").replace('"balanced"', '"even"')
    (folder / "balanced.toml").write_text(f'{text}\n[[veto]]\nmetric = "neither"\n', encoding="utf-8")
    peace = (folder / "peace_index.toml").read_text(encoding="utf-8").replace('"repeat_share"', '"petition_volume"')
    (folder / "peace_index.toml").write_text(peace, encoding="utf-8")
    (folder / "broken.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        refuse(metrics())
    said = str(caught.value).splitlines()
    assert [line.split(" ")[0] for line in said] == ["balanced.toml", "读不懂", "peace_index.toml"]
    for words in (
        "minimum_n",
        "parts.0.weight",
        "parts.1：floor 与 target 不能相同",
        "label 重复：调解成功",
        "'nonsense' 不是比率指标",
        "mediation_success_rate 的 floor 0.98 与 target 0.6 方向不对",
        "name 是 'even'",
        "veto.0.threshold",
        "veto.0.effect",
        "'neither'",
    ):
        assert words in said[0], words
    assert "'petition_volume' 不是比率指标" in said[2]


@pytest.mark.parametrize("odd", ["parts = 3", 'parts = ["x"]', "parts = [{ metric = 3 }]", "veto = {}", 'base = "x"'])
def test_what_is_no_table_is_said_and_does_not_stumble(odd: str, folder: Path) -> None:
    head = _BALANCED[: _BALANCED.index("# floor:")]
    (folder / "balanced.toml").write_text(f"{head}\n{odd}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"balanced\.toml 有误：.*{odd.split(' ')[0]}"):
        refuse(metrics())


def _assert_refused(chosen: Scheme, said: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        check_metrics(chosen, metrics())
    for words in said:
        assert words in str(caught.value)
