#!/usr/bin/env bash
# Holds the templates for CloudFormation to cfn-lint: how pins are read, each way and for each form
# of the ledger, and what tagboat watch reads. It needs no network. cfn.sh TOOLS TAGBOAT
set -euo pipefail
lint=$(realpath "$1")/python/bin/cfn-lint
tagboat=$(realpath "$2")
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
    "$lint" --non-zero-exit-code informational "$way.yaml"
    checked=$((checked + 1))
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
  "$lint" --non-zero-exit-code informational watch.yaml
  checked=$((checked + 1))
done

# The linter does look: what is wrong must be found.
sed 's/!Ref Pins/!Ref Pens/' parameter.yaml >wrong.yaml
if "$lint" wrong.yaml >/dev/null; then
  echo 'cfn-lint takes a template that refers to nothing' >&2
  exit 1
fi
echo "cfn: $checked passed, 0 failed"
