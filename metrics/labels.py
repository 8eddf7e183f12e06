"""Chinese names of dimensions and codes: what filters, break-downs, legends and tables write instead of a key.

A code that no table names stands as it is; null is 未填.
"""

from __future__ import annotations

from collections.abc import Mapping

from data_access.regions import LEVEL_LABELS
from data_access.store import Store

EMPTY = "未填"
DIMENSION_LABELS: Mapping[str, str] = {
    "channel": "渠道",
    "purpose": "信访目的",
    "category": "内容分类",
    "domain": "重点领域",
    "received_level": "接收层级",
    "organ_code": "责任单位",
    "procedure_route": "办理程序",
    "repeat": "初次或重复",
    "grouping": "集体或个体",
    "over_level": "是否越级",
    "committee_kind": "调委会",
    "dispute_type": "纠纷类型",
    "outcome": "调解结果",
    "kind": "督办种类",
    "batch": "交办批次",
    "leader_led": "领导包案",
    "risk_level": "风险等级",
    "managed_level": "清单层级",
    "reason": "扣分事由",
    "assess_group": "考核分组",
    "source": "数据来源",
}
_DOMAINS = {
    "livelihood": "经济民生",
    "mass_finance": "涉众金融",
    "illegal_fundraising": "非法集资",
    "labour": "劳动关系",
    "real_estate": "房地产",
    "demolition": "拆迁安置",
    "medical": "医疗卫生",
    "land": "土地管理",
    "transport": "交通运输",
    "petition_work": "信访领域",
    "sensitive_case": "重大敏感案件",
    "legacy": "历史遗留问题",
    "other": "其他",
}
_LEVELS = {str(level): label for level, label in LEVEL_LABELS.items()}
#: Dimension → code → name, in the order in which a list shows them. Closed lists hold every code of the contract.
CODE_LABELS: Mapping[str, Mapping[str, str]] = {
    "channel": {
        "visit": "来访",
        "web": "网信",
        "letter": "来信",
        "phone": "来电",
        "court_delegated": "诉调（委派）",
        "court_entrusted": "诉调（委托）",
        "petition": "访调",
        "police": "警调",
        "admin": "行调",
        "guided": "上下贯通",
        "direct": "直接受理",
    },
    "purpose": {"appeal": "申诉求决", "suggest": "意见建议", "report": "检举控告", "other": "其他"},
    "domain": _DOMAINS,
    "received_level": _LEVELS,
    "procedure_route": {
        "petition_procedure": "信访程序",
        "litigation": "诉讼",
        "arbitration": "仲裁",
        "party_appeal": "党纪政务申诉",
        "admin_procedure": "行政程序",
        "duty_performance": "履行职责",
    },
    "repeat": {"first": "初次", "repeat": "重复"},
    "grouping": {"group": "集体", "individual": "个体"},
    "over_level": {"true": "越级", "false": "不越级"},
    "committee_kind": {
        "village": "村（社区）调委会",
        "township": "乡镇（街道）调委会",
        "county": "县级调解中心",
        "professional": "行业性专业性调委会",
    },
    "dispute_type": {
        "marriage_family": "婚姻家庭",
        "neighbour": "邻里",
        "land": "山林土地",
        "labour": "劳动争议",
        "traffic": "道路交通",
        "medical": "医疗",
        "property": "物业",
        "contract": "合同",
        "consumer": "消费",
        "damages": "损害赔偿",
        "other": "其他",
    },
    "outcome": {"succeeded": "调解成功", "failed": "调解不成", "terminated": "终止"},
    "kind": {
        "commander": "指挥长令",
        "dispatch": "调度令",
        "supervision": "督办令",
        "prompt": "提示函",
        "warning": "警示函",
        "bulletin": "通报",
        "interview": "约谈",
        "inspection": "督查",
    },
    "leader_led": {"true": "领导包案", "false": "未包案"},
    "risk_level": {"high": "高", "medium": "中", "low": "低"},
    "managed_level": {level: _LEVELS[level] for level in ("2", "3", "4")},
    "reason": {
        "intel_failure": "情报失灵",
        "oversight_failure": "漏管失控",
        "resolution_failure": "化解失责",
        "lookback": "倒查",
        "late": "逾期",
        "data_quality": "数据质量",
        "reward": "加分",
    },
    "assess_group": {"county_group": "县市区组", "dept_group": "市直单位组"},
    "source": {
        "police_call": "矛盾纠纷类警情",
        "civil_filing": "民商事收案",
        "petition_system": "信访系统",
        "hotline_12345": "12345热线",
        "police": "公安",
        "court": "法院",
        "justice": "司法行政",
        "grid": "网格",
    },
}
PEER_GROUP_LABELS: Mapping[str, str] = {"urban": "城区", "county": "县域", "devzone": "园区"}


class Names:
    """The names of one store: those above, and its own categories and organs."""

    def __init__(self, store: Store) -> None:
        categories = store.categories.select("category", "name").rows()
        organs = store.organs.select("organ_code", "name").rows()
        self._labels = {**CODE_LABELS, "category": dict(categories), "organ_code": dict(organs)}

    def of(self, dimension: str, code: str | None) -> str:
        """What the code is called; an unknown code stands as it is, null is 未填, empty text is named so."""
        if code is None:
            return EMPTY
        return self._labels.get(dimension, {}).get(code, code) or "（空串）"

    def listed(self, dimension: str) -> list[str]:
        """The codes that are named, in the order of a list; none for a dimension with an open list."""
        return list(self._labels.get(dimension, {}))
