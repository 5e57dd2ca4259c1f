"""The checks. Each says in its first line what is right, and where AWS says so; it raises
Wrong where an emulator does something else."""
import hashlib
import time

from botocore.exceptions import ClientError, WaiterError

from world import BREAKER, Wrong, fresh, want

ALL = []
DG = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
ECRA = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
SSMA = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/"


def check(topic, source):
    def add(function):
        ALL.append((topic, function.__doc__.strip().rstrip("."), source, function))
        return function
    return add


def code(error):
    return error.response["Error"]["Code"]


# How services roll.

ROLL = "rollouts"
CHECK_FAST = {"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 2}


@check(ROLL, DG + "deployment-type-ecs.html")
def completes(w):
    """A deployment completes once all its tasks run, and the old one leaves the list"""
    s = w.running(w.definition(), desiredCount=2)
    new = s.update(taskDefinition=w.definition())
    want(s.primary()["rolloutState"] == "IN_PROGRESS", "a deployment that just began is not IN_PROGRESS")
    want(s.completes()["id"] == new, "another deployment completed")


def watched(w, s, definition, **members):
    """Rolls a service and returns the fewest and the most tasks that were seen on the way."""
    old = s.primary()["taskDefinition"]
    new, fewest, most, both = s.update(taskDefinition=definition, **members), 99, 0, False
    end = time.monotonic() + w.patience
    while time.monotonic() < end:
        service = s.look()
        running = sum(d["runningCount"] for d in service["deployments"])
        fewest, most = min(fewest, running), max(most, running + sum(d["pendingCount"] for d in service["deployments"]))
        both = both or any(d["taskDefinition"] == old and d["runningCount"] for d in service["deployments"] if d["id"] != new)
        if len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED":
            want(both, "old and new tasks were never seen side by side")
            return fewest, most
    raise Wrong(f"the rollout does not end within {w.patience} s")


@check(ROLL, DG + "service_definition_parameters.html")
def upper_bound(w):
    """maximumPercent bounds how many tasks there are at once, rounded down"""
    bounds = {"minimumHealthyPercent": 100, "maximumPercent": 150}
    s = w.running(w.definition(w.image(start="4s")[0]), desiredCount=3, deploymentConfiguration=bounds)
    fewest, most = watched(w, s, w.definition(w.image(start="5s")[0]))
    want(most == 4 and fewest >= 3, f"between {fewest} and {most} of 3 tasks, where 3 to 4 are allowed")


@check(ROLL, DG + "service_definition_parameters.html")
def lower_bound(w):
    """minimumHealthyPercent keeps that many tasks running, rounded up"""
    bounds = {"minimumHealthyPercent": 50, "maximumPercent": 100}
    s = w.running(w.definition(w.image(start="4s")[0]), desiredCount=3, deploymentConfiguration=bounds)
    fewest, most = watched(w, s, w.definition(w.image(start="5s")[0]))
    want(fewest == 2 and most <= 3, f"between {fewest} and {most} of 3 tasks, where 2 to 3 are allowed")


@check(ROLL, DG + "service-event-messages-list.html")
def deadlock(w):
    """Bounds that allow no step leave a service as it is, with an event that says so"""
    bounds = {"minimumHealthyPercent": 75, "maximumPercent": 100}
    s = w.running(w.definition(), desiredCount=2, deploymentConfiguration=bounds, availabilityZoneRebalancing="DISABLED")
    s.update(taskDefinition=w.definition())
    s.event("was unable to stop or start tasks during a deployment because of the service deployment configuration")


@check(ROLL, API + "API_UpdateService.html")
def superseded(w):
    """A second update takes over: the first service deployment is STOPPED"""
    s = w.running(w.definition())
    s.update(taskDefinition=w.definition(w.image(start="300s")[0]))
    s.record("IN_PROGRESS")
    last = s.update(taskDefinition=w.definition())
    want(s.completes()["id"] == last, "another deployment completed")
    want([r["status"] for r in s.records()] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"], "they are " + str([r["status"] for r in s.records()]))


@check(ROLL, API + "API_UpdateService.html")
def scaling(w):
    """A change of the desired count starts no deployment"""
    s = w.running(w.definition())
    before = s.primary()["id"]
    s.update(desiredCount=3)
    w.until(lambda: s.look()["runningCount"] == 3, "three tasks run")
    want(s.primary()["id"] == before and len(s.look()["deployments"]) == 1, "a deployment was started")


@check(ROLL, API + "API_UpdateService.html")
def forced(w):
    """forceNewDeployment replaces all tasks with the same task definition"""
    s = w.running(w.definition())
    task = s.tasks()[0]["taskArn"]
    new = s.update(forceNewDeployment=True)
    want(s.completes()["id"] == new, "another deployment completed")
    want([t["taskArn"] for t in s.tasks()] != [task], "the task was not replaced")


@check(ROLL, API + "API_DescribeServices.html")
def missing(w):
    """A service that is not there is a failure in the answer, and none of the call"""
    found = w.ecs.describe_services(cluster=w.cluster(), services=["nobody"])
    want([f["reason"] for f in found["failures"]] == ["MISSING"], f"the failures are {found['failures']}")


@check(ROLL, DG + "deployment-type-ecs.html#deployment-container-image-stability")
def digest_kept(w):
    """While a tag moves, tasks that replace others run the digest of the first"""
    reference, first = w.image(fresh("moving"))
    repository, tag = reference.split("/")[-1].rsplit(":", 1)
    s = w.running(w.definition(reference))
    w.put(repository, tag, {"log": "another"})
    s.update(desiredCount=2)
    w.until(lambda: s.look()["runningCount"] == 2, "two tasks run")
    digests = {c.get("imageDigest") for t in s.tasks() for c in t["containers"]}
    want(digests == {first}, f"the tasks run {digests}")
    s.update(forceNewDeployment=True)
    s.completes()
    digests = {c.get("imageDigest") for t in s.tasks() if t["lastStatus"] == "RUNNING" for c in t["containers"]}
    want(len(digests) == 1 and digests != {first}, "a forced deployment does not look at the tag again")


@check(ROLL, DG + "pause-lifecycle-hooks.html")
def pause_hook(w):
    """A PAUSE hook waits until ContinueServiceDeployment"""
    hooks = [{"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]}]
    first, other = w.group(behind=False), w.group(behind=False)
    group = {"targetGroupArn": first, "containerName": "app", "containerPort": 80}
    ports = {"portMappings": [{"containerPort": 80}]}
    rule = rule_for(w, first, other)
    group["advancedConfiguration"] = {"alternateTargetGroupArn": other, "productionListenerRule": rule, "roleArn": "arn:aws:iam::123456789012:role/lb"}
    strategy = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}
    s = w.running(w.definition(container=ports), loadBalancers=[group], deploymentConfiguration=strategy)
    s.update(taskDefinition=w.definition(container=ports), deploymentConfiguration={**strategy, "lifecycleHooks": hooks})
    waiting = w.until(lambda: next(((r, h) for r in s.records() for h in r.get("lifecycleHookDetails", []) if h["status"] == "AWAITING_ACTION"), None), "the hook waits")
    w.ecs.continue_service_deployment(serviceDeploymentArn=waiting[0]["serviceDeploymentArn"], hookId=waiting[1]["hookId"], action="CONTINUE")
    w.until(lambda: s.records()[-1]["status"] == "SUCCESSFUL", "the deployment goes on")


def rule_for(w, production, alternate):
    """A listener rule that forwards to two target groups."""
    balancer = w.elbv2.create_load_balancer(Name=fresh("lb"), Subnets=w.subnets)["LoadBalancers"][0]
    targets = {"TargetGroups": [{"TargetGroupArn": production, "Weight": 100}, {"TargetGroupArn": alternate, "Weight": 0}]}
    action = [{"Type": "forward", "ForwardConfig": targets}]
    listener = w.elbv2.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=8080, DefaultActions=action)["Listeners"][0]
    return w.elbv2.create_rule(
        ListenerArn=listener["ListenerArn"], Priority=1, Actions=action, Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
    )["Rules"][0]["RuleArn"]


# How they fail.

FAIL = "failures"


def breaks(w, definition, **members):
    """A good service that is rolled to a definition with the circuit breaker on; returns
    it, its good deployment, and the id of the bad one."""
    s = w.running(w.definition(container=members.pop("good", None)), **members)
    good = s.primary()
    return s, good, s.update(taskDefinition=definition, deploymentConfiguration=BREAKER)


@check(FAIL, DG + "deployment-circuit-breaker.html")
def breaker_start(w):
    """Tasks that cannot start trip the breaker, and ECS rolls back to what completed last"""
    s, good, bad = breaks(w, w.definition(w.image()[0].rsplit(":", 1)[0] + ":nope"))
    s.event("deployment failed: tasks failed to start")
    w.until(lambda: s.primary()["taskDefinition"] == good["taskDefinition"], "the old task definition is PRIMARY")
    want(s.completes()["id"] != bad, "the bad deployment completed")
    want(s.records()[-1]["status"] == "ROLLBACK_SUCCESSFUL", f"the service deployment is {s.records()[-1]['status']}")


@check(FAIL, DG + "deployment-circuit-breaker.html")
def breaker_threshold(w):
    """The breaker trips at half of the desired count, at least three failures"""
    s, _, bad = breaks(w, w.definition(w.image(exit="1@0s")[0], container={"command": ["sh", "-c", "exit 1"]}))
    failed = w.until(lambda: next((r for r in s.records() if r["status"].startswith("ROLLBACK")), None), "a rollback begins")
    breaker = failed["deploymentCircuitBreaker"]
    want((breaker["threshold"], breaker["failureCount"], breaker["status"]) == (3, 3, "TRIGGERED"), f"the breaker is {breaker}")
    del bad


@check(FAIL, DG + "deployment-circuit-breaker.html")
def breaker_health(w):
    """Containers that fail their health checks trip the breaker"""
    sick = w.definition(w.image(health="unhealthy")[0], container={"healthCheck": CHECK_FAST})
    s, good, _ = breaks(w, sick)
    s.event("failed container health checks")
    w.until(lambda: s.primary()["taskDefinition"] == good["taskDefinition"], "the old task definition is PRIMARY")


@check(FAIL, "https://github.com/aws/copilot-cli/issues/4838")
def reused_id(w):
    """A rollback brings back the old deployment with its id, and the failed one is FAILED"""
    s, good, bad = breaks(w, w.definition(w.image()[0].rsplit(":", 1)[0] + ":nope"))
    w.until(lambda: s.primary()["id"] == good["id"], "the old deployment is PRIMARY again")
    states = {d["id"]: d["rolloutState"] for d in s.look()["deployments"]}
    want(states.get(bad, "FAILED") == "FAILED", f"the deployments are {states}")


@check(FAIL, DG + "ecs_service_deployment_events.html")
def rollout_reasons(w):
    """rolloutStateReason says in ECS's words what the breaker does"""
    s, good, bad = breaks(w, w.definition(w.image()[0].rsplit(":", 1)[0] + ":nope"))
    seen = set()
    end = time.monotonic() + w.patience
    while time.monotonic() < end:
        deployments = s.look()["deployments"]
        seen |= {d.get("rolloutStateReason", "") for d in deployments}
        if len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED" and len(seen) > 2:
            break
    for words in (f"ECS deployment {bad} in progress.", "ECS deployment circuit breaker: tasks failed to start.", f"ECS deployment circuit breaker: rolling back to deploymentId {good['id']}."):
        want(words in seen, f"nothing says {words!r}: {sorted(seen)}")


@check(FAIL, DG + "deployment-circuit-breaker.html")
def no_candidate(w):
    """Without a deployment that completed there is nothing to go back to: it stalls as FAILED"""
    s = w.service(w.definition(w.image()[0].rsplit(":", 1)[0] + ":nope"), deploymentConfiguration=BREAKER)
    w.until(lambda: s.primary()["rolloutState"] == "FAILED", "the deployment is FAILED")
    want(s.look()["runningCount"] == 0, "tasks run")


@check(FAIL, DG + "deployment-circuit-breaker.html")
def failed_tasks(w):
    """failedTasks counts on, and without a breaker the deployment goes on for good"""
    s = w.running(w.definition())
    s.update(taskDefinition=w.definition(w.image()[0].rsplit(":", 1)[0] + ":nope"))
    w.until(lambda: s.primary().get("failedTasks", 0) >= 2, "two tasks failed")
    want(s.primary()["rolloutState"] == "IN_PROGRESS", "it ended without a breaker")
    want(s.look()["runningCount"] == 1, "the old task does not run on")


@check(FAIL, DG + "stopped-task-error-codes.html")
def cannot_pull(w):
    """A task whose image is not there stops as TaskFailedToStart, CannotPullContainerError"""
    s = w.service(w.definition(w.image()[0].rsplit(":", 1)[0] + ":nope"))
    task = s.stopped(lambda t: True, "a task stops")
    want(task["stopCode"] == "TaskFailedToStart", f"the code is {task['stopCode']}")
    want(task["stoppedReason"].startswith("CannotPullContainerError"), f"the reason is {task['stoppedReason']!r}")
    want("exitCode" not in task["containers"][0], "a container that never ran has an exit code")


@check(FAIL, DG + "stopped-task-error-codes.html")
def exit_code(w):
    """A container that ends stops its task as EssentialContainerExited, with its exit code"""
    s = w.service(w.definition(w.image(exit="3@1s")[0], container={"command": ["sh", "-c", "exit 3"]}))
    task = s.stopped(lambda t: t.get("stopCode") == "EssentialContainerExited", "a task stops")
    want(task["stoppedReason"] == "Essential container in task exited", f"the reason is {task['stoppedReason']!r}")
    want(task["containers"][0]["exitCode"] == 3, f"the exit code is {task['containers'][0].get('exitCode')}")


@check(FAIL, DG + "service_definition_parameters.html")
def grace(w):
    """Within the grace period a failed health check stops no task"""
    sick = w.definition(w.image(health="unhealthy,healthy@90s")[0], container={"healthCheck": CHECK_FAST})
    s = w.service(sick, healthCheckGracePeriodSeconds=600)
    s.completes()
    want(s.primary().get("failedTasks", 0) == 0 and not s.tasks("STOPPED"), "a task was stopped within its grace period")


@check(FAIL, DG + "healthcheck.html")
def unhealthy_replaced(w):
    """A task that becomes unhealthy later is replaced, and an event says why"""
    s = w.running(w.definition(w.image(health="healthy,unhealthy@60s")[0], container={"healthCheck": CHECK_FAST}))
    s.event("failed container health checks")
    task = s.stopped(lambda t: "health checks" in t.get("stoppedReason", ""), "the task stops")
    want(task["stopCode"] == "ServiceSchedulerInitiated", f"the code is {task['stopCode']}")


@check(FAIL, DG + "service-event-messages-list.html")
def unhealthy_target(w):
    """A target that its load balancer finds unhealthy is replaced, and an event names the group"""
    group = w.group(HealthCheckIntervalSeconds=5, UnhealthyThresholdCount=2, HealthyThresholdCount=2, HealthCheckTimeoutSeconds=2)
    ports = {"portMappings": [{"containerPort": 80}]}
    balanced = [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]
    s = w.service(w.definition(w.image(health="unhealthy")[0], container=ports), loadBalancers=balanced)
    said = s.event("is unhealthy in (target-group ")
    want(group in said and "(port 80)" in said, f"the event is {said!r}")
    s.stopped(lambda t: t["stoppedReason"].startswith("Task failed ELB health checks in (target-group "), "the task stops")


@check(FAIL, DG + "deployment-alarm-failure.html")
def alarm(w):
    """An alarm that rings fails the deployment, and it is rolled back"""
    name = fresh("alarm")
    w.cloudwatch.put_metric_alarm(AlarmName=name, MetricName="m", Namespace="n", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
    w.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a check")
    configuration = {"alarms": {"alarmNames": [name], "enable": True, "rollback": True}}
    s = w.running(w.definition())
    good = s.primary()["taskDefinition"]
    s.update(taskDefinition=w.definition(w.image(start="30s")[0]), deploymentConfiguration=configuration)
    s.record("IN_PROGRESS")
    w.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a check")
    s.event("deployment failed: alarm detected")
    w.until(lambda: s.primary()["taskDefinition"] == good, "the old task definition is PRIMARY")


@check(FAIL, API + "API_StopServiceDeployment.html")
def stop(w):
    """StopServiceDeployment rolls back a deployment that is under way, without a breaker"""
    s = w.running(w.definition())
    good = s.primary()["taskDefinition"]
    s.update(taskDefinition=w.definition(w.image(start="300s")[0]))
    running = s.record("IN_PROGRESS")
    w.ecs.stop_service_deployment(serviceDeploymentArn=running["serviceDeploymentArn"], stopType="ROLLBACK")
    s.record("ROLLBACK_SUCCESSFUL")
    want(s.primary()["taskDefinition"] == good, "the old task definition is not PRIMARY")


@check(FAIL, API + "API_ServiceDeployment.html")
def pending_traffic(w):
    """A revision gets production traffic in the records only once it takes it"""
    s = w.running(w.definition())
    s.update(taskDefinition=w.definition(w.image(start="300s")[0]))
    record = s.record("IN_PROGRESS")
    target = record["targetServiceRevision"]
    want(target["runningTaskCount"] == 0, f"the revision that has not started is {target}")
    want([r["requestedTaskCount"] for r in record["sourceServiceRevisions"]] == [1], f"what runs is {record['sourceServiceRevisions']}")


@check(FAIL, "https://github.com/boto/boto3/issues/2473")
def stable_lies(w):
    """After a rollback boto3's waiter services_stable is content, as on AWS"""
    s, good, _ = breaks(w, w.definition(w.image()[0].rsplit(":", 1)[0] + ":nope"))
    w.until(lambda: s.primary()["id"] == good["id"], "the old deployment is PRIMARY again")
    try:
        w.ecs.get_waiter("services_stable").wait(cluster=s.cluster, services=[s.name], WaiterConfig={"Delay": 1, "MaxAttempts": int(w.patience)})
    except WaiterError as e:
        raise Wrong(str(e)) from e


@check(FAIL, API + "request-throttling.html")
def throttled(w):
    """The 21st change of a task definition within a second is a ThrottlingException"""
    family = fresh("fam")
    try:
        for _ in range(30):
            w.definition(family=family)
    except ClientError as e:
        want(code(e) == "ThrottlingException" and "Rate exceeded" in str(e), f"the error is {e}")
        return
    raise Wrong("30 calls at once are answered")


# What is refused.

REFUSED = "refusals"
INVALID, CLIENT = "InvalidParameterException", "ClientException"


def registers(w, words, error=CLIENT, **members):
    members = {"family": fresh("fam"), "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
               "executionRoleArn": "arn:aws:iam::123456789012:role/execution", **members}
    members.setdefault("containerDefinitions", [{"name": "app", "image": "app"}])
    w.refuses(w.ecs.register_task_definition, error, words, **{k: v for k, v in members.items() if v is not None})


@check(REFUSED, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html")
def fargate_size(w):
    """Fargate has no tasks of 256 CPU units and 4 GB"""
    registers(w, "No Fargate configuration exists for given values", memory="4096")


@check(REFUSED, API + "API_RegisterTaskDefinition.html")
def no_memory(w):
    """A container needs memory or a reservation where its task has none"""
    registers(w, "memory", networkMode="bridge", requiresCompatibilities=["EC2"], cpu=None, memory=None)


@check(REFUSED, API + "API_RegisterTaskDefinition.html")
def family_name(w):
    """A family is letters, digits, - and _"""
    registers(w, "Family", family="no.family!")


@check(REFUSED, API + "API_ContainerDefinition.html")
def shared_name(w):
    """A name is in environment or in secrets, not in both"""
    both = {"name": "app", "image": "app", "environment": [{"name": "A", "value": "b"}], "secrets": [{"name": "A", "valueFrom": "/a"}]}
    registers(w, "secret name must be unique", containerDefinitions=[both])


@check(REFUSED, DG + "fargate-tasks-services.html")
def fargate_privileged(w):
    """Fargate runs no privileged containers"""
    registers(w, "privileged", containerDefinitions=[{"name": "app", "image": "app", "privileged": True}])


@check(REFUSED, API + "API_RegisterTaskDefinition.html")
def empty_tags(w):
    """An empty list of tags is refused"""
    registers(w, "Tags can not be empty", tags=[])


def creates(w, words, error=INVALID, definition=None, **members):
    definition = definition or w.definition()
    arguments = {"cluster": w.cluster(), "serviceName": fresh("svc"), "taskDefinition": definition, "desiredCount": 1, "launchType": "FARGATE", "networkConfiguration": w.network, **members}
    w.refuses(w.ecs.create_service, error, words, **{k: v for k, v in arguments.items() if v is not None})


@check(REFUSED, API + "API_CreateService.html")
def no_network(w):
    """A service in awsvpc mode needs its network"""
    creates(w, "Network Configuration must be provided when networkMode", networkConfiguration=None)


@check(REFUSED, API + "API_CreateService.html")
def daemon_count(w):
    """A daemon takes no desired count, and a replica needs one"""
    creates(w, "", desiredCount=None)
    ec2 = w.ecs.register_task_definition(family=fresh("fam"), containerDefinitions=[{"name": "app", "image": "app", "memory": 128}])["taskDefinition"]["taskDefinitionArn"]
    creates(w, "", definition=ec2, launchType="EC2", schedulingStrategy="DAEMON", desiredCount=1, networkConfiguration=None)


@check(REFUSED, API + "API_CreateService.html")
def unknown_container(w):
    """A load balancer names a container and a port of the task definition"""
    group = w.group()
    ports = {"portMappings": [{"containerPort": 80}]}
    definition = w.definition(container=ports)
    creates(w, "does not exist in the task definition", definition=definition, loadBalancers=[{"targetGroupArn": group, "containerName": "other", "containerPort": 80}])
    creates(w, "did not have a container port 81 defined", definition=definition, loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 81}])


@check(REFUSED, API + "API_CreateService.html")
def instance_group(w):
    """Tasks with a network interface of their own need a target group of type ip"""
    group = w.group(TargetType="instance")
    definition = w.definition(container={"portMappings": [{"containerPort": 80}]})
    creates(w, "has target type instance, which is incompatible with the awsvpc network mode", definition=definition, loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 80}])


