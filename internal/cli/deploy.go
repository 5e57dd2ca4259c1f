package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/process"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/markdown"
	"github.com/tagboat/tagboat/internal/pinning"
)

type deployOptions struct {
	targets
	versions    versions
	yes         bool
	message     string
	wait        bool
	noRollback  bool
	dryRun      bool
	resume      bool
	keepGoing   bool
	automation  bool
	timeout     time.Duration
	maxParallel int
}

func newDeploy(f *frame) *cobra.Command {
	o := deployOptions{targets: targets{changing: "deploy"}}
	cmd := &cobra.Command{
		Use:     "deploy [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE|IMAGE=VERSION...]",
		Short:   "Make the ECS services match the pins, and report how it ended",
		Long:    "Plans and checks everything before anything changes. Then it registers the task\ndefinitions that changed, updates the services and watches each rollout to its verdict.\nA rollout that fails is explained and rolled back to what ran before.\n\nIMAGE=VERSION pins the version first, as tagboat pin does, and deploys the services that\nrun the image. Nothing is pinned unless every service can be planned.\n\nServices roll in parallel. A service waits until the services in its dependsOn have\nsucceeded, or with --wait=false until they have started. Tagboat keeps AWS's rate limits.\n\nServices with deploy: {through: cloudformation} are updated through their stack, once for all\nof its services: one change set, which is checked and then executed. A change of any other\nresource needs --allow RESOURCE.",
		Example: "  tagboat deploy --env dev\n  tagboat deploy api=1.4.2 --env dev\n  tagboat deploy --stage prod api worker --timeout 20m",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.services, err = o.versions.arguments(args); err != nil {
				return err
			}
			return runDeploy(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	o.versions.flags(cmd)
	cmd.Flags().BoolVar(&o.wait, "wait", true, "watch until the rollout ends")
	workTreeFlag(cmd, &o.workTree)
	allowFlag(cmd, &o.allow)
	cmd.Flags().BoolVar(&o.noRollback, "no-rollback", false, "leave a failed rollout as it is, for inspection")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show the plan and change nothing")
	cmd.Flags().BoolVar(&o.resume, "resume", false, "only watch deployments in progress, and start none")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "stop watching after this long; the rollout continues")
	cmd.Flags().IntVar(&o.maxParallel, "max-parallel", rollout.DefaultParallel, "services that roll at the same time in one account and region")
	cmd.Flags().BoolVar(&o.keepGoing, "keep-going", true, "start others after one has failed, except those that depend on it")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the history")
	automationFlag(cmd, &o.automation)
	yesFlag(cmd, &o.yes)
	return cmd
}

func runDeploy(ctx context.Context, f *frame, o deployOptions) error {
	if o.dryRun {
		reading := o.targets
		reading.changing = ""
		return runPlan(ctx, f, planOptions{targets: reading, versions: o.versions, automation: o.automation})
	}
	if o.maxParallel < 1 || o.timeout <= 0 {
		return tagboat.Usagef("--max-parallel and --timeout must be positive")
	}
	if o.resume && len(o.versions.images) > 0 {
		return tagboat.Usagef("--resume begins nothing, and so pins nothing").WithHint("leave it out, or name services only")
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	set, prepared, err := o.versions.plan(ctx, a, selected, pinning.Request{Message: o.message, Automation: o.automation})
	if ctx.Err() != nil {
		return tagboat.Errorf(tagboat.Interrupted, "interrupted while it was planned: nothing was changed")
	}
	if err != nil {
		return err
	}
	f.Warn(set.Document().Warnings)
	if o.resume {
		return resumeDeploy(ctx, f, a, set, o)
	}
	if o.automation {
		if err := automate(ctx, a, set); err != nil {
			return err
		}
	}
	if err := screen.Problems(set.Document().Problems); err != nil {
		return err
	}
	q := screen.Question{Command: "deploy", Yes: o.yes, Automation: o.automation, Changes: screen.Planned(set.Document())}
	if err := q.Ask(ctx, f.Screen, a.Config); err != nil {
		return err
	}
	set.Message = o.message
	if err := f.pin(ctx, a, prepared); err != nil {
		return err
	}
	return carryOut(ctx, f, a, set, o)
}

// automate has a set heed what binds automation: holds, rejections and the freeze.
func automate(ctx context.Context, a *app.App, set *delivery.PlanSet) error {
	if err := a.Delivery.Automate(ctx, set); err != nil {
		return err
	}
	return a.Delivery.HeedFreeze(ctx, set)
}

// resumeDeploy watches what an earlier run left. What stands in the way of beginning anything
// counts only where nothing is left to watch.
func resumeDeploy(ctx context.Context, f *frame, a *app.App, set *delivery.PlanSet, o deployOptions) error {
	left, err := a.Delivery.UnderWay(ctx, set)
	if err != nil {
		return err
	}
	if left.Len() == 0 {
		if err := screen.Problems(set.Document().Problems); err != nil {
			return err
		}
		f.Talkf("no deployment of the pinned versions is in progress\n")
	}
	left.Message = o.message
	return carryOut(ctx, f, a, left, o)
}

// carryOut carries a plan out and tells how each service ended.
func carryOut(ctx context.Context, f *frame, a *app.App, set *delivery.PlanSet, o deployOptions) error {
	progress := screen.NewProgress(f.Screen, set.Len())
	document := a.Delivery.Deploy(process.Outlasting(ctx), set, rollout.Options{
		Wait: o.wait, NoRollback: o.noRollback, Timeout: o.timeout, MaxParallel: o.maxParallel, StopAtFailure: !o.keepGoing, Progress: progress,
	})
	progress.Done()
	return screen.Deployments(f.Screen, "deploy", document, len(o.versions.images) > 0)
}

type continueOptions struct {
	targets
	rollback   bool
	automation bool
	yes        bool
}

func newContinue(f *frame) *cobra.Command {
	o := continueOptions{targets: targets{changing: "continue"}}
	cmd := &cobra.Command{
		Use:     "continue --env ENV SERVICE...",
		Short:   "Continue a deployment that waits in a pause hook",
		Long:    "A deployment with a PAUSE lifecycle hook waits for a person. continue moves it to its next\nstage. With --rollback, ECS returns to what ran before.",
		Example: "  tagboat continue --env prod api\n  tagboat continue --env prod api --rollback",
		GroupID: "deploy",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runContinue(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.rollback, "rollback", false, "go back to what ran before instead")
	automationFlag(cmd, &o.automation)
	yesFlag(cmd, &o.yes)
	return cmd
}

// continueDocument is what continue prints with -o json.
type continueDocument struct {
	Continued []delivery.Continued `json:"continued"`
}

func runContinue(ctx context.Context, f *frame, o continueOptions) error {
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	if err := o.confirm(ctx, f, a, selected); err != nil {
		return err
	}
	continued, err := a.Delivery.Continue(ctx, delivery.ContinueRequest{Selection: selected, Rollback: o.rollback, Automation: o.automation})
	if err != nil && len(continued) == 0 {
		return err
	}
	return errors.Join(show(f, continueDocument{continued}, o.printContinued), err)
}

// confirm asks for a yes where a stage wants one. What a service waits with is what is
// pinned, as far as that can be read.
func (o continueOptions) confirm(ctx context.Context, f *frame, a *app.App, selected fleet.Selection) error {
	environments, err := a.Fleet.Environments(selected)
	if err != nil {
		return err
	}
	q := screen.Question{Command: "continue", Yes: o.yes, Automation: o.automation}
	way := "goes on"
	if o.rollback {
		way = "goes back"
	}
	for _, env := range environments {
		for _, service := range selected.Services {
			q.Changes = append(q.Changes, screen.Pending{Environment: env.Name, Name: fmt.Sprintf("%s/%s", env.Name, service), Change: way})
		}
	}
	if !q.Asks(f.Screen, a.Config) {
		return q.Ask(ctx, f.Screen, a.Config)
	}
	status, err := a.View.Status(ctx, selected)
	if err != nil {
		return err
	}
	for _, s := range status.Services {
		name := fmt.Sprintf("%s/%s", s.Environment, s.Service)
		if at := slices.IndexFunc(q.Changes, func(p screen.Pending) bool { return p.Name == name }); at >= 0 {
			q.Changes[at].Change = fmt.Sprintf("%s; pinned is %s", way, screen.PinnedText(s.Images))
		}
	}
	return q.Ask(ctx, f.Screen, a.Config)
}

func (o continueOptions) printContinued(on *screen.Screen, document continueDocument) {
	way := "on"
	if o.rollback {
		way = "back"
	}
	for _, c := range document.Continued {
		on.Printf("%s/%s goes %s from %s\n", c.Environment, c.Service, way, c.Stage)
	}
}

type planOptions struct {
	targets
	versions   versions
	exitCode   bool
	automation bool // of deploy --dry-run
}

func newPlan(f *frame) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:     "plan [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE|IMAGE=VERSION...]",
		Short:   "Show what deploy would change, and check that it can",
		Long:    "Shows the difference between what should run and what runs, and checks what a\nrollout needs: images, log groups, target groups, roles. With a\nversion of an image it shows what deploying that would change. Changes nothing.\n\nFor services that are deployed through a stack it makes a change set, shows what it would\nchange, and deletes it.",
		Example: "  tagboat plan --env prod\n  tagboat plan api=1.4.2 --stage prod\n  tagboat plan --env prod -o markdown",
		GroupID: "deploy", Annotations: map[string]string{inMarkdown: ""},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.services, err = o.versions.arguments(args); err != nil {
				return err
			}
			return runPlan(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	o.versions.flags(cmd)
	workTreeFlag(cmd, &o.workTree)
	allowFlag(cmd, &o.allow)
	cmd.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 3 where something would change")
	return cmd
}

func runPlan(ctx context.Context, f *frame, o planOptions) error {
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	set, _, err := o.versions.plan(ctx, a, selected, pinning.Request{Automation: o.automation})
	if err != nil {
		return err
	}
	if o.automation {
		if err := automate(ctx, a, set); err != nil {
			return err
		}
	}
	document := set.Document()
	if err := show(f, document, screen.Plan); err != nil {
		return err
	}
	f.Warn(document.Warnings)
	f.Summarize(markdown.Plan(document))
	if err := screen.Problems(document.Problems); err != nil {
		if f.AsJSON() {
			return screen.Shown(err)
		}
		return err
	}
	if err := set.Blocked(); err != nil {
		return screen.Shown(err)
	}
	if o.exitCode && len(document.Changes) > 0 {
		return screen.Shown(tagboat.Errorf(tagboat.Pending, "changes are pending"))
	}
	return nil
}
