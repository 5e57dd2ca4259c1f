package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// TestNothingWithoutAToken has every path refuse who has none, or a wrong one, as a document, and no
// answer and no line of the log have a token.
func TestNothingWithoutAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const token = "a-token-that-nobody-guesses"
		var log, said bytes.Buffer
		seen := board.New(board.Options{})
		d := expect.Value(door.New(door.Options{
			Listen: "0.0.0.0:4520", Tokens: []door.Token{{Name: "ada", Role: door.Viewer, Hash: sha256.Sum256([]byte(token))}}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		}))(t)
		handler := d.Wrap(New(Options{Desk: desk.New(t.Context(), desk.Options{Board: seen}), Board: seen}))
		ask := func(method, path, sent string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, Prefix+path, strings.NewReader("{}"))
			if sent != "" {
				r.Header.Set("Authorization", "Bearer "+sent)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			said.Write(w.Body.Bytes())
			return w
		}
		for _, r := range routes() {
			for sent, want := range map[string]string{"": "a token is needed", token + "x": "the token is not known"} {
				w := ask(r.method, r.path, sent)
				var got tagboat.ErrorDocument
				expect.OK(t, json.Unmarshal(w.Body.Bytes(), &got))
				if w.Code != http.StatusUnauthorized || got.Error.Message != want || w.Header().Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s %s answers %d %s", r.method, r.path, w.Code, w.Body)
				}
			}
		}
		var me tagboat.PersonDocument
		expect.OK(t, json.Unmarshal(ask("GET", "/me", token).Body.Bytes(), &me))
		if diff := cmp.Diff(tagboat.PersonDocument{Name: "ada", Role: "viewer", May: []tagboat.ActionKind{}}, me); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(said.String()+log.String(), token) {
			t.Error("the token is said or logged")
		}
	})
}
