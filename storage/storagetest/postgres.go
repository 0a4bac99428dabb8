package storagetest

import (
	"context"
	"errors"
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
	return postgresLike(t, "template1")
}

// PostgresLike is [Postgres] with a copy of a database that was made once, which is faster than making it each time. Nobody may be connected to that.
func PostgresLike(t testing.TB, made string) string {
	t.Helper()
	u, err := url.Parse(made)
	if err != nil {
		t.Fatal(err)
	}
	return postgresLike(t, strings.TrimPrefix(u.Path, "/"))
}

// PostgresMade makes a database for [PostgresLike]. It stays as long as the cluster.
func PostgresMade(fill func(ctx context.Context, database string) error) (string, error) {
	u, err := cluster()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name := "made_" + strings.ToLower(text())
	if err := execute(ctx, u.String(), `CREATE DATABASE `+name); err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), fill(ctx, u.String())
}

// patience is how long the server may take for a command of its own; a busy machine may need long.
const patience = 5 * time.Minute

// cluster is the URL of its superuser.
func cluster() (*url.URL, error) {
	server := os.Getenv("MANYOU_TEST_POSTGRES")
	if server == "" {
		return nil, errors.New("MANYOU_TEST_POSTGRES is not set; run the tests through `make test`, which starts a private Postgres, " +
			"or one package by `.ci/with-postgres go test ./storage/postgres`")
	}
	return url.Parse(server)
}

func postgresLike(t testing.TB, template string) string {
	t.Helper()
	u, err := cluster()
	if err != nil {
		t.Fatal(err)
	}
	server := u.String()
	name := "test_" + strings.ToLower(text())
	administer(t, server, `CREATE DATABASE `+name+` TEMPLATE `+template)
	t.Cleanup(func() { administer(t, server, `DROP DATABASE `+name+` WITH (FORCE)`) })
	u.Path = "/" + name
	return u.String()
}

func administer(t testing.TB, server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	check(t, execute(ctx, server, sql))
}

func execute(ctx context.Context, server, sql string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
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
