// Package cfn is the part of CloudFormation's model that we look at, as plain values.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
package cfn

import (
	"slices"
	"strings"
	"time"
)

// Stack is one stack as DescribeStacks returns it.
type Stack struct {
	ID           string // ARN
	Name         string
	Status       string // such as UPDATE_COMPLETE
	StatusReason string
	Parameters   []Parameter
	Capabilities []string
	Tags         map[string]string
	Role         string // ARN of the role that CloudFormation acts as; "" for the caller's
	Parent       string // id of the stack that it is nested in; ""
	CreatedAt    time.Time
	UpdatedAt    time.Time // zero before the first update
}

// Parameter is the value of a parameter of a stack.
type Parameter struct {
	Key   string
	Value string // of a parameter with an SSM type: the name of the parameter in Parameter Store; **** for NoEcho
	// Resolved is what Parameter Store had when the stack was last created or updated; "" for other types.
	Resolved string
}

// Parameter returns a parameter's value, and false where the stack has no such parameter.
func (s Stack) Parameter(key string) (Parameter, bool) {
	i := slices.IndexFunc(s.Parameters, func(p Parameter) bool { return p.Key == key })
	if i < 0 {
		return Parameter{}, false
	}
	return s.Parameters[i], true
}

// Busy reports whether CloudFormation works on the stack.
func (s Stack) Busy() bool { return strings.HasSuffix(s.Status, "_IN_PROGRESS") }

// Gone reports whether the stack was deleted.
func (s Stack) Gone() bool { return s.Status == "DELETE_COMPLETE" }

// Updatable reports whether an update can begin now.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
func (s Stack) Updatable() bool {
	switch s.Status {
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE":
		return true
	}
	return false
}

// Resource is one resource of a stack.
type Resource struct {
	Logical  string // id in the template
	Physical string // id in AWS; "" before it is there
	Type     string // such as AWS::ECS::Service
	Status   string
	Reason   string
}

// The types of resources that we look at.
const (
	TypeService        = "AWS::ECS::Service"
	TypeTaskDefinition = "AWS::ECS::TaskDefinition"
)

// Event is one event of a stack.
type Event struct {
	ID       string
	Logical  string
	Physical string
	Type     string
	Status   string
	Reason   string
	Token    string // ClientRequestToken of the call that began the operation
	At       time.Time
}

// TypeStack is the type of a stack's events about itself.
const TypeStack = "AWS::CloudFormation::Stack"

// About reports whether the event is about the stack itself.
func (e Event) About(s Stack) bool { return e.Type == TypeStack && e.Physical == s.ID }

// Begins reports whether an operation on the stack began with the event. A rollback is a part of the
// operation that it undoes.
func (e Event) Begins(s Stack) bool {
	return e.About(s) && slices.Contains([]string{"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "REVIEW_IN_PROGRESS"}, e.Status)
}

// ChangeRequest is what CreateChangeSet is asked for: an update with the template that the stack has.
type ChangeRequest struct {
	Stack        string // name or id
	Name         string // of the change set
	Description  string
	Parameters   map[string]string // new values; every other parameter of Keep keeps its previous one
	Keep         []string          // keys of all parameters of the stack
	Capabilities []string
	RevertDrift  bool // also bring back what drifted
}

// ChangeSet is a change set as DescribeChangeSet returns it, with all of its pages.
type ChangeSet struct {
	ID         string
	Status     string // such as CREATE_COMPLETE
	Reason     string
	Parameters []Parameter
	Changes    []Change
}

// Empty reports whether the change set failed because there is nothing to change. The words are
// those of CloudFormation, which has no code for it.
func (s ChangeSet) Empty() bool {
	return s.Status == "FAILED" && (strings.Contains(s.Reason, "didn't contain changes") || strings.Contains(s.Reason, "No updates are to be performed"))
}

// Change is what a change set does to one resource.
type Change struct {
	Action      string // Add, Modify, Remove, Import, Dynamic, SyncWithActual
	Logical     string
	Physical    string
	Type        string
	Replacement string // True, False, Conditional; "" where it does not apply
	Details     []Detail
}

// Detail is one reason for a change of a resource.
type Detail struct {
	Attribute  string // Properties, Tags, …
	Property   string // the first name of the path; "" for other attributes
	Evaluation string // Static, Dynamic
	Source     string // ParameterReference, ResourceReference, ResourceAttribute, DirectModification, Automatic
	Cause      string // what Source refers to, such as the parameter's key
	Before     string // the property's value; "" if AWS does not report it
	After      string
}
