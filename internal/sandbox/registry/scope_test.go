package registry_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

func basic(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestPushGoesToTheScopeThatIsMeant(t *testing.T) {
	third := wire.Scope{Account: "333333333333", Region: "eu-west-1"}
	token := basic("AWS", registry.Password(other, start))
	tests := map[string]struct {
		header string
		exists []wire.Scope // that have the repository already
		want   wire.Scope
	}{
		"anonymous creates at home":            {"", nil, home},
		"any password is as good as none":      {basic("me", "secret"), nil, home},
		"password that only looks like one":    {basic("AWS", "e30="), nil, home},
		"a token creates in its scope":         {token, nil, other},
		"a token prefers its scope":            {token, []wire.Scope{home, other}, other},
		"a token finds the default scope":      {token, []wire.Scope{home, third}, home},
		"anonymous finds what exists":          {"", []wire.Scope{third}, third},
		"anonymous takes the first by account": {"", []wire.Scope{third, other}, other},
		"anonymous prefers home":               {"", []wire.Scope{other, home}, home},
		"a host names its scope":               {"Host: 222222222222.dkr.ecr.eu-west-1.localhost:4510", nil, other},
		"a host of AWS's own":                  {"Host: 222222222222.dkr.ecr.eu-west-1.amazonaws.com", nil, other},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSUT(t, "")
			for _, scope := range test.exists {
				expect.Value(s.CreateRepository(registry.RepositoryID{Scope: scope, Name: "app"}, registry.Settings{}))(t)
			}
			header := test.header
			if header == "" {
				header = "Accept: */*"
			}
			s.want(s.do("POST", "/v2/app/blobs/uploads/?digest="+emptyJSON, "{}", header), http.StatusCreated, "")
			s.want(s.do("PUT", "/v2/app/manifests/v1", artifact(""), header), http.StatusCreated, "")
			s.want(s.do("GET", "/v2/app/manifests/v1", "", header), http.StatusOK, "")
			if _, err := s.Image(registry.RepositoryID{Scope: test.want, Name: "app"}, registry.Ref{Tag: "v1"}); err != nil {
				t.Errorf("the image is not in %v: %v", test.want, err)
			}
		})
	}
}
