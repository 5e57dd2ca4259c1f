#!/usr/bin/env bash
# Runs the stories of any registry against ones that others wrote: the Distribution
# project's registry, with a login, and the ECR of ministack (moto's digests are not the
# hashes of its manifests, which nothing of ours believes). registry.sh TOOLS
set -euo pipefail
tools=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
cleanup() {
  [ -z "${registry:-}" ] || { kill "$registry" 2>/dev/null; wait "$registry" 2>/dev/null || true; }
  rm -rf "$work"
}
trap cleanup EXIT

story() { "${GO:-go}" test ./cmd/tagboat -run TestRegistries -count=1 -v | grep -E '^ *(---|ok|FAIL|PASS)|versions.txtar:[0-9]+:'; }

echo '== docker-registry, with htpasswd authentication'
user=tagboat password=$(head -c 12 /dev/urandom | base64)
htpasswd -iBc "$work/htpasswd" "$user" <<<"$password" 2>/dev/null
port=$("$tools/python/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
host=127.0.0.1:$port
cat >"$work/config.yml" <<CONFIG
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $work/data}}
http: {addr: "$host"}
auth: {htpasswd: {realm: tagboat, path: $work/htpasswd}}
CONFIG
docker-registry serve "$work/config.yml" >"$work/log" 2>&1 &
registry=$!
for _ in $(seq 100); do [ "$(curl -s -o "$work/answer" -w '%{http_code}' "http://$host/v2/")" = 401 ] && break; sleep 0.1; done
mkdir "$work/docker"
cat >"$work/docker/config.json" <<CONFIG
{"auths": {"$host": {"auth": "$(printf '%s:%s' "$user" "$password" | base64 -w0)"}}}
CONFIG
TAGBOAT_TEST_REGISTRY=$host DOCKER_CONFIG=$work/docker story || { cat "$work/log"; exit 1; }

echo '== ministack, for the calls of ECR that it answers'
export -f story
"$here/with-ministack.sh" "$tools" bash -c 'set -o pipefail; TAGBOAT_TEST_ECR=$AWS_ACCESS_KEY_ID story'
echo 'registries: 2 passed, 0 failed'
