package secretsmanager

import (
	"cmp"
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// secret is one name with its values.
type secret struct {
	Scope       wire.Scope
	Name        string
	Suffix      string // six random characters that end the ARN
	Description string
	Created     time.Time
	Deleted     time.Time // when it goes; zero for one that stays
	Tags        []tag
	Versions    []*version
}

type tag struct{ Key, Value string }

// version is a value. What has no stage is deprecated.
type version struct {
	ID      string
	Value   string
	Stages  []string
	Created time.Time
}

const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

func (s *secret) partial() string { return s.Scope.ARN("secretsmanager", "secret:"+s.Name) }
func (s *secret) arn() string     { return s.partial() + "-" + s.Suffix }

// find returns a secret by its name or ARN, which may lack the characters at its end.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
func (c call) find(id string) (*secret, error) {
	for _, s := range c.secrets {
		if s.Scope == c.scope && (s.Name == id || s.arn() == id || s.partial() == id) {
			return s, nil
		}
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// usable is find for what a secret that is marked for deletion refuses.
func (c call) usable(id string) (*secret, error) {
	s, err := c.find(id)
	if err == nil && !s.Deleted.IsZero() {
		return nil, wire.Errorf("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	return s, err
}

var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`) })

type createInput struct {
	Name               string
	Description        string
	SecretString       string
	ClientRequestToken string
	Tags               []tag
}

type versionOutput struct {
	ARN           string
	Name          string
	VersionID     string   `json:"VersionId,omitempty"`
	VersionStages []string `json:",omitempty"`
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func (c call) create(in createInput) (versionOutput, error) {
	if !namePattern().MatchString(in.Name) {
		return versionOutput{}, wire.Errorf("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	if s, err := c.find(in.Name); err == nil {
		if !s.Deleted.IsZero() {
			return versionOutput{}, wire.Errorf("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
		}
		return versionOutput{}, wire.Errorf("ResourceExistsException", "The operation failed because the secret %s already exists.", in.Name)
	}
	s := &secret{Scope: c.scope, Name: in.Name, Suffix: rand.Text()[:6], Description: in.Description, Created: c.now, Tags: in.Tags}
	c.secrets = append(c.secrets, s)
	out := versionOutput{ARN: s.arn(), Name: s.Name}
	if in.SecretString != "" {
		out.VersionID = s.add(in.SecretString, in.ClientRequestToken, []string{current}, c.now).ID
	}
	return out, nil
}

type putInput struct {
	SecretID           string `json:"SecretId"`
	SecretString       string
	ClientRequestToken string
	VersionStages      []string
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
func (c call) put(in putInput) (versionOutput, error) {
	s, err := c.usable(in.SecretID)
	if err != nil {
		return versionOutput{}, err
	}
	if len(in.VersionStages) == 0 {
		in.VersionStages = []string{current}
	}
	v := s.add(in.SecretString, in.ClientRequestToken, in.VersionStages, c.now)
	return versionOutput{ARN: s.arn(), Name: s.Name, VersionID: v.ID, VersionStages: v.Stages}, nil
}

// add adds a value, which takes its stages from the others. Who was the current one is the
// previous one then.
func (s *secret) add(value, id string, stages []string, now time.Time) *version {
	if was := s.at(current); was != nil && slices.Contains(stages, current) {
		stages = slices.DeleteFunc(slices.Clone(stages), func(stage string) bool { return stage == previous })
		s.take(append(slices.Clone(stages), previous))
		was.Stages = append(was.Stages, previous)
	} else {
		s.take(stages)
	}
	v := &version{ID: cmp.Or(id, strings.ToLower(rand.Text())), Value: value, Stages: stages, Created: now}
	s.Versions = append(s.Versions, v)
	return v
}

func (s *secret) take(stages []string) {
	for _, v := range s.Versions {
		v.Stages = slices.DeleteFunc(v.Stages, func(stage string) bool { return slices.Contains(stages, stage) })
	}
}

func (s *secret) at(stage string) *version {
	for _, v := range s.Versions {
		if slices.Contains(v.Stages, stage) {
			return v
		}
	}
	return nil
}

type nameInput struct {
	SecretID string `json:"SecretId"`
}

type describeOutput struct {
	ARN                string
	Name               string
	Description        string              `json:",omitempty"`
	CreatedDate        wire.Time           `json:",omitzero"`
	DeletedDate        wire.Time           `json:",omitzero"`
	Tags               []tag               `json:",omitempty"`
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
func (c call) describe(in nameInput) (describeOutput, error) {
	s, err := c.find(in.SecretID)
	if err != nil {
		return describeOutput{}, err
	}
	out := describeOutput{
		ARN: s.arn(), Name: s.Name, Description: s.Description, CreatedDate: wire.At(s.Created), DeletedDate: wire.At(s.Deleted),
		Tags: s.Tags, VersionIDsToStages: map[string][]string{},
	}
	for _, v := range s.Versions {
		if len(v.Stages) > 0 {
			out.VersionIDsToStages[v.ID] = v.Stages
		}
	}
	return out, nil
}

type getInput struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string
}

type getOutput struct {
	ARN           string
	Name          string
	VersionID     string `json:"VersionId"`
	SecretString  string
	VersionStages []string
	CreatedDate   wire.Time
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func (c call) get(in getInput) (getOutput, error) {
	s, err := c.usable(in.SecretID)
	if err != nil {
		return getOutput{}, err
	}
	i := slices.IndexFunc(s.Versions, func(v *version) bool {
		return (in.VersionID == "" || v.ID == in.VersionID) &&
			(in.VersionID != "" && in.VersionStage == "" || slices.Contains(v.Stages, cmp.Or(in.VersionStage, current)))
	})
	switch {
	case i < 0 && in.VersionID != "":
		return getOutput{}, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", in.VersionID)
	case i < 0:
		return getOutput{}, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", cmp.Or(in.VersionStage, current))
	}
	v := s.Versions[i]
	return getOutput{ARN: s.arn(), Name: s.Name, VersionID: v.ID, SecretString: v.Value, VersionStages: v.Stages, CreatedDate: wire.At(v.Created)}, nil
}

type removeInput struct {
	SecretID                   string `json:"SecretId"`
	RecoveryWindowInDays       *int
	ForceDeleteWithoutRecovery bool
}

type removeOutput struct {
	ARN          string
	Name         string
	DeletionDate wire.Time
}

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
func (c call) remove(in removeInput) (removeOutput, error) {
	s, err := c.find(in.SecretID)
	if err != nil {
		return removeOutput{}, err
	}
	days := 30
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case in.ForceDeleteWithoutRecovery && in.RecoveryWindowInDays != nil:
		return removeOutput{}, wire.Errorf("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days < 7 || days > 30:
		return removeOutput{}, wire.Errorf("InvalidParameterException", "RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	case in.ForceDeleteWithoutRecovery:
		c.secrets = slices.DeleteFunc(c.secrets, func(other *secret) bool { return other == s })
		return removeOutput{ARN: s.arn(), Name: s.Name, DeletionDate: wire.At(c.now)}, nil
	}
	s.Deleted = c.now.AddDate(0, 0, days)
	return removeOutput{ARN: s.arn(), Name: s.Name, DeletionDate: wire.At(s.Deleted)}, nil
}

type restoreOutput struct{ ARN, Name string }

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
func (c call) restore(in nameInput) (restoreOutput, error) {
	s, err := c.find(in.SecretID)
	if err != nil {
		return restoreOutput{}, err
	}
	s.Deleted = time.Time{}
	return restoreOutput{ARN: s.arn(), Name: s.Name}, nil
}
