package identity

import (
	"testing"
	"unicode/utf8"
)

func FuzzParseDocument(f *testing.F) {
	for _, number := range []string{
		"11010519491231002X", "911124198108030024", "XXA330090010112", "CHN/E00000000", "D 1234A", "９１１", "", "-", "8300",
		"11010519491231002\xff", "chn - / e00000000",
	} {
		for _, k := range Kinds() {
			f.Add(string(k), number)
		}
	}
	f.Fuzz(func(t *testing.T, kind, number string) {
		d, err := ParseDocument(kind, number, today())
		if err != nil {
			if d != (Document{}) {
				t.Fatal("an error and a document")
			}
			return
		}
		again, err := ParseDocument(string(d.Kind), d.Number, today())
		if err != nil || again != d {
			t.Fatalf("the normal form %q is not one: %q %v", d.Number, again.Number, err)
		}
		if len(d.Number) > longNumber || len(d.Mask()) != len(d.Number) || d.Mask() == d.Number {
			t.Fatalf("%q is masked as %q", d.Number, d.Mask())
		}
		if day, ok := d.BirthDate(); ok && day.After(beijingDay(today())) {
			t.Fatal("born in the future")
		}
		if _, ok := LookupRegion(d.Region()); !ok && d.Region() != "" {
			t.Fatalf("%q is no region", d.Region())
		}
	})
}

func FuzzParseCreditCode(f *testing.F) {
	for _, code := range []string{"91350100M000100Y43", "", "９１350100m000100y43", "91350100M000100Y4\xff", "111000000000000000"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := ParseCreditCode(s)
		if err != nil {
			return
		}
		if again, err := ParseCreditCode(string(code)); err != nil || again != code {
			t.Fatalf("the normal form %q is not one: %q %v", code, again, err)
		}
		if _, ok := LookupRegion(code.Region()); !ok && code.Region() != Nation {
			t.Fatalf("%q is no region", code.Region())
		}
	})
}

func FuzzNormalizeName(f *testing.F) {
	for _, name := range []string{
		"王小明", "阿卜杜拉·买买提", "张　三", "𬎆", "John R. Smith", "买买提 . 艾力", "e\u0301", "\uf92c\u0301", "\u1820\u180e",
		"a· · ·b", "\u0387a", "\u202e", "\xff", "\ue863", "神\ufe00", "İı", "ﬁ", "각",
	} {
		f.Add(name, "王小明")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := NormalizeName(a)
		if err != nil {
			return
		}
		if !utf8.ValidString(x.Normal) || utf8.RuneCountInString(x.Normal) > maxNameRunes || x.Normal == "" || x.Raw != a {
			t.Fatalf("%+q is no normal form", x.Normal)
		}
		again, err := NormalizeName(x.Normal)
		if err != nil || again.Normal != x.Normal {
			t.Fatalf("the normal form %+q becomes %+q: %v", x.Normal, again.Normal, err)
		}
		if CompareNames(x, again) != Equal {
			t.Fatalf("%+q does not equal itself", x.Normal)
		}
		if y, err := NormalizeName(b); err == nil && CompareNames(x, y) != CompareNames(y, x) {
			t.Fatalf("%+q and %+q compare one way and the other", a, b)
		}
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, phone := range []string{"13800000000", "+85250000000", "0086 138-0000-0000", "８６１３８００００００００", "+", "\xff"} {
		f.Add(phone)
	}
	f.Fuzz(func(t *testing.T, s string) {
		phone, err := ParsePhone(s)
		if err != nil {
			return
		}
		if again, err := ParsePhone(phone); err != nil || again != phone {
			t.Fatalf("the normal form %q is not one: %q %v", phone, again, err)
		}
		if MaskPhone(phone) == "****" {
			t.Fatalf("%q has no mask", phone)
		}
	})
}
