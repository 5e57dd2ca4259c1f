package deploy

import (
	"context"

	"github.com/tagboat/tagboat"
)

// Explain says why the newest deployment of a service does not go well, most likely
// cause first. The list is empty where nothing speaks against it.
func Explain(ctx context.Context, t Target) ([]tagboat.Cause, error) {
	observed, err := look(ctx, []Target{t}, func(context.Context, Target, *Observed) error { return nil })
	if err != nil {
		return nil, err
	}
	if problems := obstacles(t.Desired, observed[0]); len(problems) > 0 {
		return nil, tagboat.Usagef("%s", problems[0].Message).WithHint("%s", problems[0].Hint)
	}
	primary, ok := observed[0].primary()
	if !ok {
		return nil, nil
	}
	g := gatherer{client: t.Client, desired: t.Desired, deployment: readServiceRecord(*observed[0].Service).Current}
	return g.causes(ctx, *observed[0].Service, primary), nil
}
