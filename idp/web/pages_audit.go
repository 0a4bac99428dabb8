package web

import (
	"slices"
	"strings"
	"time"

	"manyou/federation/audit"
)

// AuditRow is a record.
type AuditRow struct {
	Seq         int64
	At          time.Time
	Kind, Actor string // as they are written
	Detail      []AuditDetail
	Text        string // what was written about a look; sealed in the log
	Number, URL string // of a case
	Covered     bool   // a checkpoint covers it
}

// Known reports whether there are words for the kind of the record.
func (r AuditRow) Known() bool { return slices.Contains(audit.Kinds(), r.Kind) }

// Who is what kind of somebody acted: one of [WhoKinds], if there are words for it. A person who decides about provinces is an operator.
func (r AuditRow) Who() string {
	kind, _, _ := strings.Cut(r.Actor, ":")
	if kind == "person" && !strings.HasPrefix(r.Kind, "case.") {
		return "operator"
	}
	return kind
}

// ID names who acted; "" if the kind says all.
func (r AuditRow) ID() string {
	_, id, _ := strings.Cut(r.Actor, ":")
	return id
}

// AuditDetail is one of the details of a record.
type AuditDetail struct {
	Name, Value string
	Plain       bool // the value is text already
}

// Field is the field that it is about.
func (d AuditDetail) Field() string { return audit.Field(d.Name) }

// AuditWord is a part of a value: one that there may be words for, by their prefix, or one of a machine.
type AuditWord struct{ Prefix, Text string }

// Words are the parts of the value.
func (d AuditDetail) Words() (list []AuditWord) {
	prefix := map[string]string{
		"by": "audit_by", "kind": "case_kind", "placed": "hold", "reason": "look_reason", "roles": "staff_role", "state": "case_state", "status": "application_state",
	}[d.Field()]
	for n, part := range strings.Fields(d.Value) {
		if d.Field() == "placed" && n > 0 { // its identifier
			prefix = ""
		}
		list = append(list, AuditWord{prefix, part})
	}
	return list
}

// AuditWays lists the ways by which something is decided that are recorded.
func AuditWays() []string { return []string{"console"} }

// RecordedLooks lists why somebody looks, as it is recorded: besides what they may say of themselves, what they did.
func RecordedLooks() []string { return append(LookReasons(), "file", "other_person") }
