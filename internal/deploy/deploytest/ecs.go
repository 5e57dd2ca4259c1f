// Package deploytest has a double of ECS that is as strict as AWS, for tests of deployments.
package deploytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// ErrKilled is what every call answers once the double was told to stop answering.
var ErrKilled = errors.New("killed")

// ECS is an ECS in one cluster named "c" whose rollouts do what the test says.
type ECS struct {
	Mu          sync.Mutex
	Services    map[string]*ecs.Service
	Definitions []ecs.TaskDefinition // oldest first
	Tasks       []ecs.Task
	logs        map[string][]ecs.LogLine // by group and stream
	LogGroups   []string
	Images      []string // that exist; nil for all
	Tgs         []ecs.TargetGroup
	Stored      []string              // parameters that exist
	Managed     map[string]ecs.Secret // of Secrets Manager, by ARN
	targets     []ecs.TargetHealth

	Calls    map[string]int
	Total    int
	Warm     bool                         // revisions that exist are cached
	DieAfter int                          // no call is answered after that many; 0 means never
	Lose     map[string]int               // answers of an operation to lose, the effect stays
	Refuse   func(op string) error        // an error in place of an answer
	Rolls    func(f *ECS, s *ecs.Service) // what a poll finds to have happened
	deployed int
}

// New returns a double without any service, whose rollouts end well at the next poll.
func New() *ECS {
	return &ECS{
		Services: map[string]*ecs.Service{}, Calls: map[string]int{}, Lose: map[string]int{},
		logs: map[string][]ecs.LogLine{}, LogGroups: []string{"/c/api"}, Rolls: Completes,
	}
}

// Client returns the way to the double.
func (f *ECS) Client() *deploy.Client {
	return &deploy.Client{ECS: f, Logs: f, Targets: f, Images: f, Parameters: parameters{f}, Secrets: secrets{f}}
}

// begin counts a call; the lock is held if it returns nil.
func (f *ECS) begin(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.Mu.Lock()
	f.Calls[op]++
	f.Total++
	if f.DieAfter > 0 && f.Total > f.DieAfter {
		f.Mu.Unlock()
		return ErrKilled
	}
	if f.Refuse != nil {
		if err := f.Refuse(op); err != nil {
			f.Mu.Unlock()
			return err
		}
	}
	return nil
}

// answer loses the answer of a changing call if the test wants that.
func (f *ECS) answer(op string) error {
	if f.Lose[op] > 0 {
		f.Lose[op]--
		return fmt.Errorf("%s: %w", op, ecs.ErrAmbiguous)
	}
	return nil
}

// DescribeServices implements deploy.Services.
func (f *ECS) DescribeServices(ctx context.Context, cluster string, names []string) (found []ecs.Service, missing []string, err error) {
	if err := f.begin(ctx, "DescribeServices"); err != nil {
		return nil, nil, err
	}
	defer f.Mu.Unlock()
	if cluster != "c" {
		return nil, nil, fmt.Errorf("ClusterNotFoundException: %w", ecs.ErrNotFound)
	}
	if len(names) > 10 {
		return nil, nil, errors.New("InvalidParameterException: more than ten services")
	}
	for _, name := range names {
		s, ok := f.Services[name]
		if !ok {
			missing = append(missing, name)
			continue
		}
		f.Rolls(f, s)
		found = append(found, copyOf(s))
	}
	return found, missing, nil
}

func copyOf(s *ecs.Service) ecs.Service {
	c := *s
	c.Deployments, c.Events, c.Tags = slices.Clone(s.Deployments), slices.Clone(s.Events), maps.Clone(s.Tags)
	c.Record = raw(map[string]any{"serviceName": s.Name, "desiredCount": s.Desired})
	return c
}

type changeInput struct {
	Cluster, Service, ServiceName, TaskDefinition string
	DesiredCount                                  *int
	ForceNewDeployment                            bool
	CapacityProviderStrategy                      []json.RawMessage
}

