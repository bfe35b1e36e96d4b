#!/usr/bin/env bash
# Runs every fuzz test for the given time: scripts/fuzz.sh 30s
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?how long, such as 30s}
found=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Go's coordinator sometimes reports the end of -fuzztime itself as a failure (golang/go#75804): without a failing
# input that is no finding.
ended() { grep -qx '    context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; }
while IFS=: read -r file name; do
	found=$((found + 1))
	echo "fuzz $name in $(dirname "$file")"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x "./$(dirname "$file")" 2>&1 | tee "$log" ||
		{ ended && echo "the time was up while an input ran; nothing was found"; }
done < <(git ls-files -co --exclude-standard '*_test.go' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]*' | sed 's/func //')
[ "$found" -gt 0 ] || { echo "no fuzz test was found: that is a fault of this script"; exit 1; }
