package explain

import (
	"slices"
	"strings"
)

// reason is what messages of AWS stand for.
type reason struct {
	on      string // what a message has in it, in any case: this + that; either | or
	cause   string // what happened, in plain words
	advice  string // what to change
	lasting bool   // trying again cannot heal it
	class   Class  // Yours where it is left out
	about   about  // which settings have to do with it
}

// reasonIn returns the first reason that a message has.
func reasonIn(message string) (reason, bool) {
	lower := strings.ToLower(message)
	for _, r := range reasons() {
		if r.fits(lower) {
			r.class = max(r.class, Yours)
			return r, true
		}
	}
	return reason{}, false
}

func (r reason) fits(lower string) bool {
	for _, part := range strings.Split(strings.ToLower(r.on), " + ") {
		if !slices.ContainsFunc(strings.Split(part, " | "), func(or string) bool { return strings.Contains(lower, or) }) {
			return false
		}
	}
	return true
}

// finding says that a message has the reason.
func (r reason) finding(message, container string) Finding {
	return Finding{Cause: r.cause, Evidence: message, Advice: r.advice, Lasting: r.lasting, Class: r.class, about: r.about, Container: container}
}

// Class says whose a cause is to mend, and so whether it may heal by itself.
type Class int

// The classes.
const (
	Unknown   Class = iota
	Yours           // the image, the definition, the service's settings, the application
	AWS             // AWS's own machinery, which tries again
	Transient       // a network, a registry, capacity: it may be better the next time
)

// String returns the class as the documents of commands have it.
func (c Class) String() string { return [...]string{"", "yours", "aws", "transient"}[c] }

// Heals reports whether a cause of the class is known to pass at times without anybody
// changing anything.
func (c Class) Heals() bool { return c == AWS || c == Transient }

// about says which settings of the service have to do with a cause.
type about int

const (
	aboutNothing about = iota
	aboutMemory
	aboutNetwork
	aboutHealth
	aboutAlarms
)

