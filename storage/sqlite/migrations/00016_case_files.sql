-- +goose Up

-- Files that belong to cases: pictures and papers, sealed. What is told of them is in the case.

CREATE TABLE case_files (
	case_id  TEXT NOT NULL,
	id       TEXT NOT NULL,
	added_at INTEGER NOT NULL,
	media    TEXT NOT NULL,
	body     BLOB NOT NULL,
	PRIMARY KEY (case_id, id)
);
