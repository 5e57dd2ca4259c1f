#!/usr/bin/env bash
# Runs every fuzz target of the tree for a few seconds (FUZZTIME), one after another,
# since go test takes one target at a time.
set -euo pipefail
time=${FUZZTIME:-5s}
# The fuzzing engine now and then calls its own deadline a failure of the target; such
# an end names no failing input, and is tried once more.
run() {
  local log
  log=$(go test "$1" -run '^$' -fuzz "^$2\$" -fuzztime "$time" 2>&1) && { tail -1 <<<"$log"; return; }
  if grep -q 'context deadline exceeded' <<<"$log" && ! grep -q 'Failing input' <<<"$log"; then
    go test "$1" -run '^$' -fuzz "^$2\$" -fuzztime "$time"
    return
  fi
  echo "$log"
  return 1
}

for file in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
  package=./$(dirname "$file")
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
    echo "$package $target"
    run "$package" "$target"
  done
done
