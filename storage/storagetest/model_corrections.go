package storagetest

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"manyou/storage"
)

// What officers may decide.

// correct takes a decision that should be taken if it may.
func (m *model) correct(may bool, c storage.Correction, named []string, change func(), undo func() bool) {
	c.ID = text()
	before := m.statuses()
	if !m.must(m.step(func(s *storage.CaseStep) { s.Correction = &c }), may, fmt.Sprintf("correction %+v", c)) {
		return
	}
	change()
	m.after(before, named...)
	m.applied = append(m.applied, modelDecision{c.ID, func() bool {
		before := m.statuses()
		if !undo() {
			return false
		}
		m.after(before, named...)
		return true
	}})
}

// moveHolds gives the holds on a link to whoever has it now.
func (m *model) moveHolds(subject, from, to string) {
	for n, h := range m.holds {
		if h.Subject == subject && h.PersonID == from && h.Lies() {
			m.holds[n].PersonID = to
		}
	}
}

func (m *model) relink(t *rapid.T) {
	subject, to := m.subject(), m.person()
	from := m.links[subject]
	if from == "" || from == to {
		return // nothing to act on
	}
	m.correct(m.merged[to] == "", storage.Correction{Moves: []storage.Move{{What: storage.MoveLink, Issuer: issuerOfModel, Subject: subject, From: from, To: to}}},
		[]string{from, to}, func() {
			m.links[subject] = to
			m.moveHolds(subject, from, to)
		}, func() bool {
			if m.links[subject] != to || m.merged[from] != "" {
				return false
			}
			m.links[subject] = from
			m.moveHolds(subject, to, from)
			return true
		})
}

func (m *model) rename(*rapid.T) {
	person := m.person()
	p, err := m.f.Person(m.test.Context(), person)
	check(m.test, err)
	m.correct(true, storage.Correction{Names: []storage.Rename{{PersonID: person, From: p.Name, To: text()}}}, []string{person}, func() {}, func() bool { return false })
	m.applied = m.applied[:len(m.applied)-1]
}

func (m *model) merge(t *rapid.T) {
	from, into := m.person(), m.person()
	if from == into {
		return // nothing to act on
	}
	may := m.merged[from] == "" && m.merged[into] == ""
	var links []string
	var holds []int
	var others []string
	m.correct(may, storage.Correction{Merges: []storage.Merge{{From: from, Into: into}}}, []string{from, into}, func() {
		for s, p := range m.links {
			if p == from {
				links = append(links, s)
				m.links[s] = into
			}
		}
		for n, h := range m.holds {
			if h.PersonID == from && h.Lies() {
				holds = append(holds, n)
				m.holds[n].PersonID = into
			}
		}
		for p, to := range m.merged {
			if to == from {
				others = append(others, p)
				m.merged[p] = into
			}
		}
		m.merged[from] = into
	}, func() bool {
		if m.merged[from] != into || slices.ContainsFunc(links, func(s string) bool { return m.links[s] != into }) ||
			slices.ContainsFunc(others, func(p string) bool { return m.merged[p] != into }) {
			return false
		}
		for _, s := range links {
			m.links[s] = from
			m.moveHolds(s, into, from)
		}
		for _, n := range holds {
			if m.holds[n].PersonID == into {
				m.holds[n].PersonID = from
			}
		}
		for _, p := range others {
			m.merged[p] = from
		}
		delete(m.merged, from)
		return true
	})
}

func (m *model) split(t *rapid.T) {
	subject := m.subject()
	from := m.links[subject]
	if from == "" {
		return // nothing to act on
	}
	other := m.f.person()
	m.correct(true, storage.Correction{Create: other, Of: from, Moves: []storage.Move{
		{What: storage.MoveLink, Issuer: issuerOfModel, Subject: subject, From: from, To: other.ID},
	}}, []string{from}, func() {
		m.persons = append(m.persons, other.ID)
		m.links[subject] = other.ID
		m.moveHolds(subject, from, other.ID)
	}, func() bool {
		if m.links[subject] != other.ID || m.merged[other.ID] != "" || m.merged[from] != "" {
			return false
		}
		for s, p := range m.links {
			if p == other.ID {
				m.links[s] = from
			}
		}
		for n, h := range m.holds {
			if h.PersonID == other.ID && h.Lies() {
				m.holds[n].PersonID = from
			}
		}
		for p, to := range m.merged {
			if to == other.ID {
				m.merged[p] = from
			}
		}
		m.merged[other.ID] = from
		return true
	})
}

func (m *model) undo(t *rapid.T) {
	if len(m.applied) == 0 {
		return // nothing to act on
	}
	n := rapid.IntRange(0, len(m.applied)-1).Draw(t, "decision")
	d := m.applied[n]
	taken := m.step(func(s *storage.CaseStep) { s.Correction = &storage.Correction{ID: text(), Undo: d.id} })
	if m.must(taken, d.undo(), "undo") {
		m.applied = slices.Delete(m.applied, n, n+1)
	}
}
