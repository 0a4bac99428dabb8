package otp

import (
	"testing"
	"time"
)

func TestABadConfigurationIsRefusedWithoutRepeatingIt(t *testing.T) {
	for name, change := range map[string]func(*WebhookConfig){
		"no URL":               func(c *WebhookConfig) { c.URL = "" },
		"relative URL":         func(c *WebhookConfig) { c.URL = "/messages" },
		"unparsable URL":       func(c *WebhookConfig) { c.URL = "https://token-of-the-issuer\x7f" },
		"plain http":           func(c *WebhookConfig) { c.URL = "http://gateway.example" },
		"another scheme":       func(c *WebhookConfig) { c.URL = "ftp://localhost" },
		"password in the URL":  func(c *WebhookConfig) { c.URL = "https://a:token-of-the-issuer@gateway.example" },
		"fragment":             func(c *WebhookConfig) { c.URL += "#a" },
		"loopback look-alike":  func(c *WebhookConfig) { c.URL = "http://localhost.evil.example" },
		"no token":             func(c *WebhookConfig) { c.BearerToken = "" },
		"token with line ends": func(c *WebhookConfig) { c.BearerToken = "a\r\nX: b" },
		"short signing key":    func(c *WebhookConfig) { c.SigningKey = []byte("short") },
		"negative timeout":     func(c *WebhookConfig) { c.Timeout = -1 },
		"endless timeout":      func(c *WebhookConfig) { c.Timeout = time.Hour },
		"no clock":             func(c *WebhookConfig) { c.Now = nil },
		"no randomness":        func(c *WebhookConfig) { c.Random = nil },
	} {
		c := config("https://gateway.example/messages")
		change(&c)
		w, err := NewWebhook(c)
		if err == nil || w != nil {
			t.Errorf("%s: was taken", name)
		}
		checkSilent(t, err)
	}
	for _, url := range []string{"https://gateway.example/a?b=c", "http://localhost:1", "http://127.0.0.1", "http://[::1]:1"} {
		if _, err := NewWebhook(config(url)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
