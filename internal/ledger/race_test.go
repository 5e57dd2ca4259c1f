package ledger_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

var (
	apiOne   = changes{"api": version("shop/api", "1", digest1)}
	apiTwo   = changes{"api": version("shop/api", "2", digest2)}
	proxyOne = changes{"proxy": version("shop/proxy", "1", digest1)}
	both     = `{"api":"1@` + string(digest1) + `","proxy":"1@` + string(digest1) + `"}`
)

func TestM3DifferentImagesNeverConflict(t *testing.T) {
	store := memory()
	update(t, store, group(), apiTwo)
	s := &scripted{Store: store}
	s.beforePut = []func(){func() { update(t, store, group(), proxyOne) }}
	r := update(t, s, group(), apiOne)
	if !r.Repaired || len(r.Overtaken) != 0 || r.Version != 4 {
		t.Errorf("%+v", r)
	}
	expect.Equal(t, both, value(t, store))
}

func TestRaceToCreate(t *testing.T) {
	store := memory()
	s := &scripted{Store: store}
	s.beforePut = []func(){func() { update(t, store, group(), proxyOne) }}
	update(t, s, group(), apiOne)
	expect.Equal(t, both, value(t, store))
}

func TestSameImageLaterWinsAndTheLoserIsTold(t *testing.T) {
	store := memory()
	update(t, store, group(), proxyOne)
	s := &scripted{Store: store}
	s.beforePut = []func(){func() { update(t, store, group(), changes{"proxy": version("shop/proxy", "2", digest2)}) }}
	s.beforeHistory = []func(){func() { update(t, store, group(), apiTwo) }}
	r := update(t, s, group(), apiOne)
	want := []ledger.Conflict{{Image: "api", Is: apiTwo["api"], Version: 4, By: "arn:aws:iam::123456789012:user/ci", Message: "a test"}}
	expect.Equal(t, want, r.Overtaken)
	if got := `{"api":"2@` + string(digest2) + `","proxy":"2@` + string(digest2) + `"}`; got != value(t, store) {
		t.Errorf("the value is %s", value(t, store))
	}
}

func TestRepairIsNotLostInAnotherRace(t *testing.T) {
	store := memory()
	update(t, store, group(), apiTwo)
	s := &scripted{Store: store}
	again := changes{"api": version("shop/api", "3", digest1)}
	s.beforePut = []func(){
		func() { update(t, store, group(), proxyOne) },
		func() { update(t, store, group(), again) },
	}
	r := update(t, s, group(), apiOne)
	if len(r.Overtaken) != 1 || r.Overtaken[0].Image != "api" {
		t.Errorf("%+v", r)
	}
	want := `{"api":"3@` + string(digest1) + `","proxy":"1@` + string(digest1) + `"}`
	expect.Equal(t, want, value(t, store))
}

// tear leaves a parameter in which proxy's update was overwritten by a writer that died
// before it could repair that.
func tear(t *testing.T, store ledger.Store) {
	t.Helper()
	update(t, store, group(), apiTwo)
	s := &scripted{Store: store}
	s.beforePut = []func(){func() { update(t, store, group(), proxyOne) }}
	s.beforeHistory = []func(){func() { panic("killed") }}
	func() {
		defer func() { _ = recover() }()
		update(t, s, group(), apiOne)
	}()
	if diff := cmp.Diff(`{"api":"1@`+string(digest1)+`"}`, value(t, store)); diff != "" {
		t.Fatalf("it is not torn: %s", diff)
	}
}

func TestTornParameterIsSeenAndRepaired(t *testing.T) {
	store := memory()
	tear(t, store)
	l := &ledger.Ledger{Store: store}
	book, err := l.Audit(t.Context(), group())
	if err != nil || !book.Entries[0].Torn {
		t.Errorf("%+v, %v", book, err)
	}
	if r, err := l.Repair(t.Context(), group(), ledger.Why{}); err != nil || !r.Repaired {
		t.Errorf("%+v, %v", r, err)
	}
	expect.Equal(t, both, value(t, store))
}

func TestWhoeverComesNextRepairs(t *testing.T) {
	store := memory()
	tear(t, store)
	if r := update(t, store, group(), changes{"api": version("shop/api", "5", digest2)}); !r.Repaired || !r.Written {
		t.Errorf("%+v", r)
	}
	want := `{"api":"5@` + string(digest2) + `","proxy":"1@` + string(digest1) + `"}`
	expect.Equal(t, want, value(t, store))
}

