package tagboat

// ImportDocument is what pins --import prints with -o json.
type ImportDocument struct {
	Imported  []ImportedPin  `json:"imported"`
	Uncovered []UncoveredKey `json:"uncovered"`
	// Proposal is lines of tagboat.yaml that would cover the keys; "" where all are.
	Proposal string `json:"proposal"`
	Changed  bool   `json:"changed"` // false where the ledger was so already
}

// ImportedPin is a version that a parameter had for an image, as the ledger has it now.
type ImportedPin struct {
	Environment EnvName   `json:"environment"`
	Image       ImageName `json:"image"`
	Repository  string    `json:"repository"` // with its host
	Tag         string    `json:"tag"`
	Digest      Digest    `json:"digest"`
	From        string    `json:"from"` // the parameter that had it
	Key         string    `json:"key"`
	Parameter   string    `json:"parameter"` // the parameter that holds the pin
}

// UncoveredKey is a key that matches no image of tagboat.yaml.
type UncoveredKey struct {
	Environment EnvName `json:"environment"`
	Parameter   string  `json:"parameter"`
	Key         string  `json:"key"`
	Value       string  `json:"value"`
}
