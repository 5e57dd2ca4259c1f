#!/usr/bin/env bash
# Drives the sandbox with clients that others wrote: skopeo pushes and pulls, the AWS
# command line and boto3 talk to the APIs, and boto3's waiter judges a rollout that
# tagboat made. clients.sh TOOLS TAGBOAT
set -euo pipefail
tools=$(realpath "$1")
tagboat=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
export PATH="$tools/python/bin:$PATH"
work=$(mktemp -d)
sandboxes=()
cleanup() {
  for sandbox in "${sandboxes[@]}"; do kill "$sandbox" 2>/dev/null; wait "$sandbox" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

for name in $(compgen -e AWS_ || true); do unset "$name"; done
export AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none AWS_PAGER=
export AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

# serve NAME [FLAG...]: a sandbox whose address is in NAME.env
serve() {
  local name=$1; shift
  "$tagboat" sandbox --addr 127.0.0.1:0 --env-file "$name.env" "$@" >"$name.log" 2>&1 &
  sandboxes+=("$!")
  for _ in $(seq 200); do [ -e "$name.env" ] && break; sleep 0.05; done
  [ -e "$name.env" ] || { cat "$name.log"; exit 1; }
}
serve lenient
serve strict --strict
lenient=$(sed -n 's,^AWS_ENDPOINT_URL=http://,,p' lenient.env)
set -a; . ./strict.env; set +a
host=${AWS_ENDPOINT_URL#http://}

echo '== skopeo: push, inspect, pull'
python3 "$here/oci_image.py" image
if skopeo copy --quiet --dest-tls-verify=false oci:image:v1 "docker://$host/shop/app:v1" 2>refused; then
  echo 'a push without a login succeeded' >&2; exit 1
fi
mkdir docker
export DOCKER_CONFIG=$work/docker REGISTRY_AUTH_FILE=$work/docker/config.json
aws ecr get-login-password | skopeo login --tls-verify=false --username AWS --password-stdin "$host"
if skopeo copy --quiet --dest-tls-verify=false oci:image:v1 "docker://$host/shop/app:v1" 2>refused; then
  echo 'a push to a repository that nobody created succeeded' >&2; exit 1
fi
aws ecr create-repository --repository-name shop/app >/dev/null
skopeo copy --quiet --dest-tls-verify=false oci:image:v1 "docker://$host/shop/app:v1"
skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$host/shop/app:v1" | tee digest
skopeo copy --quiet --src-tls-verify=false --preserve-digests "docker://$host/shop/app:v1" oci:pulled:v1
cmp <(python3 -c 'import json;print(json.load(open("image/index.json"))["manifests"][0]["digest"])') \
    <(python3 -c 'import json;print(json.load(open("pulled/index.json"))["manifests"][0]["digest"])')
password=$(aws ecr get-login-password)
skopeo copy --quiet --dest-tls-verify=false --dest-creds "AWS:$password" oci:image:v1 "docker://$host/shop/app:v2"

echo '== aws: the main job by hand'
aws sts get-caller-identity
aws ecs list-clusters
sed "s,REGISTRY,$host," "$here/clients/tagboat.yaml" >tagboat.yaml
cp "$here/clients/web.taskdef.json" "$here/clients/web.service.json" .
"$tagboat" pin app=v1 --env dev
"$tagboat" deploy --env dev
aws ecs describe-services --cluster dev --services web >service.json
python3 - <<'P'
import json, subprocess
service = json.load(open("service.json"))["services"][0]
assert len(service["deployments"]) == 1, service["deployments"]
primary = service["deployments"][0]
assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "COMPLETED"), primary
definition = json.loads(subprocess.check_output(["aws", "ecs", "describe-task-definition", "--task-definition", primary["taskDefinition"]]))
image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
assert image.endswith("@" + open("digest").read().strip()), image
print("one PRIMARY deployment COMPLETED with", image)
P
aws ssm get-parameter --name "$("$tagboat" pins --env dev -o json | python3 -c 'import json,sys;print(json.load(sys.stdin)["pins"][0]["parameter"])')" --query Parameter.Value --output text
if aws ecs create-task-set --cluster dev --service web --task-definition web 2>refused; then
  echo 'an operation that is not there succeeded' >&2; exit 1
fi
grep CreateTaskSet refused

echo '== boto3: every service, its paginators and waiters'
python3 "$here/clients/boto.py"

echo '== aws: a push tells a queue'
sqs() { aws --endpoint-url "$AWS_ENDPOINT_URL" sqs "$@"; } # version 1 asks no variable for SQS's address
queue=$(sqs create-queue --queue-name pushes --attributes '{"Policy": "{\"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"events.amazonaws.com\"}, \"Action\": \"sqs:SendMessage\"}}"}' --query QueueUrl --output text)
aws events put-rule --name pushes --event-pattern '{"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "detail": {"action-type": ["PUSH"]}}' >/dev/null
aws events put-targets --rule pushes --targets Id=1,Arn=arn:aws:sqs:us-east-1:123456789012:pushes
skopeo copy --quiet --dest-tls-verify=false --dest-creds "AWS:$password" oci:image:v1 "docker://$host/shop/app:v3"
sqs receive-message --queue-url "$queue" --wait-time-seconds 20 --query 'Messages[0].Body' --output text | tee event
grep -q '"repository-name":"shop/app".*"image-tag":"v3"' event

echo '== skopeo: a push is deployed'
sed -e 's,{repository: shop/app},{repository: shop/app\, select: {semver: ">=1.0.0"}},' -e 's,{name: dev},{name: dev\, auto: newest},' tagboat.yaml >watched.yaml
python3 "$here/oci_image.py" newer again
aws ecr create-repository --repository-name shop-releases >/dev/null
"$tagboat" watch --config watched.yaml --queue "$queue" --settle 200ms --listen none 2>watch.log &
watcher=$!
for _ in $(seq 200); do grep -q '"hint":"sweep"' watch.log && break; sleep 0.1; done
skopeo copy --quiet --dest-tls-verify=false --dest-creds "AWS:$password" oci:newer:v1 "docker://$host/shop/app:1.0.0"
for _ in $(seq 200); do grep -q '"state":"promoted"' watch.log && break; sleep 0.1; done
grep '"hint":"push of shop/app:1.0.0".*"state":"promoted"' watch.log || { cat watch.log; exit 1; }
aws ecs describe-tasks --cluster dev --tasks "$(aws ecs list-tasks --cluster dev --service-name web --query 'taskArns[0]' --output text)" \
  --query 'tasks[0].containers[0].imageDigest' --output text |
  grep "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$host/shop/app:1.0.0")"
