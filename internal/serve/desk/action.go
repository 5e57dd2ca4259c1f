package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

func kinds() []tagboat.ActionKind {
	return []tagboat.ActionKind{
		tagboat.ActionPromote, tagboat.ActionRollback, tagboat.ActionHold, tagboat.ActionUnhold, tagboat.ActionApprove, tagboat.ActionContinue, tagboat.ActionAbort,
	}
}

// check refuses actions that make no sense, whatever there is.
func check(actions []tagboat.Action) error {
	if len(actions) == 0 || len(actions) > mostActions {
		return tagboat.Usagef("a plan has 1 to %d actions, and not %d", mostActions, len(actions))
	}
	for _, a := range actions {
		if !slices.Contains(kinds(), a.Kind) {
			return tagboat.Usagef("there is no action %q", a.Kind).WithHint("%s", tagboat.Suggest(string(a.Kind), texts(kinds())))
		}
		if err := checkOne(a); err != nil {
			return err
		}
	}
	return nil
}

func texts[T ~string](all []T) []string {
	list := make([]string, len(all))
	for i, one := range all {
		list[i] = string(one)
	}
	return list
}

// checkOne refuses fields that an action of its kind does not have, so that none is ignored.
func checkOne(a tagboat.Action) error {
	all := tagboat.ActionKind("")
	fields := []struct {
		name string
		set  bool
		of   []tagboat.ActionKind // that have it; "" stands for all
	}{
		{"environments", len(a.Environments) > 0, []tagboat.ActionKind{all}},
		{"stage", a.Stage != "", []tagboat.ActionKind{tagboat.ActionApprove, tagboat.ActionPromote}},
		{"release", a.Release != "", []tagboat.ActionKind{tagboat.ActionPromote, tagboat.ActionRollback, tagboat.ActionApprove}},
		{"services", len(a.Services) > 0, []tagboat.ActionKind{tagboat.ActionRollback, tagboat.ActionContinue}},
		{"images", len(a.Images) > 0, []tagboat.ActionKind{tagboat.ActionHold, tagboat.ActionUnhold}},
		{"at", a.At != nil, []tagboat.ActionKind{tagboat.ActionRollback}},
		{"until", a.Until != nil, []tagboat.ActionKind{tagboat.ActionHold}},
		{"back", a.Back, []tagboat.ActionKind{tagboat.ActionContinue}},
		{"revoke", a.Revoke, []tagboat.ActionKind{tagboat.ActionApprove}},
		{"message", a.Message != "", slices.DeleteFunc(kinds(), func(k tagboat.ActionKind) bool { return k == tagboat.ActionContinue })},
	}
	for _, f := range fields {
		if f.set && !slices.Contains(f.of, all) && !slices.Contains(f.of, a.Kind) {
			return tagboat.Usagef("%s has no field %q", a.Kind, f.name).WithHint("leave it out")
		}
	}
	switch {
	case a.Kind == tagboat.ActionApprove && (a.Release == "" || a.Stage == ""):
		return tagboat.Usagef("an approval needs a release and a stage")
	case a.Kind == tagboat.ActionPromote && (len(a.Environments) == 0) == (a.Stage == ""):
		return tagboat.Usagef("a promotion needs either environments or a stage")
	case a.Kind != tagboat.ActionApprove && a.Kind != tagboat.ActionPromote && len(a.Environments) == 0:
		return tagboat.Usagef("%s needs environments", a.Kind)
	case a.Release != "" && a.Kind == tagboat.ActionRollback && (len(a.Services) > 0 || a.At != nil):
		return tagboat.Usagef("a release is of all services, and has its own time").WithHint("leave out either release, or services and at")
	}
	return nil
}

// command returns what does the same in a terminal.
func command(a tagboat.Action) string {
	parts := []string{"tagboat", string(a.Kind)}
	add := func(flag, value string) {
		if value != "" {
			parts = append(parts, flag, quoted(value))
		}
	}
	if a.Release != "" && a.Kind != tagboat.ActionRollback {
		parts = append(parts, quoted(a.Release))
	}
	if a.Kind == tagboat.ActionAbort {
		parts = []string{"tagboat", "promote", "--abort"}
	}
	add("--to", string(a.Stage))
	add("--env", strings.Join(texts(a.Environments), ","))
	if a.Kind == tagboat.ActionRollback {
		add("--to", a.Release)
	}
	if a.At != nil {
		add("--to", a.At.UTC().Format(time.RFC3339))
	}
	if a.Until != nil {
		add("--until", a.Until.UTC().Format(time.RFC3339))
	}
	if a.Back {
		parts = append(parts, "--rollback")
	}
	if a.Revoke {
		parts = append(parts, "--revoke")
	}
	add("-m", a.Message)
	for _, name := range slices.Concat(texts(a.Services), texts(a.Images)) {
		parts = append(parts, quoted(name))
	}
	return strings.Join(parts, " ")
}

// quoted returns a text as a shell takes it for one word.
func quoted(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:,@=+", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return fmt.Sprintf("'%s'", strings.ReplaceAll(text, "'", `'\''`))
}
