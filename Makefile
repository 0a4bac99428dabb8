# Manyou. "make help" lists what can be made.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build demo test test-with-postgres test-fast test-tools lint fuzz bench profile screenshots

GO            ?= go
WITH_POSTGRES := .ci/with-postgres
FUZZTIME      ?= 20s
PROFILE       := cmd/manyou/default.pgo
GOLANGCI_LINT ?= v2.15.0

# The rooms where goroutines meet: their tests run under the race detector. The others run without it, because a
# browser or a benchmark under it would only be slow.
RACE := $$($(GO) list ./storage/... ./idp/... ./federation/... ./authenticators/... | grep -v '^manyou/idp/web')
REST := $$($(GO) list ./... | grep -Ev '^manyou/(storage|idp|federation|authenticators)(/|$$)') ./idp/web/...

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | expand -t 16

build: ## Build bin/manyou
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/manyou ./cmd/manyou

demo: ## Run the demo nation: one nation, two provinces, three applications
	$(GO) run ./cmd/manyou demo

test: test-tools ## Run every test; installs what is missing and starts its own Postgres
	$(GO) vet ./...
	$(WITH_POSTGRES) $(MAKE) --no-print-directory test-with-postgres

test-with-postgres:
	$(GO) test -race -timeout 25m $(RACE)
	$(GO) test -timeout 25m $(REST)

test-fast: ## Run the tests that need nothing but Go
	$(GO) test -timeout 5m -skip '/^Postgres$$|//^Postgres$$' ./federation/... ./authenticators/... ./idp/... ./storage/sqlite/... ./storage/vault/... ./cmd/manyou/config/... ./cmd/manyou/registration/... .

test-tools: ## Install what the tests need: postgresql, chromium, zbar-tools, oathtool, fonts-noto-cjk, npm with axe-core
	@.ci/install-test-tools

lint: ## Check formatting and run the linters of .golangci.yml
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt -w is needed for:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT) run

fuzz: ## Fuzz every parser of outside data, FUZZTIME (20s) each
	@for pkg in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$pkg/*_test.go | sed 's/func //'); do \
			echo "$$pkg $$target"; \
			$(GO) test $$pkg -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s; \
		done; \
	done

bench: test-tools ## Measure throughput, CPU and writes of each operation, and the distance to the limit
	$(WITH_POSTGRES) $(GO) run -pgo=$(PROFILE) ./bench $(BENCHFLAGS)

profile: test-tools ## Record anew, under the load of the benchmark, what the compiler optimises for
	dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(GO) build -trimpath -o "$$dir/bench" ./bench; \
	$(WITH_POSTGRES) "$$dir/bench" -backend postgres -trust=false -spread=false -queue=0 -profile "$$dir"; \
	$(GO) tool pprof -proto -output $(PROFILE) "$$dir"/*cpu.pprof

screenshots: test-tools ## Write a screenshot of every page at 390 and 1280 px, in both languages, to screenshots/
	MANYOU_SCREENSHOTS=$(CURDIR)/screenshots $(GO) test -count 1 -timeout 15m -run 'Screen' ./e2e/... ./idp/web/...