@check(REFUSED, API + "API_CreateService.html")
def lonely_group(w):
    """A target group needs a load balancer"""
    group = w.group(behind=False)
    definition = w.definition(container={"portMappings": [{"containerPort": 80}]})
    creates(w, "does not have an associated load balancer", definition=definition, loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 80}])


@check(REFUSED, API + "API_CreateService.html")
def fargate_placement(w):
    """Fargate knows no placement strategies"""
    creates(w, "Placement strategies are not supported with FARGATE launch type", placementStrategy=[{"type": "spread", "field": "attribute:ecs.availability-zone"}])


@check(REFUSED, API + "API_CreateService.html")
def unknown_provider(w):
    """A capacity provider must be one of the cluster's"""
    creates(w, "capacity provider", error="InvalidParameterException", launchType=None, capacityProviderStrategy=[{"capacityProvider": "nobody", "weight": 1}])


@check(REFUSED, DG + "service-connect-concepts.html")
def unknown_port_name(w):
    """A Service Connect port name must be one of the task definition's"""
    configuration = {"enabled": True, "namespace": "ns", "services": [{"portName": "nobody"}]}
    creates(w, "portName", serviceConnectConfiguration=configuration)


@check(REFUSED, DG + "service-event-messages-list.html")
def no_instances(w):
    """Without container instances nothing runs on EC2, and RunTask refuses"""
    ec2 = w.ecs.register_task_definition(family=fresh("fam"), containerDefinitions=[{"name": "app", "image": "app", "memory": 128}])["taskDefinition"]["taskDefinitionArn"]
    cluster = w.cluster()
    w.refuses(w.ecs.run_task, INVALID, "No Container Instances were found in your cluster", cluster=cluster, taskDefinition=ec2, launchType="EC2")
    s = w.service(ec2, cluster=cluster, launchType="EC2", networkConfiguration=None)
    s.event("was unable to place a task because no container instance met all of its requirements")
    want(s.look()["runningCount"] == 0, "a task runs")


