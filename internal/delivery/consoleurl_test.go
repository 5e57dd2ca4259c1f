package delivery_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// Where calls go to AWS itself, a deployment comes with the console's page; in a sandbox
// there is none.
func TestConsoleURL(t *testing.T) {
	for name, tc := range map[string]struct{ endpoint, want string }{
		"AWS":     {"", "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/dev/services/web/deployments?region=us-east-1"},
		"sandbox": {"http://" + sandboxtest.Host, ""},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				w.Setenv("AWS_ENDPOINT_URL", tc.endpoint)
				apptest.Shop{}.Begin(w)
				if got := w.One().ConsoleURL; got != tc.want {
					w.Errorf("%q, want %q", got, tc.want)
				}
			})
		})
	}
}
