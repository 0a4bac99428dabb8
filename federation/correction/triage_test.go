package correction_test

import (
	"errors"
	"strings"
	"testing"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/storage"
)

// registered puts an entry into the register and returns its document.
func (o *office) registered(name, number string, status storage.RegisterStatus) storage.Document {
	o.Helper()
	d := storage.Document{Kind: "resident_id", Number: number}
	must(o, o.store.PutRegister(o.Context(), []storage.RegisterEntry{{Document: d, Name: name, Region: "51", Status: status}}, storage.ImportProgress{Source: number}))
	return d
}

const number = "510000199003070014"

func TestTriageProposesWhatIsSafeAndGivesTheRestToPeople(t *testing.T) {
	for name, c := range map[string]struct {
		stored, register string
		status           storage.RegisterStatus
		filing           correction.Filing
		reason           string
		proposed         bool
	}{
		"a character that moved to another code point": {
			"李\uE863", "李\u4DAE", storage.RegisterValid, correction.Filing{Kind: correction.KindAttribute, Attribute: "name", Expected: "李\u4DAE"},
			correction.ReasonVariant, true,
		},
		"another form of the character": {
			"黃海", "黄海", storage.RegisterValid, correction.Filing{Kind: correction.KindAttribute, Attribute: "name", Expected: "黄海"}, correction.ReasonRegisterAgrees, false,
		},
		"a name that the register does not know": {
			"李娜", "李娜", storage.RegisterValid, correction.Filing{Kind: correction.KindAttribute, Attribute: "name", Expected: "王娜"}, correction.ReasonRegisterDiffers, false,
		},
		"somebody who died": {
			"李娜", "李娜", storage.RegisterDeceased, correction.Filing{Kind: correction.KindLifecycle}, correction.ReasonDeceased, false,
		},
		"somebody who lives": {
			"李娜", "李娜", storage.RegisterValid, correction.Filing{Kind: correction.KindLifecycle}, correction.ReasonRegisterDiffers, false,
		},
		"two people in one record": {
			"李娜", "李娜", storage.RegisterValid, correction.Filing{Kind: correction.KindCollision}, correction.ReasonPeople, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c.filing.Person, c.filing.Filer = o.person(c.stored, o.registered(c.register, number, c.status)), correction.System()
			filed := o.file(c.filing)
			if filed.Body.Reason != c.reason || (filed.State() == correction.Proposed) != c.proposed {
				t.Fatalf("%s, %s", filed.State(), filed.Body.Reason)
			}
			if filed.Body.Evidence[0].Source != "here" || filed.Body.Evidence[0].Said["name"] != c.stored {
				t.Errorf("%+v", filed.Body.Evidence[0])
			}
			if !c.proposed {
				return
			}
			// Both forms stand there as they were received, with the version of the table by which they are one.
			said := filed.Body.Evidence[len(filed.Body.Evidence)-1]
			if said.Source != "register" || said.Said["name"] != c.register || said.Said["mapping"] != identity.NameMappingVersion {
				t.Errorf("%+v", said)
			}
			must(t, o.Approve(t.Context(), o.wang, filed)) // a rule proposed it: one officer is the second pair of eyes
			p, err := o.store.Person(t.Context(), c.filing.Person)
			must(t, err)
			if p.Name != c.register {
				t.Errorf("%q", p.Name)
			}
		})
	}
}

func TestAPhoneThatTwoSourcesSawInOtherHandsIsTakenAway(t *testing.T) {
	o := newOffice(t)
	const phone = "+8613800000001"
	proven := func(source string) correction.Evidence {
		return correction.Evidence{Source: source, ACR: 2, Said: map[string]string{"phone_proven": phone}}
	}
	for name, c := range map[string]struct {
		evidence []correction.Evidence
		proposed bool
	}{
		"two sources":      {[]correction.Evidence{proven("issuer:https://id.zj.example"), proven("issuer:https://id.sc.example")}, true},
		"one source":       {[]correction.Evidence{proven("issuer:https://id.zj.example")}, false},
		"one that repeats": {[]correction.Evidence{proven("issuer:https://id.zj.example"), proven("issuer:https://id.zj.example")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			person := o.person("张三")
			for n, method := range []string{"sms", "passkey"} {
				must(t, o.store.AddCredential(t.Context(), storage.Credential{ID: person + method, PersonID: person, Method: method, Handle: []string{phone, ""}[n], CreatedAt: o.now}))
			}
			filed := o.file(correction.Filing{
				Filer: correction.System(), Kind: correction.KindAttribute, Attribute: "phone", Expected: phone, Person: person, Evidence: c.evidence,
			})
			if (filed.State() == correction.Proposed) != c.proposed {
				t.Fatalf("%s", filed.State())
			}
			if !c.proposed {
				return
			}
			must(t, o.Approve(t.Context(), o.wang, filed))
			left, err := o.store.CredentialsOf(t.Context(), person)
			must(t, err)
			if len(left) != 1 || left[0].Method != "passkey" {
				t.Errorf("%+v", left)
			}
		})
	}
}

