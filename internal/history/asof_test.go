package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/sandbox"
)

// configure adds to the configuration.
func (w *world) configure(text string) {
	w.Helper()
	was, err := os.ReadFile(filepath.Join(w.dir, "tagboat.yaml"))
	if err != nil {
		w.Fatal(err)
	}
	w.write("tagboat.yaml", string(was)+text)
}

// TestPinsOfTimesByTheSandboxsClock asks for times that are to come by the local clock, and
// past by AWS's.
func TestPinsOfTimesByTheSandboxsClock(t *testing.T) {
	inWorld(t, sandbox.Config{Speed: 60}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		w.push("shop/web:v1")
		w.later(time.Hour)
		w.pin("dev", "web=v1")
		pinned := w.history(history.Request{}).Events[0].At
		w.later(time.Minute)
		for at, want := range map[time.Duration]map[string]string{-time.Minute: {}, 0: {"web": "v1"}, 30 * time.Minute: {"web": "v1"}} {
			if diff := cmp.Diff(want, w.tagsAsOf(access.When{At: pinned.Add(at)})); diff != "" {
				w.Errorf("%s: %s", at, diff)
			}
		}
	})
}

// TestPinsOfTimesBeforeAGroupWasMoved asks what was pinned while the image was in another
// parameter.
func TestPinsOfTimesBeforeAGroupWasMoved(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web", "api"}}.open(w)
		for _, image := range []string{"web:v1", "web:v2", "web:v3", "api:v1"} {
			w.push("shop/" + image)
		}
		born := time.Now()
		w.later(time.Hour)
		w.pin("dev", "web=v1", "api=v1")
		w.later(time.Hour)
		w.pin("dev", "web=v2")
		w.later(time.Hour)
		w.configure("ledger: {groups: {front: {images: [web]}}}\n")
		w.pin("dev", "web=v3")
		for hours, want := range []map[string]string{{}, {"web": "v1", "api": "v1"}, {"web": "v2", "api": "v1"}, {"web": "v3", "api": "v1"}} {
			if diff := cmp.Diff(want, w.tagsAsOf(access.When{At: born.Add(time.Duration(hours) * time.Hour)})); diff != "" {
				w.Errorf("after %d hours: %s", hours, diff)
			}
		}
	})
}

// TestPinsOfTimesLeaveOutWhatIsNoImageAnyMore takes an image out of the configuration that
// the journal still knows.
func TestPinsOfTimesLeaveOutWhatIsNoImageAnyMore(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web", "api"}}.open(w)
		for _, image := range []string{"web:v1", "web:v2", "api:v1"} {
			w.push("shop/" + image)
		}
		w.pin("dev", "web=v1")
		w.pin("dev", "api=v1")
		w.later(time.Hour)
		first := time.Now()
		for n := range 105 {
			w.later(time.Minute)
			w.pin("dev", fmt.Sprintf("web=v%d", 2-n%2))
		}
		shop{services: []string{"web"}}.configure(w)
		if diff := cmp.Diff(map[string]string{"web": "v1"}, w.tagsAsOf(access.When{At: first})); diff != "" {
			w.Error(diff)
		}
	})
}

// TestPinsOfTimesAreInTheOrderOfVersions has the earlier of two writers tell the journal
// later, and has the versions forgotten.
func TestPinsOfTimesAreInTheOrderOfVersions(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web", "api"}}.open(w)
		for _, image := range []string{"web:v1", "web:v2", "web:v3", "api:v1", "api:v2"} {
			w.push("shop/" + image)
		}
		w.pin("dev", "web=v1", "api=v1")
		w.later(time.Hour)
		a := w.open(after("PutParameter", "", func() {
			w.pin("dev", "web=v3")
			w.later(time.Second)
		}))
		if _, err := a.Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: "web", Tag: "v2"}}}); err != nil {
			w.Fatal(err)
		}
		w.later(time.Hour)
		then := time.Now()
		for n := range 105 {
			w.later(time.Minute)
			w.pin("dev", fmt.Sprintf("api=v%d", 2-n%2))
		}
		if diff := cmp.Diff(map[string]string{"web": "v3", "api": "v1"}, w.tagsAsOf(access.When{At: then})); diff != "" {
			w.Error(diff)
		}
	})
}
