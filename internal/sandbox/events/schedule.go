package events

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Run fires scheduled rules and delivers what is late, until ctx ends. It returns nil then.
func (s *Service) Run(ctx context.Context) error {
	clock.Run(ctx, s.deps.Clock, s.poke, func(context.Context) time.Time { return s.advance() })
	return nil
}

// schedule is the times at which a rule fires.
type schedule interface {
	// after returns the first time after now; zero for none.
	after(now time.Time) time.Time
}

func badSchedule() error { return wire.Errorf(invalid, "Parameter ScheduleExpression is not valid.") }

// parseSchedule reads rate(VALUE UNIT) or cron(FIELDS).
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func parseSchedule(expression string) (schedule, error) {
	kind, rest, ok := strings.Cut(expression, "(")
	inside, closed := strings.CutSuffix(rest, ")")
	fields := strings.Fields(inside)
	switch {
	case ok && closed && kind == "rate" && len(fields) == 2:
		return parseRate(fields[0], fields[1])
	case ok && closed && kind == "cron" && len(fields) == 6:
		return parseCron(fields)
	}
	return nil, badSchedule()
}

type rate time.Duration

func (r rate) after(now time.Time) time.Time { return now.Add(time.Duration(r)) }

// parseRate reads a number and its unit, which is singular for 1.
func parseRate(value, unit string) (schedule, error) {
	n, err := strconv.Atoi(value)
	singular, plural := strings.CutSuffix(unit, "s")
	if err != nil || n < 1 || plural != (n > 1) {
		return nil, badSchedule()
	}
	switch singular {
	case "minute":
		return rate(time.Duration(n) * time.Minute), nil
	case "hour":
		return rate(time.Duration(n) * time.Hour), nil
	case "day":
		return rate(time.Duration(n) * 24 * time.Hour), nil
	}
	return nil, badSchedule()
}

// cron is minutes, hours, days of the month, months, days of the week (1 is Sunday) and years, in UTC.
type cron [6]set

// set is the numbers that a field of a cron expression allows.
type set map[int]bool

func parseCron(fields []string) (schedule, error) {
	if (fields[2] == "?") == (fields[4] == "?") {
		return nil, badSchedule() // one of the two days is asked for
	}
	var c cron
	bounds := [6][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {1, 7}, {1970, 2199}}
	for i, field := range fields {
		if field == "?" && i != 2 && i != 4 {
			return nil, badSchedule()
		}
		if strings.ContainsAny(field, "LW#") && !hasNames(i) {
			return nil, lacks("L, W and # in cron expressions")
		}
		var ok bool
		if c[i], ok = parseField(field, names(i), bounds[i][0], bounds[i][1]); !ok {
			return nil, badSchedule()
		}
	}
	return c, nil
}

func hasNames(field int) bool { return len(names(field)) > 0 }

// names returns what a field's numbers are called, the first one of them for 1.
func names(field int) []string {
	switch field {
	case 3:
		return strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	case 4:
		return strings.Fields("SUN MON TUE WED THU FRI SAT")
	}
	return nil
}

// parseField reads a list of numbers, ranges and steps; * and ? are everything.
func parseField(field string, names []string, least, most int) (set, bool) {
	all := set{}
	number := func(text string) (int, bool) {
		for i, name := range names {
			if strings.EqualFold(text, name) {
				return i + 1, true
			}
		}
		n, err := strconv.Atoi(text)
		return n, err == nil && n >= least && n <= most
	}
	for part := range strings.SplitSeq(field, ",") {
		span, step, stepped := strings.Cut(part, "/")
		by, ok := 1, true
		if stepped {
			n, err := strconv.Atoi(step)
			by, ok = n, err == nil && n > 0
		}
		from, to := least, most
		if span != "*" && span != "?" {
			first, last, ranged := strings.Cut(span, "-")
			var good bool
			from, good = number(first)
			ok = ok && good
			switch {
			case ranged:
				to, good = number(last)
				ok = ok && good && from <= to
			case !stepped:
				to = from
			}
		}
		if !ok {
			return nil, false
		}
		for n := from; n <= to; n += by {
			all[n] = true
		}
	}
	return all, true
}

// after looks for the next minute day by day, and within the day minute by minute.
func (c cron) after(now time.Time) time.Time {
	t := now.UTC().Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= now.Year()+10 {
		switch {
		case !c[5][t.Year()] || !c[3][int(t.Month())] || !c[2][t.Day()] || !c[4][int(t.Weekday())+1]:
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case !c[1][t.Hour()]:
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !c[0][t.Minute()]:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}
