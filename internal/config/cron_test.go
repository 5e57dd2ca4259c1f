package config_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestCronAfter(t *testing.T) {
	for _, tc := range []struct {
		name, cron, zone, after string
		want                    string // the next three
	}{
		{"every working day", "0 9 * * MON-FRI", "UTC", "2026-11-27T09:00", "2026-11-30T09:00 2026-12-01T09:00 2026-12-02T09:00"},
		{"in winter and in summer", "0 9 1 * *", "Europe/Brussels", "2026-03-01T08:00", "2026-04-01T07:00 2026-05-01T07:00 2026-06-01T07:00"},
		{"skipped as clocks go forward", "30 2 * * *", "Europe/Brussels", "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:30 2026-03-31T00:30"},
		{"skipped and not, at once", "0,30 2,3 * * *", "Europe/Brussels", "2026-03-29T00:00", "2026-03-29T01:00 2026-03-29T01:30 2026-03-30T00:00"},
		{"twice as clocks go back", "30 2 * * *", "Europe/Brussels", "2026-10-24T12:00", "2026-10-25T00:30 2026-10-26T01:30 2026-10-27T01:30"},
		{"every hour as clocks go back", "30 * * * *", "Europe/Brussels", "2026-10-24T23:30", "2026-10-25T00:30 2026-10-25T01:30 2026-10-25T02:30"},
		{"half an hour back", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00", "2026-04-04T14:45 2026-04-05T15:15 2026-04-06T15:15"},
		{"midnight that is skipped", "0 0 * * *", "Africa/Cairo", "2026-04-23T12:00", "2026-04-23T22:00 2026-04-24T21:00 2026-04-25T21:00"},
		{"a day that is skipped", "0 12 30 12 *", "Pacific/Apia", "2011-12-28T00:00", "2011-12-30T10:00 2012-12-29T22:00 2013-12-29T22:00"},
		{"the 29th of February", "0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00"},
		{"over the year 2100", "0 0 29 2 *", "UTC", "2096-03-01T00:00", "2104-02-29T00:00 2108-02-29T00:00 2112-02-29T00:00"},
		{"a day of the month or of the week", "0 0 13 * FRI", "UTC", "2026-11-01T00:00", "2026-11-06T00:00 2026-11-13T00:00 2026-11-20T00:00"},
		{"both, where one begins with *", "0 0 */13 * FRI", "UTC", "2026-11-01T00:00", "2026-11-27T00:00 2027-01-01T00:00 2027-05-14T00:00"},
		{"no 31st of February, but Mondays", "0 0 31 2 MON", "UTC", "2026-01-01T00:00", "2026-02-02T00:00 2026-02-09T00:00 2026-02-16T00:00"},
		{"Sunday is 0 and 7", "0 0 * * 7", "UTC", "2026-11-28T00:00", "2026-11-29T00:00 2026-12-06T00:00 2026-12-13T00:00"},
		{"steps", "5-59/20 23 28-31/3 */6 *", "UTC", "2026-11-28T00:00", "2027-01-28T23:05 2027-01-28T23:25 2027-01-28T23:45"},
		{"from one on in steps", "50/5 23 * * *", "UTC", "2026-11-28T00:00", "2026-11-28T23:50 2026-11-28T23:55 2026-11-29T23:50"},
		{"never", "0 0 31 2 *", "UTC", "2026-01-01T00:00", ""},
		{"no schedule", "0 0", "UTC", "2026-01-01T00:00", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const layout = "2006-01-02T15:04"
			zone := expect.Value(time.LoadLocation(tc.zone))(t)
			after := expect.Value(time.Parse(layout, tc.after))(t)
			var got []string
			for at := range config.Cron(tc.cron).After(after, zone) {
				if got = append(got, at.UTC().Format(layout)); len(got) == 3 {
					break
				}
			}
			expect.Equal(t, tc.want, strings.Join(got, " "))
		})
	}
}

