package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// How long things take by the sandbox's clock.
const (
	moment    = time.Second     // between two events
	pollEvery = 5 * time.Second // for what takes longer
	patience  = 3 * time.Hour   // with a resource that does not settle
)

// work is one operation on a stack.
type work struct {
	Kind       string // create, update or delete
	Phase      string // forward, back, cleanup or delete
	Caller     wire.Caller
	Host       string
	Token      string // ClientRequestToken
	Due        time.Time
	Before     spec
	NoRollback bool
	Queue      []string             // resources to come
	Current    string               // the one that is worked on; "" between two
	Doing      string               // create, replace, update, restore or delete
	Changed    []string             // its properties that change
	Begun      bool                 // the call was made
	Since      time.Time            // when that was
	Was        map[string]*resource // what was touched, as it was before; nil: not there
	Touched    []string
	Overwrites map[string]actual // drift that is brought back, by resource
}

// worker goes on with the work of one stack.
type worker struct {
	*Service
	ctx  context.Context
	st   *stack
	work *work
	at   time.Time // when what it does was due
	now  time.Time
}

// step does the next thing that is due.
func (w worker) step() {
	w.work.Due = w.at.Add(moment)
	switch {
	case w.work.Current != "" && !w.work.Begun:
		w.begin()
	case w.work.Current != "":
		w.poll()
	case w.work.Phase == "cleanup" && len(w.st.Leftover) > 0:
		w.remove(w.st.Leftover[0], w.st.Leftover[0].Keep)
	case len(w.work.Queue) > 0:
		logical := w.work.Queue[0]
		w.work.Queue = w.work.Queue[1:]
		w.next(logical)
	default:
		w.finish()
	}
}

// target returns the resource that is worked on.
func (w worker) target() *resource {
	if w.work.Phase == "cleanup" {
		return w.st.Leftover[0]
	}
	return w.st.Resources[w.work.Current]
}

func (w worker) next(logical string) {
	switch w.work.Phase {
	case "forward":
		if err := w.forward(logical); err != nil {
			w.fail(reasonOf(err))
		}
	case "back":
		w.back(logical)
	case "delete":
		r := w.st.Resources[logical]
		keep := r.OnDelete == "Retain" || r.OnDelete == "RetainExceptOnCreate" && w.work.Kind == "delete"
		w.remove(r, keep)
	}
}

// forward brings a resource to what the template says.
func (w worker) forward(logical string) error {
	t := w.st.Spec.template()
	declared, env := t.Resources[logical], w.st.env(w.Service, t, w.st.Spec.values())
	if holds, err := env.Condition(declared.Condition); err != nil || !holds {
		w.work.Due = w.at
		return err
	}
	old := w.st.Resources[logical]
	r := &resource{Logical: logical, Type: declared.Type, Properties: map[string]any{}}
	if old != nil {
		*r = *old
	}
	r.Metadata, r.Needs, r.OnDelete, r.OnReplace = template.Plain(declared.Metadata), t.Needs(logical), declared.DeletionPolicy, declared.UpdateReplacePolicy
	shape, err := env.Properties(declared)
	if err == nil && !w.judge(old, r, shape) {
		w.st.Resources[logical] = r
		w.work.Due = w.at
		return nil
	}
	w.st.Resources[logical] = r
	w.work.Current, w.work.Begun = logical, false
	w.work.Touched = append(w.work.Touched, logical)
	w.work.Was[logical] = w.really(old)
	if err != nil {
		return err
	}
	resolved, err := w.resolve(shape)
	if err != nil {
		return err
	}
	r.Shape, r.Properties = shape, resolved.(map[string]any) //nolint:forcetypeassert // a map stays one
	reason := ""
	if w.work.Doing == "replace" {
		reason = "Requested update requires the creation of a new physical resource; hence creating one."
	}
	w.st.tell(r, w.at, w.verb()+"_IN_PROGRESS", reason)
	return kindOf(r.Type).check(logical, r.Properties)
}