func TestAReaderSeesWhatWasLost(t *testing.T) {
	store := memory()
	tear(t, store)
	s := &scripted{Store: store}
	for range 2 { // four calls, and then one again
		book := expect.Value((&ledger.Ledger{Store: s}).Read(t.Context(), group()))(t)
		if pin, ok := book.Pin("dev", "proxy"); !ok || pin.Tag != "1" {
			t.Errorf("a reader misses an update: %+v", book)
		}
	}
	if s.calls != 5 || len(s.puts) != 1 {
		t.Errorf("%d calls, %d of them writes", s.calls, len(s.puts))
	}
	expect.Equal(t, both, value(t, store))
}

// refusing is a Store that may be read only.
type refusing struct{ ledger.Store }

func (r refusing) Put(context.Context, ledger.Put) (int64, error) {
	return 0, errors.New("AccessDeniedException")
}

func TestAReaderWhoMayNotWriteSeesWhatWasLost(t *testing.T) {
	store := memory()
	tear(t, store)
	book := expect.Value((&ledger.Ledger{Store: refusing{store}}).Read(t.Context(), group()))(t)
	if pin, ok := book.Pin("dev", "proxy"); !ok || pin.Tag != "1" || !book.Entries[0].Torn {
		t.Errorf("%+v", book)
	}
}

func TestUnchangedOnlyBecauseTornIsWritten(t *testing.T) {
	store := memory()
	update(t, store, group(), changes{"proxy": version("shop/proxy", "0", digest2)})
	tear0 := &scripted{Store: store}
	tear0.beforePut = []func(){func() { update(t, store, group(), proxyOne) }}
	tear0.beforeHistory = []func(){func() { panic("killed") }}
	func() {
		defer func() { _ = recover() }()
		update(t, tear0, group(), apiOne)
	}()
	// The value says proxy 0 because proxy 1 got lost: to pin 0 now is still a change.
	r := update(t, store, group(), changes{"proxy": version("shop/proxy", "0", digest2)})
	expect.Value((&ledger.Ledger{Store: store}).Repair(t.Context(), group(), ledger.Why{}))(t)
	want := `{"api":"1@` + string(digest1) + `","proxy":"0@` + string(digest2) + `"}`
	if diff := cmp.Diff(want, value(t, store)); diff != "" || len(r.Overtaken) != 0 {
		t.Errorf("%+v: %s", r, diff)
	}
}

func TestOthersWritesCountAsWhatTheyChanged(t *testing.T) {
	store := memory()
	update(t, store, group(), apiTwo)
	update(t, store, group(), proxyOne)
	history := expect.Value(store.History(t.Context(), parameter))(t)
	// The console: our description is carried along with another value.
	put := ledger.Put{Name: parameter, Overwrite: true, Value: `{"api":"9","proxy":"1@` + string(digest1) + `"}`, Description: history[1].Description}
	s := &scripted{Store: store}
	s.beforePut = []func(){func() {
		expect.Value(store.Put(t.Context(), put))(t)
	}}
	update(t, s, group(), changes{"proxy": version("shop/proxy", "2", digest2)})
	want := `{"api":"9","proxy":"2@` + string(digest2) + `"}`
	expect.Equal(t, want, value(t, store))
}

func TestAuditSaysWho(t *testing.T) {
	store := memory()
	update(t, store, group(), apiOne)
	l := &ledger.Ledger{Store: store}
	expect.Value(l.Update(t.Context(), group(), proxyOne, ledger.Why{Actor: "bob", Message: "because"}))(t)
	book := expect.Value(l.Audit(t.Context(), group()))(t)
	at := when
	want := []tagboat.Pin{
		{
			Image: "api", Repository: "registry.test/shop/api", Tag: "1", Digest: digest1, Parameter: parameter,
			ParameterVersion: 2, SetBy: "arn:aws:iam::123456789012:user/ci", SetAt: &at, Message: "a test",
		},
		{
			Image: "proxy", Repository: "registry.test/shop/proxy", Tag: "1", Digest: digest1, Parameter: parameter,
			ParameterVersion: 2, SetBy: "bob", SetAt: &at, Message: "because",
		},
	}
	expect.Equal(t, want, book.Pins("dev"))
}
