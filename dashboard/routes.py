"""Our own routes beside Streamlit's: health, readiness, figures for monitoring, and the streaming export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import quote, urlencode

from anyio import to_thread
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard import current, freshness, telemetry
from dashboard.address import AS_SEEN
from dashboard.export import (
    BYTE_ORDER_MARK,
    FORMATS,
    LAYOUTS,
    MEDIA_TYPES,
    Export,
    Format,
    Layout,
    csv_chunks,
    parquet_bytes,
    xlsx_bytes,
)
from dashboard.history import named, snapshot_of
from dashboard.look import ASSETS, FONT_FILES, FONT_PATH
from dashboard.remainder import remainders
from data_access import clocks
from data_access.clocks import Clock
from data_access.reference import LOCAL
from data_access.regions import LEVEL_KEYS, RegionTree
from data_access.snapshot import Snapshot, SnapshotError
from metrics.core.asking import ask
from metrics.core.evaluate import evaluate
from metrics.core.period import Grain
from metrics.core.query import BadQuery, Forbidden, Query
from metrics.registry import metrics

EXPORT_PATH = "/export"
_KEY_OF_LEVEL = {level: key for key, level in LEVEL_KEYS.items()}


def address_of(
    query: Query, kind: Format = FORMATS[0], layout: Layout = LAYOUTS[0], snapshot: int | None = None
) -> str:
    """The address under which the export of the query lies; of the newest snapshot, or of that number."""
    words = [
        *(("metric", key) for key in query.metrics),
        ("region", query.region),
        ("level", _KEY_OF_LEVEL[query.level]),
        ("from", str(query.period.start)),
        ("to", str(query.period.last)),
        *([] if query.grain is Grain.total else [("grain", query.grain.value)]),
        *(("by", name) for name in query.by),
        *(("where", f"{name}={code or ''}") for name, codes in query.where for code in codes),
        *([] if layout == LAYOUTS[0] else [("layout", layout)]),
        *([] if kind == FORMATS[0] else [("format", kind)]),
        *([] if snapshot is None else [("snapshot", str(snapshot))]),
    ]
    return f"{EXPORT_PATH}?{urlencode(words)}"


async def health(_: Request) -> Response:
    """200 as long as the process answers."""
    return JSONResponse({"status": "ok"})


async def ready(_: Request) -> Response:
    """200 while a snapshot is in use that is young enough (``ready_max_age_hours``), else 503; with the clocks as JSON."""
    loaded, status = current.snapshot(), current.status()
    told: dict[str, object] = {"doing": status.doing, "fault": status.fault}
    if loaded is None:
        return JSONResponse({"status": "loading", **told, "replica": _clock(freshness.replica())}, status_code=503)
    made, now = loaded.provenance, datetime.now(tz=LOCAL)
    read_at = current.read_at() or made.taken_at
    fresh = now - read_at <= timedelta(hours=clocks.limits().ready_max_age_hours)
    known = freshness.clocks(made, now)
    told |= {
        "snapshot": made.number,
        "business_date": str(made.business_date),
        "taken_at": made.taken_at.astimezone(LOCAL).isoformat(timespec="seconds"),
        "read_at": read_at.astimezone(LOCAL).isoformat(timespec="seconds"),
        "level": known.level,
        "business": _clock(known.business),
        "replica": _clock(known.replica),
        "picture": _clock(known.picture),
        "notices": current.findings().notices,
    }
    return JSONResponse({"status": "ready" if fresh else "stale", **told}, status_code=200 if fresh else 503)


def _clock(clock: Clock) -> dict[str, object]:
    age = None if clock.age is None else round(clock.age.total_seconds(), 1)
    return {
        "level": clock.level,
        "status": clock.status,
        "words": clock.words,
        "age_seconds": age,
        "notes": clock.notes,
    }


async def figures(_: Request) -> Response:
    """What a monitoring system reads, in Prometheus' text form."""
    return Response(telemetry.exposition(), media_type=telemetry.CONTENT_TYPE)


async def export(request: Request) -> Response:
    """The table that the address asks for (parameters as ``yanpan export``), streamed as an attachment.

    ``snapshot=N`` or ``as_of=MOMENT``: of that snapshot; 404 when it is gone.
    """
    loaded = current.snapshot()
    if loaded is None:
        return PlainTextResponse("还没有快照，请稍候再导出。", status_code=503)
    try:
        made = await to_thread.run_sync(lambda: asked(request, _chosen(request, loaded)))
        layout = cast(Layout, _one_of(request, "layout", LAYOUTS))
        kind = cast(Format, _one_of(request, "format", FORMATS))
        made.refuse_oversize(kind)
    except BadQuery as error:
        return PlainTextResponse(str(error), status_code=400)
    except Forbidden as error:
        return PlainTextResponse(str(error), status_code=403)
    except SnapshotError as error:
        return PlainTextResponse(str(error), status_code=404)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{made.file_stem}.{kind}')}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_pieces(made, layout, kind), media_type=MEDIA_TYPES[kind], headers=headers)


def _chosen(request: Request, loaded: Snapshot) -> Snapshot:
    """The snapshot that the address names (``dashboard/history.py``), or the one in use. Raises BadQuery, SnapshotError."""
    number = named(dict(request.query_params))
    return loaded if number is None else snapshot_of(number)


def asked(request: Request, loaded: Snapshot) -> Export:
    """The export that the address asks for. Raises BadQuery, Forbidden."""
    query = query_of(request.query_params, loaded.regions)
    then = any(word in request.query_params for word in AS_SEEN)
    rows = evaluate(query, loaded, metrics())
    unplaced = remainders(query, rows, loaded, metrics())
    return Export(query, rows, metrics(), loaded.regions, loaded.provenance, then, unplaced)


def query_of(words: QueryParams, tree: RegionTree) -> Query:
    """The query that the words of an address mean. Raises BadQuery."""
    query = ask(
        tree,
        metrics=words.getlist("metric"),
        first=words.get("from", ""),
        last=words.get("to", ""),
        region=words.get("region"),
        level=words.get("level"),
        grain=words.get("grain", "total"),
        by=words.getlist("by"),
        where=words.getlist("where"),
    )
    if not query.metrics:
        raise BadQuery(f"没有指标；写法：metric=KEY，可选：{'、'.join(metrics())}")
    return query


def _one_of(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    text = request.query_params.get(name, allowed[0])
    if text not in allowed:
        raise BadQuery(f"{name}={text} 不可用；可选：{'、'.join(allowed)}")
    return text


def _pieces(made: Export, layout: Layout, kind: Format) -> Iterator[bytes]:
    if kind == "csv":
        yield BYTE_ORDER_MARK
        yield from csv_chunks(made, layout)
    else:
        yield xlsx_bytes(made, layout) if kind == "xlsx" else parquet_bytes(made, layout)


async def font(request: Request) -> Response:
    """A weight of the bundled Chinese font."""
    name = request.path_params["name"]
    if name not in FONT_FILES.values():
        return PlainTextResponse("没有这个字体文件。", status_code=404)
    return FileResponse(ASSETS / "fonts" / name, media_type="font/woff2", headers={"Cache-Control": "max-age=31536000"})


ROUTES = [
    Route("/healthz", health),
    Route("/readyz", ready),
    Route("/metrics", figures),
    Route(EXPORT_PATH, export),
    Route(f"{FONT_PATH}/{{name}}", font),
]
