package ssm

import (
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// invalidMember is how AWS words a member that breaks a rule of the API's model.
func invalidMember(value, member, rule string) error {
	return wire.Errorf("ValidationException",
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// notFound has no message on AWS either.
func notFound() error { return wire.Errorf("ParameterNotFound", "") }

func versionNotFound(name, selector string) error {
	return wire.Errorf("ParameterVersionNotFound",
		"Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)
}

// pageSize returns the size of a page: the limit where none was asked for.
func pageSize(asked *int, limit int) (int, error) {
	switch {
	case asked == nil:
		return limit, nil
	case *asked < 1:
		return 0, invalidMember(fmt.Sprint(*asked), "maxResults", "have value greater than or equal to 1")
	case *asked > limit:
		return 0, invalidMember(fmt.Sprint(*asked), "maxResults", fmt.Sprintf("have value less than or equal to %d", limit))
	}
	return *asked, nil
}

// invalidToken is the code for a NextToken that was not given by this service.
const invalidToken = "InvalidNextToken"
