"""A real PostgreSQL as a child of our own process, for the demonstration city and the tests.

One folder holds one cluster: ``data/`` (the cluster), ``postgres.log`` (of this run; ``.1``: of the one before) and
``lock``. The running server itself holds that lock, whatever became of the process that started it, so the lock says
for certain whether the cluster is in use, and a ``postmaster.pid`` found without it is a left-over.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from socket import AF_UNIX
from socket import socket as Socket
from types import MappingProxyType, TracebackType
from typing import Self

from sqlalchemy.engine import URL

from data_access.demo.binaries import Account, EmbeddedError, account, programs
from data_access.settings import DRIVER, home

__all__ = ["QUICK", "DamagedError", "EmbeddedError", "Server", "demo_server"]

ADMINISTRATOR = "postgres"
_SOCKET_PORT = 5432
_LONGEST_SOCKET = 100  # bytes; the system's limit is 107
_PATIENCE = 60.0  # seconds

# Only for clusters that can be made again: without fsync a power cut may leave a corrupted one.
QUICK: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "256MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "timezone": "Asia/Shanghai",
        # Shared memory of containers is often 64 MB only, too little for parallel queries.
        "dynamic_shared_memory_type": "mmap",
    }
)
_DEMO = MappingProxyType({**QUICK, "wal_level": "minimal", "max_wal_senders": "0"})


class DamagedError(EmbeddedError):
    """The cluster is there and its server ends at once: most likely its files are damaged."""


class Server:
    """The PostgreSQL cluster in ``folder``, made on first use; a context manager that starts and stops it.

    Reached over a Unix socket that only its own user (and root) can open, therefore without a password; over TCP on
    127.0.0.1, with passwords, only when ``port`` is given. ``settings`` are PostgreSQL's own parameters.

    When another process already runs this very cluster, this one uses that server and leaves it running on exit.

    Call ``start`` from the main thread: Linux ends the server together with the *thread* that started it, also when
    our process is killed outright.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str] = MappingProxyType({}), port: int | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.port = port or _SOCKET_PORT
        self._tcp = port is not None
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def owned(self) -> bool:
        """Whether this object started the server (and will stop it)."""
        return self._process is not None

    def start(self) -> None:
        """Start the server, or join the one that runs; returns when it answers. Raises EmbeddedError."""
        if self._socket is not None:
            return
        try:
            self._make_folder()
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._join_or_launch(lock)
            finally:
                os.close(lock)
        except OSError as error:
            raise EmbeddedError(f"无法使用内置数据库的文件夹 {self.folder}：{error.strerror}") from error

    def stop(self) -> None:
        """Stop the server if this object started it; a server of another process stays."""
        process, self._process, place, self._socket = self._process, None, self._socket, None
        if process is None:
            return
        for number, patience in ((signal.SIGINT, _PATIENCE), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            process.send_signal(number)
            try:
                process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        if place is not None and place != self.data:
            shutil.rmtree(place, ignore_errors=True)

    def url(self, database: str = "postgres", user: str = ADMINISTRATOR) -> URL:
        """The address of ``database`` for ``user``, over the Unix socket."""
        return URL.create(DRIVER, user, database=database, query={"host": str(self.socket), "port": str(self.port)})

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket. Raises EmbeddedError when the server was not started."""
        if self._socket is None:
            raise EmbeddedError("内置数据库还没有启动")
        return self._socket

    def run(self, tool: str, *arguments: str) -> str:
        """Output of a PostgreSQL program (``psql``, ``pg_basebackup`` …) run against this server. Raises EmbeddedError."""
        environment = {"PGHOST": str(self.socket), "PGPORT": str(self.port), "PGUSER": ADMINISTRATOR}
        return _run(account(), [str(programs(home()) / tool), *arguments], environment)

    def prepare(self) -> None:
        """Make ``data/``, empty and owned by the database's user, for a base backup to be put there."""
        self._make_folder()
        _make_private(self.data)

    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700 if account().uid < 0 else 0o711)
        account().require_way(self.data)

    def _join_or_launch(self, lock: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not _locked(lock):
            if found := self._running():
                self._socket, self.port = found
                return
            if time.monotonic() > deadline:
                raise EmbeddedError(f"另一个进程占用着内置数据库 {self.folder}，但它一直没有就绪；请结束该进程后再试")
            time.sleep(0.05)
        self._start_own(lock, deadline)

    def _start_own(self, lock: int, deadline: float) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "start the embedded server from the main thread: it ends with the thread that started it"
            )
        if not (self.data / "PG_VERSION").exists():
            self._create()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._socket = self._socket_folder()
        self._process = self._launch(lock, self._socket)
        try:
            self._await_ready(deadline)
        except BaseException:
            self.stop()
            raise

    def _create(self) -> None:
        # Under another name first: an interrupted initdb must not look like a cluster.
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _make_private(fresh)
        options = ["-U", ADMINISTRATOR, "-E", "UTF8", "--locale=C", "-A", "trust", "--auth-host=scram-sha-256", "-N"]
        _run(account(), [str(programs(home()) / "initdb"), "-D", str(fresh), *options], {})
        try:
            fresh.rename(self.data)  # takes the place of an empty folder, but of no other
        except OSError as error:
            raise self._unusable(f"{self.data}：{error.strerror}") from error

    def _launch(self, lock: int, place: Path) -> subprocess.Popen[bytes]:
        owner = account()
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        options = {
            **self._settings,
            "listen_addresses": "127.0.0.1" if self._tcp else "",
            "port": str(self.port),
            "unix_socket_directories": f'"{place}"',
        }
        command = [str(programs(home()) / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        leash = [sys.executable, "-I", "-S", str(Path(__file__).with_name("leash.py"))]
        self.log.touch(0o600)
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [*leash, str(os.getpid()), str(owner.uid), str(owner.gid), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment({}),
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C is for us; we stop the server when we are done with it
            )

    def _await_ready(self, deadline: float) -> None:
        while self._running() is None:
            if self._process is None or self._process.poll() is not None:
                raise DamagedError(str(self._unusable(self._last_words())))
            if time.monotonic() > deadline:
                raise EmbeddedError(f"内置数据库 {_PATIENCE:.0f} 秒内没有就绪；日志：{self.log}")
            time.sleep(0.02)

    def _running(self) -> tuple[Path, int] | None:
        """Socket folder and port of a server that is ready, by its own ``postmaster.pid`` and by knocking."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        # Lines: process, data folder, start, port, socket folder, address, shared memory, state.
        if len(lines) < 8 or lines[7].strip() != "ready":
            return None
        place, port = Path(lines[4]), int(lines[3])
        return (place, port) if _answers(place / f".s.PGSQL.{port}") else None

    def _socket_folder(self) -> Path:
        path = os.fsencode(self.data / f".s.PGSQL.{self.port}")
        # libpq reads a comma in a socket's folder as a list of hosts.
        if len(path) <= _LONGEST_SOCKET and not set(b',"\\') & set(path):
            return self.data
        base = os.environ.get("XDG_RUNTIME_DIR", "") if os.geteuid() else ""
        base = base if base and os.access(base, os.W_OK) else "/tmp"
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        folder = Path(base) / f"yanpan-{os.geteuid()}-{name}"
        if not folder.is_dir():
            _make_private(folder)
        found = folder.lstat()
        owner = account().uid if account().uid >= 0 else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedError(f"文件夹 {folder} 不归内置数据库所有或对他人开放；请删除它后再试")
        return folder

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        grave = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
        last = (grave or lines or ["没有输出"])[-1]
        return last.partition("] ")[2] or last  # without time and process number

    def _unusable(self, reason: str) -> EmbeddedError:
        return EmbeddedError(
            f"内置数据库无法启动（{reason}）；日志：{self.log}；"
            f"其中只有可重新生成的数据，删除文件夹 {self.folder} 后再运行即可重建"
        )


def demo_server() -> Server:
    """The server of the demonstration city, in the state folder; not started yet."""
    return Server(home() / "demo", _DEMO)


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    account().own(folder)


def _answers(path: Path) -> bool:
    with Socket(AF_UNIX) as client:
        try:
            client.connect(os.fspath(path))
        except OSError:
            return False
    return True


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    # Nothing of ours, in which PG… variables or a locale unknown to the system might stand.
    return {"PATH": os.defpath, "LC_ALL": "C", **extra}


def _run(owner: Account, command: list[str], extra: Mapping[str, str]) -> str:
    try:
        done = owner.run(command, _environment(extra))
    except OSError as error:
        raise EmbeddedError(f"无法运行 {command[0]}：{error.strerror}") from error
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise EmbeddedError(f"{Path(command[0]).name} 失败：{words[-1]}")
    return done.stdout
