package sts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// How long a session lasts. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	defaultSeconds = 3600
	minSeconds     = 900
	maxSeconds     = 43200
	maxChained     = 3600 // for a role that was assumed with a role's credentials
)

type assumeRoleInput struct {
	RoleARN         string   `json:"RoleArn"`
	RoleSessionName string   `json:"RoleSessionName"`
	DurationSeconds int      `json:"DurationSeconds"`
	SourceIdentity  string   `json:"SourceIdentity"`
	Tags            []tag    `json:"Tags"`
	Transitive      []string `json:"TransitiveTagKeys"`
}

type credentials struct {
	AccessKeyID     string    `json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	SessionToken    string    `json:"SessionToken"`
	Expiration      wire.Time `json:"Expiration"`
}

type assumedRoleUser struct {
	AssumedRoleID string `json:"AssumedRoleId"`
	ARN           string `json:"Arn"`
}

type assumeRoleOutput struct {
	Credentials     credentials     `json:"Credentials"`
	AssumedRoleUser assumedRoleUser `json:"AssumedRoleUser"`
	SourceIdentity  string          `json:"SourceIdentity,omitempty"`
}

// assumeRole lets everybody assume every role: the sandbox has no policies, and so
// no external id is wrong either.
func (s *Service) assumeRole(_ context.Context, caller wire.Caller, in assumeRoleInput) (assumeRoleOutput, error) {
	role, err := parseRole(in.RoleARN)
	if err != nil {
		return assumeRoleOutput{}, err
	}
	if err := checkSessionName(in.RoleSessionName); err != nil {
		return assumeRoleOutput{}, err
	}
	lifetime, err := lifetime(in.DurationSeconds, isAssumedRole(caller.ARN))
	if err != nil {
		return assumeRoleOutput{}, err
	}
	handed, err := s.held(caller.AccessKey).passedOn(caller, in)
	if err != nil {
		return assumeRoleOutput{}, err
	}
	user := assumedRoleUser{
		AssumedRoleID: uniqueID("AROA", in.RoleARN) + ":" + in.RoleSessionName,
		ARN:           "arn:" + role.partition + ":sts::" + role.account + ":assumed-role/" + role.name + "/" + in.RoleSessionName,
	}
	issued := s.issue(session{
		ARN: user.ARN, UserID: user.AssumedRoleID, Account: role.account, Expires: s.clock.Now().Add(lifetime).Truncate(time.Second), passing: handed,
	})
	return assumeRoleOutput{Credentials: issued, AssumedRoleUser: user, SourceIdentity: handed.SourceIdentity}, nil
}

func (s *Service) issue(of session) credentials {
	issued := credentials{
		AccessKeyID:     "ASIA" + rand.Text()[:16],
		SecretAccessKey: rand.Text() + rand.Text()[:14],
		SessionToken:    rand.Text() + rand.Text() + rand.Text(),
		Expiration:      wire.At(of.Expires),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[issued.AccessKeyID] = of
	return issued
}

type role struct{ partition, account, name string }

var (
	rolePattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role/((?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})$`)
	})
	sessionPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]{2,64}$`) })
)

// parseRole returns the parts of a role's ARN. Its path is not part of the ARN of
// the caller that assumed it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
func parseRole(arn string) (role, error) {
	if len(arn) < 20 || len(arn) > 2048 {
		return role{}, invalid(arn, "roleArn", "Member must have length between 20 and 2048")
	}
	m := rolePattern().FindStringSubmatch(arn)
	if m == nil {
		return role{}, wire.Errorf("ValidationError", "%s is invalid", arn)
	}
	return role{partition: m[1], account: m[2], name: m[4]}, nil
}

func checkSessionName(name string) error {
	if !sessionPattern().MatchString(name) {
		return invalid(name, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]{2,64}`)
	}
	return nil
}

func lifetime(seconds int, chained bool) (time.Duration, error) {
	switch {
	case seconds == 0:
		seconds = defaultSeconds
	case seconds < minSeconds || seconds > maxSeconds:
		return 0, wire.Errorf("ValidationError",
			"1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between %d and %d",
			seconds, minSeconds, maxSeconds)
	case chained && seconds > maxChained:
		return 0, wire.Errorf("ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return time.Duration(seconds) * time.Second, nil
}

func isAssumedRole(arn string) bool { return strings.Contains(arn, ":assumed-role/") }

func invalid(value, member, constraint string) *wire.Error {
	return wire.Errorf("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s",
		value, member, constraint)
}

// uniqueID returns the id that IAM gives to a user or role: always the same for the
// same name, so that it survives a restart.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func uniqueID(prefix, name string) string {
	sum := sha256.Sum256([]byte(name))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:17]
}