// reasons is all that is known of AWS's messages, the special before the general.
func reasons() []reason {
	return []reason{
		// An image did not come.
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
		{on: "CannotPullContainer + manifest unknown", cause: "the image is not in the registry", lasting: true,
			advice: "push the image again or pin a version that exists: a lifecycle rule may have deleted it"},
		{on: "CannotPullContainer + repository does not exist", cause: "the image's repository does not exist", lasting: true,
			advice: "check the repository's name and region in tagboat.yaml"},
		{on: "CannotPullContainer + no match for platform | descriptor matching platform", cause: "the image was not built for the processor that the task runs on", lasting: true,
			advice: "build it for the task definition's runtimePlatform, or set cpuArchitecture to what the image has"},
		{on: "CannotPullContainer + 403 Forbidden", cause: "the registry does not let the task pull the image", lasting: true,
			advice: "give the execution role ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, and the repository's policy the account"},
		{on: "CannotPullContainer + no basic auth credentials", cause: "the registry wants credentials and the task has none", lasting: true,
			advice: "give the task definition an execution role, or repositoryCredentials for a registry outside of ECR"},
		{on: "CannotPullContainer + 401 Unauthorized", cause: "the registry refuses the task's credentials", lasting: true,
			advice: "correct repositoryCredentials, or the execution role for ECR"},
		{on: "CannotPullContainer + no such host", cause: "the task cannot resolve the registry's name", class: Transient,
			advice: "turn on DNS resolution and DNS hostnames in the VPC, and check the registry's name"},
		{on: "CannotPullContainer + x509", cause: "the task does not trust the registry's certificate",
			advice: "use a certificate of a public authority, and look for a proxy between the task and the registry"},
		{on: "CannotPullContainer + toomanyrequests", cause: "the registry refuses more pulls for now", class: Transient,
			advice: "wait, or pull through an ECR cache or with credentials of your own"},
		{on: "CannotPullContainer + no space left on device", cause: "the image does not fit on the task's disk",
			advice: "raise ephemeralStorage in the task definition or make the image smaller"},
		{on: "CannotPullContainer + timeout | connection issue | request canceled while waiting for connection", cause: "the task cannot reach the registry", class: Transient, about: aboutNetwork,
			advice: "check the subnets' route to a NAT gateway or the endpoints of ECR and S3, and the security groups"},
		{on: "CannotPullContainer + not found", cause: "the image is not in the registry", lasting: true,
			advice: "push the image again or pin a version that exists: a lifecycle rule may have deleted it"},
		{on: "CannotPullContainer", cause: "the image cannot be pulled", class: Transient,
			advice: "check the image's reference, the execution role and the task's way to the registry"},

		// A task's resources could not be set up before its containers started.
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
		{on: "ResourceInitializationError + invalid ssm parameters", cause: "a secret of the task definition names a parameter that does not exist", lasting: true,
			advice: "create the parameter in this account and region, or correct valueFrom under secrets"},
		{on: "ResourceInitializationError + did not contain json key", cause: "a secret of the task definition has no such JSON key", lasting: true,
			advice: "correct the key at the end of valueFrom under secrets, or put the key into the secret"},
		{on: "ResourceInitializationError + kms + AccessDenied", cause: "the execution role may not decrypt a secret of the task definition", lasting: true,
			advice: "give the execution role kms:Decrypt for the secret's key"},
		{on: "ResourceInitializationError + ecr registry auth + AccessDenied", cause: "the execution role may not log in to ECR", lasting: true,
			advice: "give the execution role ecr:GetAuthorizationToken"},
		{on: "ResourceInitializationError + env files + AccessDenied", cause: "the execution role may not read the task definition's environment file", lasting: true,
			advice: "give the execution role s3:GetObject and s3:GetBucketLocation for environmentFiles"},
		{on: "ResourceInitializationError + AccessDenied", cause: "the execution role may not read a secret of the task definition", lasting: true,
			advice: "give the execution role ssm:GetParameters or secretsmanager:GetSecretValue, and kms:Decrypt for a key of your own"},
		{on: "ResourceInitializationError + unable to retrieve secret + ResourceNotFoundException", cause: "a secret of the task definition does not exist", lasting: true,
			advice: "create the secret in this account and region, or correct valueFrom under secrets"},
		{on: "ResourceInitializationError + log group", cause: "the log group of the task definition does not exist", lasting: true,
			advice: "create the log group, or set awslogs-create-group to true and let the execution role create it"},
		{on: "ResourceInitializationError + Throttl | Rate exceeded", cause: "AWS throttled what the task asked for before it started", class: AWS,
			advice: "ECS tries again by itself; many tasks that start at once and read many secrets are the usual reason"},
		{on: "ResourceInitializationError + unable to pull secrets or registry auth + timeout | connection issue", cause: "the task cannot reach AWS to get its secrets and its login to the registry", class: Transient, about: aboutNetwork,
			advice: "check the subnets' route to a NAT gateway, or the endpoints of Systems Manager, Secrets Manager and ECR"},
		{on: "ResourceInitializationError + unable to pull secrets or registry auth", cause: "the task could not get its secrets or its access to the registry", class: Transient,
			advice: "check the secrets' names, the execution role, and the task's way to Systems Manager, Secrets Manager and ECR"},
		{on: "ResourceInitializationError + env files", cause: "the task definition's environment file could not be read",
			advice: "check that the object of environmentFiles exists, and the task's way to S3"},
		{on: "ResourceInitializationError + EFS", cause: "an EFS file system could not be mounted", class: Transient,
			advice: "check the file system's mount targets in the task's subnets, its security group (port 2049) and its access point"},
		{on: "ResourceInitializationError + failed to validate logger args", cause: "the log driver's options are refused",
			advice: "check logConfiguration in the task definition and the task's way to CloudWatch Logs"},
		{on: "ResourceInitializationError + initialize logging driver", cause: "the log driver could not be started", class: Transient,
			advice: "check logConfiguration, the execution role's logs:CreateLogStream and logs:PutLogEvents, and the task's way to CloudWatch Logs"},
		{on: "ResourceInitializationError", cause: "the task's resources could not be set up", class: Transient,
			advice: "see AWS's message; the network, the execution role and mounted file systems are the usual places"},

		// A container, or the machine below it, did not come up.
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
		{on: "CannotStartContainerError + executable file not found", cause: "the container's command is not in its image", lasting: true,
			advice: "correct command or entryPoint in the task definition"},
		{on: "CannotStartContainerError + permission denied", cause: "the container's command may not be executed", lasting: true,
			advice: "make the file executable in the image (chmod +x), or correct the container's user"},
		{on: "exec format error", cause: "the image was built for another processor than the task runs on", lasting: true,
			advice: "build it for the task definition's runtimePlatform"},
		{on: "CannotStartContainerError", cause: "the container could not be started",
			advice: "see AWS's message; a command that the image lacks is the usual reason"},
		{on: "ContainerRuntimeTimeoutError", cause: "the container did not come up in the time that the runtime gives it", class: Transient,
			advice: "see AWS's message; a slow image or a full disk are the usual reasons"},
		{on: "CannotCreateVolumeError", cause: "a volume of the task could not be mounted",
			advice: "check volumes and mountPoints in the task definition"},
		{on: "CannotInspectContainerError", cause: "the container runtime did not answer", class: AWS,
			advice: "it is AWS's to mend: ECS starts another task by itself"},
		{on: "Timeout waiting for network interface provisioning", cause: "AWS did not get the task's network interface ready in time", class: AWS,
			advice: "ECS tries again by itself; see the subnets' free addresses if it goes on"},
		{on: "Timeout waiting for EphemeralStorage provisioning", cause: "AWS did not get the task's disk ready in time", class: AWS,
			advice: "ECS tries again by itself"},
		{on: "Timeout waiting for + provisioning", cause: "AWS did not get something of the task ready in time", class: AWS,
			advice: "ECS tries again by itself"},
		{on: "does not have enough free addresses | InsufficientFreeAddresses", cause: "the subnet has no free addresses left", class: Transient,
			advice: "use larger subnets or more of them in networkConfiguration"},
		{on: "Network Interface + security group + does not exist", cause: "a security group of the service does not exist",
			advice: "correct securityGroups in the service's networkConfiguration"},
		{on: "Unexpected EC2 error + Network Interface", cause: "AWS could not make the task's network interface", class: AWS,
			advice: "ECS tries again by itself; AWS's message has EC2's own word for it"},
		{on: "Host EC2 + terminated", cause: "the instance below the task ended", class: AWS,
			advice: "ECS starts another task by itself"},

		// ECS does not start a task at all, as stopped reasons and the events of the service say it.
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
		{on: "RESOURCE:MEMORY", cause: "no container instance has enough free memory", class: Transient,
			advice: "add instances, or lower memory in the task definition"},
		{on: "RESOURCE:CPU", cause: "no container instance has enough free CPU", class: Transient,
			advice: "add instances, or lower cpu in the task definition"},
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
		{on: "RESOURCE:ENI", cause: "no container instance has a network interface left", class: Transient,
			advice: "add instances, use larger ones, or turn on awsvpcTrunking for the account and replace the instances"},
		{on: "insufficient memory available", cause: "no container instance has enough free memory", class: Transient,
			advice: "add instances, or lower memory in the task definition"},
		{on: "insufficient CPU units available", cause: "no container instance has enough free CPU", class: Transient,
			advice: "add instances, or lower cpu in the task definition"},
		{on: "already using a port required", cause: "the port that the task wants is taken on every container instance",
			advice: "use hostPort 0 for any free port, or add instances"},
		{on: "missing an attribute required", cause: "no container instance has an attribute that the task needs",
			advice: "see requiresAttributes of the task definition; an old agent or another architecture are the usual reasons"},
		{on: `encountered error "AGENT"`, cause: "the agent of the container instance is not connected", class: AWS,
			advice: "restart the ECS agent of the instance, or replace the instance"},
		{on: "reached the limit on the number of", cause: "the account's quota of Fargate tasks or vCPUs is used up", class: Transient,
			advice: "ask for more under Service Quotas, or run less"},
		{on: "configuration is above your limit", cause: "the task wants more CPU or memory than the account may have", lasting: true,
			advice: "lower cpu and memory in the task definition, or ask for more under Service Quotas"},
		{on: "MemberOf placement constraint", cause: "no container instance meets the placement constraints",
			advice: "correct placementConstraints, or add instances that meet them"},
		{on: "Capacity is unavailable", cause: "AWS has no capacity for the task at this time", class: AWS,
			advice: "try again, or let the service use more availability zones or another capacity provider"},
		{on: "no container instance met all of its requirements", cause: "no container instance of the cluster fits the task", class: Transient,
			advice: "add instances or choose Fargate; see the placement constraints, ports and attributes of the task"},
		{on: "because of the service deployment configuration", cause: "minimumHealthyPercent and maximumPercent allow ECS neither to stop an old task nor to start a new one",
			advice: "lower minimumHealthyPercent or raise maximumPercent in the service definition"},
		{on: "under protection", cause: "tasks with scale-in protection keep the old deployment alive",
			advice: "wait until they end, or take their protection off"},
		{on: "alarm detected", cause: "a CloudWatch alarm of the service went off", about: aboutAlarms,
			advice: "see the alarm that the service's deployment configuration names"},
		{on: "lifecycle hook(s) failed", cause: "a lifecycle hook stopped the deployment",
			advice: "AWS's message names the stage and the function; the function's log says why"},
		{on: "lifecycle hook + timed out", cause: "a lifecycle hook did not answer in time",
			advice: "AWS's message names the stage; see the function's log, or raise timeoutInMinutes"},
		{on: "invalid networking configuration", cause: "the service's network configuration is not valid",
			advice: "check the subnets and security groups of the service definition: they have to exist in one VPC"},
		{on: "No rollback candidate was found", cause: "ECS found nothing to roll back to: no deployment of the service has completed yet",
			advice: "see why the first deployment fails; ECS starts no more tasks of it"},
		{on: "unable to assume", cause: "ECS may not assume a role that the task or service needs",
			advice: "check the role's trust policy: ecs-tasks.amazonaws.com for the task's roles"},
		{on: "operations are being throttled", cause: "AWS throttles the service's operations", class: AWS,
			advice: "wait: ECS tries again by itself"},
		{on: "was unable to place a task", cause: "ECS could not place a task", class: Transient,
			advice: "see AWS's message"},
		{on: "unable to consistently start tasks", cause: "ECS gave up on starting tasks quickly: too many failed",
			advice: "see why the stopped tasks failed"},
	}
}
