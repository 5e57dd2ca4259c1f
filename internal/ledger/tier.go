package ledger

// Tier is what a parameter costs and how much fits into it. The zero value leaves it to
// the account, whose default is standard.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
type Tier string

// The tiers. A parameter that is advanced never goes back to standard.
const (
	TierStandard    Tier = "standard"
	TierAdvanced    Tier = "advanced"
	TierIntelligent Tier = "intelligent-tiering" // standard until it has to be advanced
)

// What a value can have, in bytes.
const (
	maxStandard = 4096
	maxAdvanced = 8192
)

func (t Tier) maxValue() int {
	if t == TierAdvanced || t == TierIntelligent {
		return maxAdvanced
	}
	return maxStandard
}
