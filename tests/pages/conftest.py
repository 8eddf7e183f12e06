"""One synthetic city for all page tests, a real server in front of it, and a real browser before that."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import replica
from data_access.demo import city
from data_access.demo.embedded import Server
from data_access.snapshot import Archive, Snapshot, sync
from tests import databases, small_city
from tests.pages.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SINCE, UNTIL = date(2025, 7, 1), date(2026, 11, 20)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def city_database(primary: Server) -> URL:
    """The synthetic city in a database of its own: its address for the reader."""
    url = databases.fresh_database(primary)
    engine = create_engine(url, poolclass=NullPool)
    city.fill(engine, since=SINCE, until=UNTIL)
    engine.dispose()
    return databases.reader(url)


@pytest.fixture(scope="session")
def city_snapshot(city_database: URL, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A snapshot of the synthetic city."""
    engine = replica.connect(city_database)
    archive = Archive(tmp_path_factory.mktemp("archive"))
    sync(engine, archive)
    engine.dispose()
    return Snapshot(archive, archive.manifest())


@dataclass(frozen=True)
class Served:
    """A running ``yanpan serve``: its address, and the environment for further commands on the same snapshot."""

    address: str
    environment: dict[str, str]
    log: Path


@pytest.fixture(scope="session")
def served(city_database: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The installed command serving the city from a state folder of its own, ready to be asked."""
    home = tmp_path_factory.mktemp("home")
    port = databases.free_port()
    environment = small_city.environment(home, city_database)
    log = home / "server.log"
    command = [str(small_city.YANPAN), "serve", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=environment, stdout=sink, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            await_ready(address, process, log)
            yield Served(address, environment, log)
        finally:
            process.terminate()
            process.wait(20)


def await_ready(address: str, process: subprocess.Popen[bytes], log: Path, patience: float = 90.0) -> None:
    """Wait until the server answers that it is ready; a failure shows its log."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise TimeoutError(f"the server is not ready:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's own Chromium, one for all tests of this process."""
    from playwright.sync_api import sync_playwright

    found = next((path for name in _BROWSERS if (path := which(name))), None)
    assert found is not None, f"none of {', '.join(_BROWSERS)} is installed"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield opened
        opened.close()


OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(served: Served, browser: Browser) -> Iterator[OpenSite]:
    """Opens the dashboard in a fresh browser profile: ``open_site(address="", dark=False, width=1920, height=1080)``.

    At the end of the test everything that any of them asked for must have come from the server itself.
    """
    sites: list[Site] = []

    def open_(address: str = "", *, dark: bool = False, width: int = 1920, height: int = 1080) -> Site:
        site = Site(served.address, browser.new_page(**_profile(dark, width, height)))
        sites.append(site)
        site.open(address)
        return site

    yield open_
    for site in sites:
        strangers = site.strangers
        site.page.close()
        assert strangers == []


def _profile(dark: bool, width: int, height: int) -> Any:
    return {
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": width, "height": height},
        "color_scheme": "dark" if dark else "light",
    }
