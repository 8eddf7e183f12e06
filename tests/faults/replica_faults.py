"""What may go wrong with the replica and the way to it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from dashboard import current
from dashboard.refresher import Refresher
from dashboard.watch import Watch
from data_access import replica
from data_access.clocks import Limits
from data_access.snapshot import Snapshot
from data_access.source import DATABASE_ERRORS
from tests import databases, small_city
from tests.faults import Trial, fault
from tests.faults.proxy import Proxy
from tests.faults.stage import Scene, Stage, until
from tests.faults.truth import Figures, wrong

#: Where in a sync the fault comes: early, in the middle, late; one after the other.
_PIECES = (2, 9, 16)
_turns = {"killed": 0, "conflict": 0, "disk": 0}


@contextmanager
def nothing_known() -> Iterator[None]:
    """The state of the server process as at its start, and afterwards as it was."""
    kept, current._current = current._current, current._Current()
    try:
        yield
    finally:
        current._current = kept


def turn(name: str) -> int:
    """The place of the fault for this try."""
    _turns[name] += 1
    return _PIECES[(_turns[name] - 1) % len(_PIECES)]


def in_use() -> Snapshot:
    """What the pages show."""
    shown = current.snapshot()
    assert shown is not None
    return shown


def refused(
    scene: Scene, url: URL, words: str, within: float, at: Callable[[int], None] = lambda _: None, **limits: float
) -> None:
    """A sync of everything that must fail within that time, with a sentence that says ``words``."""
    begun = time.monotonic()
    said = ""
    try:
        scene.sync(scene.engine(url, **limits), at, rebuild=True)
    except DATABASE_ERRORS as error:
        said = replica.explain(error)
    taken = time.monotonic() - begun
    assert words in said, said or "the sync did not notice"
    assert taken < within, f"{taken:.1f} s until: {said}"


def over_it(scene: Scene, after: Figures, how: str, url: URL | None = None, begun: float | None = None) -> Trial:
    """The fault is over: the old snapshot was right all the time, and a sync brings a right new one."""
    bad = wrong(scene.newest(), scene.before)
    begun = time.monotonic() if begun is None else begun
    scene.sync(scene.engine(url))
    recovery = time.monotonic() - begun
    return Trial(bad + wrong(scene.newest(), after), scene.lost([1]), recovery, how)


@fault("standby-killed-two-hosts", "Standby killed in the middle of a sync, two hosts in the address", tries=3)
def killed_with_failover(stage: Stage) -> Trial:
    """The sync itself goes on with the other host."""
    with stage.scene() as scene:
        url, place = scene.address(stage.standby, stage.primary), turn("killed")
        watch = Watch(scene.source(url))
        until(lambda: watch.look().level == "in_order")
        after = scene.change()
        stage.in_step()
        killed: list[float] = []

        def kill(piece: int) -> None:
            if piece == place:
                stage.kill_standby()
                killed.append(time.monotonic())

        made = scene.sync(scene.engine(url), at=kill)
        recovery = time.monotonic() - killed[0]
        assert made.replica == "主库（非备库）"
        clock = watch.look()
        watch.close()
        assert (clock.words, clock.level) == ("同步", "caution"), clock
        return Trial(
            wrong(scene.newest(), after), scene.lost([1]), recovery, "went on with the other host; badge amber"
        )


@fault("standby-killed-one-host", "Standby killed in the middle of a sync, no other host", tries=3)
def killed_without_failover(stage: Stage) -> Trial:
    """The last good snapshot stays in use, the badge turns amber and then red."""
    with stage.scene() as scene, nothing_known():
        source, place = scene.source(), turn("killed")
        background, watch = Refresher(source), Watch(source)
        assert background._step()
        until(lambda: watch.look().level == "in_order")
        after = scene.change()
        stage.in_step()

        def kill(piece: int) -> None:
            if piece == place:
                stage.kill_standby()

        refused(scene, scene.address(), "没有数据库在听", 30, at=kill)
        assert watch.look().level == "caution"
        red = Limits().model_copy(update={"cut_off_broken_minutes": 1e-6})
        watch._limits = red
        assert watch.look().level == "broken"
        bad = wrong(in_use(), scene.before) + wrong(scene.newest(), scene.before)
        stage.revive()
        begun = time.monotonic()
        scene.sync(source.engine)
        assert background._step()
        recovery = time.monotonic() - begun
        until(lambda: watch.look().level == "in_order")
        watch.close()
        return Trial(bad + wrong(in_use(), after), scene.lost([1]), recovery, "last good stayed; badge amber, then red")


@fault("recovery-conflict", "40001: replay cancels the sync's query (vacuum on the primary)", tries=3)
def conflict(stage: Stage) -> Trial:
    """Rows that the sync still sees are vacuumed away on the primary: its transaction is cancelled and run again."""
    with stage.scene() as scene, impatient(stage):
        place = turn("conflict")
        after: list[Figures] = []

        def vacuum(piece: int) -> None:
            if piece == place:
                after.append(scene.change())
                for table in ("petition", "mediation", "dispute_inflow"):
                    databases.execute(scene.owner, f"vacuum rpt.{table}")
                stage.in_step()

        pieces: list[int] = []
        begun = time.monotonic()

        def read(piece: int) -> None:
            pieces.append(piece)
            vacuum(piece)

        scene.sync(scene.engine(), at=read, rebuild=True)
        recovery = time.monotonic() - begun
        assert len(pieces) > place + 20, f"not run again: {len(pieces)} pieces"
        return Trial(wrong(scene.newest(), after[0]), scene.lost([1]), recovery, "the whole transaction was run again")


@contextmanager
def impatient(stage: Stage) -> Iterator[None]:
    """Replay waits for nobody's query, instead of the usual 30 s."""
    for statement in ("alter system set max_standby_streaming_delay = '50ms'", "select pg_reload_conf()"):
        databases.execute(stage.standby.url(), statement)
    try:
        yield
    finally:
        for statement in ("alter system reset max_standby_streaming_delay", "select pg_reload_conf()"):
            databases.execute(stage.standby.url(), statement)


