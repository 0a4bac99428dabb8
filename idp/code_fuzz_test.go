package idp

import (
	"bytes"
	"reflect"
	"testing"
)

func FuzzCode(f *testing.F) {
	f.Add((&code{ClientID: "c", Nonce: "n", GrantID: []byte{1}, AMR: []string{"otp", "sms"}, Scopes: []string{"openid"}, Claims: "{}"}).encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := decodeCode(b)
		if !ok {
			return
		}
		again, ok := decodeCode(c.encode())
		if !ok || !bytes.Equal(again.encode(), c.encode()) || !reflect.DeepEqual(again, c) {
			t.Errorf("%+v is read back as %+v", c, again)
		}
	})
}

func FuzzUserCode(f *testing.F) {
	for _, typed := range []string{"BCDF-GHJK", "bcdf ghjk", "", "ＢＣＤＦ", "AAAA-AAAA", "B-C-D-F-G-H-J-K-"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := cleanUserCode(typed)
		if again, still := cleanUserCode(code); ok && (len(code) != userCodeLength || !still || again != code) {
			t.Errorf("%q is read as %q", typed, code)
		}
	})
}
