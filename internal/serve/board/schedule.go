package board

import (
	"time"

	"github.com/tagboat/tagboat"
)

// How long after a look an environment is looked at again.
const (
	nudgePause   = time.Second             // where something happened and somebody watches
	unseenPause  = 10 * time.Second        // where something happened
	rollingPause = 2500 * time.Millisecond // where a rollout goes on and somebody watches
	steadyPause  = 15 * time.Second        // where somebody watches
	failedPause  = 2 * time.Second         // where it could not be read, at first
	longestPause = 2 * time.Minute         // where it cannot be read, at most
	mostSlow     = 4                       // how often throttling doubles a pause, at most
)

// visit is how an environment was looked at.
type visit struct {
	environment tagboat.EnvName
	began, end  time.Time // of the last look; zero times for none
	looking     bool
	nudged      bool // since the last look began
	rolling     bool // something is under way there
	failures    int  // in a row
	slow        int  // how often the pause is doubled because AWS throttles
}

// due returns when an environment is looked at again. One that throttles or cannot be read is given time,
// whatever happens there.
func (v visit) due(watched bool, sweep time.Duration) time.Time {
	if v.end.IsZero() {
		return v.end
	}
	pause := sweep
	if watched {
		pause = min(steadyPause, sweep)
	}
	if watched && v.rolling {
		pause = rollingPause
	}
	switch {
	case v.nudged && watched:
		pause = nudgePause
	case v.nudged:
		pause = min(unseenPause, sweep)
	}
	if v.failures > 0 {
		pause = max(pause, longestPause)
		if watched || v.nudged {
			pause = min(failedPause<<min(v.failures-1, 10), longestPause)
		}
	}
	took := v.end.Sub(v.began)
	return v.end.Add(max(pause<<v.slow, took))
}

// ended notes how a look ended.
func (v *visit) ended(a answer, failed, rolling bool) {
	v.looking, v.began, v.end, v.rolling = false, a.began, a.end, rolling
	v.failures++
	if !failed {
		v.failures = 0
	}
	if a.throttled {
		v.slow = min(v.slow+1, mostSlow)
	} else {
		v.slow = max(v.slow-1, 0)
	}
}

// rolls reports whether something is under way in an environment.
func rolls(s *State, env tagboat.EnvName) bool {
	for _, service := range s.Document.Services {
		if service.Environment == env && service.State == "in-progress" {
			return true
		}
	}
	standing, _ := s.Standing(env)
	return standing.Next != "" && standing.Waits == ""
}
