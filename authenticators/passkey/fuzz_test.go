package passkey

import (
	"testing"

	"manyou/authenticators"
)

func FuzzVerify(f *testing.F) {
	a, c := newAuthenticator(f), newCitizen(f)
	of := []authenticators.Credential{enrolled(f, a, c)}
	challenge := begin(f, a, nil, authenticators.PurposeProve, "prove")
	answer := c.Prove(challenge, noon)
	f.Add(answer)
	f.Add(c.forge(clientData("webauthn.get", "prove"), flagPresent))
	f.Add(c.Enrol(begin(f, a, c, authenticators.PurposeEnrol, "prove"), noon))
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, input string) {
		p, err := a.Verify(challenge, of, input, noon)
		if err != nil {
			t.Fatal(err)
		}
		handle, named := a.HandleIn(input)
		if p.Outcome == authenticators.Accepted && (!named || handle != of[0].Handle) {
			t.Fatalf("accepted, but it names %q, %v", handle, named)
		}
		if named {
			if id, err := decodeID(handle); err != nil || encodeID(id) != handle {
				t.Fatalf("the handle %q is not one", handle)
			}
		}
	})
}

func FuzzEnrol(f *testing.F) {
	a, c := newAuthenticator(f), newCitizen(f)
	challenge := begin(f, a, c, authenticators.PurposeEnrol, "enrol")
	f.Add(c.Enrol(challenge, noon))
	f.Add(creation{aaguid: make([]byte, 16), publicKey: p384Key(f), format: "none"}.answer(f, c))
	f.Add(creation{aaguid: make([]byte, 16), publicKey: c.key.Key.AttestationData(), format: "packed", chain: [][]byte{{0}}}.answer(f, c))
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, input string) {
		e, err := a.Enrol(challenge, input, noon)
		if err != nil {
			t.Fatal(err)
		}
		if e.Outcome != authenticators.Accepted {
			return
		}
		if _, _, err := decodeRecord(e.Credentials[0]); err != nil {
			t.Fatalf("what was enrolled cannot be used: %v", err)
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	a, c := newAuthenticator(f), newCitizen(f)
	of := enrolled(f, a, c)
	f.Add(of.Handle, of.Secret)
	f.Add("", []byte("{}"))
	f.Fuzz(func(t *testing.T, handle string, secret []byte) {
		if r, id, err := decodeRecord(authenticators.Credential{Handle: handle, Secret: secret}); err == nil &&
			(encodeID(id) != handle || len(r.Handle) < authenticators.MinHandle) {
			t.Fatalf("%q was taken", secret)
		}
	})
}
