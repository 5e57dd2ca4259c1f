package stack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// roles sets the roles of the task definition. That of the execution is the stack's, since what it
// needs shows in the definition; that of the task is the file's where it names one, since what the
// program calls shows nowhere.
func (v *Service) roles(s *Stack) {
	if named := text(v.Definition, "executionRoleArn"); s.has(Roles) || named == "" {
		v.task["ExecutionRoleArn"] = arnOf(v.id + "ExecutionRole")
		if named == "" {
			s.Note("%s: its task definition names no execution role, and the stack has one. Write the output %sExecutionRole into the file before tagboat deploy registers it", v.Name, v.id)
		} else {
			s.Note("%s: its task definition names the execution role %s, and the stack has one of its own. Write the output %sExecutionRole into the file before tagboat deploy registers it, or keep the file's role: --existing roles", v.Name, named, v.id)
		}
	}
	if text(v.Definition, "taskRoleArn") == "" {
		v.task["TaskRoleArn"] = arnOf(v.id + "TaskRole")
	}
}

func arnOf(id string) Expression { return Expression("!GetAtt " + id + ".Arn") }

// roleResources returns the roles that the stack makes for a service.
func (s *Stack) roleResources(v *Service) string {
	var b strings.Builder
	if s.has(Roles) || text(v.Definition, "executionRoleArn") == "" {
		b.WriteString(part("role", "$ID", v.id+"ExecutionRole", "$WHAT", "starts the tasks of "+v.Name))
		b.WriteString(s.policy("start", s.execution(v)))
	}
	if text(v.Definition, "taskRoleArn") == "" {
		b.WriteString(part("role", "$ID", v.id+"TaskRole", "$WHAT", "what "+v.Name+" itself may do"))
		b.WriteString(s.policy("run", s.running(v)))
	}
	return b.String()
}

// policy returns the property Policies; nothing where nothing is allowed.
func (s *Stack) policy(name string, statements []Statement) string {
	if len(statements) == 0 {
		return ""
	}
	return "      Policies:\n        - PolicyName: " + name + "\n          PolicyDocument:\n            Version: \"2012-10-17\"\n            Statement:\n" +
		s.statements(14, statements)
}

// Statement allows actions.
type Statement struct {
	Sid       string
	Actions   []string
	Resources []string
	Condition map[string]map[string][]string
}

// statements returns a list of statements as YAML, without ARNs that hold in one place only.
func (s *Stack) statements(indent int, all []Statement) string {
	var list []any
	for _, st := range all {
		item := map[string]any{"Sid": st.Sid, "Effect": "Allow", "Action": s.values(st.Actions), "Resource": s.values(st.Resources)}
		if len(st.Condition) > 0 {
			condition := map[string]any{}
			for operator, keys := range st.Condition {
				asked := map[string]any{}
				for key, values := range keys {
					asked[key] = s.values(values)
				}
				condition[operator] = asked
			}
			item["Condition"] = condition
		}
		list = append(list, item)
	}
	return block(indent, list)
}

