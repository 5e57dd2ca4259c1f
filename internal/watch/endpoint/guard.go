package endpoint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/tagboat/tagboat/internal/guard"
)

// guard lets requests through that may see health and metrics: on a loopback address those of programs on
// this machine, but not of a page in a browser whose name leads here (DNS rebinding), and on any other
// address those with the token.
func (e *Endpoint) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case e.loopback && !guard.IsLoopback(r.Host):
			answer(w, http.StatusForbidden, "this address answers programs on this machine\nhint: ask "+e.Addr())
		case !e.loopback && !guard.Same(guard.Bearer(r), e.options.Token):
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, "a token is needed\nhint: send Authorization: Bearer and what "+TokenVariable+" has")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// signed reports whether GitHub signed a body with a secret.
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
func signed(body []byte, header, secret string) bool {
	sum, err := hex.DecodeString(strings.TrimPrefix(header, "sha256="))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return err == nil && hmac.Equal(sum, mac.Sum(nil)) && secret != ""
}
