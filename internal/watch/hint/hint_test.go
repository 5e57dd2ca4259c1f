package hint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// shown writes all that hints have, or why there are none.
func shown(hints []hint.Hint, err error) string {
	if err != nil {
		return casetest.Report(err)
	}
	if len(hints) == 0 {
		return "none\n"
	}
	var b strings.Builder
	for _, h := range hints {
		fmt.Fprintf(&b, "%s of %s, id %q\n", h.Kind, h.Source, h.ID)
		if !h.At.IsZero() {
			fmt.Fprintf(&b, "  at         %s\n", h.At)
		}
		for _, field := range [][2]string{
			{"registry", h.Registry}, {"repository", h.Repository}, {"tag", h.Tag}, {"digest", string(h.Digest)}, {"account", h.Account}, {"region", h.Region},
			{"cluster", h.Cluster}, {"service", h.Service}, {"deployment", h.Deployment}, {"text", h.Text},
		} {
			if field[1] != "" {
				fmt.Fprintf(&b, "  %-10s %s\n", field[0], field[1])
			}
		}
	}
	return b.String()
}

func TestEvents(t *testing.T) {
	casetest.Archives(t, "testdata/events", func(t *testing.T, c casetest.Case) string {
		event, _ := c.File("event.json")
		return shown(hint.Parse(event))
	})
}

func TestWebhooks(t *testing.T) {
	casetest.Archives(t, "testdata/webhooks", func(t *testing.T, c casetest.Case) string {
		body, _ := c.File("body.json")
		if kind, ok := c.File("kind"); ok {
			return shown(hint.GHCR(strings.TrimSpace(string(kind)), body))
		}
		return shown(hint.Webhook(body))
	})
}

// TestEventsThatAWSSent reads events that others saw.
func TestEventsThatAWSSent(t *testing.T) {
	got := map[string]string{}
	for _, file := range expect.Value(filepath.Glob("../../lambda/testdata/events/*/event.json"))(t) {
		hints := expect.Value(hint.Parse(expect.Value(os.ReadFile(file))(t)))(t)
		for _, h := range hints {
			got[filepath.Base(filepath.Dir(file))] += fmt.Sprintf("%s %s%s%s/%s %s", h.Kind, h.Registry, h.Repository, h.Cluster, h.Service, h.Deployment)
		}
	}
	expect.Equal(t, map[string]string{
		"deployment-failed":      "deployment dev/api ecs-svc/123",
		"deployment-in-progress": "deployment dev/api ecs-svc/2757582648257641111",
		"image-pushed":           "push 111111111111.dkr.ecr.eu-west-1.amazonaws.comshop/api/ ",
		"service-placement":      "deployment dev/api ",
		"service-steady":         "deployment dev/api ",
		"task-stopped":           "task dev/api ecs-svc/2770844949256052681",
	}, got)
}

func FuzzParse(f *testing.F) {
	seed(f, "testdata/events/*.txtar")
	x := index(f, shop)
	f.Fuzz(func(t *testing.T, event []byte) { sound(t, x)(hint.Parse(event)) })
}

func FuzzWebhook(f *testing.F) {
	seed(f, "testdata/webhooks/*.txtar")
	x := index(f, shop)
	f.Fuzz(func(t *testing.T, body []byte) {
		sound(t, x)(hint.Webhook(body))
		sound(t, x)(hint.GHCR("package", body))
		sound(t, x)(hint.GHCR("registry_package", body))
	})
}

func seed(f *testing.F, pattern string) {
	f.Helper()
	for _, file := range expect.Value(filepath.Glob(pattern))(f) {
		text := string(expect.Value(os.ReadFile(file))(f))
		_, body, _ := strings.Cut(text, ".json --\n")
		body, _, _ = strings.Cut(body, "\n-- want --")
		f.Add([]byte(body))
	}
}
