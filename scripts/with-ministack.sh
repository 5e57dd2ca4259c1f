#!/usr/bin/env bash
# Runs a command with AWS_ENDPOINT_URL and keys for a ministack server of its own, an
# implementation of the AWS APIs that others wrote. It listens on every address, so both
# run in a network namespace that has the loopback device alone, where no container
# engine answers either. with-ministack.sh TOOLS COMMAND...
set -euo pipefail
if [ "${TAGBOAT_ALONE:-}" != yes ]; then
  tools=$(realpath "$1")
  shift
  user=; [ "$(id -u)" = 0 ] || user=-r
  TAGBOAT_ALONE=yes exec unshare $user -n "$0" "$tools" "$@"
fi
tools=$1
shift
unset TAGBOAT_ALONE
ip link set lo up
work=$(mktemp -d)
cleanup() {
  [ -z "${server:-}" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; }
  rm -rf "$work"
}
trap cleanup EXIT

for name in $(compgen -e AWS_ || true); do unset "$name"; done
export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=123456789012 AWS_SECRET_ACCESS_KEY=testing AWS_EC2_METADATA_DISABLED=true # the key is the account
export AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
GATEWAY_PORT=4566 DOCKER_HOST=unix:///nonexistent "$tools/ministack/bin/ministack" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 300); do
  (exec 3<>/dev/tcp/127.0.0.1/4566) 2>/dev/null && break
  kill -0 "$server" || { cat "$work/log"; exit 1; }
  sleep 0.1
done
"$@"
