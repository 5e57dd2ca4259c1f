package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// TestCredentialHelper speaks docker's protocol: a login of ECR's for its registries, for
// others the answer that lets docker go on without one, and nothing is ever kept.
func TestCredentialHelper(t *testing.T) {
	sandboxtest.Run(t, sandbox.Config{}, func(w *sandboxtest.World) {
		for _, tc := range []struct {
			name, action, input string
			out                 []string // what is printed has
			err                 string   // what the error has, "" for none
			calls               int
		}{
			{"an address", "get", "http://" + sandboxtest.Host + "/v2/\n", []string{`"Username": "AWS"`, `"Secret": "`, `"ServerURL": "http://` + sandboxtest.Host + `/v2/"`}, "", 1},
			{"a host alone", "get", sandboxtest.Host, []string{`"ServerURL": "` + sandboxtest.Host + `"`}, "", 1},
			{"somebody else's registry", "get", "https://index.docker.io/v1/", nil, errNotFound.Error(), 0},
			{"nothing", "get", "", nil, errNotFound.Error(), 0},
			{"list", "list", "", []string{`"` + sandboxtest.Host + `": "AWS"`}, "", 0},
			{"store", "store", `{"Secret":"hunter2"}`, nil, "there is nothing to store", 0},
			{"erase", "erase", sandboxtest.Host, nil, "there is nothing to erase", 0},
			{"an action of the future", "renew", "", nil, `unknown credential action "renew"`, 0},
		} {
			var out, talk bytes.Buffer
			in := strings.NewReader(tc.input)
			before := w.Calls("")
			err := credential(w.Context(), []string{tc.action}, &console.Streams{In: in, Out: &out, Err: &talk}, sandboxtest.Carrier{Handler: w.Server})
			for _, part := range tc.out {
				if !strings.Contains(out.String(), part) {
					t.Errorf("%s: it does not print %s: %s", tc.name, part, out.String())
				}
			}
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) || tc.out == nil && out.Len() > 0 || talk.Len() > 0 {
				t.Errorf("%s: error %v, output %q, talk %q", tc.name, err, out.String(), talk.String())
			}
			if calls := w.Calls("") - before; calls != tc.calls {
				t.Errorf("%s: %d calls, want %d", tc.name, calls, tc.calls)
			}
			if tc.action == "store" && in.Len() > 0 {
				t.Error("docker waits until what it stores is read")
			}
		}
	})
}

func TestCredentialHelperByItsName(t *testing.T) {
	for program, want := range map[string]bool{
		"/usr/local/bin/docker-credential-tagboat": true, "docker-credential-tagboat.exe": true, "tagboat": false, "docker-credential-tagboat2": false,
	} {
		if IsCredentialHelper(program) != want {
			t.Errorf("%s: %v", program, !want)
		}
	}
	var out bytes.Buffer
	streams := &console.Streams{In: strings.NewReader(""), Out: &out}
	if code := CredentialHelper(t.Context(), nil, streams); code != 1 || !strings.HasPrefix(out.String(), "usage: docker-credential-tagboat get|") {
		t.Errorf("exit code %d, output %q", code, out.String())
	}
	if !errors.Is(credential(t.Context(), []string{"get"}, streams, nil), errNotFound) {
		t.Error("no address has a login")
	}
}
