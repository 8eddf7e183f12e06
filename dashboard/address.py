"""Selection <-> address bar: region, period and metric in readable words, checked, never evaluated.

What is unknown or stale is ignored, with a quiet note; nothing in an address can raise an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from dashboard.span import Span, parse
from data_access.regions import RegionTree
from metrics.core.period import Grain

KNOWN = ("region", "period", "metric")


@dataclass(frozen=True)
class Selection:
    """What a page shows: ``region`` code, ``span`` of days, ``metric`` of map, trend and league."""

    region: str
    span: Span
    metric: str

    def words(self, default: Selection) -> dict[str, str]:
        """The address parameters; what equals the page's default is left out."""
        ours, theirs = _words(self), _words(default)
        return {name: word for name, word in ours.items() if word != theirs[name]}

    def link(self, page: str, default: Selection) -> str:
        """A relative link that opens this very view."""
        words = urlencode(self.words(default))
        return f"{page}?{words}" if words else page

    def in_region(self, code: str) -> Selection:
        """The same view of another region."""
        return replace(self, region=code)


def read(
    parameters: Mapping[str, str],
    tree: RegionTree,
    default: Selection,
    metrics: Sequence[str],
    business_date: date,
) -> tuple[Selection, list[str]]:
    """The selection that the parameters mean, and Chinese notes on what was ignored."""
    notes: list[str] = []
    region, span, metric = default.region, default.span, default.metric
    if (word := parameters.get("region")) is not None:
        if word in tree:
            region = word
        else:
            notes.append(f"地址中的区划 {_short(word)} 不存在，已改为 {tree.get(region).name}")
    if (word := parameters.get("period")) is not None:
        found = parse(word)
        if found is not None and _usable(found, business_date):
            span = found
        else:
            notes.append(f"地址中的期间 {_short(word)} 不可用，已改为 {span.label}")
    if (word := parameters.get("metric")) is not None:
        if word in metrics:
            metric = word
        else:
            notes.append(f"本页没有指标 {_short(word)}，已改为默认指标")
    return Selection(region, span, metric), notes


def _usable(span: Span, business_date: date) -> bool:
    return date(1990, 1, 1) <= span.whole.start <= business_date and (
        span.grain is not Grain.total or span.whole.days <= 3 * 366
    )


def _words(selection: Selection) -> dict[str, str]:
    return {"region": selection.region, "period": selection.span.word, "metric": selection.metric}


def _short(word: str) -> str:
    plain = "".join(letter for letter in word if letter.isprintable())
    return f"「{plain[:24]}…」" if len(plain) > 24 else f"「{plain}」"
