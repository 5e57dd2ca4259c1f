package config

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/source"
)

// Cron is a time that comes back, in five fields: minute, hour, day of month, month
// and day of week (0 and 7 are Sunday). Each is *, a number, a range, a step, or a
// list of them with commas. Days of the week may be MON…SUN, months JAN…DEC. Where neither
// field of days begins with *, a day that matches one of them is enough, as in crontab(5).
type Cron string

type cronField struct {
	name     string
	min, max int
	words    string // the names of the values, three letters each, from min on
}

func cronFields() []cronField {
	return []cronField{
		{name: "minute", min: 0, max: 59},
		{name: "hour", min: 0, max: 23},
		{name: "day of month", min: 1, max: 31},
		{name: "month", min: 1, max: 12, words: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
		{name: "day of week", min: 0, max: 7, words: "SUNMONTUEWEDTHUFRISAT"},
	}
}

// set has the values of a field that match, each as a bit.
type set uint64

func (s set) has(n int) bool { return s&(1<<n) != 0 }

// schedule is what a Cron says.
type schedule struct {
	minutes, hours, days, months, weekdays set
	// anyHour, anyDay and anyWeekday say that the field begins with *.
	anyHour, anyDay, anyWeekday bool
}

// parseCron checks s.
func parseCron(s string) (Cron, error) {
	c, err := Cron(s).schedule()
	if err == nil && !c.possible() {
		err = fmt.Errorf("%q is on no day of any year", s)
	}
	return Cron(s), err
}

func (c Cron) schedule() (schedule, error) {
	parts, fields := strings.Fields(string(c)), cronFields()
	if len(parts) != len(fields) {
		return schedule{}, fmt.Errorf("%q has %d fields, and a schedule has five", string(c), len(parts))
	}
	var sets [5]set
	for i, f := range fields {
		for part := range strings.SplitSeq(parts[i], ",") {
			values, ok := f.values(part)
			if !ok {
				return schedule{}, fmt.Errorf("%q is not a %s", part, f.name)
			}
			sets[i] |= values
		}
	}
	if sets[4].has(7) {
		sets[4] |= 1
	}
	anyOf := func(i int) bool { return strings.HasPrefix(parts[i], "*") }
	return schedule{sets[0], sets[1], sets[2], sets[3], sets[4], anyOf(1), anyOf(2), anyOf(4)}, nil
}

// possible reports whether some day matches: the 31st of February never does.
func (s schedule) possible() bool {
	for month, days := range []int{1: 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31} {
		for day := 1; day <= days; day++ {
			if s.months.has(month) && (s.days.has(day) || !s.anyDay && !s.anyWeekday) {
				return true
			}
		}
	}
	return false
}

// values returns the values that a part of a field between commas stands for.
func (f cronField) values(part string) (values set, ok bool) {
	span, step, stepped := strings.Cut(part, "/")
	by := 1
	if stepped {
		n, err := strconv.Atoi(step)
		if err != nil || n < 1 || n > f.max {
			return 0, false
		}
		by = n
	}
	first, last := f.min, f.max
	if span != "*" {
		from, to, ranged := strings.Cut(span, "-")
		if first, ok = f.number(from); !ok {
			return 0, false
		}
		switch {
		case ranged:
			if last, ok = f.number(to); !ok || first > last {
				return 0, false
			}
		case !stepped:
			last = first
		}
	}
	for n := first; n <= last; n += by {
		values |= 1 << n
	}
	return values, true
}

func (f cronField) number(s string) (int, bool) {
	if i := strings.Index(f.words, strings.ToUpper(s)); len(s) == 3 && i >= 0 && i%3 == 0 {
		return f.min + i/3, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= f.min && n <= f.max
}

// farthest is how many days After looks ahead. The 29th of February is at most eight years
// away, and a day of the week on it at most forty.
const farthest = 41 * 366

// After yields the times after t that match, by the clocks of a zone, in their order. A time that
// clocks skip as they go forward matches when they have done so. Of a time that comes twice as
// they go back the first one matches, and both where the hour is *.
func (c Cron) After(t time.Time, zone *time.Location) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		s, err := c.schedule()
		if err != nil {
			return
		}
		year, month, day := t.In(zone).Date()
		for ahead := -1; ahead < farthest; ahead++ { // clocks may skip a whole day, as Samoa's did
			date := time.Date(year, month, day+ahead, 0, 0, 0, 0, time.UTC)
			if !s.months.has(int(date.Month())) {
				ahead += daysIn(date) - date.Day() // to the end of the month
				continue
			}
			for _, found := range s.on(date, zone) {
				if !found.After(t) {
					continue
				}
				if t = found; !yield(t) {
					return
				}
			}
		}
	}
}

func daysIn(date time.Time) int { return date.AddDate(0, 1, -date.Day()).Day() }

// matches reports whether a day of a month that matches does so, too.
func (s schedule) matches(date time.Time) bool {
	day, weekday := s.days.has(date.Day()), s.weekdays.has(int(date.Weekday()))
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

// on returns the times that match on a day, in their order.
func (s schedule) on(date time.Time, zone *time.Location) []time.Time {
	if !s.matches(date) {
		return nil
	}
	var times []time.Time
	for hour := range 24 {
		for minute := range 60 {
			if s.hours.has(hour) && s.minutes.has(minute) {
				found := whenClocksShow(date.Add(time.Duration(hour*60+minute)*time.Minute), zone)
				if !s.anyHour {
					found = found[:1]
				}
				times = append(times, found...)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// whenClocksShow returns when the clocks of a zone show what those of UTC show at clock: once or
// twice. Where they skip it, it is when they do.
func whenClocksShow(clock time.Time, zone *time.Location) []time.Time {
	const near = 36 * time.Hour // more than clocks anywhere differ from UTC
	from := clock.Add(-near).In(zone)
	first := minus(clock, from)
	_, change := from.ZoneBounds()
	if change.IsZero() || change.After(clock.Add(near)) {
		return []time.Time{first}
	}
	then := minus(clock, change)
	switch early, late := first.Before(change), !then.Before(change); {
	case early && late:
		return []time.Time{first, then}
	case early:
		return []time.Time{first}
	case late:
		return []time.Time{then}
	default:
		return []time.Time{change}
	}
}

// minus returns the time at which clocks show what those of UTC show at clock, where they differ
// from those as much as at another time.
func minus(clock, as time.Time) time.Time {
	_, ahead := as.Zone()
	return clock.Add(-time.Duration(ahead) * time.Second).In(as.Location())
}

// DecodeNode implements source.Decoder.
func (c *Cron) DecodeNode(n *source.Node) error {
	if err := n.Want(source.String); err != nil {
		return err
	}
	v, err := parseCron(n.Text)
	if err != nil {
		return n.Errorf("%s", err).WithHint("write minute, hour, day of month, month, day of week: 0 9 * * MON-FRI")
	}
	*c = v
	return nil
}

// JSONSchema implements source.Schemer.
func (Cron) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "examples": []string{"0 9 * * MON-FRI"}}
}

var (
	_ source.Decoder = (*Cron)(nil)
	_ source.Schemer = Cron("")
)
