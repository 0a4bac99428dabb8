package storage

import (
	"context"
	"time"
)

// Store is everything that a backend provides. Those who use it declare the small part they need.
type Store interface {
	Persons
	Holds
	Cases
	Signals
	Recovery
	Register
	Links
	Credentials
	Sessions
	SignIns
	Grants
	TokenStatuses
	Onwards
	Exchanges
	Invitations
	Memberships
	Registrations
	Staff
	Notes
	AuditLog
	Conversations
	Tickets
	Events
	Applications
	Upstreams
	SigningKeys
	Consents
	Limits
	Replays
	Subordinates
	TrustMarks

	// Maintain creates what the next days need (partitions) and drops what expired before now. It is safe to
	// call on any number of nodes at once.
	Maintain(ctx context.Context, now time.Time) error
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
	Close() error
}

// Persons are those who have signed in here, or were linked from elsewhere.
type Persons interface {
	// Person returns a person with documents. ErrNotFound.
	Person(ctx context.Context, id string) (Person, error)
	// PersonByDocument finds the one person who holds a document. ErrNotFound.
	PersonByDocument(ctx context.Context, d Document) (Person, error)
	// MergedInto lists the persons who were found to be that one, by ID.
	MergedInto(ctx context.Context, personID string) ([]string, error)
}

// Register is the imported table of natural persons.
type Register interface {
	// PutRegister writes the entries and the progress in one transaction; an entry of the same document is
	// replaced.
	PutRegister(ctx context.Context, entries []RegisterEntry, p ImportProgress) error
	// RegisterEntry finds an entry by document. ErrNotFound.
	RegisterEntry(ctx context.Context, d Document) (RegisterEntry, error)
	// RegisterCount is the number of entries.
	RegisterCount(ctx context.Context) (int64, error)
	// ImportProgress returns how far the import of a source came. ErrNotFound.
	ImportProgress(ctx context.Context, source string) (ImportProgress, error)
}

// Links join persons to subjects at other issuers.
type Links interface {
	// Link finds the link and its person (without documents) in one read. ErrNotFound.
	Link(ctx context.Context, issuer, subject string) (Link, Person, error)
	// LinksOf lists a person's links, oldest first.
	LinksOf(ctx context.Context, personID string) ([]Link, error)
}

// Credentials are the enrolled authenticators.
type Credentials interface {
	// AddCredential stores a new credential. ErrConflict if its ID exists, ErrNotFound if the person does not.
	AddCredential(ctx context.Context, c Credential) error
	// CredentialsOf lists a person's credentials, oldest first.
	CredentialsOf(ctx context.Context, personID string) ([]Credential, error)
	// CredentialsByHandle lists the credentials of a method with a handle, oldest first.
	CredentialsByHandle(ctx context.Context, method, handle string) ([]Credential, error)
	// AddCredentials stores new credentials in one transaction, all or none. Errors as those of AddCredential.
	AddCredentials(ctx context.Context, cs []Credential) error
	// ReplaceCredentials deletes a person's credentials of a method and stores the given ones, which must be that
	// person's and of that method, in one transaction: a new set of recovery codes. Of replacements at once, one whole
	// set remains. ErrNotFound if the person does not exist.
	ReplaceCredentials(ctx context.Context, personID, method string, cs []Credential) error
	// UseCredential records a use, in one atomic statement. ErrUsed if the counter is not good enough, ErrNotFound if
	// there is no such credential, also if it was good for one use and that was made.
	UseCredential(ctx context.Context, u CredentialUse, at time.Time) error
	// LabelCredential names a credential of that person anew. ErrNotFound.
	LabelCredential(ctx context.Context, personID, id, label string) error
	// RemoveCredential deletes a credential of that person. ErrNotFound.
	RemoveCredential(ctx context.Context, personID, id string) error
}

// Sessions are single sign-on.
type Sessions interface {
	// Session returns a session, ended or not, with its person's state. One read. ErrNotFound.
	Session(ctx context.Context, id []byte, expiresAt time.Time) (LiveSession, error)
	// EndSession ends a session with its family; ending it again changes nothing. ErrNotFound.
	EndSession(ctx context.Context, id []byte, expiresAt, at time.Time) error
	// SessionsOf lists a person's sessions that stand as far as they are concerned: not ended, not expired, of the
	// person's present epoch. Newest first, at most 50 of them, without UpstreamIDToken. One read.
	SessionsOf(ctx context.Context, personID string, now time.Time) ([]Session, error)
	// EndSessionsOf ends a person's sessions but for those of a family (nil: none is spared), and the offline grants but for those that
	// rest on a session of that family, in one transaction. It returns how many sessions there were that had not ended or expired before.
	EndSessionsOf(ctx context.Context, personID string, except []byte, at time.Time) (int64, error)
	// EndSessionsOutside ends the sessions that came from an issuer which is not among those given, the offline grants that rest on
	// them, and the grants without a session that rest on its word, in one transaction, and returns how many sessions that were.
	// Sessions that began here stay.
	EndSessionsOutside(ctx context.Context, origins []string, at time.Time) (int64, error)
	// EndSessionsFrom ends the sessions that came from an issuer, and the grants that rest on them or on its word, as EndSessionsOutside.
	EndSessionsFrom(ctx context.Context, origin string, at time.Time) (int64, error)
	// VoidedSince lists what ceased to stand at that time or later, at most limit of it. One read.
	VoidedSince(ctx context.Context, since time.Time, limit int) ([]Void, error)
}

