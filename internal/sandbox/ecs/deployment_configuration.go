package ecs

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// deploymentConfiguration is how a service rolls. Early success, which the sandbox has
// no behaviour for, is kept and answered.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
type deploymentConfiguration struct {
	Strategy              string             `json:"strategy,omitempty"`
	MaximumPercent        *int               `json:"maximumPercent,omitempty"`
	MinimumHealthyPercent *int               `json:"minimumHealthyPercent,omitempty"`
	BakeTimeInMinutes     *int               `json:"bakeTimeInMinutes,omitempty"`
	Alarms                *deploymentAlarms  `json:"alarms,omitempty"`
	Breaker               *deploymentBreaker `json:"deploymentCircuitBreaker,omitempty"`
	LifecycleHooks        *[]lifecycleHook   `json:"lifecycleHooks,omitempty"`
	Canary                *canarySteps       `json:"canaryConfiguration,omitempty"`
	Linear                *linearSteps       `json:"linearConfiguration,omitempty"`
	EarlySuccess          json.RawMessage    `json:"earlySuccessCriteria,omitempty"`
}

type deploymentAlarms struct {
	AlarmNames []string `json:"alarmNames"`
	Enable     bool     `json:"enable"`
	Rollback   bool     `json:"rollback"`
}

type deploymentBreaker struct {
	Enable             bool              `json:"enable"`
	Rollback           bool              `json:"rollback"`
	ResetOnHealthyTask *bool             `json:"resetOnHealthyTask,omitempty"`
	Threshold          *breakerThreshold `json:"thresholdConfiguration,omitempty"`
}

type breakerThreshold struct {
	Type  string `json:"type"`
	Value int    `json:"value"`
}

// merge returns c with the members that an update has, as UpdateService does.
func (c deploymentConfiguration) merge(update *deploymentConfiguration) deploymentConfiguration {
	if update == nil {
		return c
	}
	if update.Strategy != "" && update.Strategy != c.Strategy {
		// The steps of another strategy could not be taken out otherwise.
		c.Strategy, c.Canary, c.Linear = update.Strategy, nil, nil
	}
	c.MaximumPercent = cmp.Or(update.MaximumPercent, c.MaximumPercent)
	c.MinimumHealthyPercent = cmp.Or(update.MinimumHealthyPercent, c.MinimumHealthyPercent)
	c.BakeTimeInMinutes = cmp.Or(update.BakeTimeInMinutes, c.BakeTimeInMinutes)
	c.Alarms = cmp.Or(update.Alarms, c.Alarms)
	c.Breaker = cmp.Or(update.Breaker, c.Breaker)
	c.LifecycleHooks = cmp.Or(update.LifecycleHooks, c.LifecycleHooks)
	c.Canary, c.Linear = cmp.Or(update.Canary, c.Canary), cmp.Or(update.Linear, c.Linear)
	if update.EarlySuccess != nil {
		c.EarlySuccess = update.EarlySuccess
	}
	return c
}

// complete fills in what ECS answers for members that were left out.
func (c deploymentConfiguration) complete(scheduling string) deploymentConfiguration {
	minimum, maximum := 100, 200
	if scheduling == rollout.Daemon {
		minimum, maximum = 0, 100
	}
	defaults := deploymentConfiguration{
		Strategy:              rollout.Rolling,
		MaximumPercent:        new(maximum),
		MinimumHealthyPercent: new(minimum),
		BakeTimeInMinutes:     new(0),
		Alarms:                &deploymentAlarms{},
		Breaker:               &deploymentBreaker{},
	}
	c = defaults.merge(&c)
	alarms, breaker := *c.Alarms, *c.Breaker
	alarms.AlarmNames = append([]string{}, alarms.AlarmNames...)
	breaker.ResetOnHealthyTask = cmp.Or(breaker.ResetOnHealthyTask, new(true))
	breaker.Threshold = cmp.Or(breaker.Threshold, &breakerThreshold{Type: rollout.BoundedPercent, Value: 50})
	c.Alarms, c.Breaker = &alarms, &breaker
	return c
}

