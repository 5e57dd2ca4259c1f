package iam

import (
	"slices"
	"strings"
)

// Place is an account and a region.
type Place struct {
	Account string
	Region  string
}

// Scope is what one environment has for a policy to be about.
type Scope struct {
	Place
	Role         string       // ARN of the role that is assumed to get there; "" for none
	Parameters   []string     // that hold groups of pins
	Holds        string       // parameter that says what is held
	Projections  []string     // parameters that follow one pin each
	Journal      string       // log group of what was changed; "" for none
	Repositories []Repository // that are read or written as whom the policy is for
	Releases     []Repository // that releases are kept in, likewise
	Home         *Place       // of what belongs to no environment, where the same principal reaches it; nil where another does
	HomePath     string       // where the names of its parameters begin
	FreezeName   string       // the parameter that freezes everything
	HomeRole     string       // ARN of the role that is assumed to get to home, for who assumes it; "" for none
	Services     []Service
	Queue        string // ARN of what a watcher reads; "" for none
	Scans        bool   // a gate looks at scans
	Tags         bool   // pinning puts tags on versions
	Families     bool   // a service's task definition is somebody else's, and is asked for its platform
}

// Repository is one of ECR's.
type Repository struct {
	Place
	Name string
}

// Service is an ECS service.
type Service struct {
	Cluster   string
	Name      string
	Family    string   // of its task definition
	Create    bool     // it is created where it does not exist
	Stack     string   // that it is deployed through; "" for none. Its name, cluster and family are the stack's then
	Express   bool     // Express Mode owns it, and its task definition
	Roles     []string // ARNs or names that its tasks run with; nil where they are not known
	LogGroups []string // that its containers write to; nil where they are not known
	Secrets   []string // names and ARNs of the parameters, and ARNs of Secrets Manager, that its containers read
}

