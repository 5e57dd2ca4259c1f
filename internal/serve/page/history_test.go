package page

import (
	"net/url"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/desk"
)

// TestOlderEvents holds that the next page of the history asks for what the desk takes, with the same filter.
func TestOlderEvents(t *testing.T) {
	events := sampleEvents()
	f := historyFilter{Env: "prod", Image: "api", Days: "7d"}
	got := historyFilterOf(expect.Value(url.ParseQuery(f.older(events)))(t))
	f.After = desk.After(events[len(events)-1])
	expect.Equal(t, f, got)
}
