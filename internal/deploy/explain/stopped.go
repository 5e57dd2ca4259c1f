package explain

// stoppedReasons is what the stopped reasons of tasks mean, the special before the
// general. The texts were seen on AWS; the documented ones are at
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func stoppedReasons() []meaning {
	return append(pullReasons(), initialisationReasons()...)
}

func pullReasons() []meaning {
	return []meaning{
		{
			all:     []string{"CannotPullContainer", "not found"},
			cause:   "the image is not in the registry",
			advice:  "push the image again or pin a version that exists: a lifecycle rule may have deleted it",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "manifest unknown"},
			cause:   "the image is not in the registry",
			advice:  "push the image again or pin a version that exists: a lifecycle rule may have deleted it",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "repository does not exist"},
			cause:   "the image's repository does not exist",
			advice:  "check the repository's name and region in tagboat.yaml",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "403 Forbidden"},
			cause:   "the registry does not let the task pull the image",
			advice:  "give the execution role ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, and the repository's policy the account",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "no match for platform"},
			cause:   "the image was not built for the processor that the task runs on",
			advice:  "build it for the task definition's runtimePlatform, or set cpuArchitecture to what the image has",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "does not contain descriptor matching platform"},
			cause:   "the image was not built for the processor that the task runs on",
			advice:  "build it for the task definition's runtimePlatform, or set cpuArchitecture to what the image has",
			lasting: true,
		},
		{
			all:    []string{"CannotPullContainer", "toomanyrequests"},
			cause:  "the registry refuses more pulls for now",
			advice: "wait, or pull through an ECR cache or with credentials of your own",
		},
		{
			all:    []string{"CannotPullContainer", "no space left on device"},
			cause:  "the image does not fit on the task's disk",
			advice: "raise ephemeralStorage in the task definition or make the image smaller",
		},
		{
			all:    []string{"CannotPullContainer", "timeout"},
			cause:  "the task cannot reach the registry",
			advice: "check the subnets' route to a NAT gateway or the endpoints of ECR and S3, and the security groups",
		},
		{
			all:    []string{"CannotPullContainer", "connection issue"},
			cause:  "the task cannot reach the registry",
			advice: "check the subnets' route to a NAT gateway or the endpoints of ECR and S3, and the security groups",
		},
		{
			all:    []string{"CannotPullContainer"},
			cause:  "the image cannot be pulled",
			advice: "check the image's reference, the execution role and the task's way to the registry",
		},
	}
}

func initialisationReasons() []meaning {
	return []meaning{
		{
			all:     []string{"ResourceInitializationError", "invalid ssm parameters"},
			cause:   "a secret of the task definition names a parameter that does not exist",
			advice:  "create the parameter in this account and region, or correct valueFrom under secrets",
			lasting: true,
		},
		{
			all:     []string{"ResourceInitializationError", "AccessDenied"},
			cause:   "the execution role may not read a secret of the task definition",
			advice:  "give the execution role ssm:GetParameters or secretsmanager:GetSecretValue, and kms:Decrypt for a key of your own",
			lasting: true,
		},
		{
			all:     []string{"ResourceInitializationError", "unable to retrieve secret", "ResourceNotFoundException"},
			cause:   "a secret of the task definition does not exist",
			advice:  "create the secret in this account and region, or correct valueFrom under secrets",
			lasting: true,
		},
		{
			all:     []string{"ResourceInitializationError", "log group"},
			cause:   "the log group of the task definition does not exist",
			advice:  "create the log group, or set awslogs-create-group to true and let the execution role create it",
			lasting: true,
		},
		{
			all:    []string{"ResourceInitializationError", "unable to pull secrets or registry auth"},
			cause:  "the task could not get its secrets or its access to the registry",
			advice: "check the secrets' names, the execution role, and the task's way to Systems Manager, Secrets Manager and ECR",
		},
		{
			all:    []string{"ResourceInitializationError", "failed to validate logger args"},
			cause:  "the log driver's options are refused",
			advice: "check logConfiguration in the task definition and the task's way to CloudWatch Logs",
		},
		{
			all:    []string{"ResourceInitializationError"},
			cause:  "the task's resources could not be set up",
			advice: "see AWS's message; the network, the execution role and mounted file systems are the usual places",
		},
		{
			all:     []string{"CannotStartContainerError", "executable file not found"},
			cause:   "the container's command is not in its image",
			advice:  "correct command or entryPoint in the task definition",
			lasting: true,
		},
		{
			all:     []string{"exec format error"},
			cause:   "the image was built for another processor than the task runs on",
			advice:  "build it for the task definition's runtimePlatform",
			lasting: true,
		},
		{
			all:    []string{"CannotStartContainerError"},
			cause:  "the container could not be started",
			advice: "see AWS's message; a command that the image lacks is the usual reason",
		},
	}
}
