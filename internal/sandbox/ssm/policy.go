package ssm

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// policy is a parameter's policy as it is answered. The sandbox keeps policies and
// never acts upon them.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
type policy struct {
	PolicyText   string
	PolicyType   string
	PolicyStatus string
}

const maxPolicies = 10

// setPolicies takes the request's policies; an empty list removes those there are.
func (v *version) setPolicies(in putInput) error {
	if in.Policies == nil {
		return nil
	}
	v.Policies = nil
	if *in.Policies == "" {
		return nil
	}
	var texts []json.RawMessage
	if err := json.Unmarshal([]byte(*in.Policies), &texts); err != nil {
		return wire.Errorf("InvalidPolicyAttributeException", "The policies are not a JSON array: %v", err)
	}
	if len(texts) > maxPolicies {
		return wire.Errorf("PoliciesLimitExceededException", "You specified more than the maximum number of allowed policies "+
			"for the parameter. The maximum is %d.", maxPolicies)
	}
	for _, text := range texts {
		p, err := parsePolicy(text)
		if err != nil {
			return err
		}
		v.Policies = append(v.Policies, p)
	}
	return nil
}

func parsePolicy(text json.RawMessage) (policy, error) {
	var head struct{ Type, Version string }
	if err := json.Unmarshal(text, &head); err != nil {
		return policy{}, wire.Errorf("InvalidPolicyAttributeException", "A policy attribute or its value is invalid.")
	}
	if !slices.Contains([]string{"Expiration", "ExpirationNotification", "NoChangeNotification"}, head.Type) {
		return policy{}, wire.Errorf("InvalidPolicyTypeException", "The policy type isn't supported. Parameter Store supports "+
			"the following policy types: Expiration, ExpirationNotification, and NoChangeNotification.")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return policy{}, wire.Errorf("InvalidPolicyAttributeException", "A policy attribute or its value is invalid.")
	}
	return policy{PolicyText: compact.String(), PolicyType: head.Type, PolicyStatus: "Pending"}, nil
}
