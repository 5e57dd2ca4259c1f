package history_test

import (
	"slices"
	"testing"

	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/sandbox"
)

// told returns all that history tells, in short and sorted.
func toldByHistory(w *apptest.World) []string {
	w.Helper()
	var all []string
	for _, e := range w.History(history.Request{}).Events {
		all = append(all, changed(e)+" "+e.Message)
	}
	slices.Sort(all)
	return all
}

// TestHistoryTellsOfEachChangeOnce has two write at once, so that one repairs: the version
// that the repair made is nobody's change.
func TestHistoryTellsOfEachChangeOnce(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "api:v1", "api:v2")
		w.Pin("dev", "web=v1", "api=v1")
		a := w.Open(apptest.Before("PutParameter", "", func() { w.Pin("dev", "api=v2") }))
		if _, err := a.Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: "web", Tag: "v2"}}, Message: "mine"}); err != nil {
			w.Fatal(err)
		}
		want := []string{"pin api >v1 ", "pin api v1>v2 ", "pin web >v1 ", "pin web v1>v2 mine"}
		if diff := cmp.Diff(want, toldByHistory(w)); diff != "" {
			w.Error(diff)
		}
	})
}

// TestWhoIsOvertakenDidNotPinWhatCounts has somebody pin the same image at once and later.
func TestWhoIsOvertakenDidNotPinWhatCounts(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "web:v3", "api:v1")
		w.Pin("dev", "web=v1")
		a := w.Open(
			apptest.Before("PutParameter", "", func() { w.Pin("dev", "api=v1") }),
			apptest.Before("GetParameterHistory", "", func() { w.Pin("dev", "web=v3") }))
		if _, err := a.Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: "web", Tag: "v2"}}, Message: "mine"}); err != nil {
			w.Fatal(err)
		}
		want := []string{"pin api >v1 ", "pin web >v1 ", "pin web v1>v2 mine", "pin web v2>v3 "}
		if diff := cmp.Diff(want, toldByHistory(w)); diff != "" {
			w.Error(diff)
		}
	})
}
