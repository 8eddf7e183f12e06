"""The ``yanpan`` command: serve, demo, check, sync, snapshots, restated, export, metrics, backup, restore.

Exit status: 0 done; 1 it could not be done (database, disk, no snapshot); 2 the question itself was wrong.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from dashboard import snapshot_parsers
from data_access.settings import SettingsError

_DESCRIPTION = "研判：信访、越级走访、调解与县区考核的数据探索和态势看板。数据来自 PostgreSQL 只读副本。"
_EPILOG = """数据来源：环境变量 YANPAN_REPLICA_URL，或 .streamlit/secrets.toml 的 [connections.replica]；
两者都没有时使用内置演示城市（合成数据，处处有标记）。状态保存在 YANPAN_HOME。

常用：
  yanpan serve                      启动看板（默认 http://127.0.0.1:8501）
  yanpan check                      检查数据库是否符合数据契约
  yanpan sync --once                取一次数，有变化就做成一个快照
  yanpan snapshots                  列出留存的快照
  yanpan export --metric petition_volume --level county --from 2026-01-01 --to 2026-03-31 --grain month
"""

_EXPORT_DESCRIPTION = """导出一个或多个指标。两个日期都计入。

tidy：period, region_code, region_name, 细分维度…, metric, value, numerator, denominator
wide：period, region_code, region_name, 细分维度…, 每个指标一列（只有 value）
period 是该周、月、季、年的第一天（周从周一起；total 为开始日期）。比率是 0–1 的小数，分母为 0 时为空。
合成数据另有最后一列 data。"""
_EXPORT_EPILOG = """例：
  yanpan export --metric over_level_batches --level township --from 2025-01-01 --to 2025-12-31 \\
                --grain month --by repeat --where channel=visit --out over.csv"""


class _Refused(Exception):
    """Ends the command with one line and a status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


# What argparse says in English, and how it is said here; the first pattern found wins.
_COMPLAINTS = (
    (r"the following arguments are required: (?P<x>.+)", "缺少 {x}"),
    (r"unrecognized arguments: (?P<x>.+)", "不认识 {x}"),
    (r"argument 命令: invalid choice: (?P<x>.+?) \(choose from (?P<y>.+)\)", "没有命令 {x}；可选：{y}"),
    (r"argument (?P<x>.+?): expected (at least )?one argument", "{x} 后面缺少取值"),
    (r"argument (?P<x>.+?): invalid int value: (?P<y>.+)", "{x} 要一个整数，写的是 {y}"),
    (r"argument (?P<x>.+?): ignored explicit argument (?P<y>.+)", "{x} 不带取值，写的是 {y}"),
    (r"argument (?P<x>.+?): (?P<y>.+)", "{x} {y}"),
)


class _Formatter(argparse.RawTextHelpFormatter):
    """Texts as they are written: argparse would count a Chinese character as one column."""

    def __init__(self, prog: str) -> None:
        # Room for an option that takes several words, so that its explanation begins beside it.
        super().__init__(prog, max_help_position=38)

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class _Parser(argparse.ArgumentParser):
    """Helps in Chinese, and says in one Chinese line what is wrong and where the help is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, formatter_class=_Formatter, add_help=False, allow_abbrev=False)
        self._optionals.title = "选项"
        self._positionals.title = "命令"
        self.add_argument("-h", "--help", action="help", help="显示本说明")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}：参数有误：{_one_line(_translated(message))}。用法见 {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status. No traceback reaches the user for what he can mend himself."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no Chinese must not break us
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except _Refused as refusal:
        return _said(str(refusal), refusal.status)
    except SettingsError as error:
        return _said(str(error), 2)
    except BrokenPipeError:
        _give_up_output()
        return 1
    except OSError as error:
        _give_up_output()
        return _said(f"读写文件失败（{error.strerror}）{f'：{error.filename}' if error.filename else ''}", 1)
    except KeyboardInterrupt:
        return 130


def _run(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    if any("\udc80" <= letter <= "\udcff" for word in arguments for letter in word):
        raise _Refused("参数里有不是 UTF-8 的字节", 2)
    run: Callable[[argparse.Namespace], int] = options.run
    status = run(options)
    sys.stdout.flush()
    return status


def _said(sentence: str, status: int) -> int:
    print(f"yanpan：{_one_line(sentence)}", file=sys.stderr)
    return status


def _give_up_output() -> None:
    """The reader of our output has left, or its disk is full: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _translated(complaint: str) -> str:
    for pattern, sentence in _COMPLAINTS:
        found = re.fullmatch(pattern, complaint, re.DOTALL)
        if found:
            words = {name: value.replace("'", "") for name, value in found.groupdict().items()}
            return sentence.format_map(words)
    return complaint


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="yanpan", description=_DESCRIPTION, epilog=_EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="命令", parser_class=_Parser)
    _add_serve(commands)
    _add_demo(commands)
    _add_check(commands)
    snapshot_parsers.add(commands, _told, _progress)
    _add_export(commands)
    _add_metrics(commands)
    return parser


