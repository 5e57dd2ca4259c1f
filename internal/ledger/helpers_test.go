package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

const parameter = "/containers/dev/shop"

var (
	digest1 = tagboat.Digest("sha256:" + strings.Repeat("1", 64))
	digest2 = tagboat.Digest("sha256:" + strings.Repeat("2", 64))
	when    = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
)

func repository(name string) tagboat.Reference {
	return tagboat.Reference{Host: "registry.test", Repository: name}
}

func version(name, tag string, d tagboat.Digest) tagboat.Reference {
	r := repository(name)
	r.Tag, r.Digest = tag, d
	return r
}

func group() ledger.Group {
	return ledger.Group{
		Parameter: parameter, Environment: "dev",
		Images: map[tagboat.ImageName]tagboat.Reference{"api": repository("shop/api"), "proxy": repository("shop/proxy")},
	}
}

func memory() *ledger.Memory {
	return &ledger.Memory{User: "arn:aws:iam::123456789012:user/ci", Now: func() time.Time { return when }}
}

type changes = map[tagboat.ImageName]tagboat.Reference

func update(t *testing.T, s ledger.Store, g ledger.Group, c changes) ledger.Receipt {
	t.Helper()
	r := expect.Value((&ledger.Ledger{Store: s}).Update(t.Context(), g, c, ledger.Why{Message: "a test"}))(t)
	return r
}

// value returns what the parameter holds, without the spaces that mean nothing in JSON.
func value(t *testing.T, s ledger.Store) string {
	t.Helper()
	got := expect.Value(s.Get(t.Context(), []string{parameter}))(t)
	return compact(t, got[parameter].Value)
}

func compact(t *testing.T, value string) string {
	t.Helper()
	var b bytes.Buffer
	expect.OK(t, json.Compact(&b, []byte(value)))
	return b.String()
}

// scripted is a Store in which things happen before a call goes through.
type scripted struct {
	ledger.Store
	beforePut     []func() // one a Put
	beforeHistory []func()
	puts          []ledger.Put
	calls         int
}

func (s *scripted) Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error) {
	s.calls++
	return s.Store.Get(ctx, names)
}

func (s *scripted) Put(ctx context.Context, p ledger.Put) (int64, error) {
	s.calls++
	s.puts = append(s.puts, p)
	next(&s.beforePut)
	return s.Store.Put(ctx, p)
}

func (s *scripted) Oldest(ctx context.Context, name string, n int) ([]ledger.Parameter, error) {
	s.calls++
	return s.Store.Oldest(ctx, name, n)
}

func (s *scripted) History(ctx context.Context, name string) ([]ledger.Parameter, error) {
	s.calls++
	next(&s.beforeHistory)
	return s.Store.History(ctx, name)
}

func next(script *[]func()) {
	if len(*script) == 0 {
		return
	}
	f := (*script)[0]
	*script = (*script)[1:]
	f()
}
