package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"
)

// Role says what an issuer is in the federation.
type Role string

// The roles.
const (
	National     Role = "national"
	Province     Role = "province"
	Intermediate Role = "intermediate"
)

// Config is the configuration of one issuer. The doc tags are its reference; see [Reference].
type Config struct {
	Role           Role       `yaml:"role" doc:"What this issuer is: national or province. intermediate: nobody signs in here; it vouches for applications of a city or a ministry, and no more."`
	Region         string     `yaml:"region" doc:"Province-level code of GB/T 2260, such as 33 for Zhejiang. The nation is 00."`
	Issuer         string     `yaml:"issuer" doc:"The issuer's URL as browsers and applications see it. It is part of every token and cannot change later. https, except on localhost."`
	Name           Name       `yaml:"name" doc:"What citizens read at the top of each page."`
	Listen         string     `yaml:"listen" doc:"The address to listen on, as host:port."`
	TLS            TLS        `yaml:"tls" doc:"Certificate for https on that address. Leave both empty where a proxy in front ends TLS."`
	TrustedProxies []string   `yaml:"trusted_proxies" doc:"Networks (10.0.0.0/8) or addresses of the proxies in front. Only they may say, in X-Forwarded-For, where a request came from."`
	Database       Database   `yaml:"database" doc:"Where records are kept."`
	RootKeyFile    string     `yaml:"root_key_file" doc:"File with the root key, 32 bytes in base64, under which everything personal is sealed. Make one with: manyou keys root. Without it a backup cannot be read. Instead of the file: MANYOU_ROOT_KEY."`
	SMS            SMS        `yaml:"sms" doc:"The gateway that sends one-time codes."`
	Passkey        Passkey    `yaml:"passkey" doc:"Signing in by fingerprint, face or screen lock."`
	Register       Register   `yaml:"register" doc:"The authoritative register of natural persons."`
	Federation     Federation `yaml:"federation" doc:"OpenID Federation: whom nobody registered here is known by those who vouch for them."`
	Correction     Correction `yaml:"correction" doc:"The queue of disputes about identities, at the nation."`
	Session        Session    `yaml:"session" doc:"Single sign-on at this issuer."`
	Attempts       Attempts   `yaml:"attempts" doc:"Bounds on attempts at signing in, in each hour."`
	Limits         Limits     `yaml:"limits" doc:"Bounds on what one request may take."`
	Log            Log        `yaml:"log" doc:"The log, written to standard error."`
}

// Name is a name in the languages of the pages.
type Name struct {
	ZH string `yaml:"zh" doc:"In Chinese."`
	EN string `yaml:"en" doc:"In English."`
}

// Map returns the name by language tag.
func (n Name) Map() map[string]string { return map[string]string{"zh": n.ZH, "en": n.EN} }

// TLS names a certificate and its key, both PEM.
type TLS struct {
	CertFile string `yaml:"cert_file" doc:"The certificate chain, PEM."`
	KeyFile  string `yaml:"key_file" doc:"Its private key, PEM."`
}

// Enabled reports whether the issuer ends TLS itself.
func (t TLS) Enabled() bool { return t.CertFile != "" || t.KeyFile != "" }

// Database says where records are kept.
type Database struct {
	URL string `yaml:"url" doc:"postgres://user@host/name, or sqlite:path for a single node. Instead, where it holds a password: MANYOU_DATABASE_URL."`
}

// SMS is the gateway of one-time codes.
type SMS struct {
	Webhook Webhook `yaml:"webhook" doc:"Each message is sent there by POST, as JSON."`
	SIM     SIM     `yaml:"sim" doc:"Before a code is sent: did the number's SIM card change lately? A thief who has moved a number gets no code."`
}

// SIM is who knows when the SIM card of a number changed.
type SIM struct {
	URL       string        `yaml:"url" doc:"The service asked (CAMARA SIM Swap, retrieve-date). Empty: nobody is asked."`
	TokenFile string        `yaml:"token_file" doc:"File with the bearer token to show there. Instead of the file: MANYOU_SIM_TOKEN."`
	Window    time.Duration `yaml:"window" doc:"How long after a change no code is sent."`
	Strict    bool          `yaml:"strict" doc:"No code either when the service does not know the number, or does not answer."`
}

// Webhook is an HTTP endpoint with a bearer token.
type Webhook struct {
	URL       string `yaml:"url" doc:"The gateway's URL."`
	TokenFile string `yaml:"token_file" doc:"File with the bearer token to show there. Instead of the file: MANYOU_SMS_TOKEN."`
}

// Passkey says for whom passkeys are made, and which of them reach the fourth rung.
type Passkey struct {
	RPID           string   `yaml:"rp_id" doc:"The domain that passkeys belong to. Empty: the issuer's host. It cannot change later without losing every passkey. A province may name the nation's host, so that one passkey works everywhere."`
	RelatedOrigins []string `yaml:"related_origins" doc:"At the nation: the origins of provinces that use its domain for their passkeys (https://id.zj.example). A browser takes five domains at most."`
	RootsFile      string   `yaml:"attestation_roots_file" doc:"Certificates (PEM) of makers whose word is taken that a key cannot leave its hardware. Without it no passkey reaches the fourth rung."`
	Models         []string `yaml:"attestation_models" doc:"The AAGUIDs of the models that are trusted, with those certificates."`
}

