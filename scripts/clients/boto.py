"""Drives the sandbox with boto3: what it says must be what AWS's own client expects."""
import json
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

once = Config(retries={"max_attempts": 1})
ecs, ecr, ssm = (boto3.client(name, config=once) for name in ("ecs", "ecr", "ssm"))
logs, elb, sts = (boto3.client(name, config=once) for name in ("logs", "elbv2", "sts"))


def fails(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        got = e.response["Error"]["Code"]
        assert got == code, f"{code} expected, got {got}: {e}"
        return e
    raise AssertionError(f"{code} expected, but it succeeded")


ecs.create_cluster(clusterName="boto")
# STS: a role in another account is another account's state.
assert sts.get_caller_identity()["Account"] == "123456789012"
role = sts.assume_role(RoleArn="arn:aws:iam::222222222222:role/tagboat", RoleSessionName="test")["Credentials"]
other = boto3.client(
    "ecs",
    aws_access_key_id=role["AccessKeyId"],
    aws_secret_access_key=role["SecretAccessKey"],
    aws_session_token=role["SessionToken"],
)
assert "boto" not in str(other.list_clusters()["clusterArns"])

# ECR: what skopeo pushed; paging; immutability.
images = [i for page in ecr.get_paginator("describe_images").paginate(repositoryName="shop/app", PaginationConfig={"PageSize": 1}) for i in page["imageDetails"]]
assert {t for i in images for t in i["imageTags"]} == {"v1", "v2"}, images
got = ecr.batch_get_image(repositoryName="shop/app", imageIds=[{"imageTag": "v1"}, {"imageTag": "nope"}])
assert got["failures"][0]["failureCode"] == "ImageNotFound", got
manifest = got["images"][0]["imageManifest"]
pushed = images[0]["imagePushedAt"]
ecr.put_image(repositoryName="shop/app", imageManifest=manifest, imageTag="stable")
again = ecr.describe_images(repositoryName="shop/app", imageIds=[{"imageTag": "stable"}])["imageDetails"][0]
assert again["imagePushedAt"] == pushed, "a retag must not change the push time"
fails("ImageAlreadyExistsException", ecr.put_image, repositoryName="shop/app", imageManifest=manifest, imageTag="stable")
fails("RepositoryNotFoundException", ecr.describe_images, repositoryName="nowhere")

# Parameter Store: versions, history, labels, paging.
for n in range(12):
    ssm.put_parameter(Name=f"/boto/p{n:02}", Value=str(n), Type="String")
names = [p["Name"] for page in ssm.get_paginator("get_parameters_by_path").paginate(Path="/boto", PaginationConfig={"PageSize": 5}) for p in page["Parameters"]]
assert len(names) == 12, names
fails("ParameterAlreadyExists", ssm.put_parameter, Name="/boto/p00", Value="x", Type="String")
assert ssm.put_parameter(Name="/boto/p00", Value="new", Overwrite=True)["Version"] == 2
ssm.label_parameter_version(Name="/boto/p00", ParameterVersion=1, Labels=["first"])
assert ssm.get_parameter(Name="/boto/p00:first")["Parameter"]["Value"] == "0"
assert len(ssm.get_parameter_history(Name="/boto/p00")["Parameters"]) == 2
fails("ParameterNotFound", ssm.get_parameter, Name="/boto/none")
assert ssm.get_parameters(Names=["/boto/p01", "/boto/none"])["InvalidParameters"] == ["/boto/none"]

# Logs: what the containers printed.
streams = logs.describe_log_streams(logGroupName="/shop/web")["logStreams"]
assert streams and streams[0]["logStreamName"].startswith("web/app/"), streams
messages = {e["message"] for page in logs.get_paginator("filter_log_events").paginate(logGroupName="/shop/web") for e in page["events"]}
assert messages == {"hello"}, messages

# ECS: a rollout behind a target group, judged by boto3's own waiter.
group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId="vpc-1", TargetType="ip")["TargetGroups"][0]["TargetGroupArn"]
fails("InvalidParameterException", ecs.create_service, cluster="dev", serviceName="behind", taskDefinition="web", desiredCount=1, launchType="FARGATE",
      networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"]}},
      loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}])
balancer = elb.create_load_balancer(Name="web", Subnets=["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"])["LoadBalancers"][0]["LoadBalancerArn"]
elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
assert elb.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"][0]["LoadBalancerArns"] == [balancer]
definition = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
containers = definition["containerDefinitions"]
containers[0]["portMappings"] = [{"containerPort": 80}]
base = {k: definition[k] for k in ("networkMode", "cpu", "memory", "requiresCompatibilities", "executionRoleArn")}
arn = ecs.register_task_definition(family="behind", containerDefinitions=containers, **base)["taskDefinition"]["taskDefinitionArn"]
ecs.create_service(
    cluster="dev", serviceName="behind", taskDefinition=arn, desiredCount=2, launchType="FARGATE",
    networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"]}},
    loadBalancers=[{"targetGroupArn": group, "containerName": containers[0]["name"], "containerPort": 80}],
)
waiter = ecs.get_waiter("services_stable")
waiter.wait(cluster="dev", services=["behind"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
service = ecs.describe_services(cluster="dev", services=["behind"])["services"][0]
assert service["runningCount"] == 2 and len(service["deployments"]) == 1, service
states = {t["TargetHealth"]["State"] for t in elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]}
assert states == {"healthy"}, states
assert any("has reached a steady state" in e["message"] for e in service["events"])

# A broken revision with the circuit breaker on: the waiter is content, since ECS rolled
# back, and only the deployments tell the truth.
containers[0]["image"] = containers[0]["image"].split("@")[0] + ":no-such-tag"
broken = ecs.register_task_definition(family="behind", containerDefinitions=containers, **base)["taskDefinition"]["taskDefinitionArn"]
update = ecs.update_service(
    cluster="dev", service="behind", taskDefinition=broken,
    deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
)["service"]
ours = next(d["id"] for d in update["deployments"] if d["status"] == "PRIMARY")
deadline = time.monotonic() + 120
while time.monotonic() < deadline:
    service = ecs.describe_services(cluster="dev", services=["behind"])["services"][0]
    primary = next(d for d in service["deployments"] if d["status"] == "PRIMARY")
    if primary["id"] != ours and primary["rolloutState"] == "COMPLETED":
        break
    time.sleep(0.3)
assert primary["taskDefinition"] == arn and primary["id"] != ours, service["deployments"]
waiter.wait(cluster="dev", services=["behind"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
stopped = ecs.list_tasks(cluster="dev", serviceName="behind", desiredStatus="STOPPED")["taskArns"]
reasons = {t["stoppedReason"] for t in ecs.describe_tasks(cluster="dev", tasks=stopped)["tasks"]}
assert any(r.startswith("CannotPullContainerError") for r in reasons), reasons
records = ecs.list_service_deployments(cluster="dev", service="behind")["serviceDeployments"]
assert "ROLLBACK_SUCCESSFUL" in {r["status"] for r in records}, records

ecs.delete_service(cluster="dev", service="behind", force=True)
ecs.get_waiter("services_inactive").wait(cluster="dev", services=["behind"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
fails("ClusterNotFoundException", ecs.describe_services, cluster="nowhere", services=["x"])
assert ecs.describe_services(cluster="dev", services=["nobody"])["failures"][0]["reason"] == "MISSING"
try:
    waiter.wait(cluster="dev", services=["nobody"], WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    raise AssertionError("the waiter should fail on a missing service")
except WaiterError:
    pass
print(json.dumps({"boto3": boto3.__version__, "events": len(service["events"])}))
