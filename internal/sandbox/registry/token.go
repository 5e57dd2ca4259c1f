package registry

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// token is what an ECR password says of itself.
type token struct {
	Account    string `json:"account"`
	Region     string `json:"region"`
	Expiration int64  `json:"expiration"` // seconds since the epoch
}

// Password returns the password of ECR's authorization token for a scope: the user
// is AWS. It is not a secret, because the registry serves everybody; it tells which
// account and region its bearer means.
func Password(scope wire.Scope, expires time.Time) string {
	data, err := json.Marshal(token{scope.Account, scope.Region, expires.Unix()})
	if err != nil {
		panic(err) // strings and an integer always encode
	}
	return base64.StdEncoding.EncodeToString(data)
}

// BlobPath returns the path and query at which a Handler serves a blob of exactly
// that repository to whoever asks, credentials or none.
func BlobPath(id RepositoryID, d Digest) string {
	q := url.Values{"account": {id.Account}, "region": {id.Region}}
	return "/v2/" + id.Name + "/blobs/" + string(d) + "?" + q.Encode()
}

// askedScope returns the scope that a request names: by its query, as BlobPath has
// it, by its host, or by an ECR password; zero where it names none.
func askedScope(r *http.Request) wire.Scope {
	if q := r.URL.Query(); q.Has("account") && q.Has("region") {
		return wire.Scope{Account: q.Get("account"), Region: q.Get("region")}
	}
	if scope := hostScope(r.Host); scope != (wire.Scope{}) {
		return scope
	}
	_, password, ok := r.BasicAuth()
	if !ok {
		return wire.Scope{}
	}
	data, err := base64.StdEncoding.DecodeString(password)
	if err != nil {
		return wire.Scope{}
	}
	var t token
	if json.Unmarshal(data, &t) != nil || t.Account == "" || t.Region == "" {
		return wire.Scope{}
	}
	return wire.Scope{Account: t.Account, Region: t.Region}
}
