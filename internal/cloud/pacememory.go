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
	dir   kept.Dir
	world func() string
}

var _ pace.Memory = paceMemory{}

// fullness is how many tokens a bucket had at a time.
type fullness struct {
	Tokens float64   `json:"tokens"`
	At     time.Time `json:"at"`
}

var unfit = regexp.MustCompile(`[^a-zA-Z0-9-]+`)

func (m paceMemory) name(scope, group string) string {
	world := m.world()
	if world == "" {
		return ""
	}
	return filepath.Join(world, "pace", unfit.ReplaceAllString(scope, "_"), unfit.ReplaceAllString(group, "_")+".json")
}

// Load implements pace.Memory.
func (m paceMemory) Load(scope, group string) (tokens float64, at time.Time, ok bool) {
	var f fullness
	if name := m.name(scope, group); name == "" || !m.dir.Read(name, &f) {
		return 0, time.Time{}, false
	}
	return f.Tokens, f.At, true
}

// Save implements pace.Memory.
func (m paceMemory) Save(scope, group string, tokens float64, at time.Time) {
	if name := m.name(scope, group); name != "" {
		m.dir.Write(name, fullness{tokens, at.UTC()})
	}
}
