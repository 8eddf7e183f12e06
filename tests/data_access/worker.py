"""Another process that looks for changes once, to be killed, or to find the disk full."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL

from data_access.archive import Archive
from tests import small_city

_WORKER = """
import sys
from pathlib import Path
from data_access import replica, settings, syncing
from data_access.archive import Archive
engine = replica.connect(settings.postgresql_url(sys.argv[1], "address"))
archive = Archive(Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
try:
    with archive.writing():
        outcome = syncing.advance(engine, archive, reconcile=sys.argv[3] == "reconcile")
    print(outcome.manifest.number, flush=True)
except OSError as error:
    print(f"OSError {error.errno}", flush=True)
    sys.exit(3)
"""


@contextmanager
def worker(
    replica: URL, archive: Archive, how: str = "look", before: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """Another process, ready to look for changes at the next line it reads."""
    words = [*before, sys.executable, "-c", _WORKER, small_city.address(replica), str(archive.folder), how]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def on_a_full_disk(replica: URL, archive: Archive, limit: int) -> subprocess.CompletedProcess[str]:
    """A look by a process whose files may grow to ``limit`` bytes (RLIMIT_FSIZE, which needs no rights)."""
    return subprocess.run(
        [sys.executable, "-c", _WORKER, small_city.address(replica), str(archive.folder), "look"],
        input="\n",
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
