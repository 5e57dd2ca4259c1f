package cloud_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
)

// A process that starts while AWS's bucket is still empty waits for its turn.
func TestTheBucketOutlivesTheProcess(t *testing.T) {
	world := map[string][]string{"Sandbox-Id": {"AAAAAAAA"}}
	f := aws(t, map[string][]answer{
		"ecs.ListTasks":              {{body: `{}`, header: world}},
		"ecs.RegisterTaskDefinition": {registered},
	})
	cache := t.TempDir()
	register := func(n int) time.Duration {
		c, err := cloud.New(t.Context(), cloud.Options{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		e := c.At(cloud.Place{}).ECS()
		if _, err := e.ListTasks(t.Context(), "dev", ecs.TaskFilter{}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range n {
			if _, err := e.RegisterTaskDefinition(t.Context(), minimal); err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(began)
	}
	register(19)
	if took := register(1); took < 300*time.Millisecond {
		t.Errorf("the twentieth revision took %s", took)
	}
	if n := len(f.requests("ecs.RegisterTaskDefinition")); n != 20 {
		t.Errorf("%d revisions", n)
	}
}

// What is one account is paced once, by whatever way it is reached.
func TestOneAccountIsPacedOnce(t *testing.T) {
	const role = "arn:aws:iam::111111111111:role/tagboat"
	identity := map[string][]answer{"sts.GetCallerIdentity": {{body: `<GetCallerIdentityResponse><GetCallerIdentityResult>` +
		`<Account>111111111111</Account><Arn>arn:aws:iam::111111111111:user/ci</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`}}}
	for _, c := range []struct {
		name   string
		places []cloud.Place
		scopes []string
		asks   int
	}{
		{"alone, nobody asks", []cloud.Place{{}}, []string{"/eu-west-1"}, 0},
		{"beside a role", []cloud.Place{{}, {Role: role}}, []string{"111111111111/eu-west-1", "111111111111/eu-west-1"}, 1},
		{"beside a role in another region", []cloud.Place{{}, {Role: role, Region: "us-east-1"}}, []string{"/eu-west-1", "111111111111/us-east-1"}, 0},
		{"two regions of a role", []cloud.Place{{Role: role}, {Role: role, Region: "us-east-1"}}, []string{"111111111111/eu-west-1", "111111111111/us-east-1"}, 0},
		{"by an account that was never made sure of", []cloud.Place{{Account: "222222222222"}}, []string{"/eu-west-1"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := aws(t, identity)
			o := open(t)
			sessions := make([]*cloud.Session, len(c.places))
			for i, place := range c.places {
				sessions[i] = o.At(place)
			}
			for i, s := range sessions {
				if got := cloud.Scope(t.Context(), s); got != c.scopes[i] {
					t.Errorf("place %d is paced as %s", i, got)
				}
			}
			if asks := len(f.requests("sts.GetCallerIdentity")); asks != c.asks {
				t.Errorf("asked %d times", asks)
			}
		})
	}
}

// An account that cannot be found out costs one call and stops nobody.
func TestAnUnknownAccountIsPacedByItself(t *testing.T) {
	f := aws(t, map[string][]answer{"sts.GetCallerIdentity": {{status: 403, code: "AccessDenied"}}})
	o := open(t)
	own := o.At(cloud.Place{})
	o.At(cloud.Place{Role: "arn:aws:iam::111111111111:role/tagboat"})
	for range 3 {
		if got := cloud.Scope(t.Context(), own); got != "/eu-west-1" {
			t.Errorf("paced as %s", got)
		}
	}
	if asks := len(f.requests("sts.GetCallerIdentity")); asks != 1 {
		t.Errorf("asked %d times", asks)
	}
}
