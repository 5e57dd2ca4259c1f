// Package desk answers what a person asks, and does what a person wants done, as that person:
//
//	read:  a question ──▶ the use cases, as the server ──▶ a document, kept while nothing changes
//	plan:  actions ──▶ the use cases, as the person ──▶ a dry run with its hash
//	do:    actions, hash ──▶ planned anew ──▶ the same hash? ──▶ an operation, told as it goes on
package desk
