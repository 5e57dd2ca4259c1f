package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/sts"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
