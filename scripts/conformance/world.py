"""What the checks of judge.py stand on: clients that do not try again, images with a
behaviour, services, and waiting with an end."""
import gzip
import hashlib
import io
import json
import tarfile
import threading
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

ROLE = "arn:aws:iam::123456789012:role/execution"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


class Wrong(AssertionError):
    """What an emulator does is not what AWS's documentation says."""


def want(condition, said):
    if not condition:
        raise Wrong(said)


class World:
    """One emulator. Each check makes a world's cluster and names of its own."""

    def __init__(self, labels, patience):
        once = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=20)
        self.clients = {name: boto3.client(name, config=once) for name in ("ecs", "ecr", "ssm", "elbv2", "cloudwatch", "sts")}
        self.labels = labels  # labels of images say what a container does
        self.patience = patience  # seconds of waiting
        self.vpc, self.subnets, groups = real_network()
        self.network = {"awsvpcConfiguration": {"subnets": self.subnets[:1], "securityGroups": groups, "assignPublicIp": "ENABLED"}}
        self.lock = threading.Lock()
        self.images = {}

    def __getattr__(self, name):
        try:
            return self.clients[name]
        except KeyError:
            raise AttributeError(name) from None

    # Images.

    def image(self, name="app", **labels):
        """Puts an image whose labels say what its container does; returns (reference, digest)."""
        key = (name, json.dumps(labels, sort_keys=True))
        with self.lock:
            if key not in self.images:
                tag = "v" + hashlib.sha256(key[1].encode()).hexdigest()[:8]
                self.images[key] = self.put(name, tag, labels)
        return self.images[key]

    def repository(self, name):
        try:
            return self.ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"]
        except ClientError as e:
            if e.response["Error"]["Code"] != "RepositoryAlreadyExistsException":
                raise
        return self.ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"]

    def put(self, name, tag, labels):
        uri = self.repository(name)
        manifest, blobs = oci_image({"tagboat.sandbox." + k: v for k, v in labels.items()}, name)
        for blob in blobs:
            self.upload(name, blob)
        media = "application/vnd.oci.image.manifest.v1+json"
        try:
            image = self.ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=tag, imageManifestMediaType=media)["image"]
        except ClientError as e:
            if e.response["Error"]["Code"] != "ImageAlreadyExistsException":
                raise
            image = self.ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])["imageDetails"][0]
            return f"{uri}:{tag}", image["imageDigest"]
        return f"{uri}:{tag}", image["imageId"]["imageDigest"]

    def upload(self, repository, blob):
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        try:
            upload = self.ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
            self.ecr.upload_layer_part(repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob)
            self.ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
        except ClientError as e:
            code = e.response["Error"]["Code"]
            if self.labels and code != "LayerAlreadyExistsException":
                raise

    # Task definitions and services.

    def definition(self, image=None, family=None, container=None, **members):
        """Registers a task definition for Fargate with the one container app."""
        app = {"name": "app", "image": image or self.image()[0], "essential": True, **(container or {})}
        arguments = {
            "family": family or fresh("fam"), "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "executionRoleArn": ROLE, "containerDefinitions": [app], **members,
        }
        return self.ecs.register_task_definition(**{k: v for k, v in arguments.items() if v is not None})["taskDefinition"]["taskDefinitionArn"]

    def cluster(self):
        return self.ecs.create_cluster(clusterName=fresh("c"))["cluster"]["clusterName"]

    def service(self, definition, **members):
        """Creates a service in a cluster of its own."""
        arguments = {"serviceName": fresh("svc"), "desiredCount": 1, "launchType": "FARGATE", "networkConfiguration": self.network, **members}
        arguments.setdefault("cluster", self.cluster())
        arguments = {k: v for k, v in arguments.items() if v is not None}
        self.ecs.create_service(taskDefinition=definition, **arguments)
        return Service(self, arguments["cluster"], arguments["serviceName"])

    def running(self, definition, **members):
        """A service whose first deployment has completed."""
        service = self.service(definition, **members)
        service.completes()
        return service

    def group(self, behind=True, **members):
        """A target group of a load balancer's listener."""
        arguments = {"Name": fresh("tg"), "Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip", **members}
        arn = self.elbv2.create_target_group(**arguments)["TargetGroups"][0]["TargetGroupArn"]
        if behind:
            self.listener(arn)
        return arn

    def listener(self, group):
        balancer = self.elbv2.create_load_balancer(Name=fresh("lb"), Subnets=self.subnets, Type="application")["LoadBalancers"][0]
        self.elbv2.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )

    def until(self, look, said):
        """Waits until look answers something true, and returns that."""
        end = time.monotonic() + self.patience
        while True:
            found = look()
            if found:
                return found
            want(time.monotonic() < end, f"{said}: not within {self.patience} s")
            time.sleep(0.1)

    def refuses(self, call, code, words, **arguments):
        """Holds that a call is refused, with AWS's words in the message."""
        try:
            call(**arguments)
        except ClientError as e:
            got, message = e.response["Error"]["Code"], e.response["Error"].get("Message", "")
            want(got == code, f"{got} in place of {code}: {message}")
            want(words.lower() in message.lower(), f"the message is {message!r}")
            return
        except ParamValidationError as e:
            raise AssertionError(f"boto3 itself refuses the check's call: {e}") from e
        raise Wrong("it is accepted")


