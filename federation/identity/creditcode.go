package identity

import "strings"

// creditCodeAlphabet are the characters of a unified social credit code: no I, O, S, V, Z (GB 32100-2015 §4).
const creditCodeAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// CreditCode is the unified social credit code of an organisation, in normal form.
type CreditCode string

// ParseCreditCode reads a code as it is typed, with the same leniency as [ParseDocument]. The error is a
// *[CreditCodeError].
func ParseCreditCode(s string) (CreditCode, error) {
	if len(s) > maxDocumentInput {
		return "", &CreditCodeError{ReasonTooLong}
	}
	code := compact(s)
	switch {
	case code == "":
		return "", &CreditCodeError{ReasonEmpty}
	case len(code) != longNumber || !strings.Contains(creditCodeAlphabet, code[longNumber-1:]):
		return "", &CreditCodeError{ReasonFormat}
	}
	want, ok := CreditCodeCheck(code[:longNumber-1])
	switch {
	case !ok || !isDigits(code[2:8]): // places 3 to 8 are the administrative division
		return "", &CreditCodeError{ReasonFormat}
	case code[longNumber-1] != want:
		return "", &CreditCodeError{ReasonCheckDigit}
	}
	// 100000 is the nation: bodies registered at a ministry.
	if _, ok := LookupRegion(code[2:4]); !ok && code[2:8] != "100000" {
		return "", &CreditCodeError{ReasonRegion}
	}
	return CreditCode(code), nil
}

// Region is the province-level code of where the organisation was registered, "00" if that is the nation.
func (c CreditCode) Region() string {
	switch {
	case len(c) != longNumber:
		return ""
	case c[2:8] == "100000":
		return Nation
	}
	return string(c[2:4])
}

// CreditCodeCheck is the check character of the first seventeen of a code: weights 3^i mod 31 (GB 32100-2015 §5).
// ok is false if body is not seventeen characters of the alphabet.
func CreditCodeCheck(body string) (check byte, ok bool) {
	if len(body) != longNumber-1 {
		return 0, false
	}
	sum, weight := 0, 1
	for i := range len(body) {
		value := strings.IndexByte(creditCodeAlphabet, body[i])
		if value < 0 {
			return 0, false
		}
		sum += value * weight
		weight = weight * 3 % 31
	}
	return creditCodeAlphabet[(31-sum%31)%31], true
}
