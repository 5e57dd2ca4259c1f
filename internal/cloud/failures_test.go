package cloud_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
)

// failing is a call that does not succeed: at a place, as somebody.
type failing struct {
	Operation    string // that fails; the call is one that comes to it
	Role         string
	Account      string
	Region       string   // eu-west-1 where it is left out
	Environments []string // prod where it is left out
	Status       int      // of the answer; 400 where it is left out
	Code         string
	Message      string
	Ahead        string // how far the local clock is ahead of AWS's
	Profile      string
	Credentials  string // "none", "sso" for a login that has expired; else there are keys
	Transport    string // how the network fails: dns, refused, certificate, reset
}

// TestFailures holds what each failure of a call says, and of what kind it is.
func TestFailures(t *testing.T) {
	casetest.Archives(t, "testdata/failures", func(t *testing.T, c casetest.Case) string {
		var f failing
		raw, _ := c.File("call.json")
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		err := f.make(t)
		if err == nil {
			t.Fatal("the call succeeded")
		}
		var e *tagboat.Error
		if !errors.As(err, &e) || strings.Contains(e.Msg, "operation error") || strings.Contains(e.Msg, "https response error") {
			t.Errorf("the error is the SDK's own: %v", err)
		}
		return fmt.Sprintf("%sexit code %d%s\n", casetest.Report(err), tagboat.KindOf(err).ExitCode(), wrapped(err))
	})
}

// wrapped says which errors callers find.
func wrapped(err error) string {
	s := ""
	for _, known := range []error{ecs.ErrNotFound, ecs.ErrNotDone, ledger.ErrThrottled, context.Canceled} {
		if errors.Is(err, known) {
			s += "; " + known.Error()
		}
	}
	if deploy.Refused(err) {
		s += "; refused for good"
	}
	return s
}

func (f failing) make(t *testing.T) error {
	t.Helper()
	status := f.Status
	if status == 0 {
		status = 400
	}
	ahead, _ := time.ParseDuration(f.Ahead)
	failed := answer{status: status, code: f.Code, body: f.Message, header: http.Header{"Date": {time.Now().Add(-ahead).UTC().Format(http.TimeFormat)}}}
	server := map[string][]answer{"sts.GetCallerIdentity": {{body: identity}}, "sts.AssumeRole": {{body: assumed}}}
	server[f.Operation] = []answer{failed}
	aws(t, server)
	f.environ(t)
	c, err := cloud.New(t.Context(), cloud.Options{Transport: f.transport()})
	if err != nil {
		t.Fatal(err)
	}
	session := c.At(cloud.Place{Account: f.Account, Region: f.Region, Role: f.Role})
	if f.Environments == nil {
		f.Environments = []string{"prod"}
	}
	for _, name := range f.Environments {
		session.Serve(name)
	}
	switch f.Operation {
	case "ssm.PutParameter":
		_, err = session.Parameters().Put(t.Context(), ledger.Put{Name: "/a", Value: "b"})
	case "ecs.UpdateService":
		_, err = session.ECS().UpdateService(t.Context(), json.RawMessage(`{"cluster":"prod","service":"web"}`))
	case "ecr.GetAuthorizationToken":
		_, _, _, err = session.ECR().Authorization(t.Context())
	case "sqs.ReceiveMessage":
		_, err = c.Queue("https://sqs.eu-west-1.amazonaws.com/111111111111/pushes").Receive(t.Context(), time.Minute)
	case "sts.GetCallerIdentity":
		_, _, err = session.Identity(t.Context())
	default:
		_, err = session.ECS().ListTasks(t.Context(), "prod", ecs.TaskFilter{})
	}
	return err
}

// environ sets what the standard chain reads.
func (f failing) environ(t *testing.T) {
	t.Helper()
	if f.Profile == "" && f.Credentials == "" {
		return
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if f.Credentials == "none" {
		return
	}
	home, file := t.TempDir(), filepath.Join(t.TempDir(), "config")
	t.Setenv("HOME", home)
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_PROFILE", f.Profile)
	section := fmt.Sprintf("[profile %s]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n", f.Profile)
	if f.Credentials == "sso" {
		section = fmt.Sprintf("[profile %s]\nsso_session = s\nsso_account_id = 111111111111\nsso_role_name = r\n[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.com\n", f.Profile)
	}
	if err := os.WriteFile(file, []byte(section), 0o600); err != nil {
		t.Fatal(err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return r(q) }

// transport fails as a network does; nil is one that does not.
func (f failing) transport() http.RoundTripper {
	fails := map[string]error{
		"dns":         &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "ecs.example", IsNotFound: true}},
		"refused":     &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		"certificate": x509.UnknownAuthorityError{},
		"reset":       &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
		"canceled":    context.Canceled,
	}[f.Transport]
	if fails == nil {
		return nil
	}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r.URL.Host = "ecs." + r.URL.Scheme + ".example"
		return nil, fails
	})
}
