# make demo and make test need nothing but Go. make check needs what make deps installs.
GO    ?= go
TOOLS := $(CURDIR)/.deps

.PHONY: help demo test bench scale build deps check together lint race proof large fuzz browser screenshots clients api conformance judged registries moto cfn vuln generate clean linked deps.txt

help:
	@echo 'make demo    the main job in a sandbox: push, deploy, promote for two tenants, break, roll back'
	@echo 'make test    every test that needs nothing but Go'
	@echo 'make bench   what Tagboat costs beside what it may: starts, calls, processor, bytes; ecspresso, if it is there'
	@echo 'make scale   100,000 tags, what fanning out is worth, 10,000 services in 50 accounts in virtual time'
	@echo 'make conformance  boto3 judges the sandbox beside moto and ministack, as docs/conformance.md'
	@echo 'make browser  the page in a headless browser; make screenshots writes docs/screenshots'
	@echo 'make build   bin/tagboat'
	@echo 'make deps    installs what make check needs (linter, AWS command line, moto, skopeo, a registry)'
	@echo 'make check   linter, race detector, fuzzing, and the sandbox driven by foreign clients'

demo:
	@$(GO) run ./cmd/tagboat demo

# Stories mostly wait for a sandbox, so that four of a package run at once on two cores as well.
test:
	$(GO) vet ./...
	$(GO) test -shuffle=on -parallel 4 ./...

# One table of what Tagboat costs beside what it may.
bench: build
	$(GO) test ./internal/delivery -run TestCosts -count=1 -v -args -full -binary $(CURDIR)/bin/tagboat

scale:
	$(GO) test ./cmd/tagboat -run '^$$' -bench LargestRepository -benchtime 1x
	$(GO) test ./internal/selection -run '^$$' -bench .
	$(GO) test ./internal/watch -run TestStormOfPushes -v -timeout 30m -args -full
	$(GO) test ./internal/serve -run TestManyStreams -v -args -full
	$(GO) test ./internal/delivery -run 'TestFanOutTable|TestM1|TestUnchanged|TestSimulation' -v -timeout 60m -args -full

# Without symbols, without net/rpc, which Lambda's runtime no longer needs, and without
# copies of small functions all over what is not ours, and the sandbox: less than half the size.
build linked deps.txt: export CGO_ENABLED := 0
build linked deps.txt: export LDFLAGS := -s -w -funcalign=16
build linked deps.txt: export GOFLAGS := -trimpath -tags=lambda.norpc -gcflags=all=-l -gcflags=github.com/tagboat/...= -gcflags=github.com/tagboat/tagboat/internal/sandbox/...=-l -gcflags=runtime/...= -gcflags=internal/...= -gcflags=crypto/...=
build:
	$(GO) build -ldflags="$$LDFLAGS" -o bin/tagboat ./cmd/tagboat

deps:
	./scripts/deps.sh $(TOOLS)

check: lint linked bench race browser together fuzz

# What mostly waits for other processes runs beside the proofs, which mostly wait for pauses.
together: build
	@$(MAKE) --no-print-directory proof & proof=$$!; \
	$(MAKE) --no-print-directory $(FOREIGN); ended=$$?; \
	wait $$proof && exit $$ended
FOREIGN = large clients api judged registries moto cfn vuln

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'run gofmt -w on these'; exit 1; }
	$(TOOLS)/bin/golangci-lint run ./...
	@$(TOOLS)/bin/templ generate -log-level error -path internal/serve/page
	@git diff --exit-code --stat -- '*_templ.go' || { echo 'what templ generates is not up to date: make generate'; exit 1; }

# What the binary links, and how large that makes it.
linked:
	./scripts/linked.sh

deps.txt:
	./scripts/linked.sh --write

race:
	$(GO) test -race -shuffle=on -timeout 30m ./...

# Every interleaving of the ledger's writers and of their decisions, 32 processes at one parameter, and deployments
# and promotions killed at every call; make test does the same with less.
proof:
	@export TAGBOAT_EXHAUSTIVE=1; \
	$(GO) test ./internal/ledger ./cmd/tagboat -run 'TestEveryInterleaving|TestEveryDecision|TestManyProcesses' -count=1 -timeout 20m & ledger=$$!; \
	$(GO) test ./cmd/tagboat ./internal/promotion ./internal/watch/... -run 'KilledAtEveryCall|AtOnce|TestRandomEvents' -count=1 -timeout 40m & killed=$$!; \
	wait $$ledger; ended=$$?; wait $$killed && exit $$ended

# A push of 300 MB over connections that break; make test does the same with a small one.
large:
	TAGBOAT_LARGE_IMAGES=1 $(GO) test ./internal/publish -run TestPush -count=1

fuzz:
	./scripts/fuzz.sh

# The page in a headless browser: what people do with it, and what axe-core says of each screen.
browser:
	$(GO) test -tags browser -timeout 20m -count=1 -v ./internal/serve ./internal/serve/page ./cmd/tagboat -run '^TestBrowser' -args -axe $(TOOLS)/axe.js

screenshots:
	$(GO) test -tags browser -count=1 ./internal/serve/page -run '^TestScreenshots$$' -args -screenshots $(CURDIR)/docs/screenshots

clients: build
	./scripts/clients.sh $(TOOLS) bin/tagboat

# boto3's judgement of the sandbox beside emulators that others wrote, as a page.
conformance: build
	./scripts/conformance.sh $(TOOLS) bin/tagboat docs/conformance.md

# The same, without a change of the page.
judged: build
	cp docs/conformance.md $(TOOLS)/conformance.md
	./scripts/conformance.sh $(TOOLS) bin/tagboat $(TOOLS)/conformance.md

# The stories of registries, against registries that others wrote.
registries:
	./scripts/registry.sh $(TOOLS)

# The ledger's store, held to one that others wrote.
moto:
	./scripts/moto.sh $(TOOLS)

cfn: build
	./scripts/cfn.sh $(TOOLS) bin/tagboat

# schemathesis's judgement of the API of tagboat serve.
api: build
	./scripts/api.sh $(TOOLS) bin/tagboat

vuln:
	./scripts/vuln.sh $(TOOLS)

generate:
	$(GO) generate ./...

clean:
	rm -rf bin .deps
