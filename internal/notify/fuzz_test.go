package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/notify"
)

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
