package storagetest

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Postgres creates a fresh, empty database for a test and returns its URL. It is dropped when the test ends.
//
// MANYOU_TEST_POSTGRES holds the URL of a superuser of a private cluster. Without it the test fails: what was not
// run has not passed.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("MANYOU_TEST_POSTGRES")
	if server == "" {
		t.Fatal("MANYOU_TEST_POSTGRES is not set; run the tests through `make test`, which starts a private Postgres, " +
			"or one package by `.ci/with-postgres go test ./storage/postgres`")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(text())
	administer(t, server, `CREATE DATABASE `+name)
	t.Cleanup(func() { administer(t, server, `DROP DATABASE `+name+` WITH (FORCE)`) })
	u.Path = "/" + name
	return u.String()
}

func administer(t testing.TB, server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	check(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	check(t, err)
}

// DumpPostgres returns the bytes of every row of every table.
func DumpPostgres(t testing.TB, database string) []byte {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	check(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT c.oid::regclass::text FROM pg_class c
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'`)
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	var dump strings.Builder
	for _, table := range tables {
		_, err := copyTo(t.Context(), conn, &dump, table)
		check(t, err)
	}
	return []byte(dump.String())
}

func copyTo(ctx context.Context, conn *pgx.Conn, dst *strings.Builder, table string) (pgconn.CommandTag, error) {
	return conn.PgConn().CopyTo(ctx, dst, `COPY `+table+` TO STDOUT (FORMAT binary)`)
}
