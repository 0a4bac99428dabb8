package web

import (
	"strconv"
	"time"
)

// LoadPage shows how the work goes: what is open, for how long, and how it ended, by kind and by region.
type LoadPage struct {
	Frame
	At       time.Time // as of when the ages are
	Total    LoadRow
	Kinds    []LoadRow // Name is a word of federation/correction
	Regions  []LoadRow
	QueueURL string
}

func (*LoadPage) template() string { return "load" }
func (*LoadPage) title() string    { return "load.title" }
func (*LoadPage) script() string   { return assetConsole }

// LoadRow is the work of one kind, or of one region.
type LoadRow struct {
	Name, Code, URL                       string
	Open, Overdue                         int64
	Oldest                                time.Duration
	Closed, Rejected, Withdrawn, Appealed int64
	Longest, Most                         int64 // the greatest Open and the most outcomes of a row: as wide as the chart
}

// Ended is how many cases have an outcome.
func (r LoadRow) Ended() int64 { return r.Closed + r.Rejected + r.Withdrawn + r.Appealed }

// OnTimeBar and OverdueBar are the parts of a row's bar, as lengths of SVG.
func (r LoadRow) OnTimeBar() string { return share(r.Open-r.Overdue, r.Longest) }

// OverdueBar is behind OnTimeBar.
func (r LoadRow) OverdueBar() string { return share(r.Overdue, r.Longest) }

// Bar is a part of a bar.
type Bar struct{ Word, X, Width string }

// Outcomes are the parts of the bar of how cases ended.
func (r LoadRow) Outcomes() (bars []Bar) {
	var before int64
	for _, one := range []struct {
		word string
		n    int64
	}{{"closed", r.Closed}, {"rejected", r.Rejected}, {"withdrawn", r.Withdrawn}, {"appealed", r.Appealed}} {
		if one.n > 0 {
			bars = append(bars, Bar{Word: one.word, X: share(before, r.Most), Width: share(one.n, r.Most)})
		}
		before += one.n
	}
	return bars
}

// share is a part of a whole, in percent.
func share(n, of int64) string {
	if of <= 0 || n <= 0 {
		return "0"
	}
	return strconv.FormatFloat(float64(min(n, of))*100/float64(of), 'f', 2, 64) + "%"
}

// AuditPage shows the log of what was decided, the newest first.
type AuditPage struct {
	Frame
	Size       int64
	Covered    int64     // records that the last checkpoint covers; 0 if there is none
	CoveredAt  time.Time // when it was signed
	Records    []AuditRow
	NewerURL   string // the newest, if these are not
	OlderURL   string
	Unreadable bool // a record is none: the log was changed
}

func (*AuditPage) template() string { return "audit" }
func (*AuditPage) title() string    { return "audit.title" }
func (*AuditPage) script() string   { return assetConsole }

// Since is how many records came after the last checkpoint.
func (p *AuditPage) Since() int64 { return p.Size - p.Covered }
