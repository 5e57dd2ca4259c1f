package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// builds opens a shop whose images follow build numbers.
func (w *world) builds(tags ...string) {
	w.Helper()
	shop{services: []string{"web", "api"}}.open(w)
	config := strings.ReplaceAll(w.read("tagboat.yaml"), "{repository: shop/web}", `{repository: shop/web, select: {match: '^build-(?P<n>\d+)$', order: numeric, by: n}}`)
	w.write("tagboat.yaml", config)
	for _, tag := range tags {
		w.push("shop/web:" + tag)
	}
	w.push("shop/api:v1")
}

// asked pins as a command does that has the images given, with what goes before its calls.
func (w *world) asked(automation bool, images []string, wrap ...func(http.RoundTripper) http.RoundTripper) (pinning.Result, error) {
	w.Helper()
	request := pinning.Request{Environment: "dev", Automation: automation, Message: "mine"}
	for _, image := range images {
		name, tag, _ := strings.Cut(image, "=")
		request.Images = append(request.Images, catalog.ImageArg{Image: tagboat.ImageName(name), Tag: tag})
	}
	return w.open(wrap...).Pinning.Pin(w.Context(), request)
}

// read returns a file beside the configuration.
func (w *world) read(file string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

// beforeWriteOf does something once, right before a write to a parameter whose name ends so.
func beforeWriteOf(parameter string, then func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &firstWrite{first: first{next: next, then: then}, parameter: parameter}
	}
}

type firstWrite struct {
	first
	parameter string
	refuses   bool // instead of doing something
}

