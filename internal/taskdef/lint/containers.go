package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// dependencies: "Cannot depend on container + 'x' because it does not exist", "A
// dependency container with HEALTHY condition must have health check configured", "A
// dependency container with SUCCESS or COMPLETE condition cannot be an essential
// container". https://github.com/boto/boto3/issues/2436
func dependencies(s *subject) {
	for _, c := range s.containers() {
		for _, d := range list(c, "dependsOn") {
			n := at(d, "containerName")
			if n == nil {
				continue
			}
			on, condition := s.container(n.Text), text(d, "condition")
			switch {
			case on == nil:
				s.noContainer(n, "dependsOn")
			case condition == "HEALTHY" && at(on, "healthCheck") == nil:
				s.refuse(at(d, "condition"), fmt.Sprintf("give %q a healthCheck here; the one in its image does not count", n.Text),
					"container %q waits until %q is HEALTHY, which has no healthCheck", text(c, "name"), n.Text)
			case (condition == "SUCCESS" || condition == "COMPLETE") && isEssential(on):
				s.refuse(at(d, "condition"), fmt.Sprintf(`set "essential": false on %q: the task ends with an essential container`, n.Text),
					"container %q waits for the end (%s) of %q, which is essential", text(c, "name"), condition, n.Text)
			}
		}
	}
}

// dependencyCycle: containers that wait for each other are refused, and could never start.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
func dependencyCycle(s *subject) {
	const visiting, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(name string)
	visit = func(name string) {
		state[name] = visiting
		path = append(path, name)
		for _, d := range list(s.container(name), "dependsOn") {
			n := at(d, "containerName")
			switch {
			case n == nil:
			case state[n.Text] == visiting:
				s.refuse(n, "remove one of these dependencies", "containers wait for each other: %s", cycle(path, n.Text))
			case state[n.Text] == 0:
				visit(n.Text)
			}
		}
		path = path[:len(path)-1]
		state[name] = done
	}
	for _, name := range s.names() {
		if state[name] == 0 {
			visit(name)
		}
	}
}

func cycle(path []string, back string) string {
	for i, name := range path {
		if name == back {
			return strings.Join(append(path[i:len(path):len(path)], back), " → ")
		}
	}
	return back
}

// links: "Links are not supported when networkMode=awsvpc."; they are for bridge alone.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func links(s *subject) {
	for _, c := range s.containers() {
		all := list(c, "links")
		if len(all) > 0 && s.networkMode() != "bridge" {
			s.refuse(at(c, "links"), "remove them: containers of a task reach each other at localhost", "container %q has links, which network mode %s does not have", text(c, "name"), s.networkMode())
			continue
		}
		for _, link := range all {
			name, _, _ := strings.Cut(link.Text, ":")
			if s.container(name) == nil {
				s.refuse(link, tagboat.Suggest(name, s.names()), "links: the task definition has no container %q", name)
			}
		}
	}
}

// volumesFrom: a container's volumes come from another of the same task.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_VolumeFrom.html
func volumesFrom(s *subject) {
	for _, c := range s.containers() {
		for _, v := range list(c, "volumesFrom") {
			n := at(v, "sourceContainer")
			switch {
			case n == nil:
			case s.container(n.Text) == nil:
				s.noContainer(n, "volumesFrom")
			case n.Text == text(c, "name"):
				s.refuse(n, "name the container that has the volumes", "container %q takes its volumes from itself", n.Text)
			}
		}
	}
}

// proxyContainer: App Mesh's proxy is a container of the task.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProxyConfiguration.html
func proxyContainer(s *subject) {
	if n := at(s.Task, "proxyConfiguration", "containerName"); n != nil && s.container(n.Text) == nil {
		s.noContainer(n, "proxyConfiguration")
	}
}

// environment: "The secret name must be unique and not shared with any new or existing
// environment variables set on the container, such as 'x'." That is AWS's refusal.
func environment(s *subject) {
	for _, c := range s.containers() {
		plain, secret := map[string]bool{}, map[string]bool{}
		for _, e := range list(c, "environment") {
			name := text(e, "name")
			if name != "" && plain[name] {
				s.warn(at(e, "name"), "remove one of the two", "container %q has the variable %q twice: only one of them counts", text(c, "name"), name)
			}
			plain[name] = true
		}
		for _, e := range list(c, "secrets") {
			name := text(e, "name")
			switch {
			case secret[name]:
				s.refuse(at(e, "name"), "remove one of the two", "container %q has the secret %q twice", text(c, "name"), name)
			case plain[name]:
				s.refuse(at(e, "name"), "remove it from environment or from secrets", "container %q has %q in environment and in secrets", text(c, "name"), name)
			}
			secret[name] = true
		}
	}
}

