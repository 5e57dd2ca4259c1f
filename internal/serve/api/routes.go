package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/door"
	"github.com/tagboat/tagboat/internal/serve/stream"
)

func scope(more ...string) []string {
	return append([]string{"env", "stage", "tenant", "service"}, more...)
}

// routes are all that there is.
func routes() []route {
	return []route{
		{method: "GET", path: "/me", answer: me},
		{method: "GET", path: "/status", query: scope("at"), answer: statusOf},
		{method: "GET", path: "/services/{environment}/{service}", answer: service},
		{method: "GET", path: "/services/{environment}/{service}/rollout", answer: rolloutOf},
		{method: "GET", path: "/services/{environment}/{service}/explain", answer: explain},
		{method: "GET", path: "/why/{environment}/{image}", answer: why},
		{method: "GET", path: "/where/{what}", answer: where},
		{method: "GET", path: "/images", answer: images},
		{method: "GET", path: "/images/{image}", query: []string{"limit"}, answer: image},
		{method: "GET", path: "/releases", answer: releases},
		{method: "GET", path: "/releases/{release}", answer: releaseOf},
		{method: "GET", path: "/releases/{release}/diff", query: []string{"from"}, answer: diff},
		{method: "GET", path: "/history", query: scope("image", "since", "until", "limit", "after"), answer: historyOf},
		{method: "POST", path: "/plans", answer: plan},
		{method: "GET", path: "/operations", answer: operations},
		{method: "POST", path: "/operations", answer: do},
		{method: "GET", path: "/operations/{id}", answer: operationOf},
		{method: "GET", path: "/events", query: []string{"after"}, streams: (*API).events, gives: typeEvents},
		{method: "GET", path: "/openapi.yaml", answer: described, gives: typeYAML},
	}
}

// give returns a document, or why there is none.
func give[T any](document T, err error) (reply, error) {
	return reply{document: document}, err
}

func me(a *API, r *http.Request) (reply, error) {
	return give(a.desk.Person(door.Of(r.Context())), nil)
}

func statusOf(a *API, r *http.Request) (reply, error) {
	q := query{r.URL.Query(), nil}
	s, at := q.selection(), q.when("at")
	if q.err != nil {
		return reply{}, q.err
	}
	now := a.board.Now()
	document, err := a.desk.Status(r.Context(), s, at)
	given, err := give(document, err)
	if at == (access.When{}) && !now.At.IsZero() { // the document was the board's, and is at least that new
		given.tag = `W/"` + stream.Position(a.board.Boot(), now.ID) + `"`
	}
	return given, err
}

func cell(r *http.Request) (tagboat.EnvName, tagboat.ServiceName) {
	return tagboat.EnvName(r.PathValue("environment")), tagboat.ServiceName(r.PathValue("service"))
}

func service(a *API, r *http.Request) (reply, error) {
	env, name := cell(r)
	return give(a.desk.Service(r.Context(), env, name))
}

func rolloutOf(a *API, r *http.Request) (reply, error) {
	env, name := cell(r)
	return give(a.desk.Rollout(r.Context(), env, name))
}

func explain(a *API, r *http.Request) (reply, error) {
	env, name := cell(r)
	return give(a.desk.Explain(r.Context(), env, name))
}

func why(a *API, r *http.Request) (reply, error) {
	env, _ := cell(r)
	return give(a.desk.Why(r.Context(), env, tagboat.ImageName(r.PathValue("image"))))
}

func where(a *API, r *http.Request) (reply, error) {
	return give(a.desk.Where(r.Context(), r.PathValue("what")))
}

func images(a *API, r *http.Request) (reply, error) { return give(a.desk.Images(r.Context())) }

// versionsShown is how many versions of an image are listed unless the request says another number.
const versionsShown = 20

func image(a *API, r *http.Request) (reply, error) {
	q := query{r.URL.Query(), nil}
	limit := q.number("limit", versionsShown)
	if q.err != nil {
		return reply{}, q.err
	}
	return give(a.desk.Image(r.Context(), tagboat.ImageName(r.PathValue("image")), limit))
}

func releases(a *API, r *http.Request) (reply, error) { return give(a.desk.Releases(r.Context())) }

func releaseOf(a *API, r *http.Request) (reply, error) {
	return give(a.desk.Release(r.Context(), r.PathValue("release")))
}