@fault("statement-timeout", "A query takes longer than the statement timeout", tries=3)
def too_slow(stage: Stage) -> Trial:
    """The petitions become a view that takes four seconds; the server stops the query, the last good snapshot stays."""
    with stage.scene() as scene:
        slow = (
            "alter table rpt.petition rename to petition_rows;"
            "create view rpt.petition as select rows.* from rpt.petition_rows as rows, pg_sleep(4);"
            "grant select on rpt.petition to reader"
        )
        databases.execute(scene.owner, slow)
        stage.in_step()
        refused(scene, scene.address(options="-c statement_timeout=500ms"), "statement timeout", within=4)
        databases.execute(scene.owner, "drop view rpt.petition; alter table rpt.petition_rows rename to petition")
        after = scene.change()
        stage.in_step()
        return over_it(scene, after, "stopped by the server; last good stayed")


@fault("connection-limit", "The database has no connection left", tries=3)
def no_connection_left(stage: Stage) -> Trial:
    """Refused at once, tried again at the next turn."""
    with stage.scene() as scene:
        databases.execute(stage.primary.url(), f"alter database {scene.name} connection limit 0")
        stage.in_step()
        refused(scene, scene.address(), "连接已满", within=5)
        databases.execute(stage.primary.url(), f"alter database {scene.name} connection limit -1")
        after = scene.change()
        stage.in_step()
        return over_it(scene, after, "refused with a sentence; last good stayed")


@fault("hang-at-connect", "The network is silent: connections are accepted and nothing is answered", tries=2)
def silent_at_connect(stage: Stage) -> Trial:
    """Connecting is bounded; the second host of an address is then asked."""
    with stage.scene() as scene, Proxy(stage.standby.port) as network:
        network.hang()
        alone = scene.address().update_query_dict({"host": f"127.0.0.1:{network.port}"})
        refused(scene, alone, "没有回音", within=6, connect_timeout_seconds=2)
        after = scene.change()
        stage.in_step()
        both = scene.address().update_query_dict(
            {"host": (f"127.0.0.1:{network.port}", f"127.0.0.1:{stage.primary.port}")}
        )
        bad, begun = wrong(scene.newest(), scene.before), time.monotonic()
        scene.sync(scene.engine(both, connect_timeout_seconds=2))
        recovery = time.monotonic() - begun
        return Trial(
            bad + wrong(scene.newest(), after), scene.lost([1]), recovery, "given up in 2 s; then the other host"
        )


