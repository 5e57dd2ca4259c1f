#!/usr/bin/env bash
# Holds what the binary links: the packages of others are those of deps.txt, so that a new
# one shows in review; nothing looks methods up by name, which keeps every method of every
# AWS client in the binary (text/template does); and the size that follows from both.
# linked.sh [--write], as make starts it, with the flags of make build
set -euo pipefail
cd "$(dirname "$0")/.."
limit=36000000 # bytes; the client of CloudFormation takes half a megabyte, the page one
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${GO:-go}" list -deps -f '{{if not .Standard}}{{if ne .Module.Path "github.com/tagboat/tagboat"}}{{.ImportPath}}{{end}}{{end}}' ./cmd/tagboat |
  grep . | LC_ALL=C sort >"$work/deps.txt"
if [ "${1:-}" = --write ]; then
  cp "$work/deps.txt" deps.txt
fi
diff -u deps.txt "$work/deps.txt" || { echo 'other packages are linked; if that is meant: make deps.txt' >&2; exit 1; }

"${GO:-go}" build -ldflags="$LDFLAGS -dumpdep" -o "$work/tagboat" ./cmd/tagboat 2>"$work/log"
if grep '<ReflectMethod>' "$work/log"; then
  echo 'these look methods up by name, which links all methods of all clients' >&2
  exit 1
fi
size=$(wc -c <"$work/tagboat")
[ "$size" -le "$limit" ] || { echo "the binary has $size bytes, and may have $limit" >&2; exit 1; }
echo "linked: $(wc -l <deps.txt) packages of others, $size bytes"
