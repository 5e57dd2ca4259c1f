package stage_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/stage"
)

func TestNext(t *testing.T) {
	for _, tc := range []struct {
		name, cron string
		open       time.Duration
		zone, now  string
		from, to   string
	}{
		{"before it opens", "0 9 * * MON-FRI", 8 * time.Hour, "Europe/Brussels", "2026-11-27T07:59", "2026-11-27T08:00", "2026-11-27T16:00"},
		{"as it opens", "0 9 * * MON-FRI", 8 * time.Hour, "Europe/Brussels", "2026-11-27T08:00", "2026-11-27T08:00", "2026-11-27T16:00"},
		{"as it closes", "0 9 * * MON-FRI", 8 * time.Hour, "Europe/Brussels", "2026-11-27T16:00", "2026-11-30T08:00", "2026-11-30T16:00"},
		{"over midnight", "0 22 * * *", 4 * time.Hour, "Europe/Brussels", "2026-11-28T00:30", "2026-11-27T21:00", "2026-11-28T01:00"},
		{"over midnight, closed", "0 22 * * *", 4 * time.Hour, "Europe/Brussels", "2026-11-28T01:00", "2026-11-28T21:00", "2026-11-29T01:00"},
		{"over days, from Friday on", "0 18 * * FRI", 60 * time.Hour, "UTC", "2026-11-29T23:00", "2026-11-27T18:00", "2026-11-30T06:00"},
		{"clocks go forward while it is open", "0 1 * * *", 4 * time.Hour, "Europe/Brussels", "2026-03-29T03:59", "2026-03-29T00:00", "2026-03-29T04:00"},
		{"it opens as clocks go forward", "30 2 * * *", time.Hour, "Europe/Brussels", "2026-03-29T00:59", "2026-03-29T01:00", "2026-03-29T02:00"},
		{"clocks go back while it is open", "0 1 * * *", 4 * time.Hour, "Europe/Brussels", "2026-10-25T02:59", "2026-10-24T23:00", "2026-10-25T03:00"},
		{"it opens once as clocks go back", "30 2 * * *", time.Hour, "Europe/Brussels", "2026-10-25T01:30", "2026-10-26T01:30", "2026-10-26T02:30"},
		{"openings that overlap are one", "0 9,10,12 * * *", 90 * time.Minute, "UTC", "2026-11-28T09:15", "2026-11-28T09:00", "2026-11-28T11:30"},
		{"openings that touch are one", "0 9,10 * * *", time.Hour, "UTC", "2026-11-28T08:15", "2026-11-28T09:00", "2026-11-28T11:00"},
		{"it is open since its first opening that lasts", "0 9,10 * * *", 90 * time.Minute, "UTC", "2026-11-28T10:40", "2026-11-28T10:00", "2026-11-28T11:30"},
		{"the 29th of February", "0 0 29 2 *", 24 * time.Hour, "UTC", "2026-11-28T10:40", "2028-02-29T00:00", "2028-03-01T00:00"},
		{"it never opens", "0 0 31 2 *", 24 * time.Hour, "UTC", "2026-11-28T10:40", "0001-01-01T00:00", "0001-01-01T00:00"},
		{"it opens for no time", "0 0 * * *", 0, "UTC", "2026-11-28T10:40", "0001-01-01T00:00", "0001-01-01T00:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const layout = "2006-01-02T15:04"
			zone := expect.Value(time.LoadLocation(tc.zone))(t)
			w := config.Window{Opens: config.Cron(tc.cron), For: tc.open, Zone: zone}
			from, to := stage.Next(w, expect.Value(time.Parse(layout, tc.now))(t))
			expect.Equal(t, tc.from+" "+tc.to, from.Format(layout)+" "+to.Format(layout))
		})
	}
}

// TestNextOfAlways holds that a window that never closes is open for long, and is found soon.
func TestNextOfAlways(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 30, 0, time.UTC)
	for _, w := range []config.Window{
		{Opens: "* * * * *", For: time.Minute, Zone: time.UTC},
		{Opens: "0 * * * *", For: 2 * time.Hour, Zone: time.UTC},
		{Opens: "0 0 * * *", For: 90 * 24 * time.Hour, Zone: time.UTC},
	} {
		began := time.Now()
		from, to := stage.Next(w, now)
		if from.After(now) || to.Before(now.AddDate(0, 0, 30)) {
			t.Errorf("%v is open from %s to %s", w, from, to)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%v took %s", w, took)
		}
	}
}

// TestNextAgrees holds over a year of times, chosen by chance, that what Next says of a window is
// what its openings say: that it is open now, or not before from, and not at to.
func TestNextAgrees(t *testing.T) {
	zone := expect.Value(time.LoadLocation("Europe/Brussels"))(t)
	chance := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, cron := range []config.Cron{"0 9 * * MON-FRI", "30 2 * * *", "*/45 1-4 * * SUN", "15 22 1,15 * FRI", "0 */6 * * *"} {
		var openings []time.Time
		for at := range cron.After(start.AddDate(0, 0, -9), zone) {
			if openings = append(openings, at); at.After(start.AddDate(1, 1, 0)) {
				break
			}
		}
		for range 300 {
			w := config.Window{Opens: cron, For: time.Duration(1+chance.IntN(7*24*60)) * time.Minute, Zone: zone}
			now := start.Add(time.Duration(chance.Int64N(int64(365 * 24 * time.Hour)))).Truncate(time.Second)
			open := func(at time.Time) bool {
				return slices.ContainsFunc(openings, func(o time.Time) bool { return !o.After(at) && at.Before(o.Add(w.For)) })
			}
			from, to := stage.Next(w, now)
			before := func(at time.Time) time.Time { return at.Add(-time.Second) }
			switch {
			case open(now) != !from.After(now):
				t.Errorf("%v at %s: open %v, and from %s", w, now, open(now), from)
			case !open(from) || !open(before(to)) || to.Sub(now) < 30*24*time.Hour && open(to):
				t.Errorf("%v at %s: open from %s to %s, and it is not", w, now, from, to)
			case !open(now) && (open(before(from)) || slices.ContainsFunc(openings, func(o time.Time) bool { return o.After(now) && o.Before(from) })):
				t.Errorf("%v at %s: it is open before %s", w, now, from)
			}
		}
	}
}
