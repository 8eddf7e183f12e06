"""Views saved by name: a name and the words of an address, one small file each in the state folder.

A file is written aside, flushed and renamed, so nobody reads half of one. Every change holds the folder's lock and says
which state of the view it was made from: two writers at once lose nothing, the second is told. A damaged file is passed over.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data_access import settings

#: The address word that opens a view by its name.
WORD = "view"
MOST_LETTERS = 40
MOST_VIEWS = 500
_MOST_WORDS, _MOST_VALUES, _MOST_SIZE = 40, 60, 64_000
_FORBIDDEN = frozenset('/\\:*?"<>|')
# A mobile or fixed telephone number, an identity number of 15 or 18 places; spaces and hyphens in them are passed over.
_PERSONAL = re.compile(r"(?<!\d)(?:(?:86)?1[3-9]\d{9}|0\d{9,11}|\d{15}|\d{17}[\dXx])(?![\dXx])")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s\-‐-―·.]+(?=[\dXx])")
_DATES = re.compile(r"(?:19|20)\d\d([-./])\d{1,2}\1\d{1,2}")


class Refused(ValueError):
    """A view that cannot be saved so; the text is one Chinese sentence for the reader."""


@dataclass(frozen=True)
class SavedView:
    """``words``: the parameters of its address; ``stamp``: tells this state of the view from every other."""

    name: str
    words: Mapping[str, tuple[str, ...]]
    stamp: str


class _Stored(BaseModel):
    """A file's content."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=MOST_LETTERS)
    words: dict[str, list[str]] = Field(max_length=_MOST_WORDS)


def folder() -> Path:
    """Where the views are kept, made on first use; for the server's own account only."""
    place = settings.home() / "views"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def saved() -> tuple[list[SavedView], int]:
    """All views by name, and how many damaged files were passed over."""
    read = [_read(path) for path in sorted(folder().glob("*.json"))[:MOST_VIEWS]]
    views = [view for view in read if view is not None]
    return sorted(views, key=lambda view: view.name), len(read) - len(views)


def named(name: str) -> SavedView | None:
    """The view of that name; None where there is none or its file is damaged."""
    return _read(_path(name))


def save(name: str, words: Mapping[str, list[str]], over: str | None = None) -> SavedView:
    """Keep the words under the name. Raises Refused.

    ``over``: the stamp of the view of that name that is to be replaced; None: there must be none yet.
    """
    name = checked_name(name)
    _check_words(words)
    with _locked() as place:
        _expect(name, over)
        if over is None and len(list(place.glob("*.json"))) >= MOST_VIEWS:
            raise Refused(f"已存满 {MOST_VIEWS} 个视图，请先删除不用的")
        _write(name, words)
    return _known(name)


def rename(view: SavedView, name: str) -> SavedView:
    """Give the view another name. Raises Refused where it has changed meanwhile or the name is taken."""
    name = checked_name(name)
    if name == view.name:
        return view
    with _locked():
        _expect(view.name, view.stamp)
        _expect(name, None)
        _write(name, {word: list(values) for word, values in view.words.items()})
        _path(view.name).unlink()
    return _known(name)


def delete(view: SavedView) -> None:
    """Remove the view. Raises Refused where it has changed meanwhile."""
    with _locked():
        _expect(view.name, view.stamp)
        _path(view.name).unlink()


def checked_name(text: str) -> str:
    """The name without space around it. Raises Refused for what cannot be a name."""
    name = unicodedata.normalize("NFC", text).strip()
    if not name or len(name) > MOST_LETTERS:
        raise Refused(f"名称要 1–{MOST_LETTERS} 个字，现在是 {len(name)} 个")
    if any(unicodedata.category(letter)[0] == "C" for letter in name):
        raise Refused("名称里有看不见的控制字符，请重新输入")
    if _FORBIDDEN & set(name) or name.startswith("."):
        raise Refused('名称不能以点开头，也不能有 / \\ : * ? " < > | 这些符号')
    if looks_personal(name):
        raise Refused("名称像是证件号码或电话号码，本系统不保存个人信息，请换一个名称")
    return name


def looks_personal(text: str) -> bool:
    """Whether the text holds what looks like an identity or telephone number."""
    plain = _DATES.sub(" 日期 ", unicodedata.normalize("NFKC", text))
    return _PERSONAL.search(_BETWEEN_DIGITS.sub("", plain)) is not None


def _check_words(words: Mapping[str, list[str]]) -> None:
    values = [value for several in words.values() for value in several]
    if len(words) > _MOST_WORDS or max(map(len, words.values()), default=0) > _MOST_VALUES:
        raise Refused("条件太多，存不下；请减少筛选后再存")
    if any(len(value) > 100 for value in values):
        raise Refused("有一项条件太长，存不下")
    if any(looks_personal(value) for value in words.get("find", [])):
        raise Refused("检索词像是证件号码或电话号码，请清除后再存")


def _expect(name: str, stamp: str | None) -> None:
    """Refuse unless the view stands as it was seen: ``stamp`` None for not at all. Holds under the lock only."""
    path = _path(name)
    if stamp is None:
        if path.exists():
            raise Refused(f"已有名为「{name}」的视图，请换一个名称，或确认覆盖")
        return
    found = _read(path)
    if found is None or found.stamp != stamp:
        raise Refused(f"「{name}」刚被别人改动或删除，请看过最新的再决定")


def _write(name: str, words: Mapping[str, list[str]]) -> None:
    content = json.dumps({"name": name, "words": dict(words)}, ensure_ascii=False, indent=1).encode()
    path = _path(name)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path) -> SavedView | None:
    try:
        with path.open("rb") as handle:
            content = handle.read(_MOST_SIZE)
        stored = _Stored.model_validate_json(content)
    except (OSError, ValidationError):
        return None
    if path != _path(stored.name):
        # A copied or renamed file would stand twice under one name.
        return None
    words = {name: tuple(values) for name, values in stored.words.items()}
    return SavedView(stored.name, words, sha256(content).hexdigest())


def _known(name: str) -> SavedView:
    found = named(name)
    if found is None:
        raise Refused(f"「{name}」刚被别人改动或删除，请看过最新的再决定")
    return found


def _path(name: str) -> Path:
    """No name can lead out of the folder or stand for another one: the file bears its digest."""
    return folder() / f"{sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}.json"


@contextmanager
def _locked() -> Iterator[Path]:
    place = folder()
    with (place / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield place
