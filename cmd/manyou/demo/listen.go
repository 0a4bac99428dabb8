package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// place is one of the servers of the demo.
type place struct {
	key    string // "issuer/33", "application/33", "phone"
	title  string // for people
	offset int    // from Options.Port
	host   string
	plain  bool // http even where the others are https

	listeners []net.Listener
	url       string
}

func places(h Hosts) []*place {
	return []*place{
		{key: "issuer/00", title: "the national issuer", offset: 0, host: h.Nation},
		{key: "issuer/33", title: "the issuer of Zhejiang", offset: 33, host: h.Zhejiang},
		{key: "issuer/51", title: "the issuer of Sichuan", offset: 51, host: h.Sichuan},
		{key: "application/33", title: "the application of Zhejiang", offset: 133, host: h.ZhejiangApplication},
		{key: "application/51", title: "the application of Sichuan", offset: 151, host: h.SichuanApplication},
		{key: "entity/3301", title: "the entity of Hangzhou", offset: 233, host: h.Hangzhou},
		{key: "application/3301", title: "the application of Hangzhou", offset: 333, host: h.HangzhouApplication},
		{key: "phone", title: "the demo phone", offset: 100, host: "localhost", plain: true},
	}
}

// PortsError reports the ports that could not be taken.
type PortsError struct{ Problems []PortProblem }

// PortProblem is a port, who wanted it, and why it could not be had.
type PortProblem struct {
	Port int
	For  string
	Err  error
}

// Error names every port and what to do.
func (e *PortsError) Error() string {
	var b strings.Builder
	b.WriteString("demo: the ports are not free:\n")
	for _, p := range e.Problems {
		reason := "in use by another program"
		if !errors.Is(p.Err, syscall.EADDRINUSE) {
			reason = p.Err.Error()
		}
		fmt.Fprintf(&b, "  port %d, for %s: %s\n", p.Port, p.For, reason)
	}
	fmt.Fprintf(&b, "Stop that program (on Linux, ss -ltnp 'sport = :%d' names it; another demo may still be running),\n"+
		"or choose other ports: manyou demo --port 19000", e.Problems[0].Port)
	return b.String()
}

// Unwrap returns the reasons.
func (e *PortsError) Unwrap() []error {
	errs := make([]error, len(e.Problems))
	for i, p := range e.Problems {
		errs[i] = p.Err
	}
	return errs
}

// listen takes the ports of all places, or none.
func listen(ctx context.Context, places []*place, base int, tls bool) error {
	var problems []PortProblem
	for _, p := range places {
		port := 0
		if base != 0 {
			port = base + p.offset
		}
		var err error
		if p.listeners, err = listenLoopback(ctx, port); err != nil {
			problems = append(problems, PortProblem{port, p.title, err})
			continue
		}
		scheme := "http"
		if tls && !p.plain {
			scheme = "https"
		}
		port = p.listeners[0].Addr().(*net.TCPAddr).Port
		p.url = scheme + "://" + net.JoinHostPort(p.host, strconv.Itoa(port))
	}
	if len(problems) > 0 {
		closeAll(places)
		return &PortsError{problems}
	}
	return nil
}

// listenLoopback listens on 127.0.0.1 and, where the machine has it, on ::1, because "localhost" is both. For a
// fixed port both have to be free, else the browser may reach somebody else.
func listenLoopback(ctx context.Context, port int) ([]net.Listener, error) {
	var config net.ListenConfig
	v4, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	listeners := []net.Listener{v4}
	v6, err := config.Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(v4.Addr().(*net.TCPAddr).Port)))
	switch {
	case err == nil:
		listeners = append(listeners, v6)
	case port != 0 && errors.Is(err, syscall.EADDRINUSE):
		v4.Close()
		return nil, err
	}
	return listeners, nil
}

func closeAll(places []*place) {
	for _, p := range places {
		for _, l := range p.listeners {
			l.Close()
		}
	}
}
