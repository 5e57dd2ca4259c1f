package cloud

import (
	"path/filepath"
	"regexp"
	"time"

	"github.com/tagboat/tagboat/internal/cloud/pace"
	"github.com/tagboat/tagboat/internal/kept"
)

// paceMemory keeps how full AWS's buckets are, so that a run right after another does
// not take them for full. Losing it costs a throttled call or two, and nothing else.
type paceMemory struct {
	dir   string // "" keeps nothing
	world func() string
}

var _ pace.Memory = paceMemory{}

// fullness is how many tokens a bucket had at a time.
type fullness struct {
	Tokens float64   `json:"tokens"`
	At     time.Time `json:"at"`
}

var unfit = regexp.MustCompile(`[^a-zA-Z0-9-]+`)

func (m paceMemory) path(scope, group string) string {
	world := m.world()
	if m.dir == "" || world == "" {
		return ""
	}
	return filepath.Join(m.dir, world, "pace", unfit.ReplaceAllString(scope, "_"), unfit.ReplaceAllString(group, "_")+".json")
}

// Load implements pace.Memory.
func (m paceMemory) Load(scope, group string) (tokens float64, at time.Time, ok bool) {
	var f fullness
	if !kept.Read(m.path(scope, group), &f) {
		return 0, time.Time{}, false
	}
	return f.Tokens, f.At, true
}

// Save implements pace.Memory.
func (m paceMemory) Save(scope, group string, tokens float64, at time.Time) {
	if path := m.path(scope, group); path != "" {
		kept.Write(path, fullness{tokens, at.UTC()})
	}
}
