# The two commands: `make demo` shows a desktop, `make test` tests everything. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
FLAGS := -c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error
XCTEST := --disable-swift-testing
# Where Debian's part of the guests' images is kept.
export QVD_CACHE ?= /var/cache/qvd

.PHONY: help packages build demo demo-clean test test-pure test-deep test-mutants lint bench bench-idle

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

packages: ## install the Debian packages QVD needs (root)
	@fixtures/install-packages.sh

build: packages ## build all programs
	@echo "building (the first time takes some minutes)"
	@swift build $(FLAGS)

demo: packages ## build what it needs and show a desktop; ONCE=1 takes its picture and ends (root)
	@fixtures/build.sh demo
	@fixtures/demo/demo.sh $(if $(ONCE),--once)

demo-clean: ## remove what a killed demo left
	@fixtures/demo/demo.sh --clean

test: ## test everything, the demo included (root, 25 minutes at most)
	@fixtures/run-tests.sh

test-pure: ## test what needs no root, no outside system and none of the packages that talk to one
	@fixtures/run-pure-tests.sh

test-deep: ## search every order of events with one disturbance more than `make test` (45 minutes and 16 GiB at most)
	@fixtures/run-deep-tests.sh

test-mutants: ## break each decision on purpose and see a proof fail (30 minutes at most; MUTANTS=DIR takes other files)
	@fixtures/need-sqlite.sh
	@python3 -B fixtures/mutants/run.py

lint: ## check the form of the Swift sources (.swift-format); `swift format -i -r DIR` puts it right
	@swift format lint --strict --parallel --recursive Package.swift Sources Simulation Tests

bench: packages ## print the figures of docs/figures.md (root)
	@fixtures/bench/bench.sh

bench-idle: packages ## print what HKD and L7R take when 20 VMs are idle (root, 7 minutes; QVD_IDLE_SECONDS=30: less)
	@fixtures/bench/bench.sh IdleNodeFigures
