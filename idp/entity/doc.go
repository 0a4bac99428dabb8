// Package entity joins what makes a node an entity of a federation: its keys, the endpoints of federation/trust/authority and a
// resolver. An issuer is an entity besides; a city that has no people of its own but vouches for applications is one and no
// more ([Entity.Handler]).
//
// It owns no rule of its own. It may use idp/keys, federation/trust and storage.
package entity
