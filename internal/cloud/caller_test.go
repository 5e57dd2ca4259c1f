package cloud_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
)

func identityOf(arn string) answer {
	return answer{body: strings.Replace(identity, "arn:aws:iam::111111111111:user/ci", arn, 1)}
}

// TestSessionsAreNamedAfterTheCaller reaches two places through roles.
func TestSessionsAreNamedAfterTheCaller(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, c := range []struct {
		arn, given, want string
		asks             int
	}{
		{arn: "arn:aws:iam::111111111111:user/ci", want: "ci", asks: 1},
		{arn: "arn:aws:iam::111111111111:user/team/web/ann.b@example.com", want: "ann.b@example.com", asks: 1},
		{arn: "arn:aws:iam::111111111111:user/z", want: "tagboat-z", asks: 1},
		{arn: "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin_1/ann@example.com", want: "ann@example.com", asks: 1},
		{arn: "arn:aws:sts::111111111111:federated-user/bob", want: "bob", asks: 1},
		{arn: "arn:aws:iam::111111111111:root", want: "root", asks: 1},
		{arn: "arn:aws:sts::111111111111:assumed-role/r/a b\u00e9c", want: "a-b-c", asks: 1},
		{arn: "arn:aws:sts::111111111111:assumed-role/r/" + long + long, want: long + "xxxx", asks: 1},
		{given: "gha-4711", want: "gha-4711"},
		{given: "gha 47/11", want: "gha-47-11"},
	} {
		f := aws(t, map[string][]answer{
			"sts.GetCallerIdentity": {identityOf(c.arn)}, "sts.AssumeRole": {{body: assumed}}, "ssm.GetParameters": {{body: `{}`}},
		})
		o, err := cloud.New(t.Context(), cloud.Options{SessionName: c.given})
		if err != nil {
			t.Fatal(err)
		}
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			if _, err := o.At(cloud.Place{Region: region, Role: role}).Parameters().Get(t.Context(), []string{"/a"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, q := range f.requests("sts.AssumeRole") {
			if got := q.form.Get("RoleSessionName"); got != c.want || q.form.Get("DurationSeconds") != "900" {
				t.Errorf("%s%s: the session is called %q and lasts %ss", c.arn, c.given, got, q.form.Get("DurationSeconds"))
			}
		}
		if n := len(f.requests("sts.GetCallerIdentity")); n != c.asks {
			t.Errorf("%s%s: asked %d times who calls", c.arn, c.given, n)
		}
	}
}

// TestACallerWhoMayNotKnowHimself has an endpoint's policy refuse the question.
func TestACallerWhoMayNotKnowHimself(t *testing.T) {
	f := aws(t, map[string][]answer{
		"sts.GetCallerIdentity": {{status: 403, code: "AccessDenied"}}, "sts.AssumeRole": {{body: assumed}}, "ssm.GetParameters": {{body: `{}`}},
	})
	if _, err := open(t).At(cloud.Place{Role: role}).Parameters().Get(t.Context(), []string{"/a"}); err != nil {
		t.Fatal(err)
	}
	if got := f.requests("sts.AssumeRole")[0].form.Get("RoleSessionName"); got != "tagboat" {
		t.Errorf("the session is called %q", got)
	}
}

// TestIdentityOfARole is what AWS answered when the role was assumed.
func TestIdentityOfARole(t *testing.T) {
	f := aws(t, map[string][]answer{"sts.GetCallerIdentity": {{body: identity}}, "sts.AssumeRole": {{body: assumed}}})
	o := open(t)
	for range 2 {
		account, arn, err := o.At(cloud.Place{Role: role}).Identity(t.Context())
		if account != "222222222222" || arn != "arn:aws:sts::222222222222:assumed-role/r/tagboat" || err != nil {
			t.Errorf("%s %s %v", account, arn, err)
		}
	}
	if diff := cmp.Diff([]string{"sts.GetCallerIdentity", "sts.AssumeRole"}, f.operations()); diff != "" {
		t.Error(diff)
	}
}
