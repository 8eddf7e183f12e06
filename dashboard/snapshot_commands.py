"""What the commands of the archive do: sync, snapshots, restated, backup, restore. Each gives its exit status."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType

from dashboard.export import BYTE_ORDER_MARK
from dashboard.history import moment_of
from dashboard.looking_back import between
from data_access import backup, replica, retention, settings, source, syncing
from data_access.archive import Archive, BusyError, SnapshotError, file_names
from data_access.reference import LOCAL
from data_access.region_tree import RegionTreeError
from data_access.retention import FOR_EVER, Reason
from data_access.snapshot_policy import snapshot_policy
from data_access.source import Source
from data_access.steady import ContractError
from data_access.syncing import WAITING, Outcome
from metrics.core.calendar import calendar
from metrics.core.query import BadQuery

Say = Callable[[str], None]
#: Stands for the moment of the last meeting, where a snapshot is asked for.
MEETING = "meeting"
#: What one round of a loop may meet and the next may be free of.
_PASSING = (*source.DATABASE_ERRORS, SnapshotError, RegionTreeError, ContractError, OSError)


def sync(say: Say, progress: Say, *, reconcile: bool, rebuild: bool) -> int:
    """Bring the archive up to the source, once; while another process does, wait for it."""
    why = "要求全部重取" if rebuild else None
    with source.opened(progress) as opened, opened.archive.writing(lambda: progress(WAITING)):
        outcome = opened.mending(
            lambda: syncing.advance(opened.engine, opened.archive, progress, reconcile=reconcile, rebuild=why), progress
        )
        for notice in opened.notices:
            progress(notice)
    say(_told(outcome))
    return 0


def _told(outcome: Outcome) -> str:
    made = outcome.manifest
    what = "快照" if outcome.published else "无变化，仍为快照"
    said = [
        f"{what} №{made.number}：业务日期 {made.business_date}",
        f"最新事件 {made.newest_event or '无'}",
        made.replica,
    ]
    return f"{'，'.join(said)}（{_effort(outcome)}）"


def _effort(outcome: Outcome) -> str:
    compared = f"逐月核对：{outcome.moved}" if outcome.moved else "逐月核对" if outcome.reconciled else "增量"
    how = f"全部重取：{outcome.rebuilt}" if outcome.rebuilt else compared
    mended = f"，修复 {outcome.mended} 个损坏的文件" if outcome.mended else ""
    return f"{how}，取 {outcome.months} 个表月 {outcome.rows:,} 行{mended}，用时 {outcome.seconds:.1f} 秒"


def sync_every(seconds: float, say: Say) -> int:
    """Again and again until SIGTERM or SIGINT, one line per round; a fault is said and the next round tries again."""
    with _until_told() as ended, source.started() as opened:
        while not ended.is_set():
            begun = time.monotonic()
            try:
                say(f"{datetime.now(tz=LOCAL):%H:%M:%S} {_round(opened, ended)}")
            except _StoppedError:
                break
            ended.wait(max(0.0, seconds - (time.monotonic() - begun)))
    return 0


def _round(opened: Source, ended: threading.Event) -> str:
    def going_on(_: str) -> None:
        if ended.is_set():
            raise _StoppedError

    archive, hour = opened.archive, snapshot_policy().sync.reconcile_hour

    def read() -> Outcome:
        opened.prepare(going_on)
        due = syncing.reconcile_due(archive, hour, datetime.now(tz=LOCAL))
        return syncing.advance(opened.engine, archive, going_on, reconcile=due)

    try:
        with archive.writing():
            return _told(opened.mending(read, going_on))
    except BusyError as error:
        return str(error)
    except _PASSING as error:
        numbers = archive.numbers()
        kept = f"；快照 №{numbers[-1]} 照旧" if numbers else ""
        known = (SnapshotError, RegionTreeError, ContractError)
        return f"取数失败：{error if isinstance(error, known) else replica.explain(error)}{kept}"


class _StoppedError(Exception):
    """Told to end in the middle of a round: a snapshot is whole or not there at all."""


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Set by SIGTERM or SIGINT. Only inside is either taken so."""
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def snapshots(say: Say) -> int:
    """List the snapshots, the newest first: number, when taken, business date, size, until when it is kept and why."""
    archive = source.archive()
    numbers = archive.numbers()
    if not numbers:
        raise SnapshotError("还没有快照。请先运行：yanpan sync --once")
    kept = retention.kept(archive, snapshot_policy().keep, datetime.now(tz=LOCAL))
    say("编号\t取数时刻\t业务日期\t大小\t保留至\t原因")
    for number in reversed(numbers):
        head = archive.head(number)
        if head is None:
            say(f"№{number}\t清单读不出来")
            continue
        taken, size = head.taken_at.astimezone(LOCAL), _megabytes(archive, number)
        mark = "" if head.definitions == syncing.definitions() else "（另一版口径，本版本读不了）"
        until, why = _kept_words(kept.get(number, ()))
        say(f"№{number}\t{taken:%Y-%m-%d %H:%M:%S}\t{head.business_date}\t{size}\t{until}\t{why}{mark}")
    return 0


