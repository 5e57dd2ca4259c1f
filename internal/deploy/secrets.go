package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// answeredSecrets is what of the secrets in one account and region is not there.
type answeredSecrets struct {
	missing map[string]string // why, by where a secret comes from
	// Why nobody knows of other parameters, and of other secrets of Secrets Manager.
	parameters, managed error
}

// askForSecrets asks for the secrets of all plans that need them, each once.
func askForSecrets(ctx context.Context, plans []Plan, needs func(Plan) bool) map[*Client]answeredSecrets {
	names := map[*Client]map[store][]string{}
	for _, p := range plans {
		r, err := ReadContents(p.Desired.Definition.JSON())
		if err != nil || !needs(p) {
			continue
		}
		for _, s := range secretsOf(r) {
			if !s.placed() {
				continue
			}
			if names[p.Client] == nil {
				names[p.Client] = map[store][]string{}
			}
			in := s.storeIn(p.Desired.Region)
			names[p.Client][in] = append(names[p.Client][in], s.from)
		}
	}
	answers := map[*Client]answeredSecrets{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for client, of := range names {
		asking.Go(func() {
			answer := client.askForSecrets(ctx, once(of[inParameters]), once(of[inSecretsManager]))
			mu.Lock()
			defer mu.Unlock()
			answers[client] = answer
		})
	}
	asking.Wait()
	return answers
}

func once(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// askForSecrets asks Parameter Store for ten in a call, since AWS's rate is shared with the
// reading of pins, and Secrets Manager for one.
func (c *Client) askForSecrets(ctx context.Context, names, arns []string) answeredSecrets {
	answer := answeredSecrets{missing: map[string]string{}}
	if c.Parameters != nil && len(names) > 0 {
		missing, err := c.Parameters.Missing(ctx, names)
		answer.parameters = err
		for _, name := range missing {
			answer.missing[name] = fmt.Sprintf("parameter %q, which does not exist", name)
		}
	}
	if c.Secrets == nil {
		return answer
	}
	const atOnce = 10
	whys, errs := make([]string, len(arns)), make([]error, len(arns))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, arn := range arns {
		group.Go(func() error {
			whys[i], errs[i] = unreadable(ctx, c.Secrets, arn)
			return nil
		})
	}
	_ = group.Wait()
	for i, arn := range arns {
		if whys[i] != "" {
			answer.missing[arn] = fmt.Sprintf("%q in Secrets Manager, which %s", arn, whys[i])
		}
		answer.managed = cmp.Or(answer.managed, errs[i])
	}
	return answer
}

// unreadable returns why a task cannot have a secret of Secrets Manager, or "". Its ARN may go
// on with :KEY:STAGE:VERSION. Whether it has the key is not known: that is its value.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func unreadable(ctx context.Context, secrets Secrets, from string) (string, error) {
	parts := append(strings.Split(from, ":"), "", "", "")
	stage, version := cmp.Or(parts[partsOfARN+1], "AWSCURRENT"), parts[partsOfARN+2]
	found, err := secrets.Describe(ctx, strings.Join(parts[:partsOfARN], ":"))
	staged := slices.ContainsFunc(slices.Collect(maps.Values(found.Versions)), func(stages []string) bool { return slices.Contains(stages, stage) })
	switch {
	case errors.Is(err, ecs.ErrNotFound):
		return "does not exist", nil
	case err != nil:
		return "", err
	case found.Deleted:
		return "is marked for deletion", nil
	case version == "" && !staged: // a version without a stage is not described
		return "has no value at the stage " + stage, nil
	default:
		return "", nil
	}
}

// partsOfARN is how many parts the ARN of a secret in Secrets Manager has.
const partsOfARN = 7

// missingSecrets returns the secrets of a plan that are not there.
func missingSecrets(p Plan, r Contents, answer answeredSecrets) findings {
	var all findings
	var has [inSecretsManager + 1]bool
	for _, s := range secretsOf(r) {
		if !s.placed() { // without it, since it may be the secret itself
			all.problems = append(all.problems, p.Desired.problemAt(p.Desired.place(s.path...),
				"write the ARN of a secret in Secrets Manager, or the ARN or the name of a parameter: never the secret itself",
				fmt.Sprintf("container %s: the secret %s comes from what is neither such an ARN nor a name", s.container, s.name)))
			continue
		}
		in := s.storeIn(p.Desired.Region)
		has[in] = true
		if why := answer.missing[s.from]; why != "" {
			all.problems = append(all.problems, p.Desired.problemAt(p.Desired.place(s.path...),
				s.howToCreate(in, p.Desired.Region), fmt.Sprintf("container %s: the secret %s comes from %s", s.container, s.name, why)))
		}
	}
	if has[inParameters] && answer.parameters != nil {
		all.add(p.Desired.unanswered(tagboat.Position{}, "whether the parameters of its secrets exist", answer.parameters))
	}
	if has[inSecretsManager] && answer.managed != nil {
		all.add(p.Desired.unanswered(tagboat.Position{}, "whether its secrets in Secrets Manager exist", answer.managed))
	}
	if has[elsewhere] { // without their names, so that many services have one warning
		all.warnings = append(all.warnings, p.Desired.problem("", "make sure of it: a task whose secret is missing does not start",
			"not checked: whether its secrets exist that are in another region"))
	}
	return all
}

// secret is a secret of a container, or of its log driver.
type secret struct {
	container, name string
	from            string   // name or ARN of a parameter, or the ARN of a secret in Secrets Manager
	path            []string // of from in the task definition
}

func secretsOf(r Contents) []secret {
	var all []secret
	add := func(c Container, list []SecretRef, path ...string) {
		for _, s := range list {
			if s.From != "" {
				place := slices.Concat([]string{"containerDefinitions", c.Name}, path, []string{s.Name, "valueFrom"})
				all = append(all, secret{c.Name, s.Name, s.From, place})
			}
		}
	}
	for _, c := range r.Containers {
		add(c, c.Secrets, "secrets")
		add(c, c.LogConfiguration.Secrets, "logConfiguration", "secretOptions")
	}
	return all
}

// source is where a secret can come from: the ARN of a secret or of a parameter, or the name of a
// parameter.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
var source = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(arn:aws[a-z-]*:(secretsmanager:[^:]*:\d*:secret:|ssm:[^:]*:\d*:parameter/).+|/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*(:[a-zA-Z0-9_.-]+)?)$`)
})

// placed reports whether a secret says where it comes from.
func (s secret) placed() bool { return source().MatchString(s.from) }

// store is where a secret is.
type store int

const (
	elsewhere store = iota
	inParameters
	inSecretsManager
)

// storeIn returns where in a region a secret is. A name alone is a parameter of the task's
// own region.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
func (s secret) storeIn(region string) store {
	parts := strings.Split(s.from, ":") // arn:aws:ssm:REGION:ACCOUNT:parameter/NAME
	switch {
	case parts[0] != "arn":
		return inParameters
	case len(parts) < partsOfARN-1 || region != "" && parts[3] != region:
		return elsewhere
	case parts[2] == "ssm":
		return inParameters
	case parts[2] == "secretsmanager" && len(parts) >= partsOfARN:
		return inSecretsManager
	default:
		return elsewhere
	}
}

// howToCreate returns the hint for a secret that is not there.
func (s secret) howToCreate(in store, region string) string {
	at := ""
	if region != "" {
		at = " --region " + region
	}
	if in == inSecretsManager {
		return fmt.Sprintf("create it (aws secretsmanager create-secret%s --name %s --secret-string …) or correct valueFrom", at, s.managedName())
	}
	return fmt.Sprintf("create it (aws ssm put-parameter%s --type SecureString --name %s --value …) or correct valueFrom", at, s.parameterName())
}

// managedName returns the name of a secret of Secrets Manager, without the six characters with
// which AWS ends its ARN.
func (s secret) managedName() string {
	name := strings.Split(s.from, ":")[partsOfARN-1]
	if i := len(name) - len("-AbCdEf"); i > 0 && name[i] == '-' {
		return name[:i]
	}
	return name
}

func (s secret) parameterName() string {
	_, name, ok := strings.Cut(s.from, ":parameter/")
	if !ok {
		return s.from
	}
	return "/" + name
}
