// Package lint finds in rendered files what ECS would refuse, or what could never run:
// everything that can be told without a call. Each check is one small function with its
// source; the table checks lists them all.
//
// An error here stops a deployment, and nothing can overrule it. So only what AWS is
// known to refuse is one, or what cannot work whatever AWS does; what is merely likely
// to be wrong, and quotas that AWS may raise, are warnings.
package lint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Files is what ECS is going to be sent for one service in one environment.
type Files struct {
	// Task is the task definition: RegisterTaskDefinition's input. Nil where unknown.
	Task *source.Node
	// Registered says that ECS has accepted Task already. It is then only held against
	// the service.
	Registered bool
	// InUse says that the service runs Task already. Then only what changes of the service is
	// held against it.
	InUse bool
	// Service is CreateService's input; nil where the service is somebody else's.
	Service *source.Node
	// Exists says that ECS has the service: what the file leaves out, the service has.
	Exists bool
	// Running is what ECS has of that service, under the names of CreateService's input, for
	// what Service leaves out; nil where it is not known.
	Running *source.Node
	// Settled says that ECS has all that Service says. It is then only held against Task.
	Settled bool
	// Images are the versions that containers will run.
	Images map[tagboat.ContainerName]tagboat.Reference
	// Notes are what reading the files found worth saying.
	Notes []*tagboat.Error
}

// Finding is something wrong with the files. Err has the place, the line and a hint.
type Finding struct {
	Err     *tagboat.Error
	Warning bool // it does not stop a deployment
}

// Check returns all findings, those of the task definition first, in the order of the table.
func Check(f Files) []Finding {
	s := &subject{Files: f}
	for _, note := range f.Notes {
		s.findings = append(s.findings, Finding{note, true})
	}
	for _, c := range checks() {
		if c.needs(f) {
			c.run(s)
		}
	}
	return s.findings
}

// check is one entry of the table.
type check struct {
	needs func(Files) bool
	run   func(*subject)
}

// What a check needs.
func task(f Files) bool    { return f.Task != nil && !f.Registered }
func service(f Files) bool { return f.Service != nil && !f.Settled }
func both(f Files) bool {
	return f.Task != nil && (f.Service != nil || f.Running != nil) && !(f.InUse && f.Settled)
}

// checks is the table of all checks.
func checks() []check {
	return slices.Concat(
		each(task, family, containerNames, tooManyContainers, essential, roles, taskTags),
		each(task, taskSizes, memory, sums, containerSizes),
		each(task, dependencies, dependencyCycle, links, volumesFrom, mounts, volumes, proxyContainer),
		each(task, environment, secretsRole, secretsInEnvironment, healthChecks, timeouts, ulimits, images),
		each(task, ports, hostPorts, portNames, awsvpcMembers),
		each(task, logOptions, logModes, firelens),
		each(fargateTask, fargateSize, fargateNetwork, fargateRole, fargateMembers, fargateContainers, fargateLogs, fargateTimeouts),
		each(service, serviceName, serviceTags, capacity, scheduling, placement, platformVersion, subnets),
		each(service, percents, strategy, breaker, alarms, hooks, gracePeriod),
		each(both, loadBalancers, registries, portsByName, network, serviceRole, executeCommand, volumesAtLaunch, platformFeatures),
	)
}

func each(needs func(Files) bool, run ...func(*subject)) []check {
	var all []check
	for _, r := range run {
		all = append(all, check{needs, r})
	}
	return all
}

// subject is the files that are checked, and what was found.
type subject struct {
	Files
	findings []Finding
}

// refuse notes an error at a node.
func (s *subject) refuse(at *source.Node, hint, format string, args ...any) {
	s.findings = append(s.findings, Finding{Err: withHint(at.Errorf(format, args...), hint)})
}

// refuseUnknown notes an error at a node, where that is there, whose text is none of the known
// names. The text is the last argument of format, and that of otherwise: what to do where no
// name is meant.
func (s *subject) refuseUnknown(at *source.Node, known []string, otherwise, format string, args ...any) {
	if at == nil || slices.Contains(known, at.Text) {
		return
	}
	hint := cmp.Or(tagboat.Suggest(at.Text, known), fmt.Sprintf(otherwise, at.Text))
	s.refuse(at, hint, format, append(args, at.Text)...)
}

// warn notes a warning at a node.
func (s *subject) warn(at *source.Node, hint, format string, args ...any) {
	s.findings = append(s.findings, Finding{Err: withHint(at.Errorf(format, args...), hint), Warning: true})
}

func withHint(e *tagboat.Error, hint string) *tagboat.Error {
	e.Hint = hint
	return e
}

// ofService returns a member of the service: what the file says of it, or what ECS has.
func (f Files) ofService(member string) *source.Node {
	if f.Service != nil && f.Service.Field(member) != nil {
		return at(f.Service, member)
	}
	return at(f.Running, member)
}

// unsaid says of a member that it is what ECS has, and not in the file.
func (f Files) unsaid(member string) string {
	if at(f.Service, member) != nil {
		return ""
	}
	return " of the service in ECS"
}

// containers returns the containers of the task definition.
func (s *subject) containers() []*source.Node { return list(s.Task, "containerDefinitions") }

// container returns the container with that name, or nil.
func (s *subject) container(name string) *source.Node {
	for _, c := range s.containers() {
		if text(c, "name") == name {
			return c
		}
	}
	return nil
}

// names returns the names of all containers.
func (s *subject) names() []string {
	var names []string
	for _, c := range s.containers() {
		names = append(names, text(c, "name"))
	}
	return names
}

// noContainer refuses the name of a container that the task definition does not have.
func (s *subject) noContainer(at *source.Node, what string) {
	s.refuse(at, tagboat.Suggest(at.Text, s.names()), "%s: the task definition has no container %q", what, at.Text)
}

// isEssential reports whether the task ends with the container; it does where nothing is said.
func isEssential(c *source.Node) bool { return text(c, "essential") != "false" }

// onFargate reports whether the tasks are Fargate's: the task definition asks to be
// validated for it, or the service launches them there.
func (f Files) onFargate() bool {
	return f.requires("FARGATE") || text(f.ofService("launchType")) == "FARGATE" || slices.ContainsFunc(list(f.ofService("capacityProviderStrategy")), isFargate)
}

// fargateTask is for checks of what Fargate cannot run.
func fargateTask(f Files) bool { return task(f) && f.onFargate() }

func isFargate(item *source.Node) bool {
	name := text(item, "capacityProvider")
	return name == "FARGATE" || name == "FARGATE_SPOT"
}

func (f Files) requires(compatibility string) bool {
	return slices.ContainsFunc(list(f.Task, "requiresCompatibilities"), func(n *source.Node) bool { return n.Text == compatibility })
}

func (f Files) onWindows() bool {
	system := text(f.Task, "runtimePlatform", "operatingSystemFamily")
	return len(system) >= 7 && system[:7] == "WINDOWS"
}

// networkMode returns the network mode of the tasks: bridge where nothing is said.
func (f Files) networkMode() string {
	if mode := text(f.Task, "networkMode"); mode != "" {
		return mode
	}
	return "bridge"
}
