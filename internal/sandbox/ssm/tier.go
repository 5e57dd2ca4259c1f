package ssm

import (
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The tiers, and what fits into each: bytes of a value, parameters per account and region.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
const (
	tierStandard    = "Standard"
	tierAdvanced    = "Advanced"
	tierIntelligent = "Intelligent-Tiering"

	maxStandardValue = 4096
	maxAdvancedValue = 8192
	maxStandardCount = 10_000
	maxAdvancedCount = 100_000
)

// setTier settles the tier of a version whose tier is still that of the one before.
// The way from standard to advanced has no way back.
func (c call) setTier(v *version, asked string, created bool) error {
	needsAdvanced := len(v.Value) > maxStandardValue || len(v.Policies) > 0
	switch asked {
	case "": // as it was; a new one is standard
	case tierIntelligent:
		full := created && c.count(tierStandard) >= maxStandardCount
		if needsAdvanced || full {
			v.Tier = tierAdvanced
		}
	case tierAdvanced:
		v.Tier = tierAdvanced
	case tierStandard:
		if v.Tier == tierAdvanced {
			return wire.Errorf("ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a "+
				"parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the "+
				"advanced parameter and recreate it as a standard parameter. Be aware that standard parameters have a value "+
				"limit of 4096 characters.")
		}
	default:
		tiers := []string{tierStandard, tierAdvanced, tierIntelligent}
		return invalidMember(asked, "tier", "satisfy enum value set: ["+strings.Join(tiers, ", ")+"]")
	}
	return c.checkTier(v, created)
}

func (c call) checkTier(v *version, created bool) error {
	switch {
	case v.Tier == tierStandard && len(v.Value) > maxStandardValue:
		return wire.Errorf("ValidationException", "Standard tier parameters support a maximum parameter value of %d characters. "+
			"To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see "+
			"https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", maxStandardValue)
	case len(v.Value) > maxAdvancedValue:
		return wire.Errorf("ValidationException",
			"Advanced-tier parameters support a maximum parameter value of %d characters.", maxAdvancedValue)
	case v.Tier == tierStandard && len(v.Policies) > 0:
		return wire.Errorf("ValidationException", "Standard parameters can't be configured to use parameter policies. "+
			"Upgrade the parameter to use the advanced-parameter tier.")
	case created && v.Tier == tierStandard && c.count(tierStandard) >= maxStandardCount:
		return wire.Errorf("ParameterLimitExceeded", "You have reached the maximum number of standard parameters for this AWS "+
			"account and Region (%d). To add more parameters, either delete existing parameters or upgrade to the "+
			"advanced-parameter tier (charges apply).", maxStandardCount)
	case created && v.Tier == tierAdvanced && c.count(tierAdvanced) >= maxAdvancedCount:
		return wire.Errorf("ParameterLimitExceeded",
			"You have reached the maximum number of advanced parameters for this AWS account and Region (%d).", maxAdvancedCount)
	}
	return nil
}

// count returns how many parameters are in a tier.
func (st *store) count(tier string) int {
	if len(st.parameters) < maxStandardCount {
		return 0 // no limit is near; the exact number does not matter
	}
	n := 0
	for _, p := range st.parameters {
		if p.latest().Tier == tier {
			n++
		}
	}
	return n
}
