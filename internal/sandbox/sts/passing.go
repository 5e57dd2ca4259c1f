package sts

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
