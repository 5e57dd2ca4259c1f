package ecs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// attachment is the Attachment structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attachment.html
type attachment struct {
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Status  string      `json:"status"`
	Details []nameValue `json:"details"`
}

// networkAttachment shows the task's network interface. Its ids follow from the task's.
func networkAttachment(region string, t *rollout.Task) attachment {
	a := attachment{ID: attachmentID(t), Type: "ElasticNetworkInterface", Status: "ATTACHED", Details: []nameValue{}}
	switch t.LastStatus {
	case "PROVISIONING":
		a.Status = "PRECREATED"
	case "STOPPED":
		a.Status = "DELETED"
	}
	if t.Subnet != "" {
		a.Details = append(a.Details, nameValue{"subnetId", t.Subnet})
	}
	if t.IP == "" || a.Status == "PRECREATED" {
		return a
	}
	sum := sha256.Sum256([]byte(t.ARN))
	return attachment{ID: a.ID, Type: a.Type, Status: a.Status, Details: append(a.Details,
		nameValue{"networkInterfaceId", "eni-0" + hex.EncodeToString(sum[:8])},
		nameValue{"macAddress", fmt.Sprintf("06:%02x:%02x:%02x:%02x:%02x", sum[8], sum[9], sum[10], sum[11], sum[12])},
		nameValue{"privateDnsName", "ip-" + strings.ReplaceAll(t.IP, ".", "-") + "." + region + ".compute.internal"},
		nameValue{"privateIPv4Address", t.IP},
	)}
}

func attachmentID(t *rollout.Task) string {
	sum := sha256.Sum256([]byte("attachment of " + t.ARN))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
