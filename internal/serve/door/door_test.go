package door_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/door"
)

const (
	adasToken = "adas-token-that-nobody-guesses"
	bobsToken = "bobs-token-that-nobody-guesses"
)

func tokens() []door.Token {
	return []door.Token{
		{Name: "ada", Role: door.Approver, Hash: sha256.Sum256([]byte(adasToken))},
		{Name: "bob", Role: door.Viewer, Hash: sha256.Sum256([]byte(bobsToken))},
	}
}

func proxy() *door.Proxy {
	return &door.Proxy{Header: "X-Forwarded-User", From: []netip.Prefix{netip.MustParsePrefix("10.0.3.0/24")}, As: door.Viewer, People: map[string]door.Role{"ada@example.com": door.Approver}}
}

// The places where a server may stand.
func loopback() door.Options { return door.Options{Listen: "127.0.0.1:4520"} }
func tunnel() door.Options   { return door.Options{Listen: "127.0.0.1:4520", Tokens: tokens()} }
func network() door.Options  { return door.Options{Listen: "0.0.0.0:4520", Tokens: tokens()} }
func balanced() door.Options {
	return door.Options{Listen: "0.0.0.0:4520", Tokens: tokens(), URL: "https://tagboat.example.com"}
}
func proxied() door.Options { return door.Options{Listen: "0.0.0.0:4520", Proxy: proxy()} }

// house is what stands behind a door, with all that was logged and answered.
type house struct {
	t       *testing.T
	handler http.Handler
	token   string // of the forms of the person who came in last
	log     bytes.Buffer
	said    strings.Builder
}

func build(t *testing.T, o door.Options) *house {
	t.Helper()
	h := &house{t: t}
	o.Log = slog.New(slog.NewTextHandler(&h.log, nil))
	o.Local = func(context.Context) string { return "grace" }
	o.Form = func(w http.ResponseWriter, _ *http.Request, f door.Form) {
		w.WriteHeader(f.Status)
		fmt.Fprintf(w, "form for %s %s", f.Next, f.Problem)
	}
	d := expect.Value(door.New(o))(t)
	h.handler = d.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := door.Of(r.Context())
		h.token = p.Token
		fmt.Fprintf(w, "%s is %s", p.Name, p.Role)
		if p.Local {
			fmt.Fprint(w, ", local")
		}
	}))
	return h
}

// request is what somebody sends; header is a list of NAME: VALUE.
type request struct {
	method, host, path, from, body string
	header                         []string
	cookies                        []*http.Cookie
}

func (h *house) send(q request) *http.Response {
	h.t.Helper()
	method, path := q.method, q.path
	if method == "" {
		method = http.MethodGet
	}
	if path == "" {
		path = "/"
	}
	r := httptest.NewRequest(method, path, strings.NewReader(q.body))
	if r.Host = "127.0.0.1:4520"; q.host != "" {
		r.Host = q.host
	}
	if r.RemoteAddr = "127.0.0.1:50000"; q.from != "" {
		r.RemoteAddr = q.from + ":50000"
	}
	for _, line := range q.header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	for _, c := range q.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	h.said.WriteString(w.Body.String())
	for name, values := range w.Header() {
		h.said.WriteString(name + strings.Join(values, " "))
	}
	return w.Result()
}

