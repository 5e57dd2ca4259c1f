package rollout_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

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
		b, err := simulated.ParseBehaviour(labels)
		if err == nil && b.Exit != nil && (b.Exit.Code < 0 || b.Exit.Code > 255) {
			t.Fatalf("exit code %d", b.Exit.Code)
		}
		s := newRig(t)
		s.world.images["app:v1"] = rollout.Image{Digest: "sha256:0", Labels: labels}
		s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true, Health: &rollout.HealthCheck{}})
		for range 1000 {
			next, ok := s.Next()
			if !ok {
				break
			}
			s.after(next.Sub(s.now))
		}
		expect.Value(s.Snapshot())(t)
	})
}
