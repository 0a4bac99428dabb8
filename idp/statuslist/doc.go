// Package statuslist tells those who check access tokens without asking about each which of them are dead: the Token Status List
// (draft-ietf-oauth-status-list-17), as JWT.
//
// It owns the places of tokens in lists, the lists and where they are read. What is dead, storage says, in the words of every other
// endpoint; that a token of an application gets a place is the issuer's to decide.
//
//	token issued ──► the list of that minute ──► a place drawn at random, written, never given twice
//	list asked for ──► made at most every three seconds, by one query ──► signed, prepared ──► to all who ask
//
// A list is called by its minute and is read until no token of it can live: which lists there are follows from the clock and tells nothing.
// A place that no token has reads as valid, so that a list shows how many tokens died and not how many live. A token has a place of its own,
// whoever it is about and whatever it rests on: two applications, or two tokens, cannot be told to be of one person by their places.
package statuslist
