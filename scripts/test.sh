#!/usr/bin/env bash
# make test: every check, at most 15 minutes on 2 cores. go test's own lines come last, so that the end says how it went.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

step "formatting, vet, staticcheck, dead code"
make --no-print-directory check
step "build"
make --no-print-directory build
step "fuzz slices"
scripts/fuzz.sh "${FUZZTIME:-2s}"
step "third-party clients"
make --no-print-directory interop
step "browser"
make --no-print-directory browser
step "race detector"
# The layout, the words and the scripts have no goroutines of their own, nor has what only decides; sqlite under race is measured
# in its package.
go list ./bitbank/... ./internal/... | grep -vE '/internal/(broker|ledger|reconcile)$' | CGO_ENABLED=1 xargs go test -race -short -timeout 10m
step "processes"
# Alone, because these measure a daemon that shares the machine with nothing else.
go test -timeout 10m ./cmd/...
step "tests"
go test -timeout 10m . ./bitbank/... ./internal/...
