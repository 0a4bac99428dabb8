package trust

// Remembered are the bytes of statements that are kept and of those that were heard a moment ago, and how many refusals there are.
func (r *Resolver) Remembered() (kept, recent, refusals int) {
	r.statements.mu.RLock()
	defer r.statements.mu.RUnlock()
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.statements.known.bytes, r.statements.recent.bytes, len(r.refusals)
}

// Bounds that tests hold to.
const (
	MaxRecent   = maxRecent
	MaxRefusals = maxRefusals
)

// Delegated is what is checked of a delegation.
var Delegated = delegated

// Decided are the bytes of the statements of leaves, and of those about them, that decisions hold.
func (r *Resolver) Decided() (bytes int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, d := range r.decisions.all {
		bytes += len(d.resolved.Chain[0]) + len(d.resolved.Chain[1])
	}
	return bytes
}

// ActiveMarks are how many marks are remembered to stand, and the bytes that name them.
func (r *Resolver) ActiveMarks() (many, bytes int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for name := range r.active {
		many, bytes = many+1, bytes+len(name[:])
	}
	return many, bytes
}
