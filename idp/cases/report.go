package cases

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"manyou/federation/correction"
)

// reportedOnce is how long one report stands for its repetitions.
const reportedOnce = 24 * time.Hour

// ReportPhone files at the nation, of this province itself, that the number of a person of it is another's now: somebody proved here at a rung
// that it is theirs. left is by how many other ways the person signs in here. Who proved it is not said.
func (a *API) ReportPhone(ctx context.Context, personID, phone string, acr, left int) error {
	subject, err := a.AsNationKnows(ctx, personID)
	if err != nil {
		return err
	}
	body, err := json.Marshal(complaint{
		Kind: string(correction.KindAttribute), Subject: subject, Attribute: correction.AttributePhone, Expected: phone, ACR: acr,
		Said: map[string]string{correction.SaidPhoneProven: phone, correction.SaidWaysLeft: strconv.Itoa(left)},
	})
	if err != nil {
		return fmt.Errorf("cases: encode: %w", err)
	}
	nation, err := a.Nation(ctx)
	if err != nil {
		return err
	}
	day := a.Clock().Truncate(reportedOnce).Unix()
	key := a.MAC("case-key", fmt.Appendf(nil, "\x1fphone\x1f%s\x1f%s\x1f%d", personID, phone, day)) // no application's begins so
	said, err := nation.Cases(ctx, http.MethodPost, path, ScopeFile, base32.StdEncoding.EncodeToString(key[:20]), body)
	if err != nil {
		return err
	}
	if said.Status != http.StatusCreated {
		return fmt.Errorf("cases: the nation answers a report with status %d", said.Status)
	}
	return nil
}
