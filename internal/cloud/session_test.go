package cloud_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/operation"
)

const role = "arn:aws:iam::222222222222:role/r"

func TestRoleIsAssumedOnce(t *testing.T) {
	f := aws(t, map[string][]answer{
		"sts.GetCallerIdentity": {{body: identity}},
		"sts.AssumeRole":        {{body: assumed}},
		"ssm.GetParameters":     {{body: `{"Parameters":[]}`}},
	})
	c := open(t)
	ctx, asked := operation.Start(t.Context(), nil)
	place := cloud.Place{Account: "222222222222", Region: "eu-west-1", Role: role}
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := c.At(place).Parameters().Get(ctx, []string{"/a"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	want := tagboat.Calls{Total: 7, ByOperation: map[string]int{"sts.GetCallerIdentity": 1, "sts.AssumeRole": 1, "ssm.GetParameters": 5}}
	if diff := cmp.Diff(want, asked.Calls()); diff != "" {
		t.Error(diff)
	}
	if agent := f.requests("ssm.GetParameters")[0].agent; !strings.Contains(agent, "tagboat/1.2") {
		t.Errorf("the user agent is %s", agent)
	}
}

func TestAccountIsCheckedOnce(t *testing.T) {
	f := aws(t, map[string][]answer{"sts.GetCallerIdentity": {{body: identity}}, "ssm.GetParameters": {{body: `{}`}}})
	c := open(t)
	for range 3 {
		if _, err := c.At(cloud.Place{Account: "111111111111"}).Parameters().Get(t.Context(), []string{"/a"}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"sts.GetCallerIdentity", "ssm.GetParameters", "ssm.GetParameters", "ssm.GetParameters"}
	if diff := cmp.Diff(want, f.operations()); diff != "" {
		t.Error(diff)
	}
}

func TestWrongPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		place cloud.Place
		says  []string
		calls int
	}{
		"other account":        {cloud.Place{Account: "333333333333"}, []string{"333333333333", "111111111111", "user/ci"}, 1},
		"role of another":      {cloud.Place{Account: "333333333333", Role: role}, []string{"333333333333", "222222222222"}, 0},
		"no region in any way": {cloud.Place{}, []string{"region"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := aws(t, map[string][]answer{"sts.GetCallerIdentity": {{body: identity}}})
			if name == "no region in any way" {
				t.Setenv("AWS_REGION", "")
				t.Setenv("AWS_DEFAULT_REGION", "")
			}
			_, err := open(t).At(c.place).Parameters().Get(t.Context(), []string{"/a"})
			var e *tagboat.Error
			if !errors.As(err, &e) || e.Kind != tagboat.Usage || e.Hint == "" {
				t.Fatalf("the error is %v", err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %s", err, s)
				}
			}
			if len(f.operations()) != c.calls {
				t.Errorf("it made %v", f.operations())
			}
		})
	}
}

func TestMissingProfile(t *testing.T) {
	environment(t, "http://127.0.0.1:1")
	t.Setenv("AWS_PROFILE", "nobody")
	if _, err := cloud.New(t.Context(), cloud.Options{}); tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("the error is %v", err)
	}
}

func TestIdentity(t *testing.T) {
	aws(t, map[string][]answer{"sts.GetCallerIdentity": {{body: identity}}})
	account, arn, err := open(t).At(cloud.Place{}).Identity(t.Context())
	if account != "111111111111" || arn != "arn:aws:iam::111111111111:user/ci" || err != nil {
		t.Errorf("%s %s %v", account, arn, err)
	}
}

func TestNowIsAWSsTime(t *testing.T) {
	ahead := time.Now().Add(1000 * time.Hour).UTC().Truncate(time.Second)
	aws(t, map[string][]answer{"ssm.GetParameters": {{body: `{}`, header: map[string][]string{"Date": {ahead.Format("Mon, 02 Jan 2006 15:04:05 GMT")}}}}})
	s := open(t).At(cloud.Place{})
	if _, err := s.Parameters().Get(t.Context(), []string{"/a"}); err != nil {
		t.Fatal(err)
	}
	if now := s.Now(); now.Before(ahead) || now.After(ahead.Add(time.Minute)) {
		t.Errorf("it is %s and not %s", now, ahead)
	}
}
