package watch

import (
	"cmp"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/stage"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Watched returns the environments in scope to which automation brings something, in the order of
// their stages.
func (w *Watcher) Watched() ([]config.Environment, error) {
	all, err := w.Fleet.Environments(w.Scope)
	return slices.DeleteFunc(all, func(env config.Environment) bool {
		auto := w.Config.StageOf(env).Auto
		return auto != config.AutoNewest && auto != config.AutoUpstream
	}), err
}

// follows returns the environment whose releases an environment gets.
func (w *Watcher) follows(env config.Environment) (before config.Environment, ok bool) {
	if w.Config.StageOf(env).Auto != config.AutoUpstream {
		return before, false
	}
	before, _, ok = stage.Before(w.Config, env)
	return before, ok
}

// take puts what a message asks on the board.
func (l *loop) take(m hint.Message) {
	var all []Item
	settle := false
	for _, h := range m.Hints {
		l.Meter.Hint(h.Source)
		asked := l.asked(h)
		if len(asked) > 0 {
			l.notes.log.Debug("hint", "hint", words(h), "source", h.Source, "environments", len(asked))
		}
		all = append(all, asked...)
		settle = settle || h.Kind != hint.Tick && h.Kind != hint.Everything
	}
	l.board.Join(time.Now(), all, settle, m.Done)
}

// asked returns what a hint asks of environments. What happened to a service ends the wait for it
// where this process waits, and else is a reason to look whether the ledger has something to go on with.
func (l *loop) asked(h hint.Hint) []Item {
	asked := Asked{Words: []string{words(h)}}
	switch h.Kind {
	case hint.Everything:
		asked.Look, asked.All, asked.Routine = true, true, true
		return l.of(l.order, asked)
	case hint.Tick:
		asked.Routine = true
		return l.of(l.order, asked)
	}
	if ofECS := h.Cluster != "" || h.Service != ""; ofECS && l.Nudger != nil {
		l.Nudger.Nudge(h.Cluster, h.Service)
	}
	asked.Look = h.Repository != "" || h.Kind == hint.Pushed || h.Kind == hint.Scanned || h.Kind == hint.Replicated
	if h.Kind == hint.Pushed {
		asked.Since = h.At
	}
	var all []Item
	for _, p := range l.Index.Places(h) {
		if p.Text != "" { // a pause hook is a person's matter where no automation is, too
			l.notes.log.Warn(p.Text, "environment", p.Environment, "hint", words(h))
		}
		l.touch(p.Environment)
		if _, ok := l.watched[p.Environment]; !ok {
			continue
		}
		if !asked.Look && l.board.AtWork(p.Environment) {
			continue
		}
		its := asked
		its.Images, its.All = slices.Sorted(slices.Values(p.Images)), asked.Look && len(p.Images) == 0
		all = append(all, Item{Environment: p.Environment, Asked: its})
	}
	return all
}

// touch says that something happens in an environment.
func (l *loop) touch(env tagboat.EnvName) {
	if l.Touched != nil {
		l.Touched(env)
	}
}

// of returns the same for each environment.
func (l *loop) of(names []tagboat.EnvName, asked Asked) []Item {
	all := make([]Item, len(names))
	for i, name := range names {
		all[i] = Item{Environment: name, Asked: asked}
	}
	return all
}

// words returns what happened in a few words.
func words(h hint.Hint) string {
	switch what := repository(h); h.Kind {
	case hint.Pushed:
		return "push of " + what
	case hint.Scanned:
		return "scan of " + what
	case hint.Replicated:
		return "replication of " + what
	case hint.Deployment:
		return "deployment of " + service(h)
	case hint.Task:
		return "task of " + service(h)
	case hint.Tick:
		return "clock"
	case hint.Everything:
		return "sweep"
	default:
		return "event of " + cmp.Or(h.Repository, h.Service, h.Source)
	}
}

func repository(h hint.Hint) string {
	switch {
	case h.Tag != "":
		return h.Repository + ":" + h.Tag
	case h.Digest != "":
		return h.Repository + "@" + h.Digest.Short()
	default:
		return h.Repository
	}
}

func service(h hint.Hint) string {
	if h.Cluster == "" {
		return h.Service
	}
	return cmp.Or(h.Service, "a service") + " in cluster " + h.Cluster
}