func TestAFilingThatSaysTooLittleOrTooMuchIsRefused(t *testing.T) {
	o := newOffice(t)
	person := o.person("张三")
	long := strings.Repeat("长", 4001)
	for name, f := range map[string]struct {
		filing correction.Filing
		want   error
	}{
		"no kind":              {correction.Filing{Filer: "system", Person: person}, correction.ErrFiling},
		"an unknown kind":      {correction.Filing{Filer: "system", Kind: "else", Person: person}, correction.ErrFiling},
		"nobody files":         {correction.Filing{Kind: correction.KindTakeover, Person: person}, correction.ErrFiling},
		"about nothing":        {correction.Filing{Filer: "system", Kind: correction.KindTakeover}, correction.ErrFiling},
		"an unknown attribute": {correction.Filing{Filer: "system", Kind: correction.KindAttribute, Attribute: "shoe size", Person: person}, correction.ErrFiling},
		"one who is two":       {correction.Filing{Filer: "system", Kind: correction.KindDuplicate, Person: person, Other: person}, correction.ErrFiling},
		"nobody here":          {correction.Filing{Filer: "system", Kind: correction.KindTakeover, Person: "nobody"}, storage.ErrNotFound},
		"a long statement":     {correction.Filing{Filer: "system", Kind: correction.KindTakeover, Person: person, Statement: long}, correction.ErrTooLarge},
		"long evidence": {correction.Filing{Filer: "system", Kind: correction.KindTakeover, Person: person, Evidence: []correction.Evidence{
			{Source: "person", Said: map[string]string{"text": long}},
		}}, correction.ErrTooLarge},
		"much evidence": {correction.Filing{Filer: "system", Kind: correction.KindTakeover, Person: person, Evidence: make([]correction.Evidence, 50)}, correction.ErrTooLarge},
	} {
		if _, err := o.File(t.Context(), f.filing); !errors.Is(err, f.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := o.store.CasesFiledBy(t.Context(), "system", 10); err != nil || len(list) > 0 {
		t.Errorf("%d cases, %v", len(list), err)
	}
}

func TestNamesAreComparedCharacterByCharacterWithCodePoints(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		want  identity.Comparison
		marks string // of a: = the same, x another
		notes []correction.CharacterNote
	}{
		{"李\uE863", "李\u4DAE", identity.EqualAfterMapping, "=x", []correction.CharacterNote{"", correction.NotePrivate}},
		{"阿依努尔·买买提", "阿依努尔买买提", identity.Different, "====x===", nil},
		{"黃海", "黄海", identity.Different, "x=", nil},
		{"𠮷田", "𠮷田", identity.Equal, "==", []correction.CharacterNote{correction.NoteRare, ""}},
	} {
		d := correction.CompareValues(c.a, c.b, true)
		marks := ""
		for n, ch := range d.A {
			if marks += map[bool]string{true: "x", false: "="}[ch.Differs]; c.notes != nil && ch.Note != c.notes[n] {
				t.Errorf("%s: %d is %q", c.a, n, ch.Note)
			}
		}
		if d.Comparison != c.want || marks != c.marks {
			t.Errorf("%s, %s: %s, %s", c.a, c.b, d.Comparison, marks)
		}
	}
	if d := correction.CompareValues("李\uE863", "", false); d.A[1].Code != "U+E863" {
		t.Errorf("%s", d.A[1].Code)
	}
}

func FuzzCompareValues(f *testing.F) {
	f.Add("李\uE863", "李\u4DAE")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		d := correction.CompareValues(a, b, true)
		same := 0
		for _, ch := range d.A {
			if !ch.Differs {
				same++
			}
		}
		for _, ch := range d.B {
			if !ch.Differs {
				same--
			}
		}
		if same != 0 {
			t.Errorf("the two sides do not agree on what is the same")
		}
	})
}

func TestANumberIsFoundAsItIsTyped(t *testing.T) {
	o := newOffice(t)
	c := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Statement: "x"})
	for _, typed := range []string{c.Number, strings.ToLower(c.Number), strings.ReplaceAll(c.Number, "-", ""), " " + strings.ReplaceAll(c.Number, "-", " - ") + "。"} {
		found, err := o.FindNumber(t.Context(), typed)
		if err != nil || found.ID != c.ID {
			t.Errorf("%q: %v", typed, err)
		}
	}
	if _, err := o.FindNumber(t.Context(), ""); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
