package tagboat_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestExitCodes(t *testing.T) {
	want := map[tagboat.Kind]int{
		tagboat.Internal: 1, tagboat.Usage: 2, tagboat.Pending: 3, tagboat.RolledBack: 4, tagboat.Failed: 5,
		tagboat.TimedOut: 6, tagboat.Superseded: 7, tagboat.Blocked: 8, tagboat.Interrupted: 130,
	}
	for kind, code := range want {
		if got := kind.ExitCode(); got != code {
			t.Errorf("kind %d: exit code %d, want %d", kind, got, code)
		}
	}
}

func TestHTTPStatuses(t *testing.T) {
	want := map[tagboat.Kind]int{
		tagboat.Internal: 500, tagboat.Usage: 400, tagboat.Pending: 409, tagboat.RolledBack: 502, tagboat.Failed: 502,
		tagboat.TimedOut: 504, tagboat.Superseded: 409, tagboat.Blocked: 409, tagboat.Interrupted: 503,
	}
	for kind, status := range want {
		if got := kind.HTTPStatus(); got != status {
			t.Errorf("kind %d: status %d, want %d", kind, got, status)
		}
	}
}

func TestHintOf(t *testing.T) {
	inner := tagboat.Usagef("no").WithHint("do this")
	expect.Equal(t, "do this", tagboat.HintOf(fmt.Errorf("pinning: %w", inner)))
	if got := tagboat.HintOf(fs.ErrNotExist); !strings.Contains(got, "again") {
		t.Error(got)
	}
}

func TestVerdictKinds(t *testing.T) {
	for _, v := range []tagboat.Verdict{tagboat.VerdictUnchanged, tagboat.VerdictSucceeded, tagboat.VerdictStarted} {
		if kind, bad := v.Kind(); bad {
			t.Errorf("%s is an error of kind %d", v, kind)
		}
	}
	for v, want := range map[tagboat.Verdict]tagboat.Kind{
		tagboat.VerdictRolledBack: tagboat.RolledBack, tagboat.VerdictFailed: tagboat.Failed, tagboat.VerdictSuperseded: tagboat.Superseded,
		tagboat.VerdictTimedOut: tagboat.TimedOut, tagboat.VerdictInterrupted: tagboat.Interrupted, "nonsense": tagboat.Failed,
	} {
		if kind, bad := v.Kind(); !bad || kind != want {
			t.Errorf("%s: kind %d, want %d", v, kind, want)
		}
	}
}

func TestErrors(t *testing.T) {
	err := tagboat.Usagef("reading %s: %w", "x", fs.ErrNotExist).
		WithHint("write %s", "it").At(tagboat.Position{File: "a.yaml", Line: 3, Column: 5})
	expect.Equal(t, "a.yaml:3:5: reading x: file does not exist", err.Error())
	if err.Hint != "write it" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%+v", err)
	}
	wrapped := fmt.Errorf("doing: %w", errors.Join(errors.New("plain"), err))
	if tagboat.KindOf(wrapped) != tagboat.Usage {
		t.Error("the kind is lost by wrapping")
	}
	if tagboat.KindOf(errors.New("plain")) != tagboat.Internal || tagboat.KindOf(nil) != tagboat.Internal {
		t.Error("what has no kind is internal")
	}
	expect.Equal(t, "100% held", tagboat.Errorf(tagboat.Blocked, "100%% held").Error())
}

func TestPosition(t *testing.T) {
	got := []string{
		tagboat.Position{File: "a"}.String(),
		tagboat.Position{File: "a", Line: 1}.String(),
		tagboat.Position{File: "a", Line: 1, Column: 2}.String(),
		tagboat.Position{File: "a", Column: 2}.String(),
	}
	expect.Equal(t, []string{"a", "a:1", "a:1:2", "a"}, got)
}

func TestSuggest(t *testing.T) {
	for _, tc := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"environmnt", []string{"entryPoint", "environment", "environmentFiles"}, `did you mean "environment"?`},
		{"prd", []string{"dev", "prod"}, `did you mean "prod"?`},
		{"api", []string{"api"}, `did you mean "api"?`},
		{"zzzzzz", []string{"dev", "prod"}, "there is dev, prod"},
		{"x", nil, ""},
	} {
		expect.EqualIn(t, tc.name, tc.want, tagboat.Suggest(tc.name, tc.candidates))
	}
}
