"""A row of headline figures: value, comparison, doubt and the last thirty days, one card each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from dashboard.look import STATE_LABELS, STATE_REASONS, Change, State, Tone
from dashboard.views.component import component, opened

_COMPONENT = component("kpi")


@dataclass(frozen=True)
class Card:
    """One figure, ready to be written.

    ``value`` the number as text with ``unit`` beside it; ``exact`` the full value when ``value`` is shortened; ``note`` such
    as numerator/denominator; ``limit`` what it does not follow, such as 未筛选, below the note; ``badge`` such as 正常波动;
    ``spark`` oldest first, None where undefined; ``href`` makes the title a link; ``definition`` and ``caution`` open behind ⓘ.
    """

    key: str
    label: str
    value: str
    unit: str = ""
    changes: tuple[Change, ...] = ()
    spark: tuple[float | None, ...] = ()
    note: str = ""
    state: State = "ok"
    href: str | None = None
    definition: str = ""
    caution: str = ""
    exact: str = ""
    band: tuple[tuple[float, float] | None, ...] = ()
    badge: str = ""
    badge_sign: str = ""
    badge_tone: Tone = "neutral"
    limit: str = ""


def alt(card: Card) -> str:
    """The card as one sentence: ``昨日登记 67 件，环比 +4，同比 −6。``"""
    if card.state != "ok" and card.state != "small_n":
        return f"{card.label}{STATE_LABELS[card.state]}：{STATE_REASONS[card.state]}。"
    unit = card.unit if card.unit in ("", "%") else f" {card.unit}"
    doubt = [STATE_LABELS["small_n"]] if card.state == "small_n" else []
    said = [f"{item.label} {item.text}" for item in card.changes]
    noted = [text for text in (card.note, card.limit) if text]
    return "，".join([f"{card.label} {card.value}{unit}", *said, *noted, *doubt]) + "。"


def payload(cards: Sequence[Card]) -> dict[str, object]:
    """What the browser is sent: plain values, written there as text and never as markup."""
    return {"cards": [_entry(card) for card in cards], "label": "主要指标"}


def _entry(card: Card) -> dict[str, object]:
    entry: dict[str, object] = asdict(card)
    hidden = card.state not in ("ok", "small_n")
    entry["alt"] = alt(card)
    entry["state_label"] = STATE_LABELS.get(card.state, "")
    if hidden:
        entry |= {
            "value": STATE_LABELS[card.state],
            "unit": "",
            "note": STATE_REASONS[card.state],
            "exact": "",
            "limit": "",
        }
        entry["state_label"] = ""
    entry["hidden"] = hidden
    return entry | {"changes": [] if hidden else _short(card.changes)}


def _short(changes: Sequence[Change]) -> list[dict[str, object]]:
    """百分点 is said once, behind the last of several."""
    points = " 百分点"
    last = max((index for index, item in enumerate(changes) if item.text.endswith(points)), default=-1)
    return [
        asdict(item) | {"text": item.text if index == last else item.text.removesuffix(points)}
        for index, item in enumerate(changes)
    ]


def show(cards: Sequence[Card], *, key: str) -> str | None:
    """Draw the row; the key of the card whose title was clicked in this run, else None. Needs a Streamlit session."""
    result = _COMPONENT(key=key, data=payload(cards), on_opened_change=lambda: None)
    return opened(result, {card.key for card in cards})
