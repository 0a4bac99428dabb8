package otp

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	message    = Message{Phone: phone, Text: "【浙江】验证码 271828", Code: "271828"}
	signingKey = []byte("a signing key of thirty-two byte")
)

const accepted = `{"message_id":"m-1"}`

// request is what a gateway saw.
type request struct {
	method string
	header http.Header
	body   []byte
}

// gateway is a real HTTP server that records its requests.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	seen []request
}

func (g *gateway) requests() []request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]request(nil), g.seen...)
}

// serve starts a gateway; answer is called with the number of the request, from 1.
func serve(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, n int)) *gateway {
	t.Helper()
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		g.mu.Lock()
		g.seen = append(g.seen, request{r.Method, r.Header.Clone(), body})
		n := len(g.seen)
		g.mu.Unlock()
		answer(w, r, n)
	}))
	t.Cleanup(g.Close)
	return g
}

// say answers with a status and a JSON body.
func say(status int, body string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func config(url string) WebhookConfig {
	return WebhookConfig{
		URL: url, BearerToken: "token-of-the-issuer", SigningKey: signingKey,
		Random: rand.Reader, Now: func() time.Time { return noon },
	}
}

func newWebhook(t testing.TB, c WebhookConfig) *Webhook {
	t.Helper()
	w, err := NewWebhook(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// checkSilent fails if an error repeats the message or what is secret in the configuration.
func checkSilent(t testing.TB, err error) {
	t.Helper()
	for _, form := range []string{fmt.Sprint(err), fmt.Sprintf("%+v %#v", err, err)} {
		for _, secret := range []string{phone[1:], phone[3:], message.Code, "token-of-the-issuer", string(signingKey)} {
			if strings.Contains(form, secret) {
				t.Errorf("the error repeats %q: %s", secret, form)
			}
		}
	}
}

func TestAnAcceptedMessageIsSentOnceAuthenticatedAndSigned(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusAccepted} {
		g := serve(t, say(status, accepted))
		if err := newWebhook(t, config(g.URL)).Send(t.Context(), message); err != nil {
			t.Fatalf("status %d: %v", status, err)
		}
		seen := g.requests()
		if len(seen) != 1 {
			t.Fatalf("status %d: %d requests", status, len(seen))
		}
		if got := seen[0].header.Get("Authorization"); got != "Bearer token-of-the-issuer" {
			t.Errorf("authorization %q", got)
		}
		mac := hmac.New(sha256.New, signingKey)
		mac.Write(seen[0].body)
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); seen[0].header.Get("Manyou-Signature") != want {
			t.Errorf("signature %q, want %q", seen[0].header.Get("Manyou-Signature"), want)
		}
	}
}

func TestWithoutASigningKeyThereIsNoSignature(t *testing.T) {
	g := serve(t, say(200, accepted))
	c := config(g.URL)
	c.SigningKey = nil
	if err := newWebhook(t, c).Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if _, ok := g.requests()[0].header["Manyou-Signature"]; ok {
		t.Error("signed with nothing")
	}
}

func TestEqualMessagesAreDifferentMessages(t *testing.T) {
	g := serve(t, say(200, accepted))
	w := newWebhook(t, config(g.URL))
	for range 2 {
		if err := w.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	seen := g.requests()
	if a, b := seen[0].header.Get("Idempotency-Key"), seen[1].header.Get("Idempotency-Key"); a == b {
		t.Errorf("both have the key %s", a)
	}
}

// hangUp closes the connection instead of answering.
func hangUp(t testing.TB, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_ = conn.Close()
}

func TestALostConnectionIsTriedAgainAsTheSameMessage(t *testing.T) {
	g := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			hangUp(t, w)
			return
		}
		say(202, accepted)(w, r, n)
	})
	if err := newWebhook(t, config(g.URL)).Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	seen := g.requests()
	if len(seen) != 2 {
		t.Fatalf("%d requests", len(seen))
	}
	if a, b := seen[0].header.Get("Idempotency-Key"), seen[1].header.Get("Idempotency-Key"); a != b || a == "" {
		t.Errorf("keys %s and %s", a, b)
	}
	if string(seen[0].body) != string(seen[1].body) {
		t.Error("the second body differs")
	}
}

