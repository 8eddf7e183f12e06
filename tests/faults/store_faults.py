"""What may go wrong with disk, process, clock, and with what stands in the tables."""

from __future__ import annotations

import random
import signal
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from dashboard import current
from dashboard.refresher import Refresher
from data_access import syncing
from data_access.demo import city
from data_access.demo.embedded import Server
from data_access.steady import ContractError
from data_access.syncing import TABLES
from tests import databases
from tests.data_access.worker import begin, on_a_full_disk, worker
from tests.faults import Trial, fault
from tests.faults.replica_faults import impatient, in_use, nothing_known, over_it, turn
from tests.faults.stage import Scene, Stage
from tests.faults.truth import SINCE, UNTIL, truth, wrong

#: How often the process is killed in one try; the whole suite has ten of them.
KILLS = 5
_chance = random.Random(20261125)
_UNKNOWN, _LOST = "fax", "430999101000"


def _every_snapshot_lost(scene: Scene) -> int:
    return scene.lost(scene.archive.numbers())


@fault("killed", "`kill -9` at random moments of a sync", tries=10)
def killed(stage: Stage) -> Trial:
    """What was there stays, what is listed is whole, and the next sync is right."""
    with stage.scene() as scene:
        bad = lost = made = 0
        truths = [scene.before]
        for _ in range(KILLS):
            truths.append(scene.change())
            numbers = scene.archive.numbers()
            stage.in_step()
            with worker(scene.address(), scene.archive) as process:
                begin(process)
                time.sleep(_chance.uniform(0, 1.5))
                process.send_signal(signal.SIGKILL)
                process.wait(30)
            lost += sum(number not in scene.archive.numbers() for number in numbers) + _every_snapshot_lost(scene)
            made += scene.archive.numbers() != numbers
            bad += wrong(scene.newest(), *truths)
        begun = time.monotonic()
        scene.sync(scene.engine())
        recovery = time.monotonic() - begun
        bad += wrong(scene.newest(), truths[-1])
        how = f"{made} of the last {KILLS} were ready before the kill; nothing half, nothing lost"
        return Trial(bad, lost, recovery, how, count=KILLS)


@fault("disk-full", "Disk full while a snapshot is written", tries=3)
def disk_full(stage: Stage) -> Trial:
    """The first file, a later one, or the manifest breaks off; what was written of it is swept away."""
    with stage.scene() as scene:
        after, limit = scene.change(), {2: 0, 9: 2000, 16: 20_000}[turn("disk")]
        stage.in_step()
        done = on_a_full_disk(scene.address(), scene.archive, limit)
        assert done.returncode == 3, done.stdout + done.stderr
        assert scene.archive.numbers() == [1]
        assert list(scene.archive.folder.glob("*/*.part")) == []
        return over_it(scene, after, "given up; last good stayed, nothing half left behind")


@fault("clock-jump", "The clocks of host and database jump ahead ten days, then back", tries=2)
def clock_jump(stage: Stage) -> Trial:
    """What was noted under the wrong clock makes nothing old, hides no change and is no reason to wait."""
    with stage.scene() as scene, nothing_known():
        looked, ahead = scene.archive.looked(), timedelta(days=10)
        assert looked is not None
        later = {name: (datetime.fromisoformat(at) + ahead).isoformat() for name, at in looked.watermarks.items()}
        jumped = replace(
            looked,
            at=(datetime.fromisoformat(looked.at) + ahead).isoformat(),
            clock=looked.clock + ahead.total_seconds(),
            reconciled_at=looked.reconciled_at + ahead.total_seconds(),
            collected_at=looked.collected_at + ahead.total_seconds(),
            watermarks=later,
        )
        with scene.archive.writing():
            scene.archive.note(jumped)
        after = scene.change()
        stage.in_step()
        background, begun = Refresher(scene.source()), time.monotonic()
        assert background._step()
        recovery = time.monotonic() - begun
        assert scene.archive.numbers() == [1, 2]
        return Trial(wrong(in_use(), after), scene.lost([1]), recovery, "looked at once; every change was found")


@fault("column-dropped", "A column of the contract dropped in the middle of a sync", tries=2)
def column_dropped(stage: Stage) -> Trial:
    """The replay waits or cancels the reading; what is read then is refused with the column's name."""
    return _refused_table(
        stage,
        "alter table rpt.petition rename column persons to persons_before",
        "alter table rpt.petition rename column persons_before to persons",
        "rpt.petition 缺列 persons",
    )


@fault("column-retyped", "A column of the contract retyped in the middle of a sync", tries=2)
def column_retyped(stage: Stage) -> Trial:
    """As a dropped one."""
    return _refused_table(
        stage,
        "alter table rpt.petition alter column persons type text",
        "alter table rpt.petition alter column persons type integer using persons::integer",
        "列 persons 的类型是 text",
    )


