package sandbox

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/sts"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Guard lets through only what programs on this machine ask for on purpose. The sandbox
// checks no signature, so a page in a browser must not reach it: neither under a name of its
// own that leads to this machine (DNS rebinding), nor across sites. Where next listens on
// loopback addresses only, that leaves nobody else.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := foreign(r); why != "" {
			http.Error(w, "the sandbox answers programs on this machine alone: "+why+
				"\nhint: use http://127.0.0.1 with the sandbox's port, or localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// foreign names what shows that a request comes from elsewhere; "" where nothing does.
func foreign(r *http.Request) string {
	if !isLoopback(r.Host) {
		return "it is called " + strconv.Quote(r.Host) + ", which is no name of this machine"
	}
	// https://fetch.spec.whatwg.org/#origin-header
	if origin := r.Header.Get("Origin"); origin != "" && !sameOrigin(origin, r.Host) {
		return "a page of " + strconv.Quote(origin) + " asks"
	}
	// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
		return "a page of another site asks"
	}
	return ""
}

// isLoopback reports whether a Host header names this machine and nothing else can.
// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "http" && u.Host == host
}

// credential is the scope that a request is signed for. The signature itself is not
// looked at: on localhost there is nothing to protect.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
type credential struct {
	accessKey string
	region    string // "" in a signature for several regions
	service   string
}

// credentialOf finds the credential in the Authorization header or, where a URL was
// signed, in its parameters.
func credentialOf(r *http.Request, query url.Values) (credential, bool) {
	scope := query.Get("X-Amz-Credential")
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		scope, _, _ = strings.Cut(rest, ",")
	}
	parts := strings.Split(strings.TrimSpace(scope), "/")
	switch {
	case len(parts) >= 5: // key/date/region/service/aws4_request; a key has no slash
		return credential{accessKey: parts[0], region: parts[2], service: parts[3]}, parts[0] != ""
	case len(parts) == 4: // SigV4A: key/date/service/aws4_request
		return credential{accessKey: parts[0], service: parts[2]}, parts[0] != ""
	default:
		return credential{}, false
	}
}

// caller returns who made a request to a service, or the protocol's own error.
func (s *Server) caller(service wire.Service, c credential, signed bool) (wire.Caller, error) {
	if !signed {
		return wire.Caller{}, missingToken(service)
	}
	region := c.region
	if !regionPattern().MatchString(region) {
		region = s.config.Region
	}
	caller, err := s.sts.Caller(c.accessKey, region)
	if errors.Is(err, sts.ErrExpired) {
		return wire.Caller{}, expiredToken(service)
	}
	return caller, err
}

// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func missingToken(service wire.Service) *wire.Error {
	if service.Protocol == wire.Query {
		return &wire.Error{Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: http.StatusForbidden}
	}
	return wire.Errorf("MissingAuthenticationTokenException", "Missing Authentication Token")
}

func expiredToken(service wire.Service) *wire.Error {
	const message = "The security token included in the request is expired"
	if service.Protocol == wire.Query {
		return &wire.Error{Code: "ExpiredToken", Message: message, Status: http.StatusForbidden}
	}
	return wire.Errorf("ExpiredTokenException", message)
}
