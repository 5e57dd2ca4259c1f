// Package taskdef reads templates of task definitions and services, fills in their
// variables and images, and compares what comes out with what ECS has. It knows the
// shapes of ECS's requests, so that a misspelt field is found when the file is read.
// Nothing here touches the network.
package taskdef
