# A bare `make` lists the targets. Everything that a target needs and that is not there it installs, or it fails with
# a sentence that says what is missing; nothing is skipped silently.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.release=$(VERSION)
TOOL    := $(GO) tool -modfile=tools/go.mod
TARGETS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME ?= 5s

# SQLite in Go is some ten times slower under the race detector, so the packages that lean on it have longer limits.
TESTFLAGS ?= -timeout 10m

.PHONY: help run demo build test long check fmt vet lint race unit fuzz bench browser interop cross tools rename-module needs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: build ## watch bitbank; the dashboard's address is printed
	./bin/hikeshi run

demo: build ## play an outage with daemon and simulator, in the browser
	./bin/hikeshi demo

build: needs ## build bin/hikeshi
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/hikeshi ./cmd/hikeshi

test: ## what CI runs: checks, tests, slices of the long runs
	scripts/test.sh

long: ## the full counts and cross builds; writes docs/reports/
	scripts/long.sh

check: fmt vet lint ## formatting, vet, staticcheck, dead code

fmt: needs ## fail when a file is not formatted
	@out=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$out" ]; then echo "not formatted (run gofmt -w):"; echo "$$out"; exit 1; fi

vet: needs ## go vet
	$(GO) vet ./...

# staticcheck: caught unused results and impossible comparisons. deadcode: functions that no command and no test reaches.
lint: needs ## staticcheck and deadcode
	$(TOOL) staticcheck ./...
	@out=$$($(TOOL) deadcode -test ./...); \
	if [ -n "$$out" ]; then echo "nothing reaches:"; echo "$$out"; exit 1; fi

unit: needs ## go test of everything
	$(GO) test $(TESTFLAGS) ./...

race: needs ## go test with the race detector
	CGO_ENABLED=1 $(GO) test -race $(TESTFLAGS) ./...

fuzz: needs ## every fuzz test for FUZZTIME
	scripts/fuzz.sh $(FUZZTIME)

bench: needs ## the benchmarks of docs/benchmarks.md
	$(GO) test -p 1 -run '^$$' -bench . -benchmem ./...

interop: build ## unmodified third-party clients against the simulator
	scripts/npm.sh internal/sim/interop

browser: build ## the dashboard in a real Chromium
	scripts/chromium.sh
	scripts/npm.sh internal/web/browser

cross: needs ## build for every system, without cgo
	@for t in $(TARGETS); do \
		out=out/hikeshi-$${t%/*}-$${t#*/}; [ $${t%/*} != windows ] || out=$$out.exe; \
		echo "$$t -> $$out"; \
		CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o $$out ./cmd/hikeshi; \
	done

tools: needs ## download what the checks need
	$(GO) mod download
	cd tools && $(GO) mod download

rename-module: ## move the project to another module path: make rename-module MODULE=example.com/you/hikeshi
	@[ -n "$(MODULE)" ] || { echo "say where to: make rename-module MODULE=example.com/you/hikeshi"; exit 2; }
	scripts/rename-module.sh "$(MODULE)"

needs:
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or newer from https://go.dev/dl/"; exit 1; }

clean: ## remove what was built
	rm -rf bin out
