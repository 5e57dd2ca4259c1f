package cloudformation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// stack is one stack with all that ever happened to it.
type stack struct {
	Scope           wire.Scope
	Name            string
	ID              string // ARN
	Status          string
	Reason          string
	Created         time.Time
	Updated         time.Time
	Deleted         time.Time
	DisableRollback bool
	Spec            spec // what runs, or is to run
	Outputs         []outputView
	Imports         []string // names of exports
	Resources       map[string]*resource
	Events          []eventView // oldest first
	ChangeSets      []*changeSet
	ChangeSet       string      // ARN of the one that was executed last
	Work            *work       // what goes on; nil between operations
	Stuck           *work       // a rollback that failed
	Leftover        []*resource // what the next cleanup removes
}

// resource is one resource of a stack as it stands.
type resource struct {
	Logical    string
	Type       string
	Physical   string
	Status     string
	Reason     string
	At         time.Time
	Shape      map[string]any // properties with dynamic references as they are written
	Properties map[string]any // properties with dynamic references resolved
	Attributes map[string]string
	Metadata   any
	Needs      []string
	OnDelete   string // DeletionPolicy
	OnReplace  string // UpdateReplacePolicy
	Deployment string // of a service: the one that is waited for
	Request    *customRequest
	Keep       bool // where it is left over: it stays
}

type tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

type parameterView struct {
	Key      string `json:"ParameterKey"`
	Value    string `json:"ParameterValue"`
	Resolved string `json:"ResolvedValue,omitempty"`
}

type outputView struct {
	Key         string `json:"OutputKey"`
	Value       string `json:"OutputValue"`
	Description string `json:"Description,omitempty"`
	Export      string `json:"ExportName,omitempty"`
}

type eventView struct {
	StackID    string    `json:"StackId"`
	ID         string    `json:"EventId"`
	StackName  string    `json:"StackName"`
	Logical    string    `json:"LogicalResourceId"`
	Physical   string    `json:"PhysicalResourceId"`
	Type       string    `json:"ResourceType"`
	At         wire.Time `json:"Timestamp"`
	Status     string    `json:"ResourceStatus"`
	Reason     string    `json:"ResourceStatusReason,omitempty"`
	Properties string    `json:"ResourceProperties,omitempty"`
	Token      string    `json:"ClientRequestToken,omitempty"`
}

type drift struct {
	Status string `json:"StackDriftStatus"`
}

type stackView struct {
	ID              string          `json:"StackId"`
	Name            string          `json:"StackName"`
	ChangeSet       string          `json:"ChangeSetId,omitempty"`
	Description     string          `json:"Description,omitempty"`
	Parameters      []parameterView `json:"Parameters,omitempty"`
	Created         wire.Time       `json:"CreationTime"`
	Deleted         wire.Time       `json:"DeletionTime,omitzero"`
	Updated         wire.Time       `json:"LastUpdatedTime,omitzero"`
	Rollback        struct{}        `json:"RollbackConfiguration"`
	Status          string          `json:"StackStatus"`
	Reason          string          `json:"StackStatusReason,omitempty"`
	DisableRollback bool            `json:"DisableRollback"`
	Notifications   []string        `json:"NotificationARNs"`
	Capabilities    []string        `json:"Capabilities,omitempty"`
	Outputs         []outputView    `json:"Outputs,omitempty"`
	Tags            []tag           `json:"Tags"`
	Protected       bool            `json:"EnableTerminationProtection"`
	Drift           drift           `json:"DriftInformation"`
}

func (st *stack) view() stackView {
	return stackView{
		ID: st.ID, Name: st.Name, ChangeSet: st.ChangeSet, Description: st.Spec.Description, Parameters: st.Spec.parameters(),
		Created: wire.At(st.Created), Deleted: wire.At(st.Deleted), Updated: wire.At(st.Updated), Status: st.Status, Reason: st.Reason,
		DisableRollback: st.DisableRollback, Notifications: []string{}, Capabilities: st.Spec.Capabilities, Outputs: st.Outputs,
		Tags: append([]tag{}, st.Spec.Tags...), Drift: drift{"NOT_CHECKED"},
	}
}

