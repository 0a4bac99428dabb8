package application

import (
	"net/http"

	"golang.org/x/text/language"
)

// matcher knows the languages of the pages; the first is the one of last resort.
var matcher = language.NewMatcher([]language.Tag{language.Chinese, language.English})

// language returns "zh" or "en": as the link says, else as chosen earlier, else as the browser prefers.
func (a *Application) language(w http.ResponseWriter, r *http.Request) string {
	name := a.cookieName("language")
	if lang := r.URL.Query().Get("lang"); lang == "zh" || lang == "en" {
		a.setCookie(w, name, lang, sessionLifetime)
		return lang
	}
	if c, err := r.Cookie(name); err == nil && (c.Value == "zh" || c.Value == "en") {
		return c.Value
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return "zh"
	}
	if _, i, _ := matcher.Match(tags...); i == 1 {
		return "en"
	}
	return "zh"
}

// messages are the texts of the pages: key → [zh, en].
var messages = map[string][2]string{
	"lang_other":   {"English", "中文"},
	"skip":         {"跳到正文", "Skip to content"},
	"signed_in_as": {"您已登录为", "You are signed in as"},
	"no_name":      {"（未提供姓名）", "(no name given)"},
	"lead":         {"您没有在这里注册过，也没有再登录一次。您的身份由您所在的省份确认，全国通用。", "You never registered here, and did not sign in again. Your home province vouches for you, nationwide."},
	"lead_home":    {"您的身份由您所在的省份确认，在全国每个省份的应用中通用。", "Your home province vouches for you, in the applications of every province."},
	"home_region":  {"常住地区", "Home region"},
	"signed_in_at": {"认证时间", "Authenticated"},
	"how":          {"认证方式", "Method"},
	"level":        {"认证等级", "Assurance"},
	"level_of":     {"第 %s 级（共 4 级）", "Rung %s of 4"},
	"via":          {"登录服务", "Signed in through"},
	"subject":      {"您在本应用的编号", "Your identifier here"},
	"subject_note": {"只属于本应用；其他应用看到的是另一个编号。", "Only this application sees it; every other one sees another."},
	"token":        {"查看身份令牌", "See the ID token"},
	"token_note":   {"这是登录服务签发给本应用的全部内容，解码后如下。没有证件号码。", "All that the issuer told this application, decoded. No document number is in it."},
	"header":       {"头部", "Header"},
	"payload":      {"内容", "Claims"},
	"sign_out":     {"退出登录", "Sign out"},
	"sign_in":      {"登录", "Sign in"},
	"welcome":      {"您已退出", "You are signed out"},
	"welcome_lead": {"再次打开本应用时会请您登录。如果您在全国任何地方还登录着，就不用再做什么。", "Opening this application will ask you to sign in. If you are still signed in anywhere in the country, there is nothing to do."},
	"about":        {"漫游演示应用 · 人物均为虚构", "A demonstration application of Manyou · all people are invented"},
	"reference":    {"参考编号", "Reference"},
	"again":        {"再试一次", "Try again"},

	"desk":            {"窗口工作台", "The clerk's desk"},
	"desk_lead":       {"本应用提交的身份纠错，以及登录服务告诉本应用的事。", "What this application reported, and what the sign-in service told it."},
	"complaints":      {"提交的纠错", "Reports"},
	"complaints_none": {"还没有。", "None yet."},
	"events":          {"收到的通知", "Events received"},
	"events_none":     {"还没有。", "None yet."},
	"about_whom":      {"关于", "about"},
	"back":            {"返回应用", "Back to the application"},
	"wrong":           {"与本应用的记录不符？", "Not the person in our records?"},
	"wrong_note":      {"登录进来的人不是本应用记录中的人时，在这里报告。身份会由专人核对，不会由本应用自行更改。", "If whoever signed in is not the person in this application's records, report it here. People look into it; nothing is changed by this application alone."},
	"record":          {"本应用记录中的姓名", "The name in our records"},
	"report":          {"报告身份有误", "Report a wrong identity"},

	"event_session-revoked":  {"会话已作废", "Session revoked"},
	"event_account-disabled": {"账户已冻结", "Account disabled"},
	"event_account-enabled":  {"账户已恢复", "Account enabled"},
	"event_correction":       {"身份已更正", "Identity corrected"},
	"correction_held":        {"已暂停，等待核对", "Put on hold"},
	"correction_lifted":      {"已恢复", "No longer on hold"},
	"correction_corrected":   {"身份已更正", "Identity corrected"},
	"correction_merged":      {"两个身份已合并", "Two identities merged"},
	"correction_relinked":    {"登录已归还本人", "Sign-in given to the right person"},
	"correction_undone":      {"更正已撤销", "Correction taken back"},
	"event_verification":     {"连接检查", "Connection checked"},
	"event_stream-updated":   {"通知方式已变更", "Stream updated"},
	"case_triaged":           {"已受理", "received"},
	"case_in_review":         {"核查中", "in review"},
	"case_proposed":          {"待复核", "proposed, to be approved"},
	"case_applied":           {"已更正，正在通知各地", "decided, being told"},
	"case_propagated":        {"各地区均已确认", "acknowledged by all regions"},
	"case_closed":            {"已办结", "closed"},
	"case_rejected":          {"未予更正", "rejected"},
	"case_withdrawn":         {"已撤回", "withdrawn"},
	"case_appealed":          {"已申请复议", "appealed"},
	"case_reopened":          {"重新核查", "reopened"},

	"report_failed":      {"没有提交成功", "The report was not sent"},
	"report_failed_lead": {"请回到应用再试一次；没有任何内容被更改。", "Go back and try again; nothing was changed."},
	"report_empty":       {"请写明记录中的姓名", "Say what your records have"},
	"report_empty_lead":  {"请填写本应用记录中的姓名，不超过 60 个字。", "Give the name in this application's records, at most 60 characters."},

	"issuer_unreachable":      {"登录服务暂时联系不上", "The sign-in service cannot be reached"},
	"issuer_unreachable_lead": {"可能正在维护。请过一会儿再试；您的信息没有改变。", "It may be under maintenance. Please try again in a moment; nothing of yours has changed."},
	"sign_in_unknown":         {"这次登录已经过期", "This sign-in has expired"},
	"sign_in_unknown_lead":    {"登录要在十分钟内、在同一个浏览器中完成。请重新开始。", "A sign-in has to be finished within ten minutes and in the same browser. Please start again."},
	"issuer_mismatch":         {"答复来自别处", "The answer came from somewhere else"},
	"issuer_mismatch_lead":    {"收到的答复不是本应用的登录服务发出的，因此没有采用。请重新登录。", "It was not sent by this application's sign-in service, so it was not used. Please sign in again."},
	"sign_in_refused":         {"登录没有完成", "The sign-in was not finished"},
	"sign_in_refused_lead":    {"登录已取消或未获同意。如果您改变了主意，可以再试一次。", "It was cancelled or not agreed to. If you change your mind, try again."},
	"sign_in_failed":          {"登录没有成功", "The sign-in did not succeed"},
	"sign_in_failed_lead":     {"登录服务没有确认您的身份。请再试一次；如果仍不成功，请把参考编号告诉服务人员。", "The sign-in service did not confirm who you are. Please try again; if it fails again, give the reference to the service desk."},
	"sign_out_forged":         {"没有退出", "You are still signed in"},
	"sign_out_forged_lead":    {"退出的请求不是从本应用的页面发出的。请在本应用中点击“退出登录”。", "The request to sign out did not come from a page of this application. Please use its sign-out button."},
	"internal":                {"出了点问题", "Something went wrong"},
	"internal_lead":           {"这是我们的问题，不是您的。请再试一次。", "It is our fault, not yours. Please try again."},

	"amr_sms":  {"短信验证码", "code by SMS"},
	"amr_otp":  {"一次性验证码", "one-time code"},
	"amr_totp": {"身份验证器", "authenticator app"},
	"amr_mfa":  {"多种方式", "more than one factor"},
	"amr_pwd":  {"密码", "password"},
	"amr_hwk":  {"硬件密钥", "hardware key"},
	"amr_user": {"本人在场", "user present"},
}

