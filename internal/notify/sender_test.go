package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/notify"
)

const secretPath = "T0000/B0000/hush-hush"

// quick is a Sender that does not keep a test waiting.
func quick() *notify.Sender { return &notify.Sender{FirstWait: time.Millisecond, UserAgent: "tagboat"} }

func sample() tagboat.Notification {
	return tagboat.Notification{
		ID: "N1", App: "shop", Command: "deploy", Message: "fix <checkout>", At: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Actor: "ada",
		Deployments: []tagboat.Deployment{{Environment: "prod", Service: "api", Verdict: tagboat.VerdictFailed, Reason: "why"}},
	}
}

func address(t *testing.T, text string) notify.Address {
	t.Helper()
	a := expect.Value(notify.ParseAddress(text))(t)
	return a
}

// receiver serves a webhook and returns it with the number of requests that it got.
func receiver(t *testing.T, serve func(n int64, w http.ResponseWriter, r *http.Request)) (notify.Receiver, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(n.Add(1), w, r) }))
	t.Cleanup(server.Close)
	return notify.Receiver{Address: address(t, server.URL+"/"+secretPath+"?token=also-hush")}, &n
}

func TestSend(t *testing.T) {
	key := notify.Key("k3y")
	var got tagboat.Notification
	to, n := receiver(t, func(_ int64, _ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/"+secretPath || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "tagboat" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		checkSignature(t, key, r.Header.Get("Tagboat-Signature"), body)
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
	})
	to.Key = key
	expect.OK(t, quick().Send(t.Context(), to, sample()))
	if diff := cmp.Diff(sample(), got); diff != "" || n.Load() != 1 {
		t.Errorf("%d requests: %s", n.Load(), diff)
	}
}

// checkSignature does what a receiver has to do.
func checkSignature(t *testing.T, key []byte, header string, body []byte) {
	t.Helper()
	at, sum, ok := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	if !ok {
		t.Errorf("header %q", header)
		return
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(at + "." + string(body)))
	expect.EqualIn(t, "signature", hex.EncodeToString(mac.Sum(nil)), sum)
	var seconds int64
	if _, err := fmt.Sscan(at, &seconds); err != nil || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute {
		t.Errorf("signed at %s: %v", at, err)
	}
}

func TestSignature(t *testing.T) {
	const want = "t=1772359200,v1=edefede4e59e5bb4d9fe97f821bed1e2ac0dc5d1234759ab98f9223b0ee7968f" // as openssl makes it
	got := notify.Sign(notify.Key("k3y"), time.Unix(1772359200, 0), []byte(`{"id":"N1"}`))
	expect.Equal(t, want, got)
}

func TestNoSignatureWithoutAKey(t *testing.T) {
	to, _ := receiver(t, func(_ int64, _ http.ResponseWriter, r *http.Request) {
		if _, signed := r.Header["Tagboat-Signature"]; signed {
			t.Error("it is signed with nothing")
		}
	})
	if err := quick().Send(t.Context(), to, sample()); err != nil {
		t.Error(err)
	}
}

func TestAttempts(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers []int // status codes in turn, 0 for a connection that breaks
		made    int64
		says    string // of the error; "" for none
	}{
		{"taken at once", []int{204}, 1, ""},
		{"taken in the end", []int{500, 429, 0, 200}, 4, ""},
		{"never taken", []int{503, 503, 503, 503, 200}, 4, "503"},
		{"refused", []int{404, 200}, 1, "404 Not Found"},
		{"refused later", []int{502, 400, 200}, 2, "400"},
		{"not there", []int{0, 0, 0, 0, 200}, 4, "EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			to, n := receiver(t, func(n int64, w http.ResponseWriter, r *http.Request) {
				code := tc.answers[n-1]
				if code == 0 {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(code)
				_, _ = fmt.Fprintf(w, "cannot POST %s", r.URL)
			})
			err := quick().Send(t.Context(), to, sample())
			if n.Load() != tc.made || (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%d attempts, error %v", n.Load(), err)
			}
			hides(t, err)
		})
	}
}

