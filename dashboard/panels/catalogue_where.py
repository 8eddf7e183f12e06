"""Which pages show a metric: read from the pages themselves, so that a page never has to be registered for it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from dashboard.navigation import ORDER, PAGES
from metrics.core.scheme import schemes
from metrics.registry import metrics

_PANELS = Path(__file__).parent
_SCHEMES = "assessment"
#: Pages that speak of any metric, or of none.
_ANY = frozenset({"catalogue", "explore"})


@cache
def pages_with(key: str) -> tuple[str, ...]:
    """The names of the pages that offer or show the metric, in the order of the meeting; the one for all comes last."""
    named = tuple(name for name in ORDER if name not in _ANY and key in _keys_on(name))
    return (*named, "explore")


@cache
def _keys_on(name: str) -> frozenset[str]:
    """The metric keys that stand in the page or in a panel that it imports."""
    tree = _tree(PAGES / f"{name}.py")
    imported = (
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "dashboard.panels"
        for alias in node.names
    )
    panels = [_PANELS / f"{panel}.py" for panel in imported]
    named = _known(tree).union(*(_known(_tree(path)) for path in panels if path.is_file()))
    # Which metrics a scheme scores stands in its file.
    return named.union(*(chosen.reads for chosen in schemes().values())) if name == _SCHEMES else named


def _known(tree: ast.AST) -> frozenset[str]:
    return frozenset(_texts(tree)) & frozenset(metrics())


def _texts(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _tree(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))
