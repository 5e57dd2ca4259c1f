// Package deploy makes Amazon ECS match what should run, and tells how that ended.
//
//	Prepare: look ──▶ NewPlan (pure) ──▶ Preflight
//	Run:     apply ──▶ observe ──▶ judge ──▶ verdict, or the way back
//
// Nothing here is kept between runs: whatever a killed run left behind is found by the
// next look at ECS, and every step is safe to repeat. A deployment is known by the id
// in the answer to our own call; neither times nor equal task definitions stand in for
// it.
package deploy
