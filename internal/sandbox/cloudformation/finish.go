package cloudformation

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
)

// finish ends a phase.
func (w worker) finish() {
	switch kind, phase := w.work.Kind, w.work.Phase; {
	case phase == "forward":
		w.forwardOver()
	case phase == "back":
		w.st.set(w.at, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
		w.work.Phase, w.work.Kind = "cleanup", "rollback"
	case phase == "cleanup" && kind == "rollback":
		w.end("UPDATE_ROLLBACK_COMPLETE")
	case phase == "cleanup":
		w.end("UPDATE_COMPLETE")
	case kind == "create":
		w.st.Outputs = nil
		w.end("ROLLBACK_COMPLETE")
	default:
		w.st.Outputs, w.st.Imports = nil, nil
		w.st.Deleted = w.at
		w.end("DELETE_COMPLETE")
	}
}

func (w worker) end(status string) {
	w.st.set(w.at, status, "")
	w.st.Work = nil
}

// forwardOver evaluates the outputs and leaves what the template no longer has to the cleanup.
func (w worker) forwardOver() {
	if err := w.outputs(); err != nil {
		w.turn(reasonOf(err) + " ")
		return
	}
	if w.work.Kind == "create" {
		w.end("CREATE_COMPLETE")
		return
	}
	t := w.st.Spec.template()
	env := w.st.env(w.Service, t, w.st.Spec.values())
	for _, logical := range w.st.reverse() {
		r := w.st.Resources[logical]
		if declared := t.Resources[logical]; declared != nil {
			if holds, err := env.Condition(declared.Condition); holds || err != nil {
				continue
			}
		}
		delete(w.st.Resources, logical)
		r.Keep = r.OnDelete == "Retain" || r.OnDelete == "RetainExceptOnCreate"
		w.st.Leftover = append(w.st.Leftover, r)
	}
	w.st.set(w.at, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")
	w.work.Phase = "cleanup"
}

// outputs evaluates the outputs of the template.
func (w worker) outputs() error {
	t := w.st.Spec.template()
	env := w.st.env(w.Service, t, w.st.Spec.values())
	var all []outputView
	for _, key := range slices.Sorted(maps.Keys(t.Outputs)) {
		o := t.Outputs[key]
		holds, err := env.Condition(o.Condition)
		if err != nil {
			return err
		}
		if !holds {
			continue
		}
		out := outputView{Key: key, Description: o.Description}
		if out.Value, err = env.Text(o.Value); err == nil && o.Export != nil {
			out.Export, err = env.Text(o.Export)
		}
		if err != nil {
			return err
		}
		all = append(all, out)
	}
	if err := w.exported(all); err != nil {
		return err
	}
	w.st.Outputs = all
	return nil
}

// exported holds that exports are unique, and that none changes that another stack uses.
func (w worker) exported(outputs []outputView) error {
	value := func(name string) (string, bool) {
		i := slices.IndexFunc(outputs, func(o outputView) bool { return o.Export == name })
		if i < 0 {
			return "", false
		}
		return outputs[i].Value, true
	}
	for _, other := range w.stacks {
		if other == w.st || other.Scope != w.st.Scope {
			continue
		}
		for _, o := range other.Outputs {
			if _, twice := value(o.Export); twice && o.Export != "" {
				return template.Errorf("Export with name %s is already exported by stack %s.", o.Export, other.Name)
			}
		}
		for _, o := range w.st.Outputs {
			now, still := value(o.Export)
			if o.Export != "" && slices.Contains(other.Imports, o.Export) && (!still || now != o.Value) {
				return template.Errorf("Export %s cannot be updated as it is in use by %s.", o.Export, other.Name)
			}
		}
	}
	return nil
}
