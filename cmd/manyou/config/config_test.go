package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"manyou/cmd/manyou/config"
	"manyou/federation/correction"
	"manyou/storage/vault"
)

func env(pairs ...string) config.Getenv {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// root is a root key of one byte repeated.
func root(b byte) vault.Root { return vault.Root(bytes.Repeat([]byte{b}, len(vault.Root{}))) }

// good is a configuration without problems.
func good(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c := config.Default()
	c.Role, c.Region, c.Issuer = config.Province, "33", "https://id.zj.example"
	c.Name = config.Name{ZH: "浙江", EN: "Zhejiang"}
	c.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.1"}
	c.Database.URL = "postgres://manyou@db.example/manyou"
	c.RootKeyFile = write("root.key", root(7).Text()+"\n")
	c.SMS.Webhook = config.Webhook{URL: "https://sms.example/send", TokenFile: write("sms.token", "t\n")}
	return c
}

func TestAGoodConfigurationHasNoProblems(t *testing.T) {
	if problems := good(t).Check(env()); len(problems) != 0 {
		t.Fatalf("problems: %v", problems)
	}
}

func TestEachProblemIsFoundAndNamesItsKey(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*config.Config)
		key    string
		fatal  bool
	}{
		"no role":                     {func(c *config.Config) { c.Role = "" }, "role", true},
		"unknown role":                {func(c *config.Config) { c.Role = "county" }, "role", true},
		"nation with a region":        {func(c *config.Config) { c.Role = config.National }, "region", true},
		"province as the nation":      {func(c *config.Config) { c.Region = "00" }, "region", true},
		"county code":                 {func(c *config.Config) { c.Region = "330100" }, "region", true},
		"no issuer":                   {func(c *config.Config) { c.Issuer = "" }, "issuer", true},
		"issuer in the clear":         {func(c *config.Config) { c.Issuer = "http://id.zj.example" }, "issuer", true},
		"issuer on localhost":         {func(c *config.Config) { c.Issuer = "http://localhost:9033" }, "issuer", false},
		"issuer with a slash":         {func(c *config.Config) { c.Issuer += "/" }, "issuer", true},
		"issuer with a query":         {func(c *config.Config) { c.Issuer += "?a=b" }, "issuer", true},
		"issuer with a user":          {func(c *config.Config) { c.Issuer = "https://a@b.example" }, "issuer", true},
		"no Chinese name":             {func(c *config.Config) { c.Name.ZH = "" }, "name.zh", true},
		"long name":                   {func(c *config.Config) { c.Name.EN = strings.Repeat("a", 51) }, "name.en", true},
		"listen without port":         {func(c *config.Config) { c.Listen = "localhost" }, "listen", true},
		"half a certificate":          {func(c *config.Config) { c.TLS.CertFile = c.RootKeyFile }, "tls", true},
		"missing certificate":         {func(c *config.Config) { c.TLS = config.TLS{CertFile: "no", KeyFile: "no"} }, "tls.cert_file", true},
		"no proxy":                    {func(c *config.Config) { c.TrustedProxies = nil }, "trusted_proxies", false},
		"proxy by name":               {func(c *config.Config) { c.TrustedProxies = []string{"proxy"} }, "trusted_proxies[0]", true},
		"everybody is a proxy":        {func(c *config.Config) { c.TrustedProxies[1] = "0.0.0.0/0" }, "trusted_proxies[1]", false},
		"plain http for others":       {func(c *config.Config) { c.Listen = ":80" }, "listen", false},
		"no database":                 {func(c *config.Config) { c.Database.URL = "" }, "database.url", true},
		"unknown database":            {func(c *config.Config) { c.Database.URL = "mysql://x" }, "database.url", true},
		"database in memory":          {func(c *config.Config) { c.Database.URL = "sqlite::memory:" }, "database.url", true},
		"SQLite":                      {func(c *config.Config) { c.Database.URL = "sqlite:x.db" }, "database.url", false},
		"password in the file":        {func(c *config.Config) { c.Database.URL = "postgres://a:secret@db/m" }, "database.url", false},
		"database in the clear":       {func(c *config.Config) { c.Database.URL += "?sslmode=disable" }, "database.url", false},
		"database URL is broken":      {func(c *config.Config) { c.Database.URL = "postgres://a:sec%ret@db/m" }, "database.url", true},
		"no root key":                 {func(c *config.Config) { c.RootKeyFile = "" }, "root_key_file", true},
		"root key is missing":         {func(c *config.Config) { c.RootKeyFile += "x" }, "root_key_file", true},
		"root key is short":           {func(c *config.Config) { os.WriteFile(c.RootKeyFile, []byte("YWJj"), 0o600) }, "root_key_file", true},
		"root key open to others":     {func(c *config.Config) { os.Chmod(c.RootKeyFile, 0o644) }, "root_key_file", false},
		"no SMS":                      {func(c *config.Config) { c.SMS = config.SMS{} }, "sms.webhook.url", true},
		"SMS in the clear":            {func(c *config.Config) { c.SMS.Webhook.URL = "http://sms.example" }, "sms.webhook.url", true},
		"SMS by no URL":               {func(c *config.Config) { c.SMS.Webhook.URL = "sms" }, "sms.webhook.url", true},
		"SMS without a token":         {func(c *config.Config) { c.SMS.Webhook.TokenFile = "" }, "sms.webhook.token_file", true},
		"token is missing":            {func(c *config.Config) { c.SMS.Webhook.TokenFile += "x" }, "sms.webhook.token_file", true},
		"unknown register":            {func(c *config.Config) { c.Register.Source = "csv" }, "register.source", true},
		"register without URL":        {func(c *config.Config) { c.Register.Source = config.RegisterHTTP }, "register.url", true},
		"table with a URL":            {func(c *config.Config) { c.Register.URL = "https://r.example" }, "register", true},
		"nobody has to approve":       {func(c *config.Config) { c.Correction.Approvals.Merge = 0 }, "correction.approvals.merge", true},
		"a crowd has to approve":      {func(c *config.Config) { c.Correction.Approvals.Thaw = 6 }, "correction.approvals.thaw", true},
		"a case due at once":          {func(c *config.Config) { c.Correction.Due.Takeover = 0 }, "correction.due.takeover", true},
		"a case due never":            {func(c *config.Config) { c.Correction.Due.Link = 10_000 * time.Hour }, "correction.due.wrong_link", true},
		"alone for a day":             {func(c *config.Config) { c.Correction.BreakGlass = 24 * time.Hour }, "correction.break_glass", true},
		"no time to object":           {func(c *config.Config) { c.Correction.Appeal = time.Minute }, "correction.appeal", true},
		"a province that decides":     {func(c *config.Config) { c.Correction.Approvals.Merge = 3 }, "correction", false},
		"endless session":             {func(c *config.Config) { c.Session.Lifetime = 1000 * time.Hour }, "session.lifetime", true},
		"long session":                {func(c *config.Config) { c.Session.Lifetime = 48 * time.Hour }, "session.lifetime", false},
		"SIM service without a token": {func(c *config.Config) { c.SMS.SIM.URL = "https://sim.example" }, "sms.sim.token_file", true},
		"SIM window of a year":        {func(c *config.Config) { c.SMS.SIM.Window = 8760 * time.Hour }, "sms.sim.window", true},
		"mark issuers at a province": {func(c *config.Config) {
			c.Federation.Enabled, c.Federation.MarkIssuers = true, []string{"https://m.example"}
		}, "federation.mark_issuers", true},
		"mark issuer by name": {func(c *config.Config) {
			c.Role, c.Region, c.Federation = config.National, "00", config.Federation{Enabled: true, StatementLife: time.Hour, ApplicationMark: "https://n.example/m", MarkIssuers: []string{"ministry"}}
		}, "federation.mark_issuers[0]", true},
		"models without makers":  {func(c *config.Config) { c.Passkey.Models = []string{"cb69481e-8ff7-4039-93ec-0a2729a154a8"} }, "passkey", true},
		"no attempts":            {func(c *config.Config) { c.Attempts.MessagesPerPhone = 0 }, "attempts.messages_per_phone", true},
		"endless attempts":       {func(c *config.Config) { c.Attempts.ProofsPerAddress = 1 << 40 }, "attempts.proofs_per_address", true},
		"many guesses":           {func(c *config.Config) { c.Attempts.ProofsPerPerson = 1000 }, "attempts.proofs_per_person", false},
		"no bound on requests":   {func(c *config.Config) { c.Limits.RequestBytes = 1 << 40 }, "limits.request_bytes", true},
		"no bound on headers":    {func(c *config.Config) { c.Limits.HeaderBytes = 0 }, "limits.header_bytes", true},
		"no time for a request":  {func(c *config.Config) { c.Limits.RequestTimeout = 0 }, "limits.request_timeout", true},
		"endless shutdown":       {func(c *config.Config) { c.Limits.ShutdownTimeout = time.Hour }, "limits.shutdown_timeout", true},
		"unknown level":          {func(c *config.Config) { c.Log.Level = "loud" }, "log.level", true},
		"unknown format of logs": {func(c *config.Config) { c.Log.Format = "xml" }, "log.format", true},
	} {
		t.Run(name, func(t *testing.T) {
			c := good(t)
			tc.change(&c)
			problems := c.Check(env())
			for _, p := range problems {
				if p.Key == tc.key && p.Fatal == tc.fatal {
					if config.Fatal(problems) != tc.fatal {
						t.Errorf("fatal = %v: %v", !tc.fatal, problems)
					}
					return
				}
			}
			t.Errorf("no problem %q (fatal %v) in %v", tc.key, tc.fatal, problems)
		})
	}
}

