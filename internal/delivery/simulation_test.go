package delivery_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tagboat/tagboat"
)

// TestSimulation deploys a whole company: the real Tagboat, SDK and all, against a real
// sandbox that throttles as AWS does, in memory and in virtual time, with rollouts as
// slow as AWS's. Only the network, 10 to 40 ms a call, is made up. With -full it is
// 10,000 services in 50 accounts:
//
//	go test ./internal/delivery -run TestSimulation -v -timeout 60m -args -full
func TestSimulation(t *testing.T) {
	f := crowd{services: sized(200, 10), accounts: sized(50, 5), speed: 1}
	all := f.services * f.accounts
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSERVICES\tACCOUNTS\tVIRTUAL TIME\tCALLS\tA SERVICE\tTHROTTLED\tPLAN, KB A THOUSAND\tPROCESSOR")
	f.run(t, func(r *fleetRun) {
		for _, run := range []struct {
			name, tag string
			verdict   tagboat.Verdict
		}{
			{"create", "v1", tagboat.VerdictSucceeded},
			{"change", "v2", tagboat.VerdictSucceeded},
			{"no change", "v2", tagboat.VerdictUnchanged},
		} {
			r.Later(time.Minute)
			watch := stopwatch()
			got := r.deploy(run.tag)
			fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%d\t%.1f\t%d\t%d\t%s\n", run.name, all, f.accounts, got.took.Round(time.Second),
				got.calls.Total, float64(got.calls.Total)/float64(all), got.calls.Throttled, got.held/1024*1000/uint64(all), watch())
			if got.verdicts[run.verdict] != all || got.calls.Throttled > 0 {
				t.Errorf("%s: %v, %d throttled", run.name, got.verdicts, got.calls.Throttled)
			}
		}
	})
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("\n%sThe process, sandbox included, took %d MB from the system.", text.String(), m.Sys>>20)
}
