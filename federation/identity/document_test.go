package identity

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// today is a day that all invented people were born before.
func today() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

// long completes seventeen digits by their check character.
func long(t testing.TB, body string) string {
	t.Helper()
	check, ok := ResidentIDCheck(body)
	if !ok {
		t.Fatalf("%s is not seventeen digits", body)
	}
	return body + string(check)
}

func mustParse(t *testing.T, kind Kind, number string) Document {
	t.Helper()
	d, err := ParseDocument(string(kind), number, today())
	if err != nil {
		t.Fatalf("%s: %v", number, err)
	}
	return d
}

func TestPublishedNumbersHaveTheirPublishedCheckCharacters(t *testing.T) {
	for _, number := range []string{"11010519491231002X", "911124198108030024"} {
		if got := long(t, number[:17]); got != number {
			t.Errorf("check of %s gives %s", number, got)
		}
	}
	mustParse(t, ResidentID, "11010519491231002X")
	mustParse(t, PermanentResidence, "911124198108030024")
}

func TestEveryRegionIsAcceptedAndToldByItsNumbers(t *testing.T) {
	if len(Regions()) != 34 {
		t.Fatalf("%d regions", len(Regions()))
	}
	for i, r := range Regions() {
		if i > 0 && Regions()[i-1].Code >= r.Code {
			t.Errorf("%s is out of order", r.Code)
		}
		if got, ok := LookupRegion(r.Code); !ok || got != r {
			t.Errorf("%s is not found", r.Code)
		}
		if r.Name == "" || r.English == "" || r.Pinyin != strings.ToLower(r.Pinyin) || !isLetters(strings.ToUpper(r.Pinyin)) {
			t.Errorf("%+v lacks a name", r)
		}
		d := mustParse(t, ResidentID, long(t, r.Code+"000019900307001"))
		if d.Region() != r.Code {
			t.Errorf("%s tells region %q", d.Number, d.Region())
		}
		if day, ok := d.BirthDate(); !ok || !day.Equal(time.Date(1990, 3, 7, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s tells birth date %v", d.Number, day)
		}
	}
	for _, code := range []string{"", "0", Nation, "16", "83", "91", "330", "33 "} {
		if r, ok := LookupRegion(code); ok {
			t.Errorf("%q is region %v", code, r)
		}
	}
}

func TestDocumentsAreBroughtToOneForm(t *testing.T) {
	for _, c := range []struct {
		kind      Kind
		in, want  string
		region    string
		birthDate string
		mask      string
	}{
		{ResidentID, " 110105 19491231-002x ", "11010519491231002X", "11", "1949-12-31", "110***********002X"},
		{ResidentID, "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X", "11", "1949-12-31", "110***********002X"},
		{ResidentID, "\u202d11010519491231002X\u202c", "11010519491231002X", "11", "1949-12-31", "110***********002X"},
		{PermanentResidence, "911124198108030024", "911124198108030024", "11", "1981-08-03", "911***********0024"},
		{PermanentResidence, "xxa 3300 9001 0112", "XXA330090010112", "", "", "XXA********0112"},
		{ResidencePermit, long(t, "81000018900307001"), long(t, "81000018900307001"), "", "1890-03-07", "810***********" + long(t, "81000018900307001")[14:]},
		{Passport, "chn e00000000", "CHN/E00000000", "", "", "CHN/*******00"},
		{Passport, "CHN-E0000 0000", "CHN/E00000000", "", "", "CHN/*******00"},
		{Passport, "Ｄ／Ｃ０１Ｘ０００Ｔ４", "D/C01X000T4", "", "", "D/*******T4"},
		{Passport, "UNO / 12345", "UNO/12345", "", "", "UNO/***45"},
	} {
		d := mustParse(t, c.kind, c.in)
		if d.Number != c.want || d.Region() != c.region || d.Mask() != c.mask {
			t.Errorf("%s %q: number %q, region %q, mask %q", c.kind, c.in, d.Number, d.Region(), d.Mask())
		}
		day, ok := d.BirthDate()
		if ok != (c.birthDate != "") || ok && day.Format(time.DateOnly) != c.birthDate {
			t.Errorf("%s %q: birth date %v %v", c.kind, c.in, day, ok)
		}
	}
}

func TestDocumentsAreRefusedWithTheirReason(t *testing.T) {
	for _, c := range []struct {
		kind   string
		number string
		want   Reason
	}{
		{"resident_id", "", ReasonEmpty},
		{"resident_id", " 　- ", ReasonEmpty},
		{"resident_id", strings.Repeat("1", 1<<20), ReasonTooLong},
		{"driving_licence", "1", ReasonUnknownKind},
		{"Resident_ID", "11010519491231002X", ReasonUnknownKind},
		{"resident_id", "110105491231002", ReasonFormat}, // fifteen digits ended with 2012
		{"resident_id", "1101051949123100２二", ReasonFormat},
		{"resident_id", "X10105194912310021", ReasonFormat},
		{"resident_id", "11010519491231002A", ReasonFormat},
		{"resident_id", "110105194912310021", ReasonCheckDigit},
		{"resident_id", "11010519491213002X", ReasonCheckDigit}, // two digits swapped
		{"resident_id", long(t, "33000019900230001"), ReasonBirthDate},
		{"resident_id", long(t, "33000000000101001"), ReasonBirthDate},
		{"resident_id", long(t, "33000020260302001"), ReasonBirthDate},
		{"resident_id", long(t, "16000019900307001"), ReasonRegion},
		{"resident_id", long(t, "00000019900307001"), ReasonRegion},
		{"permanent_residence", long(t, "33000019900307001"), ReasonFormat},
		{"permanent_residence", long(t, "91699919900307001"), ReasonRegion},
		{"permanent_residence", "911124198108030025", ReasonCheckDigit},
		{"permanent_residence", "X1A330090010112", ReasonFormat},
		{"permanent_residence", "XXA33009001011A", ReasonFormat},
		{"permanent_residence", "9", ReasonFormat},
		{"residence_permit", long(t, "33000019900307001"), ReasonRegion},
		{"residence_permit", long(t, "83000020270307001"), ReasonBirthDate},
		{"passport", "E00000000", ReasonIssuingState},
		{"passport", "QQQ/E00000000", ReasonIssuingState},
		{"passport", "840/E00000000", ReasonIssuingState},
		{"passport", "HKG/K00000000", ReasonIssuingState},
		{"passport", "CHN/E000", ReasonFormat},
		{"passport", "CHN/E000000000", ReasonFormat},
		{"passport", "CHN/ABCDEFGH", ReasonFormat},
		{"passport", "CHN/E0000/00", ReasonFormat},
	} {
		d, err := ParseDocument(c.kind, c.number, today())
		var e *DocumentError
		if !errors.As(err, &e) || e.Reason != c.want || d != (Document{}) {
			t.Errorf("%s %.30q: %v, want %s", c.kind, c.number, err, c.want)
		}
	}
}

func TestAChildBornTodayInBeijingHasANumber(t *testing.T) {
	eve := time.Date(2026, 2, 28, 17, 0, 0, 0, time.UTC) // one in the morning of 1 March there
	number := long(t, "33000020260301001")
	if _, err := ParseDocument("resident_id", number, eve); err != nil {
		t.Error(err)
	}
	if _, err := ParseDocument("resident_id", number, eve.Add(-2*time.Hour)); err == nil {
		t.Error("born tomorrow, and accepted")
	}
}

func TestADocumentIsNeverPrintedInFull(t *testing.T) {
	d := mustParse(t, ResidentID, "11010519491231002X")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(verb, d); strings.Contains(s, "19491231") {
			t.Errorf("%s prints %s", verb, s)
		}
	}
	_, err := ParseDocument("resident_id", "110105194912310021", today())
	if strings.Contains(err.Error(), "1101") {
		t.Errorf("the error repeats the number: %v", err)
	}
}

