package rollout

// Capacity is one item of a capacity provider strategy.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
type Capacity struct {
	Provider string `json:"provider"`
	Weight   int    `json:"weight"`
	Base     int    `json:"base"`
}

// provider returns what the next task of a service runs on: bases come first, in their
// order, then whoever is furthest behind its share of the weights. It is "" where the
// service has no strategy.
func (s *Service) provider() string {
	if len(s.Spec.Capacity) == 0 {
		return ""
	}
	have := map[string]int{}
	for _, t := range s.tasks {
		if t.live() {
			have[t.CapacityProvider]++
		}
	}
	best := s.Spec.Capacity[0]
	for i, c := range s.Spec.Capacity {
		if have[c.Provider] < c.Base {
			return c.Provider
		}
		// beyond the bases, compare what each would have per weight with one task more
		if i > 0 && c.Weight > 0 && (best.Weight == 0 ||
			(have[c.Provider]-c.Base+1)*best.Weight < (have[best.Provider]-best.Base+1)*c.Weight) {
			best = c
		}
	}
	return best.Provider
}
