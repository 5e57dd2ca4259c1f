package app

import (
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
)

// Client returns what deploying shares of an environment's place.
func Client(a *App, env config.Environment) *deploy.Client { return a.client(env) }