@fault("hang-in-sync", "The network goes silent in the middle of a sync, sockets stay open", tries=3)
def silent_midway(stage: Stage) -> Trial:
    """No keepalive and no statement timeout of the server sees it; we close the connection ourselves."""
    with stage.scene() as scene, Proxy(stage.standby.port) as network:
        url = scene.address().update_query_dict(
            {"host": f"127.0.0.1:{network.port}", "options": "-c statement_timeout=1s"}
        )
        place = turn("killed")

        def hang(piece: int) -> None:
            if piece == place:
                network.hang()

        refused(scene, url, "没有回音", within=20, at=hang, grace_seconds=1.0)
        network.resume()
        after = scene.change()
        stage.in_step()
        return over_it(scene, after, "closed by us after timeout and grace; last good stayed", url)


@fault("frozen-server", "The server's process is frozen while it answers (SIGSTOP)", tries=2)
def frozen(stage: Stage) -> Trial:
    """The kernel still answers keepalives; only our own bound ends it."""
    with stage.scene() as scene:
        url, place = scene.address(options="-c statement_timeout=1s"), turn("killed")
        stopped: list[int] = []

        def freeze(piece: int) -> None:
            if piece == place:
                stopped.append(_backend(scene))
                subprocess.run(["kill", "-STOP", str(stopped[0])], check=True)

        try:
            refused(scene, url, "没有回音", within=20, at=freeze, grace_seconds=1.0)
        finally:
            for process in stopped:
                subprocess.run(["kill", "-CONT", str(process)], check=False)
        after = scene.change()
        stage.in_step()
        return over_it(scene, after, "closed by us after timeout and grace; last good stayed", url)


@fault("two-syncs", "Two `yanpan sync` at once", tries=2)
def two_at_once(stage: Stage) -> Trial:
    """One waits for the other; the replica never sees two connections of them."""
    with stage.scene() as scene:
        after = scene.change()
        stage.in_step()
        home = stage.folder / f"home-{scene.name}"
        environment = small_city.environment(home, scene.address())
        first = small_city.yanpan("sync", "--once", env=environment)
        assert first.returncode == 0, first.stderr.decode()
        begun = time.monotonic()
        running = [
            subprocess.Popen([small_city.YANPAN, "sync", "--once"], env=environment, stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        most = _most_connections(scene, lambda: any(one.poll() is None for one in running))
        said = [one.communicate()[1].decode() for one in running]
        recovery = time.monotonic() - begun
        assert [one.returncode for one in running] == [0, 0], said
        assert most == 1, most
        [manifest] = list(home.glob("snapshots/*/manifests"))
        archive = type(scene.archive)(manifest.parent)
        numbers = archive.numbers()
        snapshots = [Snapshot(archive, archive.manifest(number)) for number in numbers]
        bad = sum(wrong(snapshot, after) for snapshot in snapshots)
        return Trial(bad, 0, recovery, f"one waited; at most {most} connection")


def _backend(scene: Scene) -> int:
    """The server's process that works for the scene's sync."""
    return int(
        str(_asked(scene, f"select pid from pg_stat_activity where datname = '{scene.name}' and usename = 'reader'"))
    )


def _most_connections(scene: Scene, going: Callable[[], bool]) -> int:
    """The most connections of the reader to the scene's database seen while ``going``."""
    engine = create_engine(scene.stage.standby.url(), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    counting = text("select count(*) from pg_stat_activity where datname = :name and usename = 'reader'")
    most = 0
    with engine.connect() as connection:
        while going():
            most = max(most, connection.execute(counting, {"name": scene.name}).scalar_one())
            time.sleep(0.002)
    return most


def _asked(scene: Scene, query: str) -> object:
    engine = create_engine(scene.stage.standby.url(), poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()
