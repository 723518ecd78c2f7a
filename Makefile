# Everything that is done with the repository; `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PROGRAM := .build/release/detachspec
RUN_ARGS ?=
# What the reference nodes may leave undecided, with reasons.
KNOWN := --known-failing Tests/known-failing.yaml
SOAK_ARGS ?=
TEST_CONFIGURATION ?= debug
TEST_ARGS ?=
BENCH_ARGS ?=
# Captures of other implementations, which some tests read when they are there.
CAPTURES ?= ../shared/lab/captures
export DETACHSPEC_CAPTURES = $(abspath $(CAPTURES))

SWIFT_SOURCES = $(wildcard Sources Tests Plugins FuzzTesting Package.swift Benchmarks/Package.swift Benchmarks/Sources)
SCRIPTS = $(wildcard .ci/* scripts/* scripts/*/* Benchmarks/*)
# A test target with Live in its name sends real packets, and runs on its own.
LIVE := $(wildcard Tests/*Live*)
LIVE_PATTERN := ^[A-Za-z]*Live[A-Za-z]*\.

.PHONY: help bootstrap build run lint test test-unit test-live test-run matrix soak bench bench-live clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{ printf "make %-12s %s\n", $$1, $$2 }'

bootstrap:  ## install the Debian packages that are missing
	@scripts/bootstrap

# With Swift's runtime in it: what is not called through a table is a sixth faster, and it runs where no Swift is.
build: bootstrap  ## build .build/release/detachspec
	swift build -c release --product detachspec --static-swift-stdlib

run: build  ## build, then judge the reference nodes, natively and over UDP; more arguments in RUN_ARGS
	$(PROGRAM) run $(KNOWN) --report detachspec-report/native $(RUN_ARGS)
	$(PROGRAM) run $(KNOWN) --report detachspec-report/udp --tunnelling udp $(RUN_ARGS)

lint: bootstrap  ## check the form of the Swift sources, and that the scripts parse
	swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	@scripts/lint-scripts $(SCRIPTS)

test: build lint test-unit $(if $(LIVE),test-live) test-run matrix  ## everything that must hold before a commit
	@echo "make test: all passed"

test-unit: bootstrap  ## unit tests; TEST_CONFIGURATION=release, TEST_ARGS='--filter WireTests'
	scripts/unit-tests -c $(TEST_CONFIGURATION) --skip '$(LIVE_PATTERN)' $(TEST_ARGS)

test-live: bootstrap  ## the tests that send real packets
	scripts/unit-tests -c $(TEST_CONFIGURATION) --filter '$(LIVE_PATTERN)' $(TEST_ARGS)

test-run: build  ## the main job, then the second decoder over its captures and those of pcaps/
	@scripts/test-run $(PROGRAM) $(KNOWN) $(RUN_ARGS)

matrix: build  ## every defect and variation against the whole suite, in virtual time: sealed, and in clear
	$(PROGRAM) matrix
	$(PROGRAM) matrix --security none

soak: build  ## fifty live runs under load, some ten minutes; SOAK_ARGS='--runs 8'
	@scripts/soak $(PROGRAM) $(SOAK_ARGS)

bench: build  ## measure detachspec check against others; BENCH_ARGS='--rounds 1 --record'
	@scripts/bootstrap tcpdump
	Benchmarks/run audit $(BENCH_ARGS)

bench-live: build  ## measure what sends and waits, between two namespaces (root)
	@scripts/bootstrap ethtool
	Benchmarks/run live $(BENCH_ARGS)

clean:  ## remove what was built
	rm -rf .build .build-*
