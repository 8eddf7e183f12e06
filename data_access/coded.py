"""A snapshot asked for what bears a region's very own code, whatever lies below it: the second way of counting 未细分."""

from __future__ import annotations

import polars as pl

from data_access.regions import RegionTree
from data_access.snapshot import Snapshot
from data_access.store import FactRequest, Provenance


class Coded:
    """The store of ``snapshot`` in which a region is only itself and not what lies below it (see ``Store``)."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @property
    def provenance(self) -> Provenance:
        """That of the snapshot."""
        return self._snapshot.provenance

    @property
    def regions(self) -> RegionTree:
        """The tree of the snapshot: which regions are asked for."""
        return self._snapshot.regions

    @property
    def categories(self) -> pl.DataFrame:
        """Those of the snapshot."""
        return self._snapshot.categories

    @property
    def organs(self) -> pl.DataFrame:
        """Those of the snapshot."""
        return self._snapshot.organs

    def sums(self, request: FactRequest) -> pl.DataFrame:
        """See ``Snapshot.own_sums``."""
        return self._snapshot.own_sums(request)

    def register(self, name: str) -> pl.DataFrame:
        """The register as it is: a list of rows knows no levels."""
        return self._snapshot.register(name)
