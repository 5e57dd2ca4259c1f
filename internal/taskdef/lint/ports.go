package lint

import (
	"cmp"
	"regexp"
	"strconv"
	"sync"

	"github.com/tagboat/tagboat/internal/source"
)

const highestPort = 65535

// ports: "Invalid 'containerPort' setting for container 'x'."
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
func ports(s *subject) {
	for _, c := range s.containers() {
		for _, p := range list(c, "portMappings") {
			what := "container " + strconv.Quote(text(c, "name"))
			if at(p, "containerPortRange") == nil {
				s.within(p, bounds{"containerPort", 1, highestPort}, what)
			}
			s.within(p, bounds{"hostPort", 0, highestPort}, what)
			if at(p, "containerPort") == nil && at(p, "containerPortRange") == nil {
				s.warn(p, "add containerPort", "%s has a port mapping without containerPort", what)
			}
		}
		if mapped := at(c, "portMappings"); s.networkMode() == "none" && mapped != nil && len(mapped.Items) > 0 {
			s.refuse(mapped, "remove them, or choose another networkMode", "container %q has port mappings, which network mode none does not have", text(c, "name"))
		}
	}
}

// hostPorts: "When networkMode=awsvpc, the host ports and container ports in port
// mappings must match.", which holds for host as well; "TCP host port '80' is mapped
// multiple times in task." https://github.com/aws/amazon-ecs-agent/issues/1220
func hostPorts(s *subject) {
	own := s.networkMode() == "awsvpc" || s.networkMode() == "host"
	taken := map[string]*source.Node{}
	for _, c := range s.containers() {
		for _, p := range list(c, "portMappings") {
			port, host := text(p, "containerPort"), text(p, "hostPort")
			if host == "0" {
				host = "" // any port
			}
			if own && host != "" && port != "" && host != port {
				s.refuse(at(p, "hostPort"), "remove hostPort: the task has the container's ports as its own",
					"container %q: hostPort %s is not containerPort %s, as network mode %s wants", text(c, "name"), host, port, s.networkMode())
				continue
			}
			s.taken(taken, p, host, own && host == "")
		}
	}
}

// taken refuses a host port that another mapping has. Where the file does not say it, but
// ECS would, that is a warning.
func (s *subject) taken(taken map[string]*source.Node, p *source.Node, host string, implied bool) {
	if implied {
		host = text(p, "containerPort")
	}
	key := cmp.Or(text(p, "protocol"), "tcp") + " port " + host
	switch first := taken[key]; {
	case host == "":
	case first == nil:
		taken[key] = p
	case implied || at(first, "hostPort") == nil:
		s.warn(or(at(p, "containerPort"), p), "the first is at "+first.At.String(), "%s is mapped twice in the task", key)
	default:
		s.refuse(at(p, "hostPort"), "choose another one; the first is at "+first.At.String(), "%s of the host is mapped twice in the task", key)
	}
}

var portNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]{0,63}$`) })

// portNames: Service Connect finds ports by their names.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
func portNames(s *subject) {
	first := map[string]*source.Node{}
	for _, c := range s.containers() {
		for _, p := range list(c, "portMappings") {
			n := at(p, "name")
			switch {
			case n == nil:
				continue
			case !portNamePattern().MatchString(n.Text):
				s.warn(n, "use lowercase letters, digits, underscores and hyphens, 64 at most, no hyphen first", "%q is hardly a name of a port that ECS takes", n.Text)
			case first[n.Text] != nil:
				s.warn(n, "the first is at "+first[n.Text].At.String(), "two ports have the name %q", n.Text)
			}
			first[n.Text] = or(first[n.Text], n)
		}
	}
}

// awsvpcMembers: "Hostname is not supported on container when networkMode=awsvpc.", and
// the same of extraHosts.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func awsvpcMembers(s *subject) {
	if s.networkMode() != "awsvpc" {
		return
	}
	for _, c := range s.containers() {
		for _, member := range []string{"hostname", "extraHosts"} {
			if n := at(c, member); n != nil && (n.Text != "" || len(n.Items) > 0) {
				s.refuse(n, "remove it", "container %q has %s, which network mode awsvpc does not have", text(c, "name"), member)
			}
		}
	}
}