def _add_serve(commands: argparse._SubParsersAction[_Parser]) -> None:
    serve = commands.add_parser("serve", help="启动看板", description="启动看板；没有快照时先取数。Ctrl-C 结束。")
    serve.add_argument(
        "--host",
        default=os.environ.get("HOST") or "127.0.0.1",
        help="监听地址（默认 127.0.0.1 即仅本机，或环境变量 HOST；0.0.0.0 为所有网络）",
    )
    serve.add_argument(
        "--port", type=_port, default=os.environ.get("PORT") or "8501", help="端口（默认 8501，或环境变量 PORT）"
    )
    serve.set_defaults(run=_serve)


def _add_demo(commands: argparse._SubParsersAction[_Parser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="生成合成城市",
        description="把合成城市写入一个空数据库（--into），或写入内置演示库。\n库中会标明「演示数据·合成」；非空的库会被拒绝。",
    )
    demo.add_argument("--into", metavar="URL", help="postgresql://用户:密码@主机:端口/库名；省略则为内置演示库")
    demo.add_argument("--city", metavar="CODE", help="六位区划代码，例如 430200（默认 430200 株洲市）")
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="随机种子（默认 1）；同一种子同一天，数据相同")
    demo.add_argument("--until", metavar="YYYY-MM-DD", help="数据的最后一天（默认昨天）")
    demo.set_defaults(run=_demo)


def _add_check(commands: argparse._SubParsersAction[_Parser]) -> None:
    check = commands.add_parser(
        "check",
        help="检查数据库是否符合数据契约",
        description="逐表说明：缺什么、类型不符、不可读、契约外的代码；角色有哪些多余的权限；副本状态。\n只有会使取数中断或失真的问题才以状态 1 结束。",
    )
    check.set_defaults(run=_check)


def _add_export(commands: argparse._SubParsersAction[_Parser]) -> None:
    export = commands.add_parser(
        "export",
        help="导出指标表",
        description=_EXPORT_DESCRIPTION,
        epilog=_EXPORT_EPILOG,
    )
    export.add_argument(
        "--metric",
        action="extend",
        nargs="+",
        required=True,
        metavar="KEY",
        help="指标代码，可给多个，也可多次给出；写错时会列出全部",
    )
    export.add_argument("--region", metavar="CODE", help="12 位区划代码（默认根区划）")
    export.add_argument(
        "--level", metavar="LEVEL", help="village|township|county|prefecture|province|nation\n（默认该区划自身的层级）"
    )
    export.add_argument("--from", dest="first", required=True, metavar="YYYY-MM-DD", help="第一天")
    export.add_argument("--to", dest="last", required=True, metavar="YYYY-MM-DD", help="最后一天")
    export.add_argument(
        "--grain", default="total", metavar="GRAIN", help="day|week|month|quarter|year|total（默认 total）"
    )
    export.add_argument(
        "--by",
        action="extend",
        nargs="+",
        default=[],
        metavar="DIM",
        help="细分维度，可给多个，也可多次给出；得分类指标不能细分",
    )
    export.add_argument(
        "--where",
        action="extend",
        nargs="+",
        default=[],
        metavar="DIM=VALUE",
        help="筛选；空值（DIM=）表示未填；同一维度多次给出表示任一",
    )
    export.add_argument("--layout", default="tidy", metavar="LAYOUT", help="tidy|wide（默认 tidy）")
    export.add_argument("--format", default="csv", metavar="FORMAT", help="csv|xlsx|parquet（默认 csv）")
    export.add_argument("--out", type=Path, metavar="FILE", help="写入文件；CSV 文件带 BOM（默认标准输出，不带）")
    export.add_argument("--no-suppress", action="store_true", help="不作小数抑制（本版本还没有抑制，写不写都一样）")
    export.add_argument("--snapshot", type=int, metavar="N", help="用快照 №N（默认最新的；编号见 yanpan snapshots）")
    export.add_argument("--as-of", metavar="TIME", help="用当时最新的快照，例如 2026-11-20T08:30（北京时间）")
    export.add_argument("--live", action="store_true", help="直接查询数据库，不用快照")
    export.set_defaults(run=_export)


