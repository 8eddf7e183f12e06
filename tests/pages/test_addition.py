"""What ``design/house.md`` promises: a metric costs one declaration, a page one file and one word, and the rest follows.

A copy of the project gets one of each and is served; nothing else of it is touched.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import databases
from tests.pages.conftest import Served, await_ready
from tests.pages.site import PROJECT, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

_PACKAGES = ("dashboard", "data_access", "metrics", "pages", "config", "tests", ".streamlit")
_METRIC = """

METRICS = (
    *METRICS,
    _metric(
        "letter_share",
        "来信占比",
        "%",
        "neutral",
        Ratio((items(pl.col("channel") == "letter"),), (items(),)),
        definition="期内登记件次中，来信的占比。",
        why="看书信渠道还有多少人用。",
        example=_example(_CHANNELS, 1, 3, 1 / 3),
    ),
)
"""
_PAGE = '''"""来信情况"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = PageSpec(path="letters", metrics=("letter_share", "petition_volume"), grain=Grain.month)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(page, [CardSpec("letter_share"), CardSpec("petition_volume")])
overview.map_trend_league(page)
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with one metric and one page more."""
    place = tmp_path_factory.mktemp("copy")
    for name in _PACKAGES:
        shutil.copytree(PROJECT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", place)
    with (place / "metrics" / "petition_volume.py").open("a", encoding="utf-8") as family:
        family.write(_METRIC)
    (place / "pages" / "letters.py").write_text(_PAGE, encoding="utf-8")
    order = place / "dashboard" / "navigation.py"
    order.write_text(
        order.read_text(encoding="utf-8").replace('    "volume",\n', '    "volume",\n    "letters",\n'), "utf-8"
    )
    return place


def environment(copy: Path, served: Served) -> dict[str, str]:
    """That of the served city, with the copy's code before the project's own."""
    return {**served.environment, "PYTHONPATH": str(copy)}


def command(*words: str) -> list[str]:
    """The copy's ``yanpan``."""
    return [sys.executable, "-c", "import sys; from dashboard.cli import main; sys.exit(main())", *words]


@pytest.fixture(scope="module")
def address(copy: Path, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The copy, served."""
    port = databases.free_port()
    log = tmp_path_factory.mktemp("log") / "server.log"
    words = command("serve", "--host", "127.0.0.1", "--port", str(port))
    with log.open("wb") as sink:
        process = subprocess.Popen(
            words, env=environment(copy, served), cwd=copy, stdout=sink, stderr=subprocess.STDOUT
        )
        try:
            await_ready(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def test_the_page_and_the_metric_appear(address: str, browser: Browser) -> None:
    site = Site(address, browser.new_page(locale="zh-CN", viewport={"width": 1920, "height": 1080}))
    site.open("volume?period=2026-09")
    site.go_to("来信情况")
    assert site.heading == "来信情况"
    assert site.card_figures[0][0] == "letter_share"
    assert "来信占比" in site.text
    assert site.rows.count() == 9
    assert site.map.is_visible()
    site.open("catalogue?metric=letter_share")
    assert "期内登记件次中，来信的占比。" in site.text
    assert site.complaints == []
    site.page.close()


def test_the_command_knows_the_metric(copy: Path, served: Served) -> None:
    words = command(
        "export", "--metric", "letter_share", "--level", "county", "--from", "2026-09-01", "--to", "2026-09-30"
    )
    done = subprocess.run(words, env=environment(copy, served), cwd=copy, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert len(rows) == 9
    assert {row["metric"] for row in rows} == {"letter_share"}


@pytest.mark.full
def test_its_tests_follow_by_themselves(copy: Path) -> None:
    words = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/metrics/test_worked_examples.py",
        "-k",
        "letter_share",
    ]
    done = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    assert "2 passed" in done.stdout.decode()