def _kept_words(reasons: tuple[Reason, ...]) -> tuple[str, str]:
    """Until when, and why."""
    words = "、".join(one.text for one in reasons) or "下次清理时删除"
    ends = [one.until for one in reasons if one.until is not None]
    if not ends:
        return "有更新的为止" if reasons else "—", words
    return "长期" if FOR_EVER in ends else f"{max(ends).astimezone(LOCAL):%Y-%m-%d %H:%M}", words


def _megabytes(archive: Archive, number: int) -> str:
    files = (archive.files / name for name in file_names(archive.manifest_path(number)))
    return f"{sum(path.stat().st_size for path in files if path.exists()) / 1e6:.1f} MB"


def pin(number: int, reason: str | None, say: Say) -> int:
    """Mark a snapshot as shown at a meeting (``reason``: which one), or take the mark away (None)."""
    archive = source.archive()
    with archive.writing(lambda: say(WAITING)):
        if reason is None:
            retention.unpin(archive, number)
            say(f"快照 №{number} 的会议标记已取消")
        else:
            retention.pin(archive, number, reason, datetime.now(tz=LOCAL))
            say(f"快照 №{number} 已标记：{reason}")
    return 0


def restated(before: str, after: str | None, out: Path | None, write: Callable[[bytes], None]) -> int:
    """What the snapshot ``after`` says differently than ``before`` of days that ``before`` had closed, as CSV."""
    archive = source.archive()
    table = between(archive, number_of(archive, before), None if after is None else number_of(archive, after))
    text = table.write_csv(line_terminator="\r\n").encode()
    if out is None:
        write(text)
    else:
        out.write_bytes(BYTE_ORDER_MARK + text)
    return 0


def number_of(archive: Archive, text: str) -> int:
    """A snapshot by its number, by a moment at which it was the newest, or ``meeting``: when the meeting last sat. Raises
    BadQuery, SnapshotError."""
    if text == MEETING:
        moment = calendar().last_meeting(datetime.now(tz=LOCAL))
        if moment is None:
            raise BadQuery("近两个月没有会议日；见 config/calendar.toml 的 [meetings]")
        return archive.as_of(moment)
    return int(text) if text.isascii() and text.isdecimal() else archive.as_of(moment_of(text))


def back_up(target: Path, say: Say, progress: Say) -> int:
    """Write the backup file."""
    made = backup.backup(settings.home(), target, progress)
    lost = f"；另有 {made.lost} 个数据文件已丢失或损坏，未能备份" if made.lost else ""
    say(f"已备份到 {target}：快照 {made.snapshots} 个，其他文件 {made.others} 个，{made.size / 1e6:.1f} MB{lost}")
    return 0


def bring_back(file: Path, force: bool, say: Say, progress: Say) -> int:
    """Restore the backup file."""
    made = backup.restore(settings.home(), file, force=force, progress=progress)
    say(f"已恢复：快照 {made.snapshots} 个，其他文件 {made.others} 个。正在运行的看板请重新启动")
    return 0