// secretsRole: "When you are specifying container secrets, you must also specify a value
// for 'executionRoleArn'." That is AWS's refusal.
func secretsRole(s *subject) {
	if text(s.Task, "executionRoleArn") != "" {
		return
	}
	for _, c := range s.containers() {
		if n := at(c, "secrets"); n != nil && len(n.Items) > 0 {
			s.refuse(n, executionRoleHint, "container %q has secrets, and the task definition no executionRoleArn to read them with", text(c, "name"))
		}
	}
}

// secretARN is where a secret is: in Secrets Manager, or a parameter.
var secretARN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:aws[a-z-]*:(secretsmanager:[^:]*:\d*:secret:|ssm:[^:]*:\d*:parameter/).`)
})

// secretsInEnvironment: ECS reads what is in secrets alone.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
func secretsInEnvironment(s *subject) {
	for _, c := range s.containers() {
		for _, e := range list(c, "environment") {
			if value := at(e, "value"); value != nil && secretARN().MatchString(value.Text) {
				s.warn(value, fmt.Sprintf(`to have ECS read it, put it under secrets: {"name": %q, "valueFrom": "…"}`, text(e, "name")),
					"container %q: the variable %q says where a secret is, and the container gets that and not the secret", text(c, "name"), text(e, "name"))
			}
		}
	}
}

const executionRoleHint = `add "executionRoleArn": the role with which ECS pulls images, reads secrets and writes logs`

// healthChecks: "Invalid health check setting for container 'x'. 'interval' must be
// between 5 and 300." https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func healthChecks(s *subject) {
	for _, c := range s.containers() {
		check := at(c, "healthCheck")
		if check == nil {
			continue
		}
		command := list(check, "command")
		switch {
		case len(command) == 0:
			s.refuse(check, `add "command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"]`, "the healthCheck of container %q has no command", text(c, "name"))
		case !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, command[0].Text):
			s.warn(command[0], `begin it with "CMD" or "CMD-SHELL"`, "the healthCheck of container %q begins with %q, which Docker does not run", text(c, "name"), command[0].Text)
		}
		for _, r := range []bounds{{"interval", 5, 300}, {"timeout", 2, 60}, {"retries", 1, 10}, {"startPeriod", 0, 300}} {
			s.within(check, r, "healthCheck of container "+strconv.Quote(text(c, "name")))
		}
	}
}

// bounds are the least and the most that a member may be.
type bounds struct {
	member string
	least  int
	most   int
}

// within refuses a number that is out of bounds. No number is within them.
func (s *subject) within(of *source.Node, b bounds, what string) {
	if n, ok := number(of, b.member); ok && (n < b.least || n > b.most) {
		s.refuse(at(of, b.member), fmt.Sprintf("%s is %d to %d", b.member, b.least, b.most), "%s: %s cannot be %d", what, b.member, n)
	}
}

// timeouts: how long a container may take to start and is tried again.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html
func timeouts(s *subject) {
	for _, c := range s.containers() {
		policy := at(c, "restartPolicy")
		s.within(policy, bounds{"restartAttemptPeriod", 60, 1800}, "restartPolicy of container "+strconv.Quote(text(c, "name")))
		if codes := list(policy, "ignoredExitCodes"); len(codes) > 50 {
			s.refuse(codes[50], "keep 50 of them", "restartPolicy of container %q ignores %d exit codes: 50 is the most", text(c, "name"), len(codes))
		}
	}
}

// ulimits: Docker starts no container whose soft limit is above its hard one; -1 is none.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html
func ulimits(s *subject) {
	for _, c := range s.containers() {
		first := map[string]bool{}
		for _, u := range list(c, "ulimits") {
			soft, hasSoft := number(u, "softLimit")
			hard, hasHard := number(u, "hardLimit")
			if hasSoft && hasHard && hard >= 0 && (soft > hard || soft < 0) {
				s.refuse(at(u, "softLimit"), "raise hardLimit or lower softLimit", "ulimit %s of container %q: softLimit %d is above hardLimit %d", text(u, "name"), text(c, "name"), soft, hard)
			}
			if first[text(u, "name")] {
				s.warn(at(u, "name"), "remove one of the two", "container %q has the ulimit %s twice", text(c, "name"), text(u, "name"))
			}
			first[text(u, "name")] = true
		}
	}
}

// images: what a file says of an image, the pinned version replaces. The note of an answer that
// is used as a file says so of all.
func images(s *subject) {
	if slices.ContainsFunc(s.Notes, func(n *tagboat.Error) bool { return n.Where != nil && n.Where.File == s.Task.At.File }) {
		return
	}
	for _, c := range s.containers() {
		n := at(c, "image")
		if n == nil || n.Text == "" {
			continue
		}
		pinned, ok := s.Images[tagboat.ContainerName(text(c, "name"))]
		if written, err := tagboat.ParseReference(n.Text); ok && (err != nil || written.Pinned() != pinned.Pinned()) {
			s.warn(n, `remove "image": tagboat.yaml says which image the container runs`, "the image of container %q is not used: it runs %s", text(c, "name"), pinned.Pinned())
		}
	}
}
