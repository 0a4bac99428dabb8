package web

import "slices"

// KeptPage says that a form was not taken, and why, and has what was typed. It is sent again, as it was, once who wrote it has signed in, in another
// window.
type KeptPage struct {
	Frame
	Why       string // one of [KeptWhys]
	SignInURL string // where to sign in, in a window of its own
	Action    string // where the form goes
	To        string // where it goes instead of where it came to; "" if it goes there
	Fields    []KeptField
	// Upload says that the form takes a file, Chosen that one was chosen: it cannot be kept.
	Upload, Chosen bool
	BackURL        string // where to go without sending it
}

func (*KeptPage) template() string { return "kept" }
func (p *KeptPage) title() string  { return "kept." + p.Why + ".title" }

// Why a form was not taken.
const (
	KeptEnded = "ended" // nobody is signed in any more
	KeptProof = "proof" // who is signed in has to prove it anew
	KeptOther = "other" // somebody else is signed in
	KeptPass  = "pass"  // who may not sign in has had their half hour
)

// KeptWhys lists why a form may not be taken.
func KeptWhys() []string { return []string{KeptEnded, KeptProof, KeptOther, KeptPass} }

// KeptField is a field of such a form.
type KeptField struct {
	Name, Value string
	Label       string // one of [KeptTexts]; "" if it is not shown
	Long        bool   // it may have lines
}

// KeptTexts lists the fields, of all forms, that people write into, in the order in which they are shown.
func KeptTexts() []string {
	return []string{"name_zh", "name_en", "name", "label", "phone", "other_number", "value", "statement", "text"}
}

// KeptLong lists those that may have lines.
func KeptLong() []string { return []string{"statement", "text"} }

// Texts are the fields that are shown; Hidden the others.
func (p *KeptPage) Texts() []KeptField {
	list := p.which(true)
	slices.SortStableFunc(list, func(a, b KeptField) int {
		return slices.Index(KeptTexts(), a.Label) - slices.Index(KeptTexts(), b.Label)
	})
	return list
}

// Hidden are the fields that are sent along unseen.
func (p *KeptPage) Hidden() []KeptField { return p.which(false) }

func (p *KeptPage) which(shown bool) (list []KeptField) {
	for _, f := range p.Fields {
		if (f.Label != "") == shown {
			list = append(list, f)
		}
	}
	return list
}
