#!/usr/bin/env bash
# make test: every check, at most 15 minutes on 2 cores. go test's own lines come last, so that the end says how it went.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

step "formatting, vet, staticcheck, dead code"
make --no-print-directory check
step "build"
make --no-print-directory build
# Fuzzing takes what clients and browser leave: they wait most of the time.
mkdir -p out
nice -n 19 scripts/fuzz.sh "${FUZZTIME:-2s}" >out/fuzz.log 2>&1 &
fuzz=$!
trap 'kill $fuzz 2>/dev/null || true' EXIT
step "third-party clients"
make --no-print-directory interop
step "browser"
make --no-print-directory browser
step "fuzz slices"
if ! wait $fuzz; then
	cat out/fuzz.log
	exit 1
fi
trap - EXIT
echo "$(grep -c '^ok' out/fuzz.log) found nothing"
step "race detector"
# The layout, the words and the scripts have no goroutines of their own, nor has what only decides. The whole catalogue of failures and
# the corpus play what the packages' own tests race too, and so do days and worlds that are skipped by name; make long has them.
go list ./bitbank/... ./internal/... | grep -vE '/internal/(broker|diagnose|exposure|failures|incident|lease|ledger|policy|reconcile|sim/corpus|sim/market|stop|transfer|venue)$' | CGO_ENABLED=1 xargs go test -race -short -timeout 10m -skip 'DaysOf|PowerCuts|NothingLeaves|FlippedBit|ThousandsOf|SlowerReadings|ASilentBot|WithoutASwitch|DarkPeriod|ThreeHundred|TheMarginIsRead|LaggingReplica|HealthyWorld|UnseenFill|AnswersThatDisagree|Deposit|Withdrawal|NetworksAre|TradesByHand|Replacement|ShortIs|StopsOf|Darkness|ArmedPolicy|GoesFirst|WhatHappenedWhile|EveryCode'
step "processes"
# Alone, because these measure a daemon that shares the machine with nothing else.
go test -timeout 10m ./cmd/...
step "tests"
go test -timeout 10m . ./bitbank/... ./internal/...
