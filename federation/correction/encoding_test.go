package correction_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/storage"
)

const (
	official = "刘\u4DAE"
	private  = "刘\uE863" // the same character, where it was before it had a code point
)

// zhejiangSays is how a province writes a name.
func zhejiangSays(form string) []correction.Evidence {
	return []correction.Evidence{{Source: correction.Issuer("https://id.zj.example"), ACR: 2, Said: map[string]string{"name": form}}}
}

func encoding(filer, expected string) correction.Filing {
	return correction.Filing{Filer: filer, Kind: correction.KindEncoding, Attribute: correction.AttributeName, Expected: expected}
}

func TestADifferenceOfEncodingIsAKindOfItsOwn(t *testing.T) {
	citizen, app := correction.Person("p"), correction.Application("app")
	attribute := func(filer, expected string) correction.Filing {
		f := encoding(filer, expected)
		f.Kind = correction.KindAttribute
		return f
	}
	for name, c := range map[string]struct {
		stored, register string
		filing           correction.Filing
		kind             correction.Kind
		reason           string
		proposed         bool
		kept             string
	}{
		"a citizen names the register's form":  {private, official, attribute(citizen, official), correction.KindEncoding, correction.ReasonVariant, true, private},
		"a citizen wants another form":         {official, official, attribute(citizen, private), correction.KindEncoding, correction.ReasonRegisterDiffers, false, ""},
		"a citizen means another dot":          {"买买提·艾力", "买买提·艾力", attribute(citizen, "买买提•艾力"), correction.KindEncoding, correction.ReasonRegisterDiffers, false, ""},
		"a citizen means another name":         {private, official, attribute(citizen, "刘龑"), correction.KindAttribute, correction.ReasonRegisterDiffers, false, ""},
		"a citizen means case":                 {"John Smith", "John Smith", attribute(citizen, "JOHN SMITH"), correction.KindAttribute, correction.ReasonRegisterDiffers, false, ""},
		"an application has the private form":  {official, official, encoding(app, private), correction.KindEncoding, correction.ReasonVariant, true, private},
		"an application has the official form": {private, official, encoding(app, official), correction.KindEncoding, correction.ReasonVariant, true, private},
		"it is taken for an encoding":          {official, official, encoding(app, "刘龑"), correction.KindAttribute, correction.ReasonRegisterDiffers, false, ""},
		"full width, which is stored narrow":   {"JOHN SMITH", "JOHN SMITH", encoding(app, "ＪＯＨＮ ＳＭＩＴＨ"), correction.KindEncoding, correction.ReasonRegisterDiffers, false, ""},
		"a compatibility ideograph":            {"\uf92c平", "郎平", attribute(app, "郎平"), correction.KindEncoding, correction.ReasonVariant, true, "\uf92c平"},
		"the register knows another name":      {private, "刘龑", encoding(app, official), correction.KindEncoding, correction.ReasonRegisterDiffers, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c.filing.Person = o.person(c.stored, o.registered(c.register, number, storage.RegisterValid))
			filed := o.file(c.filing)
			if filed.Kind != string(c.kind) || filed.Body.Reason != c.reason || filed.ByRule() != c.proposed {
				t.Fatalf("%s %s %s", filed.Kind, filed.State(), filed.Body.Reason)
			}
			due, rank := 30*24*time.Hour, correction.PriorityLow
			if c.kind != correction.KindEncoding {
				due, rank = 10*24*time.Hour, correction.PriorityNormal
			}
			if !filed.DueAt.Equal(o.now.Add(due)) || filed.Priority != rank {
				t.Errorf("due %s, priority %d", filed.DueAt, filed.Priority)
			}
			if !c.proposed {
				return
			}
			p := filed.Body.Proposal
			if p.Decision != correction.Correct || p.Name[1] != c.register || p.Received == nil || p.Received.Form != c.kept || p.Received.Mapping != identity.NameMappingVersion {
				t.Errorf("%+v, kept %+v", p, p.Received)
			}
			must(t, o.Approve(t.Context(), o.wang, filed))
			got, err := o.store.Person(t.Context(), c.filing.Person)
			must(t, err)
			if got.Name != c.register || got.Received == nil || got.Received.Form != c.kept || got.Epoch != 1 || o.stands(got.ID) != 1 {
				t.Errorf("%+v, received %+v, %d sessions", got, got.Received, o.stands(got.ID))
			}
		})
	}
}

func TestTheFormInWhichANameCameFirstIsKeptThroughARecoding(t *testing.T) {
	o := newOffice(t)
	first := storage.ReceivedName{Form: "刘　\uE863", Mapping: "GB 18030-2005", Source: "issuer:https://id.zj.example"}
	p := storage.Person{
		ID: "p", Name: private, Received: &first, Region: "51", Status: storage.PersonActive, Epoch: 1, CreatedAt: o.now,
		Documents: []storage.Document{o.registered(official, number, storage.RegisterValid)},
	}
	o.signIn(&p, p.ID, nil)
	f := encoding(correction.System(), "")
	f.Person, f.Evidence = p.ID, zhejiangSays(official)
	c := o.file(f)
	here := c.Body.Evidence[0].Said
	if here["name"] != private || here["name_received"] != first.Form || here["mapping"] != first.Mapping {
		t.Errorf("stored: %v", here)
	}
	if said := c.Body.Evidence[1].Said; said["name"] != official || said["mapping"] != identity.NameMappingVersion {
		t.Errorf("the province: %v", said)
	}
	must(t, o.Approve(t.Context(), o.wang, c))
	got, err := o.store.Person(t.Context(), p.ID)
	must(t, err)
	if got.Name != official || got.Received == nil || *got.Received != first {
		t.Errorf("%+q, %+v", got.Name, got.Received)
	}
	// Another name is not received in that form.
	other := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Person: p.ID})
	must(t, o.Take(t.Context(), o.wang, other))
	must(t, o.Propose(t.Context(), o.wang, other, correction.Proposal{Decision: correction.Correct, Name: &[2]string{"", "刘　龑"}}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(other)))
	got, err = o.store.Person(t.Context(), p.ID)
	must(t, err)
	if got.Name != "刘龑" || got.Received == nil || got.Received.Form != "刘　龑" || got.Received.Source != "officer:"+o.wang.PersonID || got.Epoch != 2 {
		t.Errorf("%+v, %+v", got, got.Received)
	}
}

