#!/usr/bin/env bash
# Holds the client of Parameter Store, and the ledger on it, to an implementation that
# others wrote. moto.sh TOOLS
set -euo pipefail
export TAGBOAT_TEST_MOTO=1
"$(dirname "$0")/with-moto.sh" "$1" "${GO:-go}" test ./internal/cloud -run TestParametersConform -count=1 -v | grep -E '^ *(---|ok|FAIL|PASS)'
echo 'moto: 1 passed, 0 failed'
