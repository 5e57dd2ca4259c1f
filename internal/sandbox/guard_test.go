package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/sandbox"
)

// A web page that is open while a sandbox runs can have the browser send requests to
// it. None of them may be answered.
func TestPagesOfOthersReachNothing(t *testing.T) {
	passed := false
	guarded := sandbox.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true }))
	for _, c := range []struct {
		name, host string
		header     http.Header
		passes     bool
	}{
		{"an SDK", "127.0.0.1:4510", nil, true},
		{"another loopback address", "127.8.8.8:4510", nil, true},
		{"IPv6", "[::1]:4510", nil, true},
		{"IPv6 without a port", "[::1]", nil, true},
		{"localhost", "LocalHost:4510", nil, true},
		{"a name below localhost", "api.localhost:4510", nil, true},
		{"a browser at the sandbox itself", "127.0.0.1:4510", http.Header{"Origin": {"http://127.0.0.1:4510"}, "Sec-Fetch-Site": {"same-origin"}}, true},
		{"an address that somebody typed", "localhost:4510", http.Header{"Sec-Fetch-Site": {"none"}}, true},
		{"DNS rebinding", "evil.example", nil, false},
		{"DNS rebinding with the port", "evil.example:4510", http.Header{"Origin": {"http://evil.example:4510"}, "Sec-Fetch-Site": {"same-origin"}}, false},
		{"a name that begins like this machine's", "127.0.0.1.evil.example", nil, false},
		{"a name that ends like it", "evillocalhost", nil, false},
		{"an address of the network", "10.0.0.7:4510", nil, false},
		{"any address", "0.0.0.0:4510", nil, false},
		{"no name", "", nil, false},
		{"another site", "127.0.0.1:4510", http.Header{"Origin": {"https://evil.example"}}, false},
		{"another port of this machine", "127.0.0.1:4510", http.Header{"Origin": {"http://127.0.0.1:8080"}}, false},
		{"the same with TLS", "127.0.0.1:4510", http.Header{"Origin": {"https://127.0.0.1:4510"}}, false},
		{"a page without an origin", "127.0.0.1:4510", http.Header{"Origin": {"null"}}, false},
		{"a picture of another site", "127.0.0.1:4510", http.Header{"Sec-Fetch-Site": {"cross-site"}}, false},
		{"a frame of the same site", "localhost:4510", http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
	} {
		for _, r := range []*http.Request{
			httptest.NewRequest(http.MethodGet, "/_sandbox/health", nil),
			httptest.NewRequest(http.MethodPost, "/_sandbox/faults", strings.NewReader(`{"operation": "ecs.*", "kind": "throttle", "count": 1}`)),
			httptest.NewRequest(http.MethodGet, "/v2/", nil),
			httptest.NewRequest(http.MethodGet, "/?Action=GetCallerIdentity&Version=2011-06-15", nil),
		} {
			r.Host = c.host
			for name, values := range c.header {
				r.Header[name] = values
			}
			answer := httptest.NewRecorder()
			passed = false
			guarded.ServeHTTP(answer, r)
			if passed != c.passes || passed == (answer.Code == http.StatusForbidden) {
				t.Errorf("%s, %s %s: %d %s", c.name, r.Method, r.URL, answer.Code, answer.Body)
			}
		}
	}
}
