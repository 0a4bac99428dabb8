package idp_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/idp/entity"
	"manyou/storage"
)

func TestAnApplicationWithoutApprovalIsAcceptedOnceItShowsTheMarkAndNoLongerOnceThatIsRevoked(t *testing.T) {
	const kind = "https://nation.example/marks/approved"
	a := newAnchored(t, func(f *entity.Federation) { f.ApplicationMark = kind })
	b := a.browser()
	if at := a.get(b, a.signedRequest()); at.StatusCode != http.StatusBadRequest {
		t.Fatalf("without a mark: %d", at.StatusCode)
	}
	must(t, a.store.PutTrustMark(t.Context(), storage.TrustMark{Type: kind, Subject: a.app.ID, IssuedAt: a.clock()}))
	mark := body(t, a.get(b, a.url+"/federation/trust-mark?trust_mark_type="+url.QueryEscape(kind)+"&sub="+url.QueryEscape(a.app.ID)))
	a.app.Marks = []trust.MarkEntry{{Type: kind, Mark: mark}}
	a.pass(6 * time.Minute)
	if at := a.get(b, a.signedRequest()); at.StatusCode != http.StatusOK {
		t.Fatalf("with a mark: %d %s", at.StatusCode, body(t, at))
	}
	must(t, a.store.RevokeTrustMark(t.Context(), kind, a.app.ID, a.clock()))
	a.pass(6 * time.Minute)
	if at := a.get(b, a.signedRequest()); at.StatusCode != http.StatusBadRequest {
		t.Errorf("revoked: %d", at.StatusCode)
	}
}
