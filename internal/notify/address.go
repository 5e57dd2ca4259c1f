package notify

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Address is where a webhook is. Printed, it is its host alone.
type Address struct{ url *url.URL }

// ParseAddress reads an https address, or an http one on this machine. Its error has
// nothing of what was given.
func ParseAddress(text string) (Address, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return Address{}, errors.New("it is not the address of a webhook, such as https://hooks.example.com/…")
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return Address{u}, nil
	default:
		return Address{}, errors.New("its address must begin with https://, since what is sent, and the address itself, is for nobody else")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String returns the host.
func (a Address) String() string {
	if a.url == nil {
		return "nowhere"
	}
	return a.url.Host
}

// GoString is String, so that no way of printing tells more.
func (a Address) GoString() string { return a.String() }

// shortestSecret keeps what is too short to be one from hiding what went wrong.
const shortestSecret = 4

// secrets are the parts of the address that no text may have.
func (a Address) secrets() []string {
	password, _ := a.url.User.Password()
	var parts []string
	for _, part := range []string{strings.Trim(a.url.EscapedPath(), "/"), strings.Trim(a.url.Path, "/"), a.url.RawQuery, password} {
		if len(part) >= shortestSecret {
			parts = append(parts, part)
		}
	}
	return parts
}
