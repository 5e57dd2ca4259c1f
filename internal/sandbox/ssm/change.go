package ssm

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const (
	maxVersions    = 100
	maxDescription = 1024
)

// putInput has pointers where a member left out keeps what the parameter had.
type putInput struct {
	Name           string  `json:"Name"`
	Value          string  `json:"Value"`
	Type           string  `json:"Type"`
	Description    *string `json:"Description"`
	AllowedPattern *string `json:"AllowedPattern"`
	DataType       *string `json:"DataType"`
	KeyID          *string `json:"KeyId"`
	Policies       *string `json:"Policies"`
	Tier           string  `json:"Tier"`
	Overwrite      bool    `json:"Overwrite"`
	Tags           []tag   `json:"Tags"`
}

type putOutput struct {
	Version int64
	Tier    string
}

// put adds a version. There is no compare-and-set: with Overwrite the last writer
// wins, without it the name must be new.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (c call) put(in putInput) (putOutput, error) {
	name, err := c.checkPut(in)
	if err != nil {
		return putOutput{}, err
	}
	p := c.parameters[name]
	if p != nil && !in.Overwrite {
		return putOutput{}, wire.Errorf("ParameterAlreadyExists",
			"The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	}
	if p == nil {
		p = &parameter{Name: name, Tags: map[string]string{}}
	}
	v, err := c.nextVersion(p, in)
	if err != nil {
		return putOutput{}, err
	}
	if err := p.makeRoom(); err != nil {
		return putOutput{}, err
	}
	if err := p.tag(in.Tags); err != nil {
		return putOutput{}, err
	}
	p.Versions = append(p.Versions, v)
	c.parameters[name] = p
	return putOutput{Version: v.Number, Tier: v.Tier}, nil
}

// checkPut checks what does not depend on the parameter's past, and returns its name.
func (c call) checkPut(in putInput) (string, error) {
	name, err := cleanName(in.Name)
	if err != nil {
		return "", err
	}
	switch {
	case in.Value == "":
		return "", wire.Errorf("ValidationException", "1 validation error detected: Value at 'value' failed to satisfy constraint: "+
			"Member must have length greater than or equal to 1")
	case in.Description != nil && utf8.RuneCountInString(*in.Description) > maxDescription:
		return "", invalidMember(*in.Description, "description", fmt.Sprintf("have length less than or equal to %d", maxDescription))
	case len(in.Tags) > 0 && in.Overwrite:
		return "", wire.Errorf("ValidationException", "Invalid request: tags and overwrite can't be used together. "+
			"To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, "+
			"please use AddTagsToResource or RemoveTagsFromResource.")
	}
	return name, c.checkNewName(name)
}

// nextVersion returns the version that the request asks for. What it leaves out is as
// in the version before.
func (c call) nextVersion(p *parameter, in putInput) (*version, error) {
	v := version{Number: 1, DataType: dataTypeText, Tier: tierStandard}
	if len(p.Versions) > 0 {
		v = *p.latest()
		v.Number, v.Labels = v.Number+1, nil
	}
	v.Value, v.User, v.At = in.Value, c.caller.ARN, c.now
	keep(&v.Description, in.Description)
	keep(&v.AllowedPattern, in.AllowedPattern)
	keep(&v.DataType, in.DataType)
	for _, set := range []func(putInput) error{v.setType, v.setPolicies, v.checkValue} {
		if err := set(in); err != nil {
			return nil, err
		}
	}
	if err := c.setTier(&v, in.Tier, len(p.Versions) == 0); err != nil {
		return nil, err
	}
	v.seal()
	return &v, nil
}

func keep(member, given *string) {
	if given != nil {
		*member = *given
	}
}

// makeRoom drops the oldest version once there are a hundred, unless it has a label.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
func (p *parameter) makeRoom() error {
	if len(p.Versions) < maxVersions {
		return nil
	}
	if oldest := p.Versions[0]; len(oldest.Labels) > 0 {
		return wire.Errorf("ParameterMaxVersionLimitExceeded", "You attempted to create a new version of %s by calling the "+
			"PutParameter API with the overwrite flag. Version %d, the oldest version, can't be deleted because it has a label "+
			"associated with it. Move the label to another version of the parameter, and try again.", p.Name, oldest.Number)
	}
	p.Versions = append([]*version(nil), p.Versions[1:]...)
	return nil
}

// seal gives a SecureString its opaque form, which reveals nothing of the value.
func (v *version) seal() {
	v.Ciphertext = ""
	if v.Type == typeSecureString {
		noise := make([]byte, 128)
		_, _ = rand.Read(noise) // never fails, says its documentation
		v.Ciphertext = base64.StdEncoding.EncodeToString(noise)
	}
}

type deleteInput struct{ Name string }

// deleteOne removes a parameter with its whole history. Made again, it starts at
// version 1.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
func (c call) deleteOne(in deleteInput) (struct{}, error) {
	name, err := cleanName(in.Name)
	if err != nil {
		return struct{}{}, err
	}
	if c.parameters[name] == nil {
		return struct{}{}, notFound()
	}
	delete(c.parameters, name)
	return struct{}{}, nil
}

type deleteManyInput struct{ Names []string }

type deleteManyOutput struct {
	DeletedParameters []string
	InvalidParameters []string
}

// deleteMany removes up to ten parameters. Those that do not exist are no error.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameters.html
func (c call) deleteMany(in deleteManyInput) (deleteManyOutput, error) {
	out := deleteManyOutput{DeletedParameters: []string{}, InvalidParameters: []string{}}
	if err := checkNames(in.Names); err != nil {
		return out, err
	}
	for _, name := range in.Names {
		if c.parameters[name] == nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		delete(c.parameters, name)
		out.DeletedParameters = append(out.DeletedParameters, name)
	}
	return out, nil
}

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

// The tiers, and what fits into each: bytes of a value, parameters per account and region.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
const (
	tierStandard    = "Standard"
	tierAdvanced    = "Advanced"
	tierIntelligent = "Intelligent-Tiering"

	maxStandardValue = 4096
	maxAdvancedValue = 8192
	maxStandardCount = 10_000
	maxAdvancedCount = 100_000
)

// setTier settles the tier of a version whose tier is still that of the one before.
// The way from standard to advanced has no way back.
func (c call) setTier(v *version, asked string, created bool) error {
	needsAdvanced := len(v.Value) > maxStandardValue || len(v.Policies) > 0
	switch asked {
	case "": // as it was; a new one is standard
	case tierIntelligent:
		full := created && c.count(tierStandard) >= maxStandardCount
		if needsAdvanced || full {
			v.Tier = tierAdvanced
		}
	case tierAdvanced:
		v.Tier = tierAdvanced
	case tierStandard:
		if v.Tier == tierAdvanced {
			return wire.Errorf("ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a "+
				"parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the "+
				"advanced parameter and recreate it as a standard parameter. Be aware that standard parameters have a value "+
				"limit of 4096 characters.")
		}
	default:
		tiers := []string{tierStandard, tierAdvanced, tierIntelligent}
		return invalidMember(asked, "tier", "satisfy enum value set: ["+strings.Join(tiers, ", ")+"]")
	}
	return c.checkTier(v, created)
}

func (c call) checkTier(v *version, created bool) error {
	switch {
	case v.Tier == tierStandard && len(v.Value) > maxStandardValue:
		return wire.Errorf("ValidationException", "Standard tier parameters support a maximum parameter value of %d characters. "+
			"To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see "+
			"https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", maxStandardValue)
	case len(v.Value) > maxAdvancedValue:
		return wire.Errorf("ValidationException",
			"Advanced-tier parameters support a maximum parameter value of %d characters.", maxAdvancedValue)
	case v.Tier == tierStandard && len(v.Policies) > 0:
		return wire.Errorf("ValidationException", "Standard parameters can't be configured to use parameter policies. "+
			"Upgrade the parameter to use the advanced-parameter tier.")
	case created && v.Tier == tierStandard && c.count(tierStandard) >= maxStandardCount:
		return wire.Errorf("ParameterLimitExceeded", "You have reached the maximum number of standard parameters for this AWS "+
			"account and Region (%d). To add more parameters, either delete existing parameters or upgrade to the "+
			"advanced-parameter tier (charges apply).", maxStandardCount)
	case created && v.Tier == tierAdvanced && c.count(tierAdvanced) >= maxAdvancedCount:
		return wire.Errorf("ParameterLimitExceeded",
			"You have reached the maximum number of advanced parameters for this AWS account and Region (%d).", maxAdvancedCount)
	}
	return nil
}

// count returns how many parameters are in a tier.
func (st *store) count(tier string) int {
	if len(st.parameters) < maxStandardCount {
		return 0 // no limit is near; the exact number does not matter
	}
	n := 0
	for _, p := range st.parameters {
		if p.latest().Tier == tier {
			n++
		}
	}
	return n
}
