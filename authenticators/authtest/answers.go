package authtest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"manyou/authenticators"
)

// garbage is no answer of anybody.
var garbage = []string{
	"", " ", "\x00", "\xff\xfe", "null", "{}", "[]", `{"id":`, `"`, "0", "-1", "🀄", strings.Repeat("[", 10_000),
	strings.Repeat("A", 1<<20), `{"id":"` + strings.Repeat("A", 1<<15) + `"}`,
}

func enrolment(f *fixture) {
	w := &wallet{Person: f.subject.Person(f)}
	c := f.begin(f.request(w, authenticators.PurposeEnrol))
	e := f.enrol(c, w.Enrol(c, f.now))
	if e.Outcome != authenticators.Accepted || len(e.Credentials) == 0 {
		f.Fatalf("%v, %d credentials", e.Outcome, len(e.Credentials))
	}
	for _, credential := range e.Credentials {
		if credential.ID != "" || credential.Label != "" {
			f.Error("ID and label are the caller's to fill in")
		}
		if _, found := f.a.(authenticators.Discoverer); found && credential.Handle == "" {
			f.Error("answers name the credential, and it has no handle")
		}
	}
}

func wrongEnrolment(f *fixture) {
	w := &wallet{Person: f.subject.Person(f)}
	c := f.begin(f.request(w, authenticators.PurposeEnrol))
	for _, answer := range garbage {
		if e := f.enrol(c, answer); e.Outcome != authenticators.Malformed && e.Outcome != authenticators.Rejected {
			f.Errorf("%.30q: %v", answer, e.Outcome)
		}
	}
	if e := f.enrol(c, w.Enrol(c, f.now)); e.Outcome != authenticators.Accepted {
		f.Errorf("the right answer after wrong ones that cost no attempt: %v", e.Outcome)
	}
}

func expiredEnrolment(f *fixture) {
	w := &wallet{Person: f.subject.Person(f)}
	c := f.begin(f.request(w, authenticators.PurposeEnrol))
	answer := w.Enrol(c, f.now)
	for _, after := range []time.Duration{0, time.Second, 24 * time.Hour} {
		f.now = c.ExpiresAt.Add(after)
		if e := f.enrol(c, answer); e.Outcome != authenticators.Expired {
			f.Errorf("%s after the end: %v", after, e.Outcome)
		}
	}
}

func proof(f *fixture) {
	w, m := f.newcomer(), f.a.Method()
	for range 3 {
		c := f.begin(f.request(w, authenticators.PurposeProve))
		p := f.verify(c, w.credentials, w.Prove(c, f.now))
		if p.Outcome != authenticators.Accepted {
			f.Fatal(p.Outcome)
		}
		if !slices.ContainsFunc(w.credentials, func(c authenticators.Credential) bool { return c.ID == p.Of }) {
			f.Errorf("it proves %q, which was not given", p.Of)
		}
		if p.Rung < authenticators.LowestRung || p.Rung > m.Rung {
			f.Errorf("rung %d, declared are at most %d", p.Rung, m.Rung)
		}
		if len(p.AMR) == 0 {
			f.Error("no amr")
		}
		for _, v := range p.AMR {
			if !slices.Contains(m.AMR, v) {
				f.Errorf("amr %q, declared are %v", v, m.AMR)
			}
		}
		if !w.use(p) {
			f.Errorf("the use is a copy of an earlier one: %+v", p.Use)
		}
		f.later()
	}
}

func wrongProof(f *fixture) {
	w := f.newcomer()
	c := f.begin(f.request(w, authenticators.PurposeProve))
	for _, answer := range garbage {
		if p := f.verify(c, w.credentials, answer); p.Outcome != authenticators.Malformed && p.Outcome != authenticators.Rejected {
			f.Errorf("%.30q: %v", answer, p.Outcome)
		}
	}
}

func again(f *fixture) {
	w, other := f.newcomer(), f.newcomer()
	c := f.begin(f.request(w, authenticators.PurposeProve))
	p := f.verify(c, w.credentials, other.Prove(c, f.now))
	if p.Outcome != authenticators.Rejected {
		f.Fatalf("a wrong answer: %v", p.Outcome)
	}
	if p.AttemptsLeft == 0 || p.AttemptsLeft < -1 {
		f.Fatalf("rejected with %d attempts left", p.AttemptsLeft)
	}
	left := p.Again
	left.Show = c.Show
	if p := f.verify(left, w.credentials, w.Prove(left, f.now)); p.Outcome != authenticators.Accepted {
		f.Errorf("the right answer at the second attempt: %v", p.Outcome)
	}
	if p.AttemptsLeft < 0 {
		return
	}
	for n := p.AttemptsLeft; n > 0; n-- {
		f.later()
		if p = f.verify(left, w.credentials, other.Prove(left, f.now)); p.AttemptsLeft != n-1 {
			f.Fatalf("%d attempts became %d", n, p.AttemptsLeft)
		}
		if n > 1 {
			left = p.Again
		}
	}
	if p.Outcome != authenticators.Exhausted || p.Again.State != nil {
		f.Errorf("after the last attempt: %v", p.Outcome)
	}
}

