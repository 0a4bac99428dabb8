package session

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
	"time"

	"manyou/storage"
)

// standingLife is how long a browser's word for its session is taken before the session is read again.
const standingLife = 10 * time.Minute

const purposeStanding = "standing"

// Standing returns the browser's session if it stands, as [Cookies.Current] does, but without what only pages need:
// Family, UpstreamIDToken, UserAgent and CreatedAt may be missing. storage.ErrNotFound if there is none that stands.
//
// The browser carries the answer of the last reading, sealed. While it is young, and nothing is known to have ended
// the session since, storage is not asked. What it says may be outdated by [voidsAge]; whoever relies on it checks
// again with the statement that writes, as the redemption of a code does.
func (c *Cookies) Standing(w http.ResponseWriter, r *http.Request) (storage.Session, error) {
	h, ok := c.Handle(r)
	if !ok || !c.Clock().Before(h.ExpiresAt) {
		return storage.Session{}, storage.ErrNotFound
	}
	if s, readAt, ok := c.recalled(r, h); ok && c.voids.exclude(r.Context(), s, readAt) {
		return s, nil
	}
	now := c.Clock() // before the reading: what ends from now on is found among the voids
	live, err := c.Current(r)
	if err != nil {
		return storage.Session{}, err
	}
	c.recall(w, live.Session, now)
	return live.Session, nil
}

// recall gives the browser what was read of its session. If it cannot be sealed the browser goes without.
func (c *Cookies) recall(w http.ResponseWriter, s storage.Session, readAt time.Time) {
	if value, err := c.Vault.SealToken(purposeStanding, encodeStanding(s, readAt)); err == nil {
		http.SetCookie(w, c.cookie("standing", value, standingLife))
	}
}

// recalled returns what the browser carries of a session, if it is young enough and of this session.
func (c *Cookies) recalled(r *http.Request, h Handle) (s storage.Session, readAt time.Time, ok bool) {
	cookie, err := r.Cookie(c.name("standing"))
	if err != nil {
		return s, readAt, false
	}
	b, err := c.Vault.OpenToken(purposeStanding, cookie.Value)
	if err != nil {
		return s, readAt, false
	}
	s, readAt, ok = decodeStanding(b)
	return s, readAt, ok && c.Clock().Sub(readAt) < standingLife && bytes.Equal(s.ID, h.ID) && s.ExpiresAt.Equal(h.ExpiresAt)
}

// encodeStanding writes a session and when it was read: the identifier, numbers, then words, each ended by a zero byte.
func encodeStanding(s storage.Session, readAt time.Time) []byte {
	b := make([]byte, 0, 160)
	b = append(b, s.ID...)
	for _, n := range []int64{s.ExpiresAt.Unix(), readAt.UnixMilli(), s.Epoch, s.AuthTime.UnixMilli(), int64(s.ACR)} {
		b = binary.AppendVarint(b, n)
	}
	for _, word := range []string{s.PersonID, s.Origin, strings.Join(s.AMR, " ")} {
		b = append(append(b, word...), 0)
	}
	return b
}

func decodeStanding(b []byte) (s storage.Session, readAt time.Time, ok bool) {
	if len(b) < idBytes {
		return s, readAt, false
	}
	s.ID, b = b[:idBytes], b[idBytes:]
	var numbers [5]int64
	for i := range numbers {
		n, size := binary.Varint(b)
		if size <= 0 {
			return s, readAt, false
		}
		numbers[i], b = n, b[size:]
	}
	words := strings.Split(string(b), "\x00")
	if len(words) != 4 || words[3] != "" {
		return s, readAt, false
	}
	s.ExpiresAt, readAt = time.Unix(numbers[0], 0).UTC(), time.UnixMilli(numbers[1])
	s.Epoch, s.AuthTime, s.ACR = numbers[2], time.UnixMilli(numbers[3]).UTC(), int(numbers[4])
	s.PersonID, s.Origin, s.AMR = words[0], words[1], strings.Fields(words[2])
	return s, readAt, true
}
