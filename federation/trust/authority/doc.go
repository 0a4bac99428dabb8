// Package authority is this node as an entity of the federation: what it says about itself, about the entities below it, and
// about whom it has a trust mark (OpenID Federation 1.0 §8).
//
// It owns the endpoints, what is kept in memory of the subordinates, and the taking over of their new keys. It signs with what
// it is given and knows no keys of its own. Who becomes a subordinate is decided by people (see cmd/manyou); nothing here adds
// one.
//
//	changed at any node ──► storage ──► snapshot (read several times a second) ──► fetch, list, resolve, [trust.Local]
//	subordinate's configuration, signed by a key known so far ──► its new keys ──► storage
package authority