func TestUnknownAndRepeatedKeysFailWithTheirPosition(t *testing.T) {
	for text, want := range map[string]string{
		"role: national\nrol: x\n":            `[2:1] unknown field "rol"`,
		"session:\n  lifetme: 8h\n":           `[2:3] unknown field "lifetme"`,
		"role: national\nrole: province\n":    `[2:1] mapping key "role" already defined at [1:1]`,
		"session: {lifetime: soon}\n":         "not a duration",
		"role: [national]\n":                  "[1:7]",
		strings.Repeat("#", config.MaxSize+1): "larger than 65536 bytes",
	} {
		if _, err := config.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func TestAnErrorNeverRepeatsTheLinesAroundIt(t *testing.T) {
	_, err := config.Parse([]byte("database:\n  url: postgres://u:hunter2@db/m\n  urll: x\n"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("error: %v", err)
	}
}

func TestAPasswordIsNeverPrinted(t *testing.T) {
	for _, u := range []string{"postgres://u:hunter2@db/m", "postgres://u@db/m?password=hunter2", "postgres://u:hun%ter2@db/m"} {
		c := good(t)
		c.Database.URL = u
		out, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "ter2") {
			t.Errorf("printed: %s", out)
		}
		for _, p := range c.Check(env()) {
			if strings.Contains(p.Text, "ter2") {
				t.Errorf("problem: %s", p)
			}
		}
	}
}

func TestPathsCountFromTheFolderOfTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "nation.yaml")
	if err := os.WriteFile(path, []byte("root_key_file: root.key\ndatabase: {url: 'sqlite:n.db'}\ntls: {cert_file: /etc/c.pem}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, env())
	if err != nil {
		t.Fatal(err)
	}
	if c.RootKeyFile != filepath.Join(dir, "root.key") || c.Database.URL != "sqlite:"+filepath.Join(dir, "n.db") || c.TLS.CertFile != "/etc/c.pem" {
		t.Errorf("paths: %+v", c)
	}
}

func TestTheEnvironmentOverridesSecrets(t *testing.T) {
	c := good(t)
	s, err := c.Secrets(env(config.EnvRootKey, root(9).Text(), config.EnvSMSToken, "other"))
	if err != nil {
		t.Fatal(err)
	}
	if s.RootKey != root(9) || s.SMSToken != "other" {
		t.Error("the environment did not win")
	}
	if s, err = c.Secrets(env()); err != nil || s.RootKey[0] != 7 || s.SMSToken != "t" {
		t.Errorf("files: %v", err)
	}
}

func TestAWrongRootKeyIsRefusedWithoutRepeatingIt(t *testing.T) {
	c := good(t)
	for _, key := range []string{"hunter2", "aHVudGVyMg=="} {
		_, err := c.Secrets(env(config.EnvRootKey, key))
		if err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("error: %v", err)
		}
	}
}

func TestTheReferenceExplainsEachKeyAndReadsAsTheDefaults(t *testing.T) {
	ref, err := config.Reference()
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	c.TrustedProxies, c.Passkey.RelatedOrigins, c.Passkey.Models, c.Federation.MarkIssuers = nil, nil, nil, nil // empty lists there
	if !reflect.DeepEqual(c, config.Default()) {
		t.Errorf("reference reads as %+v", c)
	}
	lines := strings.Split(strings.TrimSpace(string(ref)), "\n")
	for i, line := range lines {
		if key := strings.TrimSpace(line); !strings.HasPrefix(key, "#") && (i == 0 || !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "#")) {
			t.Errorf("line %d is not explained: %s", i+1, line)
		}
		if len(strings.TrimSpace(line)) < 4 {
			t.Errorf("line %d explains nothing: %q", i+1, line)
		}
	}
}