// RoundTrip implements http.RoundTripper.
func (f *firstWrite) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutParameter") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte(f.parameter+`"`)) {
			f.once.Do(f.then)
			if f.refuses {
				return nil, sandboxtest.ErrReset
			}
		}
	}
	return f.next.RoundTrip(r)
}

func (w *world) isPinned(image tagboat.ImageName, tag string) {
	w.Helper()
	if got := w.pinned(image).Tag; got != tag {
		w.Errorf("%s is pinned to %q, want %q", image, got, tag)
	}
}

// saw reports whether a notice has all words.
func (w *world) saw(words ...string) bool {
	w.told.Lock()
	defer w.told.Unlock()
	for _, notice := range w.notices {
		all := true
		for _, word := range words {
			all = all && strings.Contains(notice, word)
		}
		if all {
			return true
		}
	}
	return false
}

// TestWhatARuleChoseYieldsToWhatWasPinnedMeanwhile has a slow run of a rule, a person's and
// automation's, write after another run pinned a newer build.
func TestWhatARuleChoseYieldsToWhatWasPinnedMeanwhile(t *testing.T) {
	for _, automation := range []bool{false, true} {
		t.Run(fmt.Sprintf("automation %t", automation), func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.builds("build-99", "build-100")
				w.pin("dev", "web=build-99", "api=v1")
				_, err := w.asked(automation, []string{"web"}, before("PutParameter", func() {
					w.push("shop/web:build-101")
					w.pin("dev", "web=build-101")
				}))
				w.blocked(err, "image web was pinned to build-101")
				w.isPinned("web", "build-101")
				w.isPinned("api", "v1")
			})
		})
	}
}

// TestAutomationYieldsThoughItNamesTheVersion has automation be told which version to pin.
func TestAutomationYieldsThoughItNamesTheVersion(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.builds("build-99", "build-100", "build-101")
		w.pin("dev", "api=v1")
		_, err := w.asked(true, []string{"web=build-100", "api=v1"}, before("PutParameter", func() { w.pin("dev", "web=build-101") }))
		w.blocked(err, "image web was pinned to build-101")
		w.isPinned("web", "build-101")
	})
}

// TestAPersonsPinTellsWhatItTookThePlaceOf has somebody pin v3 while v2 is on its way, and
// history say from what to what.
func TestAPersonsPinTellsWhatItTookThePlaceOf(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.builds("build-1", "build-2", "build-3")
		w.pin("dev", "web=build-1")
		got, err := w.asked(false, []string{"web=build-2"}, before("PutParameter", func() { w.pin("dev", "web=build-3") }))
		if err != nil {
			w.Fatal(err)
		}
		r := got.Document.Replaced
		if len(r) != 1 || r[0].Tag != "build-3" || r[0].Digest != w.pushed["shop/web:build-3"] || r[0].ParameterVersion != 2 || !w.saw("web was pinned to build-3", "meanwhile") {
			w.Errorf("replaced: %+v, told %q", r, w.notices)
		}
		w.isPinned("web", "build-2")
		for _, e := range w.history(history.Request{Image: "web"}).Events {
			if e.Message == "mine" && e.From.Tag != "build-3" {
				w.Errorf("history says it was pinned from %q", e.From.Tag)
			}
		}
	})
}

// TestAHoldThatCameMeanwhileCounts has automation's pin on its way while somebody holds the
// image: once where it had a pin before, and once where it had none.
func TestAHoldThatCameMeanwhileCounts(t *testing.T) {
	for _, was := range []string{"v1", ""} {
		t.Run("was "+was, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				shop{services: []string{"web", "api"}}.open(w)
				for _, image := range []string{"web:v1", "web:v2", "api:v1"} {
					w.push("shop/" + image)
				}
				w.pin("dev", "api=v1")
				if was != "" {
					w.pin("dev", "web="+was)
				}
				_, err := w.asked(true, []string{"web=v2"}, before("PutParameter", func() {
					if _, err := w.open().Pinning.Holds.Hold(w.Context(), pinning.HoldRequest{Environment: "dev", Message: "the sale"}); err != nil {
						w.Error(err)
					}
				}))
				w.blocked(err, "is held in dev: the sale")
				w.blocked(err, "taken back")
				w.isPinned("web", was)
				w.isPinned("api", "v1")
			})
		})
	}
}

// TestARollbackThatEndedMeanwhileCounts has automation bring a version while a rollback takes
// back the one before it.
func TestARollbackThatEndedMeanwhileCounts(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2")
		w.push("shop/web:v3")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		_, err := w.asked(true, []string{"web=v3"}, before("PutParameter", func() {
			if _, err := w.rollback(); err != nil {
				w.Error(err)
			}
		}))
		w.blocked(err, "image web was pinned to v1")
		w.isPinned("web", "v1")
	})
}

// TestAnUnholdLeavesAHoldThatCameMeanwhile has a rollback hold an image while somebody lifts
// the hold that there was.
func TestAnUnholdLeavesAHoldThatCameMeanwhile(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2")
		w.push("shop/web:v3")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		r := pinning.HoldRequest{Environment: "dev", Images: []tagboat.ImageName{"web"}, Message: "the sale"}
		if _, err := w.open().Pinning.Holds.Hold(w.Context(), r); err != nil {
			w.Fatal(err)
		}
		a := w.open(before("PutParameter", func() {
			if _, err := w.rollback(); err != nil {
				w.Error(err)
			}
		}))
		_, err := a.Pinning.Holds.Unhold(w.Context(), r)
		w.blocked(err, "the hold on web in dev was changed")
		w.blocked(w.automate("web=v3"), "is held in dev: rolled back")
	})
}

// TestAPersonsPinLeavesARejectionThatCameMeanwhile has somebody pin a version by hand that a
// rollback takes back while the rejection of another one is taken back.
func TestAPersonsPinLeavesARejectionThatCameMeanwhile(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		for _, tag := range []string{"v2", "v3"} {
			w.push("shop/web:" + tag)
			w.pin("dev", "web="+tag)
			w.expect(w.one(), tagboat.VerdictSucceeded)
			if tag == "v2" {
				if _, err := w.rollback(); err != nil {
					w.Fatal(err)
				}
			}
		}
		_, err := w.asked(false, []string{"web=v2"}, beforeWriteOf("/holds", func() {
			if _, err := w.rollback(); err != nil {
				w.Error(err)
			}
		}))
		w.blocked(err, "what is rejected in dev was changed")
		if _, err := w.open().Pinning.Holds.Unhold(w.Context(), pinning.HoldRequest{Environment: "dev"}); err != nil {
			w.Fatal(err)
		}
		w.blocked(w.automate("web=v2"), "v2 of image web was rejected")
	})
}
