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

# The others are judged where no container engine answers.
others() { # others NAME
  echo "== $1"
  "$here/with-$1.sh" "$tools" env DOCKER_HOST=unix:///nonexistent "$python" "$here/conformance/judge.py" "$work/$1.json" --patience 10 2>"$1.err"
}
others moto
others ministack

version() { "$1/bin/pip" show "$2" 2>/dev/null | sed -n 's/^Version: //p'; }
"$python" "$here/conformance/table.py" "$page" "$(date -u +%Y-%m-%d)" "tagboat=ours.json,quotas.json" \
  "moto $(version "$tools/python" moto)=moto.json" "ministack $(version "$tools/ministack" ministack)=ministack.json"
