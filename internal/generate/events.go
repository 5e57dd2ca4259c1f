package generate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/iam"
)

// Origin is an account and region that events come from.
type Origin struct {
	iam.Place
	Repositories []string // of ECR, by name
	Clusters     []string // of ECS, by name
}

// Watching is what tagboat watch reads, and where that comes from.
type Watching struct {
	App      string
	At       iam.Place // where the queue is
	Origins  []Origin  // each place once
	Function bool      // a Lambda function reads the queue, and no process
}

// functionTimeout is what docs/watch.md gives the function; receives is how often a message is
// received before it goes to the dead-letter queue.
const (
	functionTimeout = 90 // seconds
	receives        = 10
)

// Elsewhere returns the places whose events come over an event bus.
func (w Watching) Elsewhere() []Origin {
	return slices.DeleteFunc(slices.Clone(w.Origins), func(o Origin) bool { return o.Place == w.At })
}

// Origin returns the one place elsewhere that has an account and a region; "" means any. The error
// is of kind Usage.
func (w Watching) Origin(account, region string) (Origin, error) {
	var known []string
	found := slices.DeleteFunc(w.Elsewhere(), func(o Origin) bool {
		known = append(known, o.Account+" in "+o.Region)
		return account != "" && o.Account != account || region != "" && o.Region != region
	})
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(known) == 0:
		return Origin{}, tagboat.Usagef("tagboat.yaml has nothing outside of account %s in %s", w.At.Account, w.At.Region).WithHint("leave --account and --region out")
	}
	choose := "choose one with --account and --region: " + strings.Join(known, ", ")
	if len(found) == 0 {
		return Origin{}, tagboat.Usagef("events come from no such account and region").WithHint("%s", choose)
	}
	return Origin{}, tagboat.Usagef("events come from %d such accounts and regions", len(found)).WithHint("%s", choose)
}

// Template returns the template of the queue, and of the rules of what happens beside it.
func (w Watching) Template() string {
	var rules, bus, sources, parameters, function string
	names := []string{}
	for _, o := range w.Origins {
		if o.Place == w.At {
			rules, names = o.rules("queue", "!GetAtt Queue.Arn", "")
		}
	}
	if others := w.Elsewhere(); len(others) > 0 {
		names = append(names, "FromElsewhere")
		bus = strings.ReplaceAll(snippetText("watch-bus"), "$PRINCIPALS\n", principals(others))
	}
	wait := 60
	if w.Function {
		names, wait = append(names, "EachMinute"), 6*functionTimeout
		function, parameters = snippetText("watch-function"), "Parameters:\n  Function:\n    Type: String\n    Description: ARN of the Lambda function\n"
	}
	for _, name := range names {
		sources += "                  - !GetAtt " + name + ".Arn\n"
	}
	text := strings.NewReplacer("$PARAMETERS\n", parameters, "$SOURCES\n", sources, "$RULES\n", rules, "$BUS\n", bus, "$FUNCTION\n", function).
		Replace(snippetText("watch"))
	return w.fill(text, w.At, "$VISIBILITY", strconv.Itoa(wait), "$RECEIVES", strconv.Itoa(receives))
}

// TemplateElsewhere returns the template of the rules of another place.
func (w Watching) TemplateElsewhere(o Origin) string {
	rules, _ := o.rules("bus", "!Ref Bus", "          RoleArn: !GetAtt Role.Arn\n")
	return w.fill(strings.ReplaceAll(snippetText("watch-elsewhere"), "$RULES\n", rules), o.Place, "$BUS", w.At.Bus("tagboat-"+w.App))
}

func (w Watching) fill(text string, at iam.Place, more ...string) string {
	return strings.NewReplacer(append(more, "$APP", w.App, "$ACCOUNT", at.Account, "$REGION", at.Region)...).Replace(text)
}

