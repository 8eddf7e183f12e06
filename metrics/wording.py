"""Chinese words for what a declaration names in Latin: facts, measures, conditions, tables, columns and codes.

The catalogue's page writes formulas and worked examples with them; `docs/metrics.md` and `yanpan metrics` keep the names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from data_access.settings import thresholds
from metrics.core.model import Count, Metric, Population, Ratio, Stock, Total
from metrics.labels import CODE_LABELS, DIMENSION_LABELS, EMPTY

#: Fact → measure → what it counts.
MEASURE_WORDS: Mapping[str, Mapping[str, str]] = {
    "petition_registered": {
        "items": "登记件次",
        "persons": "登记人次",
        "accepted": "其中已受理",
        "accepted_on_time": "其中按期受理",
        "accepted_late": "其中逾期受理",
        "replied": "其中已答复",
        "replied_on_time": "其中按期答复",
        "replied_late": "其中逾期答复",
        "evaluable": "其中已答复且可评价",
        "evaluated": "其中已评价",
        "satisfied": "其中满意和基本满意",
    },
    "petition_unaccepted": {"items": "登记件中尚未受理"},
    "petition_unanswered": {"items": "登记件中尚未答复"},
    "petition_accept_due": {"due": "受理告知到期件", "on_time": "按期受理告知件"},
    "petition_reply_due": {"due": "答复到期件", "on_time": "按期答复件"},
    "petition_replied": {
        "items": "已答复件",
        "days": "答复天数之和",
        "days_squared": "答复天数的平方和",
        "evaluable": "可评价件",
        "evaluated": "已评价件",
    },
    "petition_evaluated": {"evaluated": "评价件", "satisfied": "满意和基本满意件"},
    "petition_open": {"entered": "登记", "left": "已答复"},
    "petition_overdue": {"entered": "超过答复期限", "left": "其后已答复"},
    "petition_due_in_3": {"entered": "进入到期前三日", "left": "已答复或已到期"},
    "petition_due_in_7": {"entered": "进入到期前七日", "left": "已答复或已到期"},
    "mediation_accepted": {
        "items": "调解受理件",
        "performance_due": "其中约定履行期限",
        "performed": "其中已履行",
        "performed_on_time": "其中按期履行",
        "confirmed": "其中已司法确认",
    },
    "mediation_unperformed": {"items": "受理件中约定履行而尚未履行"},
    "mediation_concluded": {
        "items": "调解办结件",
        "days": "调解天数之和",
        "days_squared": "调解天数的平方和",
        "confirmed": "司法确认件",
        "amount_yuan": "涉及金额（元）",
        "subsidy_yuan": "补助金额（元）",
    },
    "mediation_performance_due": {"due": "履行到期件", "on_time": "按期履行件"},
    "order_issued": {"items": "下发督办"},
    "order_closed": {"items": "销号督办"},
    "order_due": {"due": "到期督办", "on_time": "按期销号督办"},
    "order_open": {"entered": "下发督办", "left": "已销号"},
    "order_overdue": {"entered": "超过办理期限", "left": "其后已销号"},
    "order_due_in_3": {"entered": "进入到期前三日", "left": "已销号或已到期"},
    "backlog_open": {"entered": "交办积案", "left": "已化解"},
    "backlog_over_5y": {"entered": "满五年仍未化解", "left": "其后已化解"},
    "backlog_cleared": {"items": "化解积案"},
    "backlog_progress": {"assigned": "交办积案", "resolved": "交办后已化解"},
    "risk_open": {"entered": "列入问题", "left": "已销号"},
    "risk_closed": {"items": "销号问题"},
    "deduction_final": {"hundredths": "已定扣分（百分之一分）"},
    "dispute_inflow": {"items": "流入件数"},
    "village_status": {
        "villages": "村(社区)月数",
        "all_three": "三项全无的村月",
        "no_case": "无案件的村月",
        "no_accident": "无事故的村月",
        "no_petition": "无上访的村月",
    },
    "feed_receipt": {"records": "送达条数"},
}
#: The facts of events, as a list of changes or of rows without a place calls them.
FACT_LABELS: Mapping[str, str] = {
    "petition_registered": "信访登记",
    "petition_replied": "信访答复",
    "petition_evaluated": "群众评价",
    "mediation_accepted": "调解受理",
    "mediation_concluded": "调解办结",
    "order_issued": "督办下发",
    "order_closed": "督办销号",
    "backlog_cleared": "积案化解",
    "risk_closed": "矛盾销号",
    "deduction_final": "考核扣分",
    "dispute_inflow": "警情与收案",
    "village_status": "三无月报",
    "feed_receipt": "数据汇聚",
}
TABLE_LABELS: Mapping[str, str] = {
    "region": "区划",
    "organ": "单位",
    "petition": "信访件",
    "category": "内容分类",
    "mediation": "调解案件",
    "supervision_order": "督办单",
    "backlog_case": "积案",
    "risk_issue": "矛盾问题",
    "deduction": "扣分台账",
    "dispute_inflow": "警情与收案",
    "village_status": "村(社区)月报",
    "feed_receipt": "数据汇聚",
}
COLUMN_LABELS: Mapping[str, str] = {
    **DIMENSION_LABELS,
    "times": "行数",
    "region_code": "区划",
    "name": "名称",
    "level": "层级",
    "parent_code": "上级",
    "peer_group": "同类组",
    "population": "常住人口",
    "registered_at": "登记时间",
    "handling_level": "有权处理层级",
    "persons": "人数",
    "repeat_no": "第几次",
    "accept_due_on": "受理期限",
    "accepted_on": "受理日期",
    "reply_due_on": "答复期限",
    "replied_on": "答复日期",
    "evaluable": "可评价",
    "evaluation": "评价",
    "evaluated_on": "评价日期",
    "accepted_at": "受理时间",
    "concluded_on": "办结日期",
    "performance_due_on": "履行期限",
    "performed_on": "履行日期",
    "confirmed_on": "司法确认日期",
    "households": "户数",
    "amount_yuan": "涉及金额",
    "subsidy_yuan": "补助金额",
    "issued_on": "下发日期",
    "due_on": "办理期限",
    "closed_on": "销号日期",
    "arisen_on": "发生日期",
    "assigned_on": "交办日期",
    "resolved_on": "化解日期",
    "opened_on": "列入日期",
    "month": "月份",
    "day": "日期",
    "points": "分值",
    "status": "状态",
    "items": "件数",
    "records": "条数",
    "no_case": "无案件",
    "no_accident": "无事故",
    "no_petition": "无上访",
    "updated_at": "更新时间",
}
#: What a fact's own unit must be divided by to be shown: points are kept as hundredths.
FACT_DIVISORS: Mapping[str, int] = {"deduction_final": 100}
_MORE_CODES: Mapping[str, Mapping[str, str]] = {
    "evaluation": {"very_satisfied": "满意", "satisfied": "基本满意", "dissatisfied": "不满意"},
    "status": {"proposed": "拟扣", "final": "已定", "appealed": "申诉中", "revoked": "已撤销"},
    "handling_level": CODE_LABELS["received_level"],
}
#: Columns of figures and moments, whose content is no code.
_FLAGS = {"true": "是", "false": "否"}


def measure_words(fact: str, measure: str) -> str:
    """What the measure counts. Raises KeyError for one without words: a test walks them all."""
    return MEASURE_WORDS[fact][measure]


def condition_words(total: Total) -> str:
    """The condition of a total in words, ``渠道为来访且市州接收``; empty without one."""
    return "，".join(_clause(clause) for clause in total.condition.split(" 且 ") if clause)


def formula_words(metric: Metric) -> str:
    """How a count, stock or ratio is computed, in words only. Raises TypeError for a score: its scheme says it."""
    kind = metric.kind
    if isinstance(kind, Ratio):
        over = "常住人口" if isinstance(kind.denominator, Population) else _sum_words(kind.denominator)
        scale = f" × {kind.scale:,}" if kind.scale != 1 else ""
        return f"{_sum_words(kind.numerator)} ÷ {over}{scale}"
    if isinstance(kind, Stock):
        return _part_words(kind)
    if isinstance(kind, Count):
        return _part_words(kind.total) + (f" ÷ {kind.divisor}" if kind.divisor != 1 else "")
    raise TypeError(f"{metric.key} is a score")


def total_words(total: Total) -> str:
    """What a total counts, with its condition in brackets."""
    condition = condition_words(total)
    return measure_words(total.fact.name, total.measure) + (f"（{condition}）" if condition else "")


def value_words(column: str, text: str) -> str:
    """A cell of a worked example as a reader says it: codes by their names, everything else as it stands."""
    if text == "-":
        return "空"
    known = {**_MORE_CODES, **CODE_LABELS}.get(column, {})
    return known.get(text, _FLAGS.get(text, text))


def _sum_words(parts: tuple[Total | Stock, ...]) -> str:
    said = [_part_words(part) for part in parts]
    return said[0] if len(said) == 1 else f"（{' + '.join(said)}）"


def _part_words(part: Total | Stock) -> str:
    if isinstance(part, Total):
        return total_words(part)
    left = "" if part.left is None else f" − 累计{total_words(part.left)}"
    return f"累计{total_words(part.entered)}{left}"


def _clause(clause: str) -> str:
    if clause.endswith(" 非空"):
        return f"{_label(clause.removesuffix(' 非空'))}已定"
    if " 属于 " in clause:
        name, codes = clause.split(" 属于 ")
        return f"{_label(name)}为{'或'.join(_code(name, code.strip()) for code in codes.split(','))}"
    found = re.fullmatch(r"(\w+) (=|≠) (\w+)", clause)
    if found is None:
        return clause
    name, sign, code = found.groups()
    special = _special_words().get((name, code)) if sign == "=" else None
    return special or f"{_label(name)}{'为' if sign == '=' else '不为'}{_code(name, code)}"


def _special_words() -> Mapping[tuple[str, str], str]:
    """Conditions that read better as a whole; thresholds are those of the deployment."""
    limits = thresholds()
    return {
        ("over_level", "true"): "越级",
        ("leader_led", "true"): "领导包案",
        ("repeat", "repeat"): "重复",
        ("repeat", "first"): "初次",
        ("grouping", "group"): f"{limits.group_visit_min_persons} 人及以上",
        ("county_group", "true"): f"{limits.group_visit_county_min_persons} 人及以上",
        ("frequent_repeat", "true"): f"第 {limits.frequent_repeat_min} 次及以上",
    }


def _label(name: str) -> str:
    return DIMENSION_LABELS.get(name, name)


def _code(name: str, code: str) -> str:
    return CODE_LABELS.get(name, {}).get(code, code) or EMPTY
