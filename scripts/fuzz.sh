#!/usr/bin/env bash
# Runs every fuzz target of the tree for a few seconds (FUZZTIME), one after another,
# since go test takes one target at a time.
set -euo pipefail
time=${FUZZTIME:-8s}
for file in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
  package=./$(dirname "$file")
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
    echo "$package $target"
    go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
  done
done
