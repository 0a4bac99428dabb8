// Package identity is what regions hold in common about who somebody is: documents, names, phone numbers, regions and
// the codes of organisations. It parses them, checks their check digits, and compares them.
//
// It owns the one normal form of each. Whatever is stored, looked up or sent to another region went through here
// first, so that two spellings of one document are one document. Its functions are pure: no clock, no randomness, no
// input or output, nothing of Manyou imported. It keeps no state, so it draws no state machine.
//
// # What errors may say
//
// A [DocumentError], [NameError], [PhoneError] or [CreditCodeError] carries a [Reason] and never the input: it may
// be logged. Pages turn the reason into a sentence.
//
// # What a number proves
//
// A check digit proves that a number was copied well, not that it was issued. Only the register (federation/register)
// knows that.
package identity
