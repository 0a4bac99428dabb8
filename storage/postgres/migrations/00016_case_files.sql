-- +goose Up

-- Files that belong to cases: pictures and papers, sealed. What is told of them is in the case.

CREATE TABLE case_files (
	case_id  TEXT COLLATE "C" NOT NULL,
	id       TEXT   NOT NULL,
	added_at BIGINT NOT NULL,
	media    TEXT   NOT NULL,
	body     BYTEA  NOT NULL,
	PRIMARY KEY (case_id, id)
);
-- Sealed bytes do not compress: Postgres need not try.
ALTER TABLE case_files ALTER COLUMN body SET STORAGE EXTERNAL;
