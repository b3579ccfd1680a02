# Rasoat. `make` lists the targets.

PROFILE := ci
CARGO ?= cargo
# The simulator's seeds of this commit follow from it.
export RASOAT_COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null)
RASOAT := $(CARGO) run --quiet --profile $(PROFILE) --bin rasoat --

.DEFAULT_GOAL := help
.PHONY: help run test test-failover simulate exhaust fuzz lint wasm web-core web test-web bench bench-sync bench-store bench-web doc clean tools test-tools wasm-tools web-tools

help: ## lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 16

run: tools web ## plays a whole review in data/ and leaves the server running at http://127.0.0.1:8080
	$(RASOAT) demo --data data --listen 127.0.0.1:8080

tools: ## says what is missing on this machine to build and run
	@./.ci/tools

test-tools: tools ## installs what the tests need besides (LibreOffice, PostgreSQL), or says what is missing
	@./.ci/test-tools

# The apps before everything that compiles the server: it carries them.
test: test-tools wasm web lint ## everything that CI runs: format, lints, wasm builds, the apps, all tests
	env -u DATABASE_URL $(CARGO) test --profile $(PROFILE) --workspace --no-fail-fast
	$(BROWSER) test

lint: ## format and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --profile $(PROFILE) --workspace --all-targets -- -D warnings

wasm-tools: tools ## installs what the build for the browser needs besides (Rust for WebAssembly), or says what is missing
	@./.ci/wasm-tools

wasm: wasm-tools ## builds the two lower crates and the field app's core for the browser
	$(CARGO) build --profile $(PROFILE) --target wasm32-unknown-unknown -p schemas -p sync-protocol -p field-core

# Numbers in the module as short as they can be: a fifteenth of what goes over the line. Only a stripped module can have that.
web-core: SHORT := target.wasm32-unknown-unknown.rustflags=["-Clink-arg=-O2", "-Clink-arg=--compress-relocations"]
web-core: wasm-tools ## builds the field app's core as small as it gets: target/wasm32-unknown-unknown/wasm/field_core.wasm
	$(CARGO) build --profile wasm --target wasm32-unknown-unknown -p field-core --config '$(SHORT)'

web-tools: tools ## says what is missing to build the apps (Node.js)
	@./.ci/web-tools

WEB := server/web
CORE := $(WEB)/src/generated/core.wasm
MODULES := $(WEB)/node_modules/.package-lock.json
# What the apps were last built from; a binary that carries them is linked again only when they are another.
APPS := $(WEB)/dist/app/sw.js
WEB_SOURCES = $(shell find $(WEB)/src $(WEB)/public -type f) $(addprefix $(WEB)/,index.html package.json tsconfig.json svelte.config.js vite.config.ts)
BUILT := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
BROWSER = RASOAT=$(BUILT)/$(PROFILE)/rasoat npm --prefix $(WEB)

web: web-tools $(APPS) ## builds the apps that the server carries, from server/web

$(APPS): $(CORE) $(MODULES) $(WEB_SOURCES)
	cd $(WEB) && npm run --silent check && npm run --silent build

$(CORE): web-core
	@mkdir -p $(@D)
	@cmp -s $(BUILT)/wasm32-unknown-unknown/wasm/field_core.wasm $@ || cp $(BUILT)/wasm32-unknown-unknown/wasm/field_core.wasm $@

$(MODULES): $(WEB)/package-lock.json | web-tools
	cd $(WEB) && npm ci --no-audit --no-fund
	@touch $@

test-web: test-tools web ## tries the apps in a browser against the real server
	$(CARGO) build --profile $(PROFILE) --bin rasoat
	$(BROWSER) test

bench-web: test-tools web ## measures the field app with a commune on the phone, in a browser four times slower
	$(CARGO) build --profile $(PROFILE) --bin rasoat
	$(BROWSER) run --silent figures

simulate: ## plays RUNS runs of STEPS steps of the simulated commune from SEED up; a failure is replayed and made shorter
	$(CARGO) run --quiet --profile $(PROFILE) -p house-tests --example simulate -- $(or $(SEED),1) $(or $(STEPS),300) $(or $(RUNS),1)

exhaust: ## goes through every order of two devices, a server and a reviewer with one household; takes hours
	$(CARGO) run --quiet --profile $(PROFILE) -p house-tests --example exhaust

# Coverage for libFuzzer, on the stable compiler. The fuzzer's lock is the house's, so that the same versions are fuzzed.
fuzz: COVERAGE := -Cpasses=sancov-module $(addprefix -Cllvm-args=-sanitizer-coverage-,level=4 inline-8bit-counters pc-table trace-compares)
fuzz: HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
fuzz: FUZZED := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/fuzz
fuzz: TARGETS := $(or $(TARGET),$(notdir $(wildcard tests/fuzz/corpus/*)))
fuzz: ## looks for bytes that break a decoder, SECONDS for each, all of them or TARGET; needs a C++ compiler
	cp Cargo.lock tests/fuzz/Cargo.lock
	cd tests/fuzz && RUSTFLAGS="$(COVERAGE)" CARGO_TARGET_DIR=$(FUZZED) $(CARGO) build --release --target $(HOST)
	@set -e; for target in $(TARGETS); do \
		mkdir -p $(FUZZED)/corpus/$$target tests/fuzz/findings; \
		echo "$$target:"; \
		RASOAT_FUZZ_TARGET=$$target $(FUZZED)/$(HOST)/release/fuzz -max_total_time=$(or $(SECONDS),60) -max_len=16384 \
			-timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix=tests/fuzz/findings/$$target- \
			$(FUZZED)/corpus/$$target tests/fuzz/corpus/$$target; \
	done

bench: bench-sync ## measures classification, roster and the exchange; results under target/criterion and target/bench
	$(CARGO) bench -p schemas
	$(CARGO) bench -p house-tests --bench office

bench-sync: ## measures the exchange: durable changes a second, bytes, slow lines, memory; results in target/bench/sync.json
	$(CARGO) bench -p house-tests --bench sync

bench-store: ## measures what a commune's work costs while the database grows to 300,000 households, on SQLite and PostgreSQL; curves in target/bench
	$(CARGO) bench -p house-tests --bench store

test-failover: test-tools ## kills a replicated PostgreSQL under load: nothing acknowledged may be lost
	env -u DATABASE_URL $(CARGO) test --profile $(PROFILE) --workspace --test crash -- failover --nocapture

doc: ## the documentation of all crates
	$(CARGO) doc --workspace --no-deps --open

clean: ## removes what was built
	$(CARGO) clean
