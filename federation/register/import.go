package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"manyou/storage"
)

// Entries of a batch, and lines after which progress is written even if all of them were bad.
const (
	defaultBatch = 500
	maxBatch     = 5000
)

// ErrChanged reports that a file changed while it was imported. What was imported stays; the import is not done.
var ErrChanged = errors.New("register: the file changed while it was imported")

// Destination takes what an import reads; storage.Register does.
type Destination interface {
	// PutRegister writes the entries and the progress in one transaction.
	PutRegister(ctx context.Context, entries []storage.RegisterEntry, p storage.ImportProgress) error
	// ImportProgress returns how far the import of a source came. storage.ErrNotFound.
	ImportProgress(ctx context.Context, source string) (storage.ImportProgress, error)
}

// Importer writes files of people into the table.
type Importer struct {
	to  Destination
	now func() time.Time
}

// NewImporter returns an importer that writes to a destination. The clock says which birth dates lie in the future.
func NewImporter(to Destination, now func() time.Time) *Importer { return &Importer{to: to, now: now} }

// Options are what an import may be told. The zero value is good.
type Options struct {
	// Batch is how many lines go into one transaction: 500 if zero, 5,000 at most.
	Batch int
	// OnBadRow is called for every row that is left out, in the order of the file. On a second run it is called for
	// the lines that the first did not commit.
	OnBadRow func(RowError)
	// OnProgress is called at the start, after each batch, and at the end.
	OnProgress func(Progress)
}

// Progress says how far an import is.
type Progress struct {
	Line     int64 // lines read
	Bytes    int64 // bytes read
	Total    int64 // bytes of the file
	Imported int64 // rows, over all runs
	Rejected int64
}

// Result says what an import came to, over all of its runs.
type Result struct {
	Source   string // SHA-256 of the file, in hexadecimal
	Lines    int64  // the last line whose batch was committed
	Imported int64  // rows written
	Rejected int64  // rows reported and left out
	Resumed  bool   // an earlier run had begun
	Already  bool   // an earlier run had ended: nothing was done
}

// Import reads a CSV file from its beginning and writes its good rows. The first line names the columns: name,
// document_kind, document_number, phone, region and status, in any order, all of them and no others; a byte order
// mark before it is skipped. A line that repeats an earlier one word for word in meaning is passed over; one that gives
// a document other particulars than an earlier line is a bad row.
//
// An import that was interrupted continues after the last batch that was committed; the file is known by its content,
// not its name. A file with a wrong header changes nothing: [ErrHeader]. To know repeated documents it remembers a hash
// of each row: about 60 bytes of memory a row.
func (im *Importer) Import(ctx context.Context, file io.ReadSeeker, o Options) (Result, error) {
	source, total, err := fingerprint(ctx, file)
	if err != nil {
		return Result{}, err
	}
	progress, err := im.to.ImportProgress(ctx, source)
	resumed := err == nil
	switch {
	case errors.Is(err, storage.ErrNotFound):
		progress = storage.ImportProgress{Source: source}
	case err != nil:
		return Result{}, fmt.Errorf("register: read how far the import came: %w", err)
	}
	r := &run{
		to: im.to, options: o, batch: o.Batch, total: total, progress: progress,
		known: make(map[documentHash]contentHash), today: im.now(),
	}
	if r.batch <= 0 {
		r.batch = defaultBatch
	}
	r.batch = min(r.batch, maxBatch)
	if !progress.Done {
		err = r.read(ctx, file)
	}
	return Result{
		Source: source, Lines: r.progress.Line, Imported: r.progress.Imported, Rejected: r.progress.Rejected,
		Resumed: resumed, Already: progress.Done,
	}, err
}

// fingerprint hashes a file and goes back to its beginning.
func fingerprint(ctx context.Context, file io.ReadSeeker) (source string, size int64, err error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", 0, fmt.Errorf("register: seek: %w", err)
	}
	h := sha256.New()
	size, err = io.Copy(h, untilDone{ctx, file})
	if err != nil {
		return "", 0, fmt.Errorf("register: read: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", 0, fmt.Errorf("register: seek: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// untilDone reads until its context is done.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// run is one run of an import.
type run struct {
	to       Destination
	options  Options
	batch    int
	total    int64
	today    time.Time
	progress storage.ImportProgress // as committed
	pending  storage.ImportProgress // as it will be with the batch under way
	entries  []storage.RegisterEntry
	known    map[documentHash]contentHash
}

// read goes through the file. Lines up to the committed one are checked again, for the documents in them, and not
// written.
func (r *run) read(ctx context.Context, file io.Reader) error {
	hash := sha256.New()
	lines := newLineReader(io.TeeReader(untilDone{ctx, file}, hash))
	header, err := readHeader(lines)
	if err != nil {
		return err
	}
	r.pending = r.progress
	r.report(lines)
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errLineTooLong) {
			return fmt.Errorf("register: read line %d: %w", lines.number, err)
		}
		r.take(lines.number, header, line, err)
		if r.pending.Line-r.progress.Line >= int64(r.batch) {
			if err := r.commit(ctx); err != nil {
				return err
			}
			r.report(lines)
		}
	}
	if hex.EncodeToString(hash.Sum(nil)) != r.progress.Source {
		return ErrChanged
	}
	r.pending.Line, r.pending.Done = max(r.pending.Line, lines.number), true
	if err := r.commit(ctx); err != nil {
		return err
	}
	r.report(lines)
	return nil
}

// take adds one line to the batch under way.
func (r *run) take(number int64, header header, line string, err error) {
	var bad *RowError
	entry, fresh := storage.RegisterEntry{}, false
	switch {
	case err != nil:
		bad = &RowError{Reason: ReasonLineTooLong}
	case line == "":
	default:
		if entry, bad = header.parse(line, r.today); bad == nil {
			fresh, bad = r.remember(entry)
		}
	}
	if number <= r.progress.Line {
		return // committed by an earlier run
	}
	r.pending.Line = number
	switch {
	case bad != nil:
		r.pending.Rejected++
		if r.options.OnBadRow != nil {
			bad.Line = number
			r.options.OnBadRow(*bad)
		}
	case fresh:
		r.pending.Imported++
		r.entries = append(r.entries, entry)
	}
}

// commit writes the batch under way.
func (r *run) commit(ctx context.Context) error {
	if err := r.to.PutRegister(ctx, r.entries, r.pending); err != nil {
		return fmt.Errorf("register: write up to line %d: %w", r.pending.Line, err)
	}
	r.progress, r.entries = r.pending, r.entries[:0]
	return nil
}

func (r *run) report(l *lineReader) {
	if r.options.OnProgress != nil {
		r.options.OnProgress(Progress{
			Line: l.number, Bytes: l.bytes, Total: r.total, Imported: r.progress.Imported, Rejected: r.progress.Rejected,
		})
	}
}

type (
	documentHash [16]byte
	contentHash  [8]byte
)

// remember notes a row's document. fresh is false if an earlier row said the same; one that said otherwise makes this
// row bad.
func (r *run) remember(e storage.RegisterEntry) (fresh bool, bad *RowError) {
	document := sha256.Sum256([]byte(e.Document.Kind + "\x00" + e.Document.Number))
	content := sha256.Sum256([]byte(e.Name + "\x00" + e.Phone + "\x00" + e.Region + "\x00" + string(e.Status)))
	key, value := documentHash(document[:16]), contentHash(content[:8])
	earlier, ok := r.known[key]
	switch {
	case !ok:
		r.known[key] = value
		return true, nil
	case earlier != value:
		return false, &RowError{Column: columnDocumentNumber, Reason: ReasonConflict}
	}
	return false, nil
}
