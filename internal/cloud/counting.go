package cloud

import (
	"net/http"
	"strings"
)

// Counting returns a transport that counts the requests of another API among the Cloud's,
// as service.GET manifests and the like. A nil base stands for net/http's transport.
func (c *Cloud) Counting(service string, base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &counting{service: service, counter: &c.calls, base: base}
}

type counting struct {
	service string
	counter *counter
	base    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.counter.count(c.service+"."+r.Method+" "+kind(r.URL.Path), false)
	resp, err := c.base.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		c.counter.throttled()
	}
	return resp, err
}

// kind says what a path of the registry protocol is for.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
func kind(path string) string {
	if strings.Trim(path, "/") == "v2" {
		return "ping"
	}
	if !strings.HasPrefix(path, "/v2/") {
		return "token"
	}
	for _, k := range []string{"manifests", "blobs", "tags", "referrers"} {
		if strings.Contains(path, "/"+k+"/") {
			return k
		}
	}
	return "other"
}