// Roots reads the makers' certificates; none if there is no file.
func (p Passkey) Roots() (roots []*x509.Certificate, err error) {
	if p.RootsFile == "" {
		return nil, nil
	}
	rest, err := os.ReadFile(p.RootsFile)
	if err != nil {
		return nil, fmt.Errorf("passkey.attestation_roots_file: %w", err)
	}
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("passkey.attestation_roots_file: %w", err)
		}
		roots = append(roots, root)
	}
	if len(roots) == 0 {
		return nil, errors.New("passkey.attestation_roots_file: no certificate in it")
	}
	return roots, nil
}

// RegisterSource says where the register of natural persons is.
type RegisterSource string

// The sources of the register.
const (
	RegisterTable RegisterSource = "table"
	RegisterHTTP  RegisterSource = "http"
)

// Register says how the authoritative register is asked.
type Register struct {
	Source    RegisterSource `yaml:"source" doc:"table: the one filled by manyou register import. http: the service at url, asked for each first sign-in."`
	URL       string         `yaml:"url" doc:"The service's URL, for source http."`
	TokenFile string         `yaml:"token_file" doc:"File with the bearer token to show there. Instead of the file: MANYOU_REGISTER_TOKEN."`
}

// Federation says where an issuer stands among those who vouch for one another.
type Federation struct {
	Enabled         bool          `yaml:"enabled" doc:"Whether this issuer is an entity of a federation, and accepts applications that its anchor or an entity below it vouches for."`
	Superior        string        `yaml:"superior" doc:"The entity that vouches for this one: the nation, for a province; the province, for a city. Empty at the nation."`
	Anchor          string        `yaml:"anchor" doc:"The entity that everybody trusts: the nation. Empty at the nation."`
	AnchorKeysFile  string        `yaml:"anchor_keys_file" doc:"File with the anchor's public keys (JWK Set), as its operator handed them over. Its later keys are learned from there."`
	ApplicationMark string        `yaml:"application_mark" doc:"Trust mark (a URL) without which no application is accepted that is not registered here: its approval, given with manyou entity mark. Empty: none is needed."`
	MarkIssuers     []string      `yaml:"mark_issuers" doc:"At the nation: entities of the federation, such as ministries, that may give that trust mark besides the nation itself."`
	ExchangeRules   string        `yaml:"exchange_rules_file" doc:"JSON with the rules by which tokens of one region may become tokens of another. Empty: scopes of applications cross, for twelve hours after the authentication, where an application is registered for it."`
	StatementLife   time.Duration `yaml:"statement_life" doc:"How long others may act on what this issuer says of an entity when it cannot be heard: the longest that a suspension takes to arrive."`
}

// Session bounds single sign-on.
type Session struct {
	Lifetime time.Duration `yaml:"lifetime" doc:"How long a session lasts, from sign-in. It does not grow with use."`
}

// Attempts bound attempts at signing in, in each hour. The fields are those of idp.Limits.
type Attempts struct {
	MessagesPerPhone   int64 `yaml:"messages_per_phone" doc:"One-time codes sent to one phone."`
	MessagesPerDevice  int64 `yaml:"messages_per_device" doc:"One-time codes asked for by one browser."`
	MessagesPerAddress int64 `yaml:"messages_per_address" doc:"One-time codes asked for from one network address. Leave room for those who share one."`
	ProofsPerPerson    int64 `yaml:"proofs_per_person" doc:"Wrong codes, names or documents for one person."`
	ProofsPerDevice    int64 `yaml:"proofs_per_device" doc:"The same from one browser."`
	ProofsPerAddress   int64 `yaml:"proofs_per_address" doc:"The same from one network address."`
}

// Limits bound what one request may take.
type Limits struct {
	RequestBytes    int64         `yaml:"request_bytes" doc:"Largest request body, in bytes."`
	HeaderBytes     int           `yaml:"header_bytes" doc:"Largest request header with its URL, in bytes."`
	RequestTimeout  time.Duration `yaml:"request_timeout" doc:"Longest time to receive a request and to write its answer."`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout" doc:"How long requests under way may take to finish when the issuer stops."`
}

// Log says what is logged and how.
type Log struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error."`
	Format string `yaml:"format" doc:"text or json."`
}

// Default is the configuration before the file is read.
func Default() Config {
	return Config{
		Listen:     "127.0.0.1:9000",
		Register:   Register{Source: RegisterTable},
		SMS:        SMS{SIM: SIM{Window: 72 * time.Hour}},
		Federation: Federation{StatementLife: time.Hour},
		Correction: defaultCorrection(),
		Session:    Session{Lifetime: 12 * time.Hour},
		Attempts: Attempts{
			MessagesPerPhone: 8, MessagesPerDevice: 20, MessagesPerAddress: 300,
			ProofsPerPerson: 15, ProofsPerDevice: 30, ProofsPerAddress: 500,
		},
		Limits: Limits{
			RequestBytes:    64 << 10,
			HeaderBytes:     32 << 10,
			RequestTimeout:  15 * time.Second,
			ShutdownTimeout: 10 * time.Second,
		},
		Log: Log{Level: "info", Format: "text"},
	}
}
