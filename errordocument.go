package tagboat

import "errors"

// ErrorDetail is an error as JSON has it.
type ErrorDetail struct {
	Message  string `json:"message"`
	Hint     string `json:"hint"`     // what to do, or ""
	Where    string `json:"where"`    // file:line:column, or ""
	Kind     string `json:"kind"`     // see Kind.String
	ExitCode int    `json:"exitCode"` // of a command that ends in it
}

// EnvironmentError is what could not be read of an environment.
type EnvironmentError struct {
	Environment EnvName `json:"environment"`
	ErrorDetail
}

// ErrorDocument is what a command that fails prints with -o json, where it has printed
// nothing else.
type ErrorDocument struct {
	Error ErrorDetail `json:"error"`
	// Others are the errors beside that one, where there are several.
	Others []ErrorDetail `json:"others,omitempty"`
}

// DetailOf returns what JSON says of err.
func DetailOf(err error) ErrorDetail {
	kind := KindOf(err)
	d := ErrorDetail{Message: err.Error(), Kind: kind.String(), ExitCode: kind.ExitCode()}
	var e *Error
	if !errors.As(err, &e) {
		return d
	}
	d.Hint = e.Hint
	if e.Where != nil {
		d.Where = e.Where.String()
		if d.Message == e.Error() {
			d.Message = e.Msg
		}
	}
	return d
}
