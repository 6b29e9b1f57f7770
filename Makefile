# Every command a person needs; `make` alone lists them.

SHELL := bash
PG ?= 15
PREFIX ?= /usr/local
STEPS ?= lint clippy core regress docs cli page crash package pgtest
TESTS ?=
SIZE ?= 1000
# The server that `make install` installs into: Debian's of that version, else the one in PATH.
PG_CONFIG ?= $(or $(wildcard /usr/lib/postgresql/$(PG)/bin/pg_config),pg_config)

.DEFAULT_GOAL := help
.PHONY: help setup build install package test lint test-core test-regress test-pgtest test-cli test-page test-crash \
	regress-accept reference hasura-metadata graphql demo corpus tools fidelity bench bench-peers clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PG=15 (unless told), 16, 17 or 18 chooses the server of every one of them."

setup: ## installs what is missing to build and to test with PG
	@scripts/setup $(PG)

build: setup ## builds and installs the extension into the project's own test server
	@. scripts/lib.sh && lock_server $(PG) && scripts/install $(PG)
	@. scripts/lib.sh && build_program nself

install: ## installs extension and command into a server: PG_CONFIG=its pg_config, PREFIX=/usr/local
	@scripts/setup build
	@[ -f "$$($(PG_CONFIG) --includedir-server)/postgres.h" ] || { \
		echo "$(PG_CONFIG) is missing, or its server's headers are (postgresql-server-dev-$(PG)?)" >&2; exit 1; }
	PGRX_PG_CONFIG_PATH=$$(command -v $(PG_CONFIG)) cargo pgrx install --release \
		--pg-config $$(command -v $(PG_CONFIG)) --no-default-features \
		--features pg$$($(PG_CONFIG) --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
	cargo build --release --manifest-path cli/Cargo.toml
	install -D -m 755 target/release/nself $(DESTDIR)$(PREFIX)/bin/nself

package: setup ## a Debian package for PostgreSQL 15, a tarball for PG=16, 17 or 18, in target/package
	@scripts/package $(PG)

test: ## all tests and checks; STEPS="lint clippy core regress docs cli page crash package pgtest" chooses among them
	@scripts/test $(PG) $(STEPS)

lint: ## format, clippy, shell scripts, and which package may depend on which
	@scripts/test $(PG) lint clippy

test-core: ## unit tests of core: they need no server
	@scripts/test $(PG) core

test-regress: setup ## SQL tests; TESTS="name name" chooses among tests/pg_regress/sql
	@tests/pg_regress/run $(PG) $(TESTS)

test-pgtest: ## Rust tests that run inside a server
	@scripts/test $(PG) pgtest

test-cli: ## tests of the command nself, against a server
	@scripts/test $(PG) cli

test-page: ## the page of nself serve in a browser, with axe; it installs Debian's chromium
	@scripts/test $(PG) page

test-crash: ## tests/crash: what is left after a crash in the middle
	@scripts/test $(PG) crash

regress-accept: ## takes what the last test-regress printed as expected, after you have read its diffs
	@cd target/pg_regress/pg$(PG)/diffs && shopt -s nullglob && for diff in *.diff; do \
		cp -v "../results/$${diff%.diff}.out" $(CURDIR)/tests/pg_regress/expected/; done

reference: setup ## writes docs/reference.md from what a server's catalogs say of functions, relations and settings
	@scripts/reference $(PG) >target/reference.md && mv target/reference.md docs/reference.md

hasura-metadata: ## writes hasura/metadata from what the actions and schema nself_api have
	@UPDATE_EXPECT=1 cargo test --quiet --target-dir target --package nself_hasura --lib shipped

graphql: setup ## schema nself_api through PostGraphile, and hasura/metadata against the types of Hasura's console
	@scripts/graphql $(PG)

demo: setup ## a tour of the extension in a server of its own
	@scripts/demo $(PG)

corpus: setup ## real projects' migrations, where they lie beside the checkout; FIDELITY="--sample 2" damages them, too
	@if [ -d ../shared/corpora ]; then scripts/corpus $(PG) $(FIDELITY); else echo "skipped: there is no ../shared/corpora"; fi

tools: setup ## other people's migration tools beside this one, in a database that both migrate; TOOLS="drizzle sqlx" chooses
	@scripts/tools $(PG) $(TOOLS)

fidelity: setup ## proves that drift and heal are exact; SAMPLE=n for n mutations of each kind, else writes docs/fidelity.md
	@scripts/fidelity $(PG) $(if $(SAMPLE),--sample $(SAMPLE) --storms $(SAMPLE),--write docs/fidelity.md)

bench: setup ## what it all costs, beside other programs; SIZE=100, 1000 or 10000 tables; writes bench/README.md
	@NSELF_COMMAND="make bench PG=$(PG) SIZE=$(SIZE)" scripts/bench $(PG) --size $(SIZE) $(BENCH)

bench-peers: ## installs the other tools that bench compares with
	@scripts/bench-peers

clean: ## removes what was built
	cargo clean