// CreateService implements deploy.Services.
func (f *ECS) CreateService(ctx context.Context, input json.RawMessage) (ecs.Service, error) {
	if err := f.begin(ctx, "CreateService"); err != nil {
		return ecs.Service{}, err
	}
	defer f.Mu.Unlock()
	var in changeInput
	if err := errors.Join(takes("CreateServiceRequest", input), json.Unmarshal(input, &in)); err != nil {
		return ecs.Service{}, err
	}
	if err := f.launchable(in.TaskDefinition); err != nil {
		return ecs.Service{}, err
	}
	if in.DesiredCount == nil {
		return ecs.Service{}, errors.New("InvalidParameterException: desiredCount is required with REPLICA")
	}
	if f.Services[in.ServiceName] != nil {
		return ecs.Service{}, errors.New("InvalidParameterException: Creation of service was not idempotent")
	}
	s := &ecs.Service{
		ARN: "arn:aws:ecs:r:1:service/c/" + in.ServiceName, Name: in.ServiceName, Status: "ACTIVE", ClusterARN: "arn:aws:ecs:r:1:cluster/c",
		Desired: *in.DesiredCount, SchedulingStrategy: "REPLICA", MinHealthyPercent: 100, MaxPercent: 200,
		Tags: map[string]string{},
	}
	f.Services[s.Name] = s
	f.Start(s, in.TaskDefinition)
	return copyOf(s), f.answer("CreateService")
}

// UpdateService implements deploy.Services.
func (f *ECS) UpdateService(ctx context.Context, input json.RawMessage) (ecs.Service, error) {
	if err := f.begin(ctx, "UpdateService"); err != nil {
		return ecs.Service{}, err
	}
	defer f.Mu.Unlock()
	var in changeInput
	if err := errors.Join(takes("UpdateServiceRequest", input), json.Unmarshal(input, &in)); err != nil {
		return ecs.Service{}, err
	}
	s := f.Services[in.Service]
	if s == nil {
		return ecs.Service{}, errors.New("ServiceNotFoundException")
	}
	if in.CapacityProviderStrategy != nil && !in.ForceNewDeployment {
		return ecs.Service{}, errors.New("InvalidParameterException: making a change to a capacity provider strategy … you must force a new deployment")
	}
	if err := f.launchable(in.TaskDefinition); err != nil {
		return ecs.Service{}, err
	}
	if in.DesiredCount != nil {
		s.Desired = *in.DesiredCount
		for i := range s.Deployments {
			s.Deployments[i].Desired = s.Desired
		}
	}
	if in.ForceNewDeployment || in.TaskDefinition != s.Deployments[0].TaskDefinition {
		f.Start(s, in.TaskDefinition)
	}
	return copyOf(s), f.answer("UpdateService")
}

// launchable refuses what ECS starts no deployment of.
func (f *ECS) launchable(arn string) error {
	switch d := f.Definition(arn); {
	case d == nil:
		return errors.New("ClientException: TaskDefinition not found")
	case d.Status != "ACTIVE":
		return errors.New("ClientException: TaskDefinition is inactive")
	}
	return nil
}

// Start begins a deployment as UpdateService does.
func (f *ECS) Start(s *ecs.Service, definition string) string {
	f.deployed++
	for i := range s.Deployments {
		s.Deployments[i].Status = "ACTIVE"
	}
	d := ecs.Deployment{
		ID: fmt.Sprintf("ecs-svc/%019d", f.deployed), Status: "PRIMARY", TaskDefinition: definition,
		RolloutState: "IN_PROGRESS", Desired: s.Desired, CreatedAt: time.Now(),
	}
	d.RolloutReason = "ECS deployment " + d.ID + " in progress."
	s.TaskDefinition = definition
	s.Deployments = append([]ecs.Deployment{d}, s.Deployments...)
	return d.ID
}

// Definition returns the revision with that ARN, or nil.
func (f *ECS) Definition(arn string) *ecs.TaskDefinition {
	for i := range f.Definitions {
		if f.Definitions[i].ARN == arn {
			return &f.Definitions[i]
		}
	}
	return nil
}

// DescribeTaskDefinition implements deploy.Definitions.
func (f *ECS) DescribeTaskDefinition(ctx context.Context, id string) (ecs.TaskDefinition, error) {
	if err := f.begin(ctx, "DescribeTaskDefinition"); err != nil {
		return ecs.TaskDefinition{}, err
	}
	defer f.Mu.Unlock()
	for _, d := range slices.Backward(f.Definitions) {
		if d.ARN == id || ecs.LastPart(d.ARN) == id || d.Family == id && d.Status == "ACTIVE" {
			return d, nil
		}
	}
	return ecs.TaskDefinition{}, ecs.ErrNotFound
}

// Cached has all revisions, or none.
func (f *ECS) Cached(arn string, _ json.RawMessage) (ecs.TaskDefinition, bool) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	if d := f.Definition(arn); f.Warm && d != nil {
		return *d, true
	}
	return ecs.TaskDefinition{}, false
}

// Called returns how many calls there were.
func (f *ECS) Called() int {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	n := 0
	for _, calls := range f.Calls {
		n += calls
	}
	return n
}