// judge says what is to be done with a resource, and false if nothing is.
func (w worker) judge(old, r *resource, shape map[string]any) bool {
	w.work.Doing = "create"
	if old == nil || old.Physical == "" {
		w.work.Changed = differences(nil, shape)
		return true
	}
	w.work.Doing, w.work.Changed = "update", differences(old.Shape, shape)
	drifted := w.work.Overwrites[r.Logical]
	for _, name := range slices.Sorted(maps.Keys(drifted.Drifted)) {
		if !slices.Contains(w.work.Changed, name) && shape[name] != nil {
			w.work.Changed = append(w.work.Changed, name)
		}
	}
	switch {
	case drifted.Status == "DELETED":
		w.work.Doing, w.work.Changed = "replace", slices.Sorted(maps.Keys(shape))
	case old.Status == "UPDATE_FAILED":
		w.work.Changed = slices.Sorted(maps.Keys(shape))
	case len(w.work.Changed) == 0 && template.Same(old.Metadata, r.Metadata):
		return false
	case len(w.work.Changed) == 0:
		w.work.Doing = "restore" // its metadata alone
	case slices.ContainsFunc(w.work.Changed, kindOf(r.Type).replaces):
		w.work.Doing = "replace"
	}
	return true
}

// really returns a resource as it was before drift is brought back, so that a rollback brings what
// there really was.
func (w worker) really(old *resource) *resource {
	if old == nil || len(w.work.Overwrites[old.Logical].Drifted) == 0 {
		return old
	}
	was := *old
	was.Properties = maps.Clone(old.Properties)
	maps.Copy(was.Properties, w.work.Overwrites[old.Logical].Drifted)
	return &was
}

// back brings a resource to what it was.
func (w worker) back(logical string) {
	was, r := w.work.Was[logical], w.st.Resources[logical]
	if was == nil || was.Physical == "" {
		delete(w.st.Resources, logical)
		if r.Physical != "" {
			r.Keep = r.OnDelete == "Retain"
			w.st.Leftover = append(w.st.Leftover, r)
		}
		return
	}
	restored := *was
	restored.Request = r.Request
	w.work.Current, w.work.Begun, w.work.Doing = logical, false, "update"
	if r.Physical != was.Physical {
		w.st.Leftover = slices.DeleteFunc(w.st.Leftover, func(l *resource) bool { return l.Logical == logical && l.Physical == was.Physical })
		r.Keep = false
		w.st.Leftover = append(w.st.Leftover, r)
		w.work.Doing = "restore"
	}
	all := maps.Clone(was.Properties)
	maps.Copy(all, r.Properties)
	w.work.Changed = slices.DeleteFunc(slices.Sorted(maps.Keys(all)), kindOf(r.Type).replaces)
	w.st.Resources[logical] = &restored
	w.st.tell(&restored, w.at, "UPDATE_IN_PROGRESS", "")
}

// remove begins to delete a resource.
func (w worker) remove(r *resource, keep bool) {
	w.work.Current, w.work.Begun, w.work.Doing = r.Logical, false, "delete"
	switch {
	case keep:
		w.st.tell(r, w.at, "DELETE_SKIPPED", "")
		w.over()
	case r.Physical == "":
		w.st.tell(r, w.at, "DELETE_COMPLETE", "")
		w.over()
	default:
		w.st.tell(r, w.at, "DELETE_IN_PROGRESS", "")
	}
}

// over ends the work on the current resource.
func (w worker) over() {
	if w.work.Phase == "cleanup" {
		w.st.Leftover = w.st.Leftover[1:]
	}
	w.work.Current = ""
}

// verb is how events call what is done.
func (w worker) verb() string {
	return map[string]string{"create": "CREATE", "delete": "DELETE"}[w.work.Doing] + map[bool]string{true: "UPDATE"}[w.work.Doing != "create" && w.work.Doing != "delete"]
}

