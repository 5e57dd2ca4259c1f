package ecs

import (
	"slices"
	"strings"
)

// accountSettings are the settings that an account can have, with what AWS sets where
// nobody did. They change nothing in the sandbox: ARNs always have the newer form.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
func accountSettings() []accountSetting {
	return []accountSetting{
		{Name: "awsvpcTrunking", Value: "disabled"},
		{Name: "containerInsights", Value: "disabled"},
		{Name: "containerInstanceLongArnFormat", Value: "enabled"},
		{Name: "defaultLogDriverMode", Value: "non-blocking"},
		{Name: "dualStackIPv6", Value: "disabled"},
		{Name: "fargateTaskRetirementWaitPeriod", Value: "7"},
		{Name: "guardDutyActivate", Value: "off"},
		{Name: "serviceLongArnFormat", Value: "enabled"},
		{Name: "tagResourceAuthorization", Value: "off"},
		{Name: "taskLongArnFormat", Value: "enabled"},
	}
}

type accountSetting struct {
	Name         string `json:"name"`
	Value        string `json:"value"`
	PrincipalARN string `json:"principalArn"`
	Type         string `json:"type"`
}

type listAccountSettingsIn struct {
	paging
	Name              string
	EffectiveSettings bool
}

type listAccountSettingsOut struct {
	Settings  []accountSetting `json:"settings"`
	NextToken string           `json:"nextToken,omitempty"`
}

// listAccountSettings answers what was set, and with effectiveSettings everything.
func (c call) listAccountSettings(in listAccountSettingsIn) (listAccountSettingsOut, error) {
	all := []accountSetting{}
	for _, s := range accountSettings() {
		value, changed := c.Settings[s.Name]
		if in.Name != "" && in.Name != s.Name || !changed && !in.EffectiveSettings {
			continue
		}
		if changed {
			s.Value = value
		}
		all = append(all, c.accountSetting(s))
	}
	found, next, err := page(in.paging, list[accountSetting]{
		items: all, key: func(s accountSetting) string { return s.Name },
	}, 10)
	return listAccountSettingsOut{Settings: found, NextToken: next}, err
}

func (c call) accountSetting(s accountSetting) accountSetting {
	s.PrincipalARN, s.Type = "arn:aws:iam::"+c.scope.Account+":root", "user"
	return s
}

type putAccountSettingIn struct{ Name, Value string }

type putAccountSettingOut struct {
	Setting accountSetting `json:"setting"`
}

// putAccountSetting sets for the whole account, as PutAccountSettingDefault does.
func (c call) putAccountSetting(in putAccountSettingIn) (putAccountSettingOut, error) {
	var names []string
	for _, s := range accountSettings() {
		names = append(names, s.Name)
	}
	if !slices.Contains(names, in.Name) {
		return putAccountSettingOut{}, invalidParameter("unknown should be one of [%s]", strings.Join(names, ","))
	}
	c.Settings[in.Name] = in.Value
	return putAccountSettingOut{Setting: c.accountSetting(accountSetting{Name: in.Name, Value: in.Value})}, nil
}
