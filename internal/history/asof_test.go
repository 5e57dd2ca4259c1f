package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/sandbox"
)

// tagsAsOf returns the tags that were pinned in dev at a time, by image.
func tagsAsOf(w *apptest.World, when access.When) map[string]string {
	w.Helper()
	document, err := w.Open().History.PinsAsOf(w.Context(), "dev", when)
	if err != nil {
		w.Fatal(err)
	}
	tags := map[string]string{}
	for _, pin := range document.Pins {
		if w.Pushed["shop/"+string(pin.Image)+":"+pin.Tag] != pin.Digest {
			w.Errorf("%s:%s is pinned by the digest %s", pin.Image, pin.Tag, pin.Digest)
		}
		tags[string(pin.Image)] = pin.Tag
	}
	return tags
}

// TestPinsOfTimesByTheSandboxsClock asks for times that are to come by the local clock, and
// past by AWS's.
func TestPinsOfTimesByTheSandboxsClock(t *testing.T) {
	apptest.Run(t, sandbox.Config{Speed: 60}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
		w.Later(time.Hour)
		w.Pin("dev", "web=v1")
		pinned := w.History(history.Request{}).Events[0].At
		w.Later(time.Minute)
		for at, want := range map[time.Duration]map[string]string{-time.Minute: {}, 0: {"web": "v1"}, 30 * time.Minute: {"web": "v1"}} {
			if diff := cmp.Diff(want, tagsAsOf(w, access.When{At: pinned.Add(at)})); diff != "" {
				w.Errorf("%s: %s", at, diff)
			}
		}
	})
}

// TestPinsOfTimesBeforeAGroupWasMoved asks what was pinned while the image was in another
// parameter.
func TestPinsOfTimesBeforeAGroupWasMoved(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "web:v3", "api:v1")
		born := time.Now()
		w.Later(time.Hour)
		w.Pin("dev", "web=v1", "api=v1")
		w.Later(time.Hour)
		w.Pin("dev", "web=v2")
		w.Later(time.Hour)
		w.Write("tagboat.yaml", w.Read("tagboat.yaml")+"ledger: {groups: {front: {images: [web]}}}\n")
		w.Pin("dev", "web=v3")
		for hours, want := range []map[string]string{{}, {"web": "v1", "api": "v1"}, {"web": "v2", "api": "v1"}, {"web": "v3", "api": "v1"}} {
			if diff := cmp.Diff(want, tagsAsOf(w, access.When{At: born.Add(time.Duration(hours) * time.Hour)})); diff != "" {
				w.Errorf("after %d hours: %s", hours, diff)
			}
		}
	})
}

// TestPinsOfTimesLeaveOutWhatIsNoImageAnyMore takes an image out of the configuration that
// the journal still knows.
func TestPinsOfTimesLeaveOutWhatIsNoImageAnyMore(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "api:v1")
		w.Pin("dev", "web=v1")
		w.Pin("dev", "api=v1")
		w.Later(time.Hour)
		first := time.Now()
		for n := range 105 {
			w.Later(time.Minute)
			w.Pin("dev", fmt.Sprintf("web=v%d", 2-n%2))
		}
		apptest.Shop{Services: []string{"web"}}.Configure(w)
		if diff := cmp.Diff(map[string]string{"web": "v1"}, tagsAsOf(w, access.When{At: first})); diff != "" {
			w.Error(diff)
		}
	})
}

// TestPinsOfTimesAreInTheOrderOfVersions has the earlier of two writers tell the journal
// later, and has the versions forgotten.
func TestPinsOfTimesAreInTheOrderOfVersions(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "web:v3", "api:v1", "api:v2")
		w.Pin("dev", "web=v1", "api=v1")
		w.Later(time.Hour)
		a := w.Open(apptest.After("PutParameter", "", func() {
			w.Pin("dev", "web=v3")
			w.Later(time.Second)
		}))
		if _, err := a.Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: "web", Tag: "v2"}}}); err != nil {
			w.Fatal(err)
		}
		w.Later(time.Hour)
		then := time.Now()
		for n := range 105 {
			w.Later(time.Minute)
			w.Pin("dev", fmt.Sprintf("api=v%d", 2-n%2))
		}
		if diff := cmp.Diff(map[string]string{"web": "v3", "api": "v1"}, tagsAsOf(w, access.When{At: then})); diff != "" {
			w.Error(diff)
		}
	})
}
