package api

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/stream"
)

//go:embed openapi.yaml
var description []byte

// Options are what an API answers from.
type Options struct {
	Desk  *desk.Desk
	Board *board.Board
}

// API answers requests of people whom a door let in. It is safe for concurrent use.
type API struct {
	desk  *desk.Desk
	board *board.Board
	mux   *http.ServeMux
}

var _ http.Handler = (*API)(nil)

// Prefix is the beginning of all paths.
const Prefix = "/api/v1"

// The media types of answers.
const (
	typeJSON   = "application/json"
	typeYAML   = "application/yaml"
	typeEvents = "text/event-stream"
)

// route is one method of one path.
type route struct {
	method, path string
	query        []string // the parameters that it takes
	answer       func(a *API, r *http.Request) (reply, error)
	streams      func(a *API) http.Handler // in place of answer
	gives        string                    // the media type of the answer
}

// reply is what is answered where there was no error. The zero status is 200.
type reply struct {
	status   int
	document any
	location string // of what was made
	tag      string // of what the document is made of; "" for none
}

// New returns an API.
func New(o Options) *API {
	a := &API{o.Desk, o.Board, http.NewServeMux()}
	methods := map[string][]string{}
	for _, r := range routes() {
		methods[r.path] = append(methods[r.path], r.method)
		a.mux.Handle(r.method+" "+Prefix+r.path, a.handler(r))
	}
	for path, allowed := range methods {
		slices.Sort(allowed)
		a.mux.HandleFunc(Prefix+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			refuse(w, http.StatusMethodNotAllowed, tagboat.Usagef("this path does not take the method").WithHint("use %s", strings.Join(allowed, " or ")))
		})
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, tagboat.Usagef("there is nothing here").WithHint("GET %s/openapi.yaml says what there is", Prefix))
	})
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

func (a *API) handler(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		gives := typeJSON
		if r.gives != "" {
			gives = r.gives
		}
		switch err := taken(q, r.query); {
		case !accepts(q, gives):
			refuse(w, http.StatusNotAcceptable, tagboat.Usagef("the answer is %s", gives).WithHint("send Accept: %s", gives))
			return
		case err != nil:
			refuse(w, http.StatusBadRequest, err)
			return
		case r.streams != nil:
			r.streams(a).ServeHTTP(w, q)
			return
		}
		answer, err := r.answer(a, q)
		if err != nil {
			refuse(w, status(r, err), err)
			return
		}
		answered(w, q, gives, answer)
	})
}

// taken refuses parameters that a path does not have, so that none is ignored.
func taken(r *http.Request, names []string) error {
	for name := range r.URL.Query() {
		if !slices.Contains(names, name) {
			return tagboat.Usagef("there is no parameter %q", name).WithHint("%s", tagboat.Suggest(name, names))
		}
	}
	return nil
}

// accepts reports whether a client takes a media type. Nobody who says nothing is refused.
// https://www.rfc-editor.org/rfc/rfc9110#name-accept
func accepts(r *http.Request, gives string) bool {
	sent := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(sent) == "" {
		return true
	}
	kind, _, _ := strings.Cut(gives, "/")
	for one := range strings.SplitSeq(sent, ",") {
		takes, params, err := mime.ParseMediaType(one)
		if err == nil && params["q"] != "0" && (takes == "*/*" || takes == kind+"/*" || takes == gives) {
			return true
		}
	}
	return false
}

// misread is an error of how something was asked, and not of what there is.
type misread struct{ error }

// Unwrap returns the cause.
func (m misread) Unwrap() error { return m.error }

// status returns that of an error: what a path names and is not there, is not found.
func status(r route, err error) int {
	var wrong misread
	var large *http.MaxBytesError
	switch kind := tagboat.KindOf(err); {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, desk.ErrNotAllowed):
		return http.StatusForbidden
	case errors.Is(err, errMediaType):
		return http.StatusUnsupportedMediaType
	case kind == tagboat.Usage && r.method == http.MethodGet && strings.Contains(r.path, "{") && !errors.As(err, &wrong):
		return http.StatusNotFound
	default:
		return kind.HTTPStatus()
	}
}

// answered writes an answer, or that a client has it already.
func answered(w http.ResponseWriter, r *http.Request, gives string, a reply) {
	body, ok := a.document.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(a.document); err != nil {
			refuse(w, http.StatusInternalServerError, fmt.Errorf("writing the answer: %w", err))
			return
		}
		body = append(body, '\n')
	}
	if a.tag != "" {
		w.Header().Set("ETag", a.tag)
		if slices.Contains(strings.Split(strings.ReplaceAll(r.Header.Get("If-None-Match"), " ", ""), ","), a.tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	w.Header().Set("Content-Type", gives)
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(body) // who asked has gone
}

// refuse writes an error as the document of one.
func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document(err))
}

// document returns what is said of an error, and of others that are joined with it.
func document(err error) tagboat.ErrorDocument {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) && len(several.Unwrap()) > 1 {
		var d tagboat.ErrorDocument
		for i, one := range several.Unwrap() {
			if i == 0 {
				d.Error = tagboat.DetailOf(one)
			} else {
				d.Others = append(d.Others, tagboat.DetailOf(one))
			}
		}
		return d
	}
	return tagboat.ErrorDocument{Error: tagboat.DetailOf(err)}
}

// described answers with the description itself.
func described(*API, *http.Request) (reply, error) {
	sum := sha256.Sum256(description)
	return reply{document: description, tag: `"` + hex.EncodeToString(sum[:8]) + `"`}, nil
}

// events streams what changes, each event as JSON.
func (a *API) events() http.Handler {
	return stream.Stream{Board: a.board, Say: func(events []board.Event) []stream.Message {
		all := make([]stream.Message, len(events))
		for i, e := range events {
			data := e.Shared("json", func() []byte {
				text, _ := json.Marshal(e) // plain values
				return text
			})
			all[i] = stream.Message{ID: e.ID, Event: string(e.Kind), Data: data}
		}
		return all
	}}
}
