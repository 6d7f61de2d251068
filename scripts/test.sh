#!/usr/bin/env bash
# All tests, in stages, each with its time; what 'make test' and .ci/run run.
# A failed or skipped test makes it fail, after all have run.
set -euo pipefail
cd "$(dirname "$0")/.."

stage() {
	local name=$1 begin=$SECONDS result=0
	shift
	echo "== $name"
	"$@" || result=$?
	echo "== $name: $((SECONDS - begin)) s"
	return $result
}

# Results are never taken from the cache: the tests also judge the machine's tools.
tests() {
	go test -json -count=1 -timeout 25m "$@" | go run ./scripts/testreport
}

# e2e drives the built program against other people's tools, e2e/console in a browser;
# bench is no test.
rooms=$(go list ./... | grep -Ev '^onecert/(e2e|bench)(/|$)')

stage 'what the tests need' sh scripts/deps.sh
stage 'build' make --no-print-directory build
stage 'vet' go vet ./...
failed=
stage 'tests of the rooms' tests $rooms || failed=1
stage 'tests from outside' tests $(go list ./e2e/... | grep -v /console) || failed=1
stage 'tests in a browser' tests ./e2e/console || failed=1
echo "== all: $SECONDS s"
[ -z "$failed" ]
