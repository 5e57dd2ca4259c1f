# The troubles of docs/trouble.md, which its hidden blocks make: trouble NAME.
for name in api worker; do
  cat > "$name.taskdef.json" <<JSON
{"family": "$name", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
 "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
 "containerDefinitions": [{"name": "app", "secrets": [{"name": "KEY", "valueFrom": "/shop/key"}],
  "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/shop/$name", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "$name"}}}]}
JSON
  aws logs create-log-group --log-group-name "/shop/$name"
done
sed -i 's/"desiredCount": 1/"desiredCount": 2/' api.service.json
aws ssm put-parameter --name /shop/key --type SecureString --value secret >/dev/null
tagboat pin api=1.4.1 --env prod --allow-older >/dev/null 2>&1
tagboat deploy --env prod >/dev/null 2>&1
tagboat deploy api=1.4.2 --env prod >/dev/null 2>&1
export KEY=secret

# until_says WORDS COMMAND...: waits until a command prints the words.
until_says() {
  words=$1; shift
  for _ in $(seq 300); do
    if "$@" 2>&1 | grep -q "$words"; then return 0; fi
    sleep 0.2
  done
  echo "never printed '$words': $*"; "$@"; return 1
}

# bad TAG LABEL...: a version of api that does what labels say.
bad() {
  tag=$1; shift
  mkdir -p "build/$tag"; echo "$tag" > "build/$tag/version"
  tagboat publish api --from "dir:build/$tag" --tag "$tag" "$@" >/dev/null 2>&1
}

# looping TAG: a version of api that ends at once, deployed and left as it is.
looping() {
  bad "$1" --label tagboat.sandbox.exit=1@1s --label 'tagboat.sandbox.log=fatal: no database'
  tagboat deploy "api=$1" --env prod --no-rollback >/dev/null 2>&1 || true
  explained 'no database'
}

# replaced: the tasks of api are stopped, as by a person, so that ECS has to start others.
replaced() {
  for task in $(aws ecs list-tasks --cluster prod --service-name api --query taskArns --output text); do
    aws ecs stop-task --cluster prod --task "$task" >/dev/null
  done
}

explained() { until_says "$1" tagboat explain --env prod api; }

of_stack() { # of_stack NAME STATE
  until_says "^$2\$" aws cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text
}
stack_is() { of_stack shop-prod "$1"; }

# image_of TAG: the stack's parameter.
image_of() { echo "ParameterKey=Image,ParameterValue=$registry/shop/worker:$1"; }

updated() {
  aws cloudformation update-stack --stack-name shop-prod --use-previous-template --parameters "$(image_of "$1")" >/dev/null
}

registry=${AWS_ENDPOINT_URL#http://}
cat > stack.yaml <<'YAML'
Parameters:
  Image: {Type: String}
Resources:
  TaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: worker
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: "256"
      Memory: "512"
      ExecutionRoleArn: arn:aws:iam::123456789012:role/execution
      ContainerDefinitions: [{Name: app, Image: !Ref Image}]
  Service:
    Type: AWS::ECS::Service
    Properties:
      ServiceName: worker
      Cluster: prod
      LaunchType: FARGATE
      DesiredCount: 1
      TaskDefinition: !Ref TaskDefinition
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-0a1b2c3d4e5f60718]}}
YAML
sed -e 's/: worker$/: other/' -e 's/^      DesiredCount: 1/&\n      DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: true, Rollback: true}}/' stack.yaml > stack-new.yaml
cat >> stack-new.yaml <<'YAML'
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: new}}
YAML

