"""The log: one line per event for people, or with ``YANPAN_LOG=json`` one JSON object per line for a log store."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import datetime

from data_access.reference import LOCAL
from data_access.settings import SettingsError

VARIABLE = "YANPAN_LOG"
_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
#: What every record has; the rest was given with ``extra=``.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """at (ISO 8601 with zone), level, logger, message, the record's own fields, and error with its trace."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, tz=LOCAL).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _USUAL},
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure() -> None:
    """Set up the log of this process, and that of Streamlit and uvicorn with it. Raises SettingsError."""
    form = os.environ.get(VARIABLE) or "text"
    if form not in ("text", "json"):
        raise SettingsError(f"环境变量 {VARIABLE} 写的是 {form!r}；允许：text、json")
    logging.basicConfig(level=logging.INFO, format=_TEXT)
    if form == "text":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger().handlers[:] = [handler]
    logging.captureWarnings(True)


def adopt() -> None:
    """In JSON also what Streamlit and uvicorn say: call when their loggers stand, which is when the app begins to live."""
    if os.environ.get(VARIABLE) != "json":
        return
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if name.split(".")[0] in ("streamlit", "uvicorn", "websockets"):
            logger.handlers.clear()
            logger.propagate = True
