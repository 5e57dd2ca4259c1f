package ecs

import (
	"cmp"
	"encoding/json"
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

// check tells what ECS would refuse in a complete configuration.
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
