package web

// Problem is what went wrong, in a citizen's terms. Each has a title, what happened and what to do in every catalogue.
type Problem string

// The problems.
const (
	ProblemGeneric            Problem = "generic"             // nobody's fault but ours
	ProblemNotFound           Problem = "not_found"           // no such page
	ProblemBadRequest         Problem = "bad_request"         // a malformed or oversized request
	ProblemUnknownApplication Problem = "unknown_application" // no such application, or it is not published
	ProblemRedirectURI        Problem = "redirect_uri"        // the application wants answers sent where it may not
	ProblemExpired            Problem = "expired"             // the sign-in took too long, or belongs to another browser
	ProblemProvinceDown       Problem = "province_down"       // another issuer cannot be reached
	ProblemProvinceSlow       Problem = "province_slow"       // another issuer did not answer in time
	ProblemProvinceNonsense   Problem = "province_nonsense"   // another issuer's answer cannot be trusted
	ProblemProvinceUnknown    Problem = "province_unknown"    // no sign-in with that province
	ProblemMismatch           Problem = "mismatch"            // another issuer and the register name different people
	ProblemFrozen             Problem = "frozen"              // the person may not sign in
	ProblemStepUp             Problem = "step_up"             // a hold asks for a passkey, and there is none
	ProblemTooMany            Problem = "too_many"            // attempts are used up
	ProblemRegister           Problem = "register"            // the authoritative source does not answer
	ProblemUnresolved         Problem = "unresolved"          // who vouches for the application does not answer
	ProblemNation             Problem = "nation"              // only the nation could say, and it does not answer
	ProblemSignOut            Problem = "sign_out"            // a sign-out request that cannot be trusted
	ProblemMethodNotAllowed   Problem = "method_not_allowed"  // the application does not accept this way to sign in
	ProblemClonedPasskey      Problem = "cloned_passkey"      // there may be a copy of a passkey
	ProblemTooManyMethods     Problem = "too_many_methods"    // no more of one kind can be added
	ProblemWeakProof          Problem = "weak_proof"          // a way to sign in is removed only by as much as it gives
)

// Problems lists the problems.
func Problems() []Problem {
	return []Problem{
		ProblemGeneric, ProblemNotFound, ProblemBadRequest, ProblemUnknownApplication, ProblemRedirectURI, ProblemExpired,
		ProblemProvinceDown, ProblemProvinceSlow, ProblemProvinceNonsense, ProblemProvinceUnknown, ProblemMismatch,
		ProblemFrozen, ProblemStepUp, ProblemTooMany, ProblemRegister, ProblemNation, ProblemUnresolved, ProblemSignOut, ProblemMethodNotAllowed, ProblemClonedPasskey, ProblemTooManyMethods, ProblemWeakProof,
	}
}

// Error is what is wrong with something a citizen typed. "" is nothing.
type Error string

// The errors.
const (
	ErrPhone           Error = "phone"            // not a phone number
	ErrOwnPhone        Error = "own_phone"        // the citizen's own, where another's is wanted
	ErrCodeForm        Error = "code_form"        // not six digits
	ErrCodeWrong       Error = "code_wrong"       // another code was expected, or it was used
	ErrCodeExpired     Error = "code_expired"     // too late
	ErrCodeExhausted   Error = "code_exhausted"   // too many wrong attempts for one code
	ErrName            Error = "name"             // not a name
	ErrDocument        Error = "document"         // not a number of that kind
	ErrDocumentCheck   Error = "document_check"   // the check digit says that a digit is wrong
	ErrDocumentUnknown Error = "document_unknown" // nobody who shares the phone has that number
	ErrPasskey         Error = "passkey"          // the passkey did not work
	ErrPasskeyUnknown  Error = "passkey_unknown"  // it is not known here
	ErrGuesses         Error = "guesses"          // too many wrong codes for one number, for some weeks
	ErrRecoveryWrong   Error = "recovery_wrong"   // not one of the codes, or used before
	ErrUserCode        Error = "user_code"        // not a code that a device shows now
	ErrConsoleName     Error = "console_name"     // of a province that is invited
	ErrStatement       Error = "statement"        // nothing, or too much, was said
	ErrSure            Error = "sure"             // what has far-reaching effect was not agreed to
	ErrOption          Error = "option"           // none of those to choose from
	ErrTooManyCases    Error = "too_many_cases"   // filed in a day
	ErrNothingAdded    Error = "nothing_added"    // neither words nor a file
	ErrFileKind        Error = "file_kind"        // neither a picture nor a paper
	ErrFileSize        Error = "file_size"        // too many bytes, as it is or unpacked
	ErrFilePixels      Error = "file_pixels"      // of a picture
	ErrFileDamaged     Error = "file_damaged"     // not whole
	ErrFileActive      Error = "file_active"      // a paper that is more than paper
	ErrTooManyFiles    Error = "too_many_files"   // of one case
	ErrCaseFull        Error = "case_full"        // as much was added as may be
	ErrCaseMoved       Error = "case_moved"       // somebody else took a step meanwhile
	ErrIdentity        Error = "identity"         // name, document and phone do not agree with the register
)

// Errors lists the errors.
func Errors() []Error {
	return []Error{
		ErrPhone, ErrOwnPhone, ErrCodeForm, ErrCodeWrong, ErrCodeExpired, ErrCodeExhausted, ErrName, ErrDocument, ErrDocumentCheck,
		ErrDocumentUnknown, ErrIdentity, ErrPasskey, ErrPasskeyUnknown, ErrGuesses, ErrRecoveryWrong, ErrUserCode, ErrConsoleName,
		ErrStatement, ErrSure, ErrOption, ErrTooManyCases, ErrNothingAdded, ErrFileKind, ErrFileSize, ErrFilePixels, ErrFileDamaged,
		ErrFileActive, ErrTooManyFiles, ErrCaseFull, ErrCaseMoved,
	}
}
