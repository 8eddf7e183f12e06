"""A city of two counties and eight petitions, small enough to know every figure by heart, and the command asked about it.

荷塘区 is spelled as a formula, one region hangs on nothing, one petition is coded at the county, two fall on a month's
border only in local time; one organ is missing, one is empty text, one is spelled as a formula.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import URL

from tests import databases

ROOT, LILING, HETANG = "430200000000", "430281000000", "430202000000"
TOWN, STREET, NOWHERE = "430281101000", "430202101000", "430999101000"
YANPAN = Path(sys.executable).with_name("yanpan")

_ROWS = f"""
insert into rpt.region values
    ('{ROOT}', '株洲市', 3, null, 'county', 3900000, null, null),
    ('{LILING}', '醴陵市', 2, '{ROOT}', 'county', 880000, null, null),
    ('{TOWN}', '某镇', 1, '{LILING}', 'county', null, null, null),
    ('{HETANG}', '=荷塘区', 2, '{ROOT}', 'urban', null, null, null),
    ('{STREET}', '某街道', 1, '{HETANG}', 'urban', 0, null, null),
    ('{NOWHERE}', '孤镇', 1, '430999000000', 'county', 1000, null, null);
insert into rpt.organ values ('o1', '某局', 2, 'responsible', 'county_group', '{LILING}');
insert into rpt.category values ('land', '土地', 'land');
insert into rpt.petition
select id, at::timestamptz, region, channel, 'appeal', category, received, handling, organ, persons, repeat_no,
       'petition_procedure', null, null, null, null, false, null, null, now()
from (values
    (1, '2025-12-31 23:59:59+08', '{TOWN}', 'visit', 'land', 3, 1, 'o1', 1, 1),
    (2, '2026-01-01 00:00:00+08', '{TOWN}', 'visit', 'land', 3, 1, 'o1', 6, 2),
    (3, '2026-01-31 23:59:00+08', '{TOWN}', 'web', 'land', 2, 2, null, 1, 1),
    (4, '2026-02-28 12:00:00+08', '{STREET}', 'letter', 'land', 2, 1, '', 1, 5),
    (5, '2026-02-28 16:30:00+00', '{STREET}', 'phone', 'land', 2, 1, '=1+1', 1, 0),
    (6, '2026-03-31 23:59:00+08', '{LILING}', 'visit', 'land', 5, 2, 'o1', 12, 1),
    (7, '2026-03-15 12:00:00+08', '{NOWHERE}', 'web', 'land', 2, 2, null, 1, 1),
    (8, '2026-03-10 12:00:00+08', '{TOWN}', 'web', 'mystery', 2, 2, null, 1, 1)
) as rows (id, at, region, channel, category, received, handling, organ, persons, repeat_no);
insert into rpt.mediation
select id, '2026-01-05 09:00+08', '{TOWN}', 'direct', 'township', 'land', outcome, concluded, null, null, null,
       null, 100, 10, now()
from (values (1, 'succeeded', date '2026-01-20'), (2, 'failed', date '2026-02-01'), (3, null, null))
    as rows (id, outcome, concluded);
insert into rpt.supervision_order values (1, 'prompt', '{LILING}', 'o1', '2026-01-05', '2026-01-15', null, now());
insert into rpt.backlog_case values
    (1, '第一批', '{LILING}', 'land', '2020-02-29', '2026-01-01', null, true, now());
insert into rpt.risk_issue values (1, '{LILING}', 'land', 'low', 2, '2026-01-01', null, now());
insert into rpt.deduction values
    (1, '2026-01-01', '{LILING}', null, 'county_group', 'late', 1.25, 'final', null, now()),
    (2, '2026-01-01', '{LILING}', null, 'county_group', 'late', 0.10, 'final', null, now()),
    (3, '2026-02-01', '{ROOT}', 'o1', 'dept_group', 'reward', -0.50, 'final', null, now()),
    (4, '2026-02-01', '{LILING}', null, 'county_group', 'late', 9.00, 'proposed', null, now());
insert into rpt.dispute_inflow values ('2026-01-05', '{LILING}', 'police_call', 3, now());
insert into rpt.village_status values ('2026-01-01', '{TOWN}', true, true, true, now());
insert into rpt.feed_receipt values ('2026-01-05', 'police', 10, now());
"""

QUARTER = ("--from", "2026-01-01", "--to", "2026-03-31")


def fill(url: URL) -> URL:
    """Put the rows into the empty contract tables of the database at ``url``, the owner's address, and give it back."""
    databases.execute(url, _ROWS)
    return url


def mark_as_synthetic(url: URL) -> None:
    """What the demonstration city's database bears."""
    databases.execute(url, "comment on schema rpt is '演示数据·合成'")


def environment(home: Path, replica: URL | None = None, **more: str) -> dict[str, str]:
    """The environment of a command with a state folder and a replica of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YANPAN_")}
    kept |= {"YANPAN_HOME": str(home), **more}
    return kept if replica is None else kept | {"YANPAN_REPLICA_URL": address(replica)}


def address(url: URL) -> str:
    """The address as an operator would write it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def yanpan(*words: str, env: Mapping[str, str], cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the installed command to its end."""
    return subprocess.run([YANPAN, *words], env=env, cwd=cwd, capture_output=True, timeout=120, check=False)
