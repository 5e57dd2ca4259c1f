package wire

import "net/url"

// decodeForm fills the struct that in points to from the parameters of the query
// protocol. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func decodeForm(form url.Values, in any) error {
	panic("decodeForm: " + form.Encode())
}
