package signals

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
)

// A number travels as a mark: whoever has it enrolled finds it again, and whoever has not would have to try all numbers, at a tenth of a
// second each. The decision is in the salt, so that no mark serves twice.
const (
	markIterations = 600_000
	markBytes      = 32
	markSalt       = "manyou phone "
	maxMarks       = 256
)

// PhoneMark is the mark of a number, in E.164, in a decision.
func PhoneMark(decision, phone string) (string, error) {
	key, err := pbkdf2.Key(sha256.New, phone, []byte(markSalt+decision), markIterations, markBytes)
	if err != nil {
		return "", fmt.Errorf("signals: mark a number: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(key), nil
}

// Marks makes marks, one after the other, so that they never take more than one processor, and each once.
type Marks struct {
	mu    sync.Mutex
	known map[[2]string]string
}

// Of is [PhoneMark].
func (m *Marks) Of(decision, phone string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]string{decision, phone}
	if mark, ok := m.known[key]; ok {
		return mark, nil
	}
	mark, err := PhoneMark(decision, phone)
	if err != nil {
		return "", err
	}
	if m.known == nil || len(m.known) >= maxMarks {
		m.known = map[[2]string]string{}
	}
	m.known[key] = mark
	return mark, nil
}
