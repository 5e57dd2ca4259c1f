package gate

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/registry"
)

// labels asks for labels of the image's config or annotations of its manifest. One of
// both is enough.
func labels(required []config.RequiredLabel, v registry.Version) Result {
	var wrong, right []string
	for _, l := range required {
		label, labelled := v.Labels[l.Name]
		annotation, annotated := v.Annotations[l.Name]
		switch {
		case labelled && l.Matches(label):
			right = append(right, l.Name+"="+short(label))
		case annotated && l.Matches(annotation):
			right = append(right, l.Name+"="+short(annotation))
		case labelled:
			wrong = append(wrong, fmt.Sprintf("its label %s is %q and should be %q", l.Name, short(label), l.Value))
		case annotated:
			wrong = append(wrong, fmt.Sprintf("its annotation %s is %q and should be %q", l.Name, short(annotation), l.Value))
		default:
			wrong = append(wrong, fmt.Sprintf("it has no label or annotation %s", l.Name))
		}
	}
	if len(wrong) == 0 {
		return Result{Gate: "labels", Passed: true, Reason: "it has " + strings.Join(right, ", ")}
	}
	return Result{
		Gate: "labels", Reason: strings.Join(wrong, "; "),
		Hint: fmt.Sprintf("build it with the label: docker build --label %s=…", required[0].Name),
	}
}

// longestValue is how much of a label is shown: whoever pushed the image wrote it.
const longestValue = 100

func short(value string) string {
	if len(value) <= longestValue {
		return value
	}
	return strings.ToValidUTF8(value[:longestValue], "") + "…"
}
