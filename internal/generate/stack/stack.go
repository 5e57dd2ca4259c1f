// Package stack writes templates of CloudFormation for all that an environment lives in. It is
// given what tagboat.yaml and its files say, and calls nothing.
package stack

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// Parts are what a stack can take as existing instead of making it.
const (
	VPC          = "vpc" // always existing
	LoadBalancer = "load-balancer"
	Cluster      = "cluster"
	Logs         = "logs"
	Roles        = "roles" // that the task definitions name for the execution of tasks
	Repositories = "repositories"
	Watch        = "watch"
)

// Existing returns what a stack can take as existing.
func Existing() []string {
	return []string{VPC, LoadBalancer, Cluster, Logs, Roles, Repositories, Watch}
}

// Stack is what an environment needs.
type Stack struct {
	App, Environment, Account, Region string
	Cluster                           string
	Inputs                            []Input
	Services                          []Service
	Repositories                      []Repository
	Watching                          *Watching // nil for none
	Existing                          []string
	Notes                             []string // what is said in a comment and to who calls

	ids     map[string]bool
	made    []string // roles
	logging bool     // there are log groups
}

// Input is a parameter with the type of one in Parameter Store.
type Input struct{ ID, Name string }

// Template is a template, and what has to be said about it.
type Template struct {
	Text  string
	Notes []string
}

func (s *Stack) has(part string) bool { return !slices.Contains(s.Existing, part) }

// Note adds something that has to be said, once.
func (s *Stack) Note(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(s.Notes, note) {
		s.Notes = append(s.Notes, note)
	}
}

// id returns a name in the template that nothing else has.
func (s *Stack) id(name string) string {
	var b strings.Builder
	upper := true
	for _, r := range name {
		switch {
		case (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9'):
			upper = true
		case upper:
			b.WriteString(strings.ToUpper(string(r)))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	id, base := b.String(), b.String()
	for n := 2; s.ids[id]; n++ {
		id = fmt.Sprintf("%sN%d", base, n)
	}
	s.ids[id] = true
	return id
}

// Template returns the template. The error is of kind Usage where a service cannot be made so.
func (s *Stack) Template() (Template, error) {
	s.ids = map[string]bool{"": true}
	for i := range s.Services {
		s.Services[i].id = s.id(s.Services[i].Name)
	}
	for i := range s.Services {
		if err := s.prepare(&s.Services[i]); err != nil {
			return Template{}, err
		}
	}
	body := s.resources()
	return Template{Text: s.head() + body, Notes: s.Notes}, nil
}

// balanced reports whether a service is behind the load balancer.
func (s *Stack) balanced() bool {
	return slices.ContainsFunc(s.Services, func(v Service) bool { return v.port > 0 })
}

//go:embed parts/*.yaml
var parts embed.FS

// part returns a part with what stands for its names, which are pairs.
func part(name string, pairs ...string) string {
	text, err := parts.ReadFile("parts/" + name + ".yaml")
	if err != nil {
		panic(err) // it is part of the program
	}
	return strings.NewReplacer(pairs...).Replace(string(text))
}
