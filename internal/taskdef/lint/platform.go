package lint

import (
	"regexp"
	"slices"
	"sync"

	"github.com/tagboat/tagboat/internal/source"
)

var platformPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(LATEST|[0-9]+\.[0-9]+\.[0-9]+)$`) })

// platformVersion: "The platform version must be null when specifying an EC2 launch type",
// and "The specified platform does not exist." of 1.4.
// https://github.com/jenkinsci/amazon-ecs-plugin/issues/218
func platformVersion(s *subject) {
	n := at(s.Service, "platformVersion")
	if n == nil || n.Text == "" {
		return
	}
	launch := text(s.Service, "launchType")
	switch {
	case slices.Contains([]string{"EC2", "EXTERNAL"}, launch):
		s.refuse(n, "remove it", "platformVersion is Fargate's, and the launch type is %s", launch)
	case !platformPattern().MatchString(n.Text):
		s.refuse(n, `write it as "LATEST" or "1.4.0"`, "%q is not a version of Fargate's platform", n.Text)
	}
}

// platformFeatures: "One or more of the requested capabilities are not supported.", which was
// seen of EFS on 1.3.0 (https://github.com/ansible/ansible/issues/70625). What "requires
// platform version 1.4.0" is said at each member, at
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html and
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html.
func platformFeatures(s *subject) {
	version := s.ofService("platformVersion")
	if version == nil || s.onWindows() || !s.onFargate() || !slices.Contains([]string{"1.0.0", "1.1.0", "1.2.0", "1.3.0"}, version.Text) {
		return
	}
	refuse := func(at *source.Node, what string) {
		if at != nil {
			s.refuse(at, `set "platformVersion": "LATEST" in the service, or leave it out`,
				"%s needs version 1.4.0 of Fargate's platform, and the service asks for %s", what, version.Text)
		}
	}
	for _, v := range list(s.Task, "volumes") {
		refuse(at(v, "efsVolumeConfiguration"), "a volume of EFS")
	}
	refuse(at(s.Task, "ephemeralStorage"), "ephemeralStorage")
	refuse(at(s.Task, "pidMode"), "pidMode")
	if size := units(text(s.Task, "cpu"), "vcpu"); size > 4096 {
		refuse(at(s.Task, "cpu"), "a task with more than 4 vCPU")
	}
	for _, c := range s.containers() {
		if n := at(c, "linuxParameters", "capabilities", "add"); len(list(n)) > 0 {
			refuse(n, "a capability that is added")
		}
		if n := at(c, "environmentFiles"); len(list(n)) > 0 {
			refuse(n, "environmentFiles")
		}
	}
}
