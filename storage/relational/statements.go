package relational

// Statements are the hot ones, which a backend may write in its own way. Parameters and results are these:
//
//	Session  $1 id, $2 expires_at → the columns that scanSession reads
//	Redeem   $1 … $14 the grant in the order of insertGrantArgs, $15 now → one row written; none if refused
//	Rotate   $1 id, $2 expires_at, $3 generation, $4 now → grantColumns; no row if refused
//	Grant    $1 id, $2 expires_at, $3 now → grantColumns, region, name, status, epoch, least_acr of the person, session stands
//
// ForUpdate and ForKeyShare are added to a SELECT within a transaction: the first makes rows this transaction's alone, the second keeps
// others from doing so. They are empty where one transaction writes at a time.
type Statements struct {
	Session, Redeem, Rotate, Grant string
	ForUpdate, ForKeyShare         string
}

// GrantColumns are the columns of a grant besides its key, as Rotate and Grant return them; g is the grant.
const GrantColumns = `g.session_id, g.session_expires_at, g.client_id, g.person_id, g.epoch, g.scopes, g.auth_time,
	g.acr, g.amr, g.claims, g.offline, g.generation, g.created_at, g.ended_at`

// Portable are the hot statements as every database takes them. SQLite lets RETURNING name the written table only,
// hence the subqueries.
var Portable = Statements{
	Session: `SELECT s.person_id, s.epoch, s.auth_time, s.acr, s.amr, s.origin, s.upstream_id_token, s.user_agent,
		s.family, s.created_at, s.ended_at, p.status, p.epoch, p.least_acr
		FROM sessions s JOIN persons p ON p.id = s.person_id
		WHERE s.id = $1 AND s.expires_at = $2`,

	Redeem: `INSERT INTO grants AS g (id, expires_at, session_id, session_expires_at, client_id, person_id, epoch, scopes,
		auth_time, acr, amr, claims, offline, generation, created_at, ended_at)
		SELECT $1, $2, s.id, s.expires_at, $5, p.id, p.epoch, $8, $9, $10, $11, $12, $13, 0, $14, 0
		FROM sessions s JOIN persons p ON p.id = s.person_id
		WHERE s.id = $3 AND s.expires_at = $4 AND s.ended_at = 0 AND s.expires_at > $15
		AND s.person_id = $6 AND s.epoch = $7 AND p.epoch = $7 AND p.status = 'active' AND s.acr >= p.least_acr
		ON CONFLICT DO NOTHING`,

	Rotate: `UPDATE grants AS g SET generation = generation + 1
		WHERE g.id = $1 AND g.expires_at = $2 AND g.generation = $3 AND g.ended_at = 0 AND g.expires_at > $4
		AND EXISTS (SELECT 1 FROM persons p WHERE p.id = g.person_id AND p.status = 'active' AND p.epoch = g.epoch
			AND g.acr >= p.least_acr)
		AND (g.offline OR EXISTS (SELECT 1 FROM sessions s WHERE s.id = g.session_id
			AND s.expires_at = g.session_expires_at AND s.ended_at = 0 AND s.expires_at > $4))
		RETURNING session_id, session_expires_at, client_id, person_id, epoch, scopes, auth_time, acr, amr, claims,
		offline, generation, created_at, ended_at`,

	Grant: `SELECT ` + GrantColumns + `, p.region, p.name, p.status, p.epoch, p.least_acr,
		EXISTS (SELECT 1 FROM sessions s WHERE s.id = g.session_id AND s.expires_at = g.session_expires_at
			AND s.ended_at = 0 AND s.expires_at > $3)
		FROM grants g JOIN persons p ON p.id = g.person_id
		WHERE g.id = $1 AND g.expires_at = $2`,
}
