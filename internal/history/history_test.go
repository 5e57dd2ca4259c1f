package history_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// changed says what an event tells of, in short.
func changed(e tagboat.Event) string {
	text := fmt.Sprintf("%s %s%s %s>%s%s", e.Command, e.Image, e.Service, e.From.Tag, e.To.Tag, e.Verdict)
	if e.Foreign {
		text += " foreign"
	}
	if e.Overwrote {
		text += " overwrote"
	}
	return text
}

// TestPinsOfTimesThatTheirVersionsHaveForgotten pins more often than Parameter Store keeps
// versions: what was before is in the journal.
func TestPinsOfTimesThatTheirVersionsHaveForgotten(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "api:v1", "api:v2")
		born := time.Now()
		w.Later(time.Hour)
		w.Pin("dev", "web=v1")
		w.Later(time.Hour)
		w.Pin("dev", "api=v1")
		w.Later(time.Hour)
		for n := range 120 {
			w.Pin("dev", fmt.Sprintf("web=v%d", 2-n%2))
			w.Later(time.Minute)
		}
		w.Pin("dev", "api=v2")
		for _, test := range []struct {
			at   time.Duration
			want map[string]string
		}{
			{90 * time.Minute, map[string]string{"web": "v1"}},
			{150 * time.Minute, map[string]string{"web": "v1", "api": "v1"}},
			{180*time.Minute + 30*time.Second, map[string]string{"web": "v2", "api": "v1"}},
			{181*time.Minute + 30*time.Second, map[string]string{"web": "v1", "api": "v1"}},
			{290*time.Minute + 30*time.Second, map[string]string{"web": "v2", "api": "v1"}},
			{301 * time.Minute, map[string]string{"web": "v1", "api": "v2"}},
		} {
			if diff := cmp.Diff(test.want, tagsAsOf(w, access.When{At: born.Add(test.at)})); diff != "" {
				w.Errorf("after %s: %s", test.at, diff)
			}
		}
		if diff := cmp.Diff(map[string]string{"web": "v1", "api": "v1"}, tagsAsOf(w, access.When{Ago: 150 * time.Minute})); diff != "" {
			w.Errorf("150 minutes ago: %s", diff)
		}
		_, err := w.Open().History.PinsAsOf(w.Context(), "dev", access.When{At: born})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("before everything: %v", err)
		}
		_, err = w.Open().History.PinsAsOf(w.Context(), "dev", access.When{At: time.Now().Add(time.Hour)})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("in the future: %v", err)
		}
		all := w.History(history.Request{})
		if len(all.Events) != 123 {
			w.Errorf("%d events of 123 changes", len(all.Events))
		}
		if first := all.Events[122]; changed(first) != "pin web >v1" || !first.At.Equal(born.Add(time.Hour)) || first.By == "" {
			w.Errorf("the first change: %+v", first)
		}
		if got := w.History(history.Request{Image: "api", Limit: 1}); len(got.Events) != 1 || changed(got.Events[0]) != "pin api v1>v2" {
			w.Errorf("the last change of api: %+v", got.Events)
		}
		if got := w.History(history.Request{Since: access.When{At: born.Add(2 * time.Hour)}, Until: access.When{At: born.Add(3 * time.Hour)}}); len(got.Events) != 1 {
			w.Errorf("in the third hour: %+v", got.Events)
		}
	})
}

// TestHistoryTellsOfOthers has somebody write who knows nothing of the protocol, and
// undo an update by that.
func TestHistoryTellsOfOthers(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "api:v1")
		w.Pin("dev", "web=v1", "api=v1")
		old := w.AWS("ssm.GetParameter", map[string]any{"Name": "/containers/dev/shop"})["Parameter"].(map[string]any)["Value"]
		w.Later(time.Minute)
		w.Pin("dev", "web=v2")
		w.Later(time.Minute)
		w.AWS("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": old, "Overwrite": true, "Type": "String"})
		w.Later(time.Minute)
		if d := w.Deploy("web")[0]; d.Verdict != tagboat.VerdictSucceeded {
			w.Fatal(d)
		}
		w.Later(time.Minute)
		var got []string
		for _, e := range w.History(history.Request{}).Events {
			got = append(got, changed(e))
		}
		want := []string{
			"deploy web >succeeded", "write web v2>v1 foreign overwrote", "pin web v1>v2", "pin web >v1", "pin api >v1",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Error(diff)
		}
		restoreWeb(w)
	})
}