func TestCreditCodes(t *testing.T) {
	code, err := ParseCreditCode(" 91350100m000100y43 ")
	if err != nil || code != "91350100M000100Y43" || code.Region() != "35" {
		t.Errorf("%q %v", code, err)
	}
	national := "11100000000000000"
	check, _ := CreditCodeCheck(national)
	if code, err := ParseCreditCode(national + string(check)); err != nil || code.Region() != Nation {
		t.Errorf("%q %v", code, err)
	}
	nowhere := "91160100M000100Y4"
	nowhereCheck, _ := CreditCodeCheck(nowhere)
	for in, want := range map[string]Reason{
		"":                             ReasonEmpty,
		strings.Repeat("9", 200):       ReasonTooLong,
		"91350100M000100Y4":            ReasonFormat,
		"91350100M000100I43":           ReasonFormat,
		"9135A100M000100Y43":           ReasonFormat,
		"91350100M000100Y4*":           ReasonFormat,
		"91350100M000100Y44":           ReasonCheckDigit,
		"91350100M000010Y43":           ReasonCheckDigit,
		nowhere + string(nowhereCheck): ReasonRegion,
	} {
		var e *CreditCodeError
		if _, err := ParseCreditCode(in); !errors.As(err, &e) || e.Reason != want {
			t.Errorf("%.30q: %v, want %s", in, err, want)
		}
	}
}
