"""What the room sees when a page breaks: a Chinese card with a number; the trace goes to the log under that number."""

from __future__ import annotations

import logging
import secrets

from dashboard import states, telemetry

log = logging.getLogger("yanpan.page")


def show_fault(error: Exception) -> bool:
    """Log the error and show the card. True: Streamlit need not show its own."""
    number = secrets.token_hex(3).upper()
    log.error("page failed, error number %s", number, exc_info=error, extra={"number": number})
    telemetry.failed("page")
    states.broken(number)
    return True
