package cloudformation

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

var stackName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`) })

type stackInput struct {
	Name         string           `json:"StackName"`
	Body         string           `json:"TemplateBody"`
	Previous     bool             `json:"UsePreviousTemplate"`
	Parameters   []template.Given `json:"Parameters"`
	Capabilities []string         `json:"Capabilities"`
	Tags         []tag            `json:"Tags"`
	NoRollback   bool             `json:"DisableRollback"`
	OnFailure    string           `json:"OnFailure"`
	Token        string           `json:"ClientRequestToken"`
}

func (in stackInput) wanted() wanted {
	return wanted{in.Body, in.Previous, in.Parameters, in.Capabilities, in.Tags}
}

type stackOutput struct {
	ID string `json:"StackId"`
}

// createStack begins to create a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
func (c call) createStack(in stackInput) (stackOutput, error) {
	if in.OnFailure != "" && in.OnFailure != "ROLLBACK" && in.OnFailure != "DO_NOTHING" {
		return stackOutput{}, wire.Errorf(invalid, "The sandbox does not have OnFailure %s", in.OnFailure)
	}
	wants, t, err := c.spec(in.wanted(), nil)
	if err != nil {
		return stackOutput{}, err
	}
	if c.find(in.Name) != nil {
		return stackOutput{}, wire.Errorf("AlreadyExistsException", "Stack [%s] already exists", in.Name)
	}
	st, err := c.newStack(in.Name, "CREATE_IN_PROGRESS")
	if err != nil {
		return stackOutput{}, err
	}
	st.Spec = wants
	if _, err := c.plan(st, t, wants, nil); err != nil {
		return stackOutput{}, err
	}
	c.stacks = append(c.stacks, st)
	c.begin(st, wants, "create", in.Token, in.NoRollback || in.OnFailure == "DO_NOTHING")
	return stackOutput{st.ID}, nil
}

func (c call) newStack(name, status string) (*stack, error) {
	if !stackName().MatchString(name) {
		return nil, wire.InvalidMember(invalid, name, "stackName", "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
	}
	return &stack{
		Scope: c.caller.Scope, Name: name, ID: c.caller.Scope.ARN("cloudformation", "stack/"+name+"/"+wire.NewID()), Status: status, Created: c.now,
		Resources: map[string]*resource{},
	}, nil
}

// begin begins the work that makes a stack what a spec says.
func (c call) begin(st *stack, wants spec, kind, token string, noRollback bool) {
	st.Work = &work{
		Kind: kind, Phase: "forward", Caller: c.caller, Host: c.host, Token: token, Due: c.now.Add(moment), Before: st.Spec, NoRollback: noRollback,
		Queue: wants.template().Order(), Was: map[string]*resource{},
	}
	st.Spec, st.DisableRollback, st.Stuck, st.Imports = wants, noRollback, nil, nil
	if kind == "update" {
		st.Updated = c.now
	}
	st.set(c.now, strings.ToUpper(kind)+"_IN_PROGRESS", "User Initiated")
}

// updatable are the states in which a stack can be updated.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks.html
func updatable() []string {
	return []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED"}
}

func (st *stack) updatable() error {
	if !slices.Contains(updatable(), st.Status) {
		return wire.Errorf(invalid, "Stack:%s is in %s state and can not be updated.", st.ID, st.Status)
	}
	return nil
}

// updateStack begins to update a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
func (c call) updateStack(in stackInput) (stackOutput, error) {
	if in.OnFailure != "" {
		return stackOutput{}, wire.Errorf(invalid, "UpdateStack has no parameter OnFailure")
	}
	st, err := c.named(in.Name)
	if err != nil {
		return stackOutput{}, err
	}
	if err := st.updatable(); err != nil {
		return stackOutput{}, err
	}
	wants, t, err := c.spec(in.wanted(), st)
	if err != nil {
		return stackOutput{}, err
	}
	changes, err := c.plan(st, t, wants, nil)
	if err != nil {
		return stackOutput{}, err
	}
	if len(changes) == 0 && !st.changes(wants, t) {
		return stackOutput{}, wire.Errorf(invalid, "No updates are to be performed.")
	}
	c.begin(st, wants, "update", in.Token, in.NoRollback)
	return stackOutput{st.ID}, nil
}

type deleteInput struct {
	Name   string   `json:"StackName"`
	Retain []string `json:"RetainResources"`
	Token  string   `json:"ClientRequestToken"`
}

// deleteStack begins to delete a stack. One that does not exist is deleted already.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
func (c call) deleteStack(in deleteInput) (struct{}, error) {
	st := c.find(in.Name)
	switch {
	case st == nil || st.Status == "DELETE_COMPLETE" || st.Status == "DELETE_IN_PROGRESS":
		return struct{}{}, nil
	case st.Work != nil && st.Status != "CREATE_IN_PROGRESS":
		return struct{}{}, wire.Errorf(invalid, "Stack [%s] cannot be deleted while in status %s", st.Name, st.Status)
	case len(in.Retain) > 0 && st.Status != "DELETE_FAILED":
		return struct{}{}, wire.Errorf(invalid, "Invalid operation on stack [%s]. When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state.", st.ID)
	}
	for _, name := range in.Retain {
		if st.Resources[name] == nil {
			return struct{}{}, wire.Errorf(invalid, "Resources [%s] do not exist in the stack", name)
		}
		st.Resources[name].OnDelete = "Retain"
	}
	st.Work = &work{Kind: "delete", Phase: "delete", Caller: c.caller, Host: c.host, Token: in.Token, Due: c.now.Add(moment), Was: map[string]*resource{}}
	for _, r := range st.Leftover { // of an update that failed and was not rolled back
		if st.Resources[r.Logical] == nil {
			st.Resources[r.Logical] = r
		}
	}
	st.Work.Queue = st.reverse()
	st.set(c.now, "DELETE_IN_PROGRESS", "User Initiated")
	if user, export := c.user(st); user != "" {
		st.set(c.now, "DELETE_FAILED", "Export "+export+" cannot be deleted as it is in use by "+user+".")
		st.Work = nil
	}
	return struct{}{}, nil
}

// user returns a stack that imports what st exports.
func (c call) user(st *stack) (name, export string) {
	for _, other := range c.stacks {
		for _, o := range st.Outputs {
			if other != st && other.Scope == st.Scope && o.Export != "" && other.Status != "DELETE_COMPLETE" && slices.Contains(other.Imports, o.Export) {
				return other.Name, o.Export
			}
		}
	}
	return "", ""
}

type cancelInput struct {
	Name  string `json:"StackName"`
	Token string `json:"ClientRequestToken"`
}

// cancelUpdate rolls an update back that is under way.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
func (c call) cancelUpdate(in cancelInput) (struct{}, error) {
	st, err := c.named(in.Name)
	if err != nil {
		return struct{}{}, err
	}
	if st.Status != "UPDATE_IN_PROGRESS" {
		return struct{}{}, wire.Errorf(invalid, "CancelUpdateStack cannot be called from current stack status")
	}
	w := worker{Service: c.Service, ctx: c.ctx, st: st, work: st.Work, at: c.now, now: c.now}
	st.Work.NoRollback, st.Work.Token = false, in.Token
	if st.Work.Current != "" {
		st.tell(w.target(), c.now, "UPDATE_FAILED", "Resource update cancelled")
		w.over()
	}
	w.turn("User Initiated")
	return struct{}{}, nil
}

type continueInput struct {
	Name  string   `json:"StackName"`
	Skip  []string `json:"ResourcesToSkip"`
	Token string   `json:"ClientRequestToken"`
}

// continueRollback goes on with a rollback that failed.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
func (c call) continueRollback(in continueInput) (struct{}, error) {
	st, err := c.named(in.Name)
	if err != nil {
		return struct{}{}, err
	}
	if st.Status != "UPDATE_ROLLBACK_FAILED" || st.Stuck == nil {
		return struct{}{}, wire.Errorf(invalid, "Stack:%s is in %s state and can not be rolled back.", st.ID, st.Status)
	}
	for _, name := range in.Skip {
		if r := st.Resources[name]; r == nil || r.Status != "UPDATE_FAILED" {
			return struct{}{}, wire.Errorf(invalid, "Resources [%s] are not in a state that can be skipped: UPDATE_FAILED", name)
		}
	}
	st.Work, st.Stuck = st.Stuck, nil
	st.Work.Caller, st.Work.Host, st.Work.Token, st.Work.Due = c.caller, c.host, in.Token, c.now.Add(moment)
	st.Work.Queue = slices.DeleteFunc(st.Work.Queue, func(name string) bool { return slices.Contains(in.Skip, name) })
	st.set(c.now, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
	for _, name := range in.Skip {
		st.tell(st.Resources[name], c.now, "UPDATE_COMPLETE", "Resource skipped during rollback")
	}
	return struct{}{}, nil
}
