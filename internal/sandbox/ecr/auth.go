package ecr

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// tokenLife is how long an authorization token is said to last.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
const tokenLife = 12 * time.Hour

type getAuthorizationTokenInput struct {
	RegistryIDs []string `json:"registryIds"`
}

type authorization struct {
	Token         string    `json:"authorizationToken"` // base64 of AWS:password
	ExpiresAt     wire.Time `json:"expiresAt"`
	ProxyEndpoint string    `json:"proxyEndpoint"`
}

type getAuthorizationTokenOutput struct {
	Data []authorization `json:"authorizationData"`
}

func (a *API) getAuthorizationToken(_ context.Context, r *wire.Request, in getAuthorizationTokenInput) (getAuthorizationTokenOutput, error) {
	var out getAuthorizationTokenOutput
	if len(in.RegistryIDs) == 0 {
		in.RegistryIDs = []string{r.Caller.Account}
	}
	expires := a.LoginsEnd(tokenLife)
	for _, registryID := range in.RegistryIDs {
		scope, err := registryScope(r, registryID)
		if err != nil {
			return out, err
		}
		login := "AWS:" + registry.Password(scope, expires)
		out.Data = append(out.Data, authorization{
			Token:         base64.StdEncoding.EncodeToString([]byte(login)),
			ExpiresAt:     wire.At(expires),
			ProxyEndpoint: "http://" + r.Host,
		})
	}
	return out, nil
}
