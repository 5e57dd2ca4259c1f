package app_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/sandbox"
)

// Where calls go to AWS itself, a deployment comes with the console's page; in a sandbox
// there is none.
func TestConsoleURL(t *testing.T) {
	for name, tc := range map[string]struct{ endpoint, want string }{
		"AWS":     {"", "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/dev/services/web/deployments?region=us-east-1"},
		"sandbox": {"http://" + host, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.Setenv("AWS_ENDPOINT_URL", tc.endpoint)
				w.begin(shop{})
				if got := w.one().ConsoleURL; got != tc.want {
					w.Errorf("%q, want %q", got, tc.want)
				}
			})
		})
	}
}
