package main

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// gate stands before a region: it can be gone, and what comes to it can be watched.
type gate struct {
	net.Listener
	next http.Handler
	down atomic.Bool

	mu    sync.Mutex
	watch *killing // nil: nobody watches
	open  []net.Conn
}

// set has what comes to the gate watched from now on, by nobody if it is nil, and cuts the connections that were made before.
func (g *gate) set(watch *killing) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watch = watch
	for _, c := range g.open {
		_ = c.Close()
	}
	g.open = nil
}

func (g *gate) watched() *killing {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.watch
}

// Accept implements [net.Listener].
func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.open = append(g.open, c)
	g.mu.Unlock()
	if watch := g.watched(); watch != nil {
		watch.connected()
	}
	return c, nil
}

// ServeHTTP implements [http.Handler].
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch watch := g.watched(); {
	case g.down.Load():
		panic(http.ErrAbortHandler) // cut off, as by a machine that is gone
	case watch != nil:
		watch.through(w, r, g.next)
	default:
		g.next.ServeHTTP(w, r)
	}
}
