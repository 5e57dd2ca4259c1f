package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/proxytest"
)

// forgeries returns orders that spoil some answers of ECS, as a seed says.
func forgeries(seed uint64) []proxytest.Order {
	dice := rand.New(rand.NewPCG(seed, 1))
	kinds := []proxytest.Kind{proxytest.Lose, proxytest.Cut, proxytest.Drop, proxytest.Repeat, proxytest.Delay, proxytest.Stale}
	operations := []string{"ecs.UpdateService", "ecs.DescribeServices", "ecs.ListTasks", "ecs.DescribeTasks", "ecs.RegisterTaskDefinition", "ecs.DescribeServiceDeployments", "ecs.*"}
	var orders []proxytest.Order
	for i := range 1 + dice.IntN(3) {
		o := proxytest.Order{
			Kind: kinds[dice.IntN(len(kinds))], Operation: operations[dice.IntN(len(operations))], Name: fmt.Sprint(i),
			Times: dice.IntN(3) * (1 + dice.IntN(20)), Rate: []float64{0, 0.3, 0.7}[dice.IntN(3)], Seed: seed,
		}
		if o.Kind == proxytest.Delay {
			o.For = time.Duration(1+dice.IntN(40)) * time.Second
		}
		orders = append(orders, o)
	}
	return orders
}

// TestVerdictsUnderForgedAnswers compares each verdict with what is so in the end, whatever
// happened to answers on their way.
func TestVerdictsUnderForgedAnswers(t *testing.T) {
	for name, second := range map[string]struct {
		service map[string]any
		labels  []string
	}{
		"runs":                       {nil, []string{"start=10s"}},
		"crashes":                    {nil, []string{"exit=3@1s"}},
		"crashes, and ECS goes back": {breaker, []string{"exit=3@1s"}},
	} {
		for seed := range uint64(25) {
			t.Run(fmt.Sprintf("%s, %d", name, seed), func(t *testing.T) {
				apptest.Shop{Service: second.service}.Run(t, func(w *apptest.World) {
					next(w, second.labels...)
					a, proxy := through(w)
					deploy := planned(w, a)
					for _, o := range forgeries(seed) {
						if err := proxy.Order(o); err != nil {
							t.Fatal(err)
						}
					}
					time.AfterFunc(time.Duration(20+seed*7)*time.Second, proxy.Clear) // some strike all calls until then
					o := apptest.Wait
					o.Timeout = 20 * time.Minute
					d := deploy(o)
					proxy.Clear()
					isTrue(w, d, second.labels[0] == "start=10s")
				})
			})
		}
	}
}

// isTrue compares what a verdict says with what is so half an hour later.
func isTrue(w *apptest.World, d tagboat.Deployment, good bool) {
	w.Helper()
	w.Later(30 * time.Minute)
	service := described(w)
	now := fmt.Sprint(service["taskDefinition"])
	now = now[strings.LastIndex(now, "/")+1:]
	wrong := ""
	switch d.Verdict {
	case tagboat.VerdictSucceeded:
		if now == "web:1" || !good {
			wrong = "it does not run"
		}
	case tagboat.VerdictRolledBack:
		if now != "web:1" || good {
			wrong = "it was not rolled back, or for nothing"
		}
	case tagboat.VerdictTimedOut:
	case tagboat.VerdictFailed:
		switch {
		case strings.Contains(d.Reason, "not known"):
		case strings.Contains(d.Reason, "not changed") && now == "web:1":
		case strings.Contains(d.Reason, "end was not seen"):
		default:
			wrong = "it failed otherwise"
		}
	default:
		wrong = "nobody did that"
	}
	if wrong != "" {
		w.Errorf("%s, %s: %s (%s is what the service has)", d.Verdict, d.Reason, wrong, now)
	}
}
