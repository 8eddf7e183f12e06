"""Selection <-> address bar: what a page shows, in readable words, checked, never evaluated.

``region``, ``period``, ``metric``, ``compare`` and ``snapshot`` stand under their own names, a filter under the name of its dimension
(twice for either of two codes, empty for rows without one), a page's own switch under the switch's name. What is unknown
or stale is ignored, with a quiet note; nothing in an address can raise an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode

from dashboard.span import Span, parse
from data_access.regions import RegionTree
from metrics.core.compare import Reference
from metrics.core.query import FilterValue
from metrics.labels import DIMENSION_LABELS

Where = tuple[tuple[str, tuple[FilterValue, ...]], ...]
#: What may stand beside 环比 as the second comparison; the first is the default.
COMPARISONS: tuple[Reference, ...] = ("year_ago", "spring_aligned", "base_year")
#: Words that another page understands too, besides the filters and the common switches.
CARRIED = ("region", "period", "metric", "compare", "snapshot", "as_of")
#: Words that say as of when everything is seen; see ``dashboard/history.py``.
AS_SEEN = ("snapshot", "as_of")
_MOST_CODES = 50


@dataclass(frozen=True)
class Switch:
    """A choice that a page offers besides region, period, metric and filters.

    ``choices``: value in the address → its Chinese name, the first is the default. ``shared``: kept on the way to
    another page; ``picked``: offered as a list in the bar.
    """

    name: str
    label: str
    choices: Mapping[str, str]
    shared: bool = False
    picked: bool = False

    @property
    def default(self) -> str:
        """The value that an address leaves out."""
        return next(iter(self.choices))


@dataclass(frozen=True)
class Selection:
    """What a page shows: ``region`` code, ``span`` of days, ``metric`` of map, trend and league, the second comparison,
    ``where`` (dimension, wanted codes) and ``switches`` (name, value), both in the order in which they were chosen.
    ``snapshot``: the number of the one by which everything is seen, None for the newest.

    ``own``: further words of a page that asks freely, as that page has checked them (``dashboard/exploring.py``); they are
    kept by every step and stand above a common word of the same name.
    """

    region: str
    span: Span
    metric: str
    compare: Reference = COMPARISONS[0]
    where: Where = ()
    switches: tuple[tuple[str, str], ...] = ()
    own: tuple[tuple[str, tuple[str, ...]], ...] = ()
    snapshot: int | None = None

    def words(self, default: Selection) -> dict[str, str | list[str]]:
        """The address parameters; what equals the page's default is left out."""
        ours, theirs = _words(self), _words(default)
        plain: dict[str, str | list[str]] = {name: word for name, word in ours.items() if word != theirs[name]}
        filters = {name: [code or "" for code in codes] for name, codes in self.where}
        return plain | filters | dict(self.switches) | {name: list(words) for name, words in self.own}

    def link(self, page: str, default: Selection) -> str:
        """A relative link that opens this very view."""
        words = urlencode(self.words(default), doseq=True)
        return f"{page}?{words}" if words else page

    def in_region(self, code: str) -> Selection:
        """The same view of another region."""
        return replace(self, region=code)

    def filtered(self, dimension: str, codes: Sequence[FilterValue]) -> Selection:
        """The same view with this filter on the dimension instead of any other; no codes: without one."""
        others = tuple(pair for pair in self.where if pair[0] != dimension)
        return replace(self, where=(*others, (dimension, tuple(codes))) if codes else others)

    def switched(self, switch: Switch, value: str) -> Selection:
        """The same view with the switch at that value."""
        others = tuple(pair for pair in self.switches if pair[0] != switch.name)
        return replace(self, switches=others if value == switch.default else (*others, (switch.name, value)))


