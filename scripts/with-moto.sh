#!/usr/bin/env bash
# Runs a command with AWS_ENDPOINT_URL and keys for a moto server of its own on this
# machine, an implementation of the AWS APIs that others wrote. with-moto.sh TOOLS COMMAND...
set -euo pipefail
tools=$(realpath "$1")
shift
work=$(mktemp -d)
cleanup() {
  [ -z "${moto:-}" ] || { kill "$moto" 2>/dev/null; wait "$moto" 2>/dev/null || true; }
  rm -rf "$work"
}
trap cleanup EXIT

for name in $(compgen -e AWS_ || true); do unset "$name"; done
port=$("$tools/python/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$tools/python/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/log" 2>&1 &
moto=$!
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_EC2_METADATA_DISABLED=true
export AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
for _ in $(seq 300); do
  curl -fs -o "$work/answer" "$AWS_ENDPOINT_URL/moto-api/data.json" && break
  kill -0 "$moto" || { cat "$work/log"; exit 1; }
  sleep 0.1
done
[ -s "$work/answer" ] || { cat "$work/log"; exit 1; }
"$@"