// RegisterTaskDefinition implements deploy.Definitions.
func (f *ECS) RegisterTaskDefinition(ctx context.Context, input json.RawMessage) (string, error) {
	if err := f.begin(ctx, "RegisterTaskDefinition"); err != nil {
		return "", err
	}
	defer f.Mu.Unlock()
	if err := takes("RegisterTaskDefinitionRequest", input); err != nil {
		return "", err
	}
	return f.Register(input), f.answer("RegisterTaskDefinition")
}

// Register keeps a revision as DescribeTaskDefinition answers it: with what only answers
// have, and with a member that AWS added yesterday.
func (f *ECS) Register(input json.RawMessage) string {
	var in struct{ Family string }
	record := map[string]any{}
	if err := errors.Join(json.Unmarshal(input, &in), json.Unmarshal(input, &record)); err != nil {
		panic(err)
	}
	revision := 1
	for _, d := range f.Definitions {
		if d.Family == in.Family {
			revision++
		}
	}
	arn := fmt.Sprintf("arn:aws:ecs:r:1:task-definition/%s:%d", in.Family, revision)
	maps.Copy(record, map[string]any{
		"taskDefinitionArn": arn, "revision": revision, "status": "ACTIVE", "compatibilities": []string{"EC2", "FARGATE"},
		"requiresAttributes": []any{map[string]string{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}},
		"registeredAt":       1.5, "registeredBy": "arn:aws:iam::1:root", "addedYesterday": true,
	})
	f.Definitions = append(f.Definitions, ecs.TaskDefinition{ARN: arn, Family: in.Family, Revision: revision, Status: "ACTIVE", Record: raw(record)})
	return arn
}

// tasksPerCall is what ListTasks and DescribeTasks answer at most; their client makes as many
// calls as it takes.
const tasksPerCall = 100

// ListTasks implements deploy.Tasks.
func (f *ECS) ListTasks(ctx context.Context, _ string, filter ecs.TaskFilter) ([]string, error) {
	if err := f.begin(ctx, "ListTasks"); err != nil {
		return nil, err
	}
	defer f.Mu.Unlock()
	var arns []string
	for _, t := range f.Tasks {
		family, _, _ := strings.Cut(ecs.LastPart(t.TaskDefinition), ":")
		if (filter.Service == "" || t.Group == "service:"+filter.Service) && (filter.Family == "" || family == filter.Family) && t.DesiredStatus == filter.DesiredStatus {
			arns = append(arns, t.ARN)
		}
	}
	if filter.AtMost > 0 {
		arns = arns[:min(len(arns), filter.AtMost/tasksPerCall*tasksPerCall+tasksPerCall)]
	}
	f.Calls["ListTasks"] += (max(len(arns), 1) - 1) / tasksPerCall
	return arns, nil
}

// DescribeTasks implements deploy.Tasks.
func (f *ECS) DescribeTasks(ctx context.Context, _ string, arns []string) ([]ecs.Task, error) {
	if err := f.begin(ctx, "DescribeTasks"); err != nil {
		return nil, err
	}
	defer f.Mu.Unlock()
	f.Calls["DescribeTasks"] += (len(arns) - 1) / tasksPerCall
	var tasks []ecs.Task
	wanted := map[string]bool{}
	for _, arn := range arns {
		wanted[arn] = true
	}
	for _, t := range f.Tasks {
		if wanted[t.ARN] {
			t.Containers = slices.Clone(t.Containers) // what was answered does not change any more
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}

// TagResource implements deploy.Tags.
func (f *ECS) TagResource(ctx context.Context, arn string, tags map[string]string) error {
	if err := f.begin(ctx, "TagResource"); err != nil {
		return err
	}
	defer f.Mu.Unlock()
	for k, v := range tags {
		f.Services[ecs.LastPart(arn)].Tags[k] = v
	}
	return nil
}

// UntagResource implements deploy.Tags.
func (f *ECS) UntagResource(ctx context.Context, arn string, keys []string) error {
	if err := f.begin(ctx, "UntagResource"); err != nil {
		return err
	}
	defer f.Mu.Unlock()
	for _, k := range keys {
		delete(f.Services[ecs.LastPart(arn)].Tags, k)
	}
	return nil
}

// Changes lists the changing calls that were made.
func (f *ECS) Changes() string {
	var made []string
	for _, op := range []string{"RegisterTaskDefinition", "CreateService", "UpdateService", "TagResource", "UntagResource"} {
		if n := f.Calls[op]; n > 0 {
			made = append(made, fmt.Sprintf("%s %d", op, n))
		}
	}
	return strings.Join(made, ", ")
}

var _ deploy.ECS = (*ECS)(nil)
