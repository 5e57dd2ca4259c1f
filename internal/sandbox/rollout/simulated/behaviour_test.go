package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

func TestParseBehaviour(t *testing.T) {
	second := time.Second
	for _, tc := range []struct {
		name   string
		labels map[string]string
		want   rollout.Behaviour
		err    string // part of it
	}{
		{"no labels", nil, rollout.Behaviour{}, ""},
		{"labels of others", map[string]string{"maintainer": "me"}, rollout.Behaviour{}, ""},
		{"start", map[string]string{"start": "500ms"}, rollout.Behaviour{Start: 500 * time.Millisecond}, ""},
		{"exit", map[string]string{"exit": "3@1s"}, rollout.Behaviour{Exit: &rollout.Exit{Code: 3, After: second}}, ""},
		{"exit at once", map[string]string{"exit": "255"}, rollout.Behaviour{Exit: &rollout.Exit{Code: 255}}, ""},
		{"stop", map[string]string{"stop": "0@1s"}, rollout.Behaviour{Stop: &rollout.Exit{After: second}}, ""},
		{"oom", map[string]string{"oom": "1s"}, rollout.Behaviour{OOM: &second}, ""},
		{"healthy", map[string]string{"health": "healthy"}, rollout.Behaviour{Health: []rollout.HealthChange{{Healthy: true}}}, ""},
		{"flapping", map[string]string{"health": "healthy@2s, unhealthy@10s"},
			rollout.Behaviour{Health: []rollout.HealthChange{{After: 2 * second, Healthy: true}, {After: 10 * second}}}, ""},
		{"log", map[string]string{"log": `one\ntwo` + "\nthree\n"}, rollout.Behaviour{Log: []string{"one", "two", "three"}}, ""},
		{"unknown", map[string]string{"exits": "1"}, rollout.Behaviour{}, "unknown; there is start, exit"},
		{"negative", map[string]string{"start": "-1s"}, rollout.Behaviour{}, `"-1s" is negative`},
		{"no duration", map[string]string{"oom": "2"}, rollout.Behaviour{}, `"2" is not a duration`},
		{"no exit code", map[string]string{"exit": "256"}, rollout.Behaviour{}, "not an exit code from 0 to 255"},
		{"no health", map[string]string{"health": "fine"}, rollout.Behaviour{}, `"fine" is neither`},
		{"out of order", map[string]string{"health": "healthy@2s,unhealthy@1s"}, rollout.Behaviour{}, "is not later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			labels := map[string]string{}
			for k, v := range tc.labels {
				if k != "maintainer" {
					k = "tagboat.sandbox." + k
				}
				labels[k] = v
			}
			got, err := rollout.ParseBehaviour(labels)
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the labels say, a task of such a container comes to rest: it runs, or it
// stopped and was forgotten, and the engine can be saved.
func FuzzParseBehaviour(f *testing.F) {
	f.Add("start", "500ms")
	f.Add("exit", "3@1s")
	f.Add("oom", "2s")
	f.Add("stop", "0@40s")
	f.Add("health", "healthy@2s,unhealthy@10s")
	f.Add("log", `a\nb`)
	f.Fuzz(func(t *testing.T, key, value string) {
		labels := map[string]string{"tagboat.sandbox." + key: value}
		b, err := rollout.ParseBehaviour(labels)
		if err == nil && b.Exit != nil && (b.Exit.Code < 0 || b.Exit.Code > 255) {
			t.Fatalf("exit code %d", b.Exit.Code)
		}
		s := newStage(t)
		s.world.images["app:v1"] = rollout.Image{Digest: "sha256:0", Labels: labels}
		s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true, Health: &rollout.HealthCheck{}})
		for range 1000 {
			next, ok := s.Next()
			if !ok {
				break
			}
			s.after(next.Sub(s.now))
		}
		if _, err := s.Snapshot(); err != nil {
			t.Fatal(err)
		}
	})
}
