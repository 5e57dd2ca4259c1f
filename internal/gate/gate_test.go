package gate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/gate"
	"github.com/tagboat/tagboat/internal/registry"
)

const (
	one   = tagboat.Digest("sha256:1111111111111111111111111111111111111111111111111111111111111111")
	two   = tagboat.Digest("sha256:2222222222222222222222222222222222222222222222222222222222222222")
	index = tagboat.Digest("sha256:3333333333333333333333333333333333333333333333333333333333333333")
)

// evidence is what a registry would have.
type evidence struct {
	scans      map[tagboat.Digest]gate.Scan
	signatures []registry.Signature
	err        error
}

func (e evidence) Scan(_ context.Context, image tagboat.Reference) (gate.Scan, error) {
	return e.scans[image.Digest], e.err
}

func (e evidence) Signatures(context.Context, tagboat.Reference) ([]registry.Signature, error) {
	return e.signatures, e.err
}

func version(images ...tagboat.Digest) registry.Version {
	return registry.Version{Reference: tagboat.Reference{Host: "reg.example", Repository: "api", Tag: "1", Digest: index}, Images: images}
}

func TestScan(t *testing.T) {
	counts := func(pairs ...any) map[string]int {
		all := map[string]int{}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i].(string)] = pairs[i+1].(int)
		}
		return all
	}
	for _, tc := range []struct {
		name   string
		max    string
		scan   gate.Scan
		passed bool
		reason string
	}{
		{"basic, nothing", "none", gate.Scan{Status: "COMPLETE", Counts: counts()}, true, "the scan found nothing"},
		{"basic, just as bad as may pass", "medium", gate.Scan{Status: "COMPLETE", Counts: counts("LOW", 3, "MEDIUM", 1, "HIGH", 0)}, true, "the scan found 1 medium, 3 low"},
		{"basic, worse", "medium", gate.Scan{Status: "COMPLETE", Counts: counts("HIGH", 1)}, false, "the scan found 1 high, and nothing worse than medium may pass"},
		{"none means none", "none", gate.Scan{Status: "COMPLETE", Counts: counts("INFORMATIONAL", 1)}, false, "the scan found 1 informational, and nothing worse than none may pass"},
		{"enhanced, active is finished", "low", gate.Scan{Status: "ACTIVE", Counts: counts("UNTRIAGED", 2)}, true, "the scan found 2 untriaged"},
		{"enhanced, critical", "high", gate.Scan{Status: "ACTIVE", Counts: counts("CRITICAL", 1, "HIGH", 4)}, false, "the scan found 1 critical, 4 high, and nothing worse than high may pass"},
		{"a severity of tomorrow is worse than all", "critical", gate.Scan{Status: "ACTIVE", Counts: counts("APOCALYPTIC", 1)}, false, "the scan found 1 apocalyptic, and nothing worse than critical may pass"},
		{"never scanned", "critical", gate.Scan{}, false, "it was never scanned"},
		{"not finished", "critical", gate.Scan{Status: "IN_PROGRESS", Counts: counts()}, false, "its scan is not finished (IN_PROGRESS)"},
		{"enhanced, not finished", "critical", gate.Scan{Status: "PENDING"}, false, "its scan is not finished (PENDING)"},
		{"active without a result", "critical", gate.Scan{Status: "ACTIVE"}, false, "its scan has no result (ACTIVE)"},
		{"failed", "critical", gate.Scan{Status: "FAILED"}, false, "its scan has no result (FAILED)"},
		{"nobody looks any more", "critical", gate.Scan{Status: "SCAN_ELIGIBILITY_EXPIRED", Counts: counts()}, false, "its scan has no result (SCAN_ELIGIBILITY_EXPIRED)"},
		{"a state of tomorrow", "critical", gate.Scan{Status: "SOMETHING", Counts: counts()}, false, "its scan has no result (SOMETHING)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := gate.Check(t.Context(), config.Gates{ScanMax: tc.max}, version(one), evidence{scans: map[tagboat.Digest]gate.Scan{one: tc.scan}})
			if err != nil || len(got) != 1 {
				t.Fatal(got, err)
			}
			if got[0].Passed != tc.passed || got[0].Reason != tc.reason || got[0].Gate != "scan" || (got[0].Hint == "") != tc.passed {
				t.Errorf("%+v, want passed %v: %s", got[0], tc.passed, tc.reason)
			}
		})
	}
}