// Void is something that ceased to stand: a session that ended, or all sessions of a person whose epoch grew.
type Void struct {
	SessionID []byte // nil if it is a person
	PersonID  string // "" if it is a session
}

// SignIn is what the end of a sign-in conversation writes, all or nothing.
type SignIn struct {
	// Conversation is used up: it must exist at this version, else ErrConflict and nothing is written.
	ConversationID        string
	ConversationExpiresAt time.Time
	ConversationVersion   int64
	// Person is created if not nil. If a person with one of its documents exists already: ErrConflict.
	Person *Person
	// Link is created if not nil. If the subject is linked to another person: ErrConflict.
	Link *Link
	// Credential is created if not nil.
	Credential *Credential
	// Ticket is used up if not nil: it must exist at this version, else ErrConflict and nothing is written.
	Ticket *Ticket
	// Use is recorded, as of the session's beginning, if not nil: the credential that was proven. If it is not the
	// session's person's, or the use is not good (any more): ErrUsed and nothing is written.
	Use *CredentialUse
	// Event is written if not nil.
	Event *Event
	// Rests names the session on whose strength this one begins, nil if there is none: it must be that person's, and
	// stand, else ErrEnded and nothing is written.
	Rests *SessionRef
	// ReplacesID and ReplacesExpiresAt name the browser's earlier session; nil if there was none. It ends with its family
	// if it is another person's. The same person's goes on, because tokens and codes of it are in use.
	ReplacesID        []byte
	ReplacesExpiresAt time.Time
	// Session begins. Its Epoch is set by the store from the person as read in this transaction; if the person
	// is not active, the session would not stand under a hold, or its origin is suspended: ErrEnded and nothing is written.
	Session Session
}

// SessionRef names a session.
type SessionRef struct {
	ID        []byte
	ExpiresAt time.Time
}

// SignIns end sign-in conversations.
type SignIns interface {
	// CompleteSignIn does all of it in one durable transaction. When it returns nil, the session survives the
	// death of the process and of the database server. It returns the epoch that the session was given.
	CompleteSignIn(ctx context.Context, s SignIn) (epoch int64, err error)
}

// Grants are the tokens of sessions.
type Grants interface {
	// Redeem writes the grant of an authorization code, in one durable statement, if the code was not redeemed
	// before (no grant has its ID) and the session and the person stand: session alive at now, person active,
	// epochs of session and person equal to g.Epoch. It returns the grant.
	//
	// ErrUsed: the code was redeemed before; the earlier grant has been ended (RFC 6749 §4.1.2).
	// ErrEnded: the session or the person no longer stands.
	Redeem(ctx context.Context, g Grant, now time.Time) (Grant, error)
	// Rotate raises the generation of a grant from the given one, in one durable statement, if the grant and
	// all that it rests on stand at now. Afterwards the returned grant has generation+1.
	//
	// ErrUsed: the generation is an earlier one; the grant has been ended (RFC 9700 §4.14.2).
	// ErrEnded: the grant, session or person no longer stands. ErrNotFound: there is no such grant.
	Rotate(ctx context.Context, id []byte, expiresAt time.Time, generation int64, now time.Time) (Grant, error)
	// Grant returns a grant with all that decides whether it stands at now. One read. ErrNotFound.
	Grant(ctx context.Context, id []byte, expiresAt, now time.Time) (LiveGrant, error)
	// EndGrant ends a grant of that client; ending it again changes nothing. ErrNotFound.
	EndGrant(ctx context.Context, id []byte, expiresAt time.Time, clientID string, at time.Time) error
}

