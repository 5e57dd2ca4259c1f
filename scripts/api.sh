#!/usr/bin/env bash
# Holds the API of tagboat serve to its description: schemathesis asks what that allows and what it does
# not, of a server with examples/shop on the sandbox, and every answer has to be one that is described.
# api.sh TOOLS TAGBOAT
set -euo pipefail
tools=$(realpath "$1")
tagboat=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
started=()
cleanup() {
  for one in "${started[@]}"; do kill "$one" 2>/dev/null; wait "$one" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
cp "$here"/../examples/shop/* "$work"
cd "$work"

for name in $(compgen -e AWS_ || true); do unset "$name"; done
export AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none AWS_EC2_METADATA_DISABLED=true
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 TAGBOAT_CACHE=off

# await FILE TEXT: until a file has a text
await() {
  for _ in $(seq 400); do grep -q "$2" "$1" 2>/dev/null && return; sleep 0.05; done
  cat "$1"; exit 1
}

"$tagboat" sandbox --addr 127.0.0.1:0 --env-file sandbox.env --speed 200 >sandbox.log 2>&1 &
started+=("$!")
await sandbox.env AWS_REGION
set -a; . ./sandbox.env; set +a
host=${AWS_ENDPOINT_URL#http://}
sed -i "s,^registry: .*,registry: $host," tagboat.yaml
python3 "$here/oci_image.py" image
for image in api web worker; do
  "$tagboat" publish "$image" --from oci:image --tag 1.0.0 --create-repository >/dev/null
done
"$tagboat" publish proxy --from oci:image --tag 1.4 --create-repository >/dev/null
for key in sandbox 222222222222 333333333333; do
  for cluster in dev staging prod; do
    AWS_ACCESS_KEY_ID=$key "$tools/python/bin/aws" ecs create-cluster --cluster-name "$cluster" --capacity-providers FARGATE FARGATE_SPOT >/dev/null
  done
done
"$tagboat" promote --env dev,mb-dev --message 'the first one' >/dev/null 2>&1

TAGBOAT_SERVE_TOKEN=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
export TAGBOAT_SERVE_TOKEN
"$tagboat" serve --no-watch --listen 127.0.0.1:0 >serve.log 2>&1 &
started+=("$!")
await serve.log '"msg":"listening"'
address=http://$(sed -n 's/.*"on":"\([^"]*\)".*/\1/p' serve.log | head -1)

# The stream does not end, so that it is read apart.
got=$(curl -sN --max-time 2 -H "Authorization: Bearer $TAGBOAT_SERVE_TOKEN" "$address/api/v1/events" || true)
grep -q '^event: reset' <<<"$got" || { echo "the stream says: $got" >&2; exit 1; }

curl -sS -H "Authorization: Bearer $TAGBOAT_SERVE_TOKEN" "$address/api/v1/openapi.yaml" >openapi.yaml
"$tools/python/bin/schemathesis" run openapi.yaml --url "$address/api/v1" \
  --header "Authorization: Bearer $TAGBOAT_SERVE_TOKEN" --exclude-path /events --max-examples "${EXAMPLES:-15}" --seed 1 \
  --workers 2 --request-timeout 30 --generation-deterministic --phases examples,coverage,fuzzing --exclude-checks positive_data_acceptance
if grep -F "$TAGBOAT_SERVE_TOKEN" serve.log; then echo 'the log has the token' >&2; exit 1; fi