// partition returns AWS's partition of a region.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func (p Place) partition() string {
	switch {
	case strings.HasPrefix(p.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(p.Region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

func (p Place) arn(service, resource string) string {
	return "arn:" + p.partition() + ":" + service + ":" + p.Region + ":" + p.Account + ":" + resource
}

// Queue returns the ARN of a queue of SQS.
func (p Place) Queue(name string) string { return p.arn("sqs", name) }

// Bus returns the ARN of an event bus of EventBridge.
func (p Place) Bus(name string) string { return p.arn("events", "event-bus/"+name) }

func (s Scope) parameters() []string  { return s.parameterARNs(s.Parameters) }
func (s Scope) projections() []string { return s.parameterARNs(s.Projections) }

// ledger returns what keeps pins, and what keeps holds.
func (s Scope) ledger() []string {
	if s.Holds == "" {
		return s.parameters()
	}
	return append(s.parameters(), s.parameterARNs([]string{s.Holds})...)
}

// parameterARNs returns the ARNs of parameters.
func (s Scope) parameterARNs(parameters []string) []string {
	return each(parameters, func(name string) []string { return []string{s.arn("ssm", "parameter"+name)} })
}

// trees returns the first part of each parameter's path, and all below it. Who may read a
// path may read whatever is below it.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
func (s Scope) trees() []string {
	return each(s.Parameters, func(name string) []string {
		first, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
		return []string{s.arn("ssm", "parameter/"+first), s.arn("ssm", "parameter/"+first+"/*")}
	})
}

// journal returns the log group and what is in it, of the environment, of home, and of registries
// that a stage's tags are put in: streams have ARNs that go on.
func (s Scope) journal() []string {
	if s.Journal == "" {
		return nil
	}
	places := []Place{s.Place}
	if s.Home != nil {
		places = append(places, *s.Home)
	}
	for _, r := range s.Repositories {
		if s.Tags {
			places = append(places, r.Place)
		}
	}
	return each(places, func(p Place) []string {
		return []string{p.arn("logs", "log-group:"+s.Journal), p.arn("logs", "log-group:"+s.Journal+":*")}
	})
}

// home returns all that belongs to no environment.
func (s Scope) home() []string {
	return append(s.freeze(), s.below("/releases", "/rejected/*", "/approvals/*", "/break-glass/*")...)
}

func (s Scope) numbers() []string     { return s.below("/releases", "/rejected/*") }
func (s Scope) approvals() []string   { return s.below("/approvals/*") }
func (s Scope) brokenGlass() []string { return s.below("/break-glass/*") }

func (s Scope) freeze() []string {
	if s.Home == nil {
		return nil
	}
	return []string{s.Home.arn("ssm", "parameter"+s.FreezeName)}
}

// below returns parameters of home.
func (s Scope) below(names ...string) []string {
	if s.Home == nil {
		return nil
	}
	return each(names, func(name string) []string { return []string{s.Home.arn("ssm", "parameter"+s.HomePath+name)} })
}

func (s Scope) repositories() []string { return repositoryARNs(s.Repositories) }
func (s Scope) releases() []string     { return repositoryARNs(s.Releases) }

func repositoryARNs(all []Repository) []string {
	return each(all, func(r Repository) []string { return []string{r.ARN()} })
}

// ARN returns the repository's ARN.
func (r Repository) ARN() string { return r.arn("ecr", "repository/"+r.Name) }

// services returns both forms of each service's ARN: old services keep the
// one without the cluster until they are created again.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
func (s Scope) services() []string {
	return each(s.Services, func(v Service) []string {
		return []string{s.arn("ecs", "service/"+v.Cluster+"/"+v.Name), s.arn("ecs", "service/"+v.Name)}
	})
}

// stacks returns the stacks that services are deployed through, and the change sets of theirs that
// Tagboat makes.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
func (s Scope) stacks() []string {
	return each(s.Services, func(v Service) []string {
		if v.Stack == "" {
			return nil
		}
		return []string{s.arn("cloudformation", "stack/"+v.Stack+"/*"), s.arn("cloudformation", "changeSet/tagboat-*/*")}
	})
}

// allStacks returns all stacks of the account and region, and the change sets that drift makes.
func (s Scope) allStacks() []string {
	if !hasServices(s) {
		return nil
	}
	return []string{s.arn("cloudformation", "stack/*"), s.arn("cloudformation", "changeSet/tagboat-drift-*/*")}
}

func (s Scope) createdServices() []string {
	s.Services = slices.DeleteFunc(slices.Clone(s.Services), func(v Service) bool { return !v.Create })
	return s.services()
}

func (s Scope) expressServices() []string {
	s.Services = slices.DeleteFunc(slices.Clone(s.Services), func(v Service) bool { return !v.Express })
	return s.services()
}

func (s Scope) serviceDeployments() []string {
	return append(s.services(), each(s.Services, func(v Service) []string {
		return []string{
			s.arn("ecs", "service-deployment/"+v.Cluster+"/"+v.Name+"/*"), s.arn("ecs", "service-revision/"+v.Cluster+"/"+v.Name+"/*"),
		}
	})...)
}

func (s Scope) taskDefinitions() []string {
	return each(s.Services, func(v Service) []string {
		if v.Express {
			return nil
		}
		return []string{s.arn("ecs", "task-definition/"+v.Family+":*")}
	})
}

func (s Scope) clusters() []string {
	return each(s.Services, func(v Service) []string { return []string{s.arn("ecs", "cluster/"+v.Cluster)} })
}

// passedRoles returns the roles that tasks get. A role may have a path, which a name alone
// does not say.
func (s Scope) passedRoles() []string {
	return each(s.Services, func(v Service) []string {
		if v.Roles == nil {
			return []string{s.role("*")}
		}
		return each(v.Roles, func(role string) []string {
			if strings.HasPrefix(role, "arn:") {
				return []string{role}
			}
			return []string{s.role(role)}
		})
	})
}

// role returns the ARN of a role: those have no region.
func (s Scope) role(name string) string {
	return "arn:" + s.partition() + ":iam::" + s.Account + ":role/" + name
}

func (s Scope) logStreams() []string {
	return each(s.Services, func(v Service) []string {
		if v.LogGroups == nil {
			return []string{s.arn("logs", "log-group:*:log-stream:*")}
		}
		return each(v.LogGroups, func(group string) []string { return []string{s.arn("logs", "log-group:"+group+":log-stream:*")} })
	})
}

// parametersOfTasks returns the parameters that tasks read. A name without a slash has its ARN with one.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
func (s Scope) parametersOfTasks() []string {
	return each(s.Services, func(v Service) []string {
		return each(v.Secrets, func(name string) []string {
			switch {
			case isManaged(name):
				return nil
			case strings.HasPrefix(name, "arn:"):
				return []string{name}
			}
			return s.parameterARNs([]string{"/" + strings.TrimPrefix(name, "/")})
		})
	})
}

// managedSecrets returns the secrets of Secrets Manager that tasks read. The ARN in a file may
// go on with a key and a version, and may lack the six characters at its end.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
func (s Scope) managedSecrets() []string {
	return each(s.Services, func(v Service) []string {
		return each(v.Secrets, func(name string) []string {
			if !isManaged(name) {
				return nil
			}
			arn := strings.Join(strings.Split(name, ":")[:7], ":")
			return []string{arn, arn + "-??????"}
		})
	})
}

func isManaged(name string) bool {
	parts := strings.Split(name, ":")
	return len(parts) >= 7 && parts[0] == "arn" && parts[2] == "secretsmanager"
}

func (s Scope) logGroups() []string {
	return each(s.Services, func(Service) []string { return []string{s.arn("logs", "log-group:*")} })
}

func (s Scope) queues() []string {
	if s.Queue == "" {
		return nil
	}
	return []string{s.Queue}
}

func each[T any](list []T, of func(T) []string) []string {
	var all []string
	for _, item := range list {
		all = append(all, of(item)...)
	}
	return all
}
