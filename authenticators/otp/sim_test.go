package otp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func newSIMWebhook(t testing.TB, c WebhookConfig) *SIMWebhook {
	t.Helper()
	w, err := NewSIMWebhook(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAChangeAQuietPeriodTheUnknownAndSilenceAreFourDifferentThings(t *testing.T) {
	changed := time.Date(2026, 2, 28, 6, 27, 8, 312e6, time.UTC)
	for name, c := range map[string]struct {
		status int
		body   string
		want   SIMChange
		err    error
	}{
		"changed":            {200, `{"latestSimChange":"2026-02-28T14:27:08.312+08:00"}`, SIMChange{At: changed}, nil},
		"changed, monitored": {200, `{"latestSimChange":"2026-02-28T06:27:08.312Z","monitoredPeriod":120}`, SIMChange{At: changed}, nil},
		"quiet":              {200, `{"latestSimChange":null,"monitoredPeriod":120}`, SIMChange{Monitored: 120 * 24 * time.Hour}, nil},
		"no record":          {200, `{"latestSimChange":null}`, SIMChange{}, ErrSIMUnknown},
		"not found":          {404, `{"status":404,"code":"IDENTIFIER_NOT_FOUND","message":"m"}`, SIMChange{}, ErrSIMUnknown},
		"not applicable":     {422, `{"status":422,"code":"SERVICE_NOT_APPLICABLE","message":"m"}`, SIMChange{}, ErrSIMUnknown},
		"another path":       {404, `{"code":"NOT_FOUND"}`, SIMChange{}, ErrUnavailable},
		"a bad request":      {400, `{"code":"INVALID_ARGUMENT"}`, SIMChange{}, ErrUnavailable},
		"not authenticated":  {401, `{"code":"UNAUTHENTICATED"}`, SIMChange{}, ErrUnavailable},
		"not allowed":        {403, `{"code":"PERMISSION_DENIED"}`, SIMChange{}, ErrUnavailable},
		"too many":           {429, `{"code":"TOO_MANY_REQUESTS"}`, SIMChange{}, ErrUnavailable},
		"down":               {503, `{}`, SIMChange{}, ErrUnavailable},
		"redirected":         {302, `{"latestSimChange":null,"monitoredPeriod":120}`, SIMChange{}, ErrUnavailable},
		"nothing said":       {200, `{}`, SIMChange{}, ErrUnavailable},
		"no time":            {200, `{"latestSimChange":"yesterday"}`, SIMChange{}, ErrUnavailable},
		"a number":           {200, `{"latestSimChange":1}`, SIMChange{}, ErrUnavailable},
		"a negative period":  {200, `{"latestSimChange":null,"monitoredPeriod":-1}`, SIMChange{}, ErrUnavailable},
		"an endless period":  {200, `{"latestSimChange":null,"monitoredPeriod":99999999999}`, SIMChange{}, ErrUnavailable},
		"not JSON":           {200, "<html>" + phone, SIMChange{}, ErrUnavailable},
		"endless":            {200, `{"latestSimChange":null,"monitoredPeriod":1}` + strings.Repeat(" ", maxAnswer), SIMChange{}, ErrUnavailable},
	} {
		g := serve(t, say(c.status, c.body))
		got, err := newSIMWebhook(t, config(g.URL)).LastSIMChange(t.Context(), phone)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
		for _, other := range []error{ErrSIMUnknown, ErrUnavailable} {
			if errors.Is(err, other) && !errors.Is(c.err, other) {
				t.Errorf("%s: %v is also %v", name, err, other)
			}
		}
		checkSilent(t, err)
		if n := len(g.requests()); n != 1 {
			t.Errorf("%s: asked %d times", name, n)
		}
	}
}

func TestALostConnectionIsAskedAgainAndThenUnavailable(t *testing.T) {
	g := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 2 {
			say(200, `{"latestSimChange":null,"monitoredPeriod":9}`)(w, r, n)
			return
		}
		hangUp(t, w)
	})
	w := newSIMWebhook(t, config(g.URL))
	if c, err := w.LastSIMChange(t.Context(), phone); err != nil || c.Monitored != 9*24*time.Hour {
		t.Errorf("%v, %v", c, err)
	}
	g.Close()
	_, err := w.LastSIMChange(t.Context(), phone)
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrSIMUnknown) {
		t.Errorf("got %v", err)
	}
	checkSilent(t, err)
}

