#!/usr/bin/env bash
# Creates, updates and deletes the generated stack of examples/shop on an implementation of
# CloudFormation that others wrote. with-moto.sh starts it. cfn-moto.sh TOOLS TAGBOAT SHOP
set -euo pipefail
aws=$1/python/bin/aws tagboat=$2
cd "$3"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tagboat" generate cloudformation --env dev 2>"$work/notes" |
  sed 's/EventBusName: !Ref Bus/EventBusName: tagboat-shop/' >"$work/dev.yaml" # moto takes an object for the name
"$tagboat" generate cloudformation --account 333333333333 >"$work/account.yaml"

vpc=$("$aws" ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text)
subnets=$("$aws" ec2 describe-subnets --query 'Subnets[:2].SubnetId' --output text | tr '\t' ',')
"$aws" s3 mb s3://templates --region us-east-1 >"$work/log"
printf 'PK\005\006\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >"$work/tagboat.zip" # an empty archive
"$aws" s3 cp "$work/dev.yaml" s3://templates/dev.yaml >>"$work/log"
"$aws" s3 cp "$work/tagboat.zip" s3://templates/tagboat.zip >>"$work/log"
"$aws" ssm put-parameter --name /containers/dev/shop --type String --value '{}' >>"$work/log"

# stack VERB COUNT creates or updates the stack with so many tasks of api.
stack() {
  printf '[{"ParameterKey":"Vpc","ParameterValue":"%s"},{"ParameterKey":"Subnets","ParameterValue":"%s"},{"ParameterKey":"LoadBalancerSubnets","ParameterValue":"%s"},{"ParameterKey":"FunctionBucket","ParameterValue":"templates"},{"ParameterKey":"ApiCount","ParameterValue":"%s"}]' \
    "$vpc" "$subnets" "$subnets" "$2" >"$work/parameters.json"
  "$aws" cloudformation "$1-stack" --stack-name shop-dev --template-url https://s3.amazonaws.com/templates/dev.yaml \
    --capabilities CAPABILITY_IAM --parameters "file://$work/parameters.json" >>"$work/log"
}
# image prints what the latest revision of api runs.
image() {
  "$aws" ecs describe-task-definition --query 'taskDefinition.containerDefinitions[0].image' --output text --task-definition api
}
# is WHAT GOT WANT ends the script where they differ.
is() {
  if [ "$2" != "$3" ]; then
    echo "cfn: $1 is $2, not $3" >&2
    exit 1
  fi
}
none=$(printf '0%.0s' $(seq 64)) some=$(printf 'a%.0s' $(seq 64))
at=123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api@sha256
# status STACK prints how a stack stands.
status() {
  "$aws" cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text
}
# gone STACK deletes a stack.
gone() {
  "$aws" cloudformation delete-stack --stack-name "$1"
  is "what is left of $1" "$("$aws" cloudformation list-stacks --output text --query "length(StackSummaries[?StackName=='$1' && StackStatus!='DELETE_COMPLETE'])")" 0
}
stack create 0
is 'the new stack' "$(status shop-dev)" CREATE_COMPLETE
is 'the image before the first pin' "$(image)" "$at:$none"
sed 's/Cpu: "256"/Cpu: "512"/' "$work/dev.yaml" >"$work/larger.yaml" # moto updates what has another text
"$aws" s3 cp "$work/larger.yaml" s3://templates/dev.yaml >>"$work/log"
stack update 0
is 'the updated stack' "$(status shop-dev)" UPDATE_COMPLETE
gone shop-dev

"$aws" ssm put-parameter --overwrite --name /containers/dev/shop --type String --value "{\"api\":\"1.0.0@sha256:$some\"}" >>"$work/log"
stack create 1
is 'the stack with pins' "$(status shop-dev)" CREATE_COMPLETE
is 'the pinned image' "$(image)" "$at:$some"
gone shop-dev

"$aws" cloudformation create-stack --stack-name tagboat-shop --template-body "file://$work/account.yaml" --capabilities CAPABILITY_NAMED_IAM >>"$work/log"
is 'the stack of an account' "$(status tagboat-shop)" CREATE_COMPLETE
gone tagboat-shop
echo 'cfn-moto: created, updated and deleted'
