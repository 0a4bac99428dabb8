package authenticators_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"manyou/authenticators"
)

func TestPrintingAndLoggingRevealNothing(t *testing.T) {
	const secret = "271828"
	var out bytes.Buffer
	show := authenticators.Show{Options: []byte(secret), URI: secret, Text: secret, Codes: []string{secret}, Send: secret}
	for _, v := range []any{
		authenticators.Request{Nonce: []byte(secret), Handle: []byte(secret), Name: secret, Address: secret},
		authenticators.Challenge{State: []byte(secret), Show: show}, show,
		authenticators.Credential{Secret: []byte(secret), Handle: secret, Label: secret},
		authenticators.Use{Secret: []byte(secret)},
	} {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	for _, form := range []string{secret, fmt.Sprint([]byte(secret)), fmt.Sprintf("%x", secret), "MjcxODI4"} {
		if strings.Contains(out.String(), form) {
			t.Errorf("%q appears in:\n%s", form, out.String())
		}
	}
}