func TestNobodyIsAskedAboutWhatIsNotANumber(t *testing.T) {
	g := serve(t, say(200, `{}`))
	if _, err := newSIMWebhook(t, config(g.URL)).LastSIMChange(t.Context(), "13800000000"); !errors.Is(err, ErrPhone) {
		t.Error(err)
	}
	if n := len(g.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// operator answers from memory.
type operator struct {
	change SIMChange
	err    error
}

func (o operator) LastSIMChange(context.Context, string) (SIMChange, error) { return o.change, o.err }

// postbox counts what is sent.
type postbox struct{ n int }

func (p *postbox) Send(context.Context, Message) error { p.n++; return nil }

func TestNoCodeIsSentToASIMThatChangedLately(t *testing.T) {
	const window = 72 * time.Hour
	unknown, down := fmt.Errorf("%w: status 404", ErrSIMUnknown), fmt.Errorf("%w: status 503", ErrUnavailable)
	for name, c := range map[string]struct {
		operator operator
		policy   SIMPolicy
		err      error
	}{
		"changed just now":            {operator{change: SIMChange{At: noon}}, SIMPolicy{SendIfUnknown: true, SendIfUnavailable: true}, ErrSIMChanged},
		"changed a moment too late":   {operator{change: SIMChange{At: noon.Add(-window + 1)}}, SIMPolicy{}, ErrSIMChanged},
		"changed by a clock ahead":    {operator{change: SIMChange{At: noon.Add(time.Hour)}}, SIMPolicy{}, ErrSIMChanged},
		"changed long ago":            {operator{change: SIMChange{At: noon.Add(-window)}}, SIMPolicy{}, nil},
		"quiet for long":              {operator{change: SIMChange{Monitored: window}}, SIMPolicy{}, nil},
		"quiet for too short a time":  {operator{change: SIMChange{Monitored: window - 1}}, SIMPolicy{}, ErrSIMUnknown},
		"the same, and that suffices": {operator{change: SIMChange{Monitored: window - 1}}, SIMPolicy{SendIfUnknown: true}, nil},
		"unknown":                     {operator{err: unknown}, SIMPolicy{SendIfUnavailable: true}, ErrSIMUnknown},
		"unknown, and sent":           {operator{err: unknown}, SIMPolicy{SendIfUnknown: true}, nil},
		"unavailable":                 {operator{err: down}, SIMPolicy{SendIfUnknown: true}, ErrUnavailable},
		"unavailable, and sent":       {operator{err: down}, SIMPolicy{SendIfUnavailable: true}, nil},
	} {
		c.policy.Window = window
		var out postbox
		guard, err := NewSIMGuard(&out, c.operator, c.policy, func() time.Time { return noon })
		if err != nil {
			t.Fatal(err)
		}
		err = guard.Send(t.Context(), message)
		if !errors.Is(err, c.err) || (out.n == 1) != (c.err == nil) {
			t.Errorf("%s: %v, %d sent", name, err, out.n)
		}
		if refused := errors.Is(err, ErrRefused); err != nil && refused == errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v is refused %v", name, err, refused)
		}
		checkSilent(t, err)
	}
}

func TestASIMGuardNeedsAWindowAndSomebodyToAsk(t *testing.T) {
	now := func() time.Time { return noon }
	for _, window := range []time.Duration{0, time.Minute, 101 * 24 * time.Hour, -time.Hour} {
		if _, err := NewSIMGuard(&postbox{}, operator{}, SIMPolicy{Window: window}, now); err == nil {
			t.Errorf("a window of %s was taken", window)
		}
	}
	if _, err := NewSIMGuard(nil, operator{}, SIMPolicy{Window: time.Hour}, now); err == nil {
		t.Error("no gateway")
	}
	if _, err := NewSIMGuard(&postbox{}, nil, SIMPolicy{Window: time.Hour}, now); err == nil {
		t.Error("nobody to ask")
	}
	guard, err := NewSIMGuard(&postbox{}, operator{}, SIMPolicy{Window: time.Hour}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := guard.Send(t.Context(), Message{Phone: "138"}); !errors.Is(err, ErrPhone) {
		t.Errorf("to what is not a number: %v", err)
	}
}

func FuzzSIMChange(f *testing.F) {
	f.Add(200, []byte(`{"latestSimChange":"2026-02-28T14:27:08.312+08:00","monitoredPeriod":120}`))
	f.Add(200, []byte(`{"latestSimChange":null,"monitoredPeriod":120}`))
	f.Add(404, []byte(`{"code":"IDENTIFIER_NOT_FOUND"}`))
	f.Add(200, []byte{0xff})
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r := reply{status: status, mediaType: "application/json", body: body}
		c, err := parseSIMChange(r)
		if err == nil && c.At.IsZero() == (c.Monitored == 0) {
			t.Fatalf("%q was understood as %v", body, c)
		}
		if err != nil && errors.Is(err, ErrUnavailable) == errors.Is(err, ErrSIMUnknown) {
			t.Fatalf("%v", err)
		}
		if err := parseSIMUnknown(r); errors.Is(err, ErrUnavailable) == errors.Is(err, ErrSIMUnknown) {
			t.Fatalf("%v", err)
		}
	})
}