// set changes the stack's status and reports it.
func (st *stack) set(at time.Time, status, reason string) {
	st.Status, st.Reason = status, reason
	token := ""
	if st.Work != nil {
		token = st.Work.Token
	}
	st.Events = append(st.Events, eventView{
		StackID: st.ID, ID: wire.NewID(), StackName: st.Name, Logical: st.Name, Physical: st.ID, Type: "AWS::CloudFormation::Stack",
		At: wire.At(at), Status: status, Reason: reason, Token: token,
	})
}

// tell changes the status of a resource and reports it.
func (st *stack) tell(r *resource, at time.Time, status, reason string) {
	r.Status, r.Reason, r.At = status, reason, at
	properties, _ := json.Marshal(st.Spec.masked(r.Properties)) // trees always encode
	token := ""
	if st.Work != nil {
		token = st.Work.Token
	}
	st.Events = append(st.Events, eventView{
		StackID: st.ID, ID: r.Logical + "-" + status + "-" + at.UTC().Format("2006-01-02T15:04:05.000Z"), StackName: st.Name, Logical: r.Logical,
		Physical: r.Physical, Type: r.Type, At: wire.At(at), Status: status, Reason: reason, Properties: string(properties), Token: token,
	})
}

// name returns a name for a resource that has none of its own.
func (st *stack) name(logical string) string {
	return st.Name + "-" + logical + "-" + strings.ToUpper(strings.ReplaceAll(wire.NewID(), "-", ""))[:12]
}

// inOrder returns the resources, each behind those that it needs.
func (st *stack) inOrder() []*resource {
	var order []*resource
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		r := st.Resources[name]
		if done[name] || r == nil {
			return
		}
		done[name] = true
		for _, other := range r.Needs {
			visit(other)
		}
		order = append(order, r)
	}
	for _, name := range slices.Sorted(maps.Keys(st.Resources)) {
		visit(name)
	}
	return order
}

// find returns the stack of a name or an ARN. Of stacks that were deleted only the ARN is known.
func (c call) find(nameOrID string) *stack {
	for _, st := range slices.Backward(c.stacks) {
		if st.Scope == c.caller.Scope && (st.ID == nameOrID || st.Name == nameOrID && st.Status != "DELETE_COMPLETE") {
			return st
		}
	}
	return nil
}

func (c call) named(nameOrID string) (*stack, error) {
	if st := c.find(nameOrID); st != nil {
		return st, nil
	}
	return nil, wire.Errorf(invalid, "Stack [%s] does not exist", nameOrID)
}

// spec is what a stack is to be: a template with values for its parameters.
type spec struct {
	Body         string
	Description  string
	Values       map[string]string // of parameters, as they were given
	Resolved     map[string]string // of those of Parameter Store
	Tags         []tag
	Capabilities []string
}

// template returns the template, which was good when it came in.
func (s spec) template() *template.Template {
	t, err := template.Parse(s.Body)
	if err != nil {
		return &template.Template{}
	}
	return t
}

// values returns what Ref answers for each parameter.
func (s spec) values() map[string]string {
	values := maps.Clone(s.Values)
	maps.Copy(values, s.Resolved)
	return values
}

// parameters returns the parameters as they are shown.
func (s spec) parameters() []parameterView {
	t := s.template()
	var all []parameterView
	for _, key := range slices.Sorted(maps.Keys(s.Values)) {
		p := parameterView{Key: key, Value: s.Values[key], Resolved: s.Resolved[key]}
		if declared := t.Parameters[key]; declared != nil && declared.NoEcho {
			p.Value, p.Resolved = "****", ""
		}
		all = append(all, p)
	}
	return all
}

// masked returns properties without the values of parameters that are not echoed.
func (s spec) masked(v any) any {
	var secrets []string
	for key, p := range s.template().Parameters {
		if value := s.values()[key]; p.NoEcho && value != "" {
			secrets = append(secrets, value, "****")
		}
	}
	return replaced(v, strings.NewReplacer(secrets...))
}

func replaced(v any, by *strings.Replacer) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = replaced(value, by)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range v {
			out = append(out, replaced(value, by))
		}
		return out
	case string:
		return by.Replace(v)
	}
	return v
}
