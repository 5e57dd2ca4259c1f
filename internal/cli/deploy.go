package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
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
		Long:    "Plans and checks everything before anything changes. Then it registers the task\ndefinitions that changed, updates the services and watches each rollout to its verdict.\nA rollout that fails is explained and rolled back to what ran before.\n\nIMAGE=VERSION pins the version first, as tagboat pin does, and deploys the services that\nrun the image. Nothing is pinned unless every service can be planned.\n\nServices roll in parallel. A service waits until the services in its dependsOn have\nsucceeded, or with --wait=false until they have started. Tagboat keeps AWS's rate limits.",
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
	f.warn(set.Document().Warnings)
	if o.resume {
		return resumeDeploy(ctx, f, a, set, o)
	}
	if o.automation {
		if err := a.Delivery.Automate(ctx, set); err != nil {
			return err
		}
	}
	if err := problems(set.Document().Problems); err != nil {
		return err
	}
	if err := f.confirm(ctx, a, question{command: "deploy", yes: o.yes, automation: o.automation, changes: planned(set.Document())}); err != nil {
		return err
	}
	set.Message = o.message
	if err := f.pin(ctx, a, prepared); err != nil {
		return err
	}
	return carryOut(ctx, f, a, set, o)
}

// resumeDeploy watches what an earlier run left. What stands in the way of beginning anything
// counts only where nothing is left to watch.
func resumeDeploy(ctx context.Context, f *frame, a *app.App, set *delivery.PlanSet, o deployOptions) error {
	left, err := a.Delivery.UnderWay(ctx, set)
	if err != nil {
		return err
	}
	if left.Len() == 0 {
		if err := problems(set.Document().Problems); err != nil {
			return err
		}
		f.Talkf("no deployment of the pinned versions is in progress\n")
	}
	left.Message = o.message
	return carryOut(ctx, f, a, left, o)
}

// carryOut carries a plan out and tells how each service ended.
func carryOut(ctx context.Context, f *frame, a *app.App, set *delivery.PlanSet, o deployOptions) error {
	progress := newProgress(f, set.Len())
	document := a.Delivery.Deploy(outlasting(ctx), set, rollout.Options{
		Wait: o.wait, NoRollback: o.noRollback, Timeout: o.timeout, MaxParallel: o.maxParallel, StopAtFailure: !o.keepGoing, Progress: progress,
	})
	progress.done()
	return showDeployments(f, "deploy", document, len(o.versions.images) > 0)
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
	q := question{command: "continue", yes: o.yes, automation: o.automation}
	way := "goes on"
	if o.rollback {
		way = "goes back"
	}
	for _, env := range environments {
		for _, service := range selected.Services {
			q.changes = append(q.changes, pending{env.Name, fmt.Sprintf("%s/%s", env.Name, service), way})
		}
	}
	if !f.asks(a, q) {
		return f.confirm(ctx, a, q)
	}
	status, err := a.View.Status(ctx, selected)
	if err != nil {
		return err
	}
	for _, s := range status.Services {
		name := fmt.Sprintf("%s/%s", s.Environment, s.Service)
		if at := slices.IndexFunc(q.changes, func(p pending) bool { return p.name == name }); at >= 0 {
			q.changes[at].change = fmt.Sprintf("%s; pinned is %s", way, pinnedText(s.Images))
		}
	}
	return f.confirm(ctx, a, q)
}

func (o continueOptions) printContinued(f *frame, document continueDocument) {
	way := "on"
	if o.rollback {
		way = "back"
	}
	for _, c := range document.Continued {
		f.Printf("%s/%s goes %s from %s\n", c.Environment, c.Service, way, c.Stage)
	}
}

// progress draws one line per service while it rolls.
type progress struct {
	live  *console.Live
	mu    sync.Mutex
	began map[string]time.Time
}

// newProgress returns the progress of so many services.
func newProgress(f *frame, services int) *progress {
	return &progress{live: f.NewLive(services), began: map[string]time.Time{}}
}

// Event says how a service stands. It may be called by many rollouts at once.
func (p *progress) Event(u rollout.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := fmt.Sprintf("%s/%s", u.Environment, u.Service)
	if p.began[key].IsZero() {
		p.began[key] = u.At
	}
	line := console.Line{
		Cells: []console.Cell{console.Text(key), state(u), tasks(u), {Text: u.Note, Style: console.Faint}},
		Began: p.began[key], Group: cmp.Or(string(u.Verdict), string(u.State)), Rank: rank(u),
	}
	if u.State == rollout.StateDone {
		line.Ended = u.At
	}
	p.live.Set(key, line)
}

func state(u rollout.Update) console.Cell {
	switch {
	case u.State == rollout.StateDone:
		return console.Cell{Text: string(u.Verdict), Style: verdictStyle(u.Verdict)}
	case u.State == rollout.StateRollingBack:
		return console.Cell{Text: string(u.State), Style: console.Bad}
	default:
		return console.Cell{Text: string(u.State), Style: console.Accent}
	}
}

func tasks(u rollout.Update) console.Cell {
	if u.Desired == 0 && u.Healthy == 0 {
		return console.Cell{}
	}
	return console.Text(fmt.Sprintf("%d/%d", u.Healthy, u.Desired))
}

// rank puts in front what a person should look at: what goes wrong, then what goes on.
func rank(u rollout.Update) int {
	switch {
	case u.State == rollout.StateRollingBack:
		return 0
	case u.State != rollout.StateDone:
		return 1
	case u.Verdict.Concern() < tagboat.Fine && u.Verdict != tagboat.VerdictSkipped && u.Verdict != tagboat.VerdictBlocked:
		return 0
	default:
		return 2
	}
}

func (p *progress) done() { p.live.Done() }

var _ rollout.Progress = (*progress)(nil)
