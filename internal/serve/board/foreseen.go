package board

import (
	"slices"

	"github.com/tagboat/tagboat"
)

// Foreseen is which release would come to an environment next, and which gate keeps it out, as a look at
// the gates found it last. Nothing was begun for it, so that the ledger does not have it. The zero value
// says that no release is kept out.
type Foreseen struct {
	Release string
	Waits   tagboat.GateCause
}

// Foresee shows what an environment waits for. It counts as long as nothing is begun there, and the
// release has not come.
func (b *Board) Foresee(env tagboat.EnvName, f Foreseen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.foreseen[env] == f {
		return
	}
	b.foreseen[env] = f
	is := b.seen.foresees(b.foreseen)
	if events := diff(b.state, &is, b.order); len(events) > 0 {
		b.publish(is, events)
	}
}

// foresees returns the state with what is foreseen in it.
func (s *State) foresees(all map[tagboat.EnvName]Foreseen) State {
	is := *s
	is.Document.Environments = slices.Clone(s.Document.Environments)
	for i := range is.Document.Environments {
		e := &is.Document.Environments[i]
		if f := all[e.Environment]; e.Next == "" && f.Waits != "" && f.Release != e.Release {
			e.Next, e.Waits = f.Release, f.Waits
		}
	}
	return is
}