// do returns the answer in a line.
func (h *house) do(q request) string {
	h.t.Helper()
	answer := h.send(q)
	defer answer.Body.Close()
	body := expect.Value(io.ReadAll(answer.Body))(h.t)
	line := strings.TrimSpace(fmt.Sprint(answer.StatusCode, " ", strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", " | ")))
	if to := answer.Header.Get("Location"); to != "" {
		line = fmt.Sprint(answer.StatusCode, " to ", to)
	}
	return line
}

func bearer(token string) string { return "Authorization: Bearer " + token }

const (
	onlyHere = "403 this address answers this machine alone, by its own name and port | hint: ask http://127.0.0.1:4520; a tunnel needs the same port at both ends"
	unknown  = "401 the token is not known | hint: send Authorization: Bearer TOKEN, or log in at /login"
	fromElse = "403 another page sent the request | hint: use the page of this server"
	noToken  = "403 the request does not have the token of its page | hint: load the page again; a program sends what GET /api/v1/me has as token in the header X-Csrf-Token"
)

func TestWhoComesIn(t *testing.T) {
	tests := map[string]struct {
		door door.Options
		request
		want string
	}{
		"the user of the machine":                    {loopback(), request{}, "200 grace is approver, local"},
		"as the configuration has it":                {door.Options{Listen: "127.0.0.1:4520", As: door.Viewer}, request{}, "200 grace is viewer, local"},
		"by localhost":                               {loopback(), request{host: "localhost:4520"}, "200 grace is approver, local"},
		"by the loopback address of IPv6":            {loopback(), request{host: "[::1]:4520"}, "200 grace is approver, local"},
		"by another loopback address":                {loopback(), request{host: "127.9.9.9:4520"}, "200 grace is approver, local"},
		"a name that leads here":                     {loopback(), request{host: "evil.example.com:4520"}, onlyHere},
		"a name that begins like one of ours":        {loopback(), request{host: "localhost.evil.example.com:4520"}, onlyHere},
		"a name that looks like an address":          {loopback(), request{host: "127.0.0.1.evil.example.com:4520"}, onlyHere},
		"another port":                               {loopback(), request{host: "127.0.0.1:8080"}, onlyHere},
		"no port":                                    {loopback(), request{host: "127.0.0.1"}, onlyHere},
		"a name that leads here, with a token":       {tunnel(), request{host: "evil.example.com:4520", header: []string{bearer(adasToken)}}, onlyHere},
		"a form that a name leads to":                {tunnel(), request{host: "evil.example.com:4520", path: "/login"}, onlyHere},
		"loopback where there are tokens":            {tunnel(), request{path: "/history?since=3h"}, "303 to /login?next=%2Fhistory%3Fsince%3D3h"},
		"the form":                                   {tunnel(), request{path: "/login?next=/history"}, "200 form for /history"},
		"the form with a place that is not here":     {tunnel(), request{path: "/login?next=//evil.example.com"}, "200 form for /"},
		"the form with an address":                   {tunnel(), request{path: "/login?next=https://evil.example.com"}, "200 form for /"},
		"the form with a backslash":                  {tunnel(), request{path: `/login?next=/%5Cevil.example.com`}, "200 form for /"},
		"a token":                                    {tunnel(), request{header: []string{bearer(adasToken)}}, "200 ada is approver"},
		"another token":                              {network(), request{host: "tagboat.internal", header: []string{bearer(bobsToken)}}, "200 bob is viewer"},
		"the scheme in capitals":                     {network(), request{header: []string{"Authorization: BEARER " + bobsToken}}, "200 bob is viewer"},
		"a wrong token":                              {network(), request{header: []string{bearer("wrong")}}, unknown},
		"an empty token":                             {network(), request{header: []string{"Authorization: Bearer "}}, unknown},
		"a token of another scheme":                  {network(), request{header: []string{"Authorization: Basic " + adasToken}}, unknown},
		"none for the API":                           {network(), request{path: "/api/v1/status"}, `401 {"error":{"message":"a token is needed","hint":"send Authorization: Bearer TOKEN, or log in at /login","where":"","kind":"blocked","exitCode":8}}`},
		"none to change something":                   {network(), request{method: "POST", path: "/cart"}, "401 a token is needed | hint: send Authorization: Bearer TOKEN, or log in at /login"},
		"the server's own address":                   {balanced(), request{host: "10.0.0.7:4520", header: []string{bearer(adasToken)}}, "200 ada is approver"},
		"the server's name":                          {balanced(), request{host: "tagboat.example.com", header: []string{bearer(adasToken)}}, "200 ada is approver"},
		"a name that is not the server's":            {balanced(), request{host: "evil.example.com", header: []string{bearer(adasToken)}}, "403 this server has another name | hint: ask https://tagboat.example.com"},
		"a link on another page":                     {loopback(), request{header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}}, "200 grace is approver, local"},
		"an image on another page":                   {loopback(), request{path: "/images", header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}}, fromElse},
		"a frame on another page":                    {loopback(), request{header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}}, fromElse},
		"a stream that another port's page opens":    {loopback(), request{path: "/live", header: []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Origin: http://127.0.0.1:3000"}}, fromElse},
		"a part of our own page":                     {loopback(), request{path: "/live", header: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}}, "200 grace is approver, local"},
		"a person behind the proxy":                  {proxied(), request{from: "10.0.3.9", host: "any", header: []string{"X-Forwarded-User: ada@example.com"}}, "200 ada@example.com is approver"},
		"somebody who is not named":                  {proxied(), request{from: "10.0.3.9", header: []string{"X-Forwarded-User: eve@example.com"}}, "200 eve@example.com is viewer"},
		"nobody behind the proxy":                    {proxied(), request{from: "10.0.3.9"}, "401 a token is needed | hint: come by the proxy that is in front of this server"},
		"the header from elsewhere":                  {proxied(), request{from: "10.0.4.9", header: []string{"X-Forwarded-User: ada@example.com"}}, "403 the header X-Forwarded-User is taken from the proxy alone | hint: leave it out"},
		"the header from this machine":               {proxied(), request{header: []string{"X-Forwarded-User: ada@example.com"}}, "403 the header X-Forwarded-User is taken from the proxy alone | hint: leave it out"},
		"the header twice":                           {proxied(), request{from: "10.0.3.9", header: []string{"X-Forwarded-User: eve", "X-Forwarded-User: ada@example.com"}}, "400 the header X-Forwarded-User is there twice | hint: have the proxy replace it, not add to it"},
		"the header with a name that AWS takes not":  {proxied(), request{from: "10.0.3.9", header: []string{"X-Forwarded-User: a/b"}}, "403 the header X-Forwarded-User has no name that a session in AWS could have | hint: have the proxy send a user's name or address: 2 to 64 letters, digits and characters of _+=,.@-"},
		"an empty header":                            {proxied(), request{from: "10.0.3.9", header: []string{"X-Forwarded-User: "}}, "403 the header X-Forwarded-User has no name that a session in AWS could have | hint: have the proxy send a user's name or address: 2 to 64 letters, digits and characters of _+=,.@-"},
		"another header":                             {proxied(), request{from: "10.0.3.9", header: []string{"X-Real-User: ada@example.com"}}, "401 a token is needed | hint: come by the proxy that is in front of this server"},
		"a token where only the proxy lets in":       {proxied(), request{from: "10.0.4.9", header: []string{bearer(adasToken)}}, "401 the token is not known | hint: come by the proxy that is in front of this server"},
		"a session that is none":                     {network(), request{cookies: []*http.Cookie{{Name: "tagboat-session", Value: adasToken}}}, "303 to /login?next=%2F"},
		"the proxy's addresses in the form of IPv6":  {proxied(), request{from: "[::ffff:10.0.3.9]", header: []string{"X-Forwarded-User: ada@example.com"}}, "200 ada@example.com is approver"},
		"somebody who forwards for the proxy's name": {proxied(), request{from: "10.0.4.9", header: []string{"X-Forwarded-For: 10.0.3.9", "X-Forwarded-User: ada@example.com"}}, "403 the header X-Forwarded-User is taken from the proxy alone | hint: leave it out"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := build(t, test.door)
				if diff := cmp.Diff(test.want, h.do(test.request)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestWhoMayChange(t *testing.T) {
	form := []string{"Content-Type: application/x-www-form-urlencoded"}
	known := []string{"X-Forwarded-User: ada@example.com"}
	own, away := "Origin: http://127.0.0.1:4520", "Origin: https://evil.example.com"
	tests := map[string]struct {
		door door.Options
		request
		token bool // in the header X-Csrf-Token, and in the body in place of TOKEN
		want  string
	}{
		"a page of ours":                          {loopback(), request{header: []string{own, "Sec-Fetch-Site: same-origin"}}, true, "200 grace is approver, local"},
		"a form of ours":                          {loopback(), request{header: append(form, own), body: "csrf=TOKEN"}, false, "200 grace is approver, local"},
		"a form without its token":                {loopback(), request{header: append(form, own)}, false, noToken},
		"a form with a wrong token":               {loopback(), request{header: append(form, own), body: "csrf=0000"}, false, noToken},
		"a body that is no form":                  {loopback(), request{header: []string{own, "Content-Type: text/plain"}, body: "csrf=TOKEN"}, false, noToken},
		"the token in the address":                {loopback(), request{header: append(form, own), path: "/?csrf=TOKEN"}, false, noToken},
		"another page that knows the token":       {loopback(), request{header: []string{away}}, true, fromElse},
		"another page of this machine":            {loopback(), request{header: []string{"Origin: http://127.0.0.1:8080"}}, true, fromElse},
		"the same place by another name":          {loopback(), request{header: []string{"Origin: http://localhost:4520"}}, true, fromElse},
		"a page without an origin":                {loopback(), request{header: []string{"Origin: null"}}, true, fromElse},
		"two origins":                             {loopback(), request{header: []string{own, away}}, true, fromElse},
		"what the browser says is from elsewhere": {loopback(), request{header: []string{"Sec-Fetch-Site: cross-site"}}, true, fromElse},
		"what the browser says is of a neighbour": {loopback(), request{header: []string{own, "Sec-Fetch-Site: same-site"}}, true, fromElse},
		"a program that asked for the token":      {loopback(), request{}, true, "200 grace is approver, local"},
		"a program that did not":                  {loopback(), request{}, false, noToken},
		"deleting":                                {loopback(), request{method: "DELETE"}, false, noToken},
		"a method that nobody knows":              {loopback(), request{method: "FETCH"}, false, noToken},
		"looking needs none":                      {loopback(), request{method: "HEAD"}, false, "200 grace is approver, local"},
		"a bearer token needs none":               {network(), request{header: []string{bearer(adasToken)}}, false, "200 ada is approver"},
		"a bearer token of another page":          {network(), request{header: []string{bearer(adasToken), away}}, false, fromElse},
		"behind the proxy":                        {proxied(), request{from: "10.0.3.9", header: append(known, own)}, true, "200 ada@example.com is approver"},
		"behind the proxy without it":             {proxied(), request{from: "10.0.3.9", header: append(known, own)}, false, noToken},
		"the public address":                      {balanced(), request{host: "tagboat.example.com", header: []string{bearer(adasToken), "Origin: https://tagboat.example.com"}}, false, "200 ada is approver"},
		"the public address without TLS":          {balanced(), request{host: "tagboat.example.com", header: []string{bearer(adasToken), "Origin: http://tagboat.example.com"}}, false, fromElse},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := build(t, test.door)
			h.do(request{host: test.host, from: test.from, header: test.header})
			q := test.request
			if q.method == "" {
				q.method = http.MethodPost
			}
			if test.token {
				q.header = append([]string{"X-Csrf-Token: " + h.token}, q.header...)
			}
			q.body, q.path = strings.ReplaceAll(q.body, "TOKEN", h.token), strings.ReplaceAll(q.path, "TOKEN", h.token)
			if diff := cmp.Diff(test.want, h.do(q)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFormTokensAreOnesOwn holds that the token of one person's pages is nobody else's, nor that of
// another process.
func TestFormTokensAreOnesOwn(t *testing.T) {
	seen := map[string]string{}
	for _, who := range []string{"ada@example.com", "eve@example.com", "another process"} {
		h := build(t, proxied())
		for _, name := range []string{"ada@example.com", "eve@example.com"} {
			h.do(request{from: "10.0.3.9", header: []string{"X-Forwarded-User: " + name}})
			if other, ok := seen[h.token]; ok || len(h.token) != 64 {
				t.Errorf("%s has the token of %s: %q", name, other, h.token)
			}
			seen[h.token] = who + " " + name
		}
	}
}

func TestLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, balanced())
		const host = "tagboat.example.com"
		form := func(body string, more ...string) request {
			return request{method: "POST", path: "/login", host: host, body: body, header: append([]string{"Content-Type: application/x-www-form-urlencoded"}, more...)}
		}
		answers := []string{h.do(form("token=wrong&next=/history")), h.do(form("token="+adasToken, "Origin: https://evil.example.com")), h.do(request{method: "PUT", path: "/login", host: host})}
		if diff := cmp.Diff([]string{"401 form for /history The token is not known.", fromElse, "405 the form is shown and sent | hint: use GET or POST"}, answers); diff != "" {
			t.Error(diff)
		}
		in := h.send(form("token="+adasToken+"&next=/history", "Origin: https://tagboat.example.com"))
		cookies := in.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("the cookies are %v", cookies)
		}
		got := *cookies[0]
		got.Value, got.Raw = "", ""
		want := http.Cookie{Name: "tagboat-session", Path: "/", MaxAge: 43200, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
		if diff := cmp.Diff(want, got); diff != "" || in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != "/history" {
			t.Errorf("%d to %s, with %s", in.StatusCode, in.Header.Get("Location"), diff)
		}
		if strings.Contains(cookies[0].Value, adasToken) || len(cookies[0].Value) < 32 {
			t.Errorf("the session is %q", cookies[0].Value)
		}
		session := request{host: host, cookies: cookies}
		expectLine(t, "200 ada is approver", h.do(session))
		token := h.token
		change := request{host: host, cookies: cookies, method: "POST", header: []string{"Origin: https://tagboat.example.com"}}
		expectLine(t, noToken, h.do(change))
		change.header = append(change.header, "X-Csrf-Token: "+token)
		expectLine(t, "200 ada is approver", h.do(change))
		change.path = "/logout"
		expectLine(t, "303 to /login", h.do(change))
		expectLine(t, "303 to /login?next=%2F", h.do(session))

		again := request{host: host, cookies: h.send(form("token=" + bobsToken)).Cookies()}
		<-time.After(11 * time.Hour)
		expectLine(t, "200 bob is viewer", h.do(again))
		if h.token == token {
			t.Error("two sessions have one token")
		}
		<-time.After(12*time.Hour + time.Minute)
		expectLine(t, "303 to /login?next=%2F", h.do(again))
	})
}

func expectLine(t *testing.T, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestPlainHTTPCookie holds that a session works where there is no TLS at all.
func TestPlainHTTPCookie(t *testing.T) {
	h := build(t, tunnel())
	in := h.send(request{method: "POST", path: "/login", body: "token=" + adasToken, header: []string{"Content-Type: application/x-www-form-urlencoded"}})
	if cookies := in.Cookies(); len(cookies) != 1 || cookies[0].Secure {
		t.Errorf("the cookies are %v", cookies)
	}
}

// TestGuessing holds that a wrong token is answered late, that guesses beyond a number are refused at
// once, that who has a token waits for none of them, and that no secret is said or logged.
func TestGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, network())
		began := time.Now()
		expectLine(t, unknown, h.do(request{header: []string{bearer("a-guess")}}))
		if took := time.Since(began); took != time.Second {
			t.Errorf("a guess took %v", took)
		}
		answers := make(chan string, 64)
		for range 64 {
			go func() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Authorization", "Bearer a-guess")
				h.handler.ServeHTTP(w, r)
				answers <- fmt.Sprint(w.Code)
			}()
		}
		synctest.Wait()
		began = time.Now()
		expectLine(t, "429 too many attempts | hint: try again later", h.do(request{header: []string{bearer("a-guess")}}))
		expectLine(t, "200 ada is approver", h.do(request{header: []string{bearer(adasToken)}}))
		if took := time.Since(began); took != 0 {
			t.Errorf("others waited %v for those who guess", took)
		}
		for range 64 {
			expectLine(t, "401", <-answers)
		}
		for _, secret := range []string{"a-guess", adasToken, bobsToken} {
			if strings.Contains(h.log.String()+h.said.String(), secret) {
				t.Errorf("%s is said or logged", secret)
			}
		}
		if !strings.Contains(h.log.String(), `why="the token is not known"`) {
			t.Errorf("the log has %s", h.log.String())
		}
	})
}

