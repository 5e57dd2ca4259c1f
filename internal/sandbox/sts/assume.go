package sts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

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

// assumeRole lets everybody assume every role: roles have no trust policies here, and so
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

// passing is what a session hands on to the sessions of the roles that it assumes.
//
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
type passing struct {
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
	Transitive     map[string]string `json:"transitiveTags,omitempty"`
}

type tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// Limits of session tags.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know
const (
	mostTags     = 50
	longestKey   = 128
	longestValue = 256
)

var sourceIdentity = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]{2,64}$`) })

// passedOn returns what a session that is begun with this one hands on. A source identity
// stays whatever it was set to first, and transitive tags are inherited.
func (p passing) passedOn(caller wire.Caller, in assumeRoleInput) (passing, error) {
	next := passing{SourceIdentity: p.SourceIdentity, Transitive: maps.Clone(p.Transitive)}
	if in.SourceIdentity != "" {
		if !sourceIdentity().MatchString(in.SourceIdentity) {
			return passing{}, invalid(in.SourceIdentity, "sourceIdentity", `Member must satisfy regular expression pattern: [\w+=,.@-]{2,64}`)
		}
		if p.SourceIdentity != "" && p.SourceIdentity != in.SourceIdentity {
			return passing{}, wire.Errorf("AccessDenied", "User: %s is not authorized to perform: sts:SetSourceIdentity on resource: %s", caller.ARN, in.RoleARN)
		}
		next.SourceIdentity = in.SourceIdentity
	}
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return passing{}, err
	}
	for key := range tags {
		if hasKey(p.Transitive, key) {
			return passing{}, wire.Errorf("InvalidParameterValue", "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
	}
	for _, key := range in.Transitive {
		if !hasKey(tags, key) {
			return passing{}, wire.Errorf("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
		}
	}
	for key, value := range tags {
		if slices.ContainsFunc(in.Transitive, func(k string) bool { return strings.EqualFold(k, key) }) {
			if next.Transitive == nil {
				next.Transitive = map[string]string{}
			}
			next.Transitive[key] = value
		}
	}
	return next, nil
}

// tagsOf returns the tags of a call. Keys that differ in case only are the same key.
func tagsOf(list []tag) (map[string]string, error) {
	if len(list) > mostTags {
		return nil, wire.Errorf("ValidationError",
			"1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d", mostTags)
	}
	tags := map[string]string{}
	for _, t := range list {
		if n := utf8.RuneCountInString(t.Key); n == 0 || n > longestKey {
			return nil, invalid(t.Key, "tags.1.member.key", "Member must have length between 1 and 128")
		}
		if utf8.RuneCountInString(t.Value) > longestValue {
			return nil, invalid(t.Value, "tags.1.member.value", "Member must have length less than or equal to 256")
		}
		if hasKey(tags, t.Key) {
			return nil, wire.Errorf("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		tags[t.Key] = t.Value
	}
	return tags, nil
}

func hasKey(tags map[string]string, key string) bool {
	for k := range tags {
		if strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}
