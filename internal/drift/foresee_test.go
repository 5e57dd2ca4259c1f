package drift_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/drift"
	"github.com/tagboat/tagboat/internal/expect"
)

func version(tag string) tagboat.Observed { return tagboat.Observed{Tag: tag} }

// facts are those of a service at web:2 with v2, which is pinned, whose stack has web:1 with v1.
func facts(change func(f *drift.Facts, i *drift.ImageFacts)) drift.Facts {
	f := drift.Facts{Service: "web", Stack: cfn.Stack{Name: "shop", Status: "UPDATE_COMPLETE"}, Deployed: "a/web:2", Owned: "a/web:1"}
	i := drift.ImageFacts{Container: "app", Image: "web", Pinned: version("v2"), Deployed: version("v2"), Templated: version("v1"), Resolved: version("v1"), Known: true}
	change(&f, &i)
	f.Images = append(f.Images, i)
	return f
}

func status(s string) func(*drift.Facts, *drift.ImageFacts) {
	return func(f *drift.Facts, _ *drift.ImageFacts) { f.Stack.Status = s }
}

// unknown has an image that comes from something, and is not known.
func unknown(s template.Source) func(*drift.Facts, *drift.ImageFacts) {
	return func(_ *drift.Facts, i *drift.ImageFacts) {
		i.Resolved, i.Known, i.Sources = tagboat.Observed{}, false, []template.Source{s}
	}
}

func literal(text string, known bool) func(*drift.Facts, *drift.ImageFacts) {
	return func(f *drift.Facts, _ *drift.ImageFacts) {
		f.Owned, f.Literal = "", template.Text{Value: text, Known: known}
	}
}