kill "$watcher"; wait "$watcher"
aws events remove-targets --rule pushes --ids 1 && aws events delete-rule --name pushes && sqs delete-queue --queue-url "$queue"
aws ecr batch-delete-image --repository-name shop/app --image-ids imageTag=v3 >/dev/null

echo '== aws: cloudformation deploy, as it is'
cat >stack.yaml <<'Y'
Parameters:
  Image: {Type: "AWS::SSM::Parameter::Value<String>", Default: /stack/image}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties: {Family: stack, ContainerDefinitions: [{Name: app, Image: !Ref Image, Memory: 128}]}
Outputs: {Queue: {Value: !GetAtt Queue.Arn}}
Y
deployed() { aws cloudformation deploy --stack-name clients --template-file stack.yaml "$@"; }
aws ssm put-parameter --name /stack/image --type String --value "$host/shop/app:v1" >/dev/null
deployed
deployed --no-fail-on-empty-changeset 2>&1 | tee again
grep 'No changes to deploy' again
aws ssm put-parameter --name /stack/image --type String --value "$host/shop/app:v2" --overwrite >/dev/null
deployed --parameter-overrides Image=/stack/image
aws ecs describe-task-definition --task-definition stack:2 --query 'taskDefinition.containerDefinitions[0].image' --output text | grep "$host/shop/app:v2"
aws ecs describe-task-definition --task-definition stack:1 --query taskDefinition.status --output text | grep INACTIVE
aws cloudformation delete-stack --stack-name clients && aws cloudformation wait stack-delete-complete --stack-name clients

echo '== aws: the pages of troubles and of Express Mode, as they are pasted'
(cd "$here/.." && TAGBOAT_AWS=$tools/python/bin/aws go test ./cmd/tagboat -run 'TestPagesThatRun/(trouble|express).md' -count=1 -timeout 20m)

echo '== the OCI conformance suite'
OCI_REGISTRY=$lenient OCI_TLS=disabled OCI_VERSION=1.1 OCI_DATA_SHA512=false OCI_RESULTS_DIR=$work/oci \
  OCI_API_BLOBS_UPLOAD_CANCEL=true OCI_API_BLOBS_DIGEST_HEADER=true OCI_API_MANIFESTS_DIGEST_HEADER=true \
  "$tools/bin/oci-conformance" >conformance.log 2>&1 || { tail -40 conformance.log; exit 1; }
grep -iE "pass|fail|skip" conformance.log | tail -4

echo '== the JSON Schema agrees with the strict reader'
"$tagboat" generate schema >schema.json
python3 "$here/clients/schema.py" schema.json tagboat.yaml
echo 'clients: 9 passed, 0 failed'