func diff(a *API, r *http.Request) (reply, error) {
	from := r.URL.Query().Get("from")
	if from == "" {
		return reply{}, misread{tagboat.Usagef("the parameter from is missing").WithHint("name the release to compare with")}
	}
	return give(a.desk.Diff(r.Context(), from, r.PathValue("release")))
}

func historyOf(a *API, r *http.Request) (reply, error) {
	q := query{r.URL.Query(), nil}
	ask := desk.HistoryQuery{
		Selection: q.selection(), Image: tagboat.ImageName(q.Get("image")), Since: q.when("since"), Until: q.when("until"), Limit: q.number("limit", 0), After: q.Get("after"),
	}
	if q.err != nil {
		return reply{}, q.err
	}
	return give(a.desk.History(r.Context(), ask))
}

// actions is the body of a request to plan, and with a plan, of one to do that.
type actions struct {
	Actions []tagboat.Action `json:"actions"`
	Plan    string           `json:"plan"`
}

func plan(a *API, r *http.Request) (reply, error) {
	var body struct {
		Actions []tagboat.Action `json:"actions"`
	}
	if err := read(r, &body); err != nil {
		return reply{}, err
	}
	return give(a.desk.Plan(r.Context(), door.Of(r.Context()), body.Actions))
}

func do(a *API, r *http.Request) (reply, error) {
	var body actions
	if err := read(r, &body); err != nil {
		return reply{}, err
	}
	begun, err := a.desk.Do(r.Context(), door.Of(r.Context()), body.Actions, body.Plan)
	return reply{status: http.StatusAccepted, document: begun, location: Prefix + "/operations/" + begun.ID}, err
}

func operations(a *API, _ *http.Request) (reply, error) { return give(a.desk.Operations(), nil) }

func operationOf(a *API, r *http.Request) (reply, error) {
	document, ok := a.desk.Operation(r.PathValue("id"))
	if !ok {
		return reply{}, tagboat.Usagef("there is no operation %q here", r.PathValue("id")).WithHint("a server remembers its own, since it started: GET %s/operations", Prefix)
	}
	return give(document, nil)
}

var errMediaType = errors.New("the body is not JSON")

// bodyLimit is how many bytes a body may have.
const bodyLimit = 1 << 20

// read reads a body strictly: an unknown field, or more than one document, is an error of kind Usage.
func read(r *http.Request, to any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != typeJSON {
		return tagboat.Errorf(tagboat.Usage, "%w", errMediaType).WithHint("send Content-Type: %s", typeJSON)
	}
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyLimit))
	if err != nil {
		return tagboat.Errorf(tagboat.Usage, "reading the body: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(to)
	if _, more := d.Token(); err == nil && more != io.EOF {
		err = errors.New("there is more behind the document")
	}
	return unread(err)
}

// unread returns why a body cannot be read in words that are not of Go; nil for nil.
func unread(err error) error {
	var other *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		return tagboat.Usagef("the body is empty")
	case errors.As(err, &other):
		return tagboat.Usagef("the body cannot be read: %s cannot be a JSON %s", cmp.Or(other.Field, "the document"), other.Value)
	default:
		return tagboat.Usagef("the body cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

// query reads parameters, and keeps the first error.
type query struct {
	url.Values
	err error
}

func (q *query) fail(name, what string) {
	if q.err == nil {
		q.err = misread{tagboat.Usagef("the parameter %s is not %s: %q", name, what, q.Get(name))}
	}
}

func (q *query) selection() fleet.Selection {
	return fleet.Selection{
		Environments: named[tagboat.EnvName](q.Values["env"]), Stage: tagboat.StageName(q.Get("stage")), Tenant: q.Get("tenant"), Services: named[tagboat.ServiceName](q.Values["service"]),
	}
}

func named[T ~string](all []string) []T {
	var names []T
	for _, one := range all {
		names = append(names, T(one))
	}
	return names
}

// when reads a time, or how long ago it was.
func (q *query) when(name string) access.When {
	if !q.Has(name) {
		return access.When{}
	}
	text := q.Get(name)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return access.When{At: at}
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago <= 0 {
		q.fail(name, "a time or an age, such as 2026-01-02T10:30:00Z or 3h")
	}
	return access.When{Ago: ago}
}

func (q *query) number(name string, otherwise int) int {
	if !q.Has(name) {
		return otherwise
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 1 || n > 500 {
		q.fail(name, "a number from 1 to 500")
	}
	return n
}
