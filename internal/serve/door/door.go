package door

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/guard"
)

// TokenVariable has a token that lets people in who have none of their own, and TokenName is what
// these are called.
const (
	TokenVariable = "TAGBOAT_SERVE_TOKEN"
	TokenName     = "shared-token"
)

// Options say who may come in.
type Options struct {
	Listen string // HOST:PORT that the server listens on, with the port it got
	URL    string // the address that browsers use, where that is another one; "" for none
	As     Role   // of the user who comes by loopback without a token; "" for Approver
	Tokens []Token
	Proxy  *Proxy // nil for none
	// Local names the user of the machine.
	Local func(ctx context.Context) string
	// Form writes the page with the login form; nil for a text that says what to send.
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
	From   []netip.Prefix  // its addresses: from any other the header is refused
	As     Role            // of people who are not in People
	People map[string]Role // by the name that the header has
}

// shortest is how many characters a token must have: 128 bits in hexadecimal have 32.
const shortest = 20

// From returns options as tagboat.yaml and the environment have them. White space around a token, such as
// the end of a line, is not part of it. A token that is missing, or so short that it can be guessed, is an
// error of kind Usage, which does not contain it.
func From(c config.Serve, getenv func(string) string) (Options, error) {
	o := Options{URL: c.URL, As: Role(c.As)}
	if shared := strings.TrimSpace(getenv(TokenVariable)); shared != "" {
		token := Token{TokenName, Role(c.As), sha256.Sum256([]byte(shared))}
		if token.Role == "" {
			token.Role = Deployer
		}
		if len(shared) < shortest {
			return o, tooShort(TokenVariable)
		}
		o.Tokens = append(o.Tokens, token)
	}
	for _, t := range c.Tokens {
		token := Token{t.Name, Role(t.As), t.Hash}
		if t.Env != "" {
			switch text := strings.TrimSpace(getenv(t.Env)); {
			case text == "":
				return o, tagboat.Usagef("the variable %s with the token of %s is not set", t.Env, t.Name).WithHint("set it, or take the token out of serve: in tagboat.yaml")
			case len(text) < shortest:
				return o, tooShort(t.Env)
			default:
				token.Hash = sha256.Sum256([]byte(text))
			}
		}
		o.Tokens = append(o.Tokens, token)
	}
	if p := c.Proxy; p != nil {
		o.Proxy = &Proxy{Header: p.Header, From: p.From, As: Role(p.As), People: map[string]Role{}}
		for name, role := range p.People {
			o.Proxy.People[name] = Role(role)
		}
	}
	return o, nil
}

func tooShort(variable string) error {
	return tagboat.Usagef("the token that %s has is so short that it can be guessed", variable).
		WithHint("openssl rand -hex 32 makes one; it needs at least %d characters", shortest)
}

// Door lets people in. It is safe for concurrent use.
type Door struct {
	options  Options
	loopback bool   // only programs on this machine reach the server
	port     string // that it listens on
	public   *url.URL
	key      [32]byte // of the tokens of forms; of this process
	sessions sessions
	failures chan struct{} // has an element for each answer that is held back
}

// New returns a Door. The error is of kind Usage where others could reach the server and nothing says
// who they are.
func New(o Options) (*Door, error) {
	_, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, tagboat.Usagef("%q is not an address to listen on: %v", o.Listen, err).WithHint("write HOST:PORT, such as 127.0.0.1:4520")
	}
	loopback := guard.IsLoopback(o.Listen)
	if !loopback && len(o.Tokens) == 0 && o.Proxy == nil {
		return nil, tagboat.Usagef("others can reach %s, so that people need a token", o.Listen).
			WithHint("set %s, or name tokens or a proxy under serve: in tagboat.yaml, or listen on 127.0.0.1:%s", TokenVariable, port)
	}
	if o.As == "" {
		o.As = Approver
	}
	d := &Door{options: o, loopback: loopback, port: port, failures: make(chan struct{}, heldBack)}
	if o.URL != "" {
		if d.public, err = url.Parse(o.URL); err != nil {
			return nil, tagboat.Usagef("%q is not the address of a server: %v", o.URL, err)
		}
	}
	_, _ = rand.Read(d.key[:]) // never fails
	return d, nil
}

// Wrap returns a handler that passes on requests of people whom the door lets in, with the Person in the
// context of each request, and refuses all others.
func (d *Door) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := d.reached(r)
		if err == nil {
			err = visited(r)
		}
		if err != nil {
			d.refuse(w, r, err)
			return
		}
		if r.URL.Path == LoginPath {
			d.login(w, r)
			return
		}
		p, err := d.who(r)
		if err == nil {
			err = d.meant(w, r, p)
		}
		switch {
		case err != nil:
			d.refuse(w, r, err)
		case r.URL.Path == LogoutPath:
			d.logout(w, r)
		default:
			next.ServeHTTP(w, r.WithContext(With(r.Context(), p)))
		}
	})
}
