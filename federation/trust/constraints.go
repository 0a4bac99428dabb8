package trust

import (
	"net/url"
	"slices"
	"strings"
)

// Constraints bound what stands below the entity that a statement is about [OpenID Federation 1.0 §6.2].
type Constraints struct {
	// MaxPathLength is how many intermediates may stand between the statement's issuer and the leaf; nil: any number.
	MaxPathLength *int `json:"max_path_length,omitempty"`
	// Naming bounds the hosts of the identifiers below.
	Naming *NamingConstraints `json:"naming_constraints,omitempty"`
	// AllowedTypes are the entity types of the leaf that count, besides federation_entity; nil: any.
	AllowedTypes []string `json:"allowed_entity_types,omitempty"`
}

// NamingConstraints are hosts, or, beginning with a dot, all hosts below a domain [RFC 5280 §4.2.1.10].
type NamingConstraints struct {
	Permitted []string `json:"permitted,omitempty"`
	Excluded  []string `json:"excluded,omitempty"`
}

// check holds the entities below a statement to its constraints. below are their identifiers, the leaf first.
func (c *Constraints) check(below []string) error {
	if c == nil {
		return nil
	}
	if c.MaxPathLength != nil && len(below)-1 > max(*c.MaxPathLength, 0) { // [OpenID Federation 1.0 §6.2.1]
		return untrusted("%d intermediates where at most %d may be", len(below)-1, *c.MaxPathLength)
	}
	if c.Naming == nil {
		return nil
	}
	for _, id := range below { // [OpenID Federation 1.0 §6.2.2]
		u, err := url.Parse(id)
		if err != nil {
			return untrusted("an identifier that cannot be read")
		}
		within := func(rule string) bool { return hostWithin(u.Hostname(), rule) }
		if slices.ContainsFunc(c.Naming.Excluded, within) {
			return untrusted("%s is excluded by its superior", id)
		}
		if len(c.Naming.Permitted) > 0 && !slices.ContainsFunc(c.Naming.Permitted, within) {
			return untrusted("%s is not among the names that its superior permits", id)
		}
	}
	return nil
}

func hostWithin(host, rule string) bool {
	host, rule = strings.ToLower(host), strings.ToLower(rule)
	if strings.HasPrefix(rule, ".") {
		return strings.HasSuffix(host, rule) && len(host) > len(rule)
	}
	return host == rule
}

// allow removes the entity types that the constraints do not allow [OpenID Federation 1.0 §6.2.3].
func (c *Constraints) allow(metadata map[string]map[string]any) {
	if c == nil || c.AllowedTypes == nil {
		return
	}
	for name := range metadata {
		if name != FederationEntity && !slices.Contains(c.AllowedTypes, name) {
			delete(metadata, name)
		}
	}
}
