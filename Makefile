# Thin: every target is one obvious command or a few.

CARGO ?= cargo
# Debian's packages that tests run: a browser, its driver, and where its accessibility rules come from.
TEST_PACKAGES := chromium chromium-driver npm python3-venv curl
# Where one is root already, nothing is needed to become it.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help up build lint test test-tools test-rust test-manifests test-images images bench \
	bench-update

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: build ## Run the whole pipeline here on a made dataset
	target/release/segue up

build: ## Build all programs, optimised, into target/release
	$(CARGO) build --release --locked --workspace --bins

lint: ## Check formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

test: test-tools test-rust ## Install what the tests need and run them all

test-tools: ## Install what the tests need from Debian's packages
	@dpkg -s $(TEST_PACKAGES) >/dev/null 2>&1 || { \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			$(TEST_PACKAGES); }

test-rust: ## Run the tests of all programs, the browser's included
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace

test-manifests: ## Check manifests, workflows and scripts
	k8s/test/run.sh

test-images: ## Build the images from binaries compiled here, and run both pods
	$(SUDO) env PATH="$$PATH" PROFILE=dev images/test.sh

images: ## Build both images: make images TAG=0.1.0
	images/build.sh $(TAG)

bench: bench-update ## Measure everything that is measured

bench-update: ## What updates cost, with real processes; the pages are in target/bench-update
	@command -v haproxy >/dev/null || { \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends haproxy; }
	python3 bench/update/bench.py
