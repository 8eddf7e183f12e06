"""Which history a transaction read: that of which cluster, after which promotions, how far, and seen by whom.

Rows that another server holds need not bear a newer updated_at: after a failover, behind another standby or for another
role, what has changed since the last reading cannot be told from time stamps. Then all months are to be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, text

# Asked for first: where a role may not call these functions, calling them would end the transaction.
_MAY_ASK = text(
    "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"
    " AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE')"
)
_SYSTEM = "CAST((SELECT system_identifier FROM pg_control_system()) AS text)"
# On a standby the timeline of the last restart point may be older than that which the receiver is on.
_TIMELINE = """
    CASE WHEN pg_is_in_recovery()
         THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()),
                       (SELECT max(received_tli) FROM pg_stat_wal_receiver))
         ELSE CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS bit(32)) AS integer)
    END"""
# A server that may not be asked who it is counts as another one after each of its starts.
_STARTED = "'started ' || CAST(extract(epoch FROM pg_postmaster_start_time()) AS text)"
_POSITION = """
    CAST(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')
         AS bigint)"""


@dataclass(frozen=True)
class Origin:
    """``system``: of the cluster (or when the server was started, where it may not be asked); ``timeline``: grows with each
    promotion, None where unknown; ``position``: bytes of log written or replayed; ``reader``: the role."""

    system: str
    timeline: int | None
    position: int
    reader: str

    @property
    def noted(self) -> dict[str, Any]:
        """As it is kept; see ``moved``."""
        return asdict(self)

    def moved(self, before: Mapping[str, Any]) -> str | None:
        """Why what was read at ``before`` (as ``noted``, empty: unknown) may be no past of this, in Chinese; None: it is."""
        try:
            known = Origin(**before)
        except TypeError:
            return "上次取自哪个库没有记录"
        if known.system != self.system:
            return "地址后面换了一个库"
        if known.timeline != self.timeline:
            return "主备切换过（时间线不同）"
        if known.reader != self.reader:
            return "换了读取用户"
        return "这台库比上次读的落后" if self.position < known.position else None


def read_origin(connection: Connection) -> Origin:
    """Of the server and role of this connection, in its transaction."""
    asked = bool(connection.execute(_MAY_ASK).scalar_one())
    system, timeline = (_SYSTEM, _TIMELINE) if asked else (_STARTED, "CAST(NULL AS integer)")
    found = connection.execute(text(f"SELECT {system}, {timeline}, {_POSITION}, CAST(current_user AS text)")).one()
    return Origin(*found)
