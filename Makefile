# Thin: every target is one obvious command or a few.

CARGO ?= cargo
# Debian's packages that tests run.
TEST_PACKAGES := chromium chromium-driver curl python3-venv wget \
	podman buildah runc containernetworking-plugins catatonit
# Where one is root already, nothing is needed to become it.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

# Tests run what ships, and mining is measured with it: programs linked statically, as in the images, which are
# assembled from the same build. Addresses that are known at start only are stored packed: read at each start,
# their list would take 300 KB of memory. glibc fills in packed ones from 2.36 on.
HOST := $(shell rustc --print host-tuple)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
lint test-rust test-images bench-mine: export RUSTFLAGS := -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs
lint test-rust test-images bench-mine: export CARGO_BUILD_TARGET := $(HOST)
lint test-rust test-images: export SEGUE_VERSION := $(VERSION)

.PHONY: help up build lint test test-tools test-rust test-manifests test-images images bench \
	bench-mine bench-api bench-update bench-quality

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: build ## Run the whole pipeline here on a made dataset
	$(TARGET_DIR)/release/segue up

build: ## Build all programs, optimised, into target/release
	$(CARGO) build --release --locked --workspace --bins

lint: ## Check formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	# Alone, without what only pods need, as the README runs it.
	$(CARGO) clippy -p segue --locked -- -D warnings

test: test-tools test-rust test-manifests test-images ## Install what the tests need and run them all

# Also where all run at once.
test-rust test-manifests test-images: | test-tools

test-tools: ## Install what the tests need from Debian's and Python's packages
	@dpkg -s $(TEST_PACKAGES) >/dev/null 2>&1 || { \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			$(TEST_PACKAGES); }
	@.ci/venv python api/tests/requirements.txt >/dev/null
	@.ci/venv axe api/tests/axe.txt --no-deps >/dev/null
	@.ci/venv k8s-test k8s/test/requirements.txt >/dev/null

test-rust: ## Run the tests of all programs, the browser's included
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace

test-manifests: ## Check manifests, workflows and scripts
	k8s/test/run.sh

test-images: ## Assemble the images from binaries compiled here, and run both pods
	PROFILE=dev images/build.sh --compile $(TARGET_DIR)/images $(VERSION)
	$(SUDO) env CARGO_TARGET_DIR=$(abspath $(TARGET_DIR)) images/test.sh $(TARGET_DIR)/images $(VERSION)

images: ## Build both images: make images TAG=0.1.0
	images/build.sh $(TAG)

bench: bench-mine bench-api bench-update $(if $(DATASET),bench-quality) ## Measure everything: make bench DATASET=playlists.csv.gz

bench-mine: ## Mining beside other miners, and the same itemsets; figures are in target/bench-mine
	@command -v cc >/dev/null && python3 -c 'import ensurepip, venv' || { \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends \
			gcc libc6-dev python3-venv; }
	$(CARGO) build --release --locked -p segue -p segue-miner --bins --example csv_crate
	python3 bench/mine/run.py --check
	python3 bench/mine/run.py --easy --csv

bench-update: ## What updates cost, with real processes; the pages are in target/bench-update
	@command -v haproxy >/dev/null || { \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends haproxy; }
	python3 bench/update/bench.py

bench-api: ## What a recommendation and a reload cost: make bench-api DATASET=playlists.csv.gz
	@{ command -v wrk && command -v valgrind; } >/dev/null || { \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends \
			wrk valgrind python3-venv; }
	python3 -m venv target/bench-api/python
	target/bench-api/python/bin/pip install --quiet --requirement bench/api/requirements.txt
	target/bench-api/python/bin/python bench/api/bench.py $(if $(DATASET),--dataset $(DATASET))
	target/bench-api/python/bin/python bench/api/reload.py $(if $(DATASET),--dataset $(DATASET))

bench-quality: ## How well Segue recommends beside its peers: make bench-quality DATASET=playlists.csv.gz
	$(if $(DATASET),,$(error bench-quality: needs real playlists: make bench-quality DATASET=playlists.csv.gz))
	$(CARGO) build --release --locked -p segue-miner
	python3 bench/quality/run.py --miner $(TARGET_DIR)/release/segue-miner --dataset $(DATASET)
