# Everything sets itself up: Python packages go to .local, compiled code to target, nothing to the machine.
PORT ?= 4566
CATALOGUE ?=
VENV := .local/venv/bin
SAM := .local/sam/bin

export PYTHONDONTWRITEBYTECODE := 1
export SAM_CLI_TELEMETRY := 0

.PHONY: help run demo test lint template-check bench bench-search clean clean-data

help: ## says what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

run: ## builds, starts and fills the library on this machine; PORT=4566, CATALOGUE=a file of MARC records or CSV
	@python3 infra/local/up.py --port $(PORT) $(if $(CATALOGUE),--catalogue "$(CATALOGUE)")

demo: ## drives the whole way of a book through the running library (make run, in another terminal)
	@python3 infra/local/demo.py

test: lint ## format, lints, unit, table and handler tests, template checks, the whole system
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
	@if cargo nextest --version >/dev/null 2>&1; then \
		echo cargo nextest run --locked --workspace; cargo nextest run --locked --workspace; \
	else \
		echo cargo test --locked --workspace --all-targets; cargo test --locked --workspace --all-targets; \
	fi
	$(MAKE) --no-print-directory template-check
	$(VENV)/python -m pytest -q tests/counterparts
	cargo build --locked --workspace --bins
	$(VENV)/python -m pytest -q tests/system

lint: ## format and lints
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

template-check: ## the SAM template against AWS's own rules (AWS and AWS China) and against ours
	@python3 infra/local/tools.py venv sam
	$(VENV)/cfn-lint --regions us-east-1 cn-north-1 cn-northwest-1 --template infra/template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(SAM)/sam validate --lint --template infra/template.yaml
	$(VENV)/python -m pytest -q tests/template

bench: ## size, instructions and files to the first poll, and memory of each function, against their bars
	@python3 tests/bench/bench.py $(FUNCTIONS)

bench-search: ## what search finds and costs, beside other engines; CATALOGUE=titles.csv[.gz], ENGINES="yujie groonga", MILLION=1
	@python3 tests/bench/search/run.py $(if $(CATALOGUE),--catalogue "$(CATALOGUE)") $(if $(MILLION),--million) $(if $(ENGINES),--engines $(ENGINES))

clean-data: ## forgets the local library: books, readers, orders
	rm -rf .local/state .local/tmp .local/counterparts .local/*.log .local/*.json .local/*.csv .local/lock

clean: ## removes everything that was built or installed here
	rm -rf .local
	cargo clean
