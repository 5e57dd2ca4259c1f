# What AWS Copilot left of an application, made as it made it: copilot_env ENV, copilot_svc ENV NAME TEMPLATE IMAGE.
# The templates are those of internal/scaffold/testdata/copilot/stacks, in $COPILOT.
if command -v aws-command >/dev/null 2>&1; then aws() { aws-command "$@"; }; fi
registry=${AWS_ENDPOINT_URL#http://}

# copilot_stack NAME TEMPLATE TAGS KEY=VALUE...: creates a stack, or updates it, and waits for its end.
copilot_stack() {
  stack=$1 template=$2 tags=$3 parameters=
  shift 3
  for parameter in "$@"; do
    parameters="$parameters ParameterKey=${parameter%%=*},ParameterValue=${parameter#*=}"
  done
  sed "s,public.ecr.aws,$registry," "$COPILOT/stacks/$template.yml" > "/tmp/copilot-$$.yml"
  # shellcheck disable=SC2086 # tags and parameters are several words
  aws cloudformation create-stack --stack-name "$stack" --template-body "file:///tmp/copilot-$$.yml" --capabilities CAPABILITY_NAMED_IAM \
    --tags $tags --parameters $parameters >/dev/null
  rm "/tmp/copilot-$$.yml"
  for _ in $(seq 600); do
    status=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text)
    case $status in
    CREATE_COMPLETE) return 0 ;;
    *_IN_PROGRESS) sleep 0.1 ;;
    *) break ;;
    esac
  done
  echo "stack $stack is $status" >&2
  aws cloudformation describe-stack-events --stack-name "$stack" >&2
  return 1
}

copilot_resource() { # copilot_resource STACK LOGICAL
  aws cloudformation describe-stack-resource --stack-name "$1" --logical-resource-id "$2" --query StackResourceDetail.PhysicalResourceId --output text
}

copilot_env() {
  aws ssm put-parameter --name "/copilot/applications/shop/environments/$1" --type String \
    --value "{\"app\":\"shop\",\"name\":\"$1\",\"region\":\"us-east-1\",\"accountID\":\"123456789012\",\"managerRoleARN\":\"arn:aws:iam::123456789012:role/shop-$1-EnvManagerRole\"}" >/dev/null
  copilot_stack "shop-$1" environment "Key=copilot-application,Value=shop Key=copilot-environment,Value=$1" AppName=shop "EnvironmentName=$1" ALBWorkloads=web
  # What the functions of Copilot's custom resources answer.
  of() { sandbox-order functions "{\"function\": \"*shop-$1-*\", \"stage\": \"Custom::$2\", \"status\": \"SUCCEEDED\", \"data\": $3}"; }
  of "$1" EnvControllerFunction "{\"HTTPListenerArn\": \"$(copilot_resource "shop-$1" HTTPListener)\", \"PublicLoadBalancerDNSName\": \"shop-$1.example.com\"}"
  of "$1" RulePriorityFunction '{"Priority": "100"}'
  of "$1" DynamicDesiredCountFunction '{"DesiredCount": "1"}'
}

copilot_svc() {
  aws ssm put-parameter --name "/copilot/applications/shop/components/$2" --type String --overwrite --value "{\"app\":\"shop\",\"name\":\"$2\",\"type\":\"Backend Service\"}" >/dev/null
  copilot_stack "shop-$1-$2" "$3" "Key=copilot-application,Value=shop Key=copilot-environment,Value=$1 Key=copilot-service,Value=$2" \
    AppName=shop "EnvName=$1" "WorkloadName=$2" ContainerImage="$4"
}