@dataclass(frozen=True)
class Offer:
    """What a page lets be chosen. ``metrics``: its own, the default first; ``known``: every metric there is;
    ``codes``: the codes of a dimension that occur."""

    tree: RegionTree
    business_date: date
    metrics: Sequence[str]
    known: frozenset[str]
    codes: Callable[[str], Sequence[FilterValue]]
    switches: Sequence[Switch] = field(default=())


def read(parameters: Mapping[str, Sequence[str]], default: Selection, offer: Offer) -> tuple[Selection, list[str]]:
    """The selection that the parameters mean, and Chinese notes on what was ignored; ``snapshot`` is that of the default."""
    notes: list[str] = []
    words = {name: values[-1] for name, values in parameters.items() if values}
    region, span, metric, compare = default.region, default.span, default.metric, default.compare
    if (word := words.get("region")) is not None:
        if word in offer.tree:
            region = word
        else:
            notes.append(f"地址中的区划 {quoted(word)} 不存在，已改为 {offer.tree.get(region).name}")
    if (word := words.get("period")) is not None:
        found = parse(word)
        if found is not None and _usable(found, offer.business_date):
            span = found
        else:
            notes.append(f"地址中的期间 {quoted(word)} 不可用，已改为 {span.label}")
    if (word := words.get("metric")) is not None:
        if word in offer.metrics:
            metric = word
        elif word not in offer.known:
            notes.append(f"没有指标 {quoted(word)}，已改为默认指标")
    if (word := words.get("compare")) is not None:
        compare = next((reference for reference in COMPARISONS if reference == word), compare)
        if compare != word:
            notes.append(f"没有比较方式 {quoted(word)}，已改为默认方式")
    where = _filters(parameters, offer, notes)
    switches = _switches(words, offer, notes)
    return Selection(region, span, metric, compare, where, switches, snapshot=default.snapshot), notes


def carried(parameters: Mapping[str, Sequence[str]], switches: Sequence[Switch]) -> dict[str, list[str]]:
    """What of an address goes along to another page."""
    shared = {switch.name for switch in switches if switch.shared}
    return {
        name: list(values)
        for name, values in parameters.items()
        if name in CARRIED or name in DIMENSION_LABELS or name in shared
    }


def _filters(parameters: Mapping[str, Sequence[str]], offer: Offer, notes: list[str]) -> Where:
    found: list[tuple[str, tuple[FilterValue, ...]]] = []
    for name, values in parameters.items():
        if name not in DIMENSION_LABELS or not values:
            continue
        known = offer.codes(name)
        asked = list(dict.fromkeys(value or None for value in values))[:_MOST_CODES]
        strange = [code for code in asked if code not in known]
        kept = tuple(code for code in asked if code in known)
        if strange:
            notes.append(f"地址中的{DIMENSION_LABELS[name]} {quoted(strange[0] or '')} 不存在，已忽略")
        if kept:
            found.append((name, kept))
    return tuple(found)


def _switches(words: Mapping[str, str], offer: Offer, notes: list[str]) -> tuple[tuple[str, str], ...]:
    found = []
    by_name = {switch.name: switch for switch in offer.switches}
    for name, word in words.items():
        switch = by_name.get(name)
        if switch is None or word == switch.default:
            continue
        if word in switch.choices:
            found.append((name, word))
        else:
            notes.append(f"地址中的{switch.label} {quoted(word)} 不可用，已忽略")
    return tuple(found)


def _usable(span: Span, business_date: date) -> bool:
    return date(1990, 1, 1) <= span.whole.start <= business_date and span.whole.days <= 3 * 366


def _words(selection: Selection) -> dict[str, str]:
    return {
        "region": selection.region,
        "period": selection.span.word,
        "metric": selection.metric,
        "compare": selection.compare,
        "snapshot": "" if selection.snapshot is None else str(selection.snapshot),
    }


def quoted(word: str) -> str:
    """A word of an address as a note may show it."""
    plain = "".join(letter for letter in word if letter.isprintable())
    return f"「{plain[:24]}…」" if len(plain) > 24 else f"「{plain}」"
