#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after the other, for FUZZTIME each
# (default 30s). What one finds stays as a seed under its package's testdata.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=$(grep -rnE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*\(' . | sed -E 's|^\./(.*)/[^/]*:[0-9]+:func (Fuzz[A-Za-z0-9_]*)\(.*|\1 \2|' | sort)
[ -n "$targets" ] || { echo "fuzz: no target found" >&2; exit 1; }
while read -r room target; do
	echo "== $room $target"
	go test -run '^$' -fuzzminimizetime 10x -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" "./$room"
done <<<"$targets"
