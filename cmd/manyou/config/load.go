package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"manyou/storage/vault"
)

// MaxSize is the largest configuration file, in bytes.
const MaxSize = 64 << 10

// maxSecretFile bounds the files that hold a key or a token.
const maxSecretFile = 4 << 10

// The environment variables that stand in for secrets, so that none has to be in a file.
const (
	EnvRootKey       = "MANYOU_ROOT_KEY"
	EnvDatabaseURL   = "MANYOU_DATABASE_URL"
	EnvSMSToken      = "MANYOU_SMS_TOKEN"
	EnvSIMToken      = "MANYOU_SIM_TOKEN"
	EnvRegisterToken = "MANYOU_REGISTER_TOKEN"
)

// Getenv looks a variable up; "" means not set. It is [os.Getenv] outside of tests.
type Getenv func(name string) string

// Load reads a configuration file. Paths in it count from the file's folder. It fails on what cannot be
// understood; what is understood but wrong is for [Config.Check] to say.
func Load(path string, env Getenv) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return Config{}, fmt.Errorf("config: %s: %w", path, err)
	}
	c, err := Parse(data)
	if err != nil {
		return Config{}, fmt.Errorf("config: %s: %w", path, err)
	}
	if v := env(EnvDatabaseURL); v != "" {
		c.Database.URL = v
	}
	dir := filepath.Dir(path)
	for _, p := range []*string{&c.TLS.CertFile, &c.TLS.KeyFile, &c.RootKeyFile, &c.SMS.Webhook.TokenFile, &c.SMS.SIM.TokenFile, &c.Passkey.RootsFile, &c.Register.TokenFile, &c.Federation.AnchorKeysFile} {
		*p = below(dir, *p)
	}
	if file, ok := c.Database.SQLite(); ok && file != "" && file != ":memory:" {
		c.Database.URL = "sqlite:" + below(dir, file)
	}
	return c, nil
}

func below(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Parse understands the text of a configuration file on top of [Default]. An unknown or repeated key is an
// error that names its line and column.
func Parse(data []byte) (Config, error) {
	if len(data) > MaxSize {
		return Config{}, fmt.Errorf("larger than %d bytes", MaxSize)
	}
	c := Default()
	err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict(), yaml.CustomUnmarshaler(duration))
	if errors.Is(err, io.EOF) {
		return c, nil // an empty file
	}
	if err != nil {
		// Without the lines themselves: the next one may hold a password, and the error may reach a log.
		return Config{}, errors.New(strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	return c, nil
}

// duration reads "8h" or "1m30s".
func duration(d *time.Duration, text []byte) (err error) {
	s := strings.Trim(strings.TrimSpace(string(text)), `"'`)
	if *d, err = time.ParseDuration(s); err != nil {
		return fmt.Errorf("%.40q is not a duration; write it like 8h, 90s or 1m30s", s)
	}
	return nil
}

// SQLite returns the file of an SQLite database, and whether the database is one.
func (d Database) SQLite() (path string, ok bool) { return strings.CutPrefix(d.URL, "sqlite:") }

// Postgres reports whether the database is Postgres.
func (d Database) Postgres() bool {
	return strings.HasPrefix(d.URL, "postgres://") || strings.HasPrefix(d.URL, "postgresql://")
}

// Secrets are what the configuration points to and never contains.
type Secrets struct {
	RootKey       vault.Root
	SMSToken      string
	SIMToken      string
	RegisterToken string
}

// Secrets reads the secrets from the environment or from their files.
func (c Config) Secrets(env Getenv) (Secrets, error) {
	var s Secrets
	text, err := secret(env, EnvRootKey, c.RootKeyFile)
	if err != nil {
		return Secrets{}, fmt.Errorf("config: root_key_file: %w", err)
	}
	if text == "" {
		return Secrets{}, fmt.Errorf("config: no root key: set root_key_file or %s (make one with: manyou keys root)", EnvRootKey)
	}
	if s.RootKey, err = vault.ParseRoot(text); err != nil {
		return Secrets{}, fmt.Errorf("config: root_key_file: %w", err)
	}
	if c.SMS.SIM.URL != "" {
		if s.SIMToken, err = secret(env, EnvSIMToken, c.SMS.SIM.TokenFile); err != nil {
			return Secrets{}, fmt.Errorf("config: sms.sim.token_file: %w", err)
		}
	}
	if s.SMSToken, err = secret(env, EnvSMSToken, c.SMS.Webhook.TokenFile); err != nil {
		return Secrets{}, fmt.Errorf("config: sms.webhook.token_file: %w", err)
	}
	if s.RegisterToken, err = secret(env, EnvRegisterToken, c.Register.TokenFile); err != nil {
		return Secrets{}, fmt.Errorf("config: register.token_file: %w", err)
	}
	return s, nil
}

func secret(env Getenv, name, path string) (string, error) {
	if v := env(name); v != "" {
		return strings.TrimSpace(v), nil
	}
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxSecretFile {
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxSecretFile)
	}
	return strings.TrimSpace(string(data)), nil
}

// Redacted is the configuration without the password that a database URL may carry, for printing.
func (c Config) Redacted() Config {
	if c.Database.Postgres() {
		if u, err := url.Parse(c.Database.URL); err == nil {
			c.Database.URL = redactQuery(u).Redacted()
		} else {
			c.Database.URL = "postgres://(not a URL)"
		}
	}
	return c
}

// redactQuery hides a password given as a parameter, as libpq allows.
func redactQuery(u *url.URL) *url.URL {
	q := u.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if q.Has(name) {
			q.Set(name, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u
}
