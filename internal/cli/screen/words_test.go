package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/words"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestTexts(t *testing.T) {
	until := time.Date(2026, 1, 2, 10, 30, 0, 0, time.UTC)
	got := []string{
		words.Version("v1", digest), words.Version("", digest), words.Version("v1", ""),
		words.Age(0), words.Age(119), words.Age(120), words.Age(7200), words.Age(3 * 86400),
		revision("arn:aws:ecs:eu-west-1:1:task-definition/web:7"), revision(""),
		words.Who("arn:aws:sts::123456789012:assumed-role/ci/run-7"), words.Who("arn:aws:iam::123456789012:user/team/ann"), words.Who("ann"),
		heldText(nil), heldText(&tagboat.Hold{}), heldText(&tagboat.Hold{Until: &until, Reason: "sale"}),
		words.Short("v1", digest), words.Short("", digest), words.Short("", ""),
		words.Size(0), words.Size(999), words.Size(1000), words.Size(9_949_999), words.Size(12_300_000), words.Size(1_234_000_000), words.Size(5_000_000_000_000),
		shortList(nil), shortList([]string{"a", "b", "c"}), shortList([]string{"a", "b", "c", "d", "e"}),
		cutRevision("0123456789abcdef"), cutRevision("0abc"),
	}
	want := []string{
		"v1 (0123456)", "0123456789ab", "-",
		"-", "119s", "2m", "2h", "3d",
		"web:7", "-",
		"run-7", "ann", "ann",
		"-", "held", "held until 2026-01-02 10:30Z: sale",
		"v1", "0123456789ab", "?",
		"-", "999 B", "1.0 kB", "9.9 MB", "12 MB", "1.2 GB", "5000 GB",
		"-", "a b c", "a b c +2",
		"0123456789ab", "0abc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestServicesThatAStackHasToMake are not said to be deployed by tagboat deploy, which refuses.
func TestServicesThatAStackHasToMake(t *testing.T) {
	missing := tagboat.ServiceStatus{
		Environment: "dev", Service: "web", State: "missing", MainContainer: "app",
		Images: []tagboat.ImageState{{Container: "app", Pinned: digest, Tag: "v1"}},
	}
	for stack, command := range map[string]string{"": "deploy", "shop-dev": "explain"} {
		missing.Stack = stack
		if n := notesOf(missing); len(n) != 1 || n[0].command != command || !strings.Contains(n[0].what, stack) {
			t.Errorf("stack %q: %+v", stack, n)
		}
	}
}

// A scan's cell has the two worst kinds of what it found, and of none how it stands.
func TestScans(t *testing.T) {
	for want, v := range map[string]tagboat.ImageVersion{
		"-":                  {},
		"failed":             {Scan: "FAILED"},
		"clean":              {Scan: "COMPLETE", Findings: map[string]int{"LOW": 0}},
		"1 low":              {Findings: map[string]int{"LOW": 1, "INFORMATIONAL": 9}},
		"2 critical, 3 high": {Findings: map[string]int{"CRITICAL": 2, "HIGH": 3, "MEDIUM": 4}},
	} {
		if got := scanCell(v).Text; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
