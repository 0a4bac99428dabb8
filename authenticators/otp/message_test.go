package otp

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

var names = map[string]string{"zh": "浙江统一身份认证", "en": "Zhejiang Identity"}

func newSender(t *testing.T, name map[string]string, host string) *Sender {
	t.Helper()
	s, err := NewSender(name, host)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheTextIsInThePersonsLanguage(t *testing.T) {
	c, _ := newChallenge(t, "text")
	s := newSender(t, names, "id.zhejiang.example")
	zh := "【浙江统一身份认证】验证码 012345，5分钟内有效。请勿告诉任何人。\n@id.zhejiang.example #012345"
	en := "【Zhejiang Identity】Code 012345, valid for 5 min. Do not share it.\n@id.zhejiang.example #012345"
	for lang, want := range map[string]string{
		"zh": zh, "zh-CN": zh, "": zh, "bo": zh, "enm": zh, "en": en, "en-GB": en, "EN-us": en,
	} {
		m := s.Message(c, "012345", lang)
		if m.Text != want {
			t.Errorf("%q: got %q", lang, m.Text)
		}
		if m.Phone != phone || m.Code != "012345" {
			t.Errorf("%q: addressed to %q with code %q", lang, m.Phone, m.Code)
		}
	}
	zhOnly := newSender(t, map[string]string{"zh": "四川"}, "localhost")
	if got := zhOnly.Message(c, "012345", "en").Text; !strings.HasPrefix(got, "【四川】Code 012345") {
		t.Errorf("without an English name: got %q", got)
	}
}

// The grammar of the WICG draft: the last line is "@", a host, a space, "#" and the code.
var originBound = regexp.MustCompile(`^@[a-z0-9]([a-z0-9.-]*[a-z0-9])? #[0-9]{6}$`)

func TestTheLastLineBindsTheCodeToTheIssuersHost(t *testing.T) {
	c, _ := newChallenge(t, "bound")
	for _, host := range []string{"localhost", "id.zhejiang.example", "ID.Sichuan.example"} {
		for _, lang := range []string{"zh", "en"} {
			lines := strings.Split(newSender(t, names, host).Message(c, "654321", lang).Text, "\n")
			last := lines[len(lines)-1]
			if len(lines) != 2 || !originBound.MatchString(last) || last != "@"+strings.ToLower(host)+" #654321" {
				t.Errorf("%s, %s: %q", host, lang, lines)
			}
		}
	}
}

func TestAMessageFitsIntoOneSMS(t *testing.T) {
	c, _ := newChallenge(t, "one part")
	s := newSender(t, names, "id.zj.gov.example")
	if n := len(utf16.Encode([]rune(s.Message(c, "123456", "zh").Text))); n > 70 {
		t.Errorf("%d UTF-16 code units, more than the 70 of one SMS in UCS-2", n)
	}
}

func TestASenderCannotBeTurnedIntoAnotherSite(t *testing.T) {
	for _, host := range []string{
		"", "evil.example #000000\n@id.example", "id.example:9033", "id example", "身份.example", "id.example/", "a#b",
		"user@id.example", "[::1]", strings.Repeat("a", 254),
	} {
		if _, err := NewSender(names, host); err == nil {
			t.Errorf("host %.40q was taken", host)
		}
	}
	for _, name := range []string{"", "a】b", "【", "a\nb", "a@b", "#1", strings.Repeat("长", 21)} {
		if _, err := NewSender(map[string]string{"zh": name}, "id.example"); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
	if _, err := NewSender(map[string]string{"zh": "名", "en": "a\nb"}, "id.example"); err == nil {
		t.Error("a bad English name was taken")
	}
}