// What the worlds of the other tests do not have: states of stacks, and images that nobody can tell.
func TestForesee(t *testing.T) {
	pins := template.Source{Kind: template.Attribute, Name: "Pins", Attribute: "web", Type: "Custom::TagboatPins"}
	const stays = "; the service stays at web:2, which was deployed past the stack"
	for _, c := range []struct {
		name                   string
		facts                  func(*drift.Facts, *drift.ImageFacts)
		effects                [3]tagboat.Effect
		update, change, revert string
	}{
		{
			"at work", status("UPDATE_IN_PROGRESS"), [3]tagboat.Effect{"blocked", "blocked", "blocked"},
			"stack shop is in UPDATE_IN_PROGRESS and cannot be updated: wait until it has ended, then run the same command: aws cloudformation describe-stacks --stack-name shop", "", "",
		},
		{
			"never created", status("REVIEW_IN_PROGRESS"), [3]tagboat.Effect{"blocked", "blocked", "blocked"},
			"stack shop is in REVIEW_IN_PROGRESS and cannot be updated: it has a change set and no resources yet: execute that, or delete the stack: aws cloudformation delete-stack --stack-name shop", "", "",
		},
		{
			"stuck", status("UPDATE_ROLLBACK_FAILED"), [3]tagboat.Effect{"blocked", "blocked", "blocked"},
			"stack shop is in UPDATE_ROLLBACK_FAILED and cannot be updated: fix what keeps it from rolling back, then: aws cloudformation continue-update-rollback --stack-name shop; what failed is among its events: aws cloudformation describe-stack-events --stack-name shop", "", "",
		},
		{
			"failed to be created", status("ROLLBACK_COMPLETE"), [3]tagboat.Effect{"blocked", "blocked", "blocked"},
			"stack shop is in ROLLBACK_COMPLETE and cannot be updated: it was never created completely, and can only be deleted: aws cloudformation delete-stack --stack-name shop, then create it again from its template; what failed is among its events: aws cloudformation describe-stack-events --stack-name shop", "", "",
		},
		{
			"a custom resource", unknown(pins), [3]tagboat.Effect{"nothing", "other", "other"},
			"the next update of stack shop with the same template and values changes nothing of the service: Pins is asked again only where one of its properties changes" + stays,
			"an update that changes the template's task definition puts app back to v1 (Pins answered so last) and resets the service from web:2, which was deployed past the stack",
			"a drift-reverting change set puts the service back from web:2 to the stack's revision web:1, which has app v1",
		},
		{
			"a custom resource that is asked", func(f *drift.Facts, i *drift.ImageFacts) { unknown(pins)(f, i); f.Asked = []string{"Pins"} },
			[3]tagboat.Effect{"unknown", "unknown", "unknown"},
			"the next update of stack shop asks Pins again, whose answer is unknown",
			"which version an update that changes the template's task definition brings is unknown: app comes from the attribute web of Pins (Custom::TagboatPins)",
			"a drift-reverting change set asks Pins again, whose answer is unknown",
		},
		{
			"an export in use", unknown(template.Source{Kind: template.Import, Name: "image"}), [3]tagboat.Effect{"nothing", "other", "other"},
			"the next update of stack shop with the same template and values changes nothing of the service" + stays,
			"an update that changes the template's task definition puts app back to v1 (the template says so) and resets the service from web:2, which was deployed past the stack",
			"a drift-reverting change set puts the service back from web:2 to the stack's revision web:1, which has app v1",
		},
		{
			"a secret", unknown(template.Source{Kind: template.Dynamic, Name: "image", Reference: template.Reference{Service: "secretsmanager", Name: "image"}}),
			[3]tagboat.Effect{"nothing", "unknown", "other"},
			"the next update of stack shop with the same template and values changes nothing of the service" + stays,
			"which version an update that changes the template's task definition brings is unknown: app comes from the reference {{resolve:secretsmanager:image}}",
			"a drift-reverting change set puts the service back from web:2 to the stack's revision web:1, which has app v1",
		},
		{
			"the template names a revision", literal("web:1", true), [3]tagboat.Effect{"nothing", "other", "other"},
			"the next update of stack shop changes nothing: the template names the task definition web:1, whatever it has" + stays,
			"an update that changes the task definition which the template names resets the service from web:2, and so may one that changes the service otherwise",
			"a drift-reverting change set puts the service back from web:2 to web:1, which the template names",
		},
		{
			"the template names this revision", literal("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2", true), [3]tagboat.Effect{"nothing", "nothing", "nothing"},
			"the next update of stack shop changes nothing: the template names the task definition arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2, whatever it has",
			"an update that changes the service keeps it at web:2, which the template names",
			"a drift-reverting change set keeps the service at web:2",
		},
		{
			"the template names a family", literal("web", true), [3]tagboat.Effect{"nothing", "unknown", "unknown"},
			"the next update of stack shop changes nothing: the template names the task definition web, whatever it has",
			"an update that changes the service brings the latest revision of the family web at that time",
			"what a drift-reverting change set does is unknown: the template names a family without a revision",
		},
		{
			"nested", func(f *drift.Facts, i *drift.ImageFacts) {
				f.Stack.Parent, f.Moves, i.Resolved = "arn", true, version("v2")
			},
			[3]tagboat.Effect{"same", "same", "same"},
			"the next update of stack shop, which comes with that of the stack that it is nested in, registers a new revision with the versions that are deployed and resets the service from web:2, which was deployed past the stack",
			"an update that changes the template's task definition registers a new revision with the versions that are deployed and resets the service from web:2, which was deployed past the stack",
			"a drift-reverting change set registers a new revision with the versions that are deployed and resets the service from web:2, which was deployed past the stack",
		},
		{
			"the stack's revision is gone", func(f *drift.Facts, _ *drift.ImageFacts) { f.Gone = true }, [3]tagboat.Effect{"nothing", "other", "other"},
			"the next update of stack shop with the same template and values changes nothing of the service" + stays,
			"an update that changes the template's task definition puts app back to v1 (the template says so) and resets the service from web:2, which was deployed past the stack",
			"a drift-reverting change set puts app back to v1 (the template says so) and resets the service from web:2, which was deployed past the stack",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			update, change, revert := drift.Foresee(facts(c.facts))
			expect.Equal(t, c.effects, [3]tagboat.Effect{update.Effect, change.Effect, revert.Effect})
			want := []string{c.update, c.change, c.revert}
			if c.change == "" {
				want = []string{c.update, c.update, c.update}
			}
			expect.Equal(t, want, []string{update.Text, change.Text, revert.Text})
		})
	}
}
