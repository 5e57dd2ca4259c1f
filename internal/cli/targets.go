package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
)

// targets are the flags that choose environments, and the arguments that name services.
type targets struct {
	environments []string
	stage        string
	tenant       string
	everywhere   bool
	services     []string
	fromReleases bool // the templates of services are those of releases
	workTree     bool // releases that environments have do not matter
	allow        []string
	// changing is the name of a command that changes something, and so must be told where;
	// "" for one that reads, which shows everything where nothing is said.
	changing string
}

func (t *targets) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&t.environments, "env", "e", nil, "environments, by name: repeated, or with commas")
	cmd.Flags().StringVar(&t.stage, "stage", "", "all environments of a stage, every tenant's")
	cmd.Flags().StringVar(&t.tenant, "tenant", "", "all environments of a tenant")
	if t.changing != "" {
		cmd.Flags().BoolVar(&t.everywhere, "all-environments", false, "every environment of the file")
	}
}

// workTreeFlag adds the flag of commands that deploy what an environment has of a release.
func workTreeFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "work-tree", false, "templates and variables of the work tree, not those of the release that the environment has")
}

// allowFlag adds the flag of commands that may update stacks.
func allowFlag(cmd *cobra.Command, to *[]string) {
	cmd.Flags().StringSliceVar(to, "allow", nil, "a resource, by its logical id, that updating a stack may change beside services and their task definitions")
}

// automationFlag adds the flag of every command that changes something: holds and rejections
// bind what no person asks for.
func automationFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, automation, false, "no person asks: leave alone what is held or was rejected (exit code 8)")
}

func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "answer yes in advance, for stages with confirm: true")
}

const automation = "automation"

// mayBreakGlass refuses --break-glass without a person who says why.
func mayBreakGlass(breaks, automation bool, message string) error {
	switch {
	case breaks && message == "":
		return tagboat.Usagef("--break-glass requires the reason").WithHint("add -m 'why it cannot wait'")
	case breaks && automation:
		return tagboat.Usagef("automation never breaks the glass: --automation and --break-glass exclude each other")
	}
	return nil
}

func noWayBack() error {
	return tagboat.Usagef("automation never goes back: --automation and --allow-older exclude each other")
}

// open checks what is chosen, and opens Tagboat.
func (t targets) open(ctx context.Context, f *frame) (*app.App, fleet.Selection, error) {
	selected := fleet.Selection{
		Environments: named[tagboat.EnvName](t.environments), Stage: tagboat.StageName(t.stage), Tenant: t.tenant,
		Services: named[tagboat.ServiceName](t.services), Everywhere: t.everywhere, WorkTree: t.workTree, Allow: t.allow,
	}
	switch {
	case len(t.environments) > 0 && (t.stage != "" || t.tenant != ""):
		return nil, selected, tagboat.Usagef("--env names environments, and goes with neither --stage nor --tenant").
			WithHint("--env %s alone, or --stage and --tenant together", strings.Join(t.environments, ","))
	case t.everywhere && (len(t.environments) > 0 || t.stage != "" || t.tenant != ""):
		return nil, selected, tagboat.Usagef("--all-environments leaves nothing to choose").WithHint("leave out --env, --stage and --tenant, or --all-environments")
	}
	a, err := f.openFor(ctx, t.fromReleases)
	if err != nil {
		return nil, selected, err
	}
	if t.changing != "" {
		err = a.Fleet.CheckScope(t.changing, selected)
	}
	return a, selected, err
}

// chosen is open for what goes from environment to environment.
func (t targets) chosen(ctx context.Context, f *frame) (*app.App, []tagboat.EnvName, error) {
	a, selected, err := t.open(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	environments, err := a.Fleet.Environments(selected)
	names := make([]tagboat.EnvName, len(environments))
	for i, env := range environments {
		names[i] = env.Name
	}
	return a, names, err
}

// perEnvironment is answer for what is asked of one environment after the other. Of several
// there is one document that has theirs.
func perEnvironment[D any](ctx context.Context, f *frame, t targets, ask func(*app.App, tagboat.EnvName) (D, error), write func(*screen.Screen, D)) error {
	a, names, err := t.chosen(ctx, f)
	if err != nil {
		return err
	}
	documents := make([]D, 0, len(names))
	for _, name := range names {
		document, err := ask(a, name)
		if err != nil {
			return err
		}
		documents = append(documents, document)
	}
	return showEach(f, names, documents, write)
}

// showEach shows the documents of environments: one as it is, several as a list.
func showEach[D any](f *frame, names []tagboat.EnvName, documents []D, write func(*screen.Screen, D)) error {
	if f.AsJSON() && len(documents) == 1 {
		return f.JSON(documents[0])
	}
	if f.AsJSON() {
		return f.JSON(struct {
			Environments []D `json:"environments"`
		}{documents})
	}
	for i, document := range documents {
		if len(documents) > 1 {
			f.Printf("%s\n", f.OnOut(console.Strong, string(names[i])))
		}
		write(f.Screen, document)
	}
	return nil
}

// answer is what most commands do: it opens Tagboat, asks it for what is chosen, and shows
// the answer.
func answer[D any](ctx context.Context, f *frame, t targets, ask func(*app.App, fleet.Selection) (D, error), write func(*screen.Screen, D)) error {
	a, selected, err := t.open(ctx, f)
	if err != nil {
		return err
	}
	document, err := ask(a, selected)
	if err != nil {
		return err
	}
	return show(f, document, write)
}

// show shows what a command ends with: as a document where the command line says so, else
// as write prints it.
func show[D any](f *frame, document D, write func(*screen.Screen, D)) error {
	if f.AsJSON() {
		return f.JSON(document)
	}
	write(f.Screen, document)
	return nil
}

// named returns arguments as the names that they are.
func named[N ~string](args []string) []N {
	var names []N
	for _, arg := range args {
		names = append(names, N(arg))
	}
	return names
}

// when is a flag that takes a time or how long ago that was.
type when struct {
	access.When
	text string
}

// Set implements pflag.Value.
func (w *when) Set(text string) error {
	w.text = text
	if ago, err := config.ParseDuration(text); err == nil && ago > 0 {
		w.When = access.When{Ago: time.Duration(ago)}
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			w.When = access.When{At: at}
			return nil
		}
	}
	return tagboat.Usagef("%q is not a time: write 2026-01-02T10:30:00Z, 2026-01-02 (all UTC) or how long ago: 90m, 7d", text)
}

// String implements pflag.Value.
func (w *when) String() string { return w.text }

// Type implements pflag.Value.
func (w *when) Type() string { return "time" }