trouble() {
  case $1 in
  crash-loop) looping 1.5.0 ;;
  crash-loop-again) looping 1.5.1 ;;
  image-gone)
    digest=$(aws ecr describe-images --repository-name shop/api --image-ids imageTag=1.4.2 --query 'imageDetails[0].imageDigest' --output text)
    aws ecr batch-delete-image --repository-name shop/api --image-ids "imageDigest=$digest" >/dev/null
    replaced; explained 'not in the registry' ;;
  no-way) sandbox-order harm '{"kind": "registry"}'; replaced; explained 'cannot reach the registry' ;;
  over) sandbox-order harm; until_says steady tagboat explain --env prod api ;;
  no-log-group) aws logs delete-log-group --log-group-name /shop/api; replaced; explained 'log group' ;;
  no-secret) aws ssm delete-parameter --name /shop/key; replaced; explained 'parameter that does not exist' ;;
  image-back) tagboat publish api --from dir:build/api --tag 1.4.2 >/dev/null 2>&1 ;;
  deadlock)
    aws ecs update-service --cluster prod --service api --deployment-configuration '{"minimumHealthyPercent": 75, "maximumPercent": 125}' --force-new-deployment >/dev/null
    explained 'neither to stop' ;;
  pause)
    sed -i.rolling 's/^{/{"deploymentConfiguration": {"strategy": "BLUE_GREEN", "lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}]}, /' api.service.json
    tagboat deploy --env prod api >/dev/null 2>&1
    bad 1.6.0
    tagboat deploy api=1.6.0 --env prod --timeout 2s >/dev/null 2>&1 || true
    explained 'waits in stage' ;;
  none-wanted)
    sed 's/^{/{"deploymentConfiguration": {"strategy": "ROLLING"}, /' api.service.json.rolling > api.service.json
    aws ecs update-service --cluster prod --service api --desired-count 0 >/dev/null
    until_says '0/0 tasks' tagboat status --env prod api ;;
  stack)
    aws ecs delete-service --cluster prod --service worker --force >/dev/null
    until_says missing tagboat status --env prod
    sed -i 's/worker: {taskDefinition: worker.taskdef.json, service: worker.service.json,/worker: {deploy: {through: cloudformation, stack: shop-prod, parameters: {Image: worker}},/' tagboat.yaml
    aws cloudformation create-stack --stack-name shop-prod --template-body file://stack.yaml --parameters "$(image_of 1.4.1)" >/dev/null
    stack_is CREATE_COMPLETE
    mkdir -p build/crash; echo crash > build/crash/version
    tagboat publish worker --from dir:build/crash --tag 1.5.0 --label tagboat.sandbox.exit=1@1s >/dev/null 2>&1 ;;
  stack-waits) updated 1.5.0; until_says 'exited with code 1' tagboat explain --env prod worker ;;
  stack-rollback-failed)
    before=$(aws ecs describe-services --cluster prod --services worker --query 'services[0].taskDefinition' --output text)
    trouble stack-waits
    aws ecs deregister-task-definition --task-definition "$before" >/dev/null
    aws cloudformation cancel-update-stack --stack-name shop-prod
    stack_is UPDATE_ROLLBACK_FAILED ;;
  stack-never-created)
    aws cloudformation create-stack --stack-name shop-new --template-body file://stack-new.yaml --parameters "$(image_of 1.5.0)" >/dev/null
    of_stack shop-new ROLLBACK_COMPLETE ;;
  stack-not-deleted)
    of_stack shop-new CREATE_COMPLETE
    aws ecs create-service --cluster new --service-name theirs --task-definition api --desired-count 1 --launch-type FARGATE \
      --network-configuration '{"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"]}}' >/dev/null
    aws cloudformation delete-stack --stack-name shop-new
    of_stack shop-new DELETE_FAILED ;;
  stack-in-review)
    until_says 'does not exist' aws cloudformation describe-stacks --stack-name shop-new
    aws cloudformation create-change-set --change-set-type CREATE --stack-name shop-new --change-set-name first --template-body file://stack-new.yaml --parameters "$(image_of 1.4.2)" >/dev/null
    of_stack shop-new REVIEW_IN_PROGRESS ;;
  past-the-stack)
    sed -i 's/worker: {deploy: {.*}},/worker: {taskDefinition: {family: worker},/' tagboat.yaml
    tagboat deploy --env prod worker >/dev/null 2>&1 ;;
  put-back)
    sed -i 's/Memory: "512"/Memory: "1024"/' stack.yaml
    aws cloudformation update-stack --stack-name shop-prod --template-body file://stack.yaml --parameters ParameterKey=Image,UsePreviousValue=true >/dev/null
    stack_is UPDATE_COMPLETE ;;
  pins-in-template)
    image=$(tagboat generate cloudformation --snippet worker --env prod --way parameter | sed -n 's/^ *Image: //p')
    sed -i -e 's,^  Image: .*,  Pins: {Type: "AWS::SSM::Parameter::Value<String>"\, Default: /containers/prod/shop},' -e "s|Image: !Ref Image|Image: $image|" stack.yaml
    aws cloudformation update-stack --stack-name shop-prod --template-body file://stack.yaml >/dev/null
    stack_is UPDATE_COMPLETE ;;
  held)
    tagboat hold --env prod api -m 'the sale' >/dev/null 2>&1
    tagboat hold --all --until 2h -m 'the sale' >/dev/null 2>&1 ;;
  promotion-killed)
    bad 1.7.0 --label tagboat.sandbox.start=5m
    tagboat pin api=1.7.0 worker=1.4.2 --env dev >/dev/null 2>&1
    tagboat release create --env dev >/dev/null 2>&1
    tagboat promote 1 --to prod --break-glass -m 'kill it' >/dev/null 2>&1 &
    until_says 'prod/api  has been rolling to 1.7.0' tagboat status --env prod
    kill -9 $! ;;
  parameter-broken) aws ssm put-parameter --name /containers/prod/shop --overwrite --value '{"api":"1.7' >/dev/null ;;
  parameter-overwritten)
    without=$(aws ssm get-parameter --name /containers/prod/shop --query Parameter.Value --output text | sed 's/,"worker":"[^"]*"//')
    aws ssm put-parameter --name /containers/prod/shop --overwrite --value "$without" >/dev/null ;;
  esac
}
