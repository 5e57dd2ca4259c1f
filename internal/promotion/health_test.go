package promotion_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/app/apptest"
)

// watched has a soak of two hours in dev, where an alarm watches the service.
var watched = apptest.Family{
	Stages: "[{name: dev, auto: newest}, {name: staging, auto: upstream, gates: {soak: 2h}}, {name: prod}]",
	Service: map[string]any{"deploymentConfiguration": map[string]any{
		"alarms": map[string]any{"alarmNames": []string{"errors"}, "enable": true, "rollback": false},
	}},
}

// alarm gives the alarm of dev a state.
func alarm(w *apptest.World, state string) {
	w.Helper()
	w.AWS("monitoring.SetAlarmState", map[string]any{"AlarmName": "errors", "StateValue": state, "StateReason": "5xx"})
}

// TestSoakAndAlarms is broken by an alarm that rang, for however short, and by no other state.
func TestSoakAndAlarms(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, since []string // states of the alarm, two minutes each: before and after the deployment
		want          string
		asked         int // calls of the alarm's history
	}{
		{"quiet", []string{"OK"}, nil, "staging promoted", 0},
		{"rang for two minutes", []string{"OK"}, []string{"ALARM", "OK"}, "staging blocked unhealthy-upstream", 1},
		{"rang before", []string{"ALARM", "OK"}, nil, "staging promoted", 0},
		{"recovered since", []string{"OK", "ALARM"}, []string{"OK"}, "staging promoted", 1},
		{"rings all the time", []string{"ALARM"}, nil, "staging blocked unhealthy-upstream", 0},
		{"no data for a while", []string{"OK"}, []string{"INSUFFICIENT_DATA", "OK", "INSUFFICIENT_DATA", "OK"}, "staging promoted", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, watched, func(w *apptest.World) {
				w.AWS("monitoring.PutMetricAlarm", map[string]any{"AlarmName": "errors", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"})
				w.Push("shop/web:v1")
				states(w, w.Promote(person("", "dev")), "dev promoted")
				for _, state := range c.before {
					alarm(w, state)
					w.Later(2 * time.Minute)
				}
				w.Push("shop/web:v2")
				states(w, w.Promote(person("", "dev")), "dev promoted")
				w.Later(time.Minute)
				for _, state := range c.since {
					alarm(w, state)
					w.Later(2 * time.Minute)
				}
				w.Later(2 * time.Hour)
				before := w.Calls("monitoring.DescribeAlarmHistory")
				r := automation
				r.Selection = apptest.In("staging")
				states(w, w.Promote(r), c.want)
				if asked := w.Calls("monitoring.DescribeAlarmHistory") - before; asked != c.asked {
					w.Errorf("the history was asked for %d times, want %d", asked, c.asked)
				}
			})
		})
	}
}
