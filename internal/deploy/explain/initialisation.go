package explain

// initialisationReasons is why a task's resources could not be set up before its
// containers started, the special before the general.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
func initialisationReasons() []meaning {
	return []meaning{
		{
			all:     []string{"ResourceInitializationError", "invalid ssm parameters"},
			cause:   "a secret of the task definition names a parameter that does not exist",
			advice:  "create the parameter in this account and region, or correct valueFrom under secrets",
			lasting: true,
		},
		{
			all:     []string{"ResourceInitializationError", "did not contain json key"},
			cause:   "a secret of the task definition has no such JSON key",
			advice:  "correct the key at the end of valueFrom under secrets, or put the key into the secret",
			lasting: true,
		},
		{
			all:     []string{"ResourceInitializationError", "kms", "AccessDenied"},
			cause:   "the execution role may not decrypt a secret of the task definition",
			advice:  "give the execution role kms:Decrypt for the secret's key",
			lasting: true,
		},
		{
			all:     []string{"ResourceInitializationError", "ecr registry auth", "AccessDenied"},
			cause:   "the execution role may not log in to ECR",
			advice:  "give the execution role ecr:GetAuthorizationToken",
			lasting: true,
		},
		{
			all:     []string{"ResourceInitializationError", "env files", "AccessDenied"},
			cause:   "the execution role may not read the task definition's environment file",
			advice:  "give the execution role s3:GetObject and s3:GetBucketLocation for environmentFiles",
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
			all:    []string{"ResourceInitializationError", "Throttl"},
			cause:  "AWS throttled what the task asked for before it started",
			advice: "ECS tries again by itself; many tasks that start at once and read many secrets are the usual reason",
			class:  AWS,
		},
		{
			all:    []string{"ResourceInitializationError", "Rate exceeded"},
			cause:  "AWS throttled what the task asked for before it started",
			advice: "ECS tries again by itself; many tasks that start at once and read many secrets are the usual reason",
			class:  AWS,
		},
		{
			all:    []string{"ResourceInitializationError", "unable to pull secrets or registry auth", "timeout"},
			cause:  "the task cannot reach AWS to get its secrets and its login to the registry",
			advice: "check the subnets' route to a NAT gateway, or the endpoints of Systems Manager, Secrets Manager and ECR",
			about:  aboutNetwork,
			class:  Transient,
		},
		{
			all:    []string{"ResourceInitializationError", "unable to pull secrets or registry auth", "connection issue"},
			cause:  "the task cannot reach AWS to get its secrets and its login to the registry",
			advice: "check the subnets' route to a NAT gateway, or the endpoints of Systems Manager, Secrets Manager and ECR",
			about:  aboutNetwork,
			class:  Transient,
		},
		{
			all:    []string{"ResourceInitializationError", "unable to pull secrets or registry auth"},
			cause:  "the task could not get its secrets or its access to the registry",
			advice: "check the secrets' names, the execution role, and the task's way to Systems Manager, Secrets Manager and ECR",
			class:  Transient,
		},
		{
			all:    []string{"ResourceInitializationError", "env files"},
			cause:  "the task definition's environment file could not be read",
			advice: "check that the object of environmentFiles exists, and the task's way to S3",
		},
		{
			all:    []string{"ResourceInitializationError", "EFS"},
			cause:  "an EFS file system could not be mounted",
			advice: "check the file system's mount targets in the task's subnets, its security group (port 2049) and its access point",
			class:  Transient,
		},
		{
			all:    []string{"ResourceInitializationError", "failed to validate logger args"},
			cause:  "the log driver's options are refused",
			advice: "check logConfiguration in the task definition and the task's way to CloudWatch Logs",
		},
		{
			all:    []string{"ResourceInitializationError", "initialize logging driver"},
			cause:  "the log driver could not be started",
			advice: "check logConfiguration, the execution role's logs:CreateLogStream and logs:PutLogEvents, and the task's way to CloudWatch Logs",
			class:  Transient,
		},
		{
			all:    []string{"ResourceInitializationError"},
			cause:  "the task's resources could not be set up",
			advice: "see AWS's message; the network, the execution role and mounted file systems are the usual places",
			class:  Transient,
		},
	}
}
