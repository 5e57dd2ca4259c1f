package tagboat

// VarsDocument is what vars prints with -o json.
type VarsDocument struct {
	Environment EnvName `json:"environment"`
	Vars        []Var   `json:"vars"`
}

// Var is the value that a variable has in an environment, for some services or all.
type Var struct {
	Name     string        `json:"name"`
	Value    any           `json:"value"`    // null where it has none there
	Services []ServiceName `json:"services"` // for which the value holds; empty for all of the file
	UsedBy   []ServiceName `json:"usedBy"`   // those of them whose templates use the variable
	Scope    string        `json:"scope"`    // of the value, in words; "" for everywhere
	Where    string        `json:"where"`    // file:line:column; "" where there is no value
	Lost     []LostVar     `json:"lost"`     // the variable's other values
}

// LostVar is a value that does not hold.
type LostVar struct {
	Value     any    `json:"value"`
	Scope     string `json:"scope"`
	Where     string `json:"where"`
	Why       string `json:"why"`
	Elsewhere bool   `json:"elsewhere"` // it holds in other environments or for other services alone
}
