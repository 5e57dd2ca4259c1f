# What the pages of docs/ begin with: a shop in a sandbox, with two versions of two images.
tagboat sandbox --env-file sandbox.env 2>/dev/null &
while [ ! -s sandbox.env ]; do sleep 0.1; done
set -a; . ./sandbox.env; AWS_ENDPOINT_URL_STS=$AWS_ENDPOINT_URL; AWS_CONFIG_FILE=$PWD/aws.config; set +a
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN # they count for more than AWS_PROFILE
printf '[default]\naws_access_key_id = sandbox\naws_secret_access_key = sandbox\n' > aws.config
for name in anna bob; do
  printf '[profile %s]\nrole_arn = arn:aws:iam::123456789012:role/people\nrole_session_name = %s\nsource_profile = default\n' $name $name >> aws.config
done
for name in api worker; do
  mkdir -p "build/$name"
  cat > "$name.taskdef.json" <<JSON
{"family": "$name", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
 "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
 "containerDefinitions": [{"name": "app", "essential": true, "command": ["/bin/$name"]}]}
JSON
  cat > "$name.service.json" <<JSON
{"serviceName": "$name", "launchType": "FARGATE", "desiredCount": 1,
 "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"]}}}
JSON
done
cat > tagboat.yaml <<YAML
app: shop
registry: ${AWS_ENDPOINT_URL#http://}
images:
  api:    {repository: shop/api, select: {semver: ">=1.0.0"}}
  worker: {repository: shop/worker}
services:
  api:    {taskDefinition: api.taskdef.json, service: api.service.json, containers: {app: api}}
  worker: {taskDefinition: worker.taskdef.json, service: worker.service.json, containers: {app: worker}}
stages: [{name: dev}, {name: prod}]
environments:
  dev:    {stage: dev, region: us-east-1, cluster: dev}
  mb-dev: {stage: dev, tenant: mb, region: us-east-1, cluster: staging}
  prod:   {stage: prod, region: us-east-1, cluster: prod}
YAML
for name in api worker; do
  for version in 1.4.1 1.4.2; do
    echo "$version" > "build/$name/version"
    tagboat publish "$name" --from "dir:build/$name" --tag "$version" >/dev/null 2>&1
  done
done
tagboat pin api=1.4.2 worker=1.4.2 --all-environments >/dev/null 2>&1