class Service:
    """A service of a world."""

    def __init__(self, world, cluster, name):
        self.world, self.cluster, self.name, self.ecs = world, cluster, name, world.ecs

    def look(self):
        return self.ecs.describe_services(cluster=self.cluster, services=[self.name])["services"][0]

    def primary(self):
        return next(d for d in self.look()["deployments"] if d["status"] == "PRIMARY")

    def update(self, **members):
        """Updates the service and returns the id of the deployment that this started."""
        service = self.ecs.update_service(cluster=self.cluster, service=self.name, **members)["service"]
        return next(d["id"] for d in service["deployments"] if d["status"] == "PRIMARY")

    def completes(self):
        def look():
            deployments = self.look()["deployments"]
            done = len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"
            return done and deployments[0]["runningCount"] == deployments[0]["desiredCount"] and deployments[0]
        return self.world.until(look, "the deployment completes")

    def event(self, words):
        def look():
            return next((e["message"] for e in self.look()["events"] if words in e["message"]), None)
        return self.world.until(look, f"an event says {words!r}")

    def tasks(self, status="RUNNING"):
        arns = self.ecs.list_tasks(cluster=self.cluster, serviceName=self.name, desiredStatus=status)["taskArns"]
        return self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []

    def stopped(self, holds, said):
        def look():
            return next((t for t in self.tasks("STOPPED") if holds(t)), None)
        return self.world.until(look, said)

    def records(self):
        briefs = self.ecs.list_service_deployments(cluster=self.cluster, service=self.name)["serviceDeployments"]
        arns = [b["serviceDeploymentArn"] for b in briefs]
        found = self.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"] if arns else []
        return sorted(found, key=lambda r: r["createdAt"])

    def record(self, status):
        def look():
            return next((r for r in self.records() if r["status"] == status), None)
        return self.world.until(look, f"a service deployment is {status}")


def real_network():
    """Returns a VPC, two of its subnets and a security group: real ones where the emulator
    knows of them."""
    try:
        ec2 = boto3.client("ec2")
        subnets = ec2.describe_subnets()["Subnets"]
        vpc = subnets[0]["VpcId"]
        groups = [g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["VpcId"] == vpc]
        return vpc, [s["SubnetId"] for s in subnets if s["VpcId"] == vpc][:2], groups[:1]
    except (ClientError, IndexError):
        return "vpc-0a1b2c3d4e5f60718", ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"], ["sg-0a1b2c3d4e5f60718"]


def fresh(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def oci_image(labels, text):
    """Returns the manifest of an image with one layer, and its blobs."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo("app")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    layer = gzip.compress(tar.getvalue(), mtime=0)
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar.getvalue()).hexdigest()]},
    }).encode()

    def descriptor(media, blob):
        return {"mediaType": media, "digest": "sha256:" + hashlib.sha256(blob).hexdigest(), "size": len(blob)}
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
    }
    return json.dumps(manifest), [config, layer]