@check(REFUSED, API + "API_RunTask.html")
def unknown_override(w):
    """An override names a container of the task definition"""
    w.refuses(w.ecs.run_task, INVALID, "Override for container named nobody is not a container in the TaskDefinition", cluster=w.cluster(), taskDefinition=w.definition(),
              launchType="FARGATE", networkConfiguration=w.network, overrides={"containerOverrides": [{"name": "nobody"}]})


@check(REFUSED, API + "API_DescribeTasks.html")
def no_task_id(w):
    """What is no task's id is refused"""
    w.refuses(w.ecs.describe_tasks, INVALID, "taskId length should be one of [32,36]", cluster=w.cluster(), tasks=["nobody"])


@check(REFUSED, API + "API_UpdateService.html")
def inactive_definition(w):
    """A task definition that was deregistered starts no new deployment"""
    s = w.running(w.definition())
    gone = w.definition()
    w.ecs.deregister_task_definition(taskDefinition=gone)
    try:
        s.update(taskDefinition=gone)
    except ClientError as e:
        want("inactive" in str(e).lower(), f"the message is {e}")
        return
    raise Wrong("it is accepted")


# Registry and parameters.

KEPT = "registry, parameters"


@check(KEPT, ECRA + "API_PutImage.html")
def manifest_digest(w):
    """A digest is the hash of the manifest's bytes"""
    name = fresh("hash")
    reference, digest = w.image(name)
    found = w.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": reference.rsplit(":", 1)[1]}])["images"][0]
    want(digest == "sha256:" + hashlib.sha256(found["imageManifest"].encode()).hexdigest(), f"the digest is {digest}")


