// Package ecs is Amazon ECS's API in the sandbox: the operations of
// AmazonEC2ContainerServiceV20141113 with AWS's checks, errors and answers, over the
// scheduler in package rollout, which does what ECS does between two calls.
//
//	wire.Service ──▶ operation ──▶ region (clusters, task definitions, tags)
//	                                  └──▶ rollout.Engine ──▶ world ──▶ Deps (images, logs, targets)
//
// Each account and region has a state of its own. Before every call, and while Run
// runs, time moves on to what the clock says.
//
// What the API takes but nothing happens by is listed by Ignored; what it cannot do
// answers UnsupportedFeatureException.
package ecs
