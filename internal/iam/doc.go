// Package iam writes the smallest IAM policies that let somebody read the ledger, write
// it, deploy, publish, or run Tagboat as a function. One table says what is needed for
// what; tests hold it to what the code calls.
//
// Which actions take which resources is said by the service authorization reference:
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
package iam
