// Package evidence decides which files are kept with a case, and makes them harmless.
//
// A file is what its content says, never what its name says. A picture is decoded, within bounds that are known before, and drawn anew: what
// was in it besides (place and time, a second file behind it, another image format's trick) is gone. A paper (PDF) is kept as it is, if
// nothing in it acts, nothing is hidden from the one who looks, and all that is packed in it unpacks to a bounded size.
//
//	file ── size ── signature ──┬─► JPEG, PNG: dimensions ── decode ── encode ──► kept
//	                            ├─► PDF: every name, every stream ─────────────► kept as it is
//	                            └─► anything else: refused
//
// The checker of papers is no reader of PDF. It looks at all bytes, whether a reader would reach them or not, and at all that Flate streams
// unpack to; what it does not understand it refuses. It is pure functions, and knows neither cases nor storage.
package evidence
