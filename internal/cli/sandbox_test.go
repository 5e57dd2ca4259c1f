package cli

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func TestEventFaults(t *testing.T) {
	got := expect.Value(eventFaults([]string{"late", "doubled=0.3", "dropped=1"}))(t)
	expect.Equal(t, []sandbox.Fault{
		{Operation: "event.*", Kind: "late", Latency: "1m"}, {Operation: "event.*", Kind: "doubled", Rate: 0.3}, {Operation: "event.*", Kind: "dropped", Rate: 1},
	}, got)
}

// TestSandboxServes starts a sandbox on a port of its own choice: the file with the
// variables is there, whole, as soon as it answers, and stopping it is no error.
func TestSandboxServes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sandbox.env")
	ctx, stop := context.WithCancel(t.Context())
	var out, talk bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		f := &frame{Screen: &screen.Screen{Streams: &console.Streams{In: strings.NewReader(""), Out: &out, Err: &talk}, Getenv: func(string) string { return "" }}}
		ended <- f.main(ctx, []string{"sandbox", "--addr", "127.0.0.1:0", "--env-file", file, "--region", "eu-west-1"})
	}()
	text, err := os.ReadFile(file)
	for ; err != nil; text, err = os.ReadFile(file) {
		select {
		case code := <-ended:
			t.Fatalf("it ended with %d: %s", code, talk.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	variables := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		variables[name] = value
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, variables["AWS_ENDPOINT_URL"]+"/_sandbox/calls", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusOK || variables["AWS_REGION"] != "eu-west-1" {
		t.Errorf("%s answers %d", text, answer.StatusCode)
	}
	stop()
	if code := <-ended; code != 0 || !strings.HasSuffix(talk.String(), "the sandbox has stopped\n") {
		t.Errorf("exit code %d, %s", code, talk.String())
	}
	for name, value := range variables {
		if !strings.Contains(out.String(), "export "+name+"="+value+"\n") {
			t.Errorf("it does not print %s", name)
		}
	}
}

// TestEnvFileCannotBeWritten stops the sandbox, whose user would wait for the file.
func TestEnvFileCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "missing", "sandbox.env")
	code, _, talk := run(t, "sandbox", "--addr", "127.0.0.1:0", "--env-file", file)
	if code != 2 || !strings.Contains(talk, "writing "+file) {
		t.Errorf("exit code %d, %s", code, talk)
	}
}
