package customresource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tagboat/tagboat/internal/redact"
	"github.com/tagboat/tagboat/internal/wait"
)

// Courier brings answers to presigned URLs.
type Courier struct {
	Client *http.Client  // nil: one that gives each attempt ten seconds
	Pause  time.Duration // after the first attempt that failed, doubled after each; 0: 200ms
}

const (
	attempts       = 8
	attemptTimeout = 10 * time.Second
	firstPause     = 200 * time.Millisecond
)

// errRefused is what an answer that will not get better with time wraps.
var errRefused = errors.New("refused")

// Deliver puts body to a presigned URL, again where that failed, until ctx ends. It goes
// nowhere else: a redirect is a refusal, and only this machine is sent anything in plain
// text. Errors never say the URL: it is as good as a password.
func (c Courier) Deliver(ctx context.Context, to string, body []byte) error {
	pause := c.Pause
	if pause == 0 {
		pause = firstPause
	}
	var err error
	for n := range attempts {
		if err = c.put(ctx, to, body); err == nil || errors.Is(err, errRefused) {
			break
		}
		if n == attempts-1 || wait.For(ctx, pause<<n) != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("answering CloudFormation: %w", err)
	}
	return nil
}

// put makes one attempt. It sends no Content-Type: the signature of the URL is for a
// request that has none, and S3 refuses any other.
func (c Courier) put(ctx context.Context, to string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: the URL cannot be used", errRefused)
	}
	if !safe(request.URL) {
		return fmt.Errorf("%w: the URL is not one of https", errRefused)
	}
	answer, err := c.direct().Do(request)
	if err != nil {
		return redact.Address(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	switch code := answer.StatusCode; {
	case code/100 == 2:
		return nil
	case code/100 == 3:
		return fmt.Errorf("%w: the answer's bucket says %s, and answers follow no redirects", errRefused, answer.Status)
	case code/100 == 5, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return fmt.Errorf("the answer's bucket says %s", answer.Status)
	default:
		return fmt.Errorf("%w: the answer's bucket says %s", errRefused, answer.Status)
	}
}

// direct returns the client without its following of redirects.
func (c Courier) direct() *http.Client {
	client := http.Client{}
	if c.Client != nil {
		client = *c.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// safe reports whether nobody on the way can read what is sent.
func safe(to *url.URL) bool {
	ip := net.ParseIP(to.Hostname())
	return to.Scheme == "https" || to.Scheme == "http" && (to.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
