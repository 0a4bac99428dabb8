package idp

import (
	"context"
	"encoding/json"
	"time"

	"manyou/federation/audit"
	"manyou/storage"
)

// checkpointEvery is how often the audit log is signed, if it grew.
const checkpointEvery = time.Minute

// checkpoint signs what the audit log holds, if it grew since.
func (i *Issuer) checkpoint(ctx context.Context) error {
	c, err := audit.NewCheckpoint(ctx, i.Store, i.Issuer, i.Clock())
	if err != nil || c.Size == 0 {
		return err
	}
	if signed, err := i.Store.AuditCheckpoints(ctx, c.Size, 1); err != nil || len(signed) > 0 {
		return err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return err
	}
	token, err := i.signAs(audit.TypeCheckpoint, payload)
	if err != nil {
		return err
	}
	return i.Store.PutAuditCheckpoint(ctx, storage.AuditCheckpoint{Size: c.Size, At: i.Clock(), Token: token})
}
