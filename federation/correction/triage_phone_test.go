package correction_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"manyou/federation/correction"
	"manyou/federation/register"
	"manyou/storage"
)

const (
	passedOn = "+8613800000001" // the number that is another's now
	newPhone = "+8613800000002"
	zj       = "issuer:https://id.zj.example"
	sc       = "issuer:https://id.sc.example"
)

// holder is somebody who enrolled the number, and whose number the register says is another; "" if it knows none.
func (o *office) holder(onRecord string, methods ...string) string {
	o.Helper()
	d := storage.Document{Kind: "resident_id", Number: number}
	must(o, o.store.PutRegister(o.Context(), []storage.RegisterEntry{{Document: d, Name: "张三", Phone: onRecord, Region: "51", Status: storage.RegisterValid}}, storage.ImportProgress{Source: onRecord}))
	person := o.person("张三", d)
	for _, m := range methods {
		handle := ""
		if m == "sms" {
			handle = passedOn
		}
		must(o, o.store.AddCredential(o.Context(), storage.Credential{ID: person + m, PersonID: person, Method: m, Handle: handle, CreatedAt: o.now}))
	}
	return person
}

func provenTo(source string, more ...string) correction.Evidence {
	said := map[string]string{"phone_proven": passedOn}
	for n := 0; n+1 < len(more); n += 2 {
		said[more[n]] = more[n+1]
	}
	return correction.Evidence{Source: source, ACR: 2, Said: said}
}

func TestANumberIsTakenAwayByRuleOnlyIfTwoPartiesAndNotOneSayThatItIsAnothers(t *testing.T) {
	many := []correction.Evidence{provenTo(zj), provenTo(sc), provenTo("register"), provenTo("issuer:https://id.nation.example")}
	for name, c := range map[string]struct {
		onRecord string
		filer    string
		of       string // on whose behalf
		evidence []correction.Evidence
		reason   string
	}{
		"this issuer saw it and the register agrees": {
			newPhone, "system", "", []correction.Evidence{provenTo("register"), provenTo("issuer:https://id.nation.example")}, correction.ReasonPhoneTwice,
		},
		"a province saw it and the register agrees": {newPhone, zj, "", []correction.Evidence{provenTo(zj)}, correction.ReasonPhoneTwice},
		"the register alone":                        {newPhone, "system", "", []correction.Evidence{provenTo("register")}, correction.ReasonRegisterAgrees},
		"nobody but the filer's claim":              {newPhone, "system", "", nil, correction.ReasonRegisterAgrees},
		"a province, and the register knows no number": {
			"", zj, "", []correction.Evidence{provenTo(zj)}, correction.ReasonPeople,
		},
		"a province, and the register says that it is theirs": {
			passedOn, zj, "", []correction.Evidence{provenTo(zj)}, correction.ReasonRegisterDiffers,
		},
		"two issuers, and the register says that it is theirs": {
			passedOn, "system", "", []correction.Evidence{provenTo(zj), provenTo(sc)}, correction.ReasonRegisterDiffers,
		},
		"attack: a province names others as sources":       {"", zj, "", many, correction.ReasonPeople},
		"attack: a province names the register":            {"", zj, "", []correction.Evidence{provenTo(zj), provenTo("register")}, correction.ReasonPeople},
		"attack: an application of a province says so":     {newPhone, zj, "an application", many, correction.ReasonPeople},
		"attack: an application says so":                   {newPhone, "application:main", "", many, correction.ReasonPeople},
		"attack: a citizen says so":                        {newPhone, "person:b", "", many, correction.ReasonRegisterAgrees},
		"attack: one without an identity says so":          {newPhone, "visitor:b", "", many, correction.ReasonRegisterAgrees},
		"attack: of another number":                        {newPhone, zj, "", []correction.Evidence{{Source: zj, Said: map[string]string{"phone_proven": "+8613800000009"}}}, correction.ReasonRegisterAgrees},
		"attack: the citizen's own word beside the system": {"", "system", "", []correction.Evidence{provenTo("person:b"), provenTo("register")}, correction.ReasonPeople},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.holder(c.onRecord, "sms", "passkey")
			filed := o.file(correction.Filing{
				Filer: c.filer, For: c.of, Kind: correction.KindAttribute, Attribute: "phone", Expected: passedOn, Person: person, Evidence: c.evidence,
			})
			proposed := c.reason == correction.ReasonPhoneTwice
			if filed.Body.Reason != c.reason || (filed.State() == correction.Proposed) != proposed {
				t.Fatalf("%s, %s", filed.State(), filed.Body.Reason)
			}
			if !proposed {
				return
			}
			must(t, o.Approve(t.Context(), o.wang, filed))
			left, err := o.store.CredentialsOf(t.Context(), person)
			must(t, err)
			if len(left) != 1 || left[0].Method != "passkey" || filed.TakenPhone(filed.Body.Decided[0].ID) != passedOn {
				t.Errorf("%+v", left)
			}
		})
	}
}