def _add_metrics(commands: argparse._SubParsersAction[_Parser]) -> None:
    catalogue = commands.add_parser(
        "metrics", help="指标口径", description="列出全部指标；给出指标代码时，说明它的口径、算法、注意、来源和算例。"
    )
    catalogue.add_argument("key", nargs="?", metavar="KEY", help="指标代码（省略则列出全部）")
    catalogue.add_argument(
        "--markdown", action="store_true", help="整份口径手册，Markdown 格式（docs/metrics.md 即由此生成）"
    )
    catalogue.set_defaults(run=_metrics)


def _serve(options: argparse.Namespace) -> int:
    from dashboard import server

    return _told(lambda: server.run(options.host, options.port))


def _demo(options: argparse.Namespace) -> int:
    from dashboard import commands

    until = _day(options.until, "--until") if options.until else None
    return _told(lambda: commands.demo(options.into, options.city, options.seed, until, _progress))


def _check(_: argparse.Namespace) -> int:
    from dashboard import commands

    return _told(lambda: commands.check(print, _progress))


def _export(options: argparse.Namespace) -> int:
    from dashboard import commands

    return _told(lambda: commands.export(options, _progress))


def _metrics(options: argparse.Namespace) -> int:
    from metrics import catalogue
    from metrics.registry import metrics

    if options.markdown:
        sys.stdout.write(catalogue.markdown())
        return 0
    if options.key is None:
        print("\n".join(catalogue.overview()))
        return 0
    if options.key not in metrics():
        raise _Refused(f"没有指标 {options.key}；可选：{'、'.join(metrics())}", 2)
    print("\n".join(catalogue.described(metrics()[options.key])))
    return 0


def _day(text: str, what: str) -> date:
    from metrics.core.asking import day_of
    from metrics.core.query import BadQuery

    try:
        return day_of(text, what)
    except BadQuery as error:
        raise _Refused(str(error), 2) from None


def _told(work: Callable[[], int]) -> int:
    """``work()`` with every fault that the operator can mend turned into one line and its status."""
    from data_access import replica, source
    from data_access.archive import BusyError
    from data_access.backup import BackupError
    from data_access.demo.embedded import EmbeddedError
    from data_access.demo.refusals import NotEmpty, UnknownCity
    from data_access.region_tree import RegionTreeError
    from data_access.snapshot import SnapshotError
    from data_access.steady import ContractError
    from metrics.core.query import BadQuery, Forbidden

    stopped = (
        SnapshotError,
        RegionTreeError,
        ContractError,
        BusyError,
        BackupError,
        source.LiveBusyError,
        EmbeddedError,
        NotEmpty,
        Forbidden,
    )

    try:
        return work()
    except (BadQuery, UnknownCity) as error:
        raise _Refused(str(error), 2) from None
    except stopped as error:
        raise _Refused(str(error), 1) from None
    except source.DATABASE_ERRORS as error:
        raise _Refused(replica.explain(error), 1) from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"要 1–65535 的整数，写的是 {text!r}")
    return int(text)


def _progress(message: str) -> None:
    print(message, file=sys.stderr)
