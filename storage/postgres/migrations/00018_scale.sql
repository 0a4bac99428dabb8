-- +goose Up

-- When somebody has to be reminded of a case, because its time is over. Cases that wait for nobody are not in it.

CREATE TABLE case_reminders (
	case_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	at      BIGINT NOT NULL
);
CREATE INDEX case_reminders_due ON case_reminders (at, case_id);
INSERT INTO case_reminders (case_id, at) SELECT id, due_at FROM cases
	WHERE duplicate_of = '' AND state IN ('triaged', 'in_review', 'proposed', 'appealed', 'reopened');

-- Cases whose decision is on its way, in the order in which they came to it.

CREATE INDEX cases_awaited ON cases (state, updated_at, id) WHERE open AND duplicate_of = '' AND state IN ('applied', 'propagated');

-- What a list of ended cases needs beside those of the open ones, so that no filter reads what another one wants.

CREATE INDEX cases_region_state ON cases (region, state, rank, due_at, id) WHERE duplicate_of = '';
CREATE INDEX cases_region_kind_state ON cases (region, kind, state, rank, due_at, id) WHERE duplicate_of = '';
CREATE INDEX cases_kind_state ON cases (kind, state, rank, due_at, id) WHERE duplicate_of = '';
CREATE INDEX cases_assignee_state ON cases (assignee, state, rank, due_at, id) WHERE assignee <> '' AND duplicate_of = '';
DROP INDEX cases_duplicates;
CREATE INDEX cases_duplicates ON cases (duplicate_of, filed_at, id) WHERE duplicate_of <> '';

-- What is compared has to be of one collation, or its index does not serve.

ALTER TABLE signals ALTER COLUMN case_id TYPE TEXT COLLATE "C";
ALTER TABLE signal_acks ALTER COLUMN client_id TYPE TEXT COLLATE "C";
