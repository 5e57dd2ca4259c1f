package explain

const (
	routeAdvice = "check the subnets' route to a NAT gateway or the endpoints of ECR and S3, and the security groups"
	notThere    = "push the image again or pin a version that exists: a lifecycle rule may have deleted it"
	platform    = "build it for the task definition's runtimePlatform, or set cpuArchitecture to what the image has"
)

// pullReasons is why an image did not come, the special before the general.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
func pullReasons() []meaning {
	return []meaning{
		{
			all:     []string{"CannotPullContainer", "manifest unknown"},
			cause:   "the image is not in the registry",
			advice:  notThere,
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "repository does not exist"},
			cause:   "the image's repository does not exist",
			advice:  "check the repository's name and region in tagboat.yaml",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "no match for platform"},
			cause:   "the image was not built for the processor that the task runs on",
			advice:  platform,
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "descriptor matching platform"},
			cause:   "the image was not built for the processor that the task runs on",
			advice:  platform,
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "403 Forbidden"},
			cause:   "the registry does not let the task pull the image",
			advice:  "give the execution role ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, and the repository's policy the account",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "no basic auth credentials"},
			cause:   "the registry wants credentials and the task has none",
			advice:  "give the task definition an execution role, or repositoryCredentials for a registry outside of ECR",
			lasting: true,
		},
		{
			all:     []string{"CannotPullContainer", "401 Unauthorized"},
			cause:   "the registry refuses the task's credentials",
			advice:  "correct repositoryCredentials, or the execution role for ECR",
			lasting: true,
		},
		{
			all:    []string{"CannotPullContainer", "no such host"},
			cause:  "the task cannot resolve the registry's name",
			advice: "turn on DNS resolution and DNS hostnames in the VPC, and check the registry's name",
			class:  Transient,
		},
		{
			all:    []string{"CannotPullContainer", "x509"},
			cause:  "the task does not trust the registry's certificate",
			advice: "use a certificate of a public authority, and look for a proxy between the task and the registry",
		},
		{
			all:    []string{"CannotPullContainer", "toomanyrequests"},
			cause:  "the registry refuses more pulls for now",
			advice: "wait, or pull through an ECR cache or with credentials of your own",
			class:  Transient,
		},
		{
			all:    []string{"CannotPullContainer", "no space left on device"},
			cause:  "the image does not fit on the task's disk",
			advice: "raise ephemeralStorage in the task definition or make the image smaller",
		},
		{
			all:    []string{"CannotPullContainer", "timeout"},
			cause:  "the task cannot reach the registry",
			advice: routeAdvice,
			about:  aboutNetwork,
			class:  Transient,
		},
		{
			all:    []string{"CannotPullContainer", "connection issue"},
			cause:  "the task cannot reach the registry",
			advice: routeAdvice,
			about:  aboutNetwork,
			class:  Transient,
		},
		{
			all:    []string{"CannotPullContainer", "request canceled while waiting for connection"},
			cause:  "the task cannot reach the registry",
			advice: routeAdvice,
			about:  aboutNetwork,
			class:  Transient,
		},
		{
			all:     []string{"CannotPullContainer", "not found"},
			cause:   "the image is not in the registry",
			advice:  notThere,
			lasting: true,
		},
		{
			all:    []string{"CannotPullContainer"},
			cause:  "the image cannot be pulled",
			advice: "check the image's reference, the execution role and the task's way to the registry",
			class:  Transient,
		},
	}
}
