package otp

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// babble starts a TCP server that reads a request and answers it with raw bytes.
func babble(t testing.TB, answer string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestAnAnswerThatIsNotHTTPIsUnavailableAndNotQuoted(t *testing.T) {
	echo := phone + " " + message.Code
	for name, answer := range map[string]string{
		"echo":            echo + "\r\n\r\n",
		"bad status":      "HTTP/1.1 " + echo + "\r\n\r\n",
		"bad version":     "HTTP/" + message.Code + " 200 OK\r\n\r\n",
		"bad header":      "HTTP/1.1 200 OK\r\n" + echo + "\r\n\r\n",
		"bad length":      "HTTP/1.1 200 OK\r\nContent-Length: " + echo + "\r\n\r\n",
		"bad coding":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + echo + "\r\n\r\n",
		"endless header":  "HTTP/1.1 200 OK\r\nX: " + strings.Repeat(echo, 1<<12) + "\r\n\r\n",
		"broken chunk":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + echo + "\r\n",
		"short body":      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n" + accepted,
		"bad media type":  "HTTP/1.1 200 OK\r\nContent-Type: " + echo + "\r\n\r\n" + accepted,
		"bad redirection": "HTTP/1.1 302 Found\r\nLocation: ://" + echo + "\r\n\r\n",
		"binary":          "\x16\x03\x01\x00\x00" + echo,
	} {
		err := newWebhook(t, config(babble(t, answer))).Send(t.Context(), message)
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
		checkSilent(t, err)
	}
}

func TestAnAnswerThatIsNotTheDocumentedOneIsUnavailable(t *testing.T) {
	for name, answer := range map[string]struct{ media, body string }{
		"captive portal":    {"text/html", "<html>Welcome</html>"},
		"JSON as text":      {"text/plain", accepted},
		"empty":             {"application/json", ""},
		"not JSON":          {"application/json", phone + " " + message.Code},
		"another value":     {"application/json", `["m-1"]`},
		"no identifier":     {"application/json", `{}`},
		"empty identifier":  {"application/json", `{"message_id":""}`},
		"wrong identifier":  {"application/json", fmt.Sprintf(`{"message_id":%s}`, message.Code)},
		"long identifier":   {"application/json", fmt.Sprintf(`{"message_id":"%s"}`, strings.Repeat("a", 129))},
		"two values":        {"application/json", accepted + accepted},
		"deeply nested":     {"application/json", strings.Repeat("[", 10_000)},
		"endless":           {"application/json", accepted + strings.Repeat(" ", maxAnswer)},
		"no media type":     {"", accepted},
		"media type prefix": {"application/jsonp", accepted},
	} {
		g := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header()["Content-Type"] = []string{answer.media}
			_, _ = io.WriteString(w, answer.body)
		})
		err := newWebhook(t, config(g.URL)).Send(t.Context(), message)
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
		checkSilent(t, err)
		if n := len(g.requests()); n != 1 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}

func TestACertificateThatNobodyTrustsStopsTheMessage(t *testing.T) {
	received := make(chan struct{}, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		received <- struct{}{}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	err := newWebhook(t, config(server.URL)).Send(t.Context(), message)
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
	checkSilent(t, err)
	if len(received) != 0 {
		t.Error("the message was sent to a stranger")
	}

	c := config(server.URL)
	c.Transport = server.Client().Transport
	_ = newWebhook(t, c).Send(t.Context(), message)
	if len(received) != 1 {
		t.Error("a trusted certificate did not let the message through")
	}
}

func FuzzGatewayAnswer(f *testing.F) {
	f.Add("application/json", []byte(accepted))
	f.Add("application/json; charset=utf-8", []byte(`{"message_id":"m","more":[1,{}]}`))
	f.Add("text/html", []byte("<html>"))
	f.Add("", []byte{0xff})
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		err := checkAnswer(reply{mediaType: media, body: body})
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		if err == nil && (len(body) > maxAnswer || !strings.Contains(strings.ToLower(media), "json")) {
			t.Fatalf("%d bytes of %q were taken for an acceptance", len(body), media)
		}
	})
}