// Conversations are sign-ins under way. Losing the last moments of them in a crash is allowed.
type Conversations interface {
	// CreateConversation stores a new one at version 1. ErrConflict if the ID exists.
	CreateConversation(ctx context.Context, c Conversation) error
	// Conversation returns one. ErrNotFound.
	Conversation(ctx context.Context, id string, expiresAt time.Time) (Conversation, error)
	// ConversationAndCredentials returns one together with the credentials of a method with a handle, oldest first, as
	// [Credentials.CredentialsByHandle] does. One read. ErrNotFound if there is no conversation.
	ConversationAndCredentials(ctx context.Context, id string, expiresAt time.Time, method, handle string) (Conversation, []Credential, error)
	// Advance replaces the body and raises the version if c.Version is the stored one, in one atomic statement.
	// ErrConflict otherwise.
	Advance(ctx context.Context, c Conversation) error
	// EndConversation deletes one if c.Version is the stored one, in one atomic statement. ErrConflict otherwise.
	EndConversation(ctx context.Context, c Conversation) error
}

// Applications are the registered clients.
type Applications interface {
	// PutApplication creates or replaces an application by client ID.
	PutApplication(ctx context.Context, a Application) error
	// ChangeApplication replaces an application that was read as it was changed at a moment. ErrConflict if it was changed since, or has another status.
	ChangeApplication(ctx context.Context, a Application, read time.Time) error
	// Application returns one. ErrNotFound.
	Application(ctx context.Context, clientID string) (Application, error)
	// IssuerApplication returns the published application that is the issuer of a region. ErrNotFound.
	IssuerApplication(ctx context.Context, region string) (Application, error)
	// ListApplications returns those after a client ID, in order of client ID, at most limit.
	ListApplications(ctx context.Context, after string, limit int) ([]Application, error)
	// SetApplicationStatus moves an application to a status. ErrNotFound.
	SetApplicationStatus(ctx context.Context, clientID string, s ApplicationStatus, at time.Time) error
}

// Upstreams are the other issuers.
type Upstreams interface {
	// PutUpstream creates or replaces an upstream by issuer. ErrConflict if another issuer holds its region.
	PutUpstream(ctx context.Context, u Upstream) error
	// ListUpstreams returns all of them, by region.
	ListUpstreams(ctx context.Context) ([]Upstream, error)
	// SetUpstreamStatus opens or closes sign-in there. ErrNotFound.
	SetUpstreamStatus(ctx context.Context, issuer string, s UpstreamStatus) error
}

// SigningKeys are the issuer's keys.
type SigningKeys interface {
	// SigningKeys returns all keys, oldest first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddSigningKey stores a key and sets RetireAt on all older keys of its algorithm that have none or a later one, in
	// one transaction. It writes only if the newest key of that algorithm is the one named ("" if there is none):
	// two nodes that rotate at once yield one new key, the other gets ErrConflict.
	AddSigningKey(ctx context.Context, k SigningKey, newest string, retireOlderAt time.Time) error
	// KeepRetiredKeys stores the public halves of keys that are about to be dropped; those that are kept already stay as they are.
	KeepRetiredKeys(ctx context.Context, keys []RetiredKey) error
	// RetiredKeys returns those that were kept, the latest to retire first, at most limit.
	RetiredKeys(ctx context.Context, limit int) ([]RetiredKey, error)
	// DropSigningKeys deletes keys retired before the time.
	DropSigningKeys(ctx context.Context, before time.Time) error
}

// Consents are citizens' agreements.
type Consents interface {
	// PutConsent adds the scopes to what was agreed before.
	PutConsent(ctx context.Context, c Consent) error
	// Consent returns what was agreed. ErrNotFound.
	Consent(ctx context.Context, personID, clientID string) (Consent, error)
	// ConsentsOf lists what a person agreed to, by client ID.
	ConsentsOf(ctx context.Context, personID string) ([]Consent, error)
	// WithdrawConsent deletes what was agreed with an application. What that holds already is not ended. ErrNotFound.
	WithdrawConsent(ctx context.Context, personID, clientID string) error
}

// Limits count attempts in fixed windows.
type Limits interface {
	// Count adds n (which may be 0, to look) to each key's counter for the window that ends at expiresAt, in one
	// atomic statement, and returns the new totals in order. Losing the last moments in a crash is allowed.
	Count(ctx context.Context, keys []string, n int64, expiresAt time.Time) ([]int64, error)
}

// Replays remember what may be used once.
type Replays interface {
	// Use records a value (a client assertion's jti, a revoked token's jti) until it expires, in one atomic
	// statement. ErrUsed if it was recorded before.
	Use(ctx context.Context, kind, value string, expiresAt time.Time) error
	// Used reports whether a value was recorded.
	Used(ctx context.Context, kind, value string, expiresAt time.Time) (bool, error)
	// Claim records a value as a holder's, in one transaction, and reports whether it is: of several holders the first has it, as often as it asks.
	Claim(ctx context.Context, kind, value, holder string, expiresAt time.Time) (bool, error)
}
