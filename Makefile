# Everything a user needs; each target sets up what it needs first. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
# Not more on more cores: most tests use all of them by themselves, and need the memory.
TEST_JOBS ?= 2
FUZZ_SECONDS ?= 120
export TUCKERSEG_TEST_DATA ?= $(abspath $(CURDIR)/../shared/data)

.PHONY: help setup test-tools configure build programs demo demo-model test asan tsan bench load soak fuzz clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

setup: ## install Debian packages and LibTorch (a line before each download)
	@scripts/install_packages.sh
	@scripts/fetch_libtorch.sh

test-tools: setup ## install what tests alone need: other clients, Prometheus; tests that need what cannot be had skip
	@scripts/test_tools.sh

configure: setup
	@mkdir -p build && cmake --preset release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

build: configure ## build everything; binaries in build/release/bin/
	@cmake --build build/release -j $(JOBS)

programs: configure ## build the programs, without tests and benchmarks
	@cmake --build build/release -j $(JOBS) --target tuckerseg-server tuckerseg-replay tuckerseg-client tuckerseg-compress tuckerseg-phantom

demo: programs ## set up, build, start the server, segment a phantom with the model of this repository, compare its levels
	@scripts/demo.sh

demo-model: programs ## make that model and its levels again (five hours on two cores; goes on where it was interrupted)
	@scripts/demo_model/make.sh

test: build test-tools ## set up, build, run all tests
	@ctest --test-dir build/release --output-on-failure -j $(TEST_JOBS) || { scripts/failed_tests.sh build/release; exit 1; }

asan: setup ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan && cmake --build build/asan -j $(JOBS) && ctest --test-dir build/asan --output-on-failure

tsan: setup ## tests of volume, segment, server and client under ThreadSanitizer, with the plain executor
	@cmake --preset tsan && cmake --build build/tsan -j $(JOBS) && ctest --test-dir build/tsan --output-on-failure

bench: build ## how long each stage takes on this machine, which share of a request's time comes after the network, and which metrics cost
	@build/release/bin/tuckerseg-stage-bench
	@build/release/bin/tuckerseg-request-bench
	@build/release/bin/tuckerseg-metrics-bench

load: build test-tools ## a server under loads from 0.25 to 2 times its capacity, with auto and each level alone (an hour; LOAD_SECONDS each)
	@scripts/install_packages.sh scripts/packages-load.txt
	@scripts/load.sh sweep

soak: build ## half an hour (SOAK_SECONDS) at 1.5 times the capacity: answers, deadlines, memory; then a level loaded and unloaded 100 times
	@scripts/load.sh soak
	@scripts/load.sh cycles

fuzz: setup ## every fuzz target for FUZZ_SECONDS (120) under ASan and UBSan
	@scripts/install_packages.sh scripts/packages-fuzz.txt
	@scripts/fuzz.sh $(FUZZ_SECONDS)

clean: ## delete what was built (the LibTorch cache stays)
	@rm -rf build
