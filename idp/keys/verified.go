package keys

import "sync"

// maxVerified bounds each of the two generations of a [verified].
const maxVerified = 8192

// verified remembers tokens whose signature was found good, by the SHA-256 of the whole token. A resource server asks
// about the same token again and again while it lives, and checking a signature is what an answer costs most. It says
// nothing about the claims, and is forgotten as soon as the keys change.
type verified struct {
	mu          sync.RWMutex
	now, before map[[32]byte]struct{}
}

func newVerified() *verified { return &verified{now: map[[32]byte]struct{}{}} }

func (v *verified) has(token [32]byte) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	_, now := v.now[token]
	_, before := v.before[token]
	return now || before
}

// add remembers a token. When a generation is full the one before it is forgotten.
func (v *verified) add(token [32]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.now) >= maxVerified {
		v.now, v.before = map[[32]byte]struct{}{}, v.now
	}
	v.now[token] = struct{}{}
}
