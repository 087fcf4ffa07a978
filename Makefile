# make run and make test are all a newcomer needs; both install what is missing and can be repeated.

# The store of `make run`; a new one is filled with the demo.
export DATA ?= data/demo
# Where `make run` listens. Other machines are listened to as `[gateway]` in karez.toml allows.
export LISTEN ?= 127.0.0.1:8080

.PHONY: help run test faults fuzz fuzz-parsers bench bench-peers setup dashboard client screenshots fmt lint

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile

run: ## build, fill a demo store once, show its tables, serve (DATA=… LISTEN=…)
	@scripts/run

test: ## set up, then everything that must pass before a change lands
	@scripts/test

fuzz: ## hold karez against its own description, as each role (EXAMPLES=…), or a running one (URL=…)
	@if [ -n "$${URL-}" ]; then scripts/fuzz "$$URL" "$${EXAMPLES:-200}"; else \
		scripts/setup build && cargo build --bin karez && \
		KAREZ_FUZZ_EXAMPLES=$${EXAMPLES:-200} cargo test --package karez-tests --test api fuzz:: -- --test-threads=2; fi

faults: ## schedules of faults against real processes (SEEDS=20 FIRST_SEED=1; PLANTED=1: a planted fault must be found)
	@scripts/faults

fuzz-parsers: ## fuzz every parser, led by coverage (SECONDS_EACH=60, PARSER=…)
	@scripts/fuzz-parsers

bench: ## measure karez on SQLite and PostgreSQL, at one size and ten times it (EVENTS=20000 PROJECTS=1000 ROUNDS=3)
	@scripts/bench

bench-peers: ## measure karez beside other event stores and ledgers (EVENTS=20000 POSTINGS=100000 ROUNDS=3)
	@scripts/bench-peers

setup: ## install what the tests need and this machine lacks
	@scripts/setup test

dashboard: ## build the dashboard; the next build of karez carries it
	@scripts/setup dashboard

client: ## the dashboard's types of the API, from the API's own description
	@scripts/setup dashboard
	cargo build --bin karez
	@scripts/client

screenshots: ## pictures of every page of the dashboard, into target/screenshots
	@scripts/setup test
	cargo build --bin karez
	npm run --prefix tests/browser screenshots

fmt: ## format the code
	cargo fmt --all

lint: ## the checks that read the code and run nothing
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v shellcheck >/dev/null; then shellcheck scripts/* .ci/run; else echo 'lint: no shellcheck here; skipped'; fi
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; else echo 'lint: no cargo-deny here; skipped'; fi
