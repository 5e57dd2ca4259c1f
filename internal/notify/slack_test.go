package notify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/notify"
)

// posted returns what a webhook of Slack gets.
func posted(t *testing.T, n tagboat.Notification) []byte {
	t.Helper()
	var body []byte
	to, _ := receiver(t, func(_ int64, _ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) })
	to.Format = notify.Slack
	expect.OK(t, quick().Send(t.Context(), to, n))
	return body
}

func TestSlack(t *testing.T) {
	n := sample()
	n.Run = "https://github.example/shop/app/actions/runs/7?a=b&c=d"
	n.Deployments = []tagboat.Deployment{
		{Environment: "prod", Service: "web", Verdict: tagboat.VerdictSucceeded, Images: []tagboat.ImageState{{Image: "web", Tag: "v2", Pinned: "sha256:b", PreviousTag: "v1", Previous: "sha256:a"}}},
		{
			Environment: "prod", Service: "api", Verdict: tagboat.VerdictRolledBack, Reason: "api:8 failed: <!channel> &\n>more",
			ConsoleURL: "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/deployments?region=eu-west-1",
			Causes:     []tagboat.Cause{{Cause: "container app exited with code 3", Evidence: "password=hunter2", Advice: "look at <app>"}},
		},
	}
	var got bytes.Buffer
	expect.OK(t, json.Indent(&got, posted(t, n), "", "  "))
	got.WriteByte('\n')
	casetest.Golden(t, "testdata/slack.json", got.Bytes())
	if strings.Contains(got.String(), "hunter2") {
		t.Error("a log line went to a channel")
	}
}

// However much there is to tell, Slack takes it, and what is left out is counted.
func TestSlackTakesIt(t *testing.T) {
	for _, services := range []int{0, 1, 45, 500} {
		t.Run(fmt.Sprint(services), func(t *testing.T) {
			n := sample()
			n.App, n.Message, n.Deployments = strings.Repeat("ü", 200), strings.Repeat("m", 5000), nil
			for i := range services {
				n.Deployments = append(n.Deployments, tagboat.Deployment{
					Environment: "prod", Service: tagboat.ServiceName(fmt.Sprint("s", i)), Verdict: tagboat.VerdictFailed,
					Reason: strings.Repeat("r ", 4000), EndedAt: time.Now(),
				})
			}
			body := posted(t, n)
			var m struct {
				Blocks []struct {
					Type     string
					Text     struct{ Text string }
					Elements []struct{ Text string }
				}
			}
			expect.OK(t, json.Unmarshal(body, &m))
			total := 0
			for _, b := range m.Blocks {
				text := b.Text.Text
				for _, e := range b.Elements {
					text += e.Text
				}
				limit := map[string]int{"header": 150, "section": 3000, "context": 3000}[b.Type]
				if size := utf8.RuneCountInString(text); size > limit || size == 0 {
					t.Errorf("a %s of %d characters", b.Type, size)
				}
				total += utf8.RuneCountInString(text)
			}
			if len(m.Blocks) > 50 || total > 13_000 {
				t.Errorf("%d blocks, %d characters", len(m.Blocks), total)
			}
			if told := strings.Count(string(body), "*prod/s"); told < services && !strings.Contains(string(body), fmt.Sprintf("and %d failed", services-told)) {
				t.Errorf("%d of %d are told of, and the others not counted", told, services)
			}
		})
	}
}

// FuzzParseAddress: what is taken goes to this machine or over TLS, and nothing that is
// printed has more of it than its host.
func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{"https://hooks.example.com/services/a?b=c", "http://[::1]:80/", "http://127.0.0.1.example.com/", "https://u:p@h/x#y", "HTTPS://H", "https:a//b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := notify.ParseAddress(text)
		if err != nil {
			if said := err.Error(); len(said) > 150 {
				t.Errorf("the error is not one of those that say nothing: %s", said)
			}
			return
		}
		scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), ":")
		local := strings.HasPrefix(a.String(), "127.") || strings.HasPrefix(a.String(), "localhost") || strings.HasPrefix(a.String(), "[")
		if scheme != "https" && (scheme != "http" || !local) {
			t.Errorf("%q is taken", text)
		}
		for _, form := range []string{"%v", "%+v", "%#v"} {
			if said := fmt.Sprintf(form, a); said != a.String() || strings.ContainsAny(said, "/?@") {
				t.Errorf("%q is printed as %q", text, said)
			}
		}
	})
}
