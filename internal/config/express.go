package config

import "github.com/tagboat/tagboat"

// ExpressContainer is the container of a service of Express Mode whose image Express Mode changes.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
const ExpressContainer tagboat.ContainerName = "Main"

// ownedByExpress notes what a service says that Express Mode says already, and what it cannot change.
func (b *builder) ownedByExpress(from fileService, s Service) {
	_, has := s.Containers[ExpressContainer]
	switch {
	case from.TaskDefinition.at.File != "":
		b.problem(s.Where, "the service %q is deployed through Express Mode, which owns its task definition", s.Name).
			hint("leave taskDefinition out")
	case from.Service.At.File != "":
		b.problem(from.Service.At, "the service %q is deployed through Express Mode, which owns its settings", s.Name).
			hint("leave service out")
	case from.Deploy.Stack.At.File != "" || from.Deploy.Resource.At.File != "" || len(from.Deploy.Parameters) > 0:
		b.problem(s.Where, "the service %q is deployed through Express Mode, and stack, resource and parameters are for cloudformation", s.Name).
			hint("leave them out: deploy: {through: express}")
	case !has || len(s.Containers) > 1:
		b.problem(s.Where, "the service %q is deployed through Express Mode, which changes the image of the container %s alone", s.Name, ExpressContainer).
			hint("write containers: {%s: IMAGE}", ExpressContainer)
	}
}
