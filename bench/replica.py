"""What we cost a replica, measured: ``python -m bench.replica`` rewrites the table in docs/operations.md (about a minute).

A PostgreSQL of its own with the synthetic city of three years. From our side: connections, statements, seconds waited, rows,
bytes. From the server's side: processor time of the processes that worked for us, rows and pages read, temporary files.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import replica, syncing, traffic
from data_access.check import check
from data_access.demo import city
from data_access.demo.embedded import Server
from data_access.reference import LOCAL
from data_access.snapshot import Archive, sync
from tests import databases

REPORT = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
_BEGIN, _END = "<!-- measured by python -m bench.replica -->", "<!-- end -->"
_LOOKS = 100


@dataclass(frozen=True)
class Load:
    """One kind of work, ``times`` over; all figures are of one time."""

    name: str
    seconds: float
    ours: traffic.Traffic
    times: int
    processor: float
    rows_read: int
    pages: int
    temporary: int

    @property
    def cells(self) -> list[str]:
        """As a row of the table."""
        ours, times = self.ours, self.times
        return [
            self.name,
            f"{self.seconds:.3f} s",
            f"{ours.busy_seconds / times:.3f} s",
            f"{self.processor:.3f} s",
            f"{ours.connections / times:.2g}",
            f"{ours.statements / times:.3g}",
            f"{ours.rows / times:,.0f}",
            f"{ours.octets / times / 1e6:.1f} MB",
            f"{self.rows_read:,}",
            f"{self.pages * 8 / 1024:,.0f} MB",
            f"{self.temporary / 1e6:.0f} MB",
        ]


_HEADS = [
    "work", "time", "of it waited for the server", "processor time of the server", "connections", "statements", "rows fetched", "over the wire",
    "rows read", "pages read (mostly from memory)", "temporary files",
]  # fmt: skip


def main() -> None:
    """Measure and rewrite the table."""
    folder = Path(tempfile.mkdtemp(prefix="yanpan-load-"))
    folder.chmod(0o711)
    os.environ["YANPAN_HOME"] = str(folder)
    with databases.primary_server(folder / "primary") as server:
        databases.furnish(server)
        owner = databases.fresh_database(server)
        engine = create_engine(owner, poolclass=NullPool)
        rows = city.fill(engine)
        databases.execute(server.url(owner.database or ""), "vacuum analyze")
        table = _table(_measured(server, owner, folder))
        with engine.connect() as connection:
            size = connection.execute(text("select pg_database_size(current_database())")).scalar_one()
    subprocess.run(["rm", "-rf", str(folder)], check=False)
    said = (
        f"{datetime.now(tz=LOCAL):%Y-%m-%d}, {os.cpu_count()} cores shared with other work (load {os.getloadavg()[0]:.1f}), "
        f"PostgreSQL and product on one machine; {rows:,} rows, {size / 1e6:.0f} MB."
    )
    _rewrite(f"{said}\n\n{table}")


def _measured(server: Server, owner: URL, folder: Path) -> list[Load]:
    reader = databases.reader(owner)
    whole, watch = replica.connect(reader), replica.watching(replica.connect(reader))
    archive = Archive(folder / "archive")
    sync(whole, Archive(folder / "first"))  # the server's memory is warm, as that of a replica at work

    def looks() -> None:
        for _ in range(_LOOKS):
            replica.look(watch)

    def advance(*, reconcile: bool = False) -> None:
        with archive.writing():
            syncing.advance(whole, archive, reconcile=reconcile)

    def change() -> None:
        databases.execute(
            owner,
            "update rpt.petition set persons = persons + 1, updated_at = clock_timestamp() where petition_id = (select max(petition_id) from rpt.petition)",
        )

    replica.look(watch)
    return [
        _load("sync of everything (the first one, `--full`)", server, owner, lambda: sync(whole, archive)),
        _load("sync without a change", server, owner, advance),
        _load("sync after one changed row", server, owner, advance, before=change),
        _load("reconciliation without a difference (nightly)", server, owner, lambda: advance(reconcile=True)),
        _load("contract check (after each new snapshot)", server, owner, lambda: check(whole)),
        _load("look at the state (every 30 s)", server, owner, looks, _LOOKS, watch.dispose),
    ]


def _load(
    name: str,
    server: Server,
    owner: URL,
    work: Callable[[], object],
    times: int = 1,
    after: Callable[[], None] = lambda: None,
    before: Callable[[], None] = lambda: None,
) -> Load:
    """``before`` is not measured; ``after`` ends the processes that worked for us: their processor time is known when they have ended."""
    before()
    time.sleep(2.5)
    counted, ours, processor = _statistics(owner), traffic.total(), _processor(server)
    begun = time.monotonic()
    work()
    seconds = time.monotonic() - begun
    theirs = traffic.total()
    after()
    time.sleep(2.5)  # statistics and ended processes are counted a little later
    spent = _processor(server) - processor
    told = {key: value - counted[key] for key, value in _statistics(owner).items()}
    asked = traffic.Traffic(
        theirs.connections - ours.connections,
        theirs.statements - ours.statements,
        theirs.busy_seconds - ours.busy_seconds,
        theirs.rows - ours.rows,
        theirs.octets - ours.octets,
    )
    parts = (told["rows"] // times, told["pages"] // times, told["temporary"] // times)
    return Load(name, seconds / times, asked, times, spent / times, *parts)


def _statistics(owner: URL) -> dict[str, int]:
    engine = create_engine(owner, poolclass=NullPool)
    question = text(
        "select tup_returned as rows, blks_hit + blks_read as pages, temp_bytes as temporary"
        " from pg_stat_database where datname = current_database()"
    )
    with engine.connect() as connection:
        return {key: int(value) for key, value in connection.execute(question).one()._mapping.items()}


def _processor(server: Server) -> float:
    """Seconds of processor time of all processes of the server that have ended."""
    leader = (server.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
    fields = Path(f"/proc/{leader}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _table(loads: list[Load]) -> str:
    rows = [_HEADS, ["---"] * len(_HEADS), *(load.cells for load in loads)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rewrite(measured: str) -> None:
    before, _, rest = REPORT.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    REPORT.write_text(f"{before}{_BEGIN}\n{measured}\n{_END}{after}", encoding="utf-8")
    print(measured)


if __name__ == "__main__":
    main()
