package cloud

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/tagboat/tagboat/internal/cloud/pace"
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
	data, err := os.ReadFile(m.path(scope, group))
	var f fullness
	if err != nil || json.Unmarshal(data, &f) != nil {
		return 0, time.Time{}, false
	}
	return f.Tokens, f.At, true
}

// Save implements pace.Memory.
func (m paceMemory) Save(scope, group string, tokens float64, at time.Time) {
	path := m.path(scope, group)
	if path == "" {
		return
	}
	if data, err := json.Marshal(fullness{tokens, at.UTC()}); err == nil {
		keepFile(path, data)
	}
}
