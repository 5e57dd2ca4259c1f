package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/serve/door"
)

// frame is what every screen shows beside its own.
type frame struct {
	App      string
	Section  string // path of the part of the navigation that the screen belongs to
	Person   door.Person
	ReadOnly bool
	InCart   int
	Boot, ID string // of what the board had seen when the screen was made
}

type section struct{ Path, Name string }

func sections() []section {
	return []section{{"/", "Matrix"}, {"/releases", "Releases"}, {"/images", "Images"}, {"/history", "History"}, {"/operations", "Operations"}}
}

//go:embed assets
var assets embed.FS

// hashes has of each asset the beginning of its hash, so that browsers may keep it forever.
var hashes = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	entries, _ := assets.ReadDir("assets") // it is embedded
	for _, e := range entries {
		text, _ := assets.ReadFile("assets/" + e.Name())
		sum := sha256.Sum256(text)
		all[e.Name()] = hex.EncodeToString(sum[:6])
	}
	return all
})

// asset returns the address of an embedded file.
func asset(name string) string { return "/assets/" + hashes()[name] + "/" + name }

func releaseAddress(name string) string { return "/releases/" + url.PathEscape(name) }

func windowIcon(open bool) string {
	if open {
		return "check"
	}
	return "clock"
}

// toneIcon is the shape of a tone, for people who do not see its colour.
func toneIcon(tone string) string {
	return map[string]string{toneWell: "check", toneBusy: "busy", toneWarn: "warn", toneBad: "cross", toneIdle: "open"}[tone]
}

func agoMoment(hours int, now time.Time) string {
	return now.Add(-time.Duration(hours) * time.Hour).UTC().Format("Mon 2 Jan 15:04 MST")
}

func agoText(hours int, now time.Time) string {
	if hours == 0 {
		return "now"
	}
	return agoMoment(hours, now)
}

// text says how all services stand.
func (c counts) text() string {
	return fmt.Sprintf("Services by environments: %d of %d run well, %d are rolling, %d need somebody", c.Well, c.All, c.Rolling, c.Needs)
}

// width is how many environments stand side by side.
func (m matrix) width() int {
	n := 0
	for _, s := range m.Stages {
		n += len(s.Columns)
	}
	return n
}
