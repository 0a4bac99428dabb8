// Package signals is the language in which issuers and applications tell each other what happened to a person: security event tokens
// (RFC 8417) of the OpenID Shared Signals Framework 1.0, with the events of CAEP and RISC and one of our own for corrections.
//
// It owns the form of a token, of a stream's configuration and of the events, and what of storage's signals becomes which event. It sends
// and stores nothing: idp/streams does.
//
//	storage.Signal                            RISC                 CAEP              ours
//	held    freeze, deactivate, on a person   account-disabled     session-revoked   correction
//	held    on a link, or step_up                                  session-revoked   correction
//	lifted  freeze, deactivate, on a person   account-enabled                        correction
//	lifted  on a link, or step_up                                                    correction
//	corrected, undone, relinked, merged                            session-revoked   correction
//	recoded                                                                          correction
package signals
