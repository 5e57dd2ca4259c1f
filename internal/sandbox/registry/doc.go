// Package registry is the sandbox's container registry: a store of repositories,
// images and layers, and an OCI distribution registry over it as one http.Handler
// for /v2/, which docker, podman, skopeo and crane push to and pull from. Package
// ecr serves Amazon ECR's own API over the same Store.
//
//	docker push ──▶ Handler ──┐
//	                          ├──▶ Store ──▶ Blobs (memory, or a directory)
//	ECR API ──▶ package ecr ──┘
//
// A repository belongs to an account and region, yet all share one host, so a name
// in a URL has to be resolved. In order: the scope that the client names, by an ECR
// token as its Basic password or by a host ACCOUNT.dkr.ecr.REGION.…; the sandbox's
// default scope; and then any scope that has a repository of that name, by account
// and region. A push to a repository that nobody has creates it in the first of
// these, as ECR does where a creation template covers the name.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
//
// The registry serves anonymous clients and accepts any credentials, expired tokens
// too: they choose a scope and grant nothing. Most clients send credentials only
// when they are challenged, which an open registry cannot do; skopeo and podman send
// them here, docker and crane do not.
//
// What it leaves out: digests other than SHA-256, docker's schema 1, translation
// between manifest formats (Accept is not looked at; the stored bytes are the
// answer), and collection of layers that no image uses, which stay until they are
// deleted or their repository is.
package registry
