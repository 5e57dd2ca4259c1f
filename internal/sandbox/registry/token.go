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
// is AWS. It is not a secret: it says which account and region its bearer means.
func Password(scope wire.Scope, expires time.Time) string {
	data, err := json.Marshal(token{scope.Account, scope.Region, expires.Unix()})
	if err != nil {
		panic(err) // strings and an integer always encode
	}
	return base64.StdEncoding.EncodeToString(data)
}

// BlobPath returns the path and query at which a Handler serves a blob of exactly
// that repository to any client, with or without credentials.
func BlobPath(id RepositoryID, d Digest) string {
	q := url.Values{"account": {id.Account}, "region": {id.Region}}
	return "/v2/" + id.Name + "/blobs/" + string(d) + "?" + q.Encode()
}

// requestScope returns the scope that a request names: by its query, as BlobPath has
// it, by its host, or by an ECR password; zero where it names none.
func requestScope(r *http.Request) wire.Scope {
	if q := r.URL.Query(); q.Has("account") && q.Has("region") {
		return wire.Scope{Account: q.Get("account"), Region: q.Get("region")}
	}
	if scope := hostScope(r.Host); scope != (wire.Scope{}) {
		return scope
	}
	t, _ := tokenOf(r)
	return wire.Scope{Account: t.Account, Region: t.Region}
}

// tokenOf reads the ECR password that a request was sent with; ok is false where it has
// none.
func tokenOf(r *http.Request) (t token, ok bool) {
	user, password, sent := r.BasicAuth()
	data, err := base64.StdEncoding.DecodeString(password)
	if !sent || err != nil || json.Unmarshal(data, &t) != nil || t.Account == "" || t.Region == "" {
		return token{}, false
	}
	return t, user == "AWS"
}

// authorize refuses a request without a login where one is needed, and one whose login
// has ended. The address of a layer that ECR gave is a login by itself.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
func (c *call) authorize() error {
	if c.store.logins == nil || c.endpoint == blobEndpoint && c.Method == http.MethodGet && c.URL.Query().Has("account") {
		return nil
	}
	t, ok := tokenOf(c.Request)
	if !ok {
		c.challenge()
		return faultf(Unauthorized, "Not Authorized")
	}
	if !c.store.logins.Now().Before(time.Unix(t.Expiration, 0)) {
		return faultf(Denied, "Your authorization token has expired. Reauthenticate and try again.")
	}
	return nil
}

// challenge says how to log in.
func (c *call) challenge() {
	c.ResponseWriter.Header().Set("WWW-Authenticate", `Basic realm="http://`+c.Host+`/",service="ecr.amazonaws.com"`)
}

// LoginsEnd returns when a login that is given now ends, by whichever clock it is held to.
func (s *Store) LoginsEnd(after time.Duration) time.Time {
	if s.logins == nil {
		return s.clock.Now().Add(after)
	}
	return s.logins.Now().Add(after)
}
