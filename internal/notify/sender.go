package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/redact"
	"github.com/tagboat/tagboat/internal/wait"
)

// Receiver is a webhook to post to.
type Receiver struct {
	Address Address
	Format  Format
	Key     Key // signs what is sent; nil for no signature
}

// Sender posts notifications. It may be used by several goroutines at once. The zero
// value is ready to use.
type Sender struct {
	Transport http.RoundTripper // nil means that of net/http
	FirstWait time.Duration     // before the second attempt, and twice as long each time after; 0 means a second
	UserAgent string
}

const (
	attempts       = 4
	attemptTimeout = 10 * time.Second
	firstWait      = time.Second
	longestAsked   = 10 * time.Second // how long a receiver is waited for at its own wish
)

// Send posts a notification, and tries again where the receiver may take it later: after
// no answer, 429 Too Many Requests, and 5xx. Each attempt is signed anew. The caller
// bounds the time of all of them with ctx.
func (s *Sender) Send(ctx context.Context, to Receiver, n tagboat.Notification) error {
	body, err := to.Format.encode(n)
	if err != nil {
		return err
	}
	pause := s.FirstWait
	if pause <= 0 {
		pause = firstWait
	}
	for attempt := 1; ; attempt++ {
		asked, err := s.post(ctx, to, body)
		var last refusal
		if err == nil || errors.As(err, &last) || attempt == attempts || ctx.Err() != nil {
			return to.Address.redact(err)
		}
		asked = max(pause, asked)
		if wait.For(ctx, asked+rand.N(asked/4+1)) != nil { // not all who failed at once come back at once
			return to.Address.redact(err)
		}
		pause *= 2
	}
}

// refusal is an answer that no further attempt would change.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

// post makes one attempt. asked is how long the receiver asks to be left alone.
func (s *Sender) post(ctx context.Context, to Receiver, body []byte) (asked time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Address.url.String(), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", s.UserAgent)
	if to.Key != nil {
		request.Header.Set(SignatureHeader, Sign(to.Key, time.Now(), body))
	}
	answer, err := s.client().Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	asked, _ = wait.Asked(answer.Header, longestAsked)
	return asked, judge(answer, said)
}

// client follows no redirect: what is sent is for the webhook alone.
func (s *Sender) client() *http.Client {
	return &http.Client{Transport: s.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// judge returns nil for an answer that took the notification, a refusal for one that
// never will, and another error for one that may later.
func judge(answer *http.Response, said []byte) error {
	text := fmt.Sprintf("it answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusTooManyRequests || code >= 500:
		return errors.New(text)
	case slackCode().Match(said):
		return refusal{text + ": " + string(said)}
	default:
		return refusal{text}
	}
}

// slackCode is how Slack says why it refuses, such as invalid_blocks. Other answers could
// repeat the request, with its address.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
var slackCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`) })

// redact takes what is secret out of an error, and all of the error where it hides in
// its text.
func (a Address) redact(err error) error {
	if err == nil {
		return nil
	}
	err = redact.Address(err)
	for _, secret := range a.secrets() {
		if strings.Contains(err.Error(), secret) {
			return errors.New("it could not be reached")
		}
	}
	return err
}

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

// Format is the form of what is sent.
type Format string

// The formats.
const (
	JSON  Format = "json"  // a tagboat.Notification; the zero Format too
	Slack Format = "slack" // what an incoming webhook of Slack takes
)

func (f Format) encode(n tagboat.Notification) ([]byte, error) {
	var document any = n
	if f == Slack {
		document = slackMessage(n)
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("writing a notification: %w", err)
	}
	return body, nil
}

// Occasion is a reason to tell somebody.
type Occasion string

// The occasions.
const (
	Failure Occasion = "failure" // a deployment ended otherwise than asked for
	Success Occasion = "success" // it did what was asked for
	All     Occasion = "all"     // whatever happened, were it nothing
)

// Occasions are all that there are.
func Occasions() []Occasion { return []Occasion{Failure, Success, All} }

// Of tells whether a verdict is such an occasion.
func (o Occasion) Of(v tagboat.Verdict) bool {
	switch _, failed := v.Kind(); o {
	case Failure:
		return failed
	case Success:
		return v == tagboat.VerdictSucceeded
	default:
		return o == All
	}
}

// SignatureHeader is the header that a signature is in.
const SignatureHeader = "Tagboat-Signature"

// Key is what notifications are signed with. It prints as nothing.
type Key []byte

// String implements fmt.Stringer.
func (Key) String() string { return "" }

// GoString implements fmt.GoStringer.
func (Key) GoString() string { return "" }

// Sign returns the signature of a body that is sent at a time: t=SECONDS,v1=HEX, where
// HEX is the HMAC-SHA256 of the seconds since 1970, a dot and the body. A receiver that
// compares the time with its clock cannot be sent an old notification again.
func Sign(key Key, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(fmt.Appendf(nil, "%d.%s", at.Unix(), body))
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
