package desk_test

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/promotion"
)

// request promotes as a person at a terminal does.
func request(release string, environments ...tagboat.EnvName) promotion.Request {
	return promotion.Request{Selection: apptest.In(environments...), Release: release}
}
