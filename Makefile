# The two commands are 'make demo' and 'make test'; CONTRIBUTING.md says the rest.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 30s
SOAK_ROUNDS ?= $(or $(ONECERT_SOAK_ROUNDS),1000)

.PHONY: build pages demo test check api bench fuzz soak clean

build: pages # bin/onecert, one program without cgo
	CGO_ENABLED=0 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/onecert ./cmd/onecert

pages: # what the console shows, built by npm and embedded
	@scripts/pages.sh

demo: build # the whole platform on this machine, with throw-away keys
	bin/onecert demo --dir demo

test: # every test; installs what they need
	@scripts/test.sh

check: build # form, static analysis, rules of the house, generated files
	@scripts/check.sh

api: build # write the API documents again
	bin/onecert api --dir api

bench: # figures beside the floor they are compared with
	go run ./bench $(BENCHFLAGS)

fuzz: # every fuzz target for FUZZTIME
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

soak: # processes killed under load, SOAK_ROUNDS times each; about an hour for 1,000
	ONECERT_SOAK_ROUNDS=$(SOAK_ROUNDS) go test -count=1 -v -timeout 0 -run '^Test(CA|KMC|Postgres)Killed$$' ./e2e/fault

clean:
	rm -rf bin demo e2e/java/target e2e/tongsuo/target console/web/node_modules console/web/src/client console/web/artefacts
	find console/web/dist -mindepth 1 ! -name .gitignore -delete
