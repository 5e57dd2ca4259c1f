// Package deploy decides what it takes to make Amazon ECS match what should run: it looks,
// compares and plans, and changes nothing.
//
//	Prepare: look ──▶ NewPlan (pure) ──▶ preflight
//
// Package rollout carries plans out, status says how what runs differs, and explain says why
// it does not run.
package deploy
