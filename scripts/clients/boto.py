"""Drives the sandbox with boto3: what it says must be what AWS's own client expects."""
import json
import time
import urllib.request

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


def ecr_blob(digest):
    url = ecr.get_download_url_for_layer(repositoryName="shop/app", layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(url) as answer:
        return answer.read()


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
# SQS: batches, visibility, a dead-letter queue, the names of errors.
sqs, bus = boto3.client("sqs", config=once), boto3.client("events", config=once)
dead = sqs.create_queue(QueueName="boto-dead")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
queue = sqs.create_queue(QueueName="boto", Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})["QueueUrl"]
assert sqs.get_queue_url(QueueName="boto")["QueueUrl"] == queue
sent = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "one", "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}}}, {"Id": "b", "MessageBody": "two", "DelaySeconds": 901}])
assert [s["Id"] for s in sent["Successful"]] == ["a"] and sent["Failed"][0]["Code"] == "InvalidParameterValue", sent
got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
assert got[0]["Body"] == "one" and got[0]["MessageAttributes"]["k"]["StringValue"] == "v" and got[0]["Attributes"]["ApproximateReceiveCount"] == "1", got
sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"], VisibilityTimeout=0)
assert "Messages" not in sqs.receive_message(QueueUrl=queue)
buried = sqs.receive_message(QueueUrl=dead, MessageSystemAttributeNames=["DeadLetterQueueSourceArn"])["Messages"][0]
assert buried["Attributes"]["DeadLetterQueueSourceArn"].endswith(":boto"), buried
sqs.delete_message_batch(QueueUrl=dead, Entries=[{"Id": "a", "ReceiptHandle": buried["ReceiptHandle"]}])
fails("AWS.SimpleQueueService.NonExistentQueue", sqs.receive_message, QueueUrl=queue + "-none")
try:
    sqs.receive_message(QueueUrl=queue + "-none")
except sqs.exceptions.QueueDoesNotExist:
    pass
