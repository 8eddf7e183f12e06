# 研判. What only the system's package manager can bring:
#   sudo apt-get install -y make git python3-venv chromium fonts-noto-cjk
# Everything else: `make run` (the dashboard on http://127.0.0.1:8501) and `make test`.

HOST ?= 127.0.0.1
PORT ?= 8501
bin := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test test-full faults lint format lock

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /make \1|/p' Makefile | column -t -s '|'

setup:  ## the environment .venv, with the yanpan command in it
	@.ci/setup

run: setup  ## the dashboard; HOST= and PORT= choose the address
	@exec $(bin)/yanpan serve --host "$(HOST)" --port "$(PORT)"

test: setup  ## lint, and every kind of test once
	@.ci/system-packages
	@$(MAKE) --no-print-directory lint
	$(bin)/python -m pytest -m "not full" -n 2 --dist loadfile --durations=10 --cov --cov-report=term

test-full: setup  ## the long tests, part by part; goes on where it was stopped; result in docs/test-full.md
	@.ci/system-packages
	@$(bin)/python -m tests.full

faults: setup  ## every fault of replica, network and disk, with real servers; result in docs/faults.md
	@$(bin)/python -m bench.faults

lint: setup  ## style, types and the direction of imports
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports --no-logo

format: setup  ## put the style right
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

lock: setup  ## choose the newest allowed packages anew
	$(bin)/uv lock --quiet --upgrade
	$(bin)/uv export --quiet --format requirements.txt --no-header --no-annotate --no-emit-project > requirements.lock.new
	mv requirements.lock.new requirements.lock
