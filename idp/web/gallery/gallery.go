// Package gallery holds one sample of every page and state, with invented people, for tests and for looking at.
//
// It is imported by tests only.
package gallery

import (
	"net/http"
	"time"

	"manyou/authenticators/otp"
	"manyou/federation/identity"
	"manyou/idp/web"
)

// Sample is a page as a citizen might meet it.
type Sample struct {
	Name   string // of the sample: "code_wrong"
	Status int
	Page   web.Page
}

const (
	action  = "/signin/sample"
	account = "/account"
	phone   = "138****0000"
)

// Samples lists every page, and the states of a page that look different.
func Samples() []Sample {
	to := func(name string) web.Frame { return web.Frame{Application: name} }
	care := to("四川养老服务")
	ok, refused := http.StatusOK, http.StatusUnprocessableEntity
	samples := []Sample{
		{"home", ok, &web.HomePage{}},
		{"phone", ok, &web.PhonePage{
			Frame: care, Action: action, HasProvinces: true, Passkey: &web.PasskeyPrompt{Options: options}, QR: true, LostURL: action + "/lost",
		}},
		{"phone_passkey_unknown", refused, &web.PhonePage{
			Frame: care, Action: action, Passkey: &web.PasskeyPrompt{Options: options}, QR: true, Error: web.ErrPasskeyUnknown,
		}},
		{"phone_alone", ok, &web.PhonePage{Frame: care, Action: action}},
		{"phone_detached", ok, &web.PhonePage{Frame: care, Action: action, HasProvinces: true, Detached: true, LostURL: "/lost"}},
		{"phone_another", ok, &web.PhonePage{Frame: care, Action: action, HasProvinces: true, Another: true, LostURL: "/lost"}},
		{"provinces_detached", ok, &web.ProvincePage{Frame: care, Action: action, Provinces: provinces(2), Detached: true}},
		{"phone_wrong", refused, &web.PhonePage{Frame: care, Action: action, Phone: "1380000", HasProvinces: true, Error: web.ErrPhone}},
		{"code", ok, &web.CodePage{Frame: care, Action: action, Phone: phone, ResendAfter: 58 * time.Second}},
		{"code_wrong", refused, &web.CodePage{Frame: care, Action: action, Phone: phone, Error: web.ErrCodeWrong}},
		{"typed_totp", ok, &web.TypedPage{Frame: care, Action: action, Method: "totp", Others: []string{"recovery", "qr"}, Skip: true}},
		{"typed_hotp_wrong", refused, &web.TypedPage{Frame: care, Action: action, Method: "hotp", Error: web.ErrCodeWrong}},
		{"typed_guesses", http.StatusTooManyRequests, &web.TypedPage{Frame: care, Action: action, Method: "totp", Others: []string{"recovery", "qr"}, Error: web.ErrGuesses}},
		{"typed_recovery", ok, &web.TypedPage{Frame: care, Action: action, Method: "recovery", NeedsPhone: true, Others: []string{"totp"}}},
		{"relative", ok, &web.RelativePage{Frame: care, Action: action, Relatives: relatives, Others: []string{"totp", "recovery"}, Skip: true}},
		{"relative_sent", ok, &web.RelativePage{Frame: care, Action: action, Relatives: relatives, Sent: true, ResendAfter: 58 * time.Second}},
		{"relative_wrong", refused, &web.RelativePage{Frame: care, Action: action, Relatives: relatives, Sent: true, Error: web.ErrCodeWrong}},
		{"passkey", ok, &web.PasskeyPage{Frame: care, Action: action, Options: options, Others: []string{"totp", "recovery"}, Skip: true}},
		{"passkey_wrong", refused, &web.PasskeyPage{Frame: care, Action: action, Options: options, Error: web.ErrPasskeyUnknown}},
		{"lost", ok, &web.LostPage{Frame: care, Action: action, Ways: web.LostWays()}},
		{"qr_waiting", ok, &web.QRPage{Frame: care, Action: action, State: "waiting", QR: picture("https://id.example/scan/sample"), EventsURL: action + "/events"}},
		{"qr_scanned", ok, &web.QRPage{Frame: care, Action: action, State: "scanned", Number: "47", EventsURL: action + "/events"}},
		{"qr_refused", ok, &web.QRPage{Frame: care, Action: action, State: "refused"}},
		{"qr_expired", ok, &web.QRPage{Frame: care, Action: action, State: "expired"}},
		{"scan", ok, &web.ScanPage{
			Action: "/scan/sample", Asker: "四川养老服务", Region: "浙江省统一身份认证", Device: "Chrome · Windows", Address: "203.0.113.0", Name: "王小明",
			Choices: []string{"31", "47", "82"},
		}},
		{"scan_counter", ok, &web.ScanPage{
			Action: "/account/show", Asker: "杭州市政务服务大厅 12 号窗口", Region: "浙江省统一身份认证", Name: "王小明", Message: "办理居住证", SamePlace: true,
		}},
		{"device", ok, &web.DevicePage{Action: "/device", Code: "BCDF-GHJK"}},
		{"device_wrong", refused, &web.DevicePage{Action: "/device", Code: "BCDF-GHJK", Error: web.ErrUserCode}},
		{"show_code", ok, &web.ShowCodePage{QR: picture("BCDFGHJK"), Code: "BCDF-GHJK", EventsURL: account + "/show/events", NextURL: account + "/show?code=BCDFGHJK"}},
		{"passkey_enrol", ok, &web.PasskeyEnrolPage{Action: account + "/add/passkey", Options: options, Enrolment: "sealed"}},
		{"passkey_enrol_wrong", refused, &web.PasskeyEnrolPage{Action: account + "/add/passkey", Options: options, Enrolment: "sealed", Error: web.ErrPasskey}},
		{"relative_enrol", ok, &web.RelativeEnrolPage{Action: account + "/add/relative"}},
		{"relative_enrol_own", refused, &web.RelativeEnrolPage{Action: account + "/add/relative", Phone: "13800000000", Label: "女儿", Error: web.ErrOwnPhone}},
		{"relative_enrol_sent", ok, &web.RelativeEnrolPage{Action: account + "/add/relative", Phone: "139****0001", Enrolment: "sealed"}},
		{"recovery_offer", ok, &web.RecoveryOfferPage{Action: account + "/add/recovery", Left: 4}},
		{"recovery", ok, &web.RecoveryPage{Action: account, Codes: codes()}},
		{"not_me", ok, &web.NotMePage{Action: account + "/not-me", Device: web.Device{ID: "1", Name: "Chrome · Windows"}}},
		{"not_me_done", ok, &web.NotMePage{Action: account + "/not-me", Done: true}},
		{"somebody_else", ok, &web.SomebodyElsePage{Action: account + "/somebody-else"}},
		{"history", ok, &web.HistoryPage{Entries: history(), MoreURL: account + "/history?before=1"}},
		{"history_none", ok, &web.HistoryPage{}},
		{"identify", ok, &web.IdentifyPage{Frame: care, Action: action, ComplainURL: action + "/complain"}},
		{"identify_wrong", refused, &web.IdentifyPage{
			Frame: care, Action: action, Name: "阿依古丽·买买提", Kind: "resident_id", Number: "650000199003070011",
			Errors: map[string]web.Error{"document_number": web.ErrDocumentCheck},
		}},
		{"identify_unknown", refused, &web.IdentifyPage{
			Frame: care, Action: action, Name: "王小明", Kind: "passport", Number: "CHN E00000000",
			Errors: map[string]web.Error{"": web.ErrIdentity},
		}},
		{"choose", ok, &web.ChoosePage{Frame: care, Action: action}},
		{"choose_unknown", refused, &web.ChoosePage{Frame: care, Action: action, Error: web.ErrDocumentUnknown}},
		{"provinces", ok, &web.ProvincePage{Frame: care, Action: action, Provinces: provinces(34)}},
		{"provinces_suggested", ok, &web.ProvincePage{Frame: care, Action: action, Provinces: provinces(34), Suggested: []string{"51", "33"}}},
		{"provinces_two", ok, &web.ProvincePage{Frame: care, Action: action, Provinces: provinces(2)}},
		{"consent", ok, &web.ConsentPage{Frame: to("浙江省人民政府住房公积金管理中心"), Action: action, Scopes: web.Scopes()}},
		{"sign_out", ok, &web.SignOutPage{Frame: care, Action: "/end_session", Fields: []web.Field{{Name: "state", Value: "s"}}}},
		{"signed_out", ok, &web.SignedOutPage{}},
		{"signed_out_here", ok, &web.SignedOutPage{Elsewhere: "全国统一身份认证", Continue: "https://app.example/out"}},
		{"account", ok, accountPage()},
		{"console", ok, consolePage()},
		{"console_new", refused, &web.ConsolePage{
			Action: "/console/provinces", Regions: provinces(34), Region: "44", NameZH: "广东省统一身份认证", Error: web.ErrConsoleName,
		}},
		{"console_request", ok, consoleProvince("requested", false)},
		{"console_in", ok, consoleProvince("active", true)},
		{"console_key", ok, &web.ConsoleKeyPage{AddURL: account + "/add/passkey"}},
		{"account_new", ok, &web.AccountPage{
			Name: "王小明", Document: "CHN/E*****000", Action: account, AddURLs: addURLs, SignOutURL: "/end_session", HistoryURL: account + "/history",
			Notice: "ended", Sessions: []web.Device{{ID: "1", Name: "Chrome · Android", Here: true, SignedInAt: day(11, 23)}},
			Methods: []web.Method{{ID: "1", Kind: "sms", Label: phone, AddedAt: day(3, 1)}},
		}},
		{"totp_enrol", ok, enrolment("")},
		{"totp_enrol_wrong", refused, enrolment(web.ErrCodeWrong)},
		{"form_post", ok, &web.FormPostPage{Frame: care, Target: "https://app.example/cb", Fields: []web.Field{{Name: "code", Value: "c"}}}},
	}
	samples = append(samples, casePages()...)
	samples = append(samples, complaintSamples()...)
	for _, p := range web.Problems() {
		page := &web.ProblemPage{Problem: p, Reference: "3F9A12C07B", Retry: action}
		if p == web.ProblemProvinceDown || p == web.ProblemMismatch {
			page.Subject = "四川省统一身份认证"
		}
		if p == web.ProblemFrozen || p == web.ProblemStepUp {
			page.Case, page.ComplainURL, page.Retry = "K7MX-2QF4", complaints, ""
		}
		samples = append(samples, Sample{"problem_" + string(p), http.StatusBadRequest, page})
	}
	return samples
}

var relatives = []web.Relative{{Name: "女儿", Phone: "139****0001"}, {Phone: "137****0002"}}

func provinces(n int) []web.Province {
	list := make([]web.Province, 0, n)
	for _, r := range identity.Regions() {
		if len(list) < n && (n > 2 || r.Code == "33" || r.Code == "51") {
			list = append(list, web.Province{Region: r.Code, Name: r.Name + "统一身份认证"})
		}
	}
	return list
}

func enrolment(problem web.Error) web.Page {
	secret := []byte("an invented secret!!")
	uri, err := otp.URI("Manyou", "sample", secret)
	if err != nil {
		panic(err) // of constants
	}
	return &web.TOTPEnrolPage{Action: "/account/add/totp", Method: "totp", QR: picture(uri), Secret: otp.SecretText(secret), Enrolment: "sealed", Error: problem}
}

// Handler serves the samples under /NAME with everything that pages need.
func Handler(w *web.Web) http.Handler {
	mux := http.NewServeMux()
	w.Routes(mux)
	for _, s := range Samples() {
		mux.HandleFunc("GET /"+s.Name, func(rw http.ResponseWriter, r *http.Request) { w.Render(rw, r, s.Status, s.Page) })
	}
	return mux
}
