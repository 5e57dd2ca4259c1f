package adopt

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// proposer writes lines of tagboat.yaml that are missing.
type proposer struct{ *Adoption }

// propose returns lines of tagboat.yaml that would cover what it does not: an image for
// each key, and the parameters where they are. It returns "" where all is covered.
func (a proposer) propose(sources []source, m matching) string {
	if len(m.uncovered) == 0 {
		return ""
	}
	names := a.proposedNames(m.uncovered)
	var b strings.Builder
	b.WriteString("images:\n")
	for _, key := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&b, "  %s: {repository: %q}\n", names[key], a.proposedRepository(key, m.uncovered))
	}
	var groups []string
	for _, s := range sources {
		if line := a.proposedGroup(s, names); line != "" && !slices.Contains(groups, line) {
			groups = append(groups, line)
		}
	}
	if len(groups) > 0 {
		b.WriteString("ledger:\n  groups:\n" + strings.Join(groups, ""))
	}
	return b.String()
}

// proposedNames returns a name for the image of each key: its last part, or all of it
// where that is taken.
func (a proposer) proposedNames(uncovered []tagboat.UncoveredKey) map[string]string {
	names := map[string]string{}
	taken := map[string]bool{}
	for name := range a.Fleet.Config.Images {
		taken[string(name)] = true
	}
	for _, u := range uncovered {
		if _, done := names[u.Key]; done || !tagboat.ValidImageName(u.Key) {
			continue
		}
		name := path.Base(u.Key)
		if taken[name] {
			name = u.Key
		}
		names[u.Key], taken[name] = name, true
	}
	return names
}

// proposedRepository is what the value names, where it names one, and else the key.
func (a proposer) proposedRepository(key string, uncovered []tagboat.UncoveredKey) string {
	for _, u := range uncovered {
		if u.Key != key || !strings.Contains(u.Value, "/") {
			continue
		}
		if ref, err := tagboat.ParseReference(u.Value); err == nil {
			return strings.TrimPrefix(ref.Name(), a.Fleet.Config.Registry+"/")
		}
	}
	return key
}

// proposedGroup returns the line of a group that has its pins where a source is, and ""
// where there is such a group, or nothing to put into it.
func (a proposer) proposedGroup(s source, names map[string]string) string {
	if slices.Contains(a.Fleet.Layout().Parameters(s.env), s.parameter) {
		return ""
	}
	var images []string
	byRepository := false
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if name, ok := names[key]; ok {
			images = append(images, name)
			byRepository = byRepository || name != key
		}
	}
	if len(images) == 0 {
		return ""
	}
	extra := ""
	if byRepository {
		extra += ", key: " + string(config.ByRepository)
	}
	note := ""
	switch form := formOf(s.values); form {
	case ledger.FormTag:
		note = "    # its readers expect tags alone; form: tag keeps that, without digests\n"
	case ledger.FormURI, ledger.FormDigest:
		extra += ", form: " + string(form)
	}
	return note + fmt.Sprintf("    %s: {images: [%s], path: %q%s}\n", path.Base(s.parameter), strings.Join(images, ", "), a.pattern(s), extra)
}

// formOf returns the form of values.
func formOf(values map[string]string) ledger.Form {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		switch value := values[key]; {
		case strings.Contains(value, "/"):
			return ledger.FormURI
		case strings.HasPrefix(value, "sha256:"):
			return ledger.FormDigest
		case !strings.Contains(value, "@"):
			return ledger.FormTag
		}
	}
	return ledger.FormTagDigest
}

// pattern returns the path of a source with the parts of it that are its environment's.
func (a proposer) pattern(s source) string {
	parts := strings.Split(s.parameter, "/")
	for i, part := range parts {
		switch part {
		case "":
		case string(s.env.Name):
			parts[i] = "{environment}"
		case string(s.env.Stage):
			parts[i] = "{stage}"
		case s.env.Tenant:
			parts[i] = "{tenant}"
		}
	}
	return strings.Join(parts, "/")
}