def _refused_table(stage: Stage, statement: str, undo: str, sentence: str) -> Trial:
    with stage.scene() as scene, impatient(stage):
        said = ""

        def alter(piece: int) -> None:
            if piece == 2 and not said:
                databases.execute(scene.owner, statement)

        # The reading that holds the tables may come to its end before the change is replayed; the next one must not.
        with suppress(ContractError):
            scene.sync(scene.engine(), alter, rebuild=True)
        stage.in_step()
        numbers = scene.archive.numbers()
        bad = wrong(scene.newest(), scene.before)
        try:
            scene.sync(scene.engine())
        except ContractError as error:
            said = str(error)
        assert sentence in said, said or "it was not noticed"
        assert scene.archive.numbers() == numbers
        databases.execute(scene.owner, undo)
        after = scene.change()
        stage.in_step()
        trial = over_it(scene, after, "refused with the column's name; last good stayed")
        return replace(trial, wrong=trial.wrong + bad)


@fault("unknown-codes", "NULL and unknown codes appear", tries=2)
def unknown_codes(stage: Stage) -> Trial:
    """Counted where they can be, listed on 数据状态 where they cannot; nothing is dropped silently."""
    with stage.scene() as scene, nothing_known():
        databases.execute(
            scene.owner,
            "alter table rpt.petition alter column channel drop not null, alter column region_code drop not null;"
            f"update rpt.petition set channel = '{_UNKNOWN}', updated_at = now() where mod(petition_id, 50) = 1;"
            "update rpt.petition set channel = null, updated_at = now() where mod(petition_id, 50) = 2;"
            f"update rpt.petition set region_code = '{_LOST}', updated_at = now() where mod(petition_id, 50) = 3;"
            "update rpt.petition set region_code = null, updated_at = now() where mod(petition_id, 50) = 4",
        )
        after, begun = truth(scene.owner), time.monotonic()
        stage.in_step()
        background = Refresher(scene.source())
        assert background._step()
        background._urgent = True
        assert background._step()
        recovery = time.monotonic() - begun
        assert in_use().unplaced["petition_registered"] > 0
        examined = current.findings().examined
        assert examined is not None
        said = "；".join(finding.text for finding in examined.report.findings)
        assert _UNKNOWN in said or "channel" in said, said
        return Trial(wrong(in_use(), after), scene.lost([1]), recovery, "counted; listed by the check on 数据状态")


@fault("hostile-changes", "Rows deleted, moved and written with old time stamps; late commits", tries=3)
def hostile_changes(stage: Stage) -> Trial:
    """Nothing of it moves updated_at; what a look misses a reconciliation finds, against plain SQL."""
    with stage.scene() as scene:
        held = create_engine(scene.owner, poolclass=NullPool)
        with held.connect() as late:
            late.exec_driver_sql("update rpt.petition set persons = persons + 7 where mod(petition_id, 13) = 5")
            scene.sync(scene.engine())
            late.commit()
        databases.execute(
            scene.owner,
            "delete from rpt.petition where mod(petition_id, 17) = 3;"
            "update rpt.petition set registered_at = registered_at - interval '31 days' where mod(petition_id, 19) = 4;"
            "update rpt.mediation set region_code = (select max(region_code) from rpt.region where level = 1)"
            " where mod(mediation_id, 23) = 1;"
            "update rpt.mediation set accepted_at = concluded_on, updated_at = 'epoch' where mod(mediation_id, 29) = 2"
            " and concluded_on is not null",
        )
        after = truth(scene.owner)
        stage.in_step()
        begun = time.monotonic()
        with scene.archive.writing():
            outcome = syncing.advance(scene.engine(), scene.archive, reconcile=True)
        recovery = time.monotonic() - begun
        assert outcome.reconciled
        return Trial(wrong(scene.newest(), after), scene.lost([1]), recovery, "found by the reconciliation, all of it")


@fault("server-replaced", "Behind the address stands another server, its rows older than the last sync", tries=1)
def server_replaced(stage: Stage) -> Trial:
    """No time stamp tells of it: all months are compared, because the server is another one."""
    with stage.scene() as scene:
        bad = wrong(scene.newest(), scene.before)
        with Server(stage.folder / f"other-{scene.name}", {"wal_level": "minimal", "max_wal_senders": "0"}) as other:
            databases.furnish(other)
            owner = databases.fresh_database(other)
            filling = create_engine(owner, poolclass=NullPool)
            city.fill(filling, seed=2, since=SINCE, until=UNTIL)
            for table in TABLES:
                databases.execute(owner, f"update {table.fullname} set updated_at = timestamptz '2020-01-01 00:00+08'")
            after = truth(owner)
            begun = time.monotonic()
            scene.sync(scene.engine(databases.reader(owner)))
            recovery = time.monotonic() - begun
        return Trial(bad + wrong(scene.newest(), after), scene.lost([1]), recovery, "all months compared")
