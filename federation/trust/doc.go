// Package trust decides whether an entity that nobody here registered is one of the federation: OpenID Federation 1.0.
//
// It owns entity statements, trust chains, trust marks, the collecting of statements from others, and what is remembered of
// them. It uses federation/trust/policy, and neither storage nor any of idp. The endpoints by which this node is an entity
// itself are in federation/trust/authority.
//
//	leaf's configuration ── authority_hints ──► superior's configuration ── federation_fetch_endpoint ──► statement about the leaf
//	         │                                          │
//	         │                                          └── authority_hints ──► … up to a trust anchor whose keys are known
//	         ▼
//	[0] leaf about itself   [1] superior about leaf   …   [n-1] anchor about the topmost   [n] anchor about itself
//	         signed by a key in [1]       signed by a key in [2]          signed by a key in [n]      signed by a known key
//
// # What is remembered
//
// A statement is fetched once, however many wait for it, and asked for again after a while ([Config.RefreshAfter]). A superior that
// answers is waited for, so what it takes back is gone by then; one that is silent is waited for a second in all, and then not at all
// until half a minute has passed. Meanwhile what it said goes on until it expires, and never longer. Only its own word that there is no such
// subordinate ends that at once: neither a page of a load balancer nor anything else that is no answer. So an entity that was suspended may
// be trusted where the superior cannot be heard for as long as the statement about it lives: that is the bound.
//
//	unknown ──fetched──► recent (a few megabytes, for those who wait for the same) ──its chain holds──► kept
//	kept ──old──► asked for again, and used if no answer comes ──not_found, or expired──► gone
//
// What stands in no chain that holds is never kept. Decisions about those who are trusted, refusals, and resolutions under way have each
// their own bounds, so that strangers displace nobody.
//
// # A hostile entity
//
// Statements bound what collecting costs: depth, hints for each entity, requests and time for one resolution, bytes and time
// for one answer. Redirects are not followed. No address of this machine or of its networks is asked, whatever name leads
// there ([NewFetcher]).
package trust
