package config

import (
	"encoding/hex"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Serve says who may use the page and the API of tagboat serve, and what for.
type Serve struct {
	URL    string // the address that browsers use, without a path; "" for that which the server listens on
	As     string // the role of a person without a name: viewer, deployer or approver; "" where the file does not say
	Role   string // ARN of the role that the server assumes for each person; "" for none
	Tokens []ServeToken
	Proxy  *ServeProxy // nil for none
}

// ServeToken is a token that lets a person in.
type ServeToken struct {
	Name, As string
	Env      string // the variable that has it; "" where Hash is its SHA-256
	Hash     [32]byte
}

// ServeProxy is a proxy that authenticates people.
type ServeProxy struct {
	Header string // that names the person
	From   []netip.Prefix
	As     string            // the role of people who are not in People
	People map[string]string // role by name
}

type fileServe struct {
	URL    source.Text      `yaml:"url" doc:"the address that browsers use where a proxy or a load balancer is in front, such as https://tagboat.example.com"`
	As     string           `yaml:"as" enum:"viewer,deployer,approver" doc:"the role of a person without a name: by loopback, or with the token of TAGBOAT_SERVE_TOKEN; default: approver by loopback, deployer with that token"`
	Role   source.Text      `yaml:"role" doc:"the ARN of a role that the server assumes for each person, in a session with the person's name; without one it acts with its own credentials, and takes no approvals of others"`
	Tokens []fileServeToken `yaml:"tokens" doc:"tokens that let people in"`
	Proxy  *fileServeProxy  `yaml:"proxy" doc:"a proxy in front that authenticates people"`
}

type fileServeToken struct {
	Name   source.Text `yaml:"name,required" doc:"the person's name, for the history and for sessions in AWS"`
	As     string      `yaml:"as" enum:"viewer,deployer,approver" doc:"the person's role; default: viewer"`
	Env    source.Text `yaml:"env" doc:"the environment variable that holds the token"`
	SHA256 source.Text `yaml:"sha256" doc:"in place of env, the token's SHA-256 in hexadecimal, of a token with at least 128 random bits"`
	Token  secret      `yaml:"token" doc:"not here: name a variable with env"`
	Where  tagboat.Position
}

type fileServeProxy struct {
	Header source.Text            `yaml:"header,required" doc:"the header that names the person, such as X-Forwarded-User"`
	From   []source.Text          `yaml:"from" doc:"the proxy's addresses, such as 10.0.3.0/24: the header is refused from any other"`
	As     string                 `yaml:"as" enum:"viewer,deployer,approver" doc:"the role of people who are not in people; default: viewer"`
	People source.Entries[string] `yaml:"people" doc:"roles by name, as the header has it"`
	Where  tagboat.Position
}

// headerName is a token of HTTP. https://www.rfc-editor.org/rfc/rfc9110#name-field-names
var headerName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9-]+$`) })

func (b *builder) serve() {
	from := b.file.Serve
	to := &b.config.Serve
	to.As, to.Role, to.URL = from.As, from.Role.Value, strings.TrimSuffix(from.URL.Value, "/")
	if u, err := url.Parse(to.URL); to.URL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || to.URL != u.Scheme+"://"+u.Host) {
		b.problem(from.URL.At, "%q is not the address of a server", from.URL.Value).hint("write scheme and host alone, such as https://tagboat.example.com")
	}
	if to.Role != "" && !rolePattern().MatchString(to.Role) {
		b.problem(from.Role.At, "%q is not the ARN of a role", to.Role).hint("it looks like arn:aws:iam::222222222222:role/tagboat-serve")
	}
	names := map[string]bool{}
	for _, token := range from.Tokens {
		if names[token.Name.Value] {
			b.problem(token.Name.At, "%q has two tokens", token.Name.Value).hint("give each token a name of its own")
		}
		names[token.Name.Value] = true
		to.Tokens = append(to.Tokens, b.serveToken(token))
	}
	if from.Proxy != nil {
		to.Proxy = b.serveProxy(*from.Proxy)
	}
}

func (b *builder) serveToken(from fileServeToken) ServeToken {
	to := ServeToken{Name: from.Name.Value, As: from.As, Env: from.Env.Value}
	if to.As == "" {
		to.As = "viewer"
	}
	if !ValidPerson(to.Name) {
		b.problem(from.Name.At, "%q cannot be a person's name", to.Name).hint(personHint)
	}
	switch {
	case from.Token.at.File != "":
		b.secret(from.Token.at, "a token does not belong in the file", "env")
	case (to.Env == "") == (from.SHA256.Value == ""):
		b.problem(from.Where, "a token needs either env or sha256").hint("name the environment variable that holds it: env: NAME")
	case to.Env != "" && !variableName().MatchString(to.Env):
		b.secret(from.Env.At, "this cannot be the name of an environment variable", "env")
	case to.Env == "":
		sum, err := hex.DecodeString(from.SHA256.Value)
		if err != nil || copy(to.Hash[:], sum) != len(to.Hash) || len(sum) != len(to.Hash) {
			b.secret(from.SHA256.At, "this is not a SHA-256 in hexadecimal", "env")
		}
	}
	return to
}

const personHint = "a name has 2 to 64 letters, digits and characters of _+=,.@- as AWS takes it for the name of a session"

// person is what AWS takes for the name of a session.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
var person = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`) })

// ValidPerson reports whether a text can name a person who uses the page: AWS takes it for a session.
func ValidPerson(name string) bool { return person().MatchString(name) }

func (b *builder) serveProxy(from fileServeProxy) *ServeProxy {
	to := &ServeProxy{Header: from.Header.Value, As: from.As, People: map[string]string{}}
	if to.As == "" {
		to.As = "viewer"
	}
	if !headerName().MatchString(to.Header) {
		b.problem(from.Header.At, "%q is not the name of a header", to.Header).hint("it looks like X-Forwarded-User")
	}
	if len(from.From) == 0 {
		b.problem(from.Where, "the proxy's addresses are missing").hint("anybody could send the header: name where the proxy sends from, such as from: [10.0.3.0/24]")
	}
	for _, text := range from.From {
		prefix, err := netip.ParsePrefix(text.Value)
		if address, alone := netip.ParseAddr(text.Value); err != nil && alone == nil {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil || prefix.Bits() == 0 {
			b.problem(text.At, "%q is not the address of a proxy", text.Value).hint("write an address or a network, such as 10.0.3.0/24")
			continue
		}
		to.From = append(to.From, prefix.Masked())
	}
	for _, p := range from.People {
		if !ValidPerson(p.Name) {
			b.problem(p.At, "%q cannot be a person's name", p.Name).hint(personHint)
		}
		if p.Value != "viewer" && p.Value != "deployer" && p.Value != "approver" {
			b.problem(p.At, "%q is not a role", p.Value).hint("there is viewer, deployer, approver")
		}
		to.People[p.Name] = p.Value
	}
	return to
}
