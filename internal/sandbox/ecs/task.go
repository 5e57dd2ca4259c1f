package ecs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const (
	desiredRunning = "RUNNING"
	desiredStopped = "STOPPED"
)

type listTasksIn struct {
	paging
	Cluster, ServiceName, Family, StartedBy, DesiredStatus, LaunchType, ContainerInstance string
}

type listTasksOut struct {
	ARNs      []string `json:"taskArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

// listTasks answers tasks that are to run unless asked for stopped ones.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
func (c call) listTasks(in listTasksIn) (listTasksOut, error) {
	filter, err := c.taskFilter(in)
	if err != nil {
		return listTasksOut{}, err
	}
	arns := []string{}
	for _, t := range c.engine.Tasks(filter) {
		if in.ContainerInstance == "" || t.Instance != "" && lastPart(t.Instance) == lastPart(in.ContainerInstance) {
			arns = append(arns, t.ARN)
		}
	}
	arns, next, err := pageOfNames(in.paging, arns)
	return listTasksOut{ARNs: arns, NextToken: next}, err
}

func (c call) taskFilter(in listTasksIn) (rollout.TaskFilter, error) {
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return rollout.TaskFilter{}, err
	}
	filter := rollout.TaskFilter{
		ClusterARN: cluster.ARN, Family: in.Family, StartedBy: in.StartedBy,
		LaunchType: in.LaunchType, DesiredStatus: in.DesiredStatus,
	}
	switch in.DesiredStatus {
	case "":
		filter.DesiredStatus = desiredRunning
	case desiredRunning, desiredStopped, "PENDING": // ECS never sets PENDING, so it finds nothing
	default:
		return filter, invalidParameter("desired status should be one of [RUNNING,PENDING,STOPPED]")
	}
	if in.StartedBy != "" && (in.ServiceName != "" || in.Family != "" || in.ContainerInstance != "" || in.LaunchType != "") {
		return filter, invalidParameter("When you specify startedBy as the filter, it must be the only filter that you use.")
	}
	if in.ServiceName != "" {
		s := c.service(cluster, in.ServiceName)
		if s == nil {
			return filter, serviceNotFound()
		}
		filter.ServiceARN = s.Spec.ARN
	}
	return filter, nil
}

type describeTasksIn struct {
	clusterIn
	Tasks, Include []string
}

type describeTasksOut struct {
	Tasks    []taskRecord `json:"tasks"`
	Failures []failure    `json:"failures"`
}

func (c call) describeTasks(cluster *cluster, in describeTasksIn) (describeTasksOut, error) {
	out := describeTasksOut{Tasks: []taskRecord{}, Failures: []failure{}}
	if err := checkBatch("Tasks", in.Tasks, 100); err != nil {
		return out, err
	}
	for _, id := range in.Tasks {
		if err := checkTaskID(id); err != nil {
			return out, err
		}
	}
	for _, id := range in.Tasks {
		arn := c.taskARN(cluster, id)
		if t := c.engine.Task(arn); t != nil && t.ClusterARN == cluster.ARN {
			out.Tasks = append(out.Tasks, c.taskRecord(t, in.Include))
			continue
		}
		out.Failures = append(out.Failures, missing(arn))
	}
	return out, nil
}

// taskARN returns the ARN of a task that is named by it or by its id.
func (r *region) taskARN(cluster *cluster, id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return r.scope.ARN("ecs", "task/"+cluster.Name+"/"+id)
}

// task finds the task that a call is about.
func (r *region) task(cluster *cluster, id string) (*rollout.Task, error) {
	if err := checkTaskID(id); err != nil {
		return nil, err
	}
	t := r.engine.Task(r.taskARN(cluster, id))
	if t == nil || t.ClusterARN != cluster.ARN {
		return nil, invalidParameter("The referenced task was not found.")
	}
	return t, nil
}

// checkTaskID tells an id, or an ARN that ends in one, from what is neither: ids have 32
// hex digits, or were UUIDs once.
func checkTaskID(id string) error {
	if n := len(lastPart(id)); n != 32 && n != 36 {
		return invalidParameter("taskId length should be one of [32,36]")
	}
	return nil
}

// taskRecord is the Task structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
type taskRecord struct {
	ARN                string                       `json:"taskArn"`
	ClusterARN         string                       `json:"clusterArn"`
	TaskDefinition     string                       `json:"taskDefinitionArn"`
	Group              string                       `json:"group"`
	StartedBy          string                       `json:"startedBy,omitempty"`
	LaunchType         string                       `json:"launchType,omitempty"`
	CapacityProvider   string                       `json:"capacityProviderName,omitempty"`
	PlatformVersion    string                       `json:"platformVersion,omitempty"`
	PlatformFamily     string                       `json:"platformFamily,omitempty"`
	AvailabilityZone   string                       `json:"availabilityZone"`
	ContainerInstance  string                       `json:"containerInstanceArn,omitempty"`
	LastStatus         string                       `json:"lastStatus"`
	DesiredStatus      string                       `json:"desiredStatus"`
	Health             string                       `json:"healthStatus"`
	StopCode           string                       `json:"stopCode,omitempty"`
	StoppedReason      string                       `json:"stoppedReason,omitempty"`
	Connectivity       string                       `json:"connectivity,omitempty"`
	ConnectivityAt     wire.Time                    `json:"connectivityAt,omitzero"`
	CPU                string                       `json:"cpu,omitempty"`
	Memory             string                       `json:"memory,omitempty"`
	EphemeralStorage   *definition.EphemeralStorage `json:"ephemeralStorage,omitempty"`
	Containers         []containerRecord            `json:"containers"`
	Attachments        []attachment                 `json:"attachments"`
	Attributes         []nameValue                  `json:"attributes"`
	Overrides          json.RawMessage              `json:"overrides"`
	Exec               bool                         `json:"enableExecuteCommand"`
	Version            int                          `json:"version"`
	CreatedAt          wire.Time                    `json:"createdAt"`
	PullStartedAt      wire.Time                    `json:"pullStartedAt,omitzero"`
	PullStoppedAt      wire.Time                    `json:"pullStoppedAt,omitzero"`
	StartedAt          wire.Time                    `json:"startedAt,omitzero"`
	StoppingAt         wire.Time                    `json:"stoppingAt,omitzero"`
	ExecutionStoppedAt wire.Time                    `json:"executionStoppedAt,omitzero"`
	StoppedAt          wire.Time                    `json:"stoppedAt,omitzero"`
	Tags               []tag                        `json:"tags"`
}

type containerRecord struct {
	ARN               string             `json:"containerArn"`
	TaskARN           string             `json:"taskArn"`
	Name              string             `json:"name"`
	Image             string             `json:"image"`
	Digest            string             `json:"imageDigest,omitempty"`
	RuntimeID         string             `json:"runtimeId,omitempty"`
	LastStatus        string             `json:"lastStatus"`
	Health            string             `json:"healthStatus"`
	ExitCode          *int               `json:"exitCode,omitempty"`
	Reason            string             `json:"reason,omitempty"`
	CPU               string             `json:"cpu"`
	Memory            string             `json:"memory,omitempty"`
	MemoryReservation string             `json:"memoryReservation,omitempty"`
	NetworkBindings   []networkBinding   `json:"networkBindings"`
	NetworkInterfaces []networkInterface `json:"networkInterfaces"`
}

type networkBinding struct {
	BindIP        string `json:"bindIP"`
	ContainerPort int    `json:"containerPort"`
	HostPort      int    `json:"hostPort"`
	Protocol      string `json:"protocol"`
}

type networkInterface struct {
	AttachmentID string `json:"attachmentId"`
	Address      string `json:"privateIpv4Address"`
}

func (r *region) taskRecord(t *rollout.Task, include []string) taskRecord {
	content, members := r.startedWith(t)
	record := taskRecord{
		ARN: t.ARN, ClusterARN: t.ClusterARN, TaskDefinition: t.TaskDefinition,
		Group: t.Group, StartedBy: t.StartedBy, LaunchType: t.LaunchType, CapacityProvider: t.CapacityProvider,
		AvailabilityZone: cmp.Or(t.Zone, r.zone(0)), ContainerInstance: t.Instance,
		LastStatus: t.LastStatus, DesiredStatus: t.DesiredStatus, Health: t.Health,
		StopCode: t.StopCode, StoppedReason: t.StoppedReason,
		CPU: definition.CPUUnits(cmp.Or(members.CPU, content.CPU)), Memory: definition.MemoryMiB(cmp.Or(members.Memory, content.Memory)),
		Containers: []containerRecord{}, Attachments: []attachment{},
		Attributes: []nameValue{{Name: "ecs.cpu-architecture", Value: content.Architecture()}},
		Overrides:  r.overridesOf(content, members), Exec: members.Exec, Version: t.Version,
		CreatedAt: wire.At(t.CreatedAt), PullStartedAt: wire.At(t.PullStartedAt), PullStoppedAt: wire.At(t.PullStoppedAt),
		StartedAt: wire.At(t.StartedAt), StoppingAt: wire.At(t.StoppingAt),
		ExecutionStoppedAt: wire.At(t.ExecutionStoppedAt), StoppedAt: wire.At(t.StoppedAt),
		Tags: r.taskTags(t, include),
	}
	if !t.PullStartedAt.IsZero() {
		record.Connectivity, record.ConnectivityAt = "CONNECTED", wire.At(t.PullStartedAt)
	}
	if t.LaunchType == definition.Fargate {
		record.PlatformVersion, record.PlatformFamily = t.PlatformVersion, "Linux"
		record.EphemeralStorage = &definition.EphemeralStorage{SizeInGiB: 20}
	}
	if content.NetworkMode == "awsvpc" {
		record.Attachments = append(record.Attachments, networkAttachment(r.scope.Region, t))
	}
	for i := range t.Containers {
		record.Containers = append(record.Containers, containerRecordOf(t, &t.Containers[i], content))
	}
	return record
}

// startedWith returns the definition that a task runs and what it was started with; the
// service says that for its tasks.
func (r *region) startedWith(t *rollout.Task) (*definition.Task, taskMembers) {
	var members taskMembers
	if s := r.engine.Service(t.ServiceARN); s != nil {
		members.Exec = r.settingsOf(s).Other.Exec
	} else if len(t.Other) > 0 {
		_ = json.Unmarshal(t.Other, &members) // runSpec encoded it
	}
	d := r.taskDefinition(t.TaskDefinition)
	if d == nil {
		return &definition.Task{}, members
	}
	return d.content(), members
}

func containerRecordOf(t *rollout.Task, c *rollout.Container, content *definition.Task) containerRecord {
	record := containerRecord{
		ARN: c.ARN, TaskARN: t.ARN, Name: c.Name, Image: c.Image, Digest: c.Digest, RuntimeID: c.RuntimeID,
		LastStatus: c.LastStatus, Health: c.Health, Reason: c.Reason, CPU: "0",
		NetworkBindings: []networkBinding{}, NetworkInterfaces: []networkInterface{},
	}
	if c.LastStatus != "PENDING" {
		for _, p := range c.Ports {
			record.NetworkBindings = append(record.NetworkBindings, networkBinding{"0.0.0.0", p.Container, p.Host, p.Protocol})
		}
	}
	if c.ExitCode != nil {
		record.ExitCode = new(*c.ExitCode)
	}
	if definition := content.Container(c.Name); definition != nil {
		record.CPU = strconv.Itoa(definition.CPU)
		record.Memory, record.MemoryReservation = intText(definition.Memory), intText(definition.MemoryReservation)
	}
	if content.NetworkMode == "awsvpc" && t.IP != "" {
		record.NetworkInterfaces = []networkInterface{{AttachmentID: attachmentID(t), Address: t.IP}}
	}
	return record
}

func intText(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// attachment is the Attachment structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attachment.html
type attachment struct {
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Status  string      `json:"status"`
	Details []nameValue `json:"details"`
}

// networkAttachment shows the task's network interface. Its ids follow from the task's.
func networkAttachment(region string, t *rollout.Task) attachment {
	a := attachment{ID: attachmentID(t), Type: "ElasticNetworkInterface", Status: "ATTACHED", Details: []nameValue{}}
	switch t.LastStatus {
	case "PROVISIONING":
		a.Status = "PRECREATED"
	case "STOPPED":
		a.Status = "DELETED"
	}
	if t.Subnet != "" {
		a.Details = append(a.Details, nameValue{"subnetId", t.Subnet})
	}
	if t.IP == "" || a.Status == "PRECREATED" {
		return a
	}
	sum := sha256.Sum256([]byte(t.ARN))
	return attachment{ID: a.ID, Type: a.Type, Status: a.Status, Details: append(a.Details,
		nameValue{"networkInterfaceId", "eni-0" + hex.EncodeToString(sum[:8])},
		nameValue{"macAddress", fmt.Sprintf("06:%02x:%02x:%02x:%02x:%02x", sum[8], sum[9], sum[10], sum[11], sum[12])},
		nameValue{"privateDnsName", "ip-" + strings.ReplaceAll(t.IP, ".", "-") + "." + region + ".compute.internal"},
		nameValue{"privateIPv4Address", t.IP},
	)}
}

func attachmentID(t *rollout.Task) string {
	sum := sha256.Sum256([]byte("attachment of " + t.ARN))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
