package register

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"manyou/federation/identity"
	"manyou/storage"
)

// claim makes a claim as sign-in does, from what a person typed.
func claim(t *testing.T, name string, kind identity.Kind, number, phone string) Claim {
	t.Helper()
	n, err := identity.NormalizeName(name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := identity.ParseDocument(string(kind), number, now())
	if err != nil {
		t.Fatal(err)
	}
	if phone != "" {
		if phone, err = identity.ParsePhone(phone); err != nil {
			t.Fatal(err)
		}
	}
	return Claim{Name: n, Document: d, Phone: phone}
}

// people is the table of the invented people, and the document number of each by name.
func people(t *testing.T) (*Table, func(name string) string) {
	t.Helper()
	m := newMemory()
	importAll(t, m, string(fixture(t, "people.csv")), Options{})
	return NewTable(m), func(name string) string {
		for d, e := range m.entries {
			if e.Name == name {
				return d.Number
			}
		}
		t.Fatalf("nobody is called %s", name)
		return ""
	}
}

func TestTheTableMatchesOnlyWhenEverythingIsOnRecord(t *testing.T) {
	table, number := people(t)
	wang := number("王小明")
	for _, c := range []struct {
		what, name string
		kind       identity.Kind
		number     string
		phone      string
		want       Verdict
	}{
		{"all three", "王小明", identity.ResidentID, wang, "15400000001",
			Verdict{Match, "王小明", "33", identity.Equal, true, nil}},
		{"two, vouched for", "王小明", identity.ResidentID, wang, "",
			Verdict{Match, "王小明", "33", identity.Equal, true, nil}},
		{"two, none on record", "石敢当", identity.ResidentID, number("石敢当"), "",
			Verdict{Match, "石敢当", "51", identity.Equal, false, nil}},
		{"home elsewhere, another dot", "古丽娜尔.艾尼瓦尔", identity.ResidentID, number("古丽娜尔·艾尼瓦尔"), "15400000053",
			Verdict{Match, "古丽娜尔·艾尼瓦尔", "33", identity.Equal, true, nil}},
		{"old encoding", "刘\ue863", identity.ResidentID, number("刘䶮"), "15400000056",
			Verdict{Match, "刘䶮", "44", identity.EqualAfterMapping, true, nil}},
		{"one of two with a phone", "顾念慈", identity.ResidentID, number("顾念慈"), "15400000057",
			Verdict{Match, "顾念慈", "33", identity.Equal, true, nil}},
		{"Latin letters", "John Q. Sample", identity.Passport, "xxx l898902c3", "15400000064",
			Verdict{Match, "JOHN Q. SAMPLE", "33", identity.Equal, true, nil}},
		{"another's phone", "王小明", identity.ResidentID, wang, "15400000002",
			Verdict{Outcome: PhoneMismatch, Names: identity.Equal, PhoneOnRecord: true}},
		{"a phone where none is on record", "石敢当", identity.ResidentID, number("石敢当"), "15400000001",
			Verdict{Outcome: PhoneMismatch, Names: identity.Equal}},
		{"another's name", "林晚晴", identity.ResidentID, wang, "15400000001",
			Verdict{Outcome: NameMismatch, Names: identity.Different}},
		{"the other with the phone", "顾长庚", identity.ResidentID, number("顾念慈"), "15400000057",
			Verdict{Outcome: NameMismatch, Names: identity.Different}},
		{"nobody's number", "王小明", identity.ResidentID, resident(1), "15400000001",
			Verdict{Outcome: UnknownDocument}},
		{"the number of another kind", "陈港生", identity.ResidentID, number("陈港生"), "15400000062",
			Verdict{Outcome: UnknownDocument}},
		{"deceased", "陶然亭", identity.ResidentID, number("陶然亭"), "15400000058",
			Verdict{Outcome: Deceased, Names: identity.Equal, PhoneOnRecord: true}},
		{"deceased, another's phone", "陶然亭", identity.ResidentID, number("陶然亭"), "15400000001",
			Verdict{Outcome: Deceased, Names: identity.Equal, PhoneOnRecord: true}},
		{"deceased, name not known", "陶然", identity.ResidentID, number("陶然亭"), "15400000058",
			Verdict{Outcome: NameMismatch, Names: identity.Different}},
		{"cancelled", "尹无声", identity.ResidentID, number("尹无声"), "15400000059",
			Verdict{Outcome: Cancelled, Names: identity.Equal, PhoneOnRecord: true}},
	} {
		got, err := table.Verify(t.Context(), claim(t, c.name, c.kind, c.number, c.phone))
		if err != nil || got != c.want {
			t.Errorf("%s: %+v %v", c.what, [...]any{got.Outcome, got.Name, got.Region, got.Names, got.PhoneOnRecord}, err)
		}
		if got.Matches() != (c.want.Outcome == Match) {
			t.Errorf("%s: Matches is not what the outcome says", c.what)
		}
	}
}

func TestAnEmptyClaimMatchesNobody(t *testing.T) {
	m := newMemory()
	m.entries[storage.Document{}] = storage.RegisterEntry{Name: "王小明", Region: "33", Status: storage.RegisterValid}
	if v, err := NewTable(m).Verify(t.Context(), Claim{}); err != nil || v.Matches() {
		t.Errorf("%v %v", v, err)
	}
	if (Verdict{}).Matches() {
		t.Error("a verdict that was never given is a match")
	}
}

// broken is storage that cannot be relied on.
type broken struct {
	entry storage.RegisterEntry
	err   error
}

func (b broken) RegisterEntry(context.Context, storage.Document) (storage.RegisterEntry, error) {
	return b.entry, b.err
}

func TestATableThatCannotBeReliedOnIsUnavailable(t *testing.T) {
	down := errors.New("connection refused")
	for name, b := range map[string]broken{
		"down":      {err: down},
		"no name":   {entry: storage.RegisterEntry{Status: storage.RegisterValid}},
		"no status": {entry: storage.RegisterEntry{Name: "王小明"}},
	} {
		v, err := NewTable(b).Verify(t.Context(), claim(t, "王小明", identity.ResidentID, resident(1), ""))
		if !errors.Is(err, ErrUnavailable) || v != (Verdict{}) || b.err != nil && !errors.Is(err, down) {
			t.Errorf("%s: %v %v", name, v, err)
		}
	}
}

func TestClaimsAndVerdictsGiveNothingAwayWhenLogged(t *testing.T) {
	c := claim(t, "王小明", identity.ResidentID, resident(1), "15400000001")
	v := Verdict{Outcome: Match, Name: "王小明", Region: "33"}
	var b strings.Builder
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&b, format+format, c, v)
	}
	logger := slog.New(slog.NewJSONHandler(&b, nil))
	logger.Info("verified", "claim", c, "verdict", v, "document", c.Document)
	slog.New(slog.NewTextHandler(&b, nil)).Info("verified", "claim", c, "verdict", v)
	for _, secret := range []string{"王小明", resident(1), resident(1)[6:14], "15400000001"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}
