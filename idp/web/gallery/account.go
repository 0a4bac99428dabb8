package gallery

import (
	"time"

	"manyou/authenticators/otp"
	"manyou/idp/web"
)

// options are what a browser is handed, in form.
var options = []byte(`{"challenge":"c2FtcGxl","rpId":"id.example","userVerification":"required","user":{"id":"c2FtcGxl","name":"n","displayName":"n"},"rp":{"id":"id.example","name":"n"},"pubKeyCredParams":[{"type":"public-key","alg":-7}]}`)

var addURLs = map[string]string{
	"passkey": account + "/add/passkey", "totp": account + "/add/totp", "hotp": account + "/add/hotp", "recovery": account + "/add/recovery",
	"relative": account + "/add/relative",
}

func day(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 4, 30, 0, 0, time.UTC)
}

func accountPage() web.Page {
	return &web.AccountPage{
		Name: "阿依古丽·买买提", Document: "330***********0011", Action: account, AddURLs: addURLs, SignOutURL: "/end_session",
		HistoryURL: account + "/history", ShowURL: account + "/show", Notice: "added",
		SomebodyElseURL: account + "/somebody-else",
		ComplaintsURL:   complaints, Complaint: &web.ComplaintLine{Number: "K7MX-2QF4", State: "applied", URL: complaints},
		Methods: []web.Method{
			{ID: "1", Kind: "sms", Label: phone, AddedAt: day(3, 1)},
			{ID: "2", Kind: "passkey", Label: "我的手机", AddedAt: day(11, 23), UsedAt: day(11, 23), Removable: true, Renamable: true},
			{ID: "5", Kind: "passkey", Label: "新手机", AddedAt: day(11, 23), CountsFrom: day(11, 26), Removable: true, Renamable: true},
			{ID: "3", Kind: "totp", AddedAt: day(11, 23), Removable: true, Renamable: true},
			{ID: "4", Kind: "recovery", AddedAt: day(11, 23), Removable: true, Left: 9},
		},
		Sessions: []web.Device{
			{ID: "1", Name: "Chrome · Android", Here: true, SignedInAt: day(11, 23)},
			{ID: "2", Name: "Edge · Windows", SignedInAt: day(11, 20), Region: "四川省统一身份认证"}, {ID: "3", SignedInAt: day(11, 1)},
		},
		Applications: []web.Given{{ClientID: "c", Name: "浙江省人民政府住房公积金管理中心", Scopes: web.Scopes(), Since: day(10, 2)}},
		Links:        []string{"四川省统一身份认证", "https://id.nation.example"},
	}
}

func history() (entries []web.HistoryEntry) {
	for n, kind := range web.HistoryKinds() {
		entries = append(entries, web.HistoryEntry{Kind: kind, At: day(11, 23-n), Detail: map[string]string{
			"device": "Chrome · Windows", "application": "四川养老服务", "method": "sms totp", "address": "203.0.113.7",
		}})
	}
	return entries
}

// picture draws a QR code of a constant.
func picture(text string) []byte {
	svg, err := otp.QRSVG(text)
	if err != nil {
		panic(err)
	}
	return svg
}

func codes() (list []string) {
	for range 10 {
		list = append(list, "K7QM-4XHD-2PRW")
	}
	return list
}
