// Package cases is where applications and provinces say that an identity is wrong, and follow what becomes of it.
//
// It owns the API (openapi.json), its bounds, and the way of a complaint from a province's application to the nation, where the queue is
// (federation/correction). A complaint names the person as its sender knows them; nobody learns by it whether there is such a person
// elsewhere.
//
//	application of Sichuan        Sichuan's issuer                        nation
//	  │ POST /cases, its own sub ────►│ the person, as the nation knows them      │
//	  │                               │ POST /cases, the nation's sub ───────────►│ case, in the queue
//	  │◄──────────────────────────────┤◄──────────────────────────────────────────┤ its number
package cases
