"""How the commands of the archive are spelled: sync, snapshots, restated, backup, restore."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Told = Callable[[Callable[[], int]], int]
Say = Callable[[str], None]
_UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}


def add(commands: Any, told: Told, progress: Say) -> None:
    """Add the parsers to ``commands`` (argparse's subparsers); ``told`` turns faults into a line and a status."""
    _add_sync(commands, told, progress)
    _add_snapshots(commands, told)
    _add_restated(commands, told)
    _add_backup(commands, told, progress)
    _add_restore(commands, told, progress)


def _add_sync(commands: Any, told: Told, progress: Say) -> None:
    parser = commands.add_parser(
        "sync",
        help="取数：有变化才做成新快照",
        description="在一个只读事务里取有变化的月份，做成一个编号的快照；没有变化就不做。中断不影响已有快照。",
    )
    parser.add_argument("--once", action="store_true", help="取一次；另一个进程正在取数时等它结束")
    parser.add_argument("--every", type=_seconds, metavar="TIME", help="反复取，直到被终止；写法 60s、5m、1h")
    parser.add_argument(
        "--reconcile", action="store_true", help="取一次，并逐月核对全部数据（找出迟到、删除和改了日期的行）"
    )
    parser.add_argument("--full", action="store_true", help="取一次，全部重取，总是做成新快照")

    def run(options: argparse.Namespace) -> int:
        from dashboard import snapshot_commands

        if options.every is not None:
            if options.once or options.reconcile or options.full:
                parser.error("--every 不能与 --once、--reconcile、--full 同用")
            return told(lambda: snapshot_commands.sync_every(options.every, _line))
        if not (options.once or options.reconcile or options.full):
            parser.error("the following arguments are required: --once")
        return told(lambda: snapshot_commands.sync(print, progress, reconcile=options.reconcile, rebuild=options.full))

    parser.set_defaults(run=run)


def _add_snapshots(commands: Any, told: Told) -> None:
    parser = commands.add_parser(
        "snapshots",
        help="列出快照，标记会上用过的",
        description="列出留存的快照：编号、取数时刻、业务日期、大小、保留至、原因（保留规定在 config/snapshots.toml）。",
    )
    parser.add_argument("--pin", type=_number, metavar="N", help="标记快照 №N 在会上用过，另给 --reason")
    parser.add_argument("--reason", metavar="TEXT", help="哪次会，例如「11 月例会」")
    parser.add_argument("--unpin", type=_number, metavar="N", help="取消快照 №N 的会议标记")

    def run(options: argparse.Namespace) -> int:
        from dashboard import snapshot_commands

        if (options.pin is None) != (not (options.reason or "").strip()) or None not in (options.pin, options.unpin):
            parser.error("--pin N 与 --reason TEXT 要一起给出，且不能与 --unpin 同用")
        if options.pin is not None:
            return told(lambda: snapshot_commands.pin(options.pin, options.reason.strip(), print))
        if options.unpin is not None:
            return told(lambda: snapshot_commands.pin(options.unpin, None, print))
        return told(lambda: snapshot_commands.snapshots(print))

    parser.set_defaults(run=run)


def _add_restated(commands: Any, told: Told) -> None:
    parser = commands.add_parser(
        "restated",
        help="两个快照之间，以往数字改了什么",
        description="后一个快照对前一个快照已经过完的日子说法不同之处：迟到、改期、撤销。CSV，一行一事实、县、月：\n"
        "fact, measure, region_code, region_name, month, before, after, added, removed\n"
        "region_code 为空：不在区划树内。deduction_final 以百分之一分计。",
    )
    wording = "编号，或时刻（2026-11-20T08:30，取当时最新的），或 meeting（上次例会时）"
    parser.add_argument("--from", dest="before", required=True, metavar="N", help=f"前一个快照：{wording}")
    parser.add_argument("--to", dest="after", metavar="N", help="后一个快照，写法相同（默认最新的）")
    parser.add_argument("--out", type=Path, metavar="FILE", help="写入文件，带 BOM（默认标准输出，不带）")

    def run(options: argparse.Namespace) -> int:
        from dashboard import snapshot_commands

        write = sys.stdout.buffer.write
        return told(
            lambda: snapshot_commands.restated(
                options.before, options.after, options.out, lambda text: (write(text), sys.stdout.buffer.flush())[1]
            )
        )

    parser.set_defaults(run=run)


def _add_backup(commands: Any, told: Told, progress: Say) -> None:
    parser = commands.add_parser(
        "backup",
        help="备份不能重取的内容",
        description="把留存的快照、保存的视图等写入一个 tar 文件（仅本用户可读）。看板不必停。",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="备份文件")

    def run(options: argparse.Namespace) -> int:
        from dashboard import snapshot_commands

        return told(lambda: snapshot_commands.back_up(options.file, print, progress))

    parser.set_defaults(run=run)


def _add_restore(commands: Any, told: Told, progress: Say) -> None:
    parser = commands.add_parser(
        "restore",
        help="恢复备份",
        description="先核对备份文件的全部校验和，再恢复。现有状态里有备份没有的内容时拒绝。请先停下看板。",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="备份文件")
    parser.add_argument("--force", action="store_true", help="以备份为准：多出的快照移走，改过的视图覆盖")

    def run(options: argparse.Namespace) -> int:
        from dashboard import snapshot_commands

        return told(lambda: snapshot_commands.bring_back(options.file, options.force, print, progress))

    parser.set_defaults(run=run)


def _line(text: str) -> None:
    print(text, flush=True)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d{1,6})([smh]?)", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= seconds <= 864_000:
        raise argparse.ArgumentTypeError(f"要 1 秒到 10 天的时长，例如 60s、5m、1h；写的是 {text!r}")
    return float(seconds)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) < 100_000_000):
        raise argparse.ArgumentTypeError(f"要快照编号，写的是 {text!r}")
    return int(text)
