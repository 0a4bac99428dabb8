package idp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"manyou/idp/keys"
	"manyou/idp/signin"
	"manyou/idp/statuslist"
)

// Paths of the issuer's endpoints.
const (
	pathDiscovery  = "/.well-known/openid-configuration"
	pathMetadata   = "/.well-known/oauth-authorization-server"
	pathKeys       = "/keys"
	pathAuthorize  = "/authorize"
	pathToken      = "/token"
	pathUserInfo   = "/userinfo"
	pathIntrospect = "/introspect"
	pathRevoke     = "/revoke"
	pathEndSession = "/end_session"
)

// Where another issuer sends the browser back to; both are registered there.
const (
	CallbackPath          = signin.CallbackPath
	SignedOutPath         = "/upstream/signed-out"
	BackchannelLogoutPath = signin.BackchannelLogoutPath
)

// metadata is the provider's metadata (OpenID Connect Discovery §3, RFC 8414 §2).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	Backchannel           string   `json:"backchannel_authentication_endpoint"` // CIBA Core §4
	BackchannelModes      []string `json:"backchannel_token_delivery_modes_supported"`
	DeviceAuthorization   string   `json:"device_authorization_endpoint"` // RFC 8628 §4
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	AuthAlgorithms        []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	ACRValues             []string `json:"acr_values_supported"`
	Claims                []string `json:"claims_supported"`
	ClaimTypes            []string `json:"claim_types_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	UILocales             []string `json:"ui_locales_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
	ResponseIssuer        bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	FederationRegister    string   `json:"federation_registration_endpoint,omitempty"`
	RegistrationTypes     []string `json:"client_registration_types_supported,omitempty"` // OpenID Federation 1.0 §5.1.3
	RequestAlgorithms     []string `json:"request_object_signing_alg_values_supported,omitempty"`
	BackchannelLogout     bool     `json:"backchannel_logout_supported"` // OpenID Connect Back-Channel Logout §2.1
	BackchannelSession    bool     `json:"backchannel_logout_session_supported"`
	ChainingTypes         []string `json:"identity_chaining_requested_token_types_supported"` // draft-ietf-oauth-identity-chaining
	StatusLists           string   `json:"status_list_aggregation_endpoint"`                  // draft-ietf-oauth-status-list-17 §9.1
	ServiceDocumentation  string   `json:"service_documentation,omitempty"`
}

func (i *Issuer) metadata() metadata {
	algorithms := make([]string, len(assertionAlgorithms))
	for n, alg := range assertionAlgorithms {
		algorithms[n] = string(alg)
	}
	methods := []string{methodBasic, methodPost, methodPrivateKey}
	var registration, requests []string
	var register string
	if i.Federation != nil {
		registration, requests, register = []string{"automatic", "explicit"}, algorithms, i.Issuer+pathRegister
	}
	return metadata{
		FederationRegister: register, RegistrationTypes: registration, RequestAlgorithms: requests, RequestParameter: registration != nil,
		Issuer:                i.Issuer,
		AuthorizationEndpoint: i.Issuer + pathAuthorize,
		TokenEndpoint:         i.Issuer + pathToken,
		UserInfoEndpoint:      i.Issuer + pathUserInfo,
		JWKSURI:               i.Issuer + pathKeys,
		IntrospectionEndpoint: i.Issuer + pathIntrospect,
		RevocationEndpoint:    i.Issuer + pathRevoke,
		EndSessionEndpoint:    i.Issuer + pathEndSession,
		Backchannel:           i.Issuer + pathCIBA,
		BackchannelModes:      []string{"poll"},
		DeviceAuthorization:   i.Issuer + pathDeviceAuthz,
		Scopes:                personScopes,
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query", "form_post"},
		GrantTypes:            []string{grantCode, grantRefresh, grantClient, grantDevice, grantCIBA, grantExchange, grantBearer},
		SubjectTypes:          []string{"pairwise"},
		IDTokenAlgorithms:     []string{keys.ES256, keys.RS256},
		AuthMethods:           append(methods, methodNone),
		AuthAlgorithms:        algorithms,
		IntrospectionMethods:  methods,
		RevocationMethods:     append(methods, methodNone),
		ChallengeMethods:      []string{"S256"},
		ACRValues:             i.acrsSupported(),
		Claims: []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid",
			"name", "region", "phone_number", "phone_number_verified", "document"},
		ClaimTypes:      []string{"normal"},
		Prompts:         promptsSupported,
		UILocales:       []string{"zh-CN", "en"},
		ClaimsParameter: true,
		ResponseIssuer:  true,

		ChainingTypes: []string{typeJWT}, BackchannelLogout: true, BackchannelSession: true,
		StatusLists: i.Issuer + statuslist.Path,
	}
}

// prepared is a document that is marshalled once and sent many times.
type prepared struct {
	body, tag string
	maxAge    time.Duration
}

func prepare(body []byte, maxAge time.Duration) prepared {
	sum := sha256.Sum256(body)
	return prepared{body: string(body), tag: `"` + hex.EncodeToString(sum[:12]) + `"`, maxAge: maxAge}
}

func (p prepared) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	openCORS(w)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "this document is read with GET", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(p.maxAge.Seconds())))
	h.Set("ETag", p.tag)
	if r.Header.Get("If-None-Match") == p.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(p.body)))
	_, _ = w.Write([]byte(p.body)) // the client went away; nothing is lost
}

// keySetAge is how long others may keep the key set: well under [keys.Overlap].
const keySetAge = 5 * time.Minute

func (i *Issuer) serveDiscovery() (http.Handler, error) {
	body, err := json.Marshal(i.metadata())
	if err != nil {
		return nil, err
	}
	return prepare(body, time.Hour), nil
}

func (i *Issuer) serveKeys(w http.ResponseWriter, r *http.Request) {
	i.keySet.Load().ServeHTTP(w, r)
}
