#!/usr/bin/env bash
# Holds the templates for CloudFormation to cfn-lint with every check on: how pins are read, each way
# and for each form of the ledger, what tagboat watch reads, and the stacks of examples/shop, which
# moto then creates, updates and deletes. It needs no network. cfn.sh TOOLS TAGBOAT
set -euo pipefail
tools=$(realpath "$1")
lint=$tools/python/bin/cfn-lint
tagboat=$(realpath "$2")
scripts=$(realpath "$(dirname "$0")")
shop=$(realpath "$scripts/../examples/shop")
# check FILE fails where cfn-lint finds anything, informational or not.
check() {
  "$lint" --include-checks I --non-zero-exit-code informational -- "$1"
  checked=$((checked + 1))
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export AWS_REGION=eu-west-1

checked=0
for form in tag@digest digest uri tag; do
  single=uri
  if [ "$form" = tag ]; then single=tag; fi
  if [ "$form" = digest ]; then single=digest; fi
  cat >tagboat.yaml <<YAML
app: shop
registry: 111111111111.dkr.ecr.eu-west-1.amazonaws.com
ledger:
  form: "$form"
  key: repository
  groups: {generic: {images: [radio/proxy]}}
  projections: {path: "/one/{environment}/{image}", form: $single}
images:
  api: {repository: shop/api}
  radio/proxy: {repository: radio/proxy}
services:
  api: {taskDefinition: {family: api}, containers: {app: api, envoy: radio/proxy}}
stages: [{name: prod}]
environments:
  prod: {stage: prod, cluster: prod}
YAML
  for way in parameter dynamic custom-resource; do
    "$tagboat" generate cloudformation --snippet api --way "$way" >"$way.yaml"
    check "$way.yaml"
  done
done

# The queue, its rules, and those of other accounts and regions.
cat >tagboat.yaml <<YAML
app: shop
registry: 111111111111.dkr.ecr.eu-west-1.amazonaws.com
images: {api: {repository: shop/api, select: {semver: ">=1.0.0"}}}
services:
  api: {taskDefinition: {family: api}, containers: {app: api}}
stages: [{name: dev, auto: newest}]
watch: {queue: "https://sqs.eu-west-1.amazonaws.com/111111111111/tagboat-shop"}
environments:
  dev: {stage: dev, cluster: dev, region: eu-west-1, account: "111111111111"}
  us-dev: {stage: dev, tenant: us, cluster: dev, region: us-east-1, account: "111111111111"}
  mb-dev: {stage: dev, tenant: mb, cluster: dev, region: eu-west-1, account: "222222222222"}
YAML
for of in '' '--as function' '--account 222222222222' '--region us-east-1'; do
  # shellcheck disable=SC2086 # the flags are words
  "$tagboat" generate watch $of >watch.yaml 2>/dev/null
  check watch.yaml
done

# The stacks of the example, with accounts that tagboat.yaml does not need to say.
cp -r "$shop" shop
sed -i 's/^  \(dev\|staging\): *{/&account: "123456789012", /; s/^environments:/home: {account: "123456789012", region: us-east-1}\n&/' shop/tagboat.yaml
for of in '--env dev' '--env staging --existing repositories,watch,logs' '--env prod' '--env mb-prod --existing cluster,load-balancer,roles' \
  '--env dev --service worker' '--account 222222222222' '--account 333333333333'; do
  # shellcheck disable=SC2086 # the flags are words
  (cd shop && "$tagboat" generate cloudformation $of >../stack.yaml 2>/dev/null)
  check stack.yaml
done
"$scripts/with-moto.sh" "$tools" "$scripts/cfn-moto.sh" "$tools" "$tagboat" "$shop"

# The linter does look: what is wrong must be found.
sed 's/!Ref Pins/!Ref Pens/' parameter.yaml >wrong.yaml
if "$lint" wrong.yaml >/dev/null; then
  echo 'cfn-lint takes a template that refers to nothing' >&2
  exit 1
fi
echo "cfn: $checked passed, 0 failed"
