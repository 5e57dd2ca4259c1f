package simulated_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

func TestParseBehaviour(t *testing.T) {
	second := time.Second
	for _, tc := range []struct {
		name   string
		labels map[string]string
		want   simulated.Behaviour
		err    string // part of it
	}{
		{"no labels", nil, simulated.Behaviour{}, ""},
		{"labels of others", map[string]string{"maintainer": "me"}, simulated.Behaviour{}, ""},
		{"start", map[string]string{"start": "500ms"}, simulated.Behaviour{Start: 500 * time.Millisecond}, ""},
		{"exit", map[string]string{"exit": "3@1s"}, simulated.Behaviour{Exit: &simulated.Exit{Code: 3, After: second}}, ""},
		{"exit at once", map[string]string{"exit": "255"}, simulated.Behaviour{Exit: &simulated.Exit{Code: 255}}, ""},
		{"stop", map[string]string{"stop": "0@1s"}, simulated.Behaviour{Stop: &simulated.Exit{After: second}}, ""},
		{"oom", map[string]string{"oom": "1s"}, simulated.Behaviour{OOM: &second}, ""},
		{"healthy", map[string]string{"health": "healthy"}, simulated.Behaviour{Health: []simulated.HealthChange{{Healthy: true}}}, ""},
		{"flapping", map[string]string{"health": "healthy@2s, unhealthy@10s"},
			simulated.Behaviour{Health: []simulated.HealthChange{{After: 2 * second, Healthy: true}, {After: 10 * second}}}, ""},
		{"log", map[string]string{"log": `one\ntwo` + "\nthree\n"}, simulated.Behaviour{Log: []string{"one", "two", "three"}}, ""},
		{"unknown", map[string]string{"exits": "1"}, simulated.Behaviour{}, "unknown; there is start, exit"},
		{"negative", map[string]string{"start": "-1s"}, simulated.Behaviour{}, `"-1s" is negative`},
		{"no duration", map[string]string{"oom": "2"}, simulated.Behaviour{}, `"2" is not a duration`},
		{"no exit code", map[string]string{"exit": "256"}, simulated.Behaviour{}, "not an exit code from 0 to 255"},
		{"no health", map[string]string{"health": "fine"}, simulated.Behaviour{}, `"fine" is neither`},
		{"out of order", map[string]string{"health": "healthy@2s,unhealthy@1s"}, simulated.Behaviour{}, "is not later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			labels := map[string]string{}
			for k, v := range tc.labels {
				if k != "maintainer" {
					k = "tagboat.sandbox." + k
				}
				labels[k] = v
			}
			got, err := simulated.ParseBehaviour(labels)
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			expect.Equal(t, tc.want, got)
		})
	}
}