// snippetText returns a snippet that is there.
func snippetText(name string) string {
	text, err := snippets.ReadFile("snippets/" + name + ".yaml")
	if err != nil {
		panic(err)
	}
	return string(text)
}

func principals(others []Origin) string {
	var lines []string
	for _, o := range others {
		lines = append(lines, "            - !Sub arn:${AWS::Partition}:iam::"+o.Account+":root\n")
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "")
}

// rule is a rule of EventBridge: of which events, and which values one of their members has.
type rule struct {
	id      string
	sources []string
	types   []string
	detail  []string // further lines of what the pattern asks of detail
	member  string   // of detail; "" for the resources
	values  []string // in YAML
}

// rules returns the rules of what happens in a place, with a target, and their names.
func (o Origin) rules(id, target, role string) (text string, names []string) {
	arns := func(service, kind string, names []string, end string) (all []string) {
		for _, name := range names {
			all = append(all, "!Sub arn:${AWS::Partition}:"+service+":${AWS::Region}:${AWS::AccountId}:"+kind+"/"+name+end)
		}
		return all
	}
	var repositories, prefixes []string
	for _, name := range o.Repositories {
		repositories = append(repositories, strconv.Quote(name))
	}
	for _, arn := range slices.Concat(arns("ecs", "service", o.Clusters, "/"), arns("ecs", "service-deployment", o.Clusters, "/")) {
		prefixes = append(prefixes, "prefix: "+arn)
	}
	for _, r := range []rule{
		{id: "Pushes", sources: []string{"aws.ecr"}, types: []string{"ECR Image Action"}, member: "repository-name", values: repositories},
		{
			id: "ScansAndCopies", sources: []string{"aws.ecr", "aws.inspector2"}, values: arns("ecr", "repository", o.Repositories, ""),
			types: []string{"ECR Image Scan", "ECR Pull Through Cache Action", "ECR Replication Action", "Inspector2 Scan"},
		},
		{
			id: "Deployments", sources: []string{"aws.ecs"}, values: prefixes,
			types: []string{"ECS Deployment State Change", "ECS Hook State Change", "ECS Service Action"},
		},
		{
			id: "StoppedTasks", sources: []string{"aws.ecs"}, types: []string{"ECS Task State Change"},
			detail: []string{"lastStatus:", "  - STOPPED"}, member: "clusterArn", values: arns("ecs", "cluster", o.Clusters, ""),
		},
	} {
		for i, part := range r.parts() {
			if i > 0 {
				part.id += strconv.Itoa(i + 1)
			}
			names = append(names, part.id)
			text += part.yaml() + "      Targets:\n        - Id: " + id + "\n          Arn: " + target + "\n" + role
		}
	}
	return text, names
}

// maxPattern is how many characters EventBridge takes as a pattern; around is room for all but the
// values, which are no longer than what they are written as here: placeholders are long.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const (
	maxPattern = 2048
	around     = 400
)

// parts returns rules that EventBridge takes, which have all values of r together.
func (r rule) parts() (parts []rule) {
	size := maxPattern
	for _, value := range r.values {
		if size += len(value) + 2; size > maxPattern-around {
			parts, size = append(parts, r), len(value)
			parts[len(parts)-1].values = nil
		}
		last := &parts[len(parts)-1]
		last.values = append(last.values, value)
	}
	return parts
}

// yaml returns the rule without its targets.
func (r rule) yaml() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n", r.id)
	list := func(indent, name string, values []string) {
		fmt.Fprintf(&b, "%s%s:\n", indent, name)
		for _, value := range values {
			fmt.Fprintf(&b, "%s  - %s\n", indent, value)
		}
	}
	list("        ", "source", r.sources)
	list("        ", "detail-type", r.types)
	if r.member == "" {
		list("        ", "resources", r.values)
		return b.String()
	}
	b.WriteString("        detail:\n")
	for _, line := range r.detail {
		fmt.Fprintf(&b, "          %s\n", line)
	}
	list("          ", r.member, r.values)
	return b.String()
}
