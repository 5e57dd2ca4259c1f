// Package promotion brings releases from stage to stage:
//
//	Plan:  release × environments ──▶ evidence (ECS, registries, home) ──▶ gates (stage) ──▶ checklist
//	Do:    claim ──▶ pins ──▶ deploy ──▶ trail, journal        each environment at its own pace
//
// One promotion is active in an environment. Its claim stands beside the environment's holds, by
// the ledger's protocol, and whatever a killed run left behind the same command takes up again.
package promotion
