"""Views saved by name: what is saved is opened again, nothing is lost between two writers, a damaged file hurts nobody."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard import saved_views
from dashboard.saved_views import Refused, checked_name, delete, named, rename, save, saved

WORDS = {"metric": ["over_level_batches", "over_level_persons"], "level": ["township"], "channel": [""]}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    monkeypatch.setenv("YANPAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_what_is_saved_is_found_again() -> None:
    assert saved() == ([], 0)
    made = save("  各乡镇越级走访 ", WORDS)
    assert made.name == "各乡镇越级走访"
    assert {name: list(values) for name, values in made.words.items()} == WORDS
    assert named("各乡镇越级走访") == made
    assert saved() == ([made], 0)
    assert named("别的") is None


def test_only_the_server_may_look_into_the_folder(home: Path) -> None:
    save("甲", WORDS)
    assert stat.S_IMODE((home / "views").stat().st_mode) == 0o700
    assert not list((home / "views").glob("*.part"))


def test_a_taken_name_is_not_replaced_without_being_asked() -> None:
    first = save("甲", WORDS)
    with pytest.raises(Refused, match="已有名为「甲」的视图"):
        save("甲", {"level": ["county"]})
    assert named("甲") == first
    second = save("甲", {"level": ["county"]}, over=first.stamp)
    assert second.words == {"level": ("county",)}
    with pytest.raises(Refused, match="刚被别人改动或删除"):
        save("甲", WORDS, over=first.stamp)
    assert named("甲") == second


def test_a_view_that_has_changed_meanwhile_is_neither_renamed_nor_deleted() -> None:
    seen = save("甲", WORDS)
    now = save("甲", {"level": ["county"]}, over=seen.stamp)
    for change in (lambda: rename(seen, "乙"), lambda: delete(seen)):
        with pytest.raises(Refused, match="刚被别人改动或删除"):
            change()
    assert saved() == ([now], 0)


def test_renamed_and_deleted() -> None:
    made, other = save("甲", WORDS), save("丙", {})
    with pytest.raises(Refused, match="已有名为「丙」"):
        rename(made, "丙")
    moved = rename(made, "乙")
    assert (moved.name, moved.words) == ("乙", made.words)
    assert rename(moved, "乙") == moved
    assert {view.name for view in saved()[0]} == {"乙", "丙"}
    delete(moved)
    assert saved() == ([other], 0)


def test_of_many_who_save_one_name_at_once_one_wins_and_the_others_are_told() -> None:
    def attempt(number: int) -> str | None:
        try:
            return save("同名", {"page": [str(number)]}).words["page"][0]
        except Refused:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [word for word in pool.map(attempt, range(40)) if word is not None]
    assert len(won) == 1
    found = named("同名")
    assert found is not None
    assert found.words["page"] == (won[0],)


def test_many_names_saved_at_once_are_all_there() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: save(f"视图{number}", {"page": [str(number)]}), range(60)))
    views, damaged = saved()
    assert ({view.name: view.words["page"][0] for view in views}, damaged) == (
        {f"视图{n}": str(n) for n in range(60)},
        0,
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"name": "x"}',
        b'{"name": "", "words": {}}',
        b'{"name": "x", "words": {"a": 1}}',
    ],
)
def test_a_damaged_file_is_passed_over_and_counted(content: bytes, home: Path) -> None:
    kept, spoiled = save("好的", WORDS), save("坏的", WORDS)
    path = saved_views._path(spoiled.name)
    path.write_bytes(content)
    assert saved() == ([kept], 1)
    assert named("坏的") is None
    with pytest.raises(Refused, match="刚被别人改动或删除"):
        delete(spoiled)
    (home / "views" / "link.json").symlink_to("/dev/null")
    assert saved() == ([kept], 2)


def test_a_file_under_another_name_does_not_stand_for_a_view(home: Path) -> None:
    made = save("甲", WORDS)
    (home / "views" / "copy.json").write_text(json.dumps({"name": "甲", "words": {}}), encoding="utf-8")
    assert saved() == ([made], 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "名称要 1–40 个字，现在是 0 个"),
        ("   ", "名称要 1–40 个字"),
        ("长" * 41, "现在是 41 个"),
        ("换\n行", "看不见的控制字符"),
        ("零\u200b宽", "看不见的控制字符"),
        ("右\u202e左", "看不见的控制字符"),
        ("../../etc", "名称不能以点开头"),
        ("a/b", "这些符号"),
        ("a\\b", "这些符号"),
        (".隐藏", "名称不能以点开头"),
        ("张三 13800138000", "像是证件号码或电话号码"),
        ("138-0013-8000", "像是证件号码或电话号码"),
        ("+86 138 0013 8000", "像是证件号码或电话号码"),
        ("１３８００１３８０００", "像是证件号码或电话号码"),
        ("0731-28681234", "像是证件号码或电话号码"),
        ("430281199001011234", "像是证件号码或电话号码"),
        ("43028119900101123x", "像是证件号码或电话号码"),
        ("430281900101123", "像是证件号码或电话号码"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        checked_name(name)
    with pytest.raises(Refused):
        save(name, WORDS)
    assert saved() == ([], 0)


@pytest.mark.parametrize(
    "name", ["2025年各乡镇", "2025-01-01 至 2025-12-31", "上半年20250101", "12345热线", "Q4·县区（终）", "第3–5次"]
)
def test_dates_and_plain_numbers_are_names(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"find": ["13800138000"]}, "检索词像是"),
        ({"channel": ["x" * 101]}, "太长"),
        ({"channel": ["x"] * 61}, "条件太多"),
        ({f"w{n}": ["x"] for n in range(41)}, "条件太多"),
    ],
)
def test_words_that_do_not_belong_into_a_view_are_refused(words: dict[str, list[str]], said: str) -> None:
    with pytest.raises(Refused, match=said):
        save("甲", words)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(max_size=45))
def test_any_name_is_kept_as_it_is_or_refused(name: str) -> None:
    try:
        view = save(name, WORDS)
    except Refused:
        return
    assert named(view.name) == view
    assert all(path.parent == saved_views.folder() for path in saved_views.folder().iterdir())
    delete(view)
