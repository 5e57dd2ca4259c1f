package hint

// GHCR returns the hints of a webhook of GitHub's packages: kind is the header X-GitHub-Event.
func GHCR(kind string, body []byte) ([]Hint, error) { panic("to be written") }

// Webhook returns the hints of a webhook of any other registry, or of a pipeline. Its body names a
// repository in one of the forms that docs/watch.md lists.
func Webhook(body []byte) ([]Hint, error) { panic("to be written") }