func FuzzParse(f *testing.F) {
	ref, err := config.Reference()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ref)
	f.Add([]byte("a: &a [*a]\nrole: *a"))
	f.Add([]byte("session: {lifetime: 1h}\n---\nrole: x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse(text)
		if err != nil {
			return
		}
		// What was understood can be written and understood again.
		out, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse(out); err != nil && len(out) <= config.MaxSize {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

func TestTheConfigurationsToBeginWithAreGood(t *testing.T) {
	examples, err := filepath.Glob("../../../deploy/*.yaml")
	if err != nil || len(examples) != 2 {
		t.Fatalf("examples: %v %v", examples, err)
	}
	for _, example := range examples {
		text, err := os.ReadFile(example)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for name, content := range map[string]string{"c.yaml": string(text), "root.key": root(7).Text(), "sms.token": "t"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := config.Load(filepath.Join(dir, "c.yaml"), env())
		if err != nil {
			t.Fatal(err)
		}
		if problems := c.Check(env()); len(problems) > 0 {
			t.Errorf("%s: %v", example, problems)
		}
	}
}

func TestEveryDecisionAndKindOfCaseIsInTheConfiguration(t *testing.T) {
	c, err := config.Parse([]byte("correction: {approvals: {unlink: 4}, due: {conflict: 36h}, break_glass: 20m}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, standard := c.Correction.Policy(), correction.DefaultPolicy()
	for _, d := range correction.Decisions() {
		want := max(1, standard.Approvals[d])
		if d == correction.Unlink {
			want = 4
		}
		if p.Approvals[d] != want {
			t.Errorf("%s: %d approvals, want %d", d, p.Approvals[d], want)
		}
	}
	for _, k := range correction.Kinds() {
		want := standard.Due[k]
		if k == correction.KindConflict {
			want = 36 * time.Hour
		}
		if p.Due[k] != want || want == 0 {
			t.Errorf("%s: due in %v, want %v", k, p.Due[k], want)
		}
	}
	if p.BreakGlass != 20*time.Minute || p.Appeal != standard.Appeal {
		t.Errorf("%+v", p)
	}
}
