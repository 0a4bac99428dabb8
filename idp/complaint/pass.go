package complaint

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"manyou/federation/correction"
	"manyou/idp/signin"
	"manyou/idp/web"
)

// passLife is how long a pass opens pages. Whoever needs it longer is refused again, and has a new one.
const passLife = 30 * time.Minute

const (
	purposePass = "complaint"
	cookiePass  = "pass" // what was sealed last, for forms that were begun with one before
)

// pass is what is sealed into one.
type pass struct {
	Person  string `json:"p,omitempty"`
	Phone   string `json:"t,omitempty"`
	ACR     int    `json:"a,omitempty"`
	ID      string `json:"i"` // names the cookie that has the secret
	Secret  string `json:"s"` // which the browser has, too
	Expires int64  `json:"e"`
}

// filer is how the queue names whoever has the pass. A phone is not to be read from it.
func (c *Complaints) filer(p pass) string {
	if p.Person != "" {
		return correction.Person(p.Person)
	}
	return "visitor:" + base32.StdEncoding.EncodeToString(c.Vault.MAC("complaint.visitor", []byte(p.Phone))[:15])
}

// Pass gives this browser a pass, and returns where it leads.
func (c *Complaints) Pass(w http.ResponseWriter, r *http.Request, who signin.Refused) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(c.Random, id[:]); err != nil {
		return "", fmt.Errorf("new pass: %w", err)
	}
	p := pass{
		Person: who.Person, Phone: who.Phone, ACR: who.ACR, ID: base64.RawURLEncoding.EncodeToString(id[:]), Expires: c.Clock().Add(passLife).Unix(),
	}
	if p.Person != "" {
		p.Phone = "" // who they are is known by more than it
	}
	var err error
	if p.Secret, err = c.Cookies.Bind(w, r, p.ID, passLife); err != nil {
		return "", err
	}
	body, err := json.Marshal(p) //nolint:gosec // sealed in the next line but two
	if err != nil {
		return "", fmt.Errorf("new pass: %w", err)
	}
	sealed, err := c.Vault.SealToken(purposePass, body)
	if err != nil {
		return "", err
	}
	c.Cookies.Keep(w, cookiePass, sealed, passLife)
	return Path + "/as/" + sealed, nil
}

// admitted serves those with a pass. Any other pass than a good one is answered alike: forged, too old, or another browser's.
func (c *Complaints) admitted(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p pass
		sealed := r.PathValue("pass")
		if sealed == passNow {
			sealed = c.Cookies.Kept(r, cookiePass)
		}
		body, err := c.Vault.OpenToken(purposePass, sealed)
		if err == nil {
			err = json.Unmarshal(body, &p)
		}
		if err != nil || !c.Clock().Before(time.Unix(p.Expires, 0)) || p.Secret == "" || p.Person == "" && p.Phone == "" ||
			subtle.ConstantTimeCompare([]byte(c.Cookies.Bound(r, p.ID)), []byte(p.Secret)) != 1 {
			if r.Method == http.MethodGet || !c.keepTyped(w, r, web.KeptPass) {
				c.Web.Render(w, r, http.StatusForbidden, &web.ProblemPage{Problem: web.ProblemExpired})
			}
			return
		}
		var v visitor
		if p.Person != "" {
			if v, err = c.visitor(r.Context(), p.Person); err != nil {
				c.fault(w, r, err)
				return
			}
		}
		v.filer, v.base, v.acr, v.phone, v.pass = c.filer(p), Path+"/as/"+sealed, p.ACR, p.Phone, true
		h(w, r, v)
	})
}
