"""A list of things to choose several of, by family and with a search: metrics, break-downs. Each is a box to tick.

What cannot be chosen stays in the list and says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.views.component import component, opened

_COMPONENT = component("explore_choices")


@dataclass(frozen=True)
class Option:
    """``hint`` stands quietly behind the label; ``refused``: why it cannot be chosen, empty where it can."""

    key: str
    label: str
    hint: str = ""
    title: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Family:
    """Options under one heading; without a heading where ``name`` is empty."""

    name: str
    options: Sequence[Option]


def payload(
    families: Sequence[Family],
    chosen: Sequence[str],
    *,
    label: str,
    add: str,
    most: int,
    least: int = 0,
    search: str = "",
    note: str = "",
) -> dict[str, Any]:
    """What the browser is sent. ``add``: the button that opens the list; ``most``, ``least``: how many may be chosen;
    ``search``: the hint in the search field, empty for none; ``note``: said below. Chosen keys that no family has are left
    out."""
    known = {option.key: option for family in families for option in family.options}
    kept = [key for key in chosen if key in known]
    full = f"最多选 {most} 项" if len(kept) >= most else ""
    return {
        "label": label,
        "add": add,
        "search": search,
        "note": note,
        "chosen": [{"key": key, "label": known[key].label, "fixed": len(kept) <= least} for key in kept],
        "families": [
            {
                "name": family.name,
                "options": [_option(option, option.key in kept, full, len(kept) <= least) for option in family.options],
            }
            for family in families
        ],
    }


def _option(option: Option, chosen: bool, full: str, last: bool) -> dict[str, Any]:
    refused = ("至少要有一项" if last else "") if chosen else option.refused or full
    return asdict(option) | {"chosen": chosen, "refused": refused}


def show(choices: dict[str, Any], *, key: str) -> str | None:
    """Draw the list; the key ticked or unticked in this run, else None."""
    result = _COMPONENT(key=key, data=choices, on_opened_change=lambda: None)
    allowed = {option["key"] for family in choices["families"] for option in family["options"] if not option["refused"]}
    return opened(result, allowed)
