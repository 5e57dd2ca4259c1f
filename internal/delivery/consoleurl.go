package app

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// consoleURL returns where AWS's console shows a deployment, or "" where nothing was
// deployed and where calls do not go to AWS itself.
func (a *App) consoleURL(d deploy.Desired, done tagboat.Deployment) string {
	if a.cloud.EndpointHost() != "" || done.DeploymentID == "" {
		return ""
	}
	region := d.Region
	if region == "" {
		if env, err := a.config.Environment(string(d.Environment)); err == nil {
			region = a.located(env).Region
		}
	}
	return ecs.ConsoleURL(region, d.Cluster, d.ServiceName)
}
