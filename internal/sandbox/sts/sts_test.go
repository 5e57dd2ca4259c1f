package sts_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/sts"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const (
	account = "111111111111"
	region  = "eu-west-1"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// call sends one request as a client with an access key would.
func call(t *testing.T, s *sts.Service, accessKey, operation, query string) (*wire.Answer, error) {
	t.Helper()
	form := expect.Value(url.ParseQuery(query))(t)
	caller, err := s.Caller(accessKey, region)
	if err != nil {
		return nil, err
	}
	service := s.Service()
	out, err := service.Operations[operation](t.Context(), &wire.Request{Caller: caller, Operation: operation, Form: form})
	if err != nil {
		return nil, err
	}
	return service.Success("request", operation, out), nil
}

type assumed struct {
	Key        string    `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	Secret     string    `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
	Token      string    `xml:"AssumeRoleResult>Credentials>SessionToken"`
	Expiration time.Time `xml:"AssumeRoleResult>Credentials>Expiration"`
	ARN        string    `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
	ID         string    `xml:"AssumeRoleResult>AssumedRoleUser>AssumedRoleId"`
	Source     string    `xml:"AssumeRoleResult>SourceIdentity"`
}

func assume(t *testing.T, s *sts.Service, accessKey, query string) assumed {
	t.Helper()
	answer := expect.Value(call(t, s, accessKey, "AssumeRole", query))(t)
	var got assumed
	expect.OK(t, xml.Unmarshal(answer.Body, &got))
	return got
}

func TestCallerOfAnUnknownKeyIsTheDefaultAccountsUser(t *testing.T) {
	got := expect.Value(sts.New(account, clock.NewManual(start)).Caller("any", region))(t)
	want := wire.Caller{
		Scope:     wire.Scope{Account: account, Region: region},
		ARN:       "arn:aws:iam::111111111111:user/sandbox",
		UserID:    got.UserID,
		AccessKey: "any",
	}
	expect.Equal(t, want, got)
	if !strings.HasPrefix(got.UserID, "AIDA") || len(got.UserID) != 21 {
		t.Errorf("%q is not the id of a user", got.UserID)
	}
}

func TestAssumedRoleBelongsToTheAccountInItsARN(t *testing.T) {
	s := sts.New(account, clock.NewManual(start))
	got := assume(t, s, "any", "RoleArn=arn:aws:iam::222222222222:role/team/deployer&RoleSessionName=me@home&ExternalId=x")
	expect.EqualIn(t, "ARN", "arn:aws:sts::222222222222:assumed-role/deployer/me@home", got.ARN)
	if !strings.HasPrefix(got.Key, "ASIA") || len(got.Key) != 20 || len(got.Secret) != 40 || got.Token == "" {
		t.Error("the credentials do not look like AWS's")
	}
	if want := start.Add(time.Hour); !got.Expiration.Equal(want) {
		t.Errorf("expires at %v, want %v", got.Expiration, want)
	}
	caller := expect.Value(s.Caller(got.Key, region))(t)
	want := wire.Caller{Scope: wire.Scope{Account: "222222222222", Region: region}, ARN: got.ARN, UserID: got.ID, AccessKey: got.Key}
	expect.Equal(t, want, caller)
}

func TestSessionEndsOnTime(t *testing.T) {
	c := clock.NewManual(start)
	s := sts.New(account, c)
	got := assume(t, s, "any", "RoleArn=arn:aws:iam::222222222222:role/r&RoleSessionName=me&DurationSeconds=900")
	c.Advance(900*time.Second - 1)
	if _, err := s.Caller(got.Key, region); err != nil {
		t.Errorf("a moment before: %v", err)
	}
	c.Advance(1)
	if _, err := s.Caller(got.Key, region); !errors.Is(err, sts.ErrExpired) {
		t.Errorf("got %v, want ErrExpired", err)
	}
}

func TestAssumeRoleRefuses(t *testing.T) {
	const role = "RoleArn=arn:aws:iam::222222222222:role/r&RoleSessionName=me"
	tests := map[string]struct{ query, message string }{
		"no role":        {"RoleSessionName=me", "roleArn"},
		"no ARN":         {"RoleArn=this-is-not-an-arn-at-all&RoleSessionName=me", "is invalid"},
		"user":           {"RoleArn=arn:aws:iam::222222222222:user/x&RoleSessionName=me", "is invalid"},
		"short account":  {"RoleArn=arn:aws:iam::22222222222:role/x&RoleSessionName=me", "is invalid"},
		"no session":     {"RoleArn=arn:aws:iam::222222222222:role/r", "roleSessionName"},
		"short session":  {"RoleArn=arn:aws:iam::222222222222:role/r&RoleSessionName=x", "roleSessionName"},
		"spaced session": {"RoleArn=arn:aws:iam::222222222222:role/r&RoleSessionName=a+b", "roleSessionName"},
		"too short":      {role + "&DurationSeconds=899", "durationSeconds"},
		"too long":       {role + "&DurationSeconds=43201", "durationSeconds"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := call(t, sts.New(account, clock.NewManual(start)), "any", "AssumeRole", tt.query)
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != "ValidationError" || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %v, want a ValidationError about %s", err, tt.message)
			}
		})
	}
}

func TestChainedRoleLastsAnHourAtMost(t *testing.T) {
	s := sts.New(account, clock.NewManual(start))
	const role = "RoleArn=arn:aws:iam::222222222222:role/r&RoleSessionName=me"
	first := assume(t, s, "any", role+"&DurationSeconds=43200")
	if _, err := call(t, s, first.Key, "AssumeRole", role+"&DurationSeconds=3601"); err == nil {
		t.Error("a chained session may last longer than an hour")
	}
	assume(t, s, first.Key, role+"&DurationSeconds=3600")
}

func TestSessionsOutliveTheProcessWithoutTheirSecrets(t *testing.T) {
	c := clock.NewManual(start)
	before := sts.New(account, c)
	got := assume(t, before, "any", "RoleArn=arn:aws:iam::222222222222:role/r&RoleSessionName=me")
	state := expect.Value(before.Save())(t)
	data := expect.Value(json.Marshal(state))(t)
	if strings.Contains(string(data), got.Secret) || strings.Contains(string(data), got.Token) {
		t.Error("the state has secrets in it")
	}
	after := sts.New(account, c)
	expect.OK(t, after.Load(data))
	caller, err := after.Caller(got.Key, region)
	if err != nil || caller.ARN != got.ARN {
		t.Errorf("got %v, %v", caller, err)
	}
}

func TestKeyOfTwelveDigitsActsInThatAccount(t *testing.T) {
	s := sts.New(account, clock.NewManual(start))
	for key, want := range map[string]string{
		"333333333333":  "arn:aws:iam::333333333333:user/sandbox",
		"3333333333333": "arn:aws:iam::111111111111:user/sandbox",
	} {
		caller, err := s.Caller(key, region)
		if err != nil || caller.ARN != want {
			t.Errorf("%s: got %s, %v", key, caller.ARN, err)
		}
	}
}

// TestWhatASessionHandsOn chains roles: the source identity that was set first stays, and so
// do transitive tags.
func TestWhatASessionHandsOn(t *testing.T) {
	const role = "RoleArn=arn:aws:iam::222222222222:role/r&RoleSessionName=me"
	const tags = "&Tags.member.1.Key=Team&Tags.member.1.Value=web&Tags.member.2.Key=Cost&Tags.member.2.Value=9&TransitiveTagKeys.member.1=Team"
	s := sts.New(account, clock.NewManual(start))
	first := assume(t, s, "any", role+"&SourceIdentity=ann"+tags)
	expect.EqualIn(t, "the source identity", "ann", first.Source)
	second := assume(t, s, first.Key, role+"&Tags.member.1.Key=Cost&Tags.member.1.Value=3")
	for query, code := range map[string]string{
		"":                    "",
		"&SourceIdentity=ann": "",
		"&SourceIdentity=bob": "AccessDenied",
		"&SourceIdentity=x":   "ValidationError",
		"&Tags.member.1.Key=team&Tags.member.1.Value=ops":                                    "InvalidParameterValue",
		"&TransitiveTagKeys.member.1=Other":                                                  "InvalidParameterValue",
		"&Tags.member.1.Key=a&Tags.member.1.Value=&Tags.member.2.Key=A&Tags.member.2.Value=": "InvalidParameterValue",
		"&Tags.member.1.Key=&Tags.member.1.Value=x":                                          "ValidationError",
	} {
		answer, err := call(t, s, second.Key, "AssumeRole", role+query)
		var refused *wire.Error
		errors.As(err, &refused)
		if code != "" && (refused == nil || refused.Code != code) {
			t.Errorf("%s: got %v, want %s", query, err, code)
		}
		if code != "" {
			continue
		}
		var got assumed
		if err != nil || xml.Unmarshal(answer.Body, &got) != nil || got.Source != "ann" {
			t.Errorf("%s: source identity %q, %v", query, got.Source, err)
		}
	}
	expect.EqualIn(t, "a user's session has the source identity", "", assume(t, s, "any", role).Source)
}
