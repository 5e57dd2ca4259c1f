package hint

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// Parse returns the hints of an event of EventBridge, as a queue or a function gets it, also where it
// came by a topic of SNS. Of one that nobody knows it is a hint if it names a repository or a service,
// and none otherwise. An error says that the text is no event at all.
func Parse(body []byte) ([]Hint, error) {
	e, err := readEvent(body)
	if err != nil {
		return nil, err
	}
	switch {
	case e.DetailType == "Scheduled Event":
		return []Hint{{ID: e.ID, Source: e.source(), Kind: Tick, At: e.at()}}, nil
	case e.Detail.failed():
		return nil, nil
	}
	if images := e.images(); len(images) > 0 {
		return images, nil
	}
	return e.service(), nil
}

// event is what all events have in common.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
type event struct {
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Region     string   `json:"region"`
	Time       string   `json:"time"`
	Resources  []string `json:"resources"`
	Detail     detail   `json:"detail"`
}

// detail is what details of events have that says where to look. The names of those of ECR and ECS,
// and Inspector's, do not collide.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
type detail struct {
	Result     string   `json:"result"`      // of a push, a deletion, a replication
	Sync       string   `json:"sync-status"` // of a pull through cache
	Repository string   `json:"repository-name"`
	Digest     string   `json:"image-digest"`
	Tag        string   `json:"image-tag"`
	Tags       []string `json:"image-tags"`
	Resources  []struct {
		ID string `json:"id"`
	} `json:"resources"` // of a finding

	EventName         string `json:"eventName"`
	ClusterARN        string `json:"clusterArn"`
	ServiceARN        string `json:"serviceArn"`
	DeploymentID      string `json:"deploymentId"`
	ServiceDeployment string `json:"serviceDeploymentArn"`
	Group             string `json:"group"`     // of a task: service:NAME, family:NAME
	StartedBy         string `json:"startedBy"` // of a task: the id of a deployment
	LifecycleStage    string `json:"lifecycleStage"`
	HookType          string `json:"hookType"`
	ExpiresAt         string `json:"expiresAt"`
}

func readEvent(body []byte) (event, error) {
	var wrapped struct{ Type, Message string } // https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
	if decode(body, &wrapped) == nil && wrapped.Type == "Notification" && wrapped.Message != "" {
		body = []byte(wrapped.Message)
	}
	var e event
	if err := decode(body, &e); err != nil {
		return event{}, fmt.Errorf("reading an event of EventBridge: %w", err)
	}
	if e.DetailType == "" || e.Source == "" {
		return event{}, errors.New("reading an event of EventBridge: there is no detail-type or no source")
	}
	return e, nil
}

// decode reads an object of others, of which a member may be of a kind that nobody knows: it is left out.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	var other *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &other):
		return err
	case other.Field == "":
		return errors.New("it is not an object")
	default:
		return nil
	}
}

// failed reports whether an event says that nothing came of what it tells.
func (d detail) failed() bool {
	bad := []string{"FAILURE", "FAILED"}
	return slices.Contains(bad, d.Result) || slices.Contains(bad, d.Sync)
}

// at returns when it happened; the zero time where the event has no time that exists.
func (e event) at() time.Time { return timeOf(e.Time) }

func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// source returns the source of hints, of which there are few.
func (e event) source() string {
	switch e.Source {
	case "aws.ecr":
		return "ecr"
	case "aws.ecs":
		return "ecs"
	case "aws.inspector2":
		return "inspector"
	case "aws.events", "aws.scheduler":
		return "schedule"
	default:
		return "event"
	}
}

// imageKind returns what an event says happened to a repository.
func (e event) imageKind() Kind {
	switch {
	case e.DetailType == "ECR Replication Action", e.DetailType == "ECR Pull Through Cache Action":
		return Replicated
	case e.DetailType == "ECR Image Scan", e.Source == "aws.inspector2":
		return Scanned
	default:
		return Pushed
	}
}

// images returns a hint for each repository that an event names.
func (e event) images() []Hint {
	var all []Hint
	add := func(r repository) {
		h := Hint{
			ID: e.ID, Source: e.source(), Kind: e.imageKind(), At: e.at(),
			Registry: r.host(), Repository: r.name, Digest: cmp.Or(r.digest, digestOf(e.Detail.Digest)), Tag: e.tag(),
		}
		if !slices.ContainsFunc(all, func(o Hint) bool { return o.Registry == h.Registry && o.Repository == h.Repository }) {
			all = append(all, h)
		}
	}
	names := slices.Clone(e.Resources)
	for _, r := range e.Detail.Resources {
		names = append(names, r.ID)
	}
	for _, name := range append(names, e.Detail.Repository) { // Inspector's repository-name is an ARN
		if r, ok := parseRepository(name); ok {
			add(r)
		}
	}
	if len(all) == 0 && tagboat.ValidRepository(e.Detail.Repository) {
		add(repository{account: e.Account, region: e.Region, name: e.Detail.Repository})
	}
	return all
}

// tag returns the tags of an event that are tags, for people.
func (e event) tag() string {
	tags := slices.DeleteFunc(append([]string{e.Detail.Tag}, e.Detail.Tags...), func(tag string) bool { return !tagboat.ValidTag(tag) })
	return strings.Join(tags, ", ")
}

func digestOf(text string) tagboat.Digest {
	digest, err := tagboat.ParseDigest(text)
	if err != nil {
		return ""
	}
	return digest
}

// service returns the hint of an event about a service or one of its tasks. A task that somebody
// started alone is of no service.
func (e event) service() []Hint {
	h := Hint{ID: e.ID, Source: e.source(), Kind: Deployment, At: e.at(), Account: e.Account, Region: e.Region}
	for _, name := range append(slices.Clone(e.Resources), e.Detail.ServiceDeployment, e.Detail.ServiceARN) {
		if s, ok := parseService(name); ok {
			h.Account, h.Region, h.Service, h.Cluster = s.account, s.region, s.name, s.cluster
			h.Deployment = s.deployment
		}
	}
	if name, ok := strings.CutPrefix(e.Detail.Group, "service:"); ok && validName(name) {
		h.Kind, h.Service, h.Deployment = Task, name, e.Detail.StartedBy
	}
	if h.Service == "" {
		return nil
	}
	if cluster := parseCluster(e.Detail.ClusterARN); cluster != "" {
		h.Cluster = cluster
	}
	if e.Detail.DeploymentID != "" {
		h.Deployment = e.Detail.DeploymentID
	}
	h.Text = e.waits(h)
	return []Hint{h}
}

// waits returns what people should know of a pause hook that waits for them.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html
func (e event) waits(h Hint) string {
	if e.DetailType != "ECS Hook State Change" || e.Detail.EventName != "HOOK_AWAITING_ACTION" || e.Detail.HookType != "PAUSE" {
		return ""
	}
	text := fmt.Sprintf("the deployment of the service %s in the cluster %s waits in a pause hook", h.Service, h.Cluster)
	if validName(e.Detail.LifecycleStage) {
		text += " at " + e.Detail.LifecycleStage
	}
	if until := timeOf(e.Detail.ExpiresAt); !until.IsZero() {
		text += " until " + until.Format(time.RFC3339)
	}
	return text
}
