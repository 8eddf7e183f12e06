"""要情: what deserves attention, in words, each line with the place that shows it; last, how much is as usual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from dashboard.look import count, exact, parts, signed, unit_of, with_unit
from dashboard.span import WEEKDAYS
from dashboard.views.component import component, opened
from metrics.core.model import Metric
from metrics.core.period import DAY
from metrics.core.story import Finding, Kind, Part, Story

_COMPONENT = component("news")
#: Of 100 series watched for a day, as measured (docs/signal.md).
FALSE_ALARMS = 0.2
_BESIDE = 2
#: Kind → sign and tone; the sign says the direction without any colour.
_MARKS: dict[tuple[Kind, bool], tuple[str, str]] = {
    (Kind.high, True): ("▲", "worse"),
    (Kind.low, False): ("▼", "better"),
    (Kind.gap, False): ("▼", "caution"),
    (Kind.moved, True): ("▲", "worse"),
    (Kind.moved, False): ("▼", "better"),
    (Kind.rate, True): ("▲", "worse"),
    (Kind.rate, False): ("▼", "worse"),
    (Kind.orders, True): ("▲", "worse"),
}


@dataclass(frozen=True)
class Line:
    """One finding as it is drawn. ``mark`` ▲ above, ▼ below, ● neither; ``detail`` stands quietly below; ``href`` is where
    it leads, empty for nowhere."""

    key: str
    mark: str
    tone: str
    text: str
    detail: str = ""
    href: str = ""


@dataclass(frozen=True)
class Told:
    """What a sentence needs to know besides the finding: the names of regions, the metric, whether days must be named."""

    place: Callable[[str], str]
    metric: Metric
    dated: bool


def line(key: str, finding: Finding, told: Told, detail: str, href: str) -> Line:
    """The finding as a line; a rate's colour follows the metric's polarity."""
    mark, tone = _MARKS[finding.kind, finding.up]
    if finding.kind in (Kind.rate, Kind.moved):
        good = {"more": finding.up, "less": not finding.up}.get(told.metric.polarity)
        tone = "muted" if good is None else "better" if good else "worse"
    return Line(key, mark, tone, sentence(finding, told), detail, href)


def sentence(finding: Finding, told: Told) -> str:
    """The finding, the figure, and what it is held against: ``醴陵市登记 19 件次，高于预期（上限 17）``."""
    place, metric = told.place(finding.region), told.metric
    if finding.kind is Kind.gap:
        return f"{place}可能断数：{_span(finding)}各渠道共 {count(int(finding.value))} {metric.unit}"
    if finding.kind is Kind.orders:
        since = f" {finding.days} 天内" if told.dated else ""
        return f"{place}{since}新增超期督办 {count(int(finding.value))} 件"
    value = with_unit(finding.value, metric)
    if finding.kind is Kind.moved:
        word = "升至" if finding.up else "降至"
        return f"{place}{finding.name}{word} {value}"
    if finding.kind is Kind.rate:
        return f"{place}近28日{finding.name} {value}，转为{'高于' if finding.up else '低于'}全体范围"
    when = "近28日" if finding.first != finding.last else f" {_day(finding.last)}" if told.dated else ""
    still = "仍" if finding.lasting else ""
    side, edge = ("高于", "上限") if finding.kind is Kind.high else ("低于", "下限")
    return f"{place}{when}{finding.name} {value}，{still}{side}预期（{edge} {exact(finding.limit, metric)}）"


def comparison(finding: Finding, told: Told) -> str:
    """What the figure is held against, in full, as the quiet line begins."""
    metric = told.metric
    if finding.kind is Kind.gap:
        return f"{_about(finding.expected, metric)} {metric.unit}，请先核对数据汇聚"
    if finding.kind is Kind.orders:
        return ""
    if finding.kind is Kind.moved:
        before = finding.first - DAY
        moved = f"{'多' if finding.up else '少'} {count(abs(int(finding.total)))} {metric.unit}"
        return f"比 {before:%m-%d} {moved}，变动幅度一年中少见"
    if finding.kind is Kind.rate:
        of = parts(finding.numerator, finding.denominator)
        return f"{of}，界限 {exact(finding.limit, metric)}{unit_of(metric)}，全体 {exact(finding.expected, metric)}{unit_of(metric)}"
    said = _about(finding.expected, metric)
    if finding.days > 1:
        said += f"；{finding.days} 天都在范围外，共 {count(int(finding.total))} {metric.unit}"
    return said if finding.kind is Kind.high else f"{said}；先核对渠道和数据汇聚"


def held(part: Part, name: str, metric: Metric, *, mainly: str = "多出的主要在") -> str:
    """Where most of an excess lies, as a fact; nothing where no part holds half of it."""
    if part.share < 0.5:
        return f"分布较散，最多为{name} {with_unit(part.value, metric)}"
    expected = f"（预期约 {exact(part.expected, metric)}）" if part.expected >= 0.5 else ""
    return f"{mainly}{name} {with_unit(part.value, metric)}{expected}"


def grew(place: str, by: float, metric: Metric) -> str:
    """Which part of a stock moved most."""
    return f"变化最大：{place} {signed(by)} {metric.unit}"


def beside(findings: Sequence[Finding], place: Callable[[str], str], region: str) -> str:
    """The other series in which the same event shows."""
    named = []
    for finding in findings[:_BESIDE]:
        where = "" if finding.region == region else place(finding.region)
        named.append(f"{where}{finding.name}")
    more = f"等 {len(findings)} 项" if len(findings) > _BESIDE else ""
    return f"同时越界：{'、'.join(named)}{more}" if named else ""


def rest(story: Story, days: int, place: Callable[[str], str]) -> Line:
    """The last line: how many series are as usual, what could not be judged, and how much of it all chance alone brings."""
    first = "其余" if story.told else "所看的"
    text = f"{first} {story.usual} 项指标在正常范围内" if story.usual else "没有可以判断的指标"
    series = story.usual + len(story.told) + story.more
    by_chance = FALSE_ALARMS / 100 * series * days
    counts = (
        (story.more, f"另有 {story.more} 项越界未列出"),
        (len(story.standing), _still_outside(story.standing, place)),
        (story.one_sided, f"{story.one_sided} 项发生数少，只判偏高"),
        (story.unjudged, f"{story.unjudged} 项可比日不足，不作判断"),
        (by_chance >= 0.05, f"偶然越界平均约 {by_chance:.1f} 项"),
    )
    return Line("", "●", "muted", text, "；".join(words for number, words in counts if number))


def _still_outside(standing: Sequence[Finding], place: Callable[[str], str]) -> str:
    """The rates that the last meeting saw outside already, the farthest out by name."""
    named = "、".join(
        f"{place(finding.region)}{finding.name}{'偏高' if finding.up else '偏低'}" for finding in standing[:_BESIDE]
    )
    more = f"等 {len(standing)} 项" if len(standing) > _BESIDE else ""
    return f"{named}{more}（上次已在范围外）"


def payload(lines: Sequence[Line], foot: str = "") -> dict[str, Any]:
    """What the browser is sent; ``foot`` stands below the list."""
    label = "要情：" + "；".join(item.text for item in lines) + "。"
    return {"lines": [asdict(item) for item in lines], "label": label, "foot": foot}


def show(news: dict[str, Any], *, key: str) -> str | None:
    """Draw the list; the key of the line opened in this run (click or Enter), else None."""
    result = _COMPONENT(key=key, data=news, on_opened_change=lambda: None)
    return opened(result, {item["key"] for item in news["lines"] if item["href"]})


def _about(expected: float | None, metric: Metric) -> str:
    return "预期不足 1" if (expected or 0.0) < 0.5 else f"预期约 {exact(expected, metric)}"


def _span(finding: Finding) -> str:
    if finding.first == finding.last:
        return _day(finding.last)
    return f"{finding.first:%m-%d} 至 {finding.last:%m-%d} "


def _day(day: date) -> str:
    return f"{day:%m-%d}（周{WEEKDAYS[day.weekday()]}）"