// regions are the names of GB/T 2260 province-level codes.
var regions = map[string][2]string{
	"00": {"全国", "the nation"},
	"11": {"北京", "Beijing"}, "12": {"天津", "Tianjin"}, "13": {"河北", "Hebei"}, "14": {"山西", "Shanxi"},
	"15": {"内蒙古", "Inner Mongolia"}, "21": {"辽宁", "Liaoning"}, "22": {"吉林", "Jilin"},
	"23": {"黑龙江", "Heilongjiang"}, "31": {"上海", "Shanghai"}, "32": {"江苏", "Jiangsu"},
	"33": {"浙江", "Zhejiang"}, "34": {"安徽", "Anhui"}, "35": {"福建", "Fujian"}, "36": {"江西", "Jiangxi"},
	"37": {"山东", "Shandong"}, "41": {"河南", "Henan"}, "42": {"湖北", "Hubei"}, "43": {"湖南", "Hunan"},
	"44": {"广东", "Guangdong"}, "45": {"广西", "Guangxi"}, "46": {"海南", "Hainan"}, "50": {"重庆", "Chongqing"},
	"51": {"四川", "Sichuan"}, "52": {"贵州", "Guizhou"}, "53": {"云南", "Yunnan"}, "54": {"西藏", "Tibet"},
	"61": {"陕西", "Shaanxi"}, "62": {"甘肃", "Gansu"}, "63": {"青海", "Qinghai"}, "64": {"宁夏", "Ningxia"},
	"65": {"新疆", "Xinjiang"}, "71": {"台湾", "Taiwan"}, "81": {"香港", "Hong Kong"}, "82": {"澳门", "Macao"},
}

func pick(text [2]string, lang string) string {
	if lang == "en" {
		return text[1]
	}
	return text[0]
}

func say(lang, key string) string { return pick(messages[key], lang) }