fails("InvalidParameterValue", sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=11)
fails("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=queue, ReceiptHandle="nonsense")
theirs = boto3.client("sqs", config=once, aws_access_key_id=role["AccessKeyId"], aws_secret_access_key=role["SecretAccessKey"], aws_session_token=role["SessionToken"])
fails("AccessDenied", theirs.send_message, QueueUrl=queue, MessageBody="x")

# EventBridge: what another account's ECR does, over its bus to ours and from there to a queue.
policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}}
inbox = sqs.create_queue(QueueName="boto-inbox", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
target = bus.create_event_bus(Name="tenants")["EventBusArn"]
bus.put_permission(EventBusName="tenants", Action="events:PutEvents", Principal="222222222222", StatementId="tenant")
assert "222222222222" in bus.describe_event_bus(Name="tenants")["Policy"]
pattern = json.dumps({"source": ["aws.ecr"], "detail": {"action-type": ["PUSH"], "image-tag": [{"exists": True}], "repository-name": [{"prefix": "boto/"}]}})
bus.put_rule(Name="in", EventBusName="tenants", EventPattern=pattern)
bus.put_targets(Rule="in", EventBusName="tenants", Targets=[{"Id": "1", "Arn": arn.replace("boto-dead", "boto-inbox")}])
tenant = {name: boto3.client(name, config=once, aws_access_key_id=role["AccessKeyId"], aws_secret_access_key=role["SecretAccessKey"], aws_session_token=role["SessionToken"]) for name in ("events", "ecr")}
tenant["events"].put_rule(Name="out", EventPattern=json.dumps({"source": ["aws.ecr"]}))
fails("ValidationException", tenant["events"].put_targets, Rule="out", Targets=[{"Id": "1", "Arn": target}])
tenant["events"].put_targets(Rule="out", Targets=[{"Id": "1", "Arn": target, "RoleArn": "arn:aws:iam::222222222222:role/events"}])
tenant["ecr"].create_repository(repositoryName="boto/app")
layers = json.loads(manifest)["layers"] + [json.loads(manifest)["config"]]
for layer in layers:
    data = ecr_blob(layer["digest"])
    upload = tenant["ecr"].initiate_layer_upload(repositoryName="boto/app")["uploadId"]
    tenant["ecr"].upload_layer_part(repositoryName="boto/app", uploadId=upload, partFirstByte=0, partLastByte=len(data) - 1, layerPartBlob=data)
    tenant["ecr"].complete_layer_upload(repositoryName="boto/app", uploadId=upload, layerDigests=[layer["digest"]])
tenant["ecr"].put_image(repositoryName="boto/app", imageManifest=manifest)
tenant["ecr"].put_image(repositoryName="boto/app", imageManifest=manifest, imageTag="v1")
heard = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10, WaitTimeSeconds=20)["Messages"]
event = json.loads(heard[0]["Body"])
assert len(heard) == 1 and event["account"] == "222222222222" and event["detail"]["image-tag"] == "v1" and event["resources"] == [], heard
assert bus.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]
e = fails("InvalidEventPatternException", bus.put_rule, Name="bad", EventPattern='{"source": "aws.ecr"}')
assert "Event pattern is not valid. Reason:" in str(e), e
assert bus.put_events(Entries=[{"Source": "aws.x", "DetailType": "x", "Detail": "{}"}])["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
bus.remove_targets(Rule="in", EventBusName="tenants", Ids=["1"])
bus.delete_rule(Name="in", EventBusName="tenants")
bus.delete_event_bus(Name="tenants")
assert [b["Name"] for b in bus.list_event_buses()["EventBuses"]] == ["default"]

# CloudFormation: waiters, paginators, and what a change set foresees.
cfn = boto3.client("cloudformation", config=once)
template = {"Parameters": {"Value": {"Type": "String"}}, "Resources": {
    "Copy": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/boto/copy", "Type": "String", "Value": {"Ref": "Value"}}},
    "Topic": {"Type": "AWS::SNS::Topic"}}}
given = lambda value: [{"ParameterKey": "Value", "ParameterValue": value}]
cfn.create_stack(StackName="boto", TemplateBody=json.dumps(template), Parameters=given("a"))
fails("AlreadyExistsException", cfn.create_stack, StackName="boto", TemplateBody=json.dumps(template), Parameters=given("a"))
soon = {"Delay": 1, "MaxAttempts": 30}
cfn.get_waiter("stack_create_complete").wait(StackName="boto", WaiterConfig=soon)
assert cfn.get_template(StackName="boto")["TemplateBody"]["Resources"] == template["Resources"]
cfn.create_change_set(StackName="boto", ChangeSetName="b", UsePreviousTemplate=True, Parameters=given("b"))
cfn.get_waiter("change_set_create_complete").wait(StackName="boto", ChangeSetName="b", WaiterConfig=soon)
change = cfn.describe_change_set(StackName="boto", ChangeSetName="b")["Changes"][0]["ResourceChange"]
assert (change["Action"], change["LogicalResourceId"], change["Replacement"]) == ("Modify", "Copy", "False"), change
cfn.execute_change_set(StackName="boto", ChangeSetName="b")
cfn.get_waiter("stack_update_complete").wait(StackName="boto", WaiterConfig=soon)
assert ssm.get_parameter(Name="/boto/copy")["Parameter"]["Value"] == "b"
fails("ValidationError", cfn.update_stack, StackName="boto", UsePreviousTemplate=True, Parameters=given("b"))
happened = [e["ResourceStatus"] for page in cfn.get_paginator("describe_stack_events").paginate(StackName="boto") for e in page["StackEvents"]]
assert happened[0] == "UPDATE_COMPLETE" and happened[-1] in ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"), happened
cfn.delete_stack(StackName="boto")
cfn.get_waiter("stack_delete_complete").wait(StackName="boto", WaiterConfig=soon)
fails("ParameterNotFound", ssm.get_parameter, Name="/boto/copy")

print(json.dumps({"boto3": boto3.__version__, "events": len(service["events"])}))
