package watch_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/watch"
)

// desk is a board, and what became of messages.
type desk struct {
	watch.Board
	now  time.Time
	done map[string]string // by message: "done", or why it comes again
}

func newDesk() *desk {
	return &desk{Board: watch.Board{Settle: 5 * time.Second}, now: noon, done: map[string]string{}}
}

// push joins a message about images of an environment.
func (d *desk) push(message string, env tagboat.EnvName, images ...tagboat.ImageName) {
	d.Join(d.now, []watch.Item{{Environment: env, Asked: watch.Asked{Look: true, Images: images, Words: []string{message}, Since: d.now}}}, true, func(err error) {
		d.done[message] = fmt.Sprint(err)
	})
}

// due returns what is due: ENVIRONMENT IMAGES.
func (d *desk) due() (items []watch.Item, text string) {
	items = d.Due(d.now)
	for _, i := range items {
		text += fmt.Sprintf("%s %v;", i.Environment, i.Images)
	}
	return items, text
}

func (d *desk) later(by time.Duration) { d.now = d.now.Add(by) }

// A steady stream of pushes cannot put a look off: it is due once the first hint has settled.
func TestAStreamOfPushesStarvesNobody(t *testing.T) {
	d := newDesk()
	for i := range 4 {
		d.push(fmt.Sprint("m", i), "dev", tagboat.ImageName(fmt.Sprint("i", i)))
		_, text := d.due()
		expect.Equal(t, "", text)
		d.later(time.Second)
	}
	d.later(time.Second)
	items, text := d.due()
	expect.Equal(t, "dev [i0 i1 i2 i3];", text)
	expect.Equal(t, noon, items[0].Since)
	expect.Equal(t, []string{"m0", "m1", "m2"}, items[0].Words)
	expect.Equal(t, 1, items[0].More)
}

// What comes while an environment is worked on waits for the end of that, and each message for its own look.
func TestOneLookAtATime(t *testing.T) {
	d := newDesk()
	d.push("a", "dev", "api")
	d.later(5 * time.Second)
	first, text := d.due()
	expect.Equal(t, "dev [api];", text)
	d.push("b", "dev", "api")
	d.push("c", "dev", "web")
	d.push("again", "dev", "api") // b waits and is not deleted: it asks the same
	expect.Equal(t, map[string]string{"again": "<nil>"}, d.done)
	d.later(time.Hour)
	_, text = d.due()
	expect.Equal(t, "", text)
	d.Ended(d.now, "dev", first[0].Work, watch.Outcome{Served: true})
	expect.Equal(t, map[string]string{"again": "<nil>", "a": "<nil>"}, d.done)
	second, text := d.due()
	expect.Equal(t, "dev [api web];", text)
	d.Ended(d.now, "dev", second[0].Work, watch.Outcome{Again: d.now}) // it was another's promotion
	expect.Equal(t, 2, len(d.done))
	third, text := d.due()
	expect.Equal(t, "dev [api web];", text)
	d.HandBack("dev", third[0].Work, errors.New("killed"))
	expect.Equal(t, map[string]string{"again": "<nil>", "a": "<nil>", "b": "killed", "c": "killed"}, d.done)
	_, ok := d.Next()
	expect.Equal(t, false, ok)
}

// A message of two environments is done once both are.
func TestAMessageWaitsForAllItsEnvironments(t *testing.T) {
	d := newDesk()
	both := []watch.Item{{Environment: "dev", Asked: watch.Asked{Look: true}}, {Environment: "mb-dev", Asked: watch.Asked{Look: true}}}
	d.Join(d.now, both, false, func(err error) { d.done["both"] = fmt.Sprint(err) })
	items, _ := d.due()
	d.Ended(d.now, "mb-dev", items[1].Work, watch.Outcome{Served: true})
	expect.Equal(t, map[string]string{}, d.done)
	d.Ended(d.now, "dev", items[0].Work, watch.Outcome{Served: true, Again: d.now.Add(time.Hour)})
	expect.Equal(t, map[string]string{"both": "<nil>"}, d.done)
	next, _ := d.Next()
	expect.Equal(t, d.now.Add(time.Hour), next)
	d.push("sooner", "dev", "api")
	next, _ = d.Next()
	expect.Equal(t, d.now.Add(5*time.Second), next)
}

// Failures wait longer each time, whatever comes meanwhile, up to two minutes; after an hour the
// messages are handed back, and the environment is looked at still.
func TestFailuresWait(t *testing.T) {
	d := newDesk()
	d.push("a", "dev", "api")
	d.later(5 * time.Second)
	var pauses []time.Duration
	for range 10 {
		items, _ := d.due()
		d.Ended(d.now, "dev", items[0].Work, watch.Outcome{Failed: true, Err: errors.New("the registry is down")})
		d.push("b", "dev", "web")
		next, _ := d.Next()
		pauses = append(pauses, next.Sub(d.now)/time.Second)
		d.now = next
	}
	expect.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 64, 120, 120, 120}, pauses)
	expect.Equal(t, map[string]string{"b": "<nil>"}, map[string]string{"b": d.done["b"]}) // the first b answers for the others
	d.later(time.Hour)
	items, _ := d.due()
	d.Ended(d.now, "dev", items[0].Work, watch.Outcome{Failed: true, Err: errors.New("the registry is down")})
	expect.Equal(t, "the registry is down", d.done["a"])
	next, ok := d.Next()
	expect.Equal(t, true, ok)
	expect.Equal(t, 2*time.Minute, next.Sub(d.now))
}

