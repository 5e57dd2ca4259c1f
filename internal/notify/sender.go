package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
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
