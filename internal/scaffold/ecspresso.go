package scaffold

import "github.com/tagboat/tagboat"

type ecspresso struct{ Cluster, Service, Region string }

func readEcspresso(string) (*ecspresso, error) { return nil, tagboat.Usagef("init cannot read configurations of ecspresso yet").WithHint("take over what runs: tagboat init --cluster CLUSTER --service SERVICE") }

func (e *ecspresso) draft(Request, Environment) (Draft, error) { return Draft{}, nil }