// begin makes the call.
func (w worker) begin() {
	r := w.target()
	if w.work.Doing == "create" || w.work.Doing == "replace" {
		r.Deployment, r.Request = "", nil
	}
	if w.work.Doing != "restore" {
		if err := kindOf(r.Type).act(w, r); err != nil {
			w.fail(reasonOf(err))
			return
		}
	}
	w.work.Begun, w.work.Since = true, w.at
	if w.work.Doing == "create" || w.work.Doing == "replace" {
		w.st.tell(r, w.at, w.verb()+"_IN_PROGRESS", "Resource creation Initiated")
	}
}

// reasonOf words what another service answered as CloudFormation does, and what is CloudFormation's
// own as it is.
func reasonOf(err error) string {
	var refused *wire.Error
	switch {
	case !errors.As(err, &refused):
		return err.Error()
	case refused.Code == invalid:
		return refused.Message
	}
	code := "InvalidRequest"
	for part, name := range map[string]string{"AccessDenied": "AccessDenied", "NotFound": "NotFound", "AlreadyExists": "AlreadyExists"} {
		if strings.Contains(refused.Code, part) {
			code = name
		}
	}
	return fmt.Sprintf("Resource handler returned message: %q (RequestToken: %s, HandlerErrorCode: %s)", refused.Message, wire.NewID(), code)
}

// poll looks whether a resource has settled.
func (w worker) poll() {
	r, settled := w.target(), true
	var err error
	if settle := kindOf(r.Type).settled; settle != nil && w.work.Doing != "restore" {
		settled, err = settle(w, r)
	}
	switch {
	case err != nil:
		w.fail(reasonOf(err))
	case !settled && w.now.Sub(w.work.Since) > patience:
		w.fail(`Resource handler returned message: "Exceeded attempts to wait" (RequestToken: ` + wire.NewID() + ", HandlerErrorCode: NotStabilized)")
	case !settled:
		w.work.Due = w.now.Add(pollEvery)
	default:
		reason := ""
		if isStandIn(r.Type) {
			reason = standInReason
		}
		w.st.tell(r, w.at, w.verb()+"_COMPLETE", reason)
		if was := w.work.Was[r.Logical]; w.work.Phase == "forward" && was != nil && was.Physical != "" && was.Physical != r.Physical {
			was.Keep = was.OnReplace == "Retain"
			w.st.Leftover = append(w.st.Leftover, was)
		}
		w.over()
	}
}

// fail ends the work on the current resource, and decides what follows.
func (w worker) fail(reason string) {
	r := w.target()
	verb := w.verb()
	w.st.tell(r, w.at, verb+"_FAILED", reason)
	w.over()
	told := fmt.Sprintf("The following resource(s) failed to %s: [%s]. ", strings.ToLower(verb), r.Logical)
	switch w.work.Phase {
	case "forward":
		w.turn(told)
	case "back":
		w.work.Queue = append([]string{r.Logical}, w.work.Queue...)
		w.st.set(w.at, "UPDATE_ROLLBACK_FAILED", told)
		w.st.Stuck, w.st.Work = w.work, nil
	case "delete":
		w.st.set(w.at, map[string]string{"create": "ROLLBACK_FAILED", "delete": "DELETE_FAILED"}[w.work.Kind], told)
		w.st.Work = nil
	}
}

// turn begins to roll back.
func (w worker) turn(reason string) {
	w.work.Due = w.at.Add(moment)
	switch {
	case w.work.NoRollback:
		w.st.set(w.at, strings.ToUpper(w.work.Kind)+"_FAILED", reason)
		w.st.Work = nil
	case w.work.Kind == "create":
		w.st.set(w.at, "ROLLBACK_IN_PROGRESS", reason+"Rollback requested by user.")
		w.work.Phase, w.work.Queue = "delete", w.st.reverse()
	default:
		w.st.set(w.at, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
		w.st.Spec = w.work.Before
		w.work.Phase, w.work.Queue = "back", w.work.Touched
	}
}

func (st *stack) reverse() []string {
	var names []string
	for _, r := range slices.Backward(st.inOrder()) {
		if r.Status != "DELETE_COMPLETE" && r.Status != "DELETE_SKIPPED" {
			names = append(names, r.Logical)
		}
	}
	return names
}