func TestTwoFormsOpenOneCaseAndNoneAfterTheDecision(t *testing.T) {
	o := newOffice(t)
	person := o.person(private, o.registered(official, number, storage.RegisterValid))
	known := func(one, other string) bool {
		t.Helper()
		is, err := o.EncodingKnown(t.Context(), person, one, other)
		must(t, err)
		return is
	}
	if known(private, official) {
		t.Fatal("a case is known that nobody filed")
	}
	f := encoding(correction.System(), "")
	f.Person, f.Evidence = person, zhejiangSays(official)
	c := o.file(f)
	if !known(private, official) || !known(official, private) || known(private, "刘\u4DAE\ufe00") {
		t.Error("the forms of the case are not known, or others are")
	}
	again := encoding(correction.Application("app"), official)
	again.Person = person
	if joined := o.file(again); joined.DuplicateOf != c.ID {
		t.Errorf("while it is open: joined to %q", joined.DuplicateOf)
	}
	must(t, o.Approve(t.Context(), o.wang, c))
	must(t, o.Propagate(t.Context(), c))
	must(t, o.Close(t.Context(), c))
	if !known(private, official) {
		t.Error("what was decided is not known")
	}
	again.Expected = private
	if joined := o.file(again); joined.DuplicateOf != c.ID {
		t.Errorf("after the decision: joined to %q", joined.DuplicateOf)
	}
	// A third form is news, and a citizen is heard.
	third := again
	third.Expected = "刘\u4DAE\ufe00"
	if other := o.file(third); other.DuplicateOf != "" || other.Kind != string(correction.KindEncoding) {
		t.Errorf("a third form: %s, joined to %q", other.Kind, other.DuplicateOf)
	} else {
		must(t, o.Approve(t.Context(), o.zhao, other))
		must(t, o.Propagate(t.Context(), other))
		must(t, o.Close(t.Context(), other))
	}
	again.Filer = correction.Person(person)
	if own := o.file(again); own.DuplicateOf != "" {
		t.Errorf("a citizen's: joined to %q", own.DuplicateOf)
	}
}

// TestAttackAnEncodingIsNoWayToAnotherName: what ends nothing must change nothing but code points, whoever says what it is.
func TestAttackAnEncodingIsNoWayToAnotherName(t *testing.T) {
	o := newOffice(t)
	person := o.person(private, o.registered(official, number, storage.RegisterValid))
	f := encoding(correction.Application("app"), official)
	f.Person = person
	c := o.file(f)
	must(t, o.Return(t.Context(), o.wang, c, "再看"))
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{
		Decision: correction.Correct, Name: &[2]string{"", "刘龑"}, Received: &storage.ReceivedName{Form: private, Mapping: "GB 18030-2022"},
	}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	p, err := o.store.Person(t.Context(), person)
	must(t, err)
	if p.Name != "刘龑" || p.Epoch != 2 || o.stands(person) != 0 {
		t.Errorf("%+v: %d sessions stand that began under another name", p, o.stands(person))
	}
}

func TestAnEncodingNeedsTwoForms(t *testing.T) {
	o := newOffice(t)
	person := o.person(official)
	for name, f := range map[string]correction.Filing{
		"no form":           {Filer: "system", Kind: correction.KindEncoding, Person: person},
		"of a phone number": {Filer: "system", Kind: correction.KindEncoding, Attribute: "phone", Expected: "1", Person: person},
	} {
		if _, err := o.File(t.Context(), f); !errors.Is(err, correction.ErrFiling) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := o.file(correction.Filing{Filer: "system", Kind: correction.KindEncoding, Expected: private, Person: person}); c.Body.Attribute != "name" {
		t.Errorf("%q is encoded", c.Body.Attribute)
	}
}

func TestAComplaintThatTurnedIntoAnEncodingIsTheSameOneUnderItsKey(t *testing.T) {
	o := newOffice(t)
	f := encoding(correction.Application("app"), official)
	f.Kind, f.ID, f.Person = correction.KindAttribute, "key", o.person(private, o.registered(official, number, storage.RegisterValid))
	c := o.file(f)
	if again := o.file(f); again.ID != c.ID || again.Kind != string(correction.KindEncoding) {
		t.Errorf("%s, %s", again.ID, again.Kind)
	}
	must(t, o.Approve(t.Context(), o.wang, c))
	if again := o.file(f); again.ID != c.ID {
		t.Errorf("after the decision: %s", again.ID)
	}
	f.Expected = "刘龑"
	if _, err := o.File(t.Context(), f); !errors.Is(err, correction.ErrRepeated) {
		t.Errorf("another complaint under the key: %v", err)
	}
	if !slices.Contains(correction.Kinds(), correction.KindEncoding) {
		t.Error("the kind is not listed")
	}
}