// Looks in a row that change nothing get pauses, too.
func TestRoundsGetPauses(t *testing.T) {
	d := newDesk()
	d.push("a", "dev", "api")
	d.later(5 * time.Second)
	var pauses []time.Duration
	for range 7 {
		items, _ := d.due()
		d.Ended(d.now, "dev", items[0].Work, watch.Outcome{Again: d.now})
		next, _ := d.Next()
		pauses = append(pauses, next.Sub(d.now)/time.Second)
		d.now = next
	}
	expect.Equal(t, []time.Duration{0, 0, 0, 15, 30, 60, 120}, pauses)
}

// Where a stage lets newer releases overtake, one look runs beside another, with what that was for.
func TestOvertaking(t *testing.T) {
	d := newDesk()
	d.Overtakes = func(env tagboat.EnvName) bool { return env == "dev" }
	d.push("a", "dev", "api")
	d.later(5 * time.Second)
	first, _ := d.due()
	d.push("b", "dev", "web")
	d.later(5 * time.Second)
	second, text := d.due()
	expect.Equal(t, "dev [api web];", text)
	d.push("c", "dev", "web")
	d.later(5 * time.Second)
	_, text = d.due()
	expect.Equal(t, "", text)
	d.Ended(d.now, "dev", first[0].Work, watch.Outcome{Soon: true, Err: errors.New("overtaken")})
	expect.Equal(t, map[string]string{}, d.done)
	third, text := d.due()
	expect.Equal(t, "dev [api web];", text)
	d.HandBack("dev", second[0].Work, errors.New("overtaken"))
	d.Ended(d.now, "dev", third[0].Work, watch.Outcome{Served: true})
	expect.Equal(t, map[string]string{"a": "<nil>", "b": "<nil>", "c": "<nil>"}, d.done)
}

// TestRandomOperations holds of thousands of random steps: an environment is worked on once at a
// time, what a message asks is looked at after it came and before it is done, and each message is
// done once.
func TestRandomOperations(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 14)) //nolint:gosec // as random as a test wants it
		d := newDesk()
		type message struct {
			env    tagboat.EnvName
			image  tagboat.ImageName
			came   int
			looked bool
			done   int
		}
		var all []*message
		step := 0
		working, begun := map[tagboat.EnvName]watch.Item{}, map[tagboat.EnvName]int{}
		waits := func(m *message) bool { // for a look that did not begin
			_, at := working[m.env]
			return m.done == 0 && (!at || m.came > begun[m.env])
		}
		look := func() {
			for _, item := range d.Due(d.now) {
				if _, ok := working[item.Environment]; ok {
					t.Fatalf("seed %d: %s is worked on twice", seed, item.Environment)
				}
				working[item.Environment], begun[item.Environment] = item, step
			}
		}
		end := func(env tagboat.EnvName, o watch.Outcome) {
			item := working[env]
			delete(working, env)
			if o.Served {
				for _, m := range all {
					for _, image := range item.Images {
						m.looked = m.looked || m.env == env && m.image == image && m.came <= begun[env]
					}
				}
			}
			d.Ended(d.now, env, item.Work, o)
		}
		for step = range 200 {
			env := tagboat.EnvName(fmt.Sprint("e", r.IntN(3)))
			switch r.IntN(4) {
			case 0, 1:
				m := &message{env: env, image: tagboat.ImageName(fmt.Sprint("i", r.IntN(3))), came: step}
				guarded := slices.ContainsFunc(all, func(o *message) bool { return o.env == m.env && o.image == m.image && waits(o) })
				d.Join(d.now, []watch.Item{{Environment: env, Asked: watch.Asked{Look: true, Images: []tagboat.ImageName{m.image}}}}, true, func(error) { m.done++ })
				if m.done == 0 {
					all = append(all, m)
				} else if !guarded {
					t.Fatalf("seed %d: a message about %s in %s is done at once, and no older one waits", seed, m.image, m.env)
				}
			case 2:
				d.later(time.Duration(r.IntN(9)) * time.Second)
				look()
			case 3:
				if _, ok := working[env]; ok {
					end(env, []watch.Outcome{
						{Served: true}, {Served: true, Again: d.now.Add(time.Minute)}, {Again: d.now}, {Soon: true}, {Failed: true}, {Served: true, Soon: true},
					}[r.IntN(6)])
				}
			}
			for _, m := range all {
				if m.done > 0 && !m.looked {
					t.Fatalf("seed %d: a message about %s in %s is done before anybody looked", seed, m.image, m.env)
				}
			}
		}
		for range 20 {
			d.later(3 * time.Minute)
			look()
			for env := range working {
				end(env, watch.Outcome{Served: true})
			}
		}
		for _, m := range all {
			if m.done != 1 {
				t.Fatalf("seed %d: a message about %s in %s is done %d times", seed, m.image, m.env, m.done)
			}
		}
		if at, ok := d.Next(); ok {
			t.Fatalf("seed %d: something is due at %s after all was served", seed, at)
		}
	}
}
