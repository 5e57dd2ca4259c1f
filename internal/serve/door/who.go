package door

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/guard"
)

// reached refuses a request whose Host is not this server's: a name that leads here by somebody's name
// server has the rights of that somebody's pages (DNS rebinding).
func (d *Door) reached(r *http.Request) error {
	switch {
	case d.public != nil && r.Host == d.public.Host, d.trusted(r):
		return nil
	case d.loopback && !d.ours(r.Host):
		return refusal{status: http.StatusForbidden, message: "this address answers this machine alone, by its own name and port",
			hint: "ask http://" + d.options.Listen + "; a tunnel needs the same port at both ends"}
	case !d.loopback && d.public != nil && !isAddress(r.Host):
		return refusal{status: http.StatusForbidden, message: "this server has another name", hint: "ask " + d.options.URL}
	}
	return nil
}

// ours reports whether a Host is a name of this machine with the port that the server listens on.
func (d *Door) ours(host string) bool {
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		port = "80"
	}
	return guard.IsLoopback(host) && port == d.port
}

// isAddress reports whether a Host is an address, which no name server can give another meaning.
func isAddress(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// trusted reports whether a request comes from the proxy.
func (d *Door) trusted(r *http.Request) bool {
	if d.options.Proxy == nil {
		return false
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(d.options.Proxy.From, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap().WithZone("")) })
}

// who returns who sent a request.
func (d *Door) who(r *http.Request) (Person, error) {
	if p, ok, err := d.named(r); ok || err != nil {
		return p, err
	}
	if sent := r.Header.Get("Authorization"); sent != "" {
		return d.byToken(guard.Bearer(r))
	}
	if id, p, ok := d.sessions.of(r); ok {
		p.Token, p.Session = d.formToken("session", id), true
		return p, nil
	}
	if d.loopback && len(d.options.Tokens) == 0 && d.options.Proxy == nil {
		return Person{Name: d.options.Local(r.Context()), Role: d.options.As, Local: true, Token: d.formToken("local", "")}, nil
	}
	return Person{}, refusal{status: http.StatusUnauthorized, message: "a token is needed", hint: d.howToLogin()}
}

func (d *Door) howToLogin() string {
	if len(d.options.Tokens) == 0 {
		return "come by the proxy that is in front of this server"
	}
	return "send Authorization: Bearer TOKEN, or log in at " + LoginPath
}

// named returns the person whom the proxy's header names; false where there is no header. From
// elsewhere the header is refused, whatever else the request has: somebody tries to be somebody.
func (d *Door) named(r *http.Request) (Person, bool, error) {
	proxy := d.options.Proxy
	if proxy == nil {
		return Person{}, false, nil
	}
	sent := r.Header.Values(proxy.Header)
	switch {
	case len(sent) == 0:
		return Person{}, false, nil
	case !d.trusted(r):
		return Person{}, true, refusal{status: http.StatusForbidden, message: "the header " + proxy.Header + " is taken from the proxy alone", hint: "leave it out", guess: true}
	case len(sent) > 1:
		return Person{}, true, refusal{status: http.StatusBadRequest, message: "the header " + proxy.Header + " is there twice", hint: "have the proxy replace it, not add to it"}
	case !config.ValidPerson(sent[0]):
		return Person{}, true, refusal{status: http.StatusForbidden, message: "the header " + proxy.Header + " has no name that a session in AWS could have",
			hint: "have the proxy send a user's name or address: 2 to 64 letters, digits and characters of _+=,.@-"}
	}
	role, known := proxy.People[sent[0]]
	if !known {
		role = proxy.As
	}
	return Person{Name: sent[0], Role: role, Token: d.formToken("proxy", sent[0])}, true, nil
}

// byToken returns the person whose token it is.
func (d *Door) byToken(sent string) (Person, error) {
	found := Person{}
	for _, t := range d.options.Tokens { // all of them, so that the time tells nothing
		if guard.SameHash(sent, t.Hash) {
			found = Person{Name: t.Name, Role: t.Role}
		}
	}
	if found.Name == "" {
		return Person{}, refusal{status: http.StatusUnauthorized, message: "the token is not known", hint: d.howToLogin(), guess: true}
	}
	return found, nil
}

// formToken returns what the forms of a person send back: nobody else's page can know it.
func (d *Door) formToken(kind, of string) string {
	mac := hmac.New(sha256.New, d.key[:])
	mac.Write([]byte(kind + "\x00" + of))
	return hex.EncodeToString(mac.Sum(nil))
}
