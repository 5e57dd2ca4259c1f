package cloudformation

import (
	"cmp"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// changeSet is a change set: what a stack is to be, with the values that parameters had when the
// change set was made, and what that changes.
type changeSet struct {
	ID          string
	Name        string
	Kind        string // create or update
	Description string
	Created     time.Time
	Status      string
	Execution   string
	Reason      string
	Token       string // ClientToken of the request
	Spec        spec
	Changes     []changeView
	Mode        string            // REVERT_DRIFT, or ""
	Overwrites  map[string]actual // of that mode: what is brought back, by resource
	Empty       bool              // nothing changes
	Due         time.Time         // when its status next changes; zero: never
}

// advance brings a change set to its end.
func (cs *changeSet) advance(now time.Time) {
	switch {
	case cs.Due.IsZero() || cs.Due.After(now):
		return
	case cs.Status == "CREATE_PENDING":
		cs.Status, cs.Due = "CREATE_IN_PROGRESS", cs.Due.Add(moment)
		cs.advance(now)
		return
	case cs.Empty:
		cs.Status, cs.Reason = "FAILED", "The submitted information didn't contain changes. Submit different information to create a change set."
	default:
		cs.Status, cs.Execution = "CREATE_COMPLETE", "AVAILABLE"
	}
	cs.Due = time.Time{}
}

type changeSetInput struct {
	Stack        string           `json:"StackName"`
	Name         string           `json:"ChangeSetName"`
	Kind         string           `json:"ChangeSetType"`
	Description  string           `json:"Description"`
	Body         string           `json:"TemplateBody"`
	Previous     bool             `json:"UsePreviousTemplate"`
	Parameters   []template.Given `json:"Parameters"`
	Capabilities []string         `json:"Capabilities"`
	Tags         []tag            `json:"Tags"`
	Token        string           `json:"ClientToken"`
	OnFailure    string           `json:"OnStackFailure"`
	Mode         string           `json:"DeploymentMode"`
}

type changeSetOutput struct {
	ID    string `json:"Id"`
	Stack string `json:"StackId"`
}

var changeSetName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`) })

// createChangeSet begins to make a change set. One of the type CREATE makes the stack, too.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
func (c call) createChangeSet(in changeSetInput) (changeSetOutput, error) {
	out := changeSetOutput{}
	if !changeSetName().MatchString(in.Name) {
		return out, wire.InvalidMember(invalid, in.Name, "changeSetName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
	}
	if in.OnFailure != "" && in.OnFailure != "ROLLBACK" {
		return out, wire.Errorf(invalid, "The sandbox does not have OnStackFailure %s", in.OnFailure)
	}
	st, isNew, err := c.stackFor(in)
	if err != nil {
		return out, err
	}
	switch cs := c.changeSet(st, in.Name); {
	case cs != nil && in.Token != "" && cs.Token == in.Token:
		return changeSetOutput{cs.ID, st.ID}, nil // the request was retried
	case cs != nil:
		return out, wire.Errorf("AlreadyExistsException", "ChangeSet %s already exists", in.Name)
	}
	before := st
	if st.Status == "REVIEW_IN_PROGRESS" {
		before = nil
	}
	wants, t, err := c.spec(wanted{in.Body, in.Previous, in.Parameters, in.Capabilities, in.Tags}, before)
	if err != nil {
		return out, err
	}
	cs := &changeSet{
		ID: c.caller.Scope.ARN("cloudformation", "changeSet/"+in.Name+"/"+wire.NewID()), Name: in.Name, Kind: "update", Description: in.Description, Token: in.Token,
		Created: c.now, Status: "CREATE_PENDING", Execution: "UNAVAILABLE", Spec: wants, Due: c.now.Add(moment),
	}
	if before == nil {
		cs.Kind = "create"
	}
	live, err := c.forMode(in.Mode, before)
	if err != nil {
		return out, err
	}
	if cs.Changes, err = c.plan(st, t, wants, live); err != nil {
		return out, err
	}
	cs.Mode, cs.Overwrites = in.Mode, overwritten(cs.Changes, live)
	cs.Empty = before != nil && len(cs.Changes) == 0 && !st.changes(wants, t)
	if isNew {
		c.stacks = append(c.stacks, st)
		st.set(c.now, "REVIEW_IN_PROGRESS", "User Initiated")
	}
	st.ChangeSets = append(st.ChangeSets, cs)
	return changeSetOutput{cs.ID, st.ID}, nil
}

// forMode returns what resources really are, where a change set is to compare with that.
func (c call) forMode(mode string, before *stack) (map[string]actual, error) {
	switch {
	case mode == "":
		return nil, nil
	case mode != revertDrift:
		return nil, wire.InvalidMember(invalid, mode, "deploymentMode", "satisfy enum value set: [REVERT_DRIFT]")
	case before == nil:
		return nil, wire.Errorf(invalid, "DeploymentMode REVERT_DRIFT is only supported for change sets of type UPDATE")
	}
	return c.live(before)
}

// stackFor returns the stack that a change set is for, which may be new.
func (c call) stackFor(in changeSetInput) (st *stack, isNew bool, err error) {
	st = c.find(in.Stack)
	switch kind := cmp.Or(in.Kind, "UPDATE"); {
	case kind == "CREATE" && st == nil:
		st, err = c.newStack(in.Stack, "REVIEW_IN_PROGRESS")
		return st, true, err
	case kind == "CREATE" && st.Status != "REVIEW_IN_PROGRESS":
		return nil, false, wire.Errorf(invalid, "Stack [%s] already exists and cannot be created again with the changeSet [%s].", in.Stack, in.Name)
	case kind == "UPDATE" && st == nil:
		return nil, false, wire.Errorf(invalid, "Stack [%s] does not exist", in.Stack)
	case kind == "UPDATE":
		return st, false, st.updatable()
	case kind != "CREATE":
		return nil, false, wire.Errorf(invalid, "The sandbox does not have ChangeSetType %s", kind)
	}
	return st, false, nil
}

// changeSet returns a stack's change set of a name or an ARN; nil for none.
func (c call) changeSet(st *stack, nameOrID string) *changeSet {
	for _, cs := range st.ChangeSets {
		if cs.ID == nameOrID || cs.Name == nameOrID {
			cs.advance(c.now)
			return cs
		}
	}
	return nil
}

type changeSetKey struct {
	Stack  string `json:"StackName"`
	Name   string `json:"ChangeSetName"`
	Token  string `json:"NextToken"`
	Values bool   `json:"IncludePropertyValues"`
}

// lookUp returns a change set with its stack.
func (c call) lookUp(key changeSetKey) (*stack, *changeSet, error) {
	for _, st := range c.stacks {
		if st.Scope != c.caller.Scope || key.Stack != "" && st != c.find(key.Stack) {
			continue
		}
		if cs := c.changeSet(st, key.Name); cs != nil && (key.Stack != "" || cs.ID == key.Name) {
			return st, cs, nil
		}
	}
	if key.Stack != "" && c.find(key.Stack) == nil {
		return nil, nil, wire.Errorf(invalid, "Stack [%s] does not exist", key.Stack)
	}
	return nil, nil, &wire.Error{Code: "ChangeSetNotFound", Message: "ChangeSet [" + key.Name + "] does not exist", Status: 404}
}

type changeSetView struct {
	changeSetSummary
	Parameters    []parameterView `json:"Parameters,omitempty"`
	Notifications []string        `json:"NotificationARNs"`
	Rollback      struct{}        `json:"RollbackConfiguration"`
	Capabilities  []string        `json:"Capabilities,omitempty"`
	Tags          []tag           `json:"Tags,omitempty"`
	Changes       []changeView    `json:"Changes"`
	Next          string          `json:"NextToken,omitempty"`
	Mode          string          `json:"DeploymentMode,omitempty"`
	Drift         string          `json:"StackDriftStatus,omitempty"`
}

type changeSetSummary struct {
	ID          string    `json:"ChangeSetId"`
	Name        string    `json:"ChangeSetName"`
	Stack       string    `json:"StackId"`
	StackName   string    `json:"StackName"`
	Description string    `json:"Description,omitempty"`
	Created     wire.Time `json:"CreationTime"`
	Execution   string    `json:"ExecutionStatus"`
	Status      string    `json:"Status"`
	Reason      string    `json:"StatusReason,omitempty"`
	Nested      bool      `json:"IncludeNestedStacks"`
}

func (cs *changeSet) summary(st *stack) changeSetSummary {
	return changeSetSummary{cs.ID, cs.Name, st.ID, st.Name, cs.Description, wire.At(cs.Created), cs.Execution, cs.Status, cs.Reason, false}
}

// describeChangeSet answers what a change set changes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
func (c call) describeChangeSet(in changeSetKey) (changeSetView, error) {
	st, cs, err := c.lookUp(in)
	if err != nil {
		return changeSetView{}, err
	}
	out := changeSetView{
		changeSetSummary: cs.summary(st), Parameters: cs.Spec.parameters(), Notifications: []string{}, Capabilities: cs.Spec.Capabilities, Tags: cs.Spec.Tags,
	}
	if out.Mode = cs.Mode; cs.Mode != "" {
		out.Drift = map[bool]string{true: "DRIFTED", false: "IN_SYNC"}[len(cs.Overwrites) > 0]
	}
	if cs.Status == "CREATE_COMPLETE" {
		changes := cs.Changes
		if !in.Values {
			changes = withoutValues(changes)
		}
		out.Changes, out.Next, err = wire.Page(changes, in.Token, pageSize, invalid)
	}
	return out, err
}

type executeInput struct {
	Stack      string `json:"StackName"`
	Name       string `json:"ChangeSetName"`
	Token      string `json:"ClientRequestToken"`
	NoRollback bool   `json:"DisableRollback"`
}

// executeChangeSet begins what a change set foresees. The stack's other change sets are gone then.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
func (c call) executeChangeSet(in executeInput) (struct{}, error) {
	st, cs, err := c.lookUp(changeSetKey{Stack: in.Stack, Name: in.Name})
	if err != nil {
		return struct{}{}, err
	}
	if cs.Execution != "AVAILABLE" {
		return struct{}{}, wire.Errorf("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in its current status of [%s]", cs.ID, cs.Status)
	}
	if cs.Kind == "update" {
		if err := st.updatable(); err != nil {
			return struct{}{}, err
		}
	}
	cs.Execution = "EXECUTE_COMPLETE"
	st.ChangeSets, st.ChangeSet = []*changeSet{cs}, cs.ID
	c.begin(st, cs.Spec, cs.Kind, in.Token, in.NoRollback)
	st.Work.Overwrites = cs.Overwrites
	return struct{}{}, nil
}

// deleteChangeSet deletes a change set. One that does not exist is deleted already.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html
func (c call) deleteChangeSet(in changeSetKey) (struct{}, error) {
	st, cs, err := c.lookUp(in)
	if err != nil {
		if in.Stack == "" || c.find(in.Stack) != nil {
			err = nil
		}
		return struct{}{}, err
	}
	if cs.Execution == "EXECUTE_COMPLETE" && st.Work != nil {
		return struct{}{}, wire.Errorf("InvalidChangeSetStatus", "ChangeSet [%s] cannot be deleted in its current status of [%s]", cs.ID, cs.Status)
	}
	if cs.advance(c.now); cs.Status == "CREATE_IN_PROGRESS" {
		return struct{}{}, wire.Errorf("InvalidChangeSetStatus", "Cannot delete ChangeSet in status %s", cs.Status)
	}
	st.ChangeSets = slices.DeleteFunc(st.ChangeSets, func(one *changeSet) bool { return one == cs })
	return struct{}{}, nil
}

type changeSetsOutput struct {
	Summaries []changeSetSummary `json:"Summaries"`
	Next      string             `json:"NextToken,omitempty"`
}

// listChangeSets answers the change sets of a stack that were not executed.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html
func (c call) listChangeSets(in pageOfStack) (out changeSetsOutput, err error) {
	st, err := c.named(in.Name)
	if err != nil {
		return out, err
	}
	all := []changeSetSummary{}
	for _, cs := range st.ChangeSets {
		if cs.advance(c.now); cs.Execution != "EXECUTE_COMPLETE" {
			all = append(all, cs.summary(st))
		}
	}
	out.Summaries, out.Next, err = wire.Page(all, in.Token, pageSize, invalid)
	return out, err
}