// hides fails where an error tells what only the two sides may know.
func hides(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"T0000", "hush"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the address: %v", err)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere, n := receiver(t, func(int64, http.ResponseWriter, *http.Request) {})
	_ = elsewhere
	to, _ := receiver(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+elsewhere.Address.String()+"/", http.StatusTemporaryRedirect)
	})
	err := quick().Send(t.Context(), to, sample())
	if err == nil || n.Load() != 0 {
		t.Errorf("error %v, %d requests went elsewhere", err, n.Load())
	}
	hides(t, err)
}

func TestSlackSaysWhy(t *testing.T) {
	to, _ := receiver(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "action_prohibited")
	})
	to.Format = notify.Slack
	if err := quick().Send(t.Context(), to, sample()); err == nil || !strings.Contains(err.Error(), "action_prohibited") {
		t.Errorf("error %v", err)
	}
}

func TestErrorsHideTheAddress(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	gone := address(t, server.URL+"/"+secretPath)
	server.Close()
	err := quick().Send(t.Context(), notify.Receiver{Address: gone}, sample())
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v", err)
	}
	hides(t, err)

	talkative := quick()
	talkative.Transport = roundTrip(func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("no way to %s", r.URL) })
	err = talkative.Send(t.Context(), notify.Receiver{Address: address(t, "https://hooks.example.com/"+secretPath)}, sample())
	if err == nil {
		t.Error("no error")
	}
	hides(t, err)
	with := notify.Receiver{Address: address(t, "https://u:hush-hush@hooks.example.com/"+secretPath), Key: notify.Key("hush")}
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		hides(t, fmt.Errorf(form, with))
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A receiver that does not answer costs no more than the caller's patience.
func TestSilentReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := notify.Sender{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		err := s.Send(ctx, notify.Receiver{Address: address(t, "https://hooks.example.com/x")}, sample())
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 30*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

func TestWaits(t *testing.T) {
	for _, tc := range []struct {
		retryAfter string
		from, to   time.Duration // between the first attempt and the last
	}{
		{"", 7 * time.Second, 9 * time.Second},
		{"5", 15 * time.Second, 19 * time.Second},
		{"3600", 30 * time.Second, 38 * time.Second},
		{"soon", 7 * time.Second, 9 * time.Second},
	} {
		t.Run(tc.retryAfter, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := notify.Sender{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {tc.retryAfter}}, Body: http.NoBody}, nil
				})}
				began := time.Now()
				err := s.Send(t.Context(), notify.Receiver{Address: address(t, "https://hooks.example.com/x")}, sample())
				if took := time.Since(began); err == nil || took < tc.from || took > tc.to {
					t.Errorf("gave up after %s: %v", took, err)
				}
			})
		})
	}
}

func TestParseAddress(t *testing.T) {
	for _, good := range []string{"https://hooks.slack.com/services/a/b/c", "http://localhost:8080/x", "http://127.0.0.9/x", "http://[::1]:1/", " https://h/x\n"} {
		if _, err := notify.ParseAddress(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "hush", "http://hooks.example.com/hush", "http://10.0.0.1/hush", "ftp://h/hush", "https:///hush", "https:hush", "http://localhost.example.com/hush",
		"https://h ush/", "//h/hush", "https://h/%zzhush",
	} {
		_, err := notify.ParseAddress(bad)
		if err == nil {
			t.Errorf("%q is taken", bad)
		}
		hides(t, err)
	}
}

func TestOccasions(t *testing.T) {
	got := map[notify.Occasion]string{}
	for _, o := range append(notify.Occasions(), "") {
		for _, v := range []tagboat.Verdict{
			tagboat.VerdictUnchanged, tagboat.VerdictSucceeded, tagboat.VerdictRolledBack, tagboat.VerdictFailed, tagboat.VerdictSuperseded,
			tagboat.VerdictTimedOut, tagboat.VerdictInterrupted, tagboat.VerdictStarted, tagboat.VerdictSkipped, tagboat.VerdictBlocked,
		} {
			if o.Of(v) {
				got[o] += string(v) + " "
			}
		}
	}
	want := map[notify.Occasion]string{
		notify.Failure: "rolled-back failed superseded timed-out interrupted blocked ",
		notify.Success: "succeeded ",
		notify.All:     "unchanged succeeded rolled-back failed superseded timed-out interrupted started skipped blocked ",
	}
	expect.Equal(t, want, got)
}
