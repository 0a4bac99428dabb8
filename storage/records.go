package storage

import "time"

// PersonStatus says whether a person may sign in.
type PersonStatus string

// The states of a person.
const (
	PersonActive      PersonStatus = "active"
	PersonFrozen      PersonStatus = "frozen"
	PersonDeactivated PersonStatus = "deactivated" // deceased, or the record was cancelled
	PersonMerged      PersonStatus = "merged"      // found to be another person; see [Person.MergedInto]
)

// Person is a natural person known to this issuer.
type Person struct {
	ID   string
	Name string // sealed at rest; as the authoritative source writes it
	// Received is the name as it was received, if that is another form than Name; nil if not, and where a person comes without documents.
	Received *ReceivedName
	Region   string // home region, a province-level code of GB/T 2260 ("33")
	// Status and LeastACR follow from the holds that lie on the person; see [Holds].
	Status PersonStatus
	// LeastACR is the rung that a session needs to stand; 0 if any will do.
	LeastACR int
	// MergedInto is the person that this one was found to be; "" if none.
	MergedInto string
	// Epoch grows by one with every correction of the person. Sessions and grants of an earlier epoch are void.
	Epoch     int64
	Documents []Document
	CreatedAt time.Time
}

// ReceivedName is a name in the form in which it was received, kept beside the form that is stored; sealed at rest.
type ReceivedName struct {
	Form string `json:"form"` // byte for byte
	// Mapping is the version of the table by which it is the same name.
	Mapping string `json:"mapping"`
	// Source is who wrote it so, as evidence says it: "register", "issuer:" or "officer:" with an identifier, "here" for what was stored.
	Source string `json:"source,omitempty"`
}

// Document is an identity document of a person. Kind and number identify one person at most.
type Document struct {
	Kind   string // a federation/identity kind, e.g. "resident_id"
	Number string // normalised; sealed at rest, looked up by keyed hash
}

// RegisterStatus says what the authoritative source knows of a document.
type RegisterStatus string

// The states of a register entry.
const (
	RegisterValid     RegisterStatus = "valid"
	RegisterDeceased  RegisterStatus = "deceased"
	RegisterCancelled RegisterStatus = "cancelled"
)

// RegisterEntry is one line of the imported register of natural persons: what the authoritative source says.
type RegisterEntry struct {
	Document Document
	Name     string // sealed at rest
	// Received is the name as the source wrote it, if that is another form than Name; else nil.
	Received *ReceivedName
	Phone    string // E.164 ("+8613800000000"), "" if none is on record; sealed at rest
	Region   string // home region
	Status   RegisterStatus
}

// Link joins a person to the subject that another issuer knows them by.
type Link struct {
	Issuer    string
	Subject   string
	PersonID  string
	Frozen    bool // a hold lies on it: nobody signs in by it
	CreatedAt time.Time
}

// Credential is an authenticator that a person enrolled.
type Credential struct {
	ID       string
	PersonID string
	Method   string // the method's name: "sms", "totp"
	Label    string // what the person calls it; sealed at rest
	// Handle finds the credential without knowing the person: the phone number of "sms". Sealed at rest and
	// looked up by keyed hash. Not unique: relatives share a phone. "" where the method has none.
	Handle string
	Secret []byte // sealed at rest
	// Counter is the highest counter or time step accepted so far; see [Credentials.UseCredential].
	Counter    int64
	CreatedAt  time.Time
	LastUsedAt time.Time
	// CountsFrom is when it begins to count fully; until then it reaches no higher than rung AtMost. Zero: it does.
	CountsFrom time.Time
	AtMost     int
}

// Reaches is the rung that a credential reaches at a moment, of one that its method proves.
func (c *Credential) Reaches(rung int, now time.Time) int {
	if now.Before(c.CountsFrom) {
		return min(rung, c.AtMost)
	}
	return rung
}

