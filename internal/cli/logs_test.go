package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
)

func TestBrowser(t *testing.T) {
	tests := []struct {
		name, system string
		variables    map[string]string
		want         []string
	}{
		{"no display", "linux", nil, nil},
		{"X", "linux", map[string]string{"DISPLAY": ":0"}, []string{"xdg-open"}},
		{"Wayland", "freebsd", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, []string{"xdg-open"}},
		{"macOS", "darwin", nil, []string{"open"}},
		{"Windows", "windows", nil, []string{"rundll32", "url.dll,FileProtocolHandler"}},
		{"the user's own", "linux", map[string]string{"BROWSER": "firefox"}, []string{"firefox"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &frame{Screen: &screen.Screen{Getenv: func(name string) string { return test.variables[name] }}}
			if diff := cmp.Diff(test.want, f.browser(test.system)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOpen holds that addresses are printed, and that a browser opens only where a person
// looks on and did not say no.
func TestOpen(t *testing.T) {
	shop, err := filepath.Abs("testdata/shop")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(shop)
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	const page = "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/web/deployments?region=us-east-1"
	tests := []struct {
		name     string
		args     string
		terminal bool
		fails    bool
		opened   []string
	}{
		{"at a terminal", "web --env prod", true, false, []string{"firefox " + page}},
		{"with --print", "web --env prod --print", true, false, nil},
		{"elsewhere", "web --env prod", false, false, nil},
		{"with a browser that does not start", "web --env prod", true, true, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, talk bytes.Buffer
			var opened []string
			f := &frame{
				Screen: &screen.Screen{Streams: &console.Streams{In: strings.NewReader(""), Out: &out, Err: &talk, OutTTY: test.terminal}, Getenv: func(name string) string { return map[string]string{"BROWSER": "firefox", "TAGBOAT_CACHE": "off"}[name] }},
				start: func(command []string) error {
					if test.fails {
						return errors.New("no firefox")
					}
					opened = append(opened, strings.Join(command, " "))
					return nil
				},
			}
			code := f.main(t.Context(), append([]string{"open"}, strings.Fields(test.args)...))
			if code != 0 || out.String() != page+"\n" || strings.Contains(talk.String(), "no firefox") != test.fails {
				t.Errorf("exit code %d, %q and %q", code, out.String(), talk.String())
			}
			if diff := cmp.Diff(test.opened, opened); diff != "" {
				t.Error(diff)
			}
		})
	}
}
