package rollout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

// quiet is a World of one healthy image.
type quiet struct{}

func (quiet) Pull(string) (rollout.Image, error)                                      { return rollout.Image{Digest: "sha256:0"}, nil }
func (quiet) CheckLaunch(*rollout.TaskSpec) string                                    { return "" }
func (quiet) AlarmState(string) string                                                { return "OK" }
func (quiet) Log(time.Time, *rollout.Task, *rollout.ContainerSpec, string)            {}
func (quiet) Register(time.Time, string, rollout.Target)                              {}
func (quiet) Deregister(time.Time, string, rollout.Target)                            {}
func (quiet) TargetChanged(time.Time, string, rollout.Target, string, string, string) {}
func (quiet) StateChanged(time.Time, string, any, []string)                           {}

var _ rollout.World = quiet{}

// many is an engine with so many steady services of two tasks.
func many(b *testing.B, services int) (*rollout.Engine, []rollout.ServiceSpec) {
	b.Helper()
	e := rollout.New(quiet{}, simulated.Runtime{}, rollout.Options{})
	specs := make([]rollout.ServiceSpec, services)
	for i := range specs {
		specs[i] = serviceSpec(2, "app:v1", withBreaker, withBalancer)
		specs[i].Name = fmt.Sprintf("api-%d", i)
		specs[i].ARN = serviceARN + fmt.Sprint("-", i)
		expect.Value(e.CreateService(epoch, specs[i]))(b)
	}
	e.Advance(epoch.Add(10 * time.Minute))
	return e, specs
}

// BenchmarkRolling rolls ten thousand services of two tasks from one version to the
// next; ns/service is the price of one whole rollout.
func BenchmarkRolling(b *testing.B) {
	const services = 10_000
	e, specs := many(b, services)
	now := epoch.Add(10 * time.Minute)
	for n := 0; b.Loop(); n++ {
		for _, spec := range specs {
			expect.Value(e.UpdateService(now, spec.ARN, spec, true))(b)
		}
		now = now.Add(5 * time.Minute)
		e.Advance(now)
		if got := e.Service(specs[services-1].ARN).Deployments[0].RolloutState; got != "COMPLETED" {
			b.Fatalf("the last service is %s", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/services, "ns/service")
}

// BenchmarkIdle is the price of a second in which nothing happens to ten thousand
// services.
func BenchmarkIdle(b *testing.B) {
	e, _ := many(b, 10_000)
	now := epoch.Add(2 * time.Hour)
	e.Advance(now)
	for b.Loop() {
		now = now.Add(time.Nanosecond)
		e.Advance(now)
	}
}
