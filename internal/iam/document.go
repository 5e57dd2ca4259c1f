package iam

import "slices"

// Document is a policy as IAM takes it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Document struct {
	Version   string
	Statement []Statement
}

// Statement allows actions on resources, where all conditions hold.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"` // operator, key, values
}

const languageVersion = "2012-10-17"

// Allows tells whether the policy allows an action on something at all.
func (d Document) Allows(action string) bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool { return slices.Contains(s.Action, action) })
}
