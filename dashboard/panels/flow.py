"""One cohort from step to step: petitions 登记→受理→答复→评价, mediations 受理→办结→成功→履行→确认."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from dashboard import bar, steps
from dashboard.address import Switch
from dashboard.look import State, count
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel
from dashboard.span import Span
from dashboard.views import flow
from dashboard.views.flow import Rate, Segment, Step
from data_access.settings import thresholds
from metrics.cohorts import Open, still_open
from metrics.core.period import DAY, Period
from metrics.core.query import Query
from metrics.registry import metrics

#: Which cohort the petition flow follows; a page offers the choice by having it among its switches.
COHORT = Switch("cohort", "登记队列", {"period": "所选期间登记", "mature": "最近已满期"})
#: Sixty days to answer, thirty more at most (《信访工作条例》第三十四条): after that a cohort has had its time.
_MATURE_DAYS = 90
_SO_FAR = "本批为同一批登记的件，截至快照；本批按期率的分母为已有结果的（已办的和已超期的），上方各率按期内到期的计，两者不必相同"
#: From which share of open, not yet due rows on a step cannot be judged yet.
_IMMATURE = 0.5
_PETITIONS = (
    "petition_volume",
    "cohort_accepted",
    "cohort_accepted_on_time",
    "cohort_accepted_late",
    "cohort_unaccepted",
    "cohort_to_reply",
    "cohort_replied",
    "cohort_replied_on_time",
    "cohort_replied_late",
    "cohort_unanswered",
    "cohort_evaluable",
    "cohort_evaluated",
    "cohort_satisfied",
)
_MEDIATIONS = (
    "mediation_accepted",
    "cohort_concluded",
    "cohort_succeeded",
    "cohort_performance_due",
    "cohort_performed",
    "cohort_performed_on_time",
    "cohort_unperformed",
    "cohort_confirmed",
)
#: Which metric a step of the petition flow leads to, where the page has it.
_LEADS_TO = {"accepted": "accept_on_time_rate", "replied": "reply_on_time_rate", "evaluated": "satisfaction_rate"}


@dataclass(frozen=True)
class Cohort:
    """The counts of one cohort by metric key, and the state they share."""

    counts: Mapping[str, int]
    state: State
    first: str

    def __getitem__(self, key: str) -> int:
        return self.counts[key]

    def of_first(self, key: str) -> Rate:
        """The share of the first step."""
        return flow.rate("占登记" if self.first == "petition_volume" else "占受理", self[key], self[self.first])


def petition_flow(page: Page) -> None:
    """登记→受理→答复→评价 over the petitions registered in the period, or over the last cohort that has had its time."""
    span, period = _cohort_span(page)
    query = Query(_PETITIONS, page.region.code, page.region.level, period)
    cohort = _counted(page, query)
    unaccepted, unanswered = (_open(page, key, query) for key in ("cohort_unaccepted", "cohort_unanswered"))
    boxes = petition_steps(cohort, unaccepted, unanswered, frozenset(page.spec.metrics))
    label = bar.span_label(page) if span == page.selection.span else span.label
    finding = petition_finding(label, cohort, unanswered)
    metric = metrics()["petition_volume"]
    with panel("flow", finding, f"{page.region.name} · 同一批登记件走到哪一步{narrowed(page, metric)}", metric):
        _cohort_control(page)
        drawn = flow.payload(boxes, empty=f"{label}没有登记的信访件，换一个期间或取消筛选再看。", foot=_SO_FAR)
        clicked = flow.show(drawn, key="flow")
    if clicked is not None:
        page.show(replace(page.selection, metric=_LEADS_TO[clicked]))


def mediation_flow(page: Page) -> None:
    """受理→办结→成功→履行→确认 over the mediations accepted in the period."""
    query = Query(_MEDIATIONS, page.region.code, page.region.level, page.period)
    cohort = _counted(page, query)
    boxes = mediation_steps(cohort, _open(page, "cohort_unperformed", query))
    metric, label = metrics()["mediation_accepted"], bar.span_label(page)
    detail = f"{page.region.name} · 同一批受理件走到哪一步{narrowed(page, metric)}"
    with panel("flow", mediation_finding(label, cohort), detail, metric):
        drawn = flow.payload(
            boxes,
            empty=f"{label}没有受理的调解件，换一个期间或取消筛选再看。",
            foot="本批为期内受理的同一批件，截至快照；本批按期履行率的分母为已履行的和已超期的",
        )
        flow.show(drawn, key="flow")


# What the boxes say -----------------------------------------------------------------------------------------------------


def petition_steps(
    cohort: Cohort, unaccepted: Open, unanswered: Open, leads: frozenset[str] = frozenset()
) -> list[Step]:
    """The four boxes. ``leads``: the metrics to which a click on a step may lead."""
    registered, to_reply, evaluable = (
        cohort[key] for key in ("petition_volume", "cohort_to_reply", "cohort_evaluable")
    )
    evaluated, satisfied = cohort["cohort_evaluated"], cohort["cohort_satisfied"]
    return [
        Step(
            "registered",
            "登记",
            registered,
            registered,
            segments=[
                Segment("done", to_reply, "信访程序"),
                Segment("rest", registered - to_reply, "其他程序"),
            ],
            rates=[_rate("适用信访程序", to_reply, registered)],
            state=cohort.state,
        ),
        Step(
            "accepted",
            "受理",
            cohort["cohort_accepted"],
            registered,
            "应受理",
            cohort.of_first("cohort_accepted"),
            _segments(cohort, "cohort_accepted", unaccepted),
            [_on_time("本批按期受理率", cohort, "cohort_accepted", unaccepted)],
            cohort.state,
            _LEADS_TO["accepted"] in leads,
        ),
        Step(
            "replied",
            "答复",
            cohort["cohort_replied"],
            to_reply,
            "应答复",
            cohort.of_first("cohort_replied"),
            _segments(cohort, "cohort_replied", unanswered),
            [_on_time("本批按期答复率", cohort, "cohort_replied", unanswered)],
            cohort.state,
            _LEADS_TO["replied"] in leads,
        ),
        Step(
            "evaluated",
            "评价",
            evaluated,
            evaluable,
            "可评价",
            cohort.of_first("cohort_evaluated"),
            [
                Segment("done", satisfied, "满意"),
                Segment("late", evaluated - satisfied, "不满意"),
                Segment("open", evaluable - evaluated, "未评价"),
            ],
            [_rate("本批参评率", evaluated, evaluable), _rate("本批满意率", satisfied, evaluated)],
            cohort.state,
            _LEADS_TO["evaluated"] in leads,
        ),
    ]


def mediation_steps(cohort: Cohort, unperformed: Open) -> list[Step]:
    """The five boxes."""
    accepted, concluded, succeeded = (
        cohort[key] for key in ("mediation_accepted", "cohort_concluded", "cohort_succeeded")
    )
    performed, on_time = cohort["cohort_performed"], cohort["cohort_performed_on_time"]
    due, confirmed = cohort["cohort_performance_due"], cohort["cohort_confirmed"]
    return [
        Step("accepted", "受理", accepted, accepted, segments=[Segment("done", accepted)], state=cohort.state),
        Step(
            "concluded",
            "办结",
            concluded,
            accepted,
            "受理",
            None,
            [Segment("done", concluded), Segment("open", accepted - concluded, "在调")],
            [_rate("本批办结率", concluded, accepted)],
            cohort.state,
        ),
        Step(
            "succeeded",
            "成功",
            succeeded,
            concluded,
            "办结",
            cohort.of_first("cohort_succeeded"),
            [Segment("done", succeeded), Segment("rest", concluded - succeeded, "不成或终止")],
            [_rate("本批成功率", succeeded, concluded)],
            cohort.state,
        ),
        Step(
            "performed",
            "履行",
            performed,
            due,
            "约定履行",
            cohort.of_first("cohort_performed"),
            [
                Segment("done", on_time, "按期"),
                Segment("late", performed - on_time, "逾期"),
                *_open_segments(unperformed),
            ],
            [_rate("本批按期履行率", on_time, performed + unperformed.overdue)],
            cohort.state,
        ),
        Step(
            "confirmed",
            "司法确认",
            confirmed,
            succeeded,
            "成功",
            cohort.of_first("cohort_confirmed"),
            [Segment("done", confirmed), Segment("rest", succeeded - confirmed, "未确认")],
            [_rate("本批确认率", confirmed, succeeded)],
            cohort.state,
        ),
    ]


def petition_finding(label: str, cohort: Cohort, unanswered: Open) -> str:
    """What the flow shows, as far as a rule can say it."""
    registered, to_reply, replied = (cohort[key] for key in ("petition_volume", "cohort_to_reply", "cohort_replied"))
    if cohort.state != "ok" or not registered:
        return "登记、受理、答复、评价"
    waiting = unanswered.not_due + unanswered.undated
    said = f"{label}登记 {count(registered)} 件：已受理 {flow.percent(cohort['cohort_accepted'] / registered)}"
    if to_reply and waiting / to_reply >= _IMMATURE:
        undated = f"、{count(unanswered.undated)} 件期限未定" if unanswered.undated else ""
        return f"{said}，{count(unanswered.not_due)} 件未到答复期限{undated}，答复情况尚不能判断"
    if not to_reply:
        return f"{said}，没有适用信访程序的件"
    overdue = f"，超期未答复 {count(unanswered.overdue)} 件" if unanswered.overdue else ""
    return f"{said}，应答复的已答复 {flow.percent(replied / to_reply)}{overdue}"


def mediation_finding(label: str, cohort: Cohort) -> str:
    """As ``petition_finding``."""
    accepted, concluded = cohort["mediation_accepted"], cohort["cohort_concluded"]
    if cohort.state != "ok" or not accepted:
        return "受理、办结、成功、履行、确认"
    said = f"{label}受理 {count(accepted)} 件：已办结 {flow.percent(concluded / accepted)}"
    if (accepted - concluded) / accepted >= _IMMATURE:
        return f"{said}，多数仍在调解"
    return f"{said}，调成 {flow.percent(cohort['cohort_succeeded'] / accepted)}（占受理）"


def _segments(cohort: Cohort, key: str, waiting: Open) -> list[Segment]:
    on_time, late = cohort[f"{key}_on_time"], cohort[f"{key}_late"]
    return [
        Segment("done", on_time, "按期"),
        # Done without a limit: neither in time nor late.
        Segment("rest", cohort[key] - on_time - late, "无期限已办"),
        Segment("late", late, "逾期"),
        *_open_segments(waiting),
    ]


def _open_segments(waiting: Open) -> list[Segment]:
    return [
        Segment("overdue", waiting.overdue, "超期"),
        Segment("open", waiting.not_due, "未到期"),
        Segment("open", waiting.undated, "未定"),
    ]


def _on_time(label: str, cohort: Cohort, key: str, waiting: Open) -> Rate:
    """In time among those whose outcome is known: done with a limit, or open beyond it."""
    on_time, late = cohort[f"{key}_on_time"], cohort[f"{key}_late"]
    return _rate(label, on_time, on_time + late + waiting.overdue)


def _rate(label: str, numerator: int, denominator: int) -> Rate:
    return flow.rate(label, numerator, denominator, thresholds().minimum_denominator)


# Where the counts come from ---------------------------------------------------------------------------------------------


def _counted(page: Page, query: Query) -> Cohort:
    rows = page.ask(query).select("metric", "numerator", "state").rows()
    doubtful = [state for _, _, state in rows if state != "ok"]
    return Cohort({key: number or 0 for key, number, _ in rows}, doubtful[0] if doubtful else "ok", query.metrics[0])


def _open(page: Page, key: str, query: Query) -> Open:
    metric = metrics()[key]
    asked = replace(query, where=page.where(metric))
    return still_open(metric, asked, page.business_date, page.snapshot, page.scope)


def _cohort_span(page: Page) -> tuple[Span, Period]:
    """The span of the cohort and its days up to the business date."""
    span = page.selection.span
    if page.switch(COHORT) == COHORT.default:
        return span, page.period
    while span.whole.last + _MATURE_DAYS * DAY >= page.business_date:
        span = span.previous()
    return span, span.whole


def _cohort_control(page: Page) -> None:
    if COHORT not in page.spec.switches:
        return
    key = "yp-cohort"
    st.session_state[key] = page.switch(COHORT)

    def chosen() -> None:
        steps.write(page.selection.switched(COHORT, st.session_state[key] or COHORT.default), page.default)

    st.segmented_control(
        COHORT.label,
        list(COHORT.choices),
        format_func=COHORT.choices.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
    )