// values returns one value alone, or a list.
func (s *Stack) values(all []string) any {
	var list []any
	for _, value := range all {
		list = append(list, s.arn(value))
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// arn returns an ARN with the stack's own place left open.
func (s *Stack) arn(value string) any {
	if strings.HasPrefix(value, "!GetAtt ") {
		return Expression(value)
	}
	parts := strings.SplitN(value, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return value
	}
	parts[1] = "${AWS::Partition}"
	if parts[3] == s.Region {
		parts[3] = "${AWS::Region}"
	}
	if parts[4] == s.Account {
		parts[4] = "${AWS::AccountId}"
	}
	return Expression("!Sub " + strings.Join(parts, ":"))
}

func (s *Stack) local(service, resource string) string {
	return "arn:aws:" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

// execution returns what starting the tasks needs.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
func (s *Stack) execution(v *Service) []Statement {
	var n needed
	for _, c := range objects(v.Definition, "containerDefinitions") {
		s.needs(c, &n)
	}
	var all []Statement
	add := func(sid string, resources []string, actions ...string) {
		slices.Sort(resources)
		if resources = slices.Compact(resources); len(resources) > 0 {
			all = append(all, Statement{Sid: sid, Actions: actions, Resources: resources})
		}
	}
	if len(v.Repositories) > 0 {
		add("LogInToECR", []string{"*"}, "ecr:GetAuthorizationToken") // it takes no resource
		add("Pull", v.Repositories, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
	}
	add("Log", n.groups, "logs:CreateLogStream", "logs:PutLogEvents")
	add("MakeLogGroups", n.made, "logs:CreateLogGroup")
	add("ReadParameters", n.parameters, "ssm:GetParameters")
	add("ReadSecrets", n.secrets, "secretsmanager:GetSecretValue")
	add("ReadEnvironmentFiles", n.files, "s3:GetObject")
	add("FindEnvironmentFiles", n.buckets, "s3:GetBucketLocation")
	if len(n.parameters)+len(n.secrets) > 0 {
		s.Note("%s: where its secrets are encrypted with a key of your own, its execution role needs kms:Decrypt for that key", v.Name)
	}
	return all
}

type needed struct{ groups, made, parameters, secrets, files, buckets []string }

func (s *Stack) needs(c map[string]any, n *needed) {
	log, _ := c["logConfiguration"].(map[string]any)
	for _, secret := range slices.Concat(objects(c, "secrets"), objects(log, "secretOptions")) {
		n.secret(s, text(secret, "valueFrom"))
	}
	credentials, _ := c["repositoryCredentials"].(map[string]any)
	n.secret(s, text(credentials, "credentialsParameter"))
	for _, file := range objects(c, "environmentFiles") {
		if arn := text(file, "value"); arn != "" {
			bucket, _, _ := strings.Cut(arn, "/")
			n.files, n.buckets = append(n.files, arn), append(n.buckets, bucket)
		}
	}
	options, _ := log["options"].(map[string]any)
	if group := text(options, "awslogs-group"); group != "" {
		region := cmpOr(text(options, "awslogs-region"), s.Region)
		arn := "arn:aws:logs:" + region + ":" + s.Account + ":log-group:" + group
		n.groups = append(n.groups, arn+":*")
		if fmt.Sprint(options["awslogs-create-group"]) == "true" {
			n.made = append(n.made, arn, arn+":*")
		}
	}
}

// secret adds what a secret is read from: a parameter by name or ARN, or a secret of Secrets
// Manager, whose reference can go on with a key and a version.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func (n *needed) secret(s *Stack, from string) {
	switch parts := strings.Split(from, ":"); {
	case from == "":
	case len(parts) >= 7 && parts[2] == "secretsmanager":
		n.secrets = append(n.secrets, strings.Join(parts[:7], ":"))
	case strings.HasPrefix(from, "arn:"):
		n.parameters = append(n.parameters, from)
	default:
		n.parameters = append(n.parameters, s.local("ssm", "parameter/"+strings.TrimPrefix(from, "/")))
	}
}

// running returns what the task's own role needs for what the files ask of ECS.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
func (s *Stack) running(v *Service) []Statement {
	var all []Statement
	if v.Service["enableExecuteCommand"] == true {
		all = append(all, Statement{Sid: "ExecuteCommand", Resources: []string{"*"}, Actions: []string{ // they take no resource
			"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
		}})
	}
	var systems []string
	for _, volume := range objects(v.Definition, "volumes") {
		efs, _ := volume["efsVolumeConfiguration"].(map[string]any)
		authorization, _ := efs["authorizationConfig"].(map[string]any)
		if text(authorization, "iam") == "ENABLED" {
			systems = append(systems, s.local("elasticfilesystem", "file-system/"+text(efs, "fileSystemId")))
		}
	}
	if len(systems) > 0 {
		all = append(all, Statement{Sid: "MountFileSystems", Resources: systems, Actions: []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}})
	}
	return all
}

// maxManaged is how many characters a managed policy takes, blanks not counted, and with room for
// what stands for the account. A role takes ten of them, and 10,240 characters beside them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxManaged  = 5800
	maxPolicies = 10
)

// managed returns the property of a role with the policies that have all statements, and those
// policies, each as long as IAM takes it.
func (s *Stack) managed(role, what string, all []Statement) (property, policies string) {
	var chunk []Statement
	size, parts := 0, 0
	property = "      ManagedPolicyArns:\n"
	flush := func() {
		if len(chunk) == 0 {
			return
		}
		parts++
		id := s.id(role + "Policy" + strconv.Itoa(parts))
		property += "        - !Ref " + id + "\n"
		policies += part("managed", "$ID", id, "$WHAT", what) + s.statements(10, chunk)
		chunk, size = nil, 0
	}
	for _, st := range all {
		n := st.size()
		if size+n > maxManaged {
			flush()
		}
		chunk, size = append(chunk, st), size+n
	}
	flush()
	if parts > maxPolicies {
		s.Note("the role %s has %d policies, and IAM takes %d: ask AWS for more, or make a stack for fewer environments", role, parts, maxPolicies)
	}
	return property, policies
}

// size is about how many characters a statement has as JSON.
func (st Statement) size() int {
	n := 80 + len(st.Sid)
	for _, value := range slices.Concat(st.Actions, st.Resources) {
		n += len(value) + 3
	}
	for _, keys := range st.Condition {
		for key, values := range keys {
			n += 40 + len(key) + len(strings.Join(values, `","`))
		}
	}
	return n
}
