package ecs

import (
	"net/url"
	"strings"
)

// ConsoleURL returns the page of AWS's console that lists a service's deployments with
// their events, or "" where no region is known or its console is not.
//
//   - The hosts: https://docs.aws.amazon.com/general/latest/gr/mgmt-console.html
//   - The path, as AWS's own action prints it:
//     https://github.com/aws-actions/amazon-ecs-deploy-task-definition/pull/809
func ConsoleURL(region, cluster, service string) string {
	host := consoleHost(region)
	if host == "" || cluster == "" || service == "" {
		return ""
	}
	return "https://" + region + "." + host + "/ecs/v2/clusters/" + url.PathEscape(LastPart(cluster)) +
		"/services/" + url.PathEscape(service) + "/deployments?region=" + url.QueryEscape(region)
}

// consoleHost returns the host of the console in the partition of a region. A region's
// name tells its partition; the isolated ones have consoles that nobody documents.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func consoleHost(region string) string {
	switch {
	case region == "", strings.HasPrefix(region, "us-iso"), strings.HasPrefix(region, "eu-iso"), strings.HasPrefix(region, "eusc-"):
		return ""
	case strings.HasPrefix(region, "cn-"):
		return "console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "console.amazonaws-us-gov.com"
	default:
		return "console.aws.amazon.com"
	}
}
