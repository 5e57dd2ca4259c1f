package events

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// target is where a rule sends events.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
type target struct {
	ID         string            `json:"Id"`
	ARN        string            `json:"Arn"`
	RoleARN    string            `json:"RoleArn,omitempty"`
	Input      string            `json:",omitempty"`
	InputPath  string            `json:",omitempty"`
	DeadLetter *deadLetterConfig `json:"DeadLetterConfig,omitempty"`
	Retry      *retryPolicy      `json:"RetryPolicy,omitempty"`
}

type deadLetterConfig struct {
	ARN string `json:"Arn,omitempty"`
}

// retryPolicy says how long a delivery is tried again. Here none is: what fails, fails for good.
type retryPolicy struct {
	MaximumRetryAttempts     *int `json:",omitempty"`
	MaximumEventAgeInSeconds *int `json:",omitempty"`
}

// wanted is a target with those members that the sandbox does not have.
type wanted struct {
	target
	InputTransformer            json.RawMessage
	KinesisParameters           json.RawMessage
	RunCommandParameters        json.RawMessage
	EcsParameters               json.RawMessage
	BatchParameters             json.RawMessage
	SqsParameters               json.RawMessage
	HTTPParameters              json.RawMessage `json:"HttpParameters"`
	RedshiftDataParameters      json.RawMessage
	SageMakerPipelineParameters json.RawMessage
	AppSyncParameters           json.RawMessage
}

