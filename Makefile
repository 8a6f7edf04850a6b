# Thin: every target is one obvious command or a few.

CARGO ?= cargo

.PHONY: lint test

lint: ## Check formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

test: ## Run every test
	$(CARGO) test --workspace --locked