// restoreWeb has pins tell of the update of web to v2 that was overwritten, and restore it.
func restoreWeb(w *apptest.World) {
	w.Helper()
	document, err := w.Open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
	if err != nil {
		w.Fatal(err)
	}
	if len(document.Overwritten) != 1 || document.Overwritten[0].Tag != "v2" || document.Overwritten[0].OverwrittenBy == "" || document.Overwritten[0].SetBy == "" {
		w.Errorf("overwritten: %+v", document.Overwritten)
	}
	if told := w.Heard.Notices[len(w.Heard.Notices)-1]; !strings.Contains(told, "tagboat pins --env dev --restore web") {
		w.Errorf("told: %s", told)
	}
	if result, err := w.Open().Pinning.Restore(w.Context(), pinning.RestoreRequest{Environment: "dev", Images: []tagboat.ImageName{"api"}}); err != nil || result.Changed {
		w.Errorf("nothing of api was overwritten: %+v %v", result, err)
	}
	puts := w.Calls("ssm.PutParameter")
	if result, err := w.Open().Pinning.Restore(w.Context(), pinning.RestoreRequest{Environment: "dev", DryRun: true}); err != nil || result.Document.Pins[0].Tag != "v2" || w.Calls("ssm.PutParameter") != puts {
		w.Errorf("a dry run: %+v %v", result, err)
	}
	for _, again := range []bool{true, false} {
		if result, err := w.Open().Pinning.Restore(w.Context(), pinning.RestoreRequest{Environment: "dev"}); err != nil || result.Changed != again {
			w.Errorf("restored: %+v %v", result, err)
		}
	}
	if diff := cmp.Diff(map[string]string{"web": "v2", "api": "v1"}, tagsAsOf(w, access.When{At: time.Now()})); diff != "" {
		w.Error(diff)
	}
	if last := w.History(history.Request{Limit: 1}).Events[0]; changed(last) != "restore web v1>v2" {
		w.Errorf("the last event: %+v", last)
	}
}

// TestJournalKnowsTheBuild has a CI system's variables say what was built and where.
func TestJournalKnowsTheBuild(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
		variables := map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_SHA": "0123456789012345678901234567890123456789", "GITHUB_ACTOR": "ada",
			"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "shop/web", "GITHUB_RUN_ID": "7",
		}
		w.Getenv = func(name string) string { return variables[name] }
		w.Pin("dev", "web=v1")
		e := w.History(history.Request{}).Events[0]
		if e.Actor != "ada" || e.Commit != variables["GITHUB_SHA"] || e.Run != "https://github.example/shop/web/actions/runs/7" {
			w.Errorf("%+v", e)
		}
	})
}

// TestJournalThatCannotBeWritten tells so and changes nothing else.
func TestJournalThatCannotBeWritten(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
		w.Fault(sandbox.Fault{Operation: "logs.PutLogEvents", Kind: "error", Status: 400, Code: "AccessDeniedException"})
		w.Pin("dev", "web=v1")
		if diff := cmp.Diff(map[string]string{"web": "v1"}, tagsAsOf(w, access.When{At: time.Now()})); diff != "" {
			w.Error(diff)
		}
		if !strings.Contains(strings.Join(w.Heard.Notices, "\n"), "is not in the journal") {
			w.Errorf("told: %q", w.Heard.Notices)
		}
		if got := w.History(history.Request{}).Events; len(got) != 1 {
			w.Errorf("the parameter's versions still tell: %+v", got)
		}
	})
}

// TestTaggingIsInTheHistory has somebody move a tag and publish nothing: the journal beside
// the registry tells, where no environment is asked for.
func TestTaggingIsInTheHistory(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2")
		for _, tag := range []string{"v1", "v2", "v2"} {
			request := catalog.TagRequest{Version: catalog.ImageArg{Image: "web", Tag: tag}, Tags: []string{"good"}, Message: "tested"}
			if _, err := w.Open().Tagger.Tag(w.Context(), request); err != nil {
				w.Fatal(err)
			}
			w.Later(time.Minute)
		}
		var got []string
		for _, e := range w.History(history.Request{Image: "web"}).Events {
			got = append(got, fmt.Sprintf("%s %s>%s %s", changed(e), e.From.Digest.Short(), e.To.Digest.Short(), e.Message))
		}
		v1, v2 := w.Pushed["shop/web:v1"].Short(), w.Pushed["shop/web:v2"].Short()
		want := []string{"tag web good>good " + v1 + ">" + v2 + " tested", "tag web >good >" + v1 + " tested"}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Error(diff)
		}
		if events := w.History(history.Request{Selection: apptest.Dev}).Events; len(events) != 0 {
			w.Errorf("nothing happened in dev: %+v", events)
		}
	})
}

