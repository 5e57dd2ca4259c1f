#!/usr/bin/env bash
# Installs what `make check` needs into the directory named by the first argument;
# skopeo and Python come from the system's packages. Safe to run again.
set -euo pipefail
mkdir -p "$1"
tools=$(realpath "$1")
golangci=v2.15.0
govulncheck=v1.8.0
templ=v0.3.1118 # as in go.mod
ministack=1.5.33
axe=0.1.8 # the package with axe-core in it
# Of the OCI distribution specification, which tags no versions of it: where the module
# proxy no longer has this one, the newest that it has does.
conformance=v0.0.0-20260831232431-97274622c111
mkdir -p "$tools/bin"

has() { command -v "$1" >/dev/null 2>&1; }

packages=()
has skopeo || packages+=(skopeo)
has curl || packages+=(curl)
has docker-registry || packages+=(docker-registry)
has htpasswd || packages+=(apache2-utils)
has ip || packages+=(iproute2)
has chromium || packages+=(chromium)
has unshare || packages+=(util-linux)
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3 python3-venv)
if [ ${#packages[@]} -gt 0 ]; then
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends "${packages[@]}"
fi

go_tool() { # go_tool NAME VERSION PACKAGE: built once for each version
  local stamp="$tools/bin/.$1-$2"
  [ -e "$stamp" ] && [ -x "$tools/bin/$1" ] && return
  echo "building $1 $2"
  GOBIN="$tools/bin" GOFLAGS= go install "$3@$2"
  touch "$stamp"
}
go_tool golangci-lint "$golangci" github.com/golangci/golangci-lint/v2/cmd/golangci-lint
go_tool govulncheck "$govulncheck" golang.org/x/vuln/cmd/govulncheck
go_tool templ "$templ" github.com/a-h/templ/cmd/templ

# The conformance suite is a module of its own that cannot be installed by name.
if [ ! -x "$tools/bin/oci-conformance-$conformance" ]; then
  echo "building oci-conformance $conformance"
  dir=
  for version in "$conformance" latest; do
    dir=$(cd "$tools" && go mod download -json "github.com/opencontainers/distribution-spec/conformance@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') || true
    [ -z "$dir" ] || break
    echo "the module proxy does not have $version"
  done
  [ -n "$dir" ] || { echo 'the conformance suite cannot be downloaded' >&2; exit 1; }
  (cd "$dir" && GOFLAGS=-mod=mod go build -o "$tools/bin/oci-conformance-$conformance" .)
  ln -sf "oci-conformance-$conformance" "$tools/bin/oci-conformance"
fi

[ -x "$tools/python/bin/python" ] || python3 -m venv "$tools/python"
"$tools/python/bin/pip" install -q --disable-pip-version-check -r scripts/requirements.txt

# axe-core alone, of a package whose own dependencies would bring a browser.
if [ ! -e "$tools/axe-$axe.js" ]; then
  dir=$(mktemp -d)
  "$tools/python/bin/pip" download -q --disable-pip-version-check --no-deps -d "$dir" "axe-playwright-python==$axe"
  "$tools/python/bin/python" -m zipfile -e "$dir"/*.whl "$dir/all"
  cp "$dir/all/axe_playwright_python/axe.min.js" "$tools/axe-$axe.js"
  rm -r "$dir"
fi
ln -sf "axe-$axe.js" "$tools/axe.js"

# In an environment of its own, since it asks for another version of boto3.
[ -x "$tools/ministack/bin/python" ] || python3 -m venv "$tools/ministack"
"$tools/ministack/bin/pip" install -q --disable-pip-version-check "ministack==$ministack"
