// Package desk is what a person asks and does, as that person: documents in, documents out.
package desk
