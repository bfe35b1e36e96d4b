#!/usr/bin/env bash
# Installs what a folder's package-lock.json pins, and runs its tests: scripts/npm.sh internal/sim/interop
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:?which folder}
for tool in node npm; do
	command -v "$tool" >/dev/null || { echo "$tool is missing: install Node.js 20 or newer, it runs the tests in $dir"; exit 1; }
done
[ -f "$dir/package-lock.json" ] || { echo "$dir/package-lock.json is missing: the tests there cannot be run"; exit 1; }
cd "$dir"
# Installed once for each state of the lock file.
stamp=node_modules/.installed
if [ ! -f "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
	npm ci --no-audit --no-fund
	cp package-lock.json "$stamp"
fi
exec npm test
