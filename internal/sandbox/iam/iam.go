// Package iam is the sandbox's Identity and Access Management: who may do something, and what
// somebody may do who asks. Roles have the policies that the sandbox was started with; users, and
// roles without a policy, may do everything.
// https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
package iam

import (
	"context"
	"fmt"
	"regexp"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service answers for IAM. It does not change, and is safe for concurrent use.
type Service struct {
	roles map[string][]statement // by name
}

// New returns an IAM with policies. What it would not evaluate of one is an error.
func New(policies ...Policy) (*Service, error) {
	s := &Service{roles: map[string][]statement{}}
	for _, p := range policies {
		statements, err := parse(p.Document)
		if err != nil {
			return nil, fmt.Errorf("the policy of role %q: %w", p.Role, err)
		}
		s.roles[p.Role] = append(s.roles[p.Role], statements...)
	}
	return s, nil
}

// Allows reports whether a role, by its name, may do something.
func (s *Service) Allows(role, action, resource string) bool {
	return s.decide(role, action, resource) == allowed
}

// Service returns the operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name: "iam", Protocol: wire.Query, Version: "2010-05-08", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Operations: map[string]wire.Operation{"SimulatePrincipalPolicy": wire.Op(s.simulate)},
	}
}

type simulateInput struct {
	Principal string   `json:"PolicySourceArn"`
	Actions   []string `json:"ActionNames"`
	Resources []string `json:"ResourceArns"`
}

type evaluation struct {
	Action   string `json:"EvalActionName"`
	Resource string `json:"EvalResourceName"`
	Decision string `json:"EvalDecision"`
}

type simulateOutput struct {
	Evaluations []evaluation `json:"EvaluationResults"`
	Truncated   bool         `json:"IsTruncated"`
}

var principal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):(user|group|role)/(?:[\x21-\x7e]+/)?([\x21-\x2e\x30-\x7e]+)$`)
})

// simulate decides for users, groups and roles of the account. Nobody made those, so that every
// name counts as one. Where no resource is named, the decision is about all.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func (s *Service) simulate(_ context.Context, caller wire.Caller, in simulateInput) (simulateOutput, error) {
	m := principal().FindStringSubmatch(in.Principal)
	switch {
	case m == nil:
		return simulateOutput{}, wire.Errorf("InvalidInput", "Invalid Entity Arn: %s does not clearly define entity type and name.", in.Principal)
	case m[1] != caller.Account:
		return simulateOutput{}, wire.Errorf("NoSuchEntity", "The entity %s cannot be found.", in.Principal)
	case len(in.Actions) == 0:
		return simulateOutput{}, wire.Errorf("ValidationError", "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null")
	}
	resources := in.Resources
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	out := simulateOutput{}
	for _, action := range in.Actions {
		for _, resource := range resources {
			decided := allowed
			if m[2] == "role" {
				decided = s.decide(m[3], action, resource)
			}
			out.Evaluations = append(out.Evaluations, evaluation{action, resource, string(decided)})
		}
	}
	return out, nil
}