func TestAConnectionLostTwiceIsNotTriedAThirdTime(t *testing.T) {
	g := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { hangUp(t, w) })
	err := newWebhook(t, config(g.URL)).Send(t.Context(), message)
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	checkSilent(t, err)
	if n := len(g.requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestAGatewayThatIsDownIsUnavailable(t *testing.T) {
	g := serve(t, say(200, accepted))
	w := newWebhook(t, config(g.URL))
	g.Close()
	err := w.Send(t.Context(), message)
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
	checkSilent(t, err)
}

func TestASlowGatewayIsGivenUpAndNotAskedAgain(t *testing.T) {
	release := make(chan struct{})
	for name, slow := range map[string]func(w http.ResponseWriter){
		"silent": func(http.ResponseWriter) {},
		"stops within the body": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"message_id":`)
			w.(http.Flusher).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				slow(w)
				select {
				case <-release:
				case <-r.Context().Done():
				}
			})
			c := config(g.URL)
			c.Timeout = 200 * time.Millisecond
			err := newWebhook(t, c).Send(t.Context(), message)
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			checkSilent(t, err)
			if n := len(g.requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
	close(release)
}

func TestSendEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g := serve(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		cancel()
		<-r.Context().Done()
	})
	err := newWebhook(t, config(g.URL)).Send(ctx, message)
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	checkSilent(t, err)
}

func TestTheStatusDecidesBetweenRefusedAndUnavailable(t *testing.T) {
	echo := fmt.Sprintf(`{"error":"%s %s"}`, phone, message.Code)
	for status, want := range map[int]error{
		400: ErrRefused, 401: ErrRefused, 403: ErrRefused, 404: ErrRefused, 422: ErrRefused,
		201: ErrUnavailable, 204: ErrUnavailable, 302: ErrUnavailable, 408: ErrUnavailable, 429: ErrUnavailable,
		500: ErrUnavailable, 502: ErrUnavailable, 503: ErrUnavailable,
	} {
		body := echo
		if status == 204 {
			body = ""
		}
		g := serve(t, say(status, body))
		err := newWebhook(t, config(g.URL)).Send(t.Context(), message)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("status %d: got %v, want %v", status, err, want)
		}
		checkSilent(t, err)
		if n := len(g.requests()); n != 1 {
			t.Errorf("status %d: %d requests", status, n)
		}
	}
}

func TestARedirectNeverCarriesTheMessageElsewhere(t *testing.T) {
	elsewhere := serve(t, say(200, accepted))
	for _, status := range []int{301, 302, 303, 307, 308} {
		g := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, elsewhere.URL, status)
		})
		if err := newWebhook(t, config(g.URL)).Send(t.Context(), message); !errors.Is(err, ErrUnavailable) {
			t.Errorf("status %d: got %v", status, err)
		}
	}
	if n := len(elsewhere.requests()); n != 0 {
		t.Errorf("%d messages went elsewhere", n)
	}
}

func TestNothingIsSentToWhatIsNotANumberOrWithoutAKey(t *testing.T) {
	g := serve(t, say(200, accepted))
	for _, number := range []string{"", "13800000000", "+86138000000001", "+8613800000000\r\n"} {
		err := newWebhook(t, config(g.URL)).Send(t.Context(), Message{Phone: number, Text: "x", Code: "271828"})
		if !errors.Is(err, ErrRefused) || !errors.Is(err, ErrPhone) {
			t.Errorf("%q: got %v", number, err)
		}
		checkSilent(t, err)
	}
	c := config(g.URL)
	c.Random = strings.NewReader("short")
	if err := newWebhook(t, c).Send(t.Context(), message); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without randomness: got %v", err)
	}
	if n := len(g.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestManyMessagesAtOnceAreKeptApart(t *testing.T) {
	g := serve(t, say(200, accepted))
	w := newWebhook(t, config(g.URL))
	const n = 50
	var sends sync.WaitGroup
	for range n {
		sends.Go(func() {
			if err := w.Send(t.Context(), message); err != nil {
				t.Error(err)
			}
		})
	}
	sends.Wait()
	keys := map[string]bool{}
	for _, r := range g.requests() {
		keys[r.header.Get("Idempotency-Key")] = true
	}
	if len(keys) != n {
		t.Errorf("%d messages have %d keys", n, len(keys))
	}
}
