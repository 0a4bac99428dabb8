package statuslist

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Path is where the lists are listed; below it each is read.
const Path = "/status-lists"

const mediaType = "application/statuslist+jwt"

// claims are those of a list (§5.1). iss is there besides, so that whoever keeps lists of many issuers need not take it from the address.
type claims struct {
	Issuer   string     `json:"iss"`
	Subject  string     `json:"sub"`
	IssuedAt int64      `json:"iat"`
	Expires  int64      `json:"exp"`
	TTL      int64      `json:"ttl"`
	List     statusList `json:"status_list"`
}

// statusList is §4.2.
type statusList struct {
	Bits        int    `json:"bits"`
	List        string `json:"lst"`
	Aggregation string `json:"aggregation_uri"`
}

// document is a list, ready to be sent.
type document struct {
	body, zipped []byte // zipped is nil where it would not be smaller
	tag          string
}

// encode makes a list in which the dead are 1, which is INVALID (§7.1), and all others 0, VALID.
func (l *Lists) encode(n int64, dead []int, now time.Time) (document, error) {
	bits := make([]byte, size/8)
	for _, index := range dead {
		bits[index/8] |= 1 << (index % 8) // §4.1: from the least significant bit on
	}
	var packed bytes.Buffer
	z, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return document{}, fmt.Errorf("status list: %w", err)
	}
	if err := writeAll(z, bits); err != nil {
		return document{}, err
	}
	payload, err := json.Marshal(claims{
		Issuer: l.Issuer, Subject: l.uri(n), IssuedAt: now.Unix(), Expires: now.Add(life).Unix(), TTL: int64(ttl.Seconds()),
		List: statusList{1, base64.RawURLEncoding.EncodeToString(packed.Bytes()), l.Issuer + Path},
	})
	if err != nil {
		return document{}, fmt.Errorf("status list: %w", err)
	}
	signed, err := l.Sign(payload)
	if err != nil {
		return document{}, err
	}
	sum := sha256.Sum256([]byte(signed))
	d := document{body: []byte(signed), tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
	var zipped bytes.Buffer
	if err := writeAll(gzip.NewWriter(&zipped), d.body); err != nil {
		return document{}, err
	}
	if zipped.Len() < len(d.body) {
		d.zipped = zipped.Bytes()
	}
	return d, nil
}

func writeAll(w interface {
	Write(b []byte) (int, error)
	Close() error
}, b []byte,
) error {
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("status list: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("status list: %w", err)
	}
	return nil
}

// Routes adds the endpoints.
func (l *Lists) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Path, l.serveAll)
	mux.HandleFunc("GET "+Path+"/{list}", l.serve)
}

// serveAll lists the lists (§9.3).
func (l *Lists) serveAll(w http.ResponseWriter, _ *http.Request) {
	now := l.Clock()
	first, last := l.span(now)
	all := []string{}
	for n := first; n <= last; n++ {
		if now.Before(l.end(n)) {
			all = append(all, l.uri(n))
		}
	}
	raw, err := json.Marshal(map[string][]string{"status_lists": all})
	if err != nil {
		http.Error(w, "try again later", http.StatusInternalServerError)
		return
	}
	heads(w, "application/json", ttl)
	_, _ = w.Write(raw) // the client went away; nothing is lost
}

func heads(w http.ResponseWriter, media string, age time.Duration) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // scripts may read what everybody may
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(age.Seconds())))
}

// serve answers with a list (§8.1, §8.2).
func (l *Lists) serve(w http.ResponseWriter, r *http.Request) {
	n, ok := l.find(r.PathValue("list"), l.Clock())
	switch {
	case r.URL.Query().Has("time"): // §8.4: what was is not kept
		refuse(w, http.StatusNotImplemented, "only the present status is known")
		return
	case !ok:
		refuse(w, http.StatusNotFound, "no such status list")
		return
	case !accepts(r.Header.Get("Accept")):
		refuse(w, http.StatusNotAcceptable, "a status list is "+mediaType)
		return
	}
	d, made, err := l.current(r.Context(), n)
	if err != nil {
		l.Logger.ErrorContext(r.Context(), "a status list was not made", "cause", err)
		w.Header().Set("Retry-After", strconv.Itoa(int(every.Seconds())))
		refuse(w, http.StatusServiceUnavailable, "try again later")
		return
	}
	// No cache hands out a list that is older than its ttl.
	heads(w, mediaType, max(0, ttl-l.Clock().Sub(made)))
	h := w.Header()
	h.Set("ETag", d.tag)
	h.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == d.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := d.body
	if d.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = d.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client went away; nothing is lost
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, why, status)
}

// accepts reports whether an Accept header takes a list as JWT. Who sends none knows what comes.
func accepts(header string) bool {
	if header == "" {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		switch media, _, _ := mime.ParseMediaType(part); media {
		case mediaType, "application/*", "*/*":
			return true
		}
	}
	return false
}
