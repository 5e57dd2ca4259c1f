package screen

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
)

// TestReleasesInTheMatrix has one environment behind, one whose promotion waits, one under way,
// a soak that never ends and a freeze.
func TestReleasesInTheMatrix(t *testing.T) {
	since := time.Date(2026, 1, 2, 10, 30, 0, 0, time.UTC)
	steady := func(env tagboat.EnvName) tagboat.ServiceStatus {
		i := tagboat.ImageState{Container: "web", Image: "web", Tag: "v1", RunningTag: "v1", Pinned: digest, Running: digest}
		return tagboat.ServiceStatus{Environment: env, Service: "web", State: "steady", Images: []tagboat.ImageState{i}, MainContainer: "web", AgeSeconds: 7200}
	}
	document := tagboat.StatusDocument{
		Services: []tagboat.ServiceStatus{steady("dev"), steady("staging"), steady("prod")},
		Environments: []tagboat.EnvironmentStatus{
			{Environment: "dev", Release: "17", Next: "18"},
			{Environment: "staging", Release: "16", Behind: 1, Starves: "the soak lasts 1d and cannot end"},
			{Environment: "prod", Next: "15", Waits: tagboat.CauseApprovals, Behind: 2},
		},
		Frozen: &tagboat.Hold{Reason: "the sale", By: "arn:aws:iam::123456789012:user/ann", Since: &since},
	}
	var out bytes.Buffer
	on := &Screen{Streams: &console.Streams{Out: &out, Err: &out}}
	Matrix(on, []config.Environment{{Name: "dev", Stage: "dev"}, {Name: "staging", Stage: "staging"}, {Name: "prod", Stage: "prod"}}, document)
	want := `
SERVICE    dev     │ staging  │ prod
(release)  17 ~    │ 16 ↓1    │ -  ↓2…
web        v1   2h │ v1    2h │ v1     2h

all 3 run what is pinned · a cell: its version, and the time since its deployment
↓ releases behind the stage before · … a release waits · ~ rolling
H everything  is frozen for automation: held by ann since 2026-01-02 10:30Z: the sale
~ dev  release 18 is under way
! staging  the soak lasts 1d and cannot end
… prod  release 15 waits: needs-approvals
    → tagboat promote 15 --env prod --dry-run
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), out.String()); diff != "" {
		t.Error(diff)
	}
}
