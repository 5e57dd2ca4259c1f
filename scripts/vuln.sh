#!/usr/bin/env bash
# Looks for known vulnerabilities in what the binary calls. The database is fetched
# from GOVULNDB (default: Go's own). Where no database can be reached there is nothing
# to compare with: that is said loudly, and a vulnerability found is the only failure.
set -uo pipefail
tools=$1
out=$("$tools/bin/govulncheck" ${GOVULNDB:+-db "$GOVULNDB"} ./... 2>&1)
status=$?
echo "$out"
[ $status -eq 0 ] && exit 0
if grep -qE 'fetching vulnerabilities|no such host|connection refused|Forbidden|i/o timeout|dial tcp' <<<"$out"; then
  echo 'NOT CHECKED: the vulnerability database cannot be reached from here (set GOVULNDB)' >&2
  exit 0
fi
exit $status
