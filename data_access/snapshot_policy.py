"""``config/snapshots.toml``: how snapshots are made and how long they are kept."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from data_access.settings import read_config


class Keep(BaseModel):
    """How long snapshots stay; see ``retention.reasons``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    all_hours: int = Field(48, ge=1, le=10_000)
    hourly_days: int = Field(7, ge=0, le=3660)
    daily_days: int = Field(30, ge=0, le=3660)
    meeting_days: int = Field(30, ge=0, le=36_600)
    grace_minutes: int = Field(60, ge=1, le=10_080)

    @property
    def grace(self) -> timedelta:
        """How long data files outlive their snapshot."""
        return timedelta(minutes=self.grace_minutes)


class Syncing(BaseModel):
    """How changes are looked for; see ``syncing``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_minutes: int = Field(10, ge=0, le=10_080)
    count_rows: bool = True
    reconcile_hour: int = Field(3, ge=0, le=23)

    @property
    def overlap(self) -> timedelta:
        """How much later than the time stamp it wrote a transaction may commit."""
        return timedelta(minutes=self.overlap_minutes)


class SnapshotPolicy(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep: Keep = Field(default_factory=lambda: Keep.model_validate({}))
    sync: Syncing = Field(default_factory=lambda: Syncing.model_validate({}))


@cache
def snapshot_policy() -> SnapshotPolicy:
    """The policy in force, read once per process. Raises SettingsError."""
    return read_config("snapshots.toml", SnapshotPolicy)