// service returns what a target is: sqs, events or something else.
func (t target) parts() (service string, scope wire.Scope, ok bool) {
	parts := strings.SplitN(t.ARN, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[5] == "" {
		return "", scope, false
	}
	return parts[2], wire.Scope{Account: parts[4], Region: parts[3]}, true
}

var targetID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`) })

// check refuses a target of a rule that AWS would not take, or that the sandbox does not have.
func (t wanted) check(r *rule) error {
	service, scope, ok := t.parts()
	elsewhere := scope != r.Scope
	switch {
	case !targetID().MatchString(t.ID):
		return wire.InvalidMember(invalid, t.ID, "targets.1.member.id", `satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	case !ok:
		return wire.Errorf(invalid, "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.ARN)
	case service != "sqs" && service != "events":
		return wire.Errorf(invalid, "The sandbox has no targets of %s: a target is a queue or an event bus.", service)
	case service == "sqs" && strings.HasSuffix(t.ARN, ".fifo"), len(t.SqsParameters) > 0:
		return lacks("FIFO queues")
	case t.others():
		return lacks("input transformers and parameters of other targets than queues")
	case service == "sqs" && scope.Region != r.Scope.Region:
		return wire.Errorf(invalid, "Parameter %s is not valid. Reason: Provided Arn is not in the rule's region.", t.ARN)
	case elsewhere && t.RoleARN == "":
		return wire.Errorf(invalid, "RoleArn is required for target %s.", t.ARN)
	case t.RoleARN != "" && !strings.HasPrefix(t.RoleARN, "arn:aws:iam::"+r.Scope.Account+":role/"):
		return wire.Errorf(invalid, "Parameter %s is not valid. Reason: Provided role is not of the rule's account.", t.RoleARN)
	case service == "events" && !strings.Contains(t.ARN, ":event-bus/"):
		return wire.Errorf(invalid, "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.ARN)
	case service == "events" && t.Input+t.InputPath != "":
		return wire.Errorf(invalid, "Input and InputPath are not supported for target %s.", t.ARN)
	case t.Input != "" && t.InputPath != "":
		return wire.Errorf(invalid, "Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.ID)
	case t.Input != "" && !json.Valid([]byte(t.Input)):
		return wire.Errorf(invalid, "JSON syntax error in input for target %s : %s", t.ID, t.Input)
	case t.InputPath != "" && !inputPath().MatchString(t.InputPath):
		return wire.Errorf(invalid, "Invalid InputPath for target %s : %s", t.ID, t.InputPath)
	}
	return t.checkFailing(r)
}

// others reports whether a member is set that the sandbox does not have.
func (t wanted) others() bool {
	return slices.ContainsFunc([]json.RawMessage{
		t.InputTransformer, t.KinesisParameters, t.RunCommandParameters, t.EcsParameters, t.BatchParameters, t.HTTPParameters,
		t.RedshiftDataParameters, t.SageMakerPipelineParameters, t.AppSyncParameters,
	}, func(m json.RawMessage) bool { return len(m) > 0 })
}

// checkFailing looks at what is to happen with what cannot be delivered.
func (t wanted) checkFailing(r *rule) error {
	outside := func(n *int, least, most int) bool { return n != nil && (*n < least || *n > most) }
	if t.DeadLetter != nil && t.DeadLetter.ARN != "" && !strings.HasPrefix(t.DeadLetter.ARN, "arn:aws:sqs:"+r.Scope.Region+":") {
		return wire.Errorf(invalid, "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.DeadLetter.ARN)
	}
	if t.Retry != nil && (outside(t.Retry.MaximumRetryAttempts, 0, 185) || outside(t.Retry.MaximumEventAgeInSeconds, 60, 86400)) {
		return wire.Errorf(invalid, "RetryPolicy of target %s is not valid: MaximumRetryAttempts is between 0 and 185, MaximumEventAgeInSeconds between 60 and 86400.", t.ID)
	}
	return nil
}

type putTargetsInput struct {
	Rule         string
	EventBusName string
	Targets      []wanted
}

type failedEntries struct {
	FailedEntryCount int
	FailedEntries    []failedEntry
}

type failedEntry struct {
	TargetID     string `json:"TargetId"`
	ErrorCode    string
	ErrorMessage string
}

const (
	maxTargets        = 5
	maxTargetsRequest = 10
)

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
func (c call) putTargets(in putTargetsInput) (failedEntries, error) {
	out := failedEntries{FailedEntries: []failedEntry{}}
	_, r, err := c.rule(in.Rule, in.EventBusName)
	if err != nil {
		return out, err
	}
	if len(in.Targets) == 0 || len(in.Targets) > maxTargetsRequest {
		return out, wire.InvalidMember(invalid, fmt.Sprint(len(in.Targets)), "targets", "have length between 1 and 10")
	}
	all := slices.Clone(r.Targets)
	for _, t := range in.Targets {
		if err := t.check(r); err != nil {
			return out, err
		}
		if i := slices.IndexFunc(all, func(there target) bool { return there.ID == t.ID }); i >= 0 {
			all[i] = t.target
		} else {
			all = append(all, t.target)
		}
	}
	if len(all) > maxTargets {
		return out, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	r.Targets = all
	return out, nil
}

type removeTargetsInput struct {
	Rule         string
	EventBusName string
	IDs          []string `json:"Ids"`
	Force        bool
}

func (c call) removeTargets(in removeTargetsInput) (failedEntries, error) {
	out := failedEntries{FailedEntries: []failedEntry{}}
	_, r, err := c.rule(in.Rule, in.EventBusName)
	if err != nil {
		return out, err
	}
	for _, id := range in.IDs {
		i := slices.IndexFunc(r.Targets, func(t target) bool { return t.ID == id })
		if i < 0 {
			out.FailedEntryCount++
			out.FailedEntries = append(out.FailedEntries, failedEntry{id, "ResourceNotFoundException", "Rule " + r.Name + " does not have target " + id + "."})
			continue
		}
		r.Targets = slices.Delete(slices.Clone(r.Targets), i, i+1)
	}
	return out, nil
}

type listTargetsInput struct {
	pageInput
	Rule         string
	EventBusName string
}

type listTargetsOutput struct {
	Targets   []target
	NextToken string `json:",omitempty"`
}

func (c call) listTargets(in listTargetsInput) (listTargetsOutput, error) {
	_, r, err := c.rule(in.Rule, in.EventBusName)
	if err != nil {
		return listTargetsOutput{}, err
	}
	shown, next, err := page(in.pageInput, r.Targets)
	return listTargetsOutput{append([]target{}, shown...), next}, err
}

// inputPath is what of JSONPath targets take here: names behind dots.
var inputPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\$(\.[A-Za-z0-9_-]+)*$`) })

// body returns what a target is sent of an event.
func (t target) body(event []byte) string {
	if t.Input != "" {
		return t.Input
	}
	body := json.RawMessage(event)
	for _, name := range strings.Split(t.InputPath, ".")[1:] {
		var at map[string]json.RawMessage
		if json.Unmarshal(body, &at) != nil || at[name] == nil {
			return "{}"
		}
		body = at[name]
	}
	return string(body)
}
