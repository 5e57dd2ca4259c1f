package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// TestTemplatesFindKeys: CloudFormation has no JSON parser, so templates split a value at
// "key":" and after it at the next quotation mark. Nothing may stand between.
func TestTemplatesFindKeys(t *testing.T) {
	m := memory()
	l := &ledger.Ledger{Store: m}
	for i := range 70 {
		tag := fmt.Sprint("v", i)
		pins := changes{"api": version("shop/api", tag, digest1), "proxy": version("shop/proxy", tag, digest2)}
		expect.Value(l.Update(t.Context(), group(), pins, ledger.Why{}))(t)
		got := expect.Value(m.Get(t.Context(), []string{parameter}))(t)
		for _, key := range []string{"api", "proxy"} {
			_, rest, _ := strings.Cut(got[parameter].Value, `"`+key+`":"`)
			if value, _, _ := strings.Cut(rest, `"`); !strings.HasPrefix(value, tag+"@sha256:") {
				t.Fatalf("version %d: a template finds %q for %s in %q", i+1, value, key, got[parameter].Value)
			}
		}
	}
}
