package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// sidecars is a second group of the same environment, whose keys are repositories.
func sidecars() ledger.Group {
	return ledger.Group{
		Name: "generic", Parameter: "/containers/generic", Environment: "dev",
		Images: map[tagboat.ImageName]tagboat.Reference{"agent": repository("x/agent")},
		Keys:   map[tagboat.ImageName]string{"agent": "x/agent"},
	}
}

// twoGroups pins an image of each group.
func twoGroups(tag string) []ledger.Change {
	return []ledger.Change{
		{Group: group(), Pins: changes{"api": version("shop/api", tag, digest1)}},
		{Group: sidecars(), Pins: changes{"agent": version("x/agent", tag, digest2)}},
	}
}

func TestSeveralGroupsAreReadAtOnce(t *testing.T) {
	s := &scripted{Store: memory()}
	l := &ledger.Ledger{Store: s}
	receipts := expect.Value(l.UpdateAll(t.Context(), twoGroups("1"), ledger.Why{}))(t)
	if s.calls != 3 || len(receipts) != 2 {
		t.Errorf("%d calls, %+v", s.calls, receipts)
	}
	expect.Equal(t, `{"x/agent":"1@`+string(digest2)+`"}`, receipts[1].Value)
	book := expect.Value(l.Read(t.Context(), group(), sidecars()))(t)
	var images []tagboat.ImageName
	for _, pin := range book.Pins("dev") {
		images = append(images, pin.Image)
	}
	expect.Equal(t, []tagboat.ImageName{"agent", "api"}, images)
	expect.EqualIn(t, "a key of its own counts as somebody else's", 0, len(book.Entries[1].Others))
}

func TestOneGroupStillCostsTwoCalls(t *testing.T) {
	s := &scripted{Store: memory()}
	if _, err := (&ledger.Ledger{Store: s}).UpdateAll(t.Context(), twoGroups("1")[:1], ledger.Why{}); err != nil || s.calls != 2 {
		t.Errorf("%d calls, %v", s.calls, err)
	}
}

func TestNothingIsWrittenWhereOneGroupCannotBe(t *testing.T) {
	m := memory()
	expect.Value(m.Put(t.Context(), ledger.Put{Name: "/containers/generic", Value: "text"}))(t)
	s := &scripted{Store: m}
	_, err := (&ledger.Ledger{Store: s}).UpdateAll(t.Context(), twoGroups("1"), ledger.Why{})
	if tagboat.KindOf(err) != tagboat.Usage || len(s.puts) != 0 {
		t.Errorf("%d writes, %v", len(s.puts), err)
	}
}

// failing is a Store whose writes of one parameter fail.
type failing struct {
	*scripted
	parameter string
}

var errDown = errors.New("down")

func (s failing) Put(ctx context.Context, p ledger.Put) (int64, error) {
	if p.Name == s.parameter {
		return 0, errDown
	}
	return s.scripted.Put(ctx, p)
}

func TestTheSameCommandCompletesWhatFailedMidway(t *testing.T) {
	s := &scripted{Store: memory()}
	receipts, err := (&ledger.Ledger{Store: failing{s, "/containers/generic"}}).UpdateAll(t.Context(), twoGroups("1"), ledger.Why{})
	if !errors.Is(err, errDown) || len(receipts) != 1 || !strings.Contains(err.Error(), "1 of 2 groups are written, and the same command does the rest; group generic") {
		t.Fatalf("%+v, %v", receipts, err)
	}
	receipts = expect.Value((&ledger.Ledger{Store: s}).UpdateAll(t.Context(), twoGroups("1"), ledger.Why{}))(t)
	written := []bool{receipts[0].Written, receipts[1].Written}
	if !slices.Equal(written, []bool{false, true}) {
		t.Errorf("written again: %v", written)
	}
}

// TestReadAheadIsNotBelievedTwice: somebody writes the second group between the read for
// all and its write. That update must not be lost.
func TestReadAheadIsNotBelievedTwice(t *testing.T) {
	m := memory()
	s := &scripted{Store: m}
	s.beforePut = []func(){func() {}, func() {
		other := sidecars()
		other.Images = map[tagboat.ImageName]tagboat.Reference{"other": repository("x/other")}
		update(t, m, other, changes{"other": version("x/other", "9", digest1)})
	}}
	expect.Value((&ledger.Ledger{Store: s}).UpdateAll(t.Context(), twoGroups("1"), ledger.Why{}))(t)
	got := expect.Value(m.Get(t.Context(), []string{"/containers/generic"}))(t)
	want := `{"other":"9@` + string(digest1) + `","x/agent":"1@` + string(digest2) + `"}`
	expect.Equal(t, want, compact(t, got["/containers/generic"].Value))
}
