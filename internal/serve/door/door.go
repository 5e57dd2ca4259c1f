package door

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/tagboat/tagboat"
)

// Options say who may come in.
type Options struct {
	Listen string // HOST:PORT that the server listens on, with the port it got
	URL    string // the address that browsers use, where that is another one; "" for none
	As     Role   // of who comes by loopback without a token
	Tokens []Token
	Proxy  *Proxy // nil for none
	// Local names the user of the machine.
	Local func(ctx context.Context) string
	// Form writes the page with the login form.
	Form func(w http.ResponseWriter, r *http.Request, f Form)
	Log  *slog.Logger
}

// Token is a secret that lets a person in, as its hash.
type Token struct {
	Name string
	Role Role
	Hash [sha256.Size]byte
}

// Proxy is one that authenticates people, and names them in a header.
type Proxy struct {
	Header string
	From   []netip.Prefix  // its addresses: from no other one the header is taken
	As     Role            // of people who are not in People
	People map[string]Role // by the name that the header has
}

// Form is what a login form shows.
type Form struct {
	Next    string // where the person wanted to go: a path of this server
	Problem string // why the last attempt failed; "" for none
}

// The paths that a Door answers itself: the form is shown and sent at one, and a session ends at the
// other.
const (
	LoginPath  = "/login"
	LogoutPath = "/logout"
	// TokenField is the form's field with the token, NextField that with where to go, and CSRFField
	// that of all other forms with Person.Token. CSRFHeader has the same as a header.
	TokenField = "token"
	NextField  = "next"
	CSRFField  = "csrf"
	CSRFHeader = "X-Csrf-Token"
)

// Door lets people in. It is safe for concurrent use.
type Door struct{ options Options }

// New returns a Door, or an error of kind Usage where the options let in nobody, or anybody.
func New(o Options) (*Door, error) { return &Door{o}, nil }

// Wrap returns a handler that answers those whom the door lets in, with the Person in the context of
// each request, and keeps all others out.
func (d *Door) Wrap(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, tagboat.Errorf(tagboat.Blocked, "nobody is let in").Error(), http.StatusForbidden)
	})
}
