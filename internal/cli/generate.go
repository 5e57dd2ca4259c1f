package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/generate"
	"github.com/tagboat/tagboat/internal/iam"
)

func newGenerate(f *frame) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "generate",
		Short:   "Write files that other tools read: templates, policies, the schema",
		Example: "  tagboat generate schema > tagboat.schema.json\n  tagboat generate iam-policy --for deploy --env prod",
		Args:    cobra.ArbitraryArgs,
		RunE:    f.noCommand,
	}
	cmd.AddCommand(newGenerateCloudFormation(f), newGenerateWatch(f), newGeneratePolicy(f), newGenerateSchema(f))
	return cmd
}

type policyOptions struct {
	purpose      string
	environments []string
}

func newGeneratePolicy(f *frame) *cobra.Command {
	var o policyOptions
	cmd := &cobra.Command{
		Use:   "iam-policy [--for " + purposes("|") + "] [--env ENV...]",
		Short: "Print the smallest IAM policy for reading or writing pins, deploying and so on",
		Long: "Prints a policy for just the parameters, services, repositories and roles of\n" +
			"tagboat.yaml. read is for pins, write for pin, deploy for plan, deploy and status,\n" +
			"publish for publish and tag, lambda for the function that answers CloudFormation,\n" +
			"assume for callers that reach environments through a role, import for pins --import,\n" +
			"doctor for what tagboat doctor needs in addition, promote for all that promote does,\n" +
			"watch for running tagboat watch. approve, break-glass and freeze are rights of\n" +
			"their own, which no other policy has, and home is for the role that reaches home: they\n" +
			"are about home, and take no --env.",
		Example: "  tagboat generate iam-policy --for write --env dev > policy.json\n  aws iam put-role-policy --role-name ci --policy-name tagboat --policy-document file://policy.json",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runGeneratePolicy(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.purpose, "for", string(iam.Deploy), "what it should allow: "+purposes(", "))
	cmd.Flags().StringSliceVarP(&o.environments, "env", "e", nil, "the environments; left out, all")
	return cmd
}

func purposes(separator string) string {
	var names []string
	for _, p := range iam.Purposes() {
		names = append(names, string(p))
	}
	return strings.Join(names, separator)
}

func runGeneratePolicy(ctx context.Context, f *frame, o policyOptions) error {
	if !slices.Contains(iam.Purposes(), iam.Purpose(o.purpose)) {
		return tagboat.Usagef("there is no policy for %q", o.purpose).
			WithHint("%s", tagboat.Suggest(o.purpose, strings.Split(purposes(" "), " ")))
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	result, err := a.Generator.Policy(ctx, iam.Purpose(o.purpose), named[tagboat.EnvName](o.environments))
	if err != nil {
		return err
	}
	if err := f.JSON(result.Document); err != nil {
		return err
	}
	return tellPolicy(f.Screen, result)
}

// maxPolicy is how many characters a managed policy takes, blanks not counted.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxPolicy = 6144

func tellPolicy(on *screen.Screen, result generate.PolicyResult) error {
	if result.Role != "" {
		on.Talkf("for the role %s; the caller of tagboat may assume it with: tagboat generate iam-policy --for assume\n"+
			"its trust policy must allow the caller sts:AssumeRole, and sts:SetSourceIdentity and sts:TagSession where the caller has a source identity or transitive session tags\n", result.Role)
	}
	for _, role := range slices.Sorted(maps.Keys(result.Assumed)) {
		on.Talkf("it assumes the role %s, whose policy is another one: tagboat generate iam-policy --for promote --env %s\n", role, strings.Join(result.Assumed[role], ","))
	}
	if result.HomeRole != "" {
		on.Talkf("home is reached as the role %s, whose policy is another one: tagboat generate iam-policy --for home\n", result.HomeRole)
	}
	compact, err := json.Marshal(result.Document)
	if err != nil {
		return fmt.Errorf("measuring the policy: %w", err)
	}
	if len(compact) > maxPolicy {
		on.Talkf("note: the policy has %d characters, and a managed policy takes %d; print one for fewer environments at a time\n", len(compact), maxPolicy)
	}
	return nil
}

func newGenerateSchema(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of tagboat.yaml, for editors",
		Example: "  tagboat generate schema > tagboat.schema.json",
		Args:    usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			f.Printf("%s", console.Lines(string(config.Schema())))
			return nil
		},
	}
}

type watchTemplateOptions struct {
	as      string
	account string
	region  string
}

func newGenerateWatch(f *frame) *cobra.Command {
	var o watchTemplateOptions
	cmd := &cobra.Command{
		Use:   "watch [--as service|function] [--account ACCOUNT] [--region REGION]",
		Short: "Print the CloudFormation template of the queue and the rules for tagboat watch",
		Long: "Prints the template of a queue, its dead-letter queue, and the rules of EventBridge that\n" +
			"feed it with pushes to the repositories and deployments in the clusters of tagboat.yaml.\n" +
			"It is for the account and region of watch.queue, of home, or of the caller.\n\n" +
			"What happens in other accounts and regions comes over an event bus. Each of them has a\n" +
			"template of its own, which --account and --region choose.",
		Example: "  tagboat generate watch > watch.yaml\n  tagboat generate watch --account 222222222222 > tenant.yaml",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runGenerateWatch(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.as, "as", "service", "what reads the queue: service, function")
	cmd.Flags().StringVar(&o.account, "account", "", "the other account whose events come over the bus")
	cmd.Flags().StringVar(&o.region, "region", "", "its region, or another one of the same account")
	return cmd
}

func runGenerateWatch(ctx context.Context, f *frame, o watchTemplateOptions) error {
	if o.as != "service" && o.as != "function" {
		return tagboat.Usagef("nothing reads a queue as %q", o.as).WithHint("%s", tagboat.Suggest(o.as, []string{"service", "function"}))
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	w, err := a.Generator.Watching(ctx)
	if err != nil {
		return err
	}
	w.Function = o.as == "function"
	if o.account != "" || o.region != "" {
		there, err := w.Origin(o.account, o.region)
		if err != nil {
			return err
		}
		f.Printf("%s", console.Lines(w.TemplateElsewhere(there)))
		return nil
	}
	f.Printf("%s", console.Lines(w.Template()))
	tellElsewhere(f, w)
	return nil
}

func tellElsewhere(f *frame, w generate.Watching) {
	for _, o := range w.Elsewhere() {
		f.Talkf("events of account %s in %s need a template there: tagboat generate watch --account %s --region %s\n", o.Account, o.Region, o.Account, o.Region)
	}
}