// TestHistoryOfAParameterThatWasMadeAgain has its versions count from one again.
func TestHistoryOfAParameterThatWasMadeAgain(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1", "web:v2", "web:v3", "web:v4")
		w.Pin("dev", "web=v1")
		w.Pin("dev", "web=v2")
		w.Later(time.Hour)
		w.AWS("ssm.DeleteParameter", map[string]any{"Name": "/containers/dev/shop"})
		w.Pin("dev", "web=v3")
		value := strings.ReplaceAll(`{"web":"v4@D"}`, "D", string(w.Pushed["shop/web:v4"]))
		w.AWS("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": value, "Overwrite": true, "Type": "String"})
		want := []string{"pin web >v1 ", "pin web >v3 ", "pin web v1>v2 ", "write web v3>v4 foreign "}
		if diff := cmp.Diff(want, toldByHistory(w)); diff != "" {
			w.Error(diff)
		}
	})
}

// TestHistoryKnowsWhatItForgot has more writes of others than Parameter Store keeps: the
// journal, which goes back further, has none of them.
func TestHistoryKnowsWhatItForgot(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
		w.Pin("dev", "web=v1")
		for n := range 105 {
			w.Later(time.Minute)
			w.AWS("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": fmt.Sprintf(`{"web":"o%d"}`, n), "Overwrite": true, "Type": "String"})
		}
		oldest := time.Now().Add(-99 * time.Minute)
		if got := w.History(history.Request{}).Since; got == nil || !got.Equal(oldest) {
			w.Errorf("whole since %v, want %v", got, oldest)
		}
	})
}

// TestHistoryOfNoTime has its end before its beginning.
func TestHistoryOfNoTime(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w)
		_, err := w.Open().History.Events(w.Context(), history.Request{Since: access.When{Ago: time.Hour}, Until: access.When{Ago: 2 * time.Hour}})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Error(err)
		}
	})
}

// TestNewestHistoryIsTheEndOfAll has pins of two tenants, others' writes, tags and pauses in
// an order that dice tell: a limit leaves nothing out and tells nothing twice.
func TestNewestHistoryIsTheEndOfAll(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}, Tenants: []string{"", "acme"}}.Open(w, "web:v0", "web:v1", "web:v2")
		dice := rand.New(rand.NewPCG(1, 2))
		for n := range 90 {
			tag := fmt.Sprintf("v%d", n%3)
			switch env := []tagboat.EnvName{"dev", "acme-dev"}[dice.IntN(2)]; dice.IntN(4) {
			case 0:
				value := fmt.Sprintf(`{"web":"%s@%s"}`, tag, w.Pushed["shop/web:"+tag])
				w.AWS("ssm.PutParameter", map[string]any{"Name": fmt.Sprintf("/containers/%s/shop", env), "Value": value, "Overwrite": true, "Type": "String"})
			case 1:
				request := catalog.TagRequest{Version: catalog.ImageArg{Image: "web", Tag: tag}, Tags: []string{"good"}}
				if _, err := w.Open().Tagger.Tag(w.Context(), request); err != nil {
					w.Fatal(err)
				}
			default:
				w.Pin(env, "web="+tag)
			}
			w.Later([]time.Duration{0, 1500 * time.Millisecond, 50 * time.Second, 70 * time.Second, time.Hour}[dice.IntN(5)])
		}
		for _, r := range []history.Request{{}, {Selection: apptest.Dev}, {Image: "web"}} {
			all := w.History(r)
			if len(all.Events) < 20 {
				w.Errorf("%d events are too few to tell", len(all.Events))
			}
			for r.Limit = 1; r.Limit <= len(all.Events)+1; r.Limit++ {
				got := w.History(r)
				if diff := cmp.Diff(all.Events[:min(r.Limit, len(all.Events))], got.Events); diff != "" {
					w.Fatalf("the newest %d: %s", r.Limit, diff)
				}
			}
		}
	})
}

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