// CredentialUse is what a proof of possession does to a credential.
type CredentialUse struct {
	ID string
	// Counter is stored. It must be greater than the stored one.
	Counter int64
	// Still lets the counter be equal to the stored one: authenticators that do not count always say 0 (WebAuthn §6.1.1).
	Still bool
	// Once deletes the credential instead, which is good for one use (a recovery code): whoever deletes it first made
	// it. The counter does not matter.
	Once bool
	// Secret replaces the stored one if not nil, as the record of an authenticator that changes with its use.
	Secret []byte
}

// Session is single sign-on at this issuer, in one browser.
type Session struct {
	// ID is the SHA-256 of the cookie's secret: whoever reads the table cannot become anybody.
	ID        []byte
	ExpiresAt time.Time // fixed at creation; part of the key
	PersonID  string
	Epoch     int64     // the person's epoch when the session began
	AuthTime  time.Time // of the real authentication, however many hops away
	ACR       int       // the rung reached on the ladder, 1 to 4
	AMR       []string  // RFC 8176 values
	// Origin is the issuer where the person authenticated; "" means here.
	Origin string
	// UpstreamIDToken is the ID token this session came from, for RP-initiated logout there. Sealed at rest.
	UpstreamIDToken string
	UserAgent       string // bounded by the caller
	// Family joins the sessions of one person in one browser, such as before and after a step-up. They end together.
	// If it is empty the session is a family of its own.
	Family    []byte
	CreatedAt time.Time
	EndedAt   time.Time // zero while it lives
}

// LiveSession is a session together with what decides whether it still counts. It is one read.
type LiveSession struct {
	Session
	PersonStatus   PersonStatus
	PersonEpoch    int64
	PersonLeastACR int
}

// Stands reports whether the session may be relied on at the time now.
func (s LiveSession) Stands(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) && s.PersonStatus == PersonActive && s.PersonEpoch == s.Epoch &&
		s.ACR >= s.PersonLeastACR
}

// Grant is a session's tokens for one application: one refresh-token family.
type Grant struct {
	// ID is the identifier of the authorization code it was redeemed from, so that redeeming twice collides.
	ID               []byte
	ExpiresAt        time.Time // fixed at creation; part of the key
	SessionID        []byte
	SessionExpiresAt time.Time
	ClientID         string
	PersonID         string
	Epoch            int64
	Scopes           []string
	AuthTime         time.Time
	ACR              int
	AMR              []string
	// Claims is the "claims" request parameter as received, "" if none (OpenID Connect Core §5.5).
	Claims string
	// Offline grants outlive their session (scope offline_access).
	Offline bool
	// Issuer and Origin are whose word a grant without a session rests on: the issuer whose token was exchanged, and the one where the
	// person authenticated, "" if that is this one. Only for [Exchanges.AddGrant].
	Issuer, Origin string
	// Generation counts rotations of the refresh token. Only the token of the current one is good.
	Generation int64
	CreatedAt  time.Time
	EndedAt    time.Time // zero while it lives
}

// LiveGrant is a grant together with what decides whether it still counts. It is one read.
type LiveGrant struct {
	Grant
	PersonStatus   PersonStatus
	PersonEpoch    int64
	PersonLeastACR int
	SessionStands  bool // the session exists, has not ended and has not expired
	PersonName     string
	PersonRegion   string
}

// Stands reports whether tokens of the grant are good at the time now.
func (g LiveGrant) Stands(now time.Time) bool {
	return g.EndedAt.IsZero() && now.Before(g.ExpiresAt) && (g.Offline || g.SessionStands) &&
		g.PersonStatus == PersonActive && g.PersonEpoch == g.Epoch && g.ACR >= g.PersonLeastACR
}

// Conversation is a sign-in under way in one browser: opaque to the store, changed by compare-and-swap.
type Conversation struct {
	ID        string
	ExpiresAt time.Time // part of the key
	Version   int64     // 1 when created; grows by one with each Advance
	Body      []byte    // sealed at rest
}

// ApplicationStatus is a place in an application's life.
type ApplicationStatus string