func TestWhoWouldLoseTheirOnlyWayInIsForPeople(t *testing.T) {
	for name, c := range map[string]struct {
		here     []string
		left     []string // as the province says
		proposed bool
	}{
		"the number alone here":                            {[]string{"sms"}, nil, false},
		"besides it only what asks for a number":           {[]string{"sms", "totp", "recovery", "relative"}, nil, false},
		"a passkey besides":                                {[]string{"sms", "passkey"}, nil, true},
		"nowhere":                                          {[]string{"passkey"}, nil, false},
		"at the province alone, which knows others":        {nil, []string{"ways_left", "1"}, true},
		"at the province alone, which knows no other":      {nil, []string{"ways_left", "0"}, false},
		"a passkey here, and at the province nothing else": {[]string{"sms", "passkey"}, []string{"ways_left", "0"}, false},
		"attack: the province says something else":         {nil, []string{"ways_left", "many"}, false},
		"attack: the province says less than nothing":      {nil, []string{"ways_left", "-1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			filed := o.file(correction.Filing{
				Filer: zj, Kind: correction.KindAttribute, Attribute: "phone", Expected: passedOn, Person: o.holder(newPhone, c.here...),
				Evidence: []correction.Evidence{provenTo(zj, c.left...)},
			})
			if (filed.State() == correction.Proposed) != c.proposed {
				t.Errorf("%s, %s", filed.State(), filed.Body.Reason)
			}
			if !c.proposed && filed.Body.Reason != correction.ReasonRegisterAgrees {
				t.Errorf("%s", filed.Body.Reason)
			}
		})
	}
}

func TestWhileTheRegisterIsDownANumberIsForPeople(t *testing.T) {
	o := newOffice(t)
	person := o.holder(newPhone, "sms", "passkey")
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	source, err := register.NewHTTP(register.HTTPConfig{URL: down.URL, BearerToken: "secret"})
	must(t, err)
	o.Register = source
	filed := o.file(correction.Filing{
		Filer: "system", Kind: correction.KindAttribute, Attribute: "phone", Expected: passedOn, Person: person, Evidence: []correction.Evidence{provenTo(zj), provenTo(sc)},
	})
	if filed.State() != correction.Triaged || filed.Body.Reason != correction.ReasonRegisterDown {
		t.Errorf("%s, %s", filed.State(), filed.Body.Reason)
	}
}

