#!/usr/bin/env bash
# What a reviewer's machine can see: form, findings of static analysis, the rules of
# the house, and whether generated files and go.mod are what the code makes of them.
# Everything is looked at before it fails.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=
look() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "ok    $name"
	else
		echo "FAIL  $name"
		printf '%s\n' "$output"
		failed=1
	fi
}

formatted() {
	local names
	names=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l) && [ -z "$names" ] || {
		echo "run gofmt -w on:" $names
		return 1
	}
}

staticcheck() {
	go build -C tools -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck && bin/staticcheck ./...
}

# The API documents are written by the program itself.
documents() {
	local fresh
	fresh=$(mktemp -d)
	trap 'rm -rf "$fresh"' RETURN
	bin/onecert api --dir "$fresh" && diff -r api "$fresh" || {
		echo "run 'make api' and commit the result"
		return 1
	}
}

look 'form (gofmt)' formatted
look 'go vet' go vet ./...
look 'staticcheck' staticcheck
look 'rules of the house' go test .
look 'API documents' documents
look 'go.mod' go mod tidy -diff
[ -z "$failed" ]
