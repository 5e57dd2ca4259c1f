package ledger

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/tagboat/tagboat"
)

// patience is how often a write is tried again because others came between. Each of
// those times somebody else's write was a success.
const patience = 50

// writer is one run of the protocol.
type writer struct {
	store    Store
	group    Group
	want     values
	why      Why
	head     int64 // the newest version that we know of
	wrote    int64 // the version with which we wrote what we want; 0 until then
	repaired bool
	calls    int
}

func (w *writer) update(ctx context.Context) (Receipt, error) {
	for range patience {
		v, whole, err := w.read(ctx)
		if err != nil {
			return Receipt{}, err
		}
		if !whole {
			return w.settle(ctx)
		}
		if v.has(w.want) {
			return w.receipt(v, w.head, false)
		}
		head, next := w.head, v.with(w.want)
		version, err := w.put(ctx, head, next, w.want)
		if errors.Is(err, ErrExists) {
			continue
		}
		if err != nil {
			return Receipt{}, err
		}
		w.head, w.wrote = version, version
		if version == head+1 {
			return w.receipt(next, version, true)
		}
		return w.settle(ctx)
	}
	return Receipt{}, errBusy(w.group.Parameter)
}

// settle ends a run whose outcome only the history tells: it repairs what is torn, and
// writes what we want where that is still to do.
func (w *writer) settle(ctx context.Context) (Receipt, error) {
	for try := range patience {
		if err := giveWay(ctx, try); err != nil {
			return Receipt{}, err
		}
		history, s, err := w.history(ctx)
		if err != nil {
			return Receipt{}, err
		}
		next, set := s.values, values{}
		if w.wrote == 0 && !next.has(w.want) {
			next, set = next.with(w.want), w.want
		}
		if len(set) == 0 && maps.Equal(next, s.stored) {
			return w.settled(s.head.Version, s, history)
		}
		version, err := w.put(ctx, s.head.Version, next, set)
		if errors.Is(err, ErrExists) {
			continue
		}
		if err != nil {
			return Receipt{}, err
		}
		w.head = version
		if len(set) > 0 {
			w.wrote = version
		}
		w.repaired = w.repaired || s.torn()
		if version == s.head.Version+1 {
			s.values = next
			return w.settled(version, s, history)
		}
	}
	return Receipt{}, errBusy(w.group.Parameter)
}

// giveWay waits a random time, longer with each try, so that of many writers at once one
// comes through undisturbed.
func giveWay(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	longest := min(25*time.Millisecond<<min(try, 10), 3*time.Second)
	return sleep(ctx, rand.N(longest))
}

func (w *writer) settled(version int64, s state, history []Parameter) (Receipt, error) {
	r, err := w.receipt(s.values, version, w.wrote > 0)
	r.Overtaken = w.group.overtaken(w.want, s, history)
	return r, err
}

func (w *writer) receipt(v values, version int64, written bool) (Receipt, error) {
	pins, err := w.group.pins(v, version)
	for i, pin := range pins {
		key := w.group.key(pin.Image)
		if mine, ok := w.want[key]; ok && written && v[key] == mine {
			pins[i].SetBy, pins[i].Message = w.why.Actor, w.why.Message
		}
	}
	return Receipt{
		Parameter: w.group.Parameter, Version: version, Value: v.String(), Written: written, Wrote: w.wrote,
		Pins: pins, Repaired: w.repaired, Calls: w.calls,
	}, err
}

func errBusy(parameter string) error {
	return tagboat.Errorf(tagboat.Internal, "parameter %s changes too often", parameter).
		WithHint("find out who writes it: aws ssm get-parameter-history --name %s", parameter)
}
