package scaffold

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// environmentNames returns what the environments of clusters are called: as was asked, or as the
// clusters are without what all of their names have in common.
func environmentNames(r Request) ([]tagboat.EnvName, error) {
	if len(r.Environments) > 0 && len(r.Environments) != len(r.Clusters) {
		return nil, tagboat.Usagef("%d environments are named for %d clusters", len(r.Environments), len(r.Clusters)).
			WithHint("name one for each, in the order of --cluster")
	}
	clusters := make([]string, len(r.Clusters))
	for i, cluster := range r.Clusters {
		clusters[i] = ecs.LastPart(cluster)
	}
	taken := map[string]bool{}
	var names []tagboat.EnvName
	for i, name := range clusters {
		if slices.Contains(clusters[:i], name) {
			return nil, tagboat.Usagef("cluster %s is named twice", name)
		}
		if len(r.Environments) > 0 {
			if name = string(r.Environments[i]); !tagboat.ValidName(name) || slices.Contains(names, tagboat.EnvName(name)) {
				return nil, tagboat.Usagef("%q cannot be the name of an environment", name).
					WithHint("a name has letters, digits, dots, dashes and underscores, begins with a letter or a digit, and is there once")
			}
			names = append(names, tagboat.EnvName(name))
			continue
		}
		names = append(names, tagboat.EnvName(free(withoutCommon(name, clusters), taken, tagboat.ValidName)))
	}
	return names, nil
}

// withoutCommon returns a name without the segments that all names begin or end with.
func withoutCommon(name string, all []string) string {
	if len(all) < 2 {
		return name
	}
	for _, trim := range []func(string) string{
		func(s string) string { return s[:strings.IndexAny(s, "-_")+1] },
		func(s string) string { return s[max(strings.LastIndexAny(s, "-_"), 0):] },
	} {
		for {
			part := trim(name)
			if part == "" || part == name || !strings.ContainsAny(part, "-_") {
				break
			}
			cut := func(s string) (string, bool) {
				if strings.HasSuffix(part, "-") || strings.HasSuffix(part, "_") {
					return strings.CutPrefix(s, part)
				}
				return strings.CutSuffix(s, part)
			}
			rest := make([]string, len(all))
			for i, s := range all {
				short, ok := cut(s)
				if !ok || short == "" {
					return name
				}
				rest[i] = short
			}
			name, _ = cut(name)
			all = rest
		}
	}
	return name
}

// keysOf returns the services of an environment by what tagboat.yaml calls them: their names, and
// where there are several environments without the environment's own.
func keysOf(env Environment, several bool) map[string]Service {
	short := map[string]int{}
	for _, s := range env.Services {
		short[withoutEnvironment(s.Name, env, several)]++
	}
	keys, taken := map[string]Service{}, map[string]bool{}
	for _, valid := range []bool{true, false} { // who has a name that can stay keeps it
		for _, s := range env.Services {
			key := withoutEnvironment(s.Name, env, several)
			if short[key] > 1 {
				key = s.Name
			}
			if tagboat.ValidName(key) == valid {
				keys[free(key, taken, tagboat.ValidName)] = s
			}
		}
	}
	return keys
}

func withoutEnvironment(name string, env Environment, several bool) string {
	if !several {
		return name
	}
	for _, affix := range []string{env.Cluster, string(env.Name)} {
		for _, sign := range []string{"-", "_"} {
			if short, ok := strings.CutPrefix(name, affix+sign); ok && short != "" {
				return short
			}
			if short, ok := strings.CutSuffix(name, sign+affix); ok && short != "" {
				return short
			}
		}
	}
	return name
}

// tiers are the names of stages in their order, with the words that mean them.
func tiers() [][]string {
	return [][]string{
		{"dev", "develop", "development"},
		{"test", "testing", "qa"},
		{"staging", "stage", "stg", "preprod", "uat", "acc", "acceptance"},
		{"prod", "production", "prd", "live"},
	}
}

// stages guesses the stage of each environment from its name and its cluster's.
func (a *arrangement) stages() {
	for _, env := range a.environments {
		stage, from := tagboat.StageName(env.Name), ""
		names := []string{env.Cluster, string(env.Name)}
		if env.named {
			names = names[1:]
		}
		for _, name := range names {
			words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
			for _, tier := range tiers() {
				if slices.ContainsFunc(words, func(word string) bool { return slices.Contains(tier, word) }) {
					stage, from = tagboat.StageName(tier[0]), name
				}
			}
		}
		if from == "" {
			a.note("environment %s has a stage of its own, since its name says none: change it under stages", env.Name)
		} else {
			a.note("environment %s is in stage %s, which is a guess from the name %s: change it under stages", env.Name, stage, from)
		}
		a.stage = append(a.stage, stage)
	}
}

// sortedStages returns the stages in their order, each once.
func (a *arrangement) sortedStages() []tagboat.StageName {
	rank := func(stage tagboat.StageName) int {
		for i, tier := range tiers() {
			if tier[0] == string(stage) {
				return 2 * i
			}
		}
		return 2*len(tiers()) - 3 // before prod
	}
	var stages []tagboat.StageName
	for _, stage := range a.stage {
		if !slices.Contains(stages, stage) {
			stages = append(stages, stage)
		}
	}
	slices.SortStableFunc(stages, func(x, y tagboat.StageName) int { return rank(x) - rank(y) })
	return stages
}

// appName is the first part that all repositories of the registry have in common, or the cluster's
// name.
func (a *arrangement) appName(entries []*entry) string {
	cluster := free(a.environments[0].Cluster, map[string]bool{}, tagboat.ValidName)
	common := ""
	for _, e := range entries {
		for _, c := range e.in[0].Containers {
			ref := withHost(c.Image)
			first, _, nested := strings.Cut(ref.Repository, "/")
			switch {
			case ref.Host != a.registry[0]:
			case !nested || common != "" && common != first || !tagboat.ValidName(first):
				return cluster
			default:
				common = first
			}
		}
	}
	return cmp.Or(common, cluster)
}
