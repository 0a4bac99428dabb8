package register

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"manyou/federation/identity"
	"manyou/storage"
)

// The columns of a file.
const (
	columnName           = "name"
	columnDocumentKind   = "document_kind"
	columnDocumentNumber = "document_number"
	columnPhone          = "phone" // may be empty
	columnRegion         = "region"
	columnStatus         = "status"
)

// columns lists them in the order in which files are written here.
func columns() []string {
	return []string{columnName, columnDocumentKind, columnDocumentNumber, columnPhone, columnRegion, columnStatus}
}

// Reasons of a bad row besides those of package identity.
const (
	ReasonLineTooLong identity.Reason = "line_too_long" // more than 4,096 bytes
	ReasonQuotes      identity.Reason = "quotes"        // quotation marks that RFC 4180 does not allow
	ReasonFields      identity.Reason = "fields"        // more or fewer fields than the header has columns
	ReasonStatus      identity.Reason = "status"        // not valid, deceased or cancelled
	ReasonConflict    identity.Reason = "conflict"      // an earlier line says otherwise about the document
)

// RowError reports a row that is not imported. It carries nothing of what the row holds.
type RowError struct {
	Line   int64  // of the file; the header is line 1
	Column string // "" if it is about the whole row
	Reason identity.Reason
}

func (e RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Column, e.Reason)
}

// ErrHeader reports a file that does not begin with the names of the columns.
var ErrHeader = errors.New("register: the first line must name the columns")

// header is the place of each column.
type header map[string]int

// readHeader reads the first line. Its errors tell the place of what is wrong but not the text: where the header is
// missing that would be a person.
func readHeader(lines *lineReader) (header, error) {
	line, err := lines.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: the file is empty", ErrHeader)
	case errors.Is(err, errLineTooLong):
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrHeader, maxLine)
	case err != nil:
		return nil, fmt.Errorf("register: read the header: %w", err)
	}
	fields, err := split(strings.TrimPrefix(line, "\ufeff"))
	if err != nil {
		return nil, fmt.Errorf("%w: it is not CSV", ErrHeader)
	}
	h := header{}
	for i, field := range fields {
		if !slices.Contains(columns(), field) {
			return nil, fmt.Errorf("%w: column %d is none of %s", ErrHeader, i+1, strings.Join(columns(), ", "))
		}
		if _, twice := h[field]; twice {
			return nil, fmt.Errorf("%w: column %d, %s, stands there twice", ErrHeader, i+1, field)
		}
		h[field] = i
	}
	for _, column := range columns() {
		if _, ok := h[column]; !ok {
			return nil, fmt.Errorf("%w: %s is missing", ErrHeader, column)
		}
	}
	return h, nil
}

// split reads one line of CSV (RFC 4180).
func split(line string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.FieldsPerRecord = -1
	fields, err := r.Read()
	if err != nil {
		return nil, errors.New("register: not CSV") // err may quote the line
	}
	return fields, nil
}

// parse reads a row. today is the last day that counts as a birth date.
func (h header) parse(line string, today time.Time) (storage.RegisterEntry, *RowError) {
	refuse := func(column string, reason identity.Reason) (storage.RegisterEntry, *RowError) {
		return storage.RegisterEntry{}, &RowError{Column: column, Reason: reason}
	}
	fields, err := split(line)
	if err != nil {
		return refuse("", ReasonQuotes)
	}
	if len(fields) != len(h) {
		return refuse("", ReasonFields)
	}
	name, err := identity.NormalizeName(fields[h[columnName]])
	if bad := (*identity.NameError)(nil); errors.As(err, &bad) {
		return refuse(columnName, bad.Reason)
	}
	document, err := identity.ParseDocument(fields[h[columnDocumentKind]], fields[h[columnDocumentNumber]], today)
	if bad := (*identity.DocumentError)(nil); errors.As(err, &bad) {
		if bad.Reason == identity.ReasonUnknownKind {
			return refuse(columnDocumentKind, bad.Reason)
		}
		return refuse(columnDocumentNumber, bad.Reason)
	}
	phone := fields[h[columnPhone]]
	if phone != "" {
		phone, err = identity.ParsePhone(phone)
		if bad := (*identity.PhoneError)(nil); errors.As(err, &bad) {
			return refuse(columnPhone, bad.Reason)
		}
	}
	region, ok := identity.LookupRegion(fields[h[columnRegion]])
	if !ok {
		return refuse(columnRegion, identity.ReasonRegion)
	}
	status := storage.RegisterStatus(fields[h[columnStatus]])
	switch status {
	case storage.RegisterValid, storage.RegisterDeceased, storage.RegisterCancelled:
	default:
		return refuse(columnStatus, ReasonStatus)
	}
	return storage.RegisterEntry{
		Document: storage.Document{Kind: string(document.Kind), Number: document.Number},
		Name:     name.Normal, Received: Received(name.Raw, name.Normal, sourceName), Phone: phone, Region: region.Code, Status: status,
	}, nil
}
