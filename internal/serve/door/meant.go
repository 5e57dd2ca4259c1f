package door

import (
	"net/http"
	"net/url"

	"github.com/tagboat/tagboat/internal/guard"
)

// bodyLimit is how many bytes the body of a request may have that changes something.
const bodyLimit = 1 << 20

// meant refuses a request that would change something and was not sent by a page of this server, or by
// a program that knows a secret.
func (d *Door) meant(w http.ResponseWriter, r *http.Request, p Person) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	}
	if err := d.sameOrigin(r); err != nil {
		return err
	}
	if p.Token == "" { // a bearer token, which no browser sends by itself
		return nil
	}
	sent := r.Header.Get(CSRFHeader)
	if sent == "" && isForm(r) {
		sent = r.PostFormValue(CSRFField)
	}
	if !guard.Same(sent, p.Token) {
		return refusal{status: http.StatusForbidden, message: "the request does not have the token of its page",
			hint: "load the page again; a program sends what GET /api/v1/me has as token in the header " + CSRFHeader}
	}
	return nil
}

// anotherPage is the answer to what a page of another server had a browser send.
func anotherPage() refusal {
	return refusal{status: http.StatusForbidden, message: "another page sent the request", hint: "use the page of this server"}
}

// visited refuses what another page has a browser load of this server other than as a page that a person
// goes to. It could not read the answer, but it could learn how long that takes and how large it is, open
// streams, and have AWS asked.
// https://www.w3.org/TR/fetch-metadata/
func visited(r *http.Request) error {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return nil
	}
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" {
		return nil
	}
	return anotherPage()
}

// sameOrigin refuses what a browser says another page sent. Programs say nothing, and neither do old
// browsers, whose requests need the token of a form all the same.
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
func (d *Door) sameOrigin(r *http.Request) error {
	other := anotherPage()
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return other
	}
	sent, there := r.Header["Origin"]
	if !there {
		return nil
	}
	from, err := url.Parse(sent[0])
	switch {
	case err != nil || len(sent) > 1 || from.Host == "":
		return other
	case d.public != nil && from.Scheme == d.public.Scheme && from.Host == d.public.Host:
		return nil
	case d.public == nil && from.Host == r.Host, d.loopback && from.Scheme == "http" && d.ours(from.Host) && from.Host == r.Host:
		return nil
	}
	return other
}

func isForm(r *http.Request) bool {
	return r.Header.Get("Content-Type") == "application/x-www-form-urlencoded"
}
