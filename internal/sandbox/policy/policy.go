// Package policy evaluates resource policies, such as those of queues and event buses: who may
// do something with one resource. What it would not evaluate is an error when a policy is read.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// List is a list that is written as its only element, too.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	return Strictly(data, (*[]T)(l))
}

// Strictly decodes JSON that has no member which into lacks.
func Strictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// Policy is a policy document of a resource.
type Policy struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement List[Statement]
}

// Statement allows principals actions, or denies them.
type Statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal principals
	Action    List[string]
	Resource  List[string]                       `json:",omitempty"`
	Condition map[string]map[string]List[string] `json:",omitempty"`
}

// principals are whom a statement is about.
type principals struct {
	AWS     List[string] `json:",omitempty"` // ARNs, accounts or *
	Service List[string] `json:",omitempty"`
}

// UnmarshalJSON takes * for everybody.
func (p *principals) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == `"*"` {
		*p = principals{AWS: List[string]{"*"}, Service: List[string]{"*"}}
		return nil
	}
	type plain principals
	return Strictly(data, (*plain)(p))
}

// Parse reads a policy.
func Parse(document string) (*Policy, error) {
	var p Policy
	if err := Strictly([]byte(document), &p); err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	if len(p.Statement) == 0 {
		return nil, fmt.Errorf("the policy has no statement")
	}
	for i, s := range p.Statement {
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return nil, fmt.Errorf("statement %d: the effect %q is neither Allow nor Deny", i+1, s.Effect)
		case len(s.Principal.AWS)+len(s.Principal.Service) == 0 || len(s.Action) == 0:
			return nil, fmt.Errorf("statement %d needs a principal and actions", i+1)
		}
		for operator := range s.Condition {
			if _, ok := comparison(operator); !ok {
				return nil, fmt.Errorf("statement %d: the sandbox does not evaluate the condition %s", i+1, operator)
			}
		}
	}
	return &p, nil
}

// Request is what is to be done, and by whom.
type Request struct {
	Service   string // of AWS, such as events.amazonaws.com; "" where Principal asks
	Principal string // ARN of a user or of a role's session
	Account   string // of Principal
	Action    string
	Resource  string            // ARN
	Keys      map[string]string // of conditions, in lower case: "aws:sourcearn"
}

// Decision is what a policy says of a request.
type Decision int

// A policy that says nothing leaves the decision to the caller's own policies.
const (
	Silent Decision = iota
	Allowed
	Denied
)

// Decide evaluates the policy; nil is silent. A statement that denies counts before all that allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (p *Policy) Decide(r Request) Decision {
	decided := Silent
	if p == nil {
		return decided
	}
	for _, s := range p.Statement {
		if !s.matches(r) {
			continue
		}
		if s.Effect == "Deny" {
			return Denied
		}
		decided = Allowed
	}
	return decided
}

func (s Statement) matches(r Request) bool {
	like := func(text string) func(string) bool { return func(pattern string) bool { return Like(pattern, text) } }
	action := strings.ToLower(r.Action)
	return s.Principal.include(r) &&
		slices.ContainsFunc(s.Action, func(pattern string) bool { return Like(strings.ToLower(pattern), action) }) &&
		(len(s.Resource) == 0 || slices.ContainsFunc(s.Resource, like(r.Resource))) &&
		s.holds(r.Keys)
}

// include reports whether a request is by one of the principals. An account stands for all in it,
// and a role for its sessions.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (p principals) include(r Request) bool {
	if r.Service != "" {
		return slices.Contains(p.Service, r.Service) || slices.Contains(p.Service, "*")
	}
	return slices.ContainsFunc(p.AWS, func(id string) bool {
		role, isRole := strings.CutPrefix(id, "arn:aws:iam::"+r.Account+":role/")
		role = role[strings.LastIndex(role, "/")+1:]
		return id == "*" || id == r.Principal || id == r.Account || id == "arn:aws:iam::"+r.Account+":root" ||
			isRole && strings.HasPrefix(r.Principal, "arn:aws:sts::"+r.Account+":assumed-role/"+role+"/")
	})
}

// holds reports whether all conditions hold. A key that the request does not have holds in none
// but a negated one and one that ends in IfExists.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func (s Statement) holds(keys map[string]string) bool {
	for operator, byKey := range s.Condition {
		c, _ := comparison(operator) // checked when it was read
		for key, wanted := range byKey {
			value, has := keys[strings.ToLower(key)]
			if !has {
				if !c.negated && !c.ifExists {
					return false
				}
				continue
			}
			if slices.ContainsFunc(wanted, func(w string) bool { return c.equal(w, value) }) == c.negated {
				return false
			}
		}
	}
	return true
}

// compare is how an operator of conditions compares.
type compare struct {
	equal             func(wanted, value string) bool
	negated, ifExists bool
}

func comparison(operator string) (compare, bool) {
	var c compare
	name, ifExists := strings.CutSuffix(operator, "IfExists")
	c.ifExists = ifExists
	if positive := strings.Replace(name, "Not", "", 1); positive != name {
		name, c.negated = positive, true
	}
	switch name {
	case "StringEquals":
		c.equal = func(wanted, value string) bool { return wanted == value }
	case "StringEqualsIgnoreCase", "Bool":
		c.equal = strings.EqualFold
	case "StringLike", "ArnEquals", "ArnLike":
		c.equal = Like
	default:
		return c, false
	}
	return c, true
}

// Like reports whether text is what a pattern with * and ? says.
func Like(pattern, text string) bool {
	star, mark := -1, 0 // where the last * stands, and where what it took ends
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
