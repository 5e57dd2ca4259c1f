package ssm

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
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

// seal gives a SecureString its opaque form, which tells nothing of the value.
func (v *version) seal() {
	v.Ciphertext = ""
	if v.Type == typeSecureString {
		noise := make([]byte, 128)
		_, _ = rand.Read(noise) // never fails, says its documentation
		v.Ciphertext = base64.StdEncoding.EncodeToString(noise)
	}
}