// The states of an application.
const (
	ApplicationDraft     ApplicationStatus = "draft"
	ApplicationSubmitted ApplicationStatus = "submitted"
	ApplicationApproved  ApplicationStatus = "approved"
	ApplicationPublished ApplicationStatus = "published"
	ApplicationSuspended ApplicationStatus = "suspended"
	ApplicationRetired   ApplicationStatus = "retired"
)

// Application is an OAuth client. Only a published one may be used.
type Application struct {
	ClientID string
	Status   ApplicationStatus
	Name     map[string]string // by language tag: "zh", "en"
	Region   string
	// AuthMethod is its token_endpoint_auth_method (RFC 7591 §2).
	AuthMethod string
	// SecretHash is the keyed hash of the client secret; nil where the method needs none.
	SecretHash             []byte
	JWKS                   []byte // public keys for private_key_jwt
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	// BackchannelLogoutURI is where it is told of ended sessions (OpenID Connect Back-Channel Logout §2.2); "" if nowhere.
	BackchannelLogoutURI string
	GrantTypes           []string
	Scopes               []string // what it may ask for
	Audience             []string // audiences of its access tokens besides the issuer
	// SectorIdentifier is the host that pairwise subjects are computed for (OpenID Connect Core §8.1).
	SectorIdentifier string
	IDTokenAlg       string // "ES256" unless it registered "RS256"
	// PKCEOptional lets a confidential client go without PKCE; it must then send a nonce.
	PKCEOptional bool
	// Channels are where it may be used from; nil means anywhere.
	Channels []string
	// Methods are the ways of signing in that it accepts; nil means all.
	Methods []string
	// StatusList gives its access tokens a place in a status list, for those who check them without asking; see [TokenStatuses].
	StatusList bool
	// Issuer marks an application that is itself an issuer of the federation (a province at the nation, the
	// nation at a province): it may receive verified documents for linking, without asking the citizen.
	Issuer    bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// UpstreamStatus says whether sign-in at another issuer is open.
type UpstreamStatus string

// The states of an upstream.
const (
	UpstreamActive    UpstreamStatus = "active"
	UpstreamSuspended UpstreamStatus = "suspended"
)

// Upstream is another issuer whose people may sign in here: a province at the nation, the nation at a province.
type Upstream struct {
	Issuer string
	Region string // "33"; "00" is the nation
	Name   map[string]string
	// ClientID and ClientSecret are this issuer's registration there. The secret is sealed at rest.
	ClientID     string
	ClientSecret string
	AuthMethod   string // "client_secret_basic" unless registered otherwise
	Scopes       []string
	// Claims names the claims that carry what a link needs, where they differ from ours; see upstream.Config.ClaimNames.
	Claims map[string]string
	// ACR maps the other issuer's acr values to rungs here. Unlisted values count as rung 1.
	ACR map[string]int
	// Dialect declares how an issuer speaks that is no OpenID provider, as JSON; see upstream.Dialect. nil: it is one.
	Dialect []byte
	// Below says that this node vouches for it too, or did: it is a [Subordinate], and known by its chain. It is read, not written.
	Below     bool
	Status    UpstreamStatus
	CreatedAt time.Time
}

// SigningKey is a key that signs tokens. Private is PKCS #8 DER, sealed at rest.
type SigningKey struct {
	KeyID      string
	Algorithm  string // "ES256" or "RS256"
	Private    []byte
	CreatedAt  time.Time
	ActiveFrom time.Time // signs from then on; published from CreatedAt
	RetireAt   time.Time // zero: no successor yet. Published, and good for verification, until then
}

// RetiredKey is the public half of a key that signed once.
type RetiredKey struct {
	KeyID     string
	JWK       []byte // public
	CreatedAt time.Time
	RetiredAt time.Time
}

// Consent is a citizen's agreement that an application may receive certain scopes.
type Consent struct {
	PersonID string
	ClientID string
	Scopes   []string
	GivenAt  time.Time
}

// ImportProgress remembers how far an import of a file came.
type ImportProgress struct {
	Source   string // SHA-256 of the file, in hex
	Line     int64  // the last line whose batch was committed
	Imported int64
	Rejected int64
	Done     bool
}