// TestAttackANumberIsProposedThatTheCredentialIsNot: what goes here and what is told elsewhere is one number.
func TestAttackANumberIsProposedThatTheCredentialIsNot(t *testing.T) {
	o := newOffice(t)
	person := o.holder(newPhone, "sms", "passkey")
	c := o.file(correction.Filing{Filer: zj, Kind: correction.KindAttribute, Attribute: "phone", Expected: newPhone, Person: person})
	must(t, o.Take(t.Context(), o.wang, c))
	for name, p := range map[string]correction.Proposal{
		"another number":    {Decision: correction.Correct, Credential: person + "sms", Phone: newPhone},
		"a name besides it": {Decision: correction.Correct, Credential: person + "sms", Name: &[2]string{"张三", "李四"}},
	} {
		if err := o.Propose(t.Context(), o.wang, o.again(c), p); !errors.Is(err, correction.ErrProposal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Correct, Credential: person + "sms"}))
	c = o.again(c)
	must(t, o.Approve(t.Context(), o.zhao, c))
	if got := o.again(c); got.TakenPhone(got.Body.Decided[0].ID) != passedOn {
		t.Errorf("%+v", got.Body.Decided)
	}
}

func TestWhoComplainedFirstDoesNotKeepTheRuleFromANumber(t *testing.T) {
	phone := func(filer, source string) correction.Filing {
		return correction.Filing{
			Filer: filer, Kind: correction.KindAttribute, Attribute: "phone", Expected: passedOn, Evidence: []correction.Evidence{provenTo(source)},
		}
	}
	leaving := func(filer, left string) correction.Filing {
		f := phone(filer, filer)
		f.Evidence = []correction.Evidence{provenTo(filer, "ways_left", left)}
		return f
	}
	for name, c := range map[string]struct {
		first, second correction.Filing
		taken         bool
		state         correction.State
	}{
		"a province after the person":                        {phone("person:a", "person:a"), phone(zj, zj), false, correction.Proposed},
		"a province after an application":                    {phone("application:main", "application:main"), phone(zj, zj), false, correction.Proposed},
		"attack: an application says that no way in is left": {leaving("application:main", "0"), phone(zj, zj), false, correction.Proposed},
		"attack: the person after the person":                {phone("person:a", "person:a"), phone("person:b", zj), false, correction.Triaged},
		"attack: an application after the person":            {phone("person:a", "person:a"), phone("application:main", zj), false, correction.Triaged},
		"a case that an officer has taken is the officer's":  {phone("person:a", "person:a"), phone(zj, zj), true, correction.InReview},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c.first.Person = o.holder(newPhone, "sms", "passkey")
			c.second.Person = c.first.Person
			first := o.file(c.first)
			if first.State() != correction.Triaged {
				t.Fatalf("%s, %s", first.State(), first.Body.Reason)
			}
			if c.taken {
				must(t, o.Take(t.Context(), o.wang, first))
			}
			second := o.file(c.second)
			if second.DuplicateOf != first.ID {
				t.Fatal("it is a case of its own")
			}
			got := o.again(first)
			if got.State() != c.state {
				t.Errorf("%s, %s: %s", got.State(), got.Body.Reason, strings.Join(o.whats(got), " "))
			}
			if c.state == correction.Proposed {
				must(t, o.Approve(t.Context(), o.wang, got))
			}
		})
	}
}

func TestWhatIsReportedAgainWhenTheRegisterAnswersIsDecidedAnew(t *testing.T) {
	o := newOffice(t)
	person := o.holder(newPhone, "sms", "passkey")
	table := o.Register
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	source, err := register.NewHTTP(register.HTTPConfig{URL: down.URL, BearerToken: "secret"})
	must(t, err)
	o.Register = source
	f := correction.Filing{Filer: zj, Kind: correction.KindAttribute, Attribute: "phone", Expected: passedOn, Person: person, Evidence: []correction.Evidence{provenTo(zj)}}
	first := o.file(f)
	o.Register = table
	o.file(f)
	if got := o.again(first); got.State() != correction.Proposed || got.Body.Reason != correction.ReasonPhoneTwice {
		t.Errorf("%s, %s", got.State(), got.Body.Reason)
	}
	// A third one changes nothing any more.
	before := o.again(first).Version
	o.file(f)
	if got := o.again(first); got.Version != before {
		t.Errorf("%s", strings.Join(o.whats(got), " "))
	}
}
