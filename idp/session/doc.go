// Package session is the browser's side of single sign-on: the cookies that one issuer keeps in one browser.
//
// It owns these cookies and their meaning:
//
//	session-RR   the secret of the single sign-on session; storage knows only its SHA-256
//	standing-RR  what storage last said of that session, sealed; for ten minutes it need not be asked again, unless the
//	             session is among those that ended since
//	browser-RR   a random identifier of the browser, by which attempts are limited and sessions of one person end together
//	signin-…-RR  a secret that binds one sign-in conversation to the browser that began it
//	regions-RR   the regions this browser was seen in, the home region first, by which the national issuer finds the
//	             citizen's home issuer without asking; it holds region codes and nothing about a person
//
// RR is the issuer's region, so that several issuers on one host do not disturb each other. Over https each name has
// the prefix __Host-. The package reads sessions and ends them; they begin in idp/signin.
package session
