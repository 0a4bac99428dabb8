package identity

import "testing"

func TestAnotherEncodingIsOneOfTheSameNameAlone(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"刘䶮", "刘\ue863", true},
		{"\u90ce平", "\uf92c平", true},
		{"神\ufe00谷", "神谷", true},
		{"Ren\u00e9e", "RENE\u0301E", false},
		{"Ｊｏｈｎ SMITH", "John Smith", false},
		{"刘䶮", "刘　䶮 ", false},
		{"买买提·艾力", "买买提 • 艾力", false},
		{"买买提·艾力", "买买提．艾力", false},
		{"买买提·艾力", "买买提。艾力", false},
		{"John Smith", "JOHN SMITH", false},
		{"王小明", "王小明", false},
		{"黄河", "黃河", false}, // not the same name: people decide
		{"刘龑", "刘\ue863", false},
	} {
		a, b := mustName(t, c.a), mustName(t, c.b)
		if OtherEncoding(a, b) != c.want || OtherEncoding(b, a) != c.want {
			t.Errorf("%+q and %+q: want %t", c.a, c.b, c.want)
		}
	}
	if !SameButForCase("John", "JOHN") || SameButForCase("买买提·艾力", "买买提•艾力") || SameButForCase("刘䶮", "刘\ue863") {
		t.Error("case is taken for encoding, or encoding for case")
	}
}

func FuzzOtherEncoding(f *testing.F) {
	for _, pair := range [][2]string{
		{"刘䶮", "刘\ue863"}, {"买买提·艾力", "买买提•艾力"}, {"Renée", "RENE\u0301E"}, {"神\ufe00谷", "神谷"}, {"Ｊｏｈｎ", "john"}, {"İ", "i\u0307"},
		{"\uf92c平", "郎平"}, {"ŉ", "ʼN"}, {"张　三", "张三"}, {"a．b", "a.b"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		a, err := NormalizeName(one)
		if err != nil {
			return
		}
		if OtherEncoding(a, a) {
			t.Fatalf("%+q is another encoding of itself", one)
		}
		if spaced, err := NormalizeName(" " + one + "\u3000"); err == nil && OtherEncoding(a, spaced) {
			t.Fatalf("%+q is encoded otherwise with spaces around it", one)
		}
		b, err := NormalizeName(other)
		if err != nil {
			return
		}
		if OtherEncoding(a, b) != OtherEncoding(b, a) {
			t.Fatalf("%+q and %+q compare one way and the other", one, other)
		}
		if OtherEncoding(a, b) && (!SameName(a, b) || one == other) {
			t.Fatalf("%+q and %+q are no two encodings of one name", one, other)
		}
	})
}
