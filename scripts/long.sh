#!/usr/bin/env bash
# make long: the full counts, the race detector over everything, and cross builds. Writes docs/reports/DATE-REVISION.md,
# which a person reads and commits. With names of steps as arguments only these are run, for one that has been mended.
set -euo pipefail
cd "$(dirname "$0")/.."
export HIKESHI_LONG=1
report=docs/reports/$(date -u +%Y-%m-%d)-$(git rev-parse --short HEAD).md
mkdir -p docs/reports out
failed=0 passed=0

{
	echo "# Long run of $(date -u '+%Y-%m-%d %H:%M') UTC"
	echo
	echo "Commit $(git rev-parse HEAD)$(git diff --quiet HEAD || echo ', with changes'), $(go version), $(nproc) cores."
	echo
	echo "| step | result | seconds |"
	echo "|---|---|---|"
} >"$report"

wanted=("$@")
step() { # name, command...
	local name=$1 start=$SECONDS result=passed log w
	shift
	if [ ${#wanted[@]} -gt 0 ]; then
		for w in "${wanted[@]}"; do [ "$w" = "$name" ] && break; done
		[ "$w" = "$name" ] || return 0
	fi
	log=out/long-${name// /-}.log
	echo "== $name"
	if "$@" >"$log" 2>&1; then passed=$((passed + 1)); else result=FAILED failed=$((failed + 1)); fi
	tail -n 5 "$log"
	echo "| $name | $result | $((SECONDS - start)) |" >>"$report"
}

step "check" make --no-print-directory check
step "tests in full" go test -count=1 -timeout 120m -v . ./bitbank/... ./internal/...
# Alone, as in test.sh: whole processes are held to promised times.
step "processes in full" go test -count=1 -timeout 60m -v ./cmd/...
# Ten times slower, and looking for something else: the slices suffice.
step "race detector" env -u HIKESHI_LONG CGO_ENABLED=1 go test -race -short -count=1 -timeout 60m ./bitbank/... ./internal/...
step "fuzz" scripts/fuzz.sh 60s
step "third-party clients" make --no-print-directory interop
step "browser" make --no-print-directory browser
step "benchmarks" make --no-print-directory bench
step "cross builds" make --no-print-directory cross

{
	echo
	echo "## Binaries"
	echo
	echo "| file | MiB |"
	echo "|---|---|"
	for f in out/hikeshi-*; do
		[ -f "$f" ] && echo "| $(basename "$f") | $(awk -v b="$(wc -c <"$f")" 'BEGIN { printf "%.1f", b / 1048576 }') |"
	done
	echo
	echo "## Figures"
	echo
	echo '```'
	# Tests and benchmarks that measure something print a line that starts with "figure:".
	grep -h -oE 'figure: .*' out/long-*.log || echo "none were printed"
	grep -hE '^Benchmark' out/long-benchmarks.log || true
	echo '```'
} >>"$report"
echo "report: $report"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
