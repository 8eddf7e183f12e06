"""``make test-full``: the long tests, part by part.

A part that passed for the present commit is not run again, so an interrupted walk goes on where it was stopped;
``--again`` forgets what passed. What came out stands in docs/test-full.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
_STATE = PROJECT / "artifacts" / "test-full.json"
_REPORT = PROJECT / "docs" / "test-full.md"

# Name and pytest arguments of each part; a later issue adds its own.
PARTS: dict[str, list[str]] = {
    "every test": ["-m", "not full", "-n", "2", "--dist", "loadfile"],
    "pages: every page, level and theme": ["-m", "full", "tests/pages"],
    "figures: wide sweeps and simulations": ["-m", "full", "-n", "2", "tests/metrics"],
    "faults: killed at many moments": ["-m", "full", "tests/data_access", "tests/dashboard"],
}
_NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Result:
    """How one part ended: commit, when (local time), seconds, and whether it passed."""

    part: str
    commit: str
    finished_at: str
    seconds: int
    passed: bool


def main(arguments: list[str]) -> int:
    """Run what has not passed yet; 0 when every part has passed for the present commit."""
    commit = _commit()
    results = {} if "--again" in arguments else _results()
    for part in PARTS:
        known = results.get(part)
        if known is not None and known.passed and known.commit == commit:
            print(f"{part}: passed before, at {known.finished_at}", flush=True)
            continue
        results[part] = _run(part, commit)
        _keep(results)
    return 0 if all(results[part].passed for part in PARTS) else 1


def _run(part: str, commit: str) -> Result:
    print(f"{part} ...", flush=True)
    begun = time.monotonic()
    status = subprocess.run([sys.executable, "-m", "pytest", *PARTS[part]], cwd=PROJECT, check=False).returncode
    finished = datetime.now().astimezone().isoformat(" ", "minutes")
    return Result(part, commit, finished, round(time.monotonic() - begun), status in (0, _NO_TESTS_COLLECTED))


def _keep(results: dict[str, Result]) -> None:
    for place in (_STATE, _REPORT):
        place.parent.mkdir(exist_ok=True)
    _STATE.write_text(json.dumps([asdict(result) for result in results.values()], indent=1), encoding="utf-8")
    rows = [
        f"| {result.part} | {'passed' if result.passed else 'FAILED'} | {result.seconds} s"
        f" | {result.commit} | {result.finished_at} |"
        for result in results.values()
    ]
    head = [
        "# Last run of `make test-full`",
        "",
        "| part | result | time | commit | finished |",
        "|---|---|---|---|---|",
    ]
    _REPORT.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")


def _results() -> dict[str, Result]:
    if not _STATE.is_file():
        return {}
    found = [Result(**row) for row in json.loads(_STATE.read_text(encoding="utf-8"))]
    return {result.part: result for result in found if result.part in PARTS}


def _commit() -> str:
    """The short hash of HEAD, with ``+`` (never taken as passed before) when files differ from it."""
    head = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":!docs/test-full.md")
    return f"{head}+{time.time():.0f}" if changed else head


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=PROJECT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
