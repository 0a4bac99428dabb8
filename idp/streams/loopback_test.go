package streams

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAttackAnApplicationOfAComputerHasTheIssuerCallItself: its redirect URI is on loopback, which is another host wherever it is asked.
func TestAttackAnApplicationOfAComputerHasTheIssuerCallItself(t *testing.T) {
	hosts := []string{"127.0.0.1:9090", "localhost:9090", "localhost.:9090", "127.8.0.1:9090", "[::1]:9090", "0.0.0.0:9090", "[::ffff:127.0.0.1]:9090"}
	s := New(Config{
		Issuer: "https://id.example", Clock: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Authorize: func(http.ResponseWriter, *http.Request, string) (string, bool) { return "native", true },
		Receiver: func(context.Context, string) (Receiver, error) {
			return Receiver{ClientID: "native", Hosts: hosts}, nil
		},
	})
	mux := http.NewServeMux()
	s.Routes(mux)
	for _, host := range hosts {
		for _, scheme := range []string{"http", "https"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/ssf/streams",
				strings.NewReader(`{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"`+scheme+"://"+host+`/metrics"}}`))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != http.StatusBadRequest {
				t.Errorf("%s://%s: %d", scheme, host, w.Code)
			}
		}
	}
}
