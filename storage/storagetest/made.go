package storagetest

import (
	"context"
	"os"
	"path/filepath"
)

// MadeFile fills a database in a file, and returns what is in it when it is closed: tests write copies, which is faster than filling each.
func MadeFile(fill func(ctx context.Context, path string) error) ([]byte, error) {
	dir, err := os.MkdirTemp("", "manyou")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "made.db")
	if err := fill(context.Background(), path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // made here
}
