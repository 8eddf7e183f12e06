"""The step flow: what its boxes say of one cohort, young and old, in all five states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboard.look import STATE_LABELS, State
from dashboard.panels.flow import Cohort, mediation_finding, mediation_steps, petition_finding, petition_steps
from dashboard.views import flow
from dashboard.views.flow import Segment, Step
from metrics.cohorts import Open

OLD = {
    "petition_volume": 1750,
    "cohort_accepted": 1746,
    "cohort_accepted_on_time": 1726,
    "cohort_accepted_late": 20,
    "cohort_to_reply": 1145,
    "cohort_replied": 1137,
    "cohort_replied_on_time": 1090,
    "cohort_replied_late": 37,
    "cohort_evaluable": 939,
    "cohort_evaluated": 428,
    "cohort_satisfied": 391,
}
YOUNG = OLD | {
    "cohort_accepted": 1400,
    "cohort_accepted_on_time": 1399,
    "cohort_accepted_late": 1,
    "cohort_replied": 120,
    "cohort_replied_on_time": 120,
    "cohort_replied_late": 0,
    "cohort_evaluable": 110,
    "cohort_evaluated": 7,
    "cohort_satisfied": 7,
}
MEDIATIONS = {
    "mediation_accepted": 100,
    "cohort_concluded": 90,
    "cohort_succeeded": 80,
    "cohort_performance_due": 50,
    "cohort_performed": 40,
    "cohort_performed_on_time": 30,
    "cohort_confirmed": 8,
}
NONE_OPEN, EVIL = Open(0, 0, 0), "<script>alert(1)</script>"


def petitions(counts: dict[str, int], state: State = "ok") -> Cohort:
    return Cohort(counts, state, "petition_volume")


def mediations(counts: dict[str, int], state: State = "ok") -> Cohort:
    return Cohort(counts, state, "mediation_accepted")


def drawn(steps: list[Step]) -> dict[str, dict[str, Any]]:
    payload = flow.payload(steps)
    json.dumps(payload)
    return {step["key"]: step for step in payload["steps"]}


def test_on_time_is_a_share_of_what_has_a_result() -> None:
    steps = drawn(petition_steps(petitions(OLD), Open(0, 4, 0), Open(3, 5, 0)))
    (accepted,), (replied,) = steps["accepted"]["rates"], steps["replied"]["rates"]
    # 1726 in time, 20 late, 4 open and overdue; what is not due yet is in neither.
    assert (accepted["parts"], accepted["value"]) == ("1,726/1,750", "98.6%")
    assert (replied["parts"], replied["value"]) == ("1,090/1,132", "96.3%")
    assert steps["replied"]["base"] == "应答复 1,145"
    assert steps["replied"]["of_first"]["value"] == "65.0%"


@pytest.mark.parametrize("counts", [OLD, YOUNG])
def test_the_parts_of_a_bar_fill_its_whole_length(counts: dict[str, int]) -> None:
    unaccepted = Open(counts["petition_volume"] - counts["cohort_accepted"], 0, 0)
    unanswered = Open(counts["cohort_to_reply"] - counts["cohort_replied"] - 2, 1, 1)
    for step in petition_steps(petitions(counts), unaccepted, unanswered):
        assert sum(part.count for part in step.segments) == step.base, step.key
    for step in mediation_steps(mediations(MEDIATIONS), Open(6, 3, 1)):
        assert sum(part.count for part in step.segments) == step.base, step.key


def test_what_was_done_without_a_limit_is_neither_in_time_nor_late() -> None:
    steps = petition_steps(petitions(OLD), NONE_OPEN, NONE_OPEN)
    replied = {part.label: (part.kind, part.count) for part in steps[2].segments if part.count}
    assert replied == {"按期": ("done", 1090), "无期限已办": ("rest", 10), "逾期": ("late", 37)}


def test_a_young_cohort_is_unfinished_not_bad() -> None:
    waiting = Open(800, 0, 225)
    steps = petition_steps(petitions(YOUNG), Open(350, 0, 0), waiting)
    said = petition_finding("2026年11月", petitions(YOUNG), waiting)
    assert said == "2026年11月登记 1,750 件：已受理 80.0%，800 件未到答复期限、225 件期限未定，答复情况尚不能判断"
    kinds = {part.kind for part in steps[2].segments if part.count}
    assert kinds == {"done", "open"}, "nothing of it is drawn as late"
    assert "样本不足" in flow.alt(steps), "seven evaluations are too few"


def test_an_old_cohort_says_what_is_overdue() -> None:
    said = petition_finding("2026年7月", petitions(OLD), Open(0, 8, 0))
    assert said == "2026年7月登记 1,750 件：已受理 99.8%，应答复的已答复 99.3%，超期未答复 8 件"
    assert "超期" not in petition_finding("2026年7月", petitions(OLD), NONE_OPEN)


def test_a_cohort_without_the_petition_procedure() -> None:
    counts = dict.fromkeys(OLD, 0) | {"petition_volume": 9, "cohort_accepted": 9}
    assert petition_finding("本期", petitions(counts), NONE_OPEN).endswith("没有适用信访程序的件")
    steps = drawn(petition_steps(petitions(counts), NONE_OPEN, NONE_OPEN))
    assert steps["replied"]["rates"][0]["value"] == STATE_LABELS["undefined"]
    assert steps["accepted"]["rates"][0]["value"] == STATE_LABELS["undefined"], "nothing had a limit"


def test_the_mediation_flow() -> None:
    steps = drawn(mediation_steps(mediations(MEDIATIONS), Open(6, 3, 1)))
    assert list(steps) == ["accepted", "concluded", "succeeded", "performed", "confirmed"]
    assert steps["succeeded"]["rates"][0]["parts"] == "80/90"
    assert steps["succeeded"]["of_first"]["parts"] == "80/100"
    # 30 in time of 40 performed and 3 overdue.
    assert steps["performed"]["rates"][0]["parts"] == "30/43"
    assert mediation_finding("本月", mediations(MEDIATIONS)) == "本月受理 100 件：已办结 90.0%，调成 80.0%（占受理）"
    young = MEDIATIONS | {"cohort_concluded": 40, "cohort_succeeded": 39}
    assert mediation_finding("本月", mediations(young)).endswith("多数仍在调解")


@pytest.mark.parametrize("state", ["undefined", "suppressed", "small_n", "not_measured"])
def test_a_state_hides_every_figure(state: State) -> None:
    steps = drawn(petition_steps(petitions(OLD, state), Open(1, 2, 3), Open(4, 5, 6)))
    for step in steps.values():
        assert step["hidden"]
        assert step["value"] == STATE_LABELS[state]
        assert (step["rates"], step["segments"], step["of_first"], step["base"]) == ([], [], None, "")
        assert not any(letter.isdigit() for letter in step["alt"])
    assert petition_finding("本期", petitions(OLD, state), NONE_OPEN) == "登记、受理、答复、评价"


def test_nothing_registered_says_so() -> None:
    nothing = dict.fromkeys(OLD, 0)
    payload = flow.payload(petition_steps(petitions(nothing), NONE_OPEN, NONE_OPEN), empty="没有登记的信访件")
    assert payload["steps"] == []
    assert payload["label"] == payload["empty"] == "没有登记的信访件"


def test_only_steps_whose_metric_the_page_has_are_clickable() -> None:
    steps = petition_steps(petitions(OLD), NONE_OPEN, NONE_OPEN, frozenset({"reply_on_time_rate"}))
    assert [step.key for step in steps if step.open] == ["replied"]


def test_names_travel_as_plain_values() -> None:
    payload = flow.payload([Step("a", EVIL, 3, 3, segments=[Segment("done", 3, EVIL)])])
    assert payload["steps"][0]["label"] == payload["steps"][0]["segments"][0]["label"] == EVIL
