// Package policy is the metadata policy language of OpenID Federation 1.0 §6.1: what superiors allow their subordinates to
// say about themselves.
//
// It owns the operators: reading them, merging those of one superior with those of the next, applying the result to
// metadata. It is pure and knows neither statements nor chains. A policy is merged from the trust anchor downwards:
//
//	anchor's policy ─ Merge ─► intermediate's ─ Merge ─► … ─ Apply ─► the leaf's metadata
//
// A subordinate may narrow what its superior allows and never widen it: Merge fails where it would.
package policy
