package endpoint

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard lets those through who may see health and metrics: on a loopback address programs on this
// machine, which a page in a browser is not even where its name leads here (DNS rebinding), and on any
// other address who has the token.
func (e *Endpoint) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case e.loopback && !isLoopback(r.Host):
			answer(w, http.StatusForbidden, "this address answers programs on this machine\nhint: ask "+e.Addr())
		case !e.loopback && !same(bearer(r), e.options.Token):
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, "a token is needed\nhint: send Authorization: Bearer and what "+TokenVariable+" has")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isLoopback reports whether a Host header names this machine and nothing else can.
// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// bearer returns the token of a request; "" for none.
// https://www.rfc-editor.org/rfc/rfc6750#section-2.1
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// same compares a secret that was sent, in a time that tells nothing of either. None is none's.
func same(sent, secret string) bool {
	a, b := sha256.Sum256([]byte(sent)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && secret != ""
}

// signed reports whether GitHub signed a body with a secret.
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
func signed(body []byte, header, secret string) bool {
	sum, err := hex.DecodeString(strings.TrimPrefix(header, "sha256="))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return err == nil && hmac.Equal(sum, mac.Sum(nil)) && secret != ""
}
