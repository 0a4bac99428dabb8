package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"manyou/federation/identity"
	"manyou/storage/vault"
)

// Problem is one thing wrong with a configuration, in words for the person who wrote it.
type Problem struct {
	Key  string `json:"key"`  // the key in the file, such as "database.url"
	Text string `json:"text"` // what is wrong and what to do
	// Fatal problems keep the issuer from starting. The others are insecure or unwise, and are warned about.
	Fatal bool `json:"fatal"`
}

// String returns the problem on one line.
func (p Problem) String() string { return p.Key + ": " + p.Text }

// maxName is the longest name of an issuer, in characters: it has to fit into one SMS.
const maxName = 20

// Check returns every problem of the configuration at once, in the order of the file. It reads the state of the
// files that the configuration names, and changes nothing.
func (c Config) Check(env Getenv) []Problem {
	var r report
	c.checkIdentity(&r)
	c.checkNetwork(&r)
	c.checkDatabase(&r)
	c.checkRootKey(&r, env)
	if c.Role != Intermediate { // where nobody signs in
		c.checkGateways(&r, env)
	}
	c.checkFederation(&r)
	c.checkCorrection(&r)
	c.checkBounds(&r)
	return r
}

// Fatal reports whether one of the problems keeps the issuer from starting.
func Fatal(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Fatal })
}

// report collects problems.
type report []Problem

func (r *report) fatal(key, format string, args ...any) {
	*r = append(*r, Problem{Key: key, Text: fmt.Sprintf(format, args...), Fatal: true})
}

func (r *report) warn(key, format string, args ...any) {
	*r = append(*r, Problem{Key: key, Text: fmt.Sprintf(format, args...)})
}

func (c Config) checkIdentity(r *report) {
	switch c.Role {
	case National:
		if c.Region != identity.Nation {
			r.fatal("region", `the national issuer's region is "00"`)
		}
	case Province, Intermediate:
		if _, ok := identity.LookupRegion(c.Region); !ok {
			r.fatal("region", `write the two digits of the province (GB/T 2260), such as "33" for Zhejiang`)
		}
	case "":
		r.fatal("role", "say what this issuer is: national, province or intermediate")
	default:
		r.fatal("role", "%q is not a role; write national, province or intermediate", c.Role)
	}
	c.checkIssuer(r)
	for _, n := range [][2]string{{"name.zh", c.Name.ZH}, {"name.en", c.Name.EN}} {
		key, name := n[0], n[1]
		switch {
		case name == "":
			r.fatal(key, "citizens read this name on each page; it cannot be empty")
		case utf8.RuneCountInString(name) > maxName:
			r.fatal(key, "longer than %d characters, which one SMS has room for", maxName)
		case strings.ContainsAny(name, "【】@#"):
			r.fatal(key, "【】@# have a meaning of their own in an SMS; leave them out")
		}
	}
}

func (c Config) checkIssuer(r *report) {
	if c.Issuer == "" {
		r.fatal("issuer", "write the URL at which browsers reach this issuer, such as https://id.example.org")
		return
	}
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		r.fatal("issuer", "not a URL such as https://id.example.org")
	case u.RawQuery != "" || u.Fragment != "" || u.Path != "": // OpenID Connect Discovery 1.0 §3
		r.fatal("issuer", "only scheme and host, such as https://id.example.org, without a path, a slash or a query")
	case u.Scheme == "http" && loopback(u.Hostname()):
		r.warn("issuer", "plain http: fit for a trial on this machine only")
	case u.Scheme != "https":
		r.fatal("issuer", "must be https: tokens and sessions would cross the network in the clear")
	}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

func (c Config) checkNetwork(r *report) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		r.fatal("listen", "not host:port, such as :9000 or 127.0.0.1:9000")
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		r.fatal("tls", "cert_file and key_file go together")
	}
	readable(r, "tls.cert_file", c.TLS.CertFile)
	private(r, "tls.key_file", c.TLS.KeyFile)
	if strings.HasPrefix(c.Issuer, "https:") && !c.TLS.Enabled() {
		if len(c.TrustedProxies) == 0 {
			r.warn("trusted_proxies", "the issuer is https but does not end TLS itself, so a proxy must stand in front; "+
				"name it, or every attempt counts as coming from the proxy's address")
		} else if err == nil && !loopback(host) {
			r.warn("listen", "plain http on an address that others may reach; let only the proxy reach it")
		}
	}
	for i, p := range c.TrustedProxies {
		key := fmt.Sprintf("trusted_proxies[%d]", i)
		switch prefix, err := ParseProxy(p); {
		case err != nil:
			r.fatal(key, "%q is neither an address nor a network such as 10.0.0.0/8", p)
		case prefix.Bits() == 0:
			r.warn(key, "trusts the whole internet: anybody may claim any address, and attempt limits protect nobody")
		}
	}
}

// ParseProxy understands an entry of trusted_proxies: a network, or one address.
func ParseProxy(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(s)
}

func (c Config) checkDatabase(r *report) {
	const key = "database.url"
	file, sqlite := c.Database.SQLite()
	switch {
	case c.Database.URL == "":
		r.fatal(key, "write postgres://user@host/name, or sqlite:manyou.db, or set %s", EnvDatabaseURL)
	case sqlite && file == "":
		r.fatal(key, "name the file, such as sqlite:manyou.db")
	case sqlite && file == ":memory:":
		r.fatal(key, "a database in memory forgets everybody at each start; name a file")
	case sqlite:
		r.warn(key, "SQLite serves one node; use Postgres where the issuer has to survive the loss of a machine")
	case c.Database.Postgres():
		u, err := url.Parse(c.Database.URL)
		if err != nil {
			r.fatal(key, "not a URL such as postgres://user@host/name") // the error would repeat a password
			return
		}
		if _, inFile := u.User.Password(); inFile {
			r.warn(key, "holds a password; better set %s, or use a password file", EnvDatabaseURL)
		}
		if u.Query().Get("sslmode") == "disable" && u.Hostname() != "" && !loopback(u.Hostname()) {
			r.warn(key, "sslmode=disable: records cross the network in the clear")
		}
	default:
		r.fatal(key, "starts with neither postgres:// nor sqlite:")
	}
}