func TestNewRefuses(t *testing.T) {
	long := strings.Repeat("x", 32)
	tests := map[string]struct {
		listen string
		serve  config.Serve
		env    map[string]string
		want   string
	}{
		"loopback":          {"127.0.0.1:4520", config.Serve{}, nil, ""},
		"localhost":         {"localhost:4520", config.Serve{}, nil, ""},
		"a network":         {"0.0.0.0:4520", config.Serve{}, nil, "others can reach 0.0.0.0:4520, so that people need a token; set TAGBOAT_SERVE_TOKEN, or name tokens or a proxy under serve: in tagboat.yaml, or listen on 127.0.0.1:4520"},
		"no address at all": {":4520", config.Serve{}, nil, "others can reach :4520, so that people need a token; set TAGBOAT_SERVE_TOKEN, or name tokens or a proxy under serve: in tagboat.yaml, or listen on 127.0.0.1:4520"},
		"a shared token":    {"0.0.0.0:4520", config.Serve{}, map[string]string{"TAGBOAT_SERVE_TOKEN": long}, ""},
		"a short one":       {"0.0.0.0:4520", config.Serve{}, map[string]string{"TAGBOAT_SERVE_TOKEN": "hush"}, "the token that TAGBOAT_SERVE_TOKEN has is so short that it can be guessed; openssl rand -hex 32 makes one; it needs at least 20 characters"},
		"a person's token":  {"0.0.0.0:4520", config.Serve{Tokens: []config.ServeToken{{Name: "ada", As: "viewer", Env: "ADA"}}}, map[string]string{"ADA": long}, ""},
		"one that is not set": {"0.0.0.0:4520", config.Serve{Tokens: []config.ServeToken{{Name: "ada", As: "viewer", Env: "ADA"}}}, nil,
			"the variable ADA with the token of ada is not set; set it, or take the token out of serve: in tagboat.yaml"},
		"a short one of a person": {"0.0.0.0:4520", config.Serve{Tokens: []config.ServeToken{{Name: "ada", As: "viewer", Env: "ADA"}}}, map[string]string{"ADA": "hush"},
			"the token that ADA has is so short that it can be guessed; openssl rand -hex 32 makes one; it needs at least 20 characters"},
		"a hash":        {"0.0.0.0:4520", config.Serve{Tokens: []config.ServeToken{{Name: "ada", As: "viewer", Hash: sha256.Sum256([]byte(long))}}}, nil, ""},
		"a proxy":       {"0.0.0.0:4520", config.Serve{Proxy: &config.ServeProxy{Header: "X-User", From: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, As: "viewer"}}, nil, ""},
		"no port":       {"127.0.0.1", config.Serve{}, nil, `"127.0.0.1" is not an address to listen on: address 127.0.0.1: missing port in address; write HOST:PORT, such as 127.0.0.1:4520`},
		"a bad address": {"127.0.0.1:4520", config.Serve{URL: "https://%"}, nil, `"https://%" is not the address of a server: parse "https://%": invalid URL escape "%"; run the same command again: what is done is not done twice`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o, err := door.From(test.serve, func(name string) string { return test.env[name] })
			if err == nil {
				o.Listen = test.listen
				_, err = door.New(o)
			}
			got := ""
			if err != nil {
				got = err.Error() + "; " + tagboat.HintOf(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRolesOfTokens(t *testing.T) {
	shared := strings.Repeat("x", 32)
	o := expect.Value(door.From(config.Serve{
		As: "viewer", Tokens: []config.ServeToken{{Name: "ada", As: "approver", Env: "ADA"}},
		Proxy: &config.ServeProxy{Header: "X-User", As: "viewer", People: map[string]string{"ada": "deployer"}},
	}, func(name string) string {
		return map[string]string{"TAGBOAT_SERVE_TOKEN": shared + "\n", "ADA": " " + adasToken}[name] // as files have them
	}))(t)
	want := door.Options{
		As:     door.Viewer,
		Tokens: []door.Token{{Name: "shared-token", Role: door.Viewer, Hash: sha256.Sum256([]byte(shared))}, {Name: "ada", Role: door.Approver, Hash: sha256.Sum256([]byte(adasToken))}},
		Proxy:  &door.Proxy{Header: "X-User", As: door.Viewer, People: map[string]door.Role{"ada": door.Deployer}},
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
	for role, may := range map[door.Role]string{door.Viewer: "viewer", door.Deployer: "viewer deployer", door.Approver: "viewer deployer approver", "": "", "owner": ""} {
		var can []string
		for _, needed := range append(door.Roles(), "owner") {
			if role.Includes(needed) {
				can = append(can, string(needed))
			}
		}
		if got := strings.Join(can, " "); got != may {
			t.Errorf("%s may what %s may, want %s", role, got, may)
		}
	}
}
