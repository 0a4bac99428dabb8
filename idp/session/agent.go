package session

import (
	"net/http"
	"strings"
)

// maxAgent bounds what is kept of a browser's own description, in bytes.
const maxAgent = 200

// Agent is what a browser says it is, cut short, in characters that every database stores.
func Agent(r *http.Request) string {
	agent := r.UserAgent()
	return strings.ReplaceAll(strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], ""), "\x00", "")
}

// browsers and systems are recognised by what their User-Agent holds, the more particular first: most pretend to be others.
var (
	browsers = []struct{ mark, name string }{
		{"MicroMessenger/", "WeChat"}, {"AlipayClient/", "Alipay"}, {"DingTalk/", "DingTalk"}, {"HuaweiBrowser/", "Huawei Browser"},
		{"MiuiBrowser/", "Mi Browser"}, {"UCBrowser/", "UC Browser"}, {"QQBrowser/", "QQ Browser"}, {"Quark/", "Quark"},
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	}
	systems = []struct{ mark, name string }{
		{"OpenHarmony", "HarmonyOS"}, {"HarmonyOS", "HarmonyOS"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"},
		{"Windows", "Windows"}, {"Macintosh", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// DescribeAgent says in a few words which browser on which system a User-Agent claims to be: "Chrome · Windows". It is for
// people to recognise their own device by, and proves nothing. "" if it says neither.
func DescribeAgent(agent string) string {
	var words []string
	for _, kinds := range [][]struct{ mark, name string }{browsers, systems} {
		for _, k := range kinds {
			if strings.Contains(agent, k.mark) {
				words = append(words, k.name)
				break
			}
		}
	}
	return strings.Join(words, " · ")
}