func (c Config) checkRootKey(r *report, env Getenv) {
	const key = "root_key_file"
	if env(EnvRootKey) == "" {
		if c.RootKeyFile == "" {
			r.fatal(key, "no root key: make one with manyou keys root, and name its file here or set %s", EnvRootKey)
			return
		}
		if !private(r, key, c.RootKeyFile) {
			return
		}
	}
	text, err := secret(env, EnvRootKey, c.RootKeyFile)
	if err == nil {
		_, err = vault.ParseRoot(text)
	}
	if err != nil {
		r.fatal(key, "%s", strings.TrimPrefix(err.Error(), "vault: "))
	}
}

func (c Config) checkGateways(r *report, env Getenv) {
	if c.SMS.Webhook.URL == "" {
		r.fatal("sms.webhook.url", "no gateway: nobody could sign in for the first time")
	} else {
		gateway(r, env, "sms.webhook", c.SMS.Webhook.URL, EnvSMSToken, c.SMS.Webhook.TokenFile)
	}
	if c.SMS.SIM.URL != "" {
		gateway(r, env, "sms.sim", c.SMS.SIM.URL, EnvSIMToken, c.SMS.SIM.TokenFile)
	}
	between(r, "sms.sim.window", c.SMS.SIM.Window, time.Hour, 100*24*time.Hour)
	if _, err := c.Passkey.Roots(); err != nil {
		r.fatal("passkey.attestation_roots_file", "%v", err)
	} else if (c.Passkey.RootsFile == "") != (len(c.Passkey.Models) == 0) {
		r.fatal("passkey", "attestation_roots_file and attestation_models belong together")
	}
	switch c.Register.Source {
	case RegisterTable:
		if c.Register.URL != "" || c.Register.TokenFile != "" {
			r.fatal("register", "url and token_file belong to source: http")
		}
	case RegisterHTTP:
		gateway(r, env, "register", c.Register.URL, EnvRegisterToken, c.Register.TokenFile)
	default:
		r.fatal("register.source", "%q is not a source; write table or http", c.Register.Source)
	}
}

// gateway checks an HTTP service and the token shown there.
func gateway(r *report, env Getenv, key, address, variable, tokenFile string) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		r.fatal(key+".url", "not a URL such as https://gateway.example.org/send")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		r.fatal(key+".url", "must be https: codes, names and numbers would cross the network in the clear")
	}
	if env(variable) != "" {
		return
	}
	if tokenFile == "" {
		r.fatal(key+".token_file", "no token: the service could not know who asks; name its file here or set %s", variable)
		return
	}
	private(r, key+".token_file", tokenFile)
}

func (c Config) checkBounds(r *report) {
	between(r, "session.lifetime", c.Session.Lifetime, 5*time.Minute, 30*24*time.Hour)
	if c.Session.Lifetime > 24*time.Hour && c.Session.Lifetime <= 30*24*time.Hour {
		r.warn("session.lifetime", "longer than a day: a forgotten browser stays signed in that long")
	}
	a := c.Attempts
	for _, bound := range []struct {
		key   string
		value int64
	}{
		{"messages_per_phone", a.MessagesPerPhone}, {"messages_per_device", a.MessagesPerDevice},
		{"messages_per_address", a.MessagesPerAddress}, {"proofs_per_person", a.ProofsPerPerson},
		{"proofs_per_device", a.ProofsPerDevice}, {"proofs_per_address", a.ProofsPerAddress},
	} {
		between(r, "attempts."+bound.key, bound.value, 1, 100_000)
	}
	if a.ProofsPerPerson > 100 {
		r.warn("attempts.proofs_per_person", "a one-time code has six digits: more than 100 guesses an hour are too many")
	}
	between(r, "limits.request_bytes", c.Limits.RequestBytes, 4<<10, 16<<20)
	between(r, "limits.header_bytes", c.Limits.HeaderBytes, 8<<10, 1<<20)
	between(r, "limits.request_timeout", c.Limits.RequestTimeout, time.Second, 5*time.Minute)
	between(r, "limits.shutdown_timeout", c.Limits.ShutdownTimeout, 0, 5*time.Minute)
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		r.fatal("log.level", "%q is not a level; write debug, info, warn or error", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		r.fatal("log.format", "%q is not a format; write text or json", c.Log.Format)
	}
}

func between[T int | int64 | time.Duration](r *report, key string, v, low, high T) {
	if v < low || v > high {
		r.fatal(key, "%v is not between %v and %v", v, low, high)
	}
}

// readable checks that a named file can be read.
func readable(r *report, key, path string) (os.FileInfo, bool) {
	if path == "" {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		r.fatal(key, "%v", err)
		return nil, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		r.fatal(key, "%s is not a file", path)
		return nil, false
	}
	return info, true
}

// private checks a file that holds a secret.
func private(r *report, key, path string) bool {
	info, ok := readable(r, key, path)
	if ok && info.Mode().Perm()&0o077 != 0 {
		r.warn(key, "%s can be read by other users of this machine; run chmod 600 on it", path)
	}
	return ok
}
