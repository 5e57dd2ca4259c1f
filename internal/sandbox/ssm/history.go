package ssm

import "github.com/tagboat/tagboat/internal/sandbox/wire"

const maxHistoryPage = 50

type historyInput struct {
	Name           string
	WithDecryption bool
	MaxResults     *int
	NextToken      string
}

type historyOutput struct {
	Parameters []historyRow
	NextToken  string `json:",omitempty"`
}

// historyRow is one version with all that is known of it.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html
type historyRow struct {
	Name             string
	Type             string
	KeyID            string `json:"KeyId,omitempty"`
	LastModifiedDate wire.Time
	LastModifiedUser string
	Description      string `json:",omitempty"`
	Value            string
	AllowedPattern   string `json:",omitempty"`
	Version          int64
	Labels           []string
	Tier             string
	Policies         []policy
	DataType         string
}

// history answers the versions of a parameter, oldest first.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
func (c call) history(in historyInput) (historyOutput, error) {
	out := historyOutput{Parameters: []historyRow{}}
	r, err := parseReference(in.Name)
	if err != nil {
		return out, err
	}
	size, err := pageSize(in.MaxResults, maxHistoryPage)
	if err != nil {
		return out, err
	}
	p := c.find(r)
	if p == nil || r.selector != "" {
		return out, notFound()
	}
	page, next, err := wire.Page(p.Versions, in.NextToken, size, invalidToken)
	if err != nil {
		return out, err
	}
	out.NextToken = next
	for _, v := range page {
		out.Parameters = append(out.Parameters, row(p.Name, v, in.WithDecryption))
	}
	return out, nil
}

func row(name string, v *version, decrypt bool) historyRow {
	return historyRow{
		Name:             name,
		Type:             v.Type,
		KeyID:            v.KeyID,
		LastModifiedDate: wire.At(v.At),
		LastModifiedUser: v.User,
		Description:      v.Description,
		Value:            v.read(decrypt),
		AllowedPattern:   v.AllowedPattern,
		Version:          v.Number,
		Labels:           append([]string{}, v.Labels...),
		Tier:             v.Tier,
		Policies:         append([]policy{}, v.Policies...),
		DataType:         v.DataType,
	}
}