func replay(f *fixture) {
	w := f.newcomer()
	c := f.begin(f.request(w, authenticators.PurposeProve))
	answer := w.Prove(c, f.now)
	if p := f.verify(c, w.credentials, answer); p.Outcome != authenticators.Accepted || !w.use(p) {
		f.Fatalf("refused at first: %v", p.Outcome)
	}
	fresh := f.begin(f.request(w, authenticators.PurposeProve))
	if p := f.verify(fresh, w.credentials, answer); p.Outcome == authenticators.Accepted {
		f.Error("the same answer proves again")
	}
}

func expiredProof(f *fixture) {
	w := f.newcomer()
	c := f.begin(f.request(w, authenticators.PurposeProve))
	answer := w.Prove(c, f.now)
	for _, after := range []time.Duration{0, time.Second, 24 * time.Hour} {
		f.now = c.ExpiresAt.Add(after)
		if p := f.verify(c, w.credentials, answer); p.Outcome != authenticators.Expired {
			f.Errorf("%s after the end: %v", after, p.Outcome)
		}
	}
}

func nobody(f *fixture) {
	w := f.newcomer()
	c := f.begin(f.request(w, authenticators.PurposeProve))
	p := f.verify(c, nil, w.Prove(c, f.now))
	if f.a.Method().Enrolled == (p.Outcome == authenticators.Accepted) {
		f.Errorf("without a credential: %v", p.Outcome)
	}
	if p.Of != "" {
		f.Errorf("it proves %q of nobody", p.Of)
	}
	for _, answer := range garbage {
		if p := f.verify(c, nil, answer); p.Outcome == authenticators.Accepted {
			f.Errorf("%.30q was accepted of nobody", answer)
		}
	}
}

func stranger(f *fixture) {
	w, other := f.newcomer(), f.newcomer()
	c := f.begin(f.request(w, authenticators.PurposeProve))
	if p := f.verify(c, w.credentials, other.Prove(c, f.now)); p.Outcome == authenticators.Accepted {
		f.Error("another person's answer was accepted")
	}
	c = f.begin(f.request(other, authenticators.PurposeProve))
	f.later()
	if p := f.verify(c, w.credentials, other.Prove(c, f.now)); p.Outcome == authenticators.Accepted {
		f.Error("another person's answer to their own challenge was accepted for this one")
	}
}

func crossed(f *fixture) {
	w := &wallet{Person: f.subject.Person(f)}
	enrol := f.begin(f.request(w, authenticators.PurposeEnrol))
	answer := w.Enrol(enrol, f.now)
	w.store(f.enrol(enrol, answer))
	prove := f.begin(f.request(w, authenticators.PurposeProve))
	for name, c := range map[string]authenticators.Challenge{"its own": enrol, "a proof's": prove} {
		if p := f.verify(c, w.credentials, answer); p.Outcome == authenticators.Accepted {
			f.Errorf("an enrolment's answer proves at %s challenge", name)
		}
	}
	f.later()

	// With one nonce for both, nothing but the purpose tells the challenges apart.
	toProve := f.request(w, authenticators.PurposeProve)
	toEnrol := f.request(w, authenticators.PurposeEnrol)
	toEnrol.Nonce = toProve.Nonce
	prove, enrol = f.begin(toProve), f.begin(toEnrol)
	for name, c := range map[string]authenticators.Challenge{"another": enrol, "the same": prove} {
		c.Purpose = authenticators.PurposeEnrol
		if p := f.verify(c, w.credentials, w.Prove(prove, f.now)); p.Outcome == authenticators.Accepted {
			f.Errorf("an enrolment's challenge is proven with: %s state", name)
		}
	}
	made := f.subject.Person(f).Enrol(enrol, f.now)
	if e := f.enrol(prove, made); e.Outcome == authenticators.Accepted {
		f.Error("a proof's challenge enrols")
	}
	answer = w.Prove(prove, f.now)
	for name, c := range map[string]authenticators.Challenge{"its own": prove, "an enrolment's": enrol} {
		if e := f.enrol(c, answer); e.Outcome == authenticators.Accepted && answer != made {
			f.Errorf("a proof's answer enrols at %s challenge", name)
		}
	}
}

func foreignRecords(f *fixture) {
	w := f.newcomer()
	c := f.begin(f.request(w, authenticators.PurposeProve))
	answer := w.Prove(c, f.now)
	for _, state := range []string{`null`, `{}`, `[]`, `"state"`, `{"secret":"AAAA"}`, `17`} {
		damaged := f.kept(c)
		damaged.State = json.RawMessage(state)
		p, err := f.a.Verify(damaged, nil, answer, f.now)
		if err == nil && p.Outcome == authenticators.Accepted {
			f.Errorf("a challenge of %s accepts", state)
		}
		damaged.Purpose = authenticators.PurposeEnrol
		e, err := f.a.Enrol(damaged, answer, f.now)
		if err == nil && e.Outcome == authenticators.Accepted {
			f.Errorf("an enrolment of %s accepts", state)
		}
	}
	if !f.a.Method().Enrolled {
		return
	}
	for _, record := range []string{"", "x", `{}`, `null`, strings.Repeat("A", 1<<16)} {
		damaged := slices.Clone(w.credentials)
		for i := range damaged {
			damaged[i].Secret = []byte(record)
		}
		if p, err := f.a.Verify(f.kept(c), damaged, answer, f.now); err == nil || p.Outcome != 0 {
			f.Errorf("a record of %.10q: %v, %v", record, p.Outcome, err)
		}
	}
}
