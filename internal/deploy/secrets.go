package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
)

// answeredParameters is which parameters are missing in one account and region.
type answeredParameters struct {
	missing map[string]bool
	err     error // nobody knows
}

// askForParameters asks for the parameters of all plans that change something, each once
// and ten in a call, since AWS's rate is shared with the reading of pins.
func askForParameters(ctx context.Context, plans []Plan) map[*Client]answeredParameters {
	names := map[*Client][]string{}
	for _, p := range plans {
		r, err := ReadContents(p.Desired.Definition.JSON())
		if err != nil || !p.Changes() || p.Client.Parameters == nil {
			continue
		}
		for _, s := range secretsOf(r) {
			if s.parameterIn(p.Desired.Region) {
				names[p.Client] = append(names[p.Client], s.from)
			}
		}
	}
	answers := map[*Client]answeredParameters{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for client, all := range names {
		slices.Sort(all)
		asking.Go(func() {
			missing, err := client.Parameters.Missing(ctx, slices.Compact(all))
			answer := answeredParameters{missing: map[string]bool{}, err: err}
			for _, name := range missing {
				answer.missing[name] = true
			}
			mu.Lock()
			defer mu.Unlock()
			answers[client] = answer
		})
	}
	asking.Wait()
	return answers
}

// missingParameters returns the secrets of a plan that name a parameter which is not there.
func missingParameters(p Plan, r Contents, answer answeredParameters) findings {
	var all findings
	var unknown, elsewhere bool
	for _, s := range secretsOf(r) {
		switch {
		case !s.parameterIn(p.Desired.Region):
			elsewhere = true
		case answer.err != nil:
			unknown = true
		case answer.missing[s.from]:
			all.problems = append(all.problems, p.Desired.problemAt(p.Desired.place(s.path...),
				fmt.Sprintf("create it (aws ssm put-parameter --type SecureString --name %s --value …) or correct valueFrom", s.parameterName()),
				fmt.Sprintf("container %s: the secret %s comes from parameter %q, which does not exist", s.container, s.name, s.from),
			))
		}
	}
	if unknown {
		all.add(p.Desired.unanswered(tagboat.Position{}, "whether the parameters of its secrets exist", answer.err))
	}
	if elsewhere { // without their names, so that many services have one warning
		all.warnings = append(all.warnings, p.Desired.problem("", "make sure of it: a task whose secret is missing does not start",
			"not checked: whether its secrets exist that are in Secrets Manager or in another region"))
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

// parameterIn reports whether the secret is a parameter of that region: a name alone is one
// of the task's own.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
func (s secret) parameterIn(region string) bool {
	parts := strings.SplitN(s.from, ":", 6) // arn:aws:ssm:REGION:ACCOUNT:parameter/NAME
	if parts[0] != "arn" {
		return true
	}
	return len(parts) == 6 && parts[2] == "ssm" && (region == "" || parts[3] == region)
}

func (s secret) parameterName() string {
	_, name, ok := strings.Cut(s.from, ":parameter/")
	if !ok {
		return s.from
	}
	return "/" + name
}
