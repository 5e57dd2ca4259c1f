package iam

// grants are all statements there are. Where an action takes no resource of a kind that
// we know, it is allowed on all, as the service authorization reference asks.
var grants = []grant{
	{
		sid: "ReadPins", purposes: []Purpose{Read, Write, Deploy, Import},
		actions: []string{"ssm:GetParameters"}, resources: Scope.ledger,
	},
	{
		sid: "ReadProjections", purposes: []Purpose{Read, Write, Import, Drift},
		actions: []string{"ssm:GetParameters"}, resources: Scope.projections,
	},
	{
		// A read asks the history, too, where somebody wrote who is not of the protocol.
		sid: "ReadHistory", purposes: []Purpose{Read, Write, Deploy, Import},
		actions: []string{"ssm:GetParameterHistory"}, resources: Scope.ledger,
	},
	{
		sid: "WritePins", purposes: []Purpose{Write, Import},
		actions: []string{"ssm:LabelParameterVersion", "ssm:PutParameter", "ssm:UnlabelParameterVersion"}, resources: both(Scope.ledger, Scope.projections),
	},
	{
		sid: "WriteJournal", purposes: []Purpose{Write, Deploy, Import, Publish, Home, Approve, Freeze},
		actions:   []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:PutRetentionPolicy"},
		resources: Scope.journal,
	},
	{
		sid: "ReadJournal", purposes: []Purpose{Read, Deploy}, // a rollback asks which deployment was the last
		actions: []string{"logs:FilterLogEvents"}, resources: Scope.journal,
	},
	{
		// Automation asks whether everything is frozen before it changes something.
		sid: "ReadHome", purposes: []Purpose{Read, Write, Deploy, Import, Publish, Assume, Home, Approve},
		actions: []string{"ssm:GetParameterHistory", "ssm:GetParameters"}, resources: Scope.home,
	},
	{
		sid: "NumberReleases", purposes: []Purpose{Promote, Assume, Home},
		actions: []string{"ssm:PutParameter"}, resources: Scope.numbers,
	},
	{
		// Nobody who may do something else may do this for that reason: approvals would be worth
		// nothing.
		sid: "ApproveReleases", purposes: []Purpose{Approve},
		actions: []string{"ssm:PutParameter"}, resources: Scope.approvals,
	},
	{
		sid: "BreakGlass", purposes: []Purpose{BreakGlass},
		actions: []string{"ssm:PutParameter"}, resources: Scope.brokenGlass,
	},
	{
		sid: "FreezeEverything", purposes: []Purpose{Freeze},
		actions: []string{"ssm:GetParameters", "ssm:PutParameter"}, resources: Scope.freeze,
	},
	{
		sid: "ReadWhatIsImported", purposes: []Purpose{Import},
		actions: []string{"ssm:GetParameters", "ssm:GetParametersByPath"}, resources: Scope.trees,
	},
	{
		sid: "ReadPinsAsFunction", purposes: []Purpose{Lambda},
		actions: []string{"ssm:GetParameters"}, resources: where(ownCredentials, Scope.parameters),
	},
	{
		// AWS passes a source identity and transitive session tags of the caller's on, where he
		// may do that. The role's trust policy has to allow the same.
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
		sid: "AssumeRoles", purposes: []Purpose{Lambda, Assume},
		actions: []string{"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}, resources: Scope.roles,
	},
	{
		sid: "WriteFunctionLog", purposes: []Purpose{Lambda},
		actions:   []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
		resources: Scope.functionLog,
	},
	{
		sid: "ReceiveHints", purposes: []Purpose{Watch},
		actions:   []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
		resources: Scope.queues,
	},
	{
		sid: "LogInToRegistry", purposes: []Purpose{Write, Deploy, Publish, Assume, Import, Approve},
		actions: []string{"ecr:GetAuthorizationToken"}, resources: where(hasRepositories, everything),
	},
	{
		sid: "ReadReleases", purposes: []Purpose{Deploy, Assume, Approve},
		actions:   []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:ListImages"},
		resources: Scope.releases,
	},
	{
		sid: "PushReleases", purposes: []Purpose{Promote, Assume},
		actions:   pushes(),
		resources: Scope.releases,
	},
	{
		sid: "ReadImages", purposes: []Purpose{Write, Deploy, Publish, Assume, Import},
		actions:   []string{"ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetDownloadUrlForLayer", "ecr:ListImages"},
		resources: Scope.repositories,
	},
	{
		sid: "ReadScans", purposes: []Purpose{Write, Assume},
		actions: []string{"ecr:DescribeImageScanFindings"}, resources: where(hasScans, Scope.repositories),
	},
	{
		sid: "ReadPlatforms", purposes: []Purpose{Write},
		actions: []string{"ecs:DescribeTaskDefinition"}, resources: where(hasFamilies, everything),
	},
	{
		sid: "TagImages", purposes: []Purpose{Write, Assume},
		actions: []string{"ecr:PutImage"}, resources: where(hasTags, Scope.repositories),
	},
	{
		sid: "PushImages", purposes: []Purpose{Publish},
		actions:   pushes(),
		resources: Scope.repositories,
	},
	{
		sid: "RollServices", purposes: []Purpose{Deploy},
		actions: []string{
			"ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:TagResource", "ecs:UntagResource", "ecs:UpdateService",
		},
		resources: Scope.services,
	},
	{
		sid: "CreateServices", purposes: []Purpose{Deploy},
		actions: []string{"ecs:CreateService"}, resources: Scope.createdServices,
	},
	{
		sid: "UpdateExpressServices", purposes: []Purpose{Deploy},
		actions: []string{"ecs:DescribeExpressGatewayService", "ecs:UpdateExpressGatewayService"}, resources: Scope.expressServices,
	},
	{
		sid: "WatchDeployments", purposes: []Purpose{Deploy},
		actions:   []string{"ecs:ContinueServiceDeployment", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"},
		resources: Scope.serviceDeployments,
	},
	{
		sid: "RegisterTaskDefinitions", purposes: []Purpose{Deploy},
		actions: []string{"ecs:RegisterTaskDefinition", "ecs:TagResource"}, resources: Scope.taskDefinitions,
	},
	{
		sid: "ReadTaskDefinitions", purposes: []Purpose{Deploy},
		actions:   []string{"ecs:DescribeTaskDefinition"},
		resources: where(hasServices, everything),
	},
	{
		sid: "ReadStacks", purposes: []Purpose{Deploy},
		actions: []string{
			"cloudformation:DescribeChangeSet", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResource", "cloudformation:DescribeStacks",
			"cloudformation:GetTemplate", "cloudformation:ListStackResources",
		},
		resources: Scope.stacks,
	},
	{
		sid: "UpdateStacks", purposes: []Purpose{Deploy},
		actions: []string{
			"cloudformation:CancelUpdateStack", "cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:ExecuteChangeSet",
		},
		resources: Scope.stacks,
	},
	{
		// CloudFormation acts as who updates a stack, unless the stack has a role. It reads the
		// pins that parameters name, and takes the revision before away.
		sid: "ReadPinsThroughStacks", purposes: []Purpose{Deploy},
		actions: []string{"ssm:GetParameters"}, resources: where(hasStacks, Scope.projections),
	},
	{
		sid: "TakeRevisionsAway", purposes: []Purpose{Deploy},
		actions: []string{"ecs:DeregisterTaskDefinition"}, resources: where(hasStacks, everything),
	},
	{
		// init lists the services of a cluster, and reads what a deployment reads.
		sid: "ReadTasks", purposes: []Purpose{Deploy},
		actions:   []string{"ecs:DescribeTasks", "ecs:ListServices", "ecs:ListTasks"},
		resources: where(hasServices, everything), condition: inClusters,
	},
	{
		sid: "PassRolesToTasks", purposes: []Purpose{Deploy},
		actions: []string{"iam:PassRole"}, resources: Scope.passedRoles, condition: toTasks,
	},
	{
		sid: "FindLogGroups", purposes: []Purpose{Deploy},
		actions: []string{"logs:DescribeLogGroups"}, resources: Scope.logGroups,
	},
	{
		// Their values stay encrypted: only whether they exist is asked.
		sid: "FindParameters", purposes: []Purpose{Deploy},
		actions: []string{"ssm:GetParameters"}, resources: Scope.parametersOfTasks,
	},
	{
		// Likewise: nobody reads a value.
		sid: "FindSecrets", purposes: []Purpose{Deploy},
		actions: []string{"secretsmanager:DescribeSecret"}, resources: Scope.managedSecrets,
	},
	{
		sid: "ReadLogsOfTasks", purposes: []Purpose{Deploy},
		actions: []string{"logs:GetLogEvents"}, resources: Scope.logStreams,
	},
	{
		sid: "ReadTargetsAndAlarms", purposes: []Purpose{Deploy},
		actions: []string{
			"cloudwatch:DescribeAlarms", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
		},
		resources: where(hasServices, everything),
	},
	{
		// A soak asks which alarms rang. Composite alarms are answered only where all are allowed.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
		sid: "ReadAlarmHistory", purposes: []Purpose{Promote},
		actions: []string{"cloudwatch:DescribeAlarmHistory"}, resources: where(hasServices, everything),
	},
	{
		// A service's tags name its stack, which may be any of the account.
		sid: "ReadAllStacks", purposes: []Purpose{Drift},
		actions: []string{
			"cloudformation:DescribeStackResources", "cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources",
		},
		resources: Scope.allStacks,
	},
	{
		sid: "PredictUpdates", purposes: []Purpose{Drift},
		actions:   []string{"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet"},
		resources: Scope.allStacks,
	},
	{
		// Who may ask about himself may ask about everybody in the account.
		sid: "AskWhatIsAllowed", purposes: []Purpose{Doctor},
		actions: []string{"iam:SimulatePrincipalPolicy"}, resources: Scope.principals,
	},
}

// pushes returns what pushing to a repository takes.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
func pushes() []string {
	return []string{
		"ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:CreateRepository",
		"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
	}
}

func where(holds func(Scope) bool, resources func(Scope) []string) func(Scope) []string {
	return func(s Scope) []string {
		if !holds(s) {
			return nil
		}
		return resources(s)
	}
}

func both(one, other func(Scope) []string) func(Scope) []string {
	return func(s Scope) []string { return append(one(s), other(s)...) }
}

func everything(Scope) []string    { return []string{"*"} }
func ownCredentials(s Scope) bool  { return s.Role == "" }
func hasRepositories(s Scope) bool { return len(s.Repositories)+len(s.Releases) > 0 }
func hasScans(s Scope) bool        { return s.Scans }
func hasTags(s Scope) bool         { return s.Tags }
func hasFamilies(s Scope) bool     { return s.Families }
func hasServices(s Scope) bool     { return len(s.Services) > 0 }
func hasStacks(s Scope) bool       { return len(s.stacks()) > 0 }

func (s Scope) roles() []string {
	var roles []string
	for _, role := range []string{s.Role, s.HomeRole} {
		if role != "" {
			roles = append(roles, role)
		}
	}
	return roles
}

// principals returns the role, or all users and roles of the account where there is none.
func (s Scope) principals() []string {
	if s.Role != "" {
		return []string{s.Role}
	}
	iam := "arn:" + s.partition() + ":iam::" + s.Account + ":"
	return []string{iam + "role/*", iam + "user/*"}
}

// functionLog is where Lambda writes what a function prints. A function that assumes
// roles is in an account that tagboat.yaml does not say.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
func (s Scope) functionLog() []string {
	if s.Role != "" {
		s.Account = "*"
	}
	return []string{s.arn("logs", "log-group:/aws/lambda/tagboat:*")}
}

// inClusters takes the place of resources: tasks' ARNs have two forms, and ListTasks
// takes none of them.
func inClusters(scopes []Scope) map[string]map[string][]string {
	return map[string]map[string][]string{"ArnEquals": {"ecs:cluster": across(scopes, Scope.clusters)}}
}

func toTasks([]Scope) map[string]map[string][]string {
	return map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}}
}
