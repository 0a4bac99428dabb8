package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"manyou/storage"
)

// killStep is where the nation's process is killed, on the way of a signal to one region; the others are told meanwhile.
//
//	commit ─ leased, read, signed ─ sent ─ carried out ─ the first token answered ─ all answered ─ acknowledged ─ the next signal
//	      ▲                      ▲      ▲             ▲                         ▲              ▲              ▲
//	 committed         connecting   sent    carried out                 within       answered        between
type killStep string

const (
	killCommitted  killStep = "committed"   // the process does not run between the commit and its death
	killConnecting killStep = "connecting"  // the region has read nothing
	killSent       killStep = "sent"        // the region has read it and does nothing
	killCarriedOut killStep = "carried out" // the region has done it, and has not answered
	killWithin     killStep = "within"      // one token of the signal was answered
	killAnswered   killStep = "answered"    // the region has answered; the nation cannot write that down
	killBetween    killStep = "between"     // the first of two signals is acknowledged
)

var killSteps = []killStep{killCommitted, killConnecting, killSent, killCarriedOut, killWithin, killAnswered, killBetween}

// killing watches one region for a step, and kills the nation when it has come to that.
type killing struct {
	step   killStep
	tokens int    // of a freeze
	kill   func() // ends the nation's process
	store  storage.Store

	mu     sync.Mutex
	passed int
	done   bool
	dead   chan struct{}
}

// at reports whether the nation is to be killed at a step that the nth token has come to.
func (k *killing) at(step killStep, nth int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.step == step && k.passed == nth && !k.done
}

// end kills the nation, once.
func (k *killing) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.done {
		k.done = true
		k.kill()
		close(k.dead)
	}
}

// connected is told of every connection.
func (k *killing) connected() {
	if k.at(killConnecting, 0) {
		k.end()
	}
}

// held keeps an answer until what it does to the region is over.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }

// through lets a token through to the region, or not.
func (k *killing) through(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // whoever sent it is dead
	}
	if k.at(killSent, 0) || k.at(killWithin, 1) || k.at(killBetween, k.tokens) {
		k.end()
		panic(http.ErrAbortHandler)
	}
	r = r.WithContext(context.WithoutCancel(r.Context())) // the region goes on, though the nation dies
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &held{header: w.Header(), status: http.StatusOK}
	next.ServeHTTP(answer, r)
	if k.at(killCarriedOut, 0) {
		k.end()
		panic(http.ErrAbortHandler)
	}
	if k.at(killAnswered, k.tokens-1) {
		release := k.lock()
		defer func() { // once the answer is on its way
			go func() {
				time.Sleep(300 * time.Millisecond)
				k.end()
				release()
			}()
		}()
	}
	k.mu.Lock()
	k.passed++
	k.mu.Unlock()
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes())
}

// lock has nothing written at the nation until it is released.
func (k *killing) lock() (release func()) {
	locked, released, written := make(chan struct{}), make(chan struct{}), make(chan struct{})
	refused := errors.New("rolled back")
	go func() {
		defer close(written)
		_ = k.store.StepCase(context.Background(), storage.CaseStep{Audit: func(int64) ([]byte, error) { // refused on purpose
			close(locked)
			<-released
			return nil, refused
		}})
	}()
	<-locked
	return func() {
		close(released)
		<-written
	}
}
