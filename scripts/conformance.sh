#!/usr/bin/env bash
# Has boto3 judge the sandbox, and two emulators that others wrote beside it, by checks of
# rollouts, failures and refusals; writes the table of docs/conformance.md into PAGE.
# conformance.sh TOOLS TAGBOAT PAGE
set -euo pipefail
tools=$(realpath "$1")
tagboat=$(realpath "$2")
page=$(realpath "$3")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
started=()
cleanup() {
  for pid in "${started[@]:-}"; do [ -z "$pid" ] || { kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null || true; }; done
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

for name in $(compgen -e AWS_ || true); do unset "$name"; done
export AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none AWS_EC2_METADATA_DISABLED=true
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 AWS_DEFAULT_REGION=us-east-1
python=$tools/python/bin/python

sandbox() { # sandbox NAME FLAG... -- CHECK...
  local name=$1; shift
  local flags=()
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  "$tagboat" sandbox --addr 127.0.0.1:0 --env-file "$name.env" "${flags[@]}" >"$name.log" 2>&1 &
  started+=($!)
  for _ in $(seq 200); do [ -e "$name.env" ] && break; sleep 0.05; done
  [ -e "$name.env" ] || { cat "$name.log"; exit 1; }
  (set -a; . "./$name.env"; set +a; "$python" "$here/conformance/judge.py" "$name.json" --labels "$@")
}
echo '== the sandbox'
sandbox ours --strict --
sandbox quotas --quotas aws -- throttled

# The others are judged where no container engine answers, each in a network namespace of
# its own that has the loopback device alone: ministack listens on every address.
others() { # others NAME PORT COMMAND...
  local name=$1 port=$2; shift 2
  echo "== $name"
  cat >"$name.sh" <<SCRIPT
set -euo pipefail
ip link set lo up
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing
export DOCKER_HOST=unix:///nonexistent GATEWAY_PORT=$port
$* >"$work/$name.log" 2>&1 &
server=\$!
trap 'kill \$server 2>/dev/null || true' EXIT
for _ in \$(seq 300); do
  (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && break
  kill -0 \$server || { cat "$work/$name.log"; exit 1; }
  sleep 0.1
done
"$python" "$here/conformance/judge.py" "$work/$name.json" --patience 10
SCRIPT
  if [ "$(id -u)" = 0 ]; then unshare -n bash "$name.sh"; else unshare -rn bash "$name.sh"; fi
}
others moto 5000 "$tools/python/bin/moto_server" -H 127.0.0.1 -p 5000 2>others.err || { cat others.err; exit 1; }
others ministack 4566 "$tools/ministack/bin/ministack" 2>>others.err || { cat others.err; exit 1; }

version() { "$1/bin/pip" show "$2" 2>/dev/null | sed -n 's/^Version: //p'; }
"$python" "$here/conformance/table.py" "$page" "$(date -u +%Y-%m-%d)" "tagboat=ours.json,quotas.json" \
  "moto $(version "$tools/python" moto)=moto.json" "ministack $(version "$tools/ministack" ministack)=ministack.json"
