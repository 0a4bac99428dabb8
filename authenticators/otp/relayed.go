package otp

import (
	"fmt"
	"strings"
)

// Relayed writes the message by which somebody is asked to read a code to the person whose it is, when that person signs in,
// or, with consent, when the person registers them for it. Whose is how the person is called in it. The code is not
// origin-bound: it is not to be filled in where it arrives.
func (s *Sender) Relayed(phone, code, whose, lang string, minutes int, consent bool) Message {
	name, text := s.name["zh"], "【%s】%s正在登录，请您帮忙念一个验证码：%s，%d分钟内有效。只念给本人听，别人要都不给。"
	if consent {
		text = "【%s】%s想请您以后帮忙代收登录验证码。同意就把 %s 念给本人听，%d分钟内有效；不同意或不认识，请不要理会。"
	}
	if primary, _, _ := strings.Cut(strings.ToLower(lang), "-"); primary == "en" {
		if s.name["en"] != "" {
			name = s.name["en"]
		}
		text = "【%s】%s is signing in and asks you to read out a code: %s, valid for %d min. Read it to that person only."
		if consent {
			text = "【%s】%s asks you to receive sign-in codes for them. If you agree, read out %s to that person, valid for %d min. " +
				"If not, ignore this."
		}
	}
	return Message{Phone: phone, Text: fmt.Sprintf(text, name, whose, code, minutes), Code: code}
}