// zones change their clocks in each way that there is: by an hour, by half of one, at midnight,
// over a day, and never.
var zones = []string{"Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "UTC"}

// FuzzCronAfter holds that a search by days finds what a walk by minutes finds, in six days.
func FuzzCronAfter(f *testing.F) {
	seconds := func(text string) int64 {
		at, err := time.Parse("2006-01-02", text)
		if err != nil {
			f.Fatal(err)
		}
		return at.Unix()
	}
	for zone := range zones {
		for _, day := range []string{"2026-03-27", "2026-10-23", "2026-04-03", "2011-12-28", "2024-02-27"} {
			f.Add("*/20 * * * *", uint8(zone), seconds(day))
			f.Add("30 2 29-31 * SUN", uint8(zone), seconds(day))
			f.Add("0,59 0,1,2,3,23 */2 * *", uint8(zone), seconds(day))
		}
	}
	f.Fuzz(func(t *testing.T, cron string, of uint8, unix int64) {
		if _, err := config.ParseCron(cron); err != nil || unix < 0 || unix > 4e9 || len(cron) > 60 {
			t.Skip()
		}
		zone := expect.Value(time.LoadLocation(zones[int(of)%len(zones)]))(t)
		from := time.Unix(unix, 0).UTC().Truncate(time.Minute)
		until := from.AddDate(0, 0, 6)
		var got []time.Time
		for at := range config.Cron(cron).After(from, zone) {
			if at.After(until) {
				break
			}
			got = append(got, at.UTC())
		}
		expect.EqualIn(t, zone.String(), walk(cron, zone, from, until), got)
	})
}

// walk finds the times of a schedule minute by minute.
func walk(cron string, zone *time.Location, from, until time.Time) []time.Time {
	var found []time.Time
	shown := map[string]bool{} // what clocks have shown
	const layout = "2006-01-02 15:04"
	fields := strings.Fields(cron)
	before := from.Add(-48 * time.Hour)
	_, offset := before.In(zone).Zone()
	for at := before; !at.After(until); at = at.Add(time.Minute) {
		_, now := at.In(zone).Zone()
		clock := at.Add(time.Duration(now) * time.Second)
		var clocks []time.Time
		for skipped := clock.Add(-time.Duration(now-offset) * time.Second); skipped.Before(clock); skipped = skipped.Add(time.Minute) {
			clocks = append(clocks, skipped) // none but where they go forward
		}
		clocks, offset = append(clocks, clock), now
		for i, c := range clocks {
			again := shown[c.Format(layout)]
			shown[c.Format(layout)] = true
			if again && !strings.HasPrefix(fields[1], "*") || !cronHas(fields, c) {
				continue
			}
			if at.After(from) && (i == 0 || len(found) == 0 || !found[len(found)-1].Equal(at)) {
				found = append(found, at)
			}
		}
	}
	return found
}

// cronHas reports whether clocks show a time that a schedule has.
func cronHas(fields []string, clock time.Time) bool {
	has := func(i, n int) bool {
		low, high := []int{0, 0, 1, 1, 0}[i], []int{59, 23, 31, 12, 7}[i]
		words := []string{"", "", "", " JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", "SUN MON TUE WED THU FRI SAT"}[i]
		number := func(text string) int {
			if at := slices.Index(strings.Split(words, " "), strings.ToUpper(text)); at >= 0 && text != "" {
				return at
			}
			n, _ := strconv.Atoi(text)
			return n
		}
		for part := range strings.SplitSeq(fields[i], ",") {
			span, step, stepped := strings.Cut(part, "/")
			from, to, ranged := strings.Cut(span, "-")
			first, last, by := low, high, 1
			if stepped {
				by = number(step)
			}
			switch {
			case span == "*":
			case ranged:
				first, last = number(from), number(to)
			case stepped:
				first = number(from)
			default:
				first = number(from)
				last = first
			}
			if n >= first && n <= last && (n-first)%by == 0 {
				return true
			}
		}
		return false
	}
	weekday := int(clock.Weekday())
	day, week := has(2, clock.Day()), has(4, weekday) || weekday == 0 && has(4, 7)
	days := day || week
	if strings.HasPrefix(fields[2], "*") || strings.HasPrefix(fields[4], "*") {
		days = day && week
	}
	return has(0, clock.Minute()) && has(1, clock.Hour()) && has(3, int(clock.Month())) && days
}

func BenchmarkCronAfter(b *testing.B) {
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2096, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, cron := range []config.Cron{"0 9 * * MON-FRI", "* * * * *", "0 0 29 2 *", "0 0 31 2 *"} {
		b.Run(string(cron), func(b *testing.B) {
			for b.Loop() {
				for range cron.After(at, zone) {
					break
				}
			}
		})
	}
}
