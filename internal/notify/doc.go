// Package notify tells others how deployments ended: it posts to webhooks, in JSON of our
// own that is signed, or in Slack's. It never follows a redirect, sends nothing in the
// clear but to this machine, and no error of it has a webhook's path or query, which are
// as good as a password.
package notify
