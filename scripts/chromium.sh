#!/usr/bin/env bash
# Makes sure that Chromium and a Japanese font are there; installs Debian's packages when they are not.
set -euo pipefail
missing=()
command -v chromium >/dev/null || [ -n "${CHROMIUM:-}" ] || missing+=(chromium)
fc-list :lang=ja 2>/dev/null | grep -q . || missing+=(fonts-noto-cjk)
[ ${#missing[@]} -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null; then
	echo "missing: ${missing[*]}. Install Chromium (or name it in CHROMIUM) and a Japanese font, then try again."
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "missing: ${missing[*]}, and neither root nor sudo to install them with apt-get."; exit 1; }
	as_root=(sudo)
fi
"${as_root[@]}" apt-get update -q
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" fontconfig