@check(KEPT, "https://github.com/aws/containers-roadmap/issues/214")
def retag(w):
    """A new tag on an image moves no push time; the same tag again is ImageAlreadyExistsException"""
    name = fresh("retag")
    reference, digest = w.image(name)
    before = w.ecr.describe_images(repositoryName=name)["imageDetails"][0]["imagePushedAt"]
    manifest = w.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"][0]["imageManifest"]
    w.ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="stable")
    details = w.ecr.describe_images(repositoryName=name)["imageDetails"]
    want(len(details) == 1 and details[0]["imagePushedAt"] == before, f"the images are {details}")
    w.refuses(w.ecr.put_image, "ImageAlreadyExistsException", "", repositoryName=name, imageManifest=manifest, imageTag="stable")
    del reference


@check(KEPT, ECRA + "API_PutImage.html")
def moved_tag(w):
    """An image that loses its last tag to another one stays, by its digest"""
    name = fresh("moved")
    reference, digest = w.image(name)
    w.put(name, reference.rsplit(":", 1)[1], {"log": "another"})
    found = w.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    want(len(found["images"]) == 1, f"it is gone: {found['failures']}")


@check(KEPT, "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html")
def immutable(w):
    """In an immutable repository a tag stays where it is"""
    name = fresh("fixed")
    reference, _ = w.image(name)
    w.ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    try:
        w.put(name, reference.rsplit(":", 1)[1], {"log": "another"})
    except ClientError as e:
        want(code(e) == "ImageTagAlreadyExistsException", f"the error is {code(e)}")
        return
    raise Wrong("the tag moved")


