# The two commands: `make demo` shows a desktop, `make test` tests everything. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
FLAGS := -c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error
XCTEST := --disable-swift-testing
CACHE ?= /var/cache/qvd

.PHONY: help packages build agent image demo demo-clean test test-pure test-deep test-mutants lint bench

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

packages: ## install the Debian packages QVD needs (root)
	@fixtures/install-packages.sh

build: packages ## build everything but the guest's agent
	@echo "building (the first time takes some minutes)"
	@swift build $(FLAGS)

agent: packages ## build qvd-vma, the guest's agent, with a static Swift library
	@echo "building the guest's agent (the first time takes some minutes)"
	@swift build -c release --static-swift-stdlib --scratch-path .build-static --product qvd-vma

image: agent ## make the demo guest image (once; minutes the first time)
	@mkdir -p .build/demo-image
	@fixtures/images/demo-desktop/build-image.sh --output .build/demo-image --cache $(CACHE)/images \
		--vma "$$(swift build -c release --static-swift-stdlib --scratch-path .build-static --show-bin-path)/qvd-vma" \
		| tee .build/demo-image/log && tail -1 .build/demo-image/log >.build/demo-image/newest

demo: build image ## show a desktop; ONCE=1 takes its picture and ends (root)
	@fixtures/demo/demo.sh $(if $(ONCE),--once)

demo-clean: ## remove what a killed demo left
	@fixtures/demo/demo.sh --clean

test: ## test everything, the demo included (root, 40 minutes at most)
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

bench: build ## print the figures of docs/figures.md (root)
	@fixtures/bench/bench.sh