// check returns the error with which ECS refuses a complete configuration, or nil.
func (c deploymentConfiguration) check() error {
	if err := c.checkStrategy(); err != nil {
		return err
	}
	least, most := *c.MinimumHealthyPercent, *c.MaximumPercent
	switch {
	case least < 0 || most < 0:
		return invalidParameter("minimumHealthyPercent and maximumPercent must not be negative.")
	case least == 100 && most == 100:
		return invalidParameter("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	case most < 100 || least > most:
		return invalidParameter("maximumPercent must be at least 100 and not less than minimumHealthyPercent.")
	case c.Alarms.Enable && len(c.Alarms.AlarmNames) == 0:
		return invalidParameter("Alarm names must be specified when deployment alarms are enabled.")
	}
	return c.Breaker.Threshold.check()
}

func (t *breakerThreshold) check() error {
	switch t.Type {
	case rollout.BoundedPercent, rollout.UnboundedPercent:
		if t.Value < 1 || t.Value > 100 {
			return invalidParameter("The circuit breaker threshold must be between 1 and 100 percent.")
		}
	case rollout.Count:
		if t.Value < 1 {
			return invalidParameter("The circuit breaker threshold must be at least 1.")
		}
	default:
		return invalidParameter("The circuit breaker threshold type should be one of [BOUNDED_PERCENT,UNBOUNDED_PERCENT,COUNT]")
	}
	return nil
}

// apply gives the scheduler a complete configuration.
func (c deploymentConfiguration) apply(spec *rollout.ServiceSpec) {
	spec.MinHealthyPercent, spec.MaxPercent = *c.MinimumHealthyPercent, *c.MaximumPercent
	c.applyStrategy(spec)
	spec.BakeTime = time.Duration(*c.BakeTimeInMinutes) * time.Minute
	spec.Alarms = rollout.Alarms{Names: c.Alarms.AlarmNames, Enable: c.Alarms.Enable, Rollback: c.Alarms.Rollback}
	spec.Breaker = rollout.Breaker{
		Enable:         c.Breaker.Enable,
		Rollback:       c.Breaker.Rollback,
		KeepCount:      !*c.Breaker.ResetOnHealthyTask,
		ThresholdType:  c.Breaker.Threshold.Type,
		ThresholdValue: c.Breaker.Threshold.Value,
	}
}

// canarySteps is the CanaryConfiguration structure.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
type canarySteps struct {
	Percent *float64 `json:"canaryPercent,omitempty"`
	Bake    *int     `json:"canaryBakeTimeInMinutes,omitempty"`
}

// linearSteps is the LinearConfiguration structure.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html
type linearSteps struct {
	Percent *float64 `json:"stepPercent,omitempty"`
	Bake    *int     `json:"stepBakeTimeInMinutes,omitempty"`
}

// lifecycleHook is the DeploymentLifecycleHook structure.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
type lifecycleHook struct {
	TargetType string          `json:"targetType,omitempty"` // "" means AWS_LAMBDA
	TargetARN  string          `json:"hookTargetArn,omitempty"`
	RoleARN    string          `json:"roleArn,omitempty"`
	Stages     []string        `json:"lifecycleStages"`
	Details    json.RawMessage `json:"hookDetails,omitempty"`
	Timeout    *hookTimeout    `json:"timeoutConfiguration,omitempty"`
}

type hookTimeout struct {
	Minutes *int   `json:"timeoutInMinutes,omitempty"` // nil means 1440
	Action  string `json:"action,omitempty"`           // "" means ROLLBACK
}

func (h lifecycleHook) kind() string { return cmp.Or(h.TargetType, rollout.HookLambda) }

// checkStrategy checks a strategy and its members.
func (c deploymentConfiguration) checkStrategy() error {
	switch c.Strategy {
	case rollout.Rolling, rollout.BlueGreen, rollout.Linear, rollout.Canary:
	default:
		return invalidParameter("strategy should be one of [ROLLING,BLUE_GREEN,LINEAR,CANARY]")
	}
	if c.Canary != nil && c.Strategy != rollout.Canary {
		return invalidParameter("canaryConfiguration is only valid with the CANARY deployment strategy.")
	}
	if c.Linear != nil && c.Strategy != rollout.Linear {
		return invalidParameter("linearConfiguration is only valid with the LINEAR deployment strategy.")
	}
	shift := c.shift()
	least := map[string]float64{rollout.Canary: 0.1, rollout.Linear: 3}[c.Strategy]
	if least > 0 && (shift.Percent < least || shift.Percent > 100) {
		return invalidParameter("The percentage of traffic must be between %v and 100.", least)
	}
	if shift.Bake < 0 || shift.Bake > 24*time.Hour {
		return invalidParameter("A bake time must be between 0 and 1440 minutes.")
	}
	return c.checkHooks()
}

// hookStages are the stages that can have hooks.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
var hookStages = []string{
	"RECONCILE_SERVICE", "PRE_SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
	"PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT",
}

func (c deploymentConfiguration) checkHooks() error {
	for _, h := range c.hooks() {
		switch {
		case h.kind() != rollout.HookLambda && h.kind() != rollout.HookPause:
			return invalidParameter("targetType should be one of [AWS_LAMBDA,PAUSE]")
		case h.kind() == rollout.HookLambda && h.TargetARN == "":
			return invalidParameter("hookTargetArn must be provided for an AWS_LAMBDA lifecycle hook.")
		case len(h.Stages) == 0:
			return invalidParameter("lifecycleStages must be provided for a lifecycle hook.")
		}
		for _, stage := range h.Stages {
			if !slices.Contains(hookStages, stage) {
				return invalidParameter("A lifecycle hook cannot run at the stage %s.", stage)
			}
			if h.kind() == rollout.HookPause && (stage == "TEST_TRAFFIC_SHIFT" || stage == "PRODUCTION_TRAFFIC_SHIFT") {
				return invalidParameter("A PAUSE lifecycle hook cannot run at the stage %s.", stage)
			}
		}
	}
	return nil
}

func (c deploymentConfiguration) hooks() []lifecycleHook {
	if c.LifecycleHooks == nil {
		return nil
	}
	return *c.LifecycleHooks
}

// shift returns the steps of the strategy, with ECS's defaults.
func (c deploymentConfiguration) shift() rollout.Shift {
	or := func(percent *float64, bake *int, p float64, b int) rollout.Shift {
		percent, bake = cmp.Or(percent, &p), cmp.Or(bake, &b)
		return rollout.Shift{Percent: *percent, Bake: time.Duration(*bake) * time.Minute}
	}
	switch c.Strategy {
	case rollout.Canary:
		steps := cmp.Or(c.Canary, &canarySteps{})
		return or(steps.Percent, steps.Bake, 5, 10)
	case rollout.Linear:
		steps := cmp.Or(c.Linear, &linearSteps{})
		return or(steps.Percent, steps.Bake, 10, 6)
	default:
		return rollout.Shift{}
	}
}

// applyStrategy gives the scheduler the strategy.
func (c deploymentConfiguration) applyStrategy(spec *rollout.ServiceSpec) {
	spec.Rollout, spec.Shift = c.Strategy, c.shift()
	for _, h := range c.hooks() {
		hook := rollout.Hook{Type: h.kind(), Target: h.TargetARN, Stages: h.Stages}
		if t := h.Timeout; t != nil {
			hook.Continue = t.Action == "CONTINUE"
			if t.Minutes != nil {
				hook.Timeout = time.Duration(*t.Minutes) * time.Minute
			}
		}
		spec.Hooks = append(spec.Hooks, hook)
	}
}
