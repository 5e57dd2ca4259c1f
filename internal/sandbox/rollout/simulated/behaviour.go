package simulated

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// labelPrefix begins the labels that say what a simulated container does.
const labelPrefix = "tagboat.sandbox."

// Behaviour is what a simulated container does. The zero value starts at once, runs
// forever, is healthy, prints nothing and heeds SIGTERM.
type Behaviour struct {
	Start  time.Duration  `json:"start,omitempty"`  // from created to running
	Exit   *Exit          `json:"exit,omitempty"`   // by itself, counted from running; nil for never
	OOM    *time.Duration `json:"oom,omitempty"`    // when it runs out of memory; nil for never
	Stop   *Exit          `json:"stop,omitempty"`   // after SIGTERM; nil means 143 after two seconds
	Health []HealthChange `json:"health,omitempty"` // in order of time; healthy before the first
	Log    []string       `json:"log,omitempty"`    // lines printed when it starts to run
}

// Exit is an exit code and when.
type Exit struct {
	Code  int           `json:"code"`
	After time.Duration `json:"after"`
}

// HealthChange is what health checks are answered from a time on, counted from when
// the container runs.
type HealthChange struct {
	After   time.Duration `json:"after"`
	Healthy bool          `json:"healthy"`
}

// ParseBehaviour reads what a container does from the labels of its image's config.
// Durations are of the sandbox's clock, as Go writes them (500ms, 2s, 1m30s).
//
//	tagboat.sandbox.start=500ms   runs so long after it was created
//	tagboat.sandbox.exit=3@1s     exits with 3 a second after it runs; exit=3 at once
//	tagboat.sandbox.oom=2s        runs out of memory two seconds after it runs: exit 137
//	tagboat.sandbox.stop=0@5s     exits with 0 five seconds after SIGTERM; without it 143
//	                              after two; later than its stop timeout, it is killed: 137
//	tagboat.sandbox.health=healthy|unhealthy|healthy@2s,unhealthy@10s
//	                              what a health check of the container or of a target
//	                              group is answered, and from when
//	tagboat.sandbox.log=TEXT      printed once when it runs; \n separates lines
//	tagboat.sandbox.scan=…        read by the registry, not here
//
// Other labels are ignored, but an unknown one with this prefix is an
// error, as a misspelt one would be silent otherwise.
func ParseBehaviour(labels map[string]string) (Behaviour, error) {
	var b Behaviour
	for _, name := range slices.Sorted(maps.Keys(labels)) { // so that of two errors it is always the same
		value := labels[name]
		key, ours := strings.CutPrefix(name, labelPrefix)
		if !ours {
			continue
		}
		if err := b.set(key, value); err != nil {
			return Behaviour{}, fmt.Errorf("label %s=%q: %w", name, value, err)
		}
	}
	return b, nil
}

func (b *Behaviour) set(key, value string) (err error) {
	switch key {
	case "start":
		b.Start, err = parseDelay(value)
	case "exit":
		b.Exit, err = parseExit(value)
	case "stop":
		b.Stop, err = parseExit(value)
	case "oom":
		var after time.Duration
		after, err = parseDelay(value)
		b.OOM = &after
	case "health":
		b.Health, err = parseHealth(value)
	case "log":
		b.Log = parseLog(value)
	case "scan": // what a scan of the image found, which is for ECR to tell
	default:
		err = fmt.Errorf("unknown; there is start, exit, stop, oom, health, log and scan")
	}
	return err
}

func parseDelay(s string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(s))
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 500ms", s)
	}
	if d < 0 {
		return 0, fmt.Errorf("%q is negative", s)
	}
	return d, nil
}

func parseExit(s string) (*Exit, error) {
	code, after, timed := strings.Cut(s, "@")
	n, err := strconv.ParseUint(strings.TrimSpace(code), 10, 8)
	if err != nil {
		return nil, fmt.Errorf("%q is not an exit code from 0 to 255", code)
	}
	exit := &Exit{Code: int(n)}
	if timed {
		exit.After, err = parseDelay(after)
	}
	return exit, err
}

func parseHealth(s string) ([]HealthChange, error) {
	var changes []HealthChange
	for part := range strings.SplitSeq(s, ",") {
		word, after, timed := strings.Cut(strings.TrimSpace(part), "@")
		c := HealthChange{Healthy: word == "healthy"}
		if !c.Healthy && word != "unhealthy" {
			return nil, fmt.Errorf("%q is neither healthy nor unhealthy", word)
		}
		if timed {
			var err error
			if c.After, err = parseDelay(after); err != nil {
				return nil, err
			}
		}
		if n := len(changes); n > 0 && c.After <= changes[n-1].After {
			return nil, fmt.Errorf("%q is not later than the change before it", part)
		}
		changes = append(changes, c)
	}
	return changes, nil
}

func parseLog(s string) []string {
	s = strings.ReplaceAll(s, `\n`, "\n")
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// healthyAt reports what a health check is answered so long after the container runs. A
// container whose first word comes later is the opposite until then: healthy@2s is
// unhealthy for two seconds.
func (b *Behaviour) healthyAt(after time.Duration) bool {
	if len(b.Health) == 0 {
		return true
	}
	healthy := (b.Health[0].After <= 0) == b.Health[0].Healthy
	for _, c := range b.Health {
		if c.After > after {
			break
		}
		healthy = c.Healthy
	}
	return healthy
}