@check(KEPT, SSMA + "API_PutParameter.html")
def versions(w):
    """A parameter counts its versions, keeps a hundred, and lets no labelled one go"""
    name = "/" + fresh("p")
    w.ssm.put_parameter(Name=name, Value="1", Type="String")
    w.refuses(w.ssm.put_parameter, "ParameterAlreadyExists", "", Name=name, Value="2", Type="String")
    w.ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["kept"])
    for n in range(2, 101):
        want(w.ssm.put_parameter(Name=name, Value=str(n), Overwrite=True)["Version"] == n, f"version {n} has another number")
    w.refuses(w.ssm.put_parameter, "ParameterMaxVersionLimitExceeded", "", Name=name, Value="101", Overwrite=True)
    w.ssm.unlabel_parameter_version(Name=name, ParameterVersion=1, Labels=["kept"])
    w.ssm.put_parameter(Name=name, Value="101", Overwrite=True)
    first = w.ssm.get_parameter_history(Name=name, MaxResults=50)["Parameters"][0]["Version"]
    want(first == 2, f"the oldest version is {first}")


@check(KEPT, SSMA + "API_PutParameter.html")
def value_size(w):
    """A standard parameter takes 4 KB"""
    w.ssm.put_parameter(Name="/" + fresh("p"), Value="x" * 4096, Type="String", Tier="Standard")
    w.refuses(w.ssm.put_parameter, "ValidationException", "4096", Name="/" + fresh("p"), Value="x" * 4097, Type="String", Tier="Standard")


@check(KEPT, SSMA + "API_GetParametersByPath.html")
def pages(w):
    """GetParametersByPath answers ten at most"""
    root = "/" + fresh("tree")
    for n in range(12):
        w.ssm.put_parameter(Name=f"{root}/{n:02}", Value=str(n), Type="String")
    page = w.ssm.get_parameters_by_path(Path=root)
    want(len(page["Parameters"]) == 10 and page.get("NextToken"), f"a page has {len(page['Parameters'])}")
    w.refuses(w.ssm.get_parameters_by_path, "ValidationException", "", Path=root, MaxResults=11)
