package iam

import "slices"

// Purpose is what a policy is for.
type Purpose string

// The purposes.
const (
	Read    Purpose = "read"    // pins
	Write   Purpose = "write"   // pin
	Deploy  Purpose = "deploy"  // plan, deploy and status
	Publish Purpose = "publish" // publish and tag
	Lambda  Purpose = "lambda"  // the custom resources of CloudFormation
	Assume  Purpose = "assume"  // to reach environments that have a role
	Import  Purpose = "import"  // pins --import
)

// Purposes returns all purposes.
func Purposes() []Purpose { return []Purpose{Read, Write, Deploy, Publish, Lambda, Assume, Import} }

// Policy returns the smallest policy for a purpose in all given scopes. Statements that
// nothing needs are left out.
func Policy(purpose Purpose, scopes []Scope) Document {
	document := Document{Version: languageVersion, Statement: []Statement{}}
	for _, g := range grants {
		if !slices.Contains(g.purposes, purpose) {
			continue
		}
		if resources := across(scopes, g.resources); len(resources) > 0 {
			document.Statement = append(document.Statement, g.statement(scopes, resources))
		}
	}
	return document
}

// grant is a statement that some purposes need.
type grant struct {
	sid       string
	purposes  []Purpose
	actions   []string
	resources func(Scope) []string
	condition func([]Scope) map[string]map[string][]string // nil for none
}

func (g grant) statement(scopes []Scope, resources []string) Statement {
	s := Statement{Sid: g.sid, Effect: "Allow", Action: g.actions, Resource: resources}
	if g.condition != nil {
		s.Condition = g.condition(scopes)
	}
	return s
}

// across returns what all scopes have, sorted, each once.
func across(scopes []Scope, of func(Scope) []string) []string {
	var all []string
	for _, scope := range scopes {
		all = append(all, of(scope)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
