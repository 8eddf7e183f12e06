"""What the commands do, apart from how they are spelled. Each gives its exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import cast

from dashboard.export import (
    BYTE_ORDER_MARK,
    FORMATS,
    LAYOUTS,
    Export,
    Format,
    Layout,
    csv_chunks,
    parquet_bytes,
    xlsx_bytes,
)
from dashboard.history import moment_of
from dashboard.remainder import remainders
from data_access import check as contract_check
from data_access import snapshot, source
from data_access.live import live_store
from data_access.reference import LOCAL
from data_access.store import Store
from metrics.core.asking import ask
from metrics.core.evaluate import evaluate
from metrics.core.query import BadQuery
from metrics.registry import metrics

Say = Callable[[str], None]


def demo(into: str | None, code: str | None, seed: int, until: date | None, progress: Say) -> int:
    """Fill a database with the synthetic city, or bring the embedded one up to ``until``."""
    latest = datetime.now(tz=LOCAL).date() + timedelta(days=366)
    if until is not None and until > latest:
        raise BadQuery(f"--until {until} 太远；最晚 {latest}")
    rows = source.fill(into, code, seed, until, progress)
    progress(f"完成：{rows} 行有变化")
    return 0


def check(say: Say, progress: Say) -> int:
    """Hold the database against the contract."""
    with source.opened(progress) as opened:
        report = contract_check.check(opened.engine)
    for line in report.lines():
        say(line)
    return 0 if report.ok else 1


def export(options: argparse.Namespace, progress: Say) -> int:
    """Write the table that the options ask for; nothing is left behind when it cannot be made."""
    layout = cast(Layout, _one_of(options.layout, LAYOUTS, "版式"))
    kind = cast(Format, _one_of(options.format, FORMATS, "格式"))
    with _store(options, progress) as store:
        query = ask(
            store.regions,
            metrics=options.metric,
            first=options.first,
            last=options.last,
            region=options.region,
            level=options.level,
            grain=options.grain,
            by=options.by,
            where=options.where,
        )
        rows = evaluate(query, store, metrics())
        unplaced = remainders(query, rows, store, metrics())
        made = Export(query, rows, metrics(), store.regions, store.provenance, unplaced=unplaced)
        made.refuse_oversize(kind)
        if options.out is None:
            _to_standard_output(made, layout, kind)
        else:
            _to_file(made, layout, kind, options.out)
    return 0


@contextmanager
def _store(options: argparse.Namespace, progress: Say) -> Iterator[Store]:
    if sum((options.live, options.snapshot is not None, options.as_of is not None)) > 1:
        raise BadQuery("--live、--snapshot、--as-of 只能用一个")
    if options.live:
        with source.one_live_question(), source.opened(progress) as opened, live_store(opened.engine) as store:
            yield store
    else:
        moment = None if options.as_of is None else moment_of(options.as_of)
        yield snapshot.asked_for(source.archive(), options.snapshot, moment, progress)


def _one_of(text: str, allowed: tuple[str, ...], what: str) -> str:
    if text not in allowed:
        raise BadQuery(f"没有{what} {text}；可选：{'、'.join(allowed)}")
    return text


def _pieces(made: Export, layout: Layout, kind: Format) -> Iterator[bytes]:
    if kind == "csv":
        yield from csv_chunks(made, layout)
    else:
        yield xlsx_bytes(made, layout) if kind == "xlsx" else parquet_bytes(made, layout)


def _to_standard_output(made: Export, layout: Layout, kind: Format) -> None:
    """A pipe is read by programs: no byte-order mark there."""
    for piece in _pieces(made, layout, kind):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _to_file(made: Export, layout: Layout, kind: Format, path: Path) -> None:
    """A file is opened by people: with the byte-order mark that spreadsheets need. Written aside first, then renamed."""
    place = path.resolve()
    if place.exists() and not place.is_file() and not place.is_dir():
        # /dev/null, a named pipe: nothing that a file could take the place of.
        _fill(place, made, layout, kind)
        return
    part = place.parent / f".yanpan-{os.getpid()}.part"
    try:
        _fill(part, made, layout, kind)
        part.replace(place)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def _fill(path: Path, made: Export, layout: Layout, kind: Format) -> None:
    with path.open("wb") as handle:
        if kind == "csv":
            handle.write(BYTE_ORDER_MARK)
        for piece in _pieces(made, layout, kind):
            handle.write(piece)
