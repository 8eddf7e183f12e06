"""One root, no cycle; what hangs nowhere is told apart from what is wrong."""

from __future__ import annotations

import pytest

from data_access.region_tree import RegionTreeError, find_root_and_reachable


def test_the_root_is_the_region_without_a_parent() -> None:
    root, reachable, dangling = find_root_and_reachable(["b", "a", "c"], ["a", None, "b"])
    assert (root, reachable, dangling) == ("a", {"a", "b", "c"}, set())


def test_a_blank_parent_is_none() -> None:
    assert find_root_and_reachable(["a", "b"], ["  ", "a"])[0] == "a"


def test_what_hangs_under_an_unknown_parent_dangles_with_all_below_it() -> None:
    root, reachable, dangling = find_root_and_reachable(["a", "b", "x", "y"], [None, "a", "nowhere", "x"])
    assert (root, reachable, dangling) == ("a", {"a", "b"}, {"x", "y"})


@pytest.mark.parametrize(
    ("codes", "parents", "words"),
    [
        ([], [], "没有数据"),
        (["a", "b"], [None, None], "2 个根.*a、b"),
        (["a", "b", "c"], [None, "c", "b"], "成环.*b、c"),
        (["a"], ["a"], "成环.*a"),
        (["a", "b"], ["z", "a"], "没有根.*a、b"),
        (["a", "b", "b"], [None, "a", "a"], "重复.*b"),
        ([f"{number:02}" for number in range(20)], [None] * 20, "00、.*、09 等 20 个$"),
    ],
)
def test_a_tree_that_is_none_is_refused_with_its_codes(codes: list[str], parents: list[str | None], words: str) -> None:
    with pytest.raises(RegionTreeError, match=words):
        find_root_and_reachable(codes, parents)


def test_a_long_chain_needs_no_deep_stack() -> None:
    codes = [str(number) for number in range(50_000)]
    _, reachable, _ = find_root_and_reachable(codes, [None, *codes[:-1]])
    assert len(reachable) == 50_000
