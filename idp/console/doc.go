// Package console is where those who run the nation's issuer decide by a page what they could decide by the command line.
//
// It owns who may (staff, with a passkey, not long ago) and what is shown; what a decision does is idp/membership's. To everybody
// else the pages do not exist.
package console