func TestScanOfAnIndexIsThatOfEveryImage(t *testing.T) {
	clean := gate.Scan{Status: "COMPLETE", Counts: map[string]int{}}
	for _, tc := range []struct {
		scans  map[tagboat.Digest]gate.Scan
		passed bool
	}{
		{map[tagboat.Digest]gate.Scan{one: clean, two: clean}, true},
		{map[tagboat.Digest]gate.Scan{one: clean}, false},
		{map[tagboat.Digest]gate.Scan{one: clean, two: {Status: "COMPLETE", Counts: map[string]int{"HIGH": 1}}}, false},
		{map[tagboat.Digest]gate.Scan{index: clean}, false},
	} {
		got, err := gate.Check(t.Context(), config.Gates{ScanMax: "low"}, version(one, two), evidence{scans: tc.scans})
		if err != nil || got[0].Passed != tc.passed {
			t.Errorf("%v: %+v, %v", tc.scans, got, err)
		}
	}
}

func TestWhatCannotBeLookedAtIsNoAnswer(t *testing.T) {
	broken := errors.New("no network")
	for _, gates := range []config.Gates{{ScanMax: "low"}, {Signature: keyFile(t, newKey(t))}} {
		if got, err := gate.Check(t.Context(), gates, version(one), evidence{err: broken}); !errors.Is(err, broken) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	got, err := gate.Check(t.Context(), config.Gates{ScanMax: "low"}, version(one), evidence{err: gate.ErrNoScans})
	if err != nil || got[0].Passed || !strings.Contains(got[0].Reason, "no scans") {
		t.Errorf("a registry without scans: %+v, %v", got, err)
	}
}

func TestLabels(t *testing.T) {
	required := []config.RequiredLabel{{Name: "tested", Value: "yes"}, {Name: "source", Value: "https://git.example/*"}}
	for _, tc := range []struct {
		labels, annotations map[string]string
		want                gate.Result
	}{
		{
			map[string]string{"tested": "yes", "source": "https://git.example/shop"}, nil,
			gate.Result{Gate: "labels", Passed: true, Reason: "it has tested=yes, source=https://git.example/shop"},
		},
		{
			map[string]string{"tested": "no"}, map[string]string{"tested": "yes", "source": "https://git.example/a"},
			gate.Result{Gate: "labels", Passed: true, Reason: "it has tested=yes, source=https://git.example/a"},
		},
		{
			map[string]string{"tested": "no"}, map[string]string{"source": "elsewhere"},
			gate.Result{
				Gate: "labels", Hint: "build it with the label: docker build --label tested=…",
				Reason: `its label tested is "no" and should be "yes"; its annotation source is "elsewhere" and should be "https://git.example/*"`,
			},
		},
		{
			nil, nil,
			gate.Result{
				Gate: "labels", Hint: "build it with the label: docker build --label tested=…",
				Reason: "it has no label or annotation tested; it has no label or annotation source",
			},
		},
	} {
		v := version(one)
		v.Labels, v.Annotations = tc.labels, tc.annotations
		got, err := gate.Check(t.Context(), config.Gates{Labels: required}, v, evidence{})
		if diff := cmp.Diff([]gate.Result{tc.want}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
}

func TestNoGates(t *testing.T) {
	got, err := gate.Check(t.Context(), config.Gates{Approvals: 2}, version(one), nil)
	if len(got) > 0 || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestALongLabelIsNotShownWhole has a label that fills a screen.
func TestALongLabelIsNotShownWhole(t *testing.T) {
	v := registry.Version{Labels: map[string]string{"team": strings.Repeat("ü", 1<<20)}}
	for _, value := range []string{"shop", "*"} {
		results, err := gate.Check(t.Context(), config.Gates{Labels: []config.RequiredLabel{{Name: "team", Value: value}}}, v, nil)
		if err != nil || len(results) != 1 || len(results[0].Reason) > 500 || !utf8.ValidString(results[0].Reason) {
			t.Errorf("%s: %d bytes, %v", value, len(results[0].Reason), err)
		}
	}
}
